// A command line prints.
// deno-lint-ignore-file no-console
/**
 * `deno task test [paths] [options of deno test]`: runs the tests, and the examples in the docs of
 * `lib`, against a Kafka and a Postgres of their own, which it starts before and removes after.
 *
 * KAFKA_BROKERS, DATABASE_URL, SCHEMA_REGISTRY_URL, CONNECT_URL and MYSQL_URL, where set, are used
 * instead. The last three are started by the first test that asks for them.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { kill } from "node:process";
import { fileURLToPath } from "node:url";
import { SluiceError } from "../lib/core/mod.ts";
import { ensureStack, stopStack } from "../lib/stack/mod.ts";
import { freePorts } from "./support/ports.ts";
import { sluiceDir } from "./support/stack.ts";

const defaultPaths = ["../tests", "../lib"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url))
);

/** Runs the tests and returns the exit code of `deno test`, 130 or 143 when interrupted. */
async function runTests(args: readonly string[]): Promise<number> {
  const interrupted = Promise.withResolvers<Deno.Signal>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => interrupted.resolve(signal));
  }
  await removeLeftovers();
  const stateDir = join(sluiceDir, `test-${Deno.pid}`);
  try {
    const port = freePorts(6);
    const { kafkaBrokers, databaseUrl } = await ensureStack({
      stateDir,
      downloadsDir: join(sluiceDir, "downloads"),
      kafkaPort: port,
      postgresPort: port + 2,
      onProgress: console.error,
    });
    const paths = args.some((arg) => existsSync(arg)) ? [] : defaultPaths;
    const tests = new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--doc", ...args, ...paths],
      env: {
        KAFKA_BROKERS: kafkaBrokers.join(","),
        DATABASE_URL: databaseUrl,
        SLUICE_TEST_STATE_DIR: stateDir,
        SLUICE_TEST_REGISTRY_PORT: String(port + 3),
        SLUICE_TEST_CONNECT_PORT: String(port + 4),
        SLUICE_TEST_MARIADB_PORT: String(port + 5),
      },
    }).spawn();
    const first = await Promise.race([tests.status, interrupted.promise]);
    if (typeof first !== "string") return first.code;
    tests.kill("SIGTERM");
    await tests.status;
    return first === "SIGINT" ? 130 : 143;
  } finally {
    await removeStack(stateDir);
  }
}

async function removeStack(stateDir: string): Promise<void> {
  await stopStack({ stateDir, wipe: true, onProgress: console.error });
  // A run that started at the same moment may have removed a leftover first.
  await Deno.remove(stateDir, { recursive: true }).catch(ignoreMissing);
}

/** Removes the stacks of runs that were killed before they could do it themselves. */
async function removeLeftovers(): Promise<void> {
  if (!existsSync(sluiceDir)) return;
  for await (const { name } of Deno.readDir(sluiceDir)) {
    const pid = /^test-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await removeStack(join(sluiceDir, name));
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

function isRunning(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

try {
  Deno.exit(await runTests(Deno.args));
} catch (error) {
  if (!(error instanceof SluiceError)) throw error;
  console.error(error.message);
  Deno.exit(1);
}
