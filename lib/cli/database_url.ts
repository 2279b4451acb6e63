import { SluiceError } from "../core/mod.ts";

/**
 * Reads the address of a Postgres database.
 *
 * @param where where the text comes from: a variable or a flag.
 * @throws {SluiceError} `BAD_DATABASE_URL`.
 */
export function postgresUrl(text: string, where = "DATABASE_URL"): URL {
  const wanted = "postgres://user:password@host:5432/database";
  return databaseUrl(text, where, ["postgres:", "postgresql:"], "BAD_DATABASE_URL", wanted);
}

/**
 * Reads the address of a MariaDB or MySQL server.
 *
 * @param where where the text comes from: a variable or a flag.
 * @throws {SluiceError} `BAD_MYSQL_URL`.
 */
export function mysqlUrl(text: string, where = "MYSQL_URL"): URL {
  const wanted = "mysql://user:password@host:3306/database";
  return databaseUrl(text, where, ["mysql:"], "BAD_MYSQL_URL", wanted);
}

function databaseUrl(
  text: string,
  where: string,
  protocols: readonly string[],
  code: string,
  wanted: string,
): URL {
  const url = URL.parse(text);
  if (url !== null && protocols.includes(url.protocol) && isDecodable(url)) return url;
  throw new SluiceError(code, {
    attempted: "read the address of a database",
    where,
    // The text itself is not shown: it may hold a password.
    found: url === null
      ? "text that is no URL"
      : !protocols.includes(url.protocol)
      ? `a URL that starts with ${url.protocol}`
      : "a % that is not followed by two hexadecimal digits",
    wanted: `${wanted}, special characters as %XX`,
  });
}

function isDecodable({ username, password, pathname }: URL): boolean {
  try {
    [username, password, pathname].forEach(decodeURIComponent);
    return true;
  } catch {
    return false;
  }
}
