import { fileURLToPath } from "node:url";
import {
  ensureStack,
  mariadbAvailable,
  type StackAddresses,
  type StackOptions,
} from "../../lib/stack/mod.ts";

/** The folder of everything the stacks of this checkout keep. */
export const sluiceDir: string = fileURLToPath(new URL("../../.sluice", import.meta.url));

/**
 * Gives tests a real Kafka and a real Postgres.
 *
 * `tests/run.ts` names them in KAFKA_BROKERS and DATABASE_URL and stops them at the end. Under a
 * bare `deno test` they are started in `.sluice/test`, beside the stack of `deno task stack:up`, and
 * stay for the next run; `SLUICE_STATE_DIR=.sluice/test deno task stack:down --wipe` ends them.
 *
 * Tests share them, so each takes topics, tables and groups of its own.
 */
export async function testStack(): Promise<Pick<StackAddresses, "kafkaBrokers" | "databaseUrl">> {
  return await ensureStack(testStackOptions());
}

/** Gives a test a real schema registry, which is started when the first test asks and ends with the others. */
export async function testRegistry(): Promise<string> {
  const services = ["registry"] as const;
  return (await ensureStack({ ...testStackOptions(), services })).schemaRegistryUrl;
}

/**
 * Gives a test a real Kafka Connect with Debezium, beside the Kafka of `testStack`, which is started when
 * the first test asks and ends with the others.
 */
export async function testConnect(): Promise<string> {
  const services = ["connect"] as const;
  return (await ensureStack({ ...testStackOptions(), services })).connectUrl;
}

/**
 * Gives a test a real MariaDB, which is started when the first test asks and ends with the others. Its
 * user may do everything; tests share it, so each takes a database of its own.
 */
export async function testMariadb(): Promise<string> {
  const services = ["mariadb"] as const;
  return (await ensureStack({ ...testStackOptions(), services })).mysqlUrl;
}

/** False where there is no MariaDB, so that its tests are left out: `{ ignore: !hasMariadb }`. */
export const hasMariadb: boolean = Boolean(Deno.env.get("MYSQL_URL")) || await mariadbAvailable();

/** Where the stack of the tests is, and on which ports. */
export function testStackOptions(): Omit<StackOptions, "services"> {
  const place = placeOfCheckout();
  const firstPort = 20_000 + 3 * place;
  return {
    stateDir: Deno.env.get("SLUICE_TEST_STATE_DIR") ?? `${sluiceDir}/test`,
    downloadsDir: `${sluiceDir}/downloads`,
    kafkaPort: firstPort,
    postgresPort: firstPort + 2,
    registryPort: portFor("REGISTRY", 10_000 + place),
    connectPort: portFor("CONNECT", 14_000 + place % 2_000),
    mariadbPort: portFor("MARIADB", 16_000 + place % 2_000),
  };
}

/** The port that `tests/run.ts` found free for a service on demand. */
function portFor(service: string, otherwise: number): number {
  return Number(Deno.env.get(`SLUICE_TEST_${service}_PORT`) ?? otherwise);
}

/** A number below 4,000 that every test process of this checkout finds alike, and another checkout hardly ever. */
function placeOfCheckout(): number {
  let hash = 0;
  for (const byte of new TextEncoder().encode(sluiceDir)) hash = (hash * 31 + byte) % 4_000;
  return hash;
}
