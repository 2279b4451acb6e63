import { SluiceError } from "../core/mod.ts";

/**
 * The address of the database: the option, or else `DATABASE_URL`.
 *
 * @throws {SluiceError} `NO_DATABASE_URL` or `BAD_DATABASE_URL`.
 */
export function databaseUrl(attempted: string, option: string | undefined): string {
  const url = option ?? Deno.env.get("DATABASE_URL");
  if (url === undefined || url === "") {
    throw new SluiceError("NO_DATABASE_URL", {
      attempted,
      found: "neither option url nor DATABASE_URL in the environment",
      wanted: "an address such as postgres://user:password@host:5432/database",
      hint: "start local services with `deno task stack:up` and take the export line it prints",
    });
  }
  const protocol = URL.parse(url)?.protocol;
  if (protocol !== "postgres:" && protocol !== "postgresql:") {
    throw new SluiceError("BAD_DATABASE_URL", {
      attempted,
      where: option === undefined ? "DATABASE_URL" : 'option "url"',
      // The text itself is not shown: it may hold a password.
      found: protocol === undefined ? "text that is no URL" : `a URL that starts with ${protocol}`,
      wanted: "postgres://user:password@host:5432/database, special characters as %XX",
    });
  }
  return url;
}
