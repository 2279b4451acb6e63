import { databaseAddress } from "../database/mod.ts";

const ATTEMPTED = "read the address of a database";

/**
 * Reads the address of a Postgres database.
 *
 * @param where where the text comes from: a variable or a flag.
 * @throws {SluiceError} `BAD_DATABASE_URL`.
 */
export function postgresUrl(text: string, where = "DATABASE_URL"): URL {
  return databaseAddress(text, {
    attempted: ATTEMPTED,
    where,
    protocols: ["postgres:", "postgresql:"],
    code: "BAD_DATABASE_URL",
    example: "postgres://user:password@host:5432/database",
  });
}

/**
 * Reads the address of a MariaDB or MySQL server.
 *
 * @param where where the text comes from: a variable or a flag.
 * @throws {SluiceError} `BAD_MYSQL_URL`.
 */
export function mysqlUrl(text: string, where = "MYSQL_URL"): URL {
  return databaseAddress(text, {
    attempted: ATTEMPTED,
    where,
    protocols: ["mysql:"],
    code: "BAD_MYSQL_URL",
    example: "mysql://user:password@host:3306/database",
  });
}
