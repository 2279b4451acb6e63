import { stackStatus } from "../../stack/mod.ts";

/** Variables by name. */
export type Variables = Readonly<Record<string, string>>;

/** Which part of an address each variable is, as the clients of that database name it. */
const POSTGRES_PARTS = ["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"] as const;
const MYSQL_PARTS = [
  "MYSQL_HOST",
  "MYSQL_PORT",
  "MYSQL_USER",
  "MYSQL_PASSWORD",
  "MYSQL_DATABASE",
] as const;

/**
 * The environment, filled up: addresses that it leaves open are those of local services that run, and
 * the parts of DATABASE_URL and MYSQL_URL have names of their own (PGHOST, MYSQL_PASSWORD, …). What is
 * set already counts.
 */
export async function surroundings(): Promise<Variables> {
  const given = Object.entries(Deno.env.toObject()).filter(([, value]) => value !== "");
  const variables = { ...await localAddresses(), ...Object.fromEntries(given) };
  return {
    ...partsOf(variables.DATABASE_URL, POSTGRES_PARTS, "5432"),
    ...partsOf(variables.MYSQL_URL, MYSQL_PARTS, "3306"),
    ...variables,
  };
}

async function localAddresses(): Promise<Record<string, string>> {
  const running = (await stackStatus()).filter(({ state }) => state === "running");
  return Object.fromEntries(running.map((each) => [each.addressVariable, each.address]));
}

function partsOf(
  address: string | undefined,
  names: readonly string[],
  defaultPort: string,
): Record<string, string> {
  const url = URL.parse(address ?? "");
  if (url === null) return {};
  const parts = [
    url.hostname,
    url.port || defaultPort,
    decodeURIComponent(url.username),
    decodeURIComponent(url.password),
    decodeURIComponent(url.pathname.slice(1)),
  ];
  return Object.fromEntries(names.map((name, i) => [name, parts[i]!]));
}
