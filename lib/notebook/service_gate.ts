import { badOption } from "../core/mod.ts";

/** An address in front of a service, which can be shut. */
export interface ServiceGate extends Disposable {
  /** Where it listens, `host:port`: for clients, in the place of the service's own. */
  readonly address: string;
  /** Breaks all connections and takes no more, as if the service had died. */
  shut(): void;
  /** Takes connections again. */
  open(): void;
}

/**
 * Puts a gate in front of a service on this machine; it is open at first.
 *
 * @param service `host:port`.
 * @throws {SluiceError} `BAD_OPTION` for another address.
 *
 * @example
 * ```ts
 * import { equal, rejects } from "assert";
 * import { serviceGate } from "./service_gate.ts";
 *
 * await using server = Deno.serve({ port: 0, onListen: () => {} }, () => new Response("here"));
 * using gate = serviceGate(`127.0.0.1:${server.addr.port}`);
 * const headers = { connection: "close" };
 * equal(await (await fetch(`http://${gate.address}`, { headers })).text(), "here");
 * gate.shut();
 * await rejects(fetch(`http://${gate.address}`, { headers }));
 * ```
 */
export function serviceGate(service: string): ServiceGate {
  return new Gate(service, () => (bytes) => bytes);
}

/**
 * Puts a gate in front of a Kafka broker on this machine; it is open at first. Brokers tell clients
 * where they are: in their answers the gate takes the broker's place.
 *
 * @param broker `host:port`, as the broker calls itself.
 * @throws {SluiceError} `BAD_OPTION` for another address.
 */
export function kafkaGate(broker: string): ServiceGate {
  return new Gate(broker, (service, ownPort) => {
    const wholeAnswers = answersIn();
    const wanted = addressBytes(service.hostname, service.port);
    const own = addressBytes(service.hostname, ownPort);
    return (bytes) => withOther(wholeAnswers(bytes), wanted, own);
  });
}

interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** What becomes of the bytes of one connection on their way to the client. */
type ChangeBytes = (bytes: Uint8Array) => Uint8Array;

class Gate implements ServiceGate {
  readonly address: string;
  readonly #service: Address;
  readonly #own: Address;
  readonly #changeAnswers: (service: Address, ownPort: number) => ChangeBytes;
  readonly #connections = new Set<Deno.Conn>();
  #listener: Deno.TcpListener | undefined;

  constructor(service: string, changeAnswers: (service: Address, ownPort: number) => ChangeBytes) {
    const [, hostname, digits] = /^([^:/]+):(\d+)$/.exec(service) ?? [];
    if (hostname === undefined) {
      throw badOption("put a gate in front of a service", "service", service, "host:port");
    }
    this.#service = { hostname, port: Number(digits) };
    this.#changeAnswers = changeAnswers;
    this.#listener = Deno.listen({ hostname, port: 0 });
    this.#own = { hostname, port: this.#listener.addr.port };
    this.address = `${hostname}:${this.#own.port}`;
    this.#accept(this.#listener);
  }

  shut(): void {
    this.#listener?.close();
    this.#listener = undefined;
    for (const connection of [...this.#connections]) this.#end(connection);
  }

  open(): void {
    if (this.#listener !== undefined) return;
    this.#listener = Deno.listen({ ...this.#own });
    this.#accept(this.#listener);
  }

  [Symbol.dispose](): void {
    this.shut();
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    for await (const client of listener) this.#serve(client);
  }

  async #serve(client: Deno.Conn): Promise<void> {
    this.#connections.add(client);
    let service: Deno.Conn;
    try {
      service = await Deno.connect({ ...this.#service });
    } catch {
      // The service is away itself, and so is the gate.
      return this.#end(client);
    }
    this.#connections.add(service);
    // It was shut meanwhile.
    if (!this.#connections.has(client)) return this.#end(service);
    this.#pump(client, service, (bytes) => bytes);
    this.#pump(service, client, this.#changeAnswers(this.#service, this.#own.port));
  }

  async #pump(from: Deno.Conn, to: Deno.Conn, change: ChangeBytes): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
        const bytes = change(buffer.subarray(0, read));
        for (let sent = 0; sent < bytes.length;) sent += await to.write(bytes.subarray(sent));
      }
    } catch {
      // A broken connection is what it is for.
    }
    this.#end(from);
    this.#end(to);
  }

  #end(connection: Deno.Conn): void {
    if (this.#connections.delete(connection)) connection.close();
  }
}

/** Holds bytes back until answers are whole: each is its length in four bytes, and as many bytes. */
function answersIn(): ChangeBytes {
  let held: Uint8Array = new Uint8Array();
  return (bytes) => {
    const all = new Uint8Array([...held, ...bytes]);
    const view = new DataView(all.buffer);
    let end = 0;
    while (end + 4 <= all.length && end + 4 + view.getInt32(end) <= all.length) {
      end += 4 + view.getInt32(end);
    }
    held = all.subarray(end);
    return all.subarray(0, end);
  };
}

/** A broker as its protocol names it: host before port. */
function addressBytes(hostname: string, port: number): Uint8Array {
  return new Uint8Array([...new TextEncoder().encode(hostname), 0, 0, port >> 8, port & 0xff]);
}

/** Puts other bytes, as many, in the place of some. */
function withOther(bytes: Uint8Array, wanted: Uint8Array, other: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  for (let at = bytes.indexOf(wanted[0]!); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) changed.set(other, at);
  }
  return changed;
}
