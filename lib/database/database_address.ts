import { SluiceError } from "../core/mod.ts";

/** What an address has to be. */
export interface DatabaseAddressRules {
  /** What the address is wanted for, for messages. */
  readonly attempted: string;
  /** Where the text comes from: a variable, an option or a flag. */
  readonly where: string;
  /** With their colons: `mysql:`. */
  readonly protocols: readonly string[];
  /** The code of the error: `BAD_MYSQL_URL`. */
  readonly code: string;
  /** An address for messages: `mysql://user:password@host:3306/database`. */
  readonly example: string;
  /** True if it has to name a database. */
  readonly needsDatabase?: boolean;
}

/**
 * Reads the address of a database.
 *
 * @throws {SluiceError} with the code of the rules; the text is not shown, as it may hold a password.
 */
export function databaseAddress(text: string, rules: DatabaseAddressRules): URL {
  const { attempted, where, protocols, code, example, needsDatabase = false } = rules;
  const refused = (found: string) =>
    new SluiceError(code, {
      attempted,
      where,
      found,
      wanted: `${example}, special characters as %XX`,
    });
  const url = URL.parse(text);
  if (url === null) throw refused("text that is no URL");
  const found = !protocols.includes(url.protocol)
    ? `a URL that starts with ${url.protocol}`
    : needsDatabase && url.pathname.length <= 1
    ? "a URL without a database"
    : isDecodable(url)
    ? undefined
    : "a % that is not followed by two hexadecimal digits";
  if (found !== undefined) throw refused(found);
  return url;
}

function isDecodable({ username, password, pathname }: URL): boolean {
  try {
    [username, password, pathname].forEach(decodeURIComponent);
    return true;
  } catch {
    return false;
  }
}
