import type { ServiceCommand } from "./process.ts";

/** The names of the services there are. */
export type ServiceName = "kafka" | "postgres" | "registry" | "connect" | "mariadb";

/** The services that are meant where none are named; the others run only where somebody asks for them. */
export type DefaultServiceName = "kafka" | "postgres";

/** Where the services answer. */
export interface StackAddresses {
  /** Kafka's bootstrap brokers, `host:port`. */
  readonly kafkaBrokers: string[];
  /** Postgres' address with user, password and database. */
  readonly databaseUrl: string;
  /** The schema registry's address, with Confluent's API below it. */
  readonly schemaRegistryUrl: string;
  /** The address of Kafka Connect's REST API. */
  readonly connectUrl: string;
  /** MariaDB's address with user, password and database. */
  readonly mysqlUrl: string;
}

/** Which address belongs to which service. */
export interface AddressNames {
  /** Kafka's. */
  readonly kafka: "kafkaBrokers";
  /** Postgres'. */
  readonly postgres: "databaseUrl";
  /** The schema registry's. */
  readonly registry: "schemaRegistryUrl";
  /** Kafka Connect's. */
  readonly connect: "connectUrl";
  /** MariaDB's. */
  readonly mariadb: "mysqlUrl";
}

/** Where a service keeps what it has, and whom it tells what it does. */
export interface ServiceContext {
  /** The folder of everything this stack keeps. */
  readonly stateDir: string;
  /** The folder of everything downloaded; several stacks may share it. */
  readonly downloadsDir: string;
  /** The port clients talk to, on 127.0.0.1. */
  readonly port: number;
  /** Where the services answer that it needs. */
  readonly addresses: Partial<StackAddresses>;
  /** Told what takes time. */
  readonly onProgress: (message: string) => void;
}

/** One service of the stack; to add one is to write one of these and list it in `services.ts`. */
export interface Service {
  /** Its name in options and in file names. */
  readonly name: ServiceName;
  /** Its name for people. */
  readonly title: string;
  /** The version that is started, where that is not the system's choice. */
  readonly version?: string;
  /** The environment variable that gives an address elsewhere, so that nothing is started here. */
  readonly addressVariable: string;
  /** The environment variable that chooses another port. */
  readonly portVariable: string;
  /** The port where nobody chooses another. */
  readonly defaultPort: number;
  /** True: it is started only where it is named. */
  readonly onDemand?: boolean;
  /** The services it works with: they answer before it starts, and end after it. */
  readonly needs?: readonly ServiceName[];
  /** The signal that ends it in good order. */
  readonly stopSignal: Deno.Signal;
  /** What its log says when it died only because of what a killed one left, and trying again helps. */
  readonly passingTrouble?: string;
  /** All ports it listens on. */
  ports(port: number): readonly number[];
  /** What clients connect to. */
  address(port: number): string;
  /** The same, or the address given instead of it, as callers get it. */
  addresses(address: string): Partial<StackAddresses>;
  /** Downloads and initialises what is missing and tells what to run; doing it twice is fine. */
  prepare(context: ServiceContext): Promise<ServiceCommand>;
  /** True when it answers a real request. */
  answers(port: number): Promise<boolean>;
  /** Forgets its data; it does not run. */
  wipe(context: Pick<ServiceContext, "stateDir">): Promise<void>;
}
