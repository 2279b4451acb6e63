import { firstBytes } from "./first_bytes.ts";

/** Of each packet: its length and its number. */
const headerBytes = 4;
/** The first byte of the greeting of every MySQL and MariaDB of this century. */
const protocolVersion = 10;

/**
 * True when a MariaDB or MySQL server on 127.0.0.1 greets, as it does once it is ready for logins:
 * MySQL's client/server protocol, "Protocol::HandshakeV10".
 */
export async function mysqlAnswers(port: number, timeoutMs: number): Promise<boolean> {
  const greeting = await firstBytes(port, undefined, headerBytes + 1, timeoutMs);
  return greeting?.getUint8(headerBytes) === protocolVersion;
}
