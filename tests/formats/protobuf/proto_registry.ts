import { type SchemaRegistry, schemaRegistry } from "../../../lib/formats/registry/mod.ts";

/** A file in a registry, and the files it imports: each has its own name as subject. */
export interface RegisteredFile {
  readonly schema: string;
  readonly imports?: readonly string[];
  readonly schemaType?: string;
}

/** A registry of .proto files in this process. */
export class ProtoRegistry implements AsyncDisposable {
  /** True: it answers nobody. */
  isAway = false;
  readonly #answers = new Map<string, object>();
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => this.#answer(new URL(request.url).pathname),
  );

  /** A client that gives up at once. */
  client(): SchemaRegistry {
    return schemaRegistry({ url: `http://127.0.0.1:${this.#server.addr.port}`, retryForMs: 0 });
  }

  /** Makes a file the first and newest version of a subject. */
  add(id: number, subject: string, file: RegisteredFile): void {
    const { schema, imports = [], schemaType = "PROTOBUF" } = file;
    const references = imports.map((name) => ({ name, subject: name, version: 1 }));
    const answer = { id, subject, version: 1, schema, schemaType, references };
    this.#answers.set(`/schemas/ids/${id}`, answer);
    for (const version of [1, "latest"]) {
      this.#answers.set(`/subjects/${encodeURIComponent(subject)}/versions/${version}`, answer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #answer(path: string): Response {
    if (this.isAway) return new Response("", { status: 503 });
    const answer = this.#answers.get(path);
    return answer === undefined
      ? Response.json({ error_code: 40_403, message: "not found" }, { status: 404 })
      : Response.json(answer);
  }
}
