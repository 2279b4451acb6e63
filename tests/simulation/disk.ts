import { DatabaseSync } from "node:sqlite";
import { StateStore } from "../../lib/state/mod.ts";
import type { CheckpointFiles, Environment } from "../../lib/streaming/mod.ts";
import type { Mutation } from "./mutations.ts";
import type { Process } from "./process.ts";
import { Service } from "./service.ts";
import { StateConnection } from "./state_connection.ts";
import type { World } from "./world.ts";

/** The contents of a file; `undefined` where there is none. */
type Contents = Uint8Array | undefined;

let disks = 0;

/**
 * The disk with the checkpoint, and the database with the state: what outlives the processes of a
 * query. When one is killed, its open transaction is taken back; in a power cut what is not flushed
 * may be lost too.
 */
export class Disk {
  readonly #world: World;
  readonly #service: Service;
  readonly #files = new Map<string, Uint8Array>();
  /** What a power cut may bring back: what was there before changes that are not flushed. */
  readonly #unflushed = new Map<string, Contents>();
  /** Every plan that was ever written, though it may be removed by now. */
  readonly #history = new Map<string, Uint8Array>();
  readonly #databaseUri = `file:simulation-${disks++}?mode=memory&cache=shared`;
  /** A database in memory is there as long as somebody has it open. */
  readonly #database = new DatabaseSync(this.#databaseUri);
  readonly #connections = new Map<Process, DatabaseSync>();
  readonly #mutation: Mutation | undefined;
  #lockHolder: Process | undefined;

  constructor(world: World, mutation?: Mutation) {
    this.#world = world;
    this.#mutation = mutation;
    this.#service = // Its errors end a run: there are few, so that something else can go wrong too.
      new Service(world, "disk", { isRemote: false, roughness: 0.1 });
  }

  /** What a process knows of the machine: this disk, and virtual time. */
  environment(process: Process): Environment {
    return {
      clock: process.clock,
      newId: () => process.randomId(),
      files: this.#filesOf(process),
      state: {
        isThere: () => this.#ask(process, "look for the state", () => this.#hasTables()),
        open: async () => {
          const connection = await this.#ask(
            process,
            "open the state",
            () => this.#connect(process),
          );
          return await StateStore.open({ database: () => connection });
        },
      },
    };
  }

  /** The contents of every file that was ever in a folder, by name. */
  history(folder: string): Map<string, string> {
    const files = new Map<string, string>();
    for (const [path, contents] of this.#history) {
      if (folderOf(path) !== folder) continue;
      files.set(path.slice(folder.length + 1), new TextDecoder().decode(contents));
    }
    return files;
  }

  /** As on a network disk: its lock is lost while the process goes on. */
  loseLock(): void {
    this.#lockHolder = undefined;
  }

  /** What becomes of the open files of a process that ended or was killed. */
  release(process: Process): void {
    if (this.#lockHolder === process) this.#lockHolder = undefined;
    this.#disconnect(process);
  }

  /** What was not flushed is lost, or not, file by file. */
  powerCut(): void {
    for (const [path, before] of this.#unflushed) {
      if (this.#world.random.next() < 0.5) continue;
      this.#world.trace.tell("disk", `loses the change of ${path}`);
      this.#set(path, before);
    }
    this.#unflushed.clear();
  }

  /** No more errors. */
  heal(): void {
    this.#service.heal();
  }

  /** Ends the database. */
  close(): void {
    for (const process of this.#connections.keys()) this.#disconnect(process);
    this.#database.close();
  }

  #filesOf(process: Process): CheckpointFiles {
    const ask = <T>(what: string, answer: () => T) => this.#ask(process, what, answer);
    return {
      makeFolder: (path) => ask(`make ${path}`, () => this.#flush(path)),
      putIfAbsent: (path, contents) =>
        this.#write(
          process,
          `put ${path}`,
          path,
          contents,
          this.#mutation !== "disk that replaces plans",
        ),
      replace: async (path, contents) => {
        await this.#write(process, `replace ${path}`, path, contents, false);
      },
      read: (path) => ask(`read ${path}`, () => this.#files.get(path)?.slice()),
      list: (folder) => ask(`list ${folder}`, () => this.#namesIn(folder)),
      remove: async (path) => {
        await ask(`remove ${path}`, () => this.#change(path, undefined));
      },
      lock: (path) =>
        ask(`lock ${path}`, () => {
          if (this.#lockHolder !== undefined && this.#lockHolder !== process) {
            return { holder: this.#lockHolder.name };
          }
          this.#lockHolder = process;
          return { [Symbol.dispose]: () => this.#unlock(process) };
        }),
    };
  }

  /** First the file is there for all to see, then its folder is flushed, and then the answer comes. */
  async #write(
    process: Process,
    what: string,
    path: string,
    contents: Uint8Array,
    unlessThere: boolean,
  ): Promise<boolean> {
    const isWritten = await this.#ask(process, what, () => {
      if (unlessThere && this.#files.has(path)) return false;
      this.#change(path, contents.slice());
      this.#history.set(path, this.#files.get(path)!);
      return true;
    });
    if (!isWritten) return false;
    await this.#ask(process, `flush ${folderOf(path)}`, () => this.#flush(folderOf(path)));
    return true;
  }

  #change(path: string, contents: Contents): void {
    if (!this.#unflushed.has(path)) this.#unflushed.set(path, this.#files.get(path));
    this.#set(path, contents);
  }

  #set(path: string, contents: Contents): void {
    if (contents === undefined) this.#files.delete(path);
    else this.#files.set(path, contents);
  }

  #flush(folder: string): void {
    if (this.#mutation === "disk that flushes nothing") return;
    for (const path of [...this.#unflushed.keys()]) {
      if (folderOf(path) === folder) this.#unflushed.delete(path);
    }
  }

  #ask<T>(process: Process, what: string, answer: () => T): Promise<T> {
    return process.call(this.#service, what, answer);
  }

  #namesIn(folder: string): string[] {
    const paths = [...this.#files.keys()].filter((path) => folderOf(path) === folder);
    return paths.map((path) => path.slice(folder.length + 1));
  }

  #unlock(process: Process): void {
    if (this.#lockHolder === process) this.#lockHolder = undefined;
  }

  #hasTables(): boolean {
    const [row] = this.#database.prepare("select count(*) as n from sqlite_master").all();
    return row!.n as number > 0;
  }

  /** As with a disk that moves to another machine: whoever had the database has it no more. */
  #connect(process: Process): DatabaseSync {
    for (const other of [...this.#connections.keys()]) this.#disconnect(other);
    const connection = new StateConnection(this.#world, process, this.#databaseUri);
    this.#connections.set(process, connection);
    return connection;
  }

  #disconnect(process: Process): void {
    const connection = this.#connections.get(process);
    if (connection === undefined) return;
    this.#connections.delete(process);
    if (this.#mutation === "state that is not taken back" && connection.isTransaction) {
      connection.exec("commit;");
    }
    connection.close();
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
