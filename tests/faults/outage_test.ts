import { deepEqual, match, ok, rejects } from "assert";
import { kafka, type StartOptions, type StreamingQuery } from "sluice";
import { multisink } from "../../pipelines/multisink.ts";
import { type OwnStack, ownStack } from "../support/own_stack.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { deltaTradeIds, postgresTradeIds, produceLedger } from "../support/trade_ledger.ts";

const TRADES = 6_000;
const TOPIC = "trades";

Deno.test("Postgres and Kafka go away and come back: the query waits, and nothing is lost or doubled", async () => {
  await using folder = await tempFolder();
  await using stack = await ownStack(`${folder.path}/stack`);
  const { tradeIds } = await produceLedger(stack.brokers, TOPIC, TRADES, TRADES * 2);
  const seen = new Watched();

  const query = await run(stack, folder.path, { listener: seen, trigger: { processingTime: 0 } });
  await seen.batches(3);
  await stack.kill("postgres");
  await seen.notice(/cannot bring batch \d+ to the sinks yet: .*Trying again/);
  await stack.up();
  await seen.rows(TRADES);

  await stack.kill("kafka");
  await seen.notice(/cannot read the next batch yet: .*Trying again/);
  await stack.up();
  const more = await produceLedger(stack.brokers, TOPIC, TRADES / 2, TRADES * 2);
  await seen.rows(TRADES + TRADES / 2);
  await query.stop();

  const wanted = [...tradeIds, ...more.tradeIds].sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
  deepEqual(await postgresTradeIds(stack.databaseUrl, TOPIC), wanted);
  deepEqual(await deltaTradeIds(`${folder.path}/lake`), wanted);
});

Deno.test("Postgres stays away: the query ends with a clear error, and the next start goes on", async () => {
  await using folder = await tempFolder();
  await using stack = await ownStack(`${folder.path}/stack`);
  const { tradeIds } = await produceLedger(stack.brokers, TOPIC, TRADES, TRADES * 2);
  const seen = new Watched();
  const query = await run(stack, folder.path, { listener: seen, retryForMs: 1_000 });
  await seen.batches(2);
  await stack.kill("postgres");
  await rejects(query.awaitTermination(), (error) => {
    match(String(error), new RegExp(`127\\.0\\.0\\.1:${stack.postgresPort}`));
    ok(!String(error).includes("sluice:sluice"), "the password is in the message");
    return true;
  });
  await stack.up();
  const next = await run(stack, folder.path, {});
  await next.awaitTermination();
  deepEqual(await postgresTradeIds(stack.databaseUrl, TOPIC), tradeIds);
  deepEqual(await deltaTradeIds(`${folder.path}/lake`), tradeIds);
});

function run(
  stack: OwnStack,
  folder: string,
  options: Partial<StartOptions>,
): Promise<StreamingQuery> {
  return multisink({
    source: kafka({ brokers: stack.brokers, topic: TOPIC, maxOffsetsPerTrigger: 300 }),
    databaseUrl: stack.databaseUrl,
    table: TOPIC,
    lakePath: `${folder}/lake`,
  }, { checkpointLocation: `${folder}/checkpoint`, trigger: { availableNow: true }, ...options });
}

/** A listener that tells when something has been seen. */
class Watched {
  #batches = 0;
  #rows = 0;
  readonly #notices: string[] = [];
  #changed = Promise.withResolvers<void>();

  readonly onProgress = (progress: { numInputRows: number }): void => {
    this.#batches++;
    this.#rows += progress.numInputRows;
    this.#change();
  };

  readonly onNotice = (notice: string): void => {
    this.#notices.push(notice);
    this.#change();
  };

  batches(count: number): Promise<void> {
    return this.#until(() => this.#batches >= count, () => `${count} batches`);
  }

  rows(count: number): Promise<void> {
    return this.#until(() => this.#rows >= count, () => `${count} rows, not ${this.#rows}`);
  }

  notice(pattern: RegExp): Promise<void> {
    return this.#until(
      () => this.#notices.some((notice) => pattern.test(notice)),
      () => `a notice like ${pattern}, not ${this.#notices.join("\n")}`,
    );
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #until(reached: () => boolean, wanted: () => string): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`waited for ${wanted()}`)), 60_000);
    try {
      while (!reached()) await Promise.race([this.#changed.promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
