/**
 * Finds `count` ports in a row of 127.0.0.1 that nobody listens on.
 *
 * They lie below the range from which the system takes ports for outgoing connections, so that
 * none of those takes one meanwhile.
 */
export function freePorts(count: number): number {
  for (let attempt = 0; attempt < 200; attempt++) {
    const first = 20_000 + Math.floor(Math.random() * 12_000);
    if (areFree(first, count)) return first;
  }
  throw new Error(`found no ${count} free ports in a row between 20000 and 32000`);
}

function areFree(first: number, count: number): boolean {
  const listeners: Deno.Listener[] = [];
  try {
    for (let port = first; port < first + count; port++) {
      listeners.push(Deno.listen({ hostname: "127.0.0.1", port }));
    }
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  } finally {
    for (const listener of listeners) listener.close();
  }
}
