import { type ServiceName, stackStatus, startStack, stopStack } from "../../lib/stack/mod.ts";
import { freePorts } from "./ports.ts";
import { sluiceDir } from "./stack.ts";

/** A Kafka and a Postgres that only one test uses, and may stop and kill. */
export interface OwnStack extends AsyncDisposable {
  readonly brokers: readonly string[];
  readonly databaseUrl: string;
  readonly postgresPort: number;
  /** Kills a service with SIGKILL and waits until it is gone. */
  kill(name: ServiceName): Promise<void>;
  /** Stops a service in good order. */
  stop(name: ServiceName): Promise<void>;
  /** Starts what is gone. */
  up(): Promise<void>;
}

const STATE_TIMEOUT_MS = 30_000;

/** Starts them, with all they keep in a folder; disposing of them forgets it. */
export async function ownStack(
  stateDir: string,
  onProgress: (message: string) => void = () => {},
): Promise<OwnStack> {
  const port = freePorts(3);
  const options = {
    stateDir,
    downloadsDir: `${sluiceDir}/downloads`,
    kafkaPort: port,
    postgresPort: port + 2,
    onProgress,
  };
  // Services that the environment gives have no process here to ask for.
  const given = takeFromEnvironment(["KAFKA_BROKERS", "DATABASE_URL"]);
  const end = async () => {
    await stopStack({ stateDir, wipe: true });
    for (const [name, value] of given) Deno.env.set(name, value);
  };
  try {
    const { kafkaBrokers: brokers, databaseUrl } = await startStack(options);
    return {
      brokers,
      databaseUrl,
      postgresPort: port + 2,
      async kill(name) {
        const status = (await stackStatus({ stateDir })).find((service) => service.name === name)!;
        Deno.kill(status.pid!, "SIGKILL");
        await stateOf(name, stateDir, "died");
      },
      stop: (name) => stopStack({ stateDir, services: [name] }),
      async up() {
        await startStack(options);
      },
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Waits until a service is in a state. */
async function stateOf(name: ServiceName, stateDir: string, state: string): Promise<void> {
  const deadlineMs = performance.now() + STATE_TIMEOUT_MS;
  for (;;) {
    const status = (await stackStatus({ stateDir })).find((service) => service.name === name);
    if (status?.state === state) return;
    if (performance.now() > deadlineMs) {
      throw new Error(`waited for ${name} to be ${state}, not ${status?.state}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function takeFromEnvironment(names: readonly string[]): Map<string, string> {
  const taken = new Map<string, string>();
  for (const name of names) {
    const value = Deno.env.get(name);
    if (value !== undefined) taken.set(name, value);
    Deno.env.delete(name);
  }
  return taken;
}
