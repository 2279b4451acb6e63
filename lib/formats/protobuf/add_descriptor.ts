import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor.js";

/** What was found out of a .proto file while it was added. */
export interface AddedFile {
  /** Its package; `undefined` if it has none. */
  readonly package: string | undefined;
  /** The files it imports. */
  readonly imports: readonly string[];
}

/**
 * Adds the messages of a file from its compiled form: the `FileDescriptorProto` that Confluent's
 * serializers for Python and others register, in base64, and that some registries hand out as it is.
 *
 * @returns `undefined` if the text is no base64: then it is the text of a .proto file.
 * @throws {Error} for what is no such form, and for a file of an edition.
 */
export function addDescriptor(text: string, root: protobuf.Root): AddedFile | undefined {
  if (!/^[A-Za-z0-9+/]+=*$/.test(text)) return undefined;
  const file = descriptor.FileDescriptorProto.decode(Uint8Array.fromBase64(text));
  const edition = file.syntax || "proto2";
  if (edition !== "proto2" && edition !== "proto3") {
    throw new Error(`the compiled form of a file of ${edition}`);
  }
  const namespace = file.package ? root.define(file.package) : root;
  for (const type of file.messageType ?? []) {
    namespace.add(protobuf.Type.fromDescriptor(type, { edition, keepCase: true }));
  }
  for (const type of file.enumType ?? []) namespace.add(protobuf.Enum.fromDescriptor(type));
  return { package: file.package || undefined, imports: file.dependency ?? [] };
}
