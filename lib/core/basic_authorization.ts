import { badOption } from "./errors.ts";

/**
 * The header `authorization` for the user and the password of an address; `undefined` if it has none.
 *
 * @throws {SluiceError} `BAD_OPTION` for a % that stands for nothing.
 */
export function basicAuthorization(
  attempted: string,
  { username, password }: URL,
): string | undefined {
  if (username === "" && password === "") return undefined;
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${new TextEncoder().encode(credentials).toBase64()}`;
  } catch {
    throw badOption(attempted, "url", "a % in user:password that stands for nothing", "%25 for it");
  }
}
