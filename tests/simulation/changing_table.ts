import { Batch, schema as s, type StaticTable } from "../../lib/core/mod.ts";
import type { Process } from "./process.ts";
import { Service } from "./service.ts";
import type { World } from "./world.ts";

const Version = s.struct({ key: s.string(), version: s.integer() });
const KEYS = ["k1", "k1", "k2", "k3"];

/** A row of it: which version of the table it is from. */
export interface VersionRow {
  readonly key: string;
  readonly version: number;
}

/** How many rows of the table have a key. */
export function rowsWithKey(key: string): number {
  return KEYS.filter((each) => each === key).length;
}

/** A table that streams are joined with. Every row of it changes with every version. */
export class ChangingTable {
  /** What it calls itself. */
  readonly name = "versions";
  readonly service: Service;
  #version = 0;

  constructor(world: World) {
    this.service = new Service(world, this.name, { isRemote: true, roughness: 0.5 });
  }

  /** Makes a new version. */
  change(): void {
    this.#version++;
  }

  /** The table as a process reads it, of one moment, in several batches. */
  table(process: Process): StaticTable<VersionRow> {
    const { name, service } = this;
    const open = () => process.call(service, `opening of ${name}`, () => this.#version);
    return {
      name,
      schema: Version,
      async *load(signal) {
        const version = await open();
        for (const key of KEYS) {
          signal.throwIfAborted();
          await process.call(service, `rows of ${name}`, () => {});
          const batch = new Batch(Version);
          batch.append({ key, version });
          yield batch;
        }
      },
    };
  }
}
