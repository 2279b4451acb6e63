/** A connection through the proxy. */
interface Pair {
  readonly client: Deno.Conn;
  readonly broker: Deno.Conn;
  /** Requests whose answers are lost, by correlation id. */
  readonly doomed: Set<number>;
  /** Requests whose answers get another error code, by correlation id. */
  readonly refused: Map<number, number>;
}

/** The numbers of requests in Kafka's protocol. */
export const ApiKey = {
  PRODUCE: 0,
  INIT_PRODUCER_ID: 22,
  ADD_PARTITIONS_TO_TXN: 24,
  ADD_OFFSETS_TO_TXN: 25,
  END_TXN: 26,
  TXN_OFFSET_COMMIT: 28,
} as const;

/**
 * Stands between a client and a broker, and can lose answers: the broker has done what it was asked,
 * and the connection breaks. Clients that ask for brokers are told the proxy's address.
 */
export class KafkaProxy {
  readonly #listener: Deno.TcpListener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #broker: { readonly hostname: string; readonly port: number };
  readonly #open = new Set<Deno.Conn>();
  readonly #toLose: number[] = [];
  readonly #toRefuse: { readonly apiKey: number; readonly errorCode: number }[] = [];
  /** How many answers were lost. */
  lostAnswers = 0;

  /** Listens on a free port. */
  constructor(broker: string) {
    const [hostname, port] = broker.split(":");
    this.#broker = { hostname: hostname!, port: Number(port) };
    this.#accept();
  }

  /** Where it listens: `host:port`. */
  get address(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Loses the answers of the next `count` requests of a kind. */
  loseAnswers(apiKey: number, count = 1): void {
    for (let i = 0; i < count; i++) this.#toLose.push(apiKey);
  }

  /**
   * Puts an error code into the answer of the next request of a kind: one whose answer has it right
   * behind the correlation id and the throttle time.
   */
  refuse(apiKey: number, errorCode: number): void {
    this.#toRefuse.push({ apiKey, errorCode });
  }

  /** Ends it and all its connections. */
  [Symbol.dispose](): void {
    this.#listener.close();
    for (const conn of [...this.#open]) this.#end(conn);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const broker = await Deno.connect(this.#broker);
      this.#open.add(client).add(broker);
      const pair = { client, broker, doomed: new Set<number>(), refused: new Map() };
      this.#pump(pair, client, broker, (frame) => this.#request(pair, frame));
      this.#pump(pair, broker, client, (frame) => this.#response(pair, frame));
    }
  }

  /** Notes what is to become of the answer: a request begins with kind, version and correlation id. */
  #request({ doomed, refused }: Pair, frame: Uint8Array): Uint8Array {
    const view = new DataView(frame.buffer, frame.byteOffset);
    const apiKey = view.getInt16(4);
    const toLose = this.#toLose.indexOf(apiKey);
    if (toLose >= 0) {
      this.#toLose.splice(toLose, 1);
      doomed.add(view.getInt32(8));
    }
    const toRefuse = this.#toRefuse.findIndex((each) => each.apiKey === apiKey);
    if (toRefuse >= 0) {
      refused.set(view.getInt32(8), this.#toRefuse.splice(toRefuse, 1)[0]!.errorCode);
    }
    return frame;
  }

  #response({ doomed, refused }: Pair, frame: Uint8Array): Uint8Array | undefined {
    const view = new DataView(frame.buffer, frame.byteOffset);
    const correlationId = view.getInt32(4);
    if (doomed.has(correlationId)) {
      this.lostAnswers++;
      return undefined;
    }
    const errorCode = refused.get(correlationId);
    if (errorCode !== undefined) view.setInt16(12, errorCode);
    return this.#withOwnPort(frame);
  }

  /** Where an answer names the broker, host before port, it names the proxy instead. */
  #withOwnPort(frame: Uint8Array): Uint8Array {
    const { hostname, port } = this.#broker;
    const host = new TextEncoder().encode(hostname);
    const wanted = new Uint8Array([...host, 0, 0, port >> 8, port & 0xff]);
    const own = this.#listener.addr.port;
    for (let at = 0; at + wanted.length <= frame.length; at++) {
      if (!wanted.every((byte, i) => frame[at + i] === byte)) continue;
      frame[at + wanted.length - 2] = own >> 8;
      frame[at + wanted.length - 1] = own & 0xff;
    }
    return frame;
  }

  /** Hands over frames, each a length and as many bytes, until `change` has none or a side ends. */
  async #pump(
    pair: Pair,
    from: Deno.Conn,
    to: Deno.Conn,
    change: (frame: Uint8Array) => Uint8Array | undefined,
  ): Promise<void> {
    let pending = new Uint8Array();
    const buffer = new Uint8Array(65_536);
    try {
      for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
        const both = new Uint8Array(pending.length + read);
        both.set(pending);
        both.set(buffer.subarray(0, read), pending.length);
        pending = both;
        while (pending.length >= 4) {
          const end = 4 + new DataView(pending.buffer, pending.byteOffset).getInt32(0);
          if (pending.length < end) break;
          const frame = change(pending.slice(0, end));
          if (frame === undefined) throw new Error("the answer is lost");
          for (let sent = 0; sent < frame.length;) sent += await to.write(frame.subarray(sent));
          pending = pending.slice(end);
        }
      }
    } catch {
      // A broken connection is what it is for.
    }
    this.#end(pair.client);
    this.#end(pair.broker);
  }

  #end(conn: Deno.Conn): void {
    if (this.#open.delete(conn)) conn.close();
  }
}
