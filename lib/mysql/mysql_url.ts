import { SluiceError } from "../core/mod.ts";

/**
 * The address of the database: the option, or else `MYSQL_URL`.
 *
 * @throws {SluiceError} `NO_MYSQL_URL` or `BAD_MYSQL_URL`.
 */
export function mysqlUrl(attempted: string, option: string | undefined): string {
  const url = option ?? Deno.env.get("MYSQL_URL");
  if (url === undefined || url === "") {
    throw new SluiceError("NO_MYSQL_URL", {
      attempted,
      found: "neither option url nor MYSQL_URL in the environment",
      wanted: "an address such as mysql://user:password@host:3306/database",
      hint:
        "start a local MariaDB with `deno task stack:up --with mariadb` and take the export line it " +
        "prints",
    });
  }
  const parsed = URL.parse(url);
  if (parsed?.protocol === "mysql:" && parsed.pathname.length > 1 && isDecodable(parsed)) {
    return url;
  }
  throw new SluiceError("BAD_MYSQL_URL", {
    attempted,
    where: option === undefined ? "MYSQL_URL" : 'option "url"',
    // The text itself is not shown: it may hold a password.
    found: parsed === null
      ? "text that is no URL"
      : parsed.protocol !== "mysql:"
      ? `a URL that starts with ${parsed.protocol}`
      : parsed.pathname.length <= 1
      ? "a URL without a database"
      : "a % that is not followed by two hexadecimal digits",
    wanted: "mysql://user:password@host:3306/database, special characters as %XX",
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
