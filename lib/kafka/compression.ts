import { Buffer } from "node:buffer";
import * as zlib from "node:zlib";
import { SluiceError } from "../core/mod.ts";

/** A compression type, as in Kafka's `compression.type`. */
export type CompressionType = "none" | "gzip" | "snappy" | "lz4" | "zstd";

/** The compression types, by their number in a batch's attributes. */
export const COMPRESSION_TYPES: readonly CompressionType[] = [
  "none",
  "gzip",
  "snappy",
  "lz4",
  "zstd",
];

/** How a compression type packs and unpacks. */
export interface Codec {
  compress(bytes: Uint8Array): Uint8Array;
  decompress(bytes: Uint8Array): Uint8Array;
}

/** A compression type, ready for use. */
export interface Compression {
  /** Its number in a batch's attributes. */
  readonly type: number;
  readonly codec: Codec;
}

/** Leaves bytes as they are. */
export const UNCOMPRESSED: Compression = {
  type: 0,
  codec: { compress: (bytes) => bytes, decompress: (bytes) => bytes },
};

// What snappy-java's stream writes first; blocks of their own follow, each behind its length.
const XERIAL_MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00];
const XERIAL_HEADER_BYTES = 16;

/**
 * The codec of a compression type.
 *
 * @throws {SluiceError} `UNKNOWN_COMPRESSION`, or `CODEC_MISSING` on a platform it is not built for.
 */
export async function codecOf(type: number): Promise<Codec> {
  switch (COMPRESSION_TYPES[type]) {
    case "none":
      return UNCOMPRESSED.codec;
    case "gzip":
      return { compress: (bytes) => zlib.gzipSync(bytes), decompress: zlib.gunzipSync };
    case "zstd":
      return { compress: (bytes) => zlib.zstdCompressSync(bytes), decompress: unzstd };
    case "snappy": {
      // Snappy and LZ4 are native modules: loaded only for a topic that needs them.
      const snappy = await import("snappy").catch((cause) => Promise.reject(missing(type, cause)));
      return {
        compress: (bytes) => snappy.compressSync(bytes),
        decompress: (bytes) => unsnap(bytes, (block) => snappy.uncompressSync(block) as Uint8Array),
      };
    }
    case "lz4": {
      const lz4 = await import("lz4-napi").catch((cause) => Promise.reject(missing(type, cause)));
      return {
        compress: (bytes) => lz4.compressFrameSync(asBuffer(bytes)),
        decompress: (bytes) => lz4.decompressFrameSync(asBuffer(bytes)),
      };
    }
    default:
      throw new SluiceError("UNKNOWN_COMPRESSION", {
        attempted: "read a record batch",
        found: `compression type ${type}`,
        wanted: `0 to ${COMPRESSION_TYPES.length - 1} (${COMPRESSION_TYPES.join(", ")})`,
      });
  }
}

function unzstd(bytes: Uint8Array): Uint8Array {
  return zlib.zstdDecompressSync(bytes);
}

function unsnap(bytes: Uint8Array, unpack: (block: Uint8Array) => Uint8Array): Uint8Array {
  if (!XERIAL_MAGIC.every((byte, i) => bytes[i] === byte)) return unpack(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: Uint8Array[] = [];
  let length = 0;
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length;) {
    const end = at + 4 + view.getInt32(at);
    const block = unpack(bytes.subarray(at + 4, end));
    blocks.push(block);
    length += block.length;
    at = end;
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const block of blocks) {
    all.set(block, at);
    at += block.length;
  }
  return all;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function missing(type: number, cause: unknown): SluiceError {
  return new SluiceError("CODEC_MISSING", {
    attempted: `load the ${COMPRESSION_TYPES[type]} codec`,
    found: "no build of it for this platform",
    hint: "run `deno install`, allow --allow-ffi, or write the topic with gzip or zstd",
    cause,
  });
}
