import protobuf from "protobufjs";
import descriptor from "protobufjs/google/protobuf/descriptor.json" with { type: "json" };
import { badOption, errorText, SluiceError } from "../../core/mod.ts";
import type { ImportedSchema } from "../registry/mod.ts";
import { addDescriptor, type AddedFile } from "./add_descriptor.ts";

/** The messages of a .proto file. */
export class ProtoFile {
  readonly #messages: readonly protobuf.Type[];

  /**
   * Reads the text of a .proto file, of proto2, proto3 or an edition, or its compiled form in base64.
   * What it imports is among `imports`, or is a file of `google/protobuf/`.
   *
   * @throws {SluiceError} `BAD_PROTO_SCHEMA`.
   */
  constructor(text: string, imports: readonly ImportedSchema[] = []) {
    const root = new protobuf.Root();
    try {
      const file = addFile(text, root);
      // Now, before the imports add messages to the same package.
      this.#messages = messagesOf(file.package === undefined ? root : root.lookup(file.package));
      const added = imports.map(({ schema }) => addFile(schema, root));
      for (const name of new Set([file, ...added].flatMap(({ imports }) => imports))) {
        if (!imports.some((each) => each.name === name)) addWellKnown(name, root);
      }
      root.resolveAll();
    } catch (cause) {
      throw badProto(errorText(cause), cause);
    }
  }

  /** The message of a full name, `com.example.Order` or `com.example.Order.Line`; absent: the first. */
  find(name?: string): protobuf.Type | undefined {
    if (name === undefined) return this.#messages[0];
    return this.#all().find((message) => messageName(message) === name);
  }

  /**
   * The same, where it must be there.
   *
   * @throws {SluiceError} `BAD_OPTION`, naming the messages there are; `BAD_PROTO_SCHEMA` if there
   * are none.
   */
  message(attempted: string, name?: string): protobuf.Type {
    const message = this.find(name);
    if (message !== undefined) return message;
    const names = this.#all().map(messageName);
    if (name === undefined || names.length === 0) throw badProto("a file without a message");
    throw badOption(attempted, "message", JSON.stringify(name), `one of ${names.join(", ")}`);
  }

  /**
   * The message that indexes lead to: of the file, then of messages within messages. Those that
   * stand for the pairs of a map are not counted, as Confluent's serializer for Java counts.
   */
  messageAt([index = -1, ...rest]: readonly number[]): protobuf.Type | undefined {
    return rest.reduce<protobuf.Type | undefined>(
      (message, index) => messagesOf(message)[index],
      this.#messages[index],
    );
  }

  #all(): protobuf.Type[] {
    return this.#messages.flatMap(withNested);
  }
}

/** The full name of a message, with its package. */
export function messageName(message: protobuf.Type): string {
  return message.fullName.replace(/^\./, "");
}

function addFile(text: string, root: protobuf.Root): AddedFile {
  const compiled = addDescriptor(text, root);
  if (compiled !== undefined) return compiled;
  const parsed = protobuf.parse(text, root, { keepCase: true });
  return { package: parsed.package, imports: parsed.imports ?? [] };
}

function addWellKnown(name: string, root: protobuf.Root): void {
  const known = name === "google/protobuf/descriptor.proto"
    ? descriptor
    : protobuf.common.get(name);
  // Without it, the file may still do: what is not found in the end is named then.
  if (known !== null) root.addJSON(known.nested ?? {});
}

function messagesOf(within: protobuf.ReflectionObject | null | undefined): protobuf.Type[] {
  if (!(within instanceof protobuf.Namespace)) return [];
  return within.nestedArray.filter((nested) => nested instanceof protobuf.Type);
}

function withNested(message: protobuf.Type): protobuf.Type[] {
  return [message, ...messagesOf(message).flatMap(withNested)];
}

function badProto(found: string, cause?: unknown): SluiceError {
  return new SluiceError("BAD_PROTO_SCHEMA", {
    attempted: "read a Protobuf schema",
    found,
    wanted: "the text of a .proto file, all of whose types are in it or in its imports",
    ...(cause === undefined ? {} : { cause }),
  });
}
