import init, * as parquetWasm from "parquet-wasm/esm/parquet_wasm.js";
import { errorText, SluiceError } from "../core/mod.ts";

let loading: Promise<typeof parquetWasm> | undefined;

/**
 * Compiles parquet-wasm, once in a process; it takes some 50 ms. Calling it early spares the first
 * file that time.
 *
 * @throws {SluiceError} `PARQUET_NOT_LOADED` if its file cannot be read or compiled.
 */
export function loadParquetWasm(): Promise<typeof parquetWasm> {
  loading ??= load();
  return loading;
}

async function load(): Promise<typeof parquetWasm> {
  try {
    await init();
    return parquetWasm;
  } catch (cause) {
    loading = undefined;
    throw new SluiceError("PARQUET_NOT_LOADED", {
      attempted: "load parquet-wasm",
      found: errorText(cause),
      hint: "run `deno install`, and allow reading node_modules",
      cause,
    });
  }
}
