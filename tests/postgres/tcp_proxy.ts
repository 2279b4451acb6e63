/** Stands between a client and a server, and can lose or delay what they say. */
export class TcpProxy {
  readonly #listener: Deno.TcpListener;
  readonly #target: { hostname: string; port: number };
  readonly #open = new Set<Deno.Conn>();
  /** Once true, the next answer of the server is lost and its connection broken. */
  loseNextAnswer = false;
  /** How many answers were lost. */
  lostAnswers = 0;
  /** Once true, the next request is held back and the client's connection broken, not the server's. */
  holdNextRequest = false;
  #held: { server: Deno.Conn; request: Uint8Array } | undefined;

  /** Listens on a free port. */
  constructor(target: { hostname: string; port: number }) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#accept();
  }

  /** Where it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Lets the server have the request that was held back. */
  async deliverHeldRequest(): Promise<void> {
    const { server, request } = this.#held!;
    for (let sent = 0; sent < request.length;) sent += await server.write(request.subarray(sent));
  }

  /** Ends it and all its connections. */
  close(): void {
    this.#listener.close();
    for (const conn of [...this.#open]) this.#end(conn);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const server = await Deno.connect(this.#target);
      this.#open.add(client).add(server);
      this.#pump(client, server, (request) => this.#holds(server, request));
      this.#pump(server, client, () => this.#losesAnswer());
    }
  }

  #losesAnswer(): "break" | "pass" {
    if (!this.loseNextAnswer) return "pass";
    this.loseNextAnswer = false;
    this.lostAnswers++;
    return "break";
  }

  #holds(server: Deno.Conn, request: Uint8Array): "hold" | "pass" {
    if (!this.holdNextRequest) return "pass";
    this.holdNextRequest = false;
    this.#held = { server, request: request.slice() };
    return "hold";
  }

  async #pump(
    from: Deno.Conn,
    to: Deno.Conn,
    choose: (bytes: Uint8Array) => "break" | "hold" | "pass",
  ): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
        const choice = choose(buffer.subarray(0, read));
        if (choice === "hold") return this.#end(from);
        if (choice === "break") break;
        for (let sent = 0; sent < read;) sent += await to.write(buffer.subarray(sent, read));
      }
    } catch {
      // A broken connection is what it is for.
    }
    this.#end(from);
    this.#end(to);
  }

  #end(conn: Deno.Conn): void {
    if (this.#open.delete(conn)) conn.close();
  }
}
