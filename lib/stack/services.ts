import { connectService } from "./connect_service.ts";
import { kafkaService } from "./kafka_service.ts";
import { mariadbService } from "./mariadb_service.ts";
import { postgresService } from "./postgres_service.ts";
import { registryService } from "./registry_service.ts";
import type { Service } from "./service.ts";

/** Every service there is, in the order they are shown. */
export const services: readonly Service[] = [
  kafkaService,
  postgresService,
  registryService,
  connectService,
  mariadbService,
];
