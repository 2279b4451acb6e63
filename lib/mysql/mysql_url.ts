import { SluiceError } from "../core/mod.ts";
import { databaseAddress } from "../database/mod.ts";

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
  databaseAddress(url, {
    attempted,
    where: option === undefined ? "MYSQL_URL" : 'option "url"',
    protocols: ["mysql:"],
    code: "BAD_MYSQL_URL",
    example: "mysql://user:password@host:3306/database",
    needsDatabase: true,
  });
  return url;
}
