/**
 * What a server on 127.0.0.1 sends first, to a request or by itself; `undefined` if it does not
 * listen, ends the connection or says less than that within `timeoutMs` milliseconds.
 */
export async function firstBytes(
  port: number,
  request: Uint8Array | undefined,
  byteCount: number,
  timeoutMs: number,
): Promise<DataView | undefined> {
  let connection: Deno.TcpConn;
  try {
    connection = await Deno.connect({ hostname: "127.0.0.1", port });
  } catch {
    return undefined;
  }
  let open = true;
  const close = () => {
    if (open) connection.close();
    open = false;
  };
  const timeout = setTimeout(close, timeoutMs);
  try {
    if (request !== undefined) await connection.write(request);
    return await readExactly(connection, byteCount);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timeout);
    close();
  }
}

async function readExactly(connection: Deno.TcpConn, byteCount: number): Promise<DataView> {
  const bytes = new Uint8Array(byteCount);
  let filled = 0;
  while (filled < byteCount) {
    const read = await connection.read(bytes.subarray(filled));
    if (read === null) throw new Deno.errors.UnexpectedEof();
    filled += read;
  }
  return new DataView(bytes.buffer);
}
