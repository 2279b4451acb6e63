import {
  type SchemaRegistry,
  schemaRegistry,
  type SchemaRegistryOptions,
} from "../../../lib/formats/registry/mod.ts";

/** A registry in this process, that a test can fill, count the requests of, and let fail. */
export class FakeRegistry implements AsyncDisposable {
  /** What is answered instead of what is there. */
  trouble: (() => Response) | undefined;
  /** The requests that came: `GET /schemas/ids/1`. */
  readonly requests: string[] = [];
  /** The authorization of the last request. */
  authorization: string | null = null;
  readonly #schemas = new Map<number, { schema: string; schemaType: string }>();
  readonly #subjects = new Map<string, number[]>();
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => this.#answer(request),
  );

  /** Its address. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** A client that gives up at once, if nothing else is said. */
  client(options: SchemaRegistryOptions = {}): SchemaRegistry {
    return schemaRegistry({ url: this.url, retryForMs: 0, ...options });
  }

  /** Adds a version to a subject. */
  add(id: number, subject: string, schema: unknown, schemaType = "AVRO"): void {
    this.#schemas.set(id, { schema: JSON.stringify(schema), schemaType });
    this.#subjects.set(subject, [...this.#subjects.get(subject) ?? [], id]);
  }

  /** Ends it: from here on nobody answers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #answer(request: Request): Response {
    const { pathname } = new URL(request.url);
    this.requests.push(`${request.method} ${pathname}`);
    this.authorization = request.headers.get("authorization");
    if (this.trouble !== undefined) return this.trouble();
    const id = /^\/schemas\/ids\/(\d+)$/.exec(pathname)?.[1];
    const subject = /^\/subjects\/(.+)\/versions\/latest$/.exec(pathname)?.[1];
    if (id !== undefined) return this.#schema(Number(id), 40_403);
    const ids = this.#subjects.get(decodeURIComponent(subject ?? "")) ?? [];
    return this.#schema(ids.at(-1) ?? -1, 40_401, { subject, version: ids.length });
  }

  #schema(id: number, code: number, more: object = {}): Response {
    const schema = this.#schemas.get(id);
    return schema === undefined
      ? Response.json({ error_code: code, message: "not found" }, { status: 404 })
      : Response.json({ id, ...schema, ...more });
  }
}
