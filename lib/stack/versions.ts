/** The versions of everything the stack runs, in one place; `compose.yml` names the same. */
export const versions = {
  /** Apache Kafka and Kafka Connect, from Maven's `org.apache.kafka`. */
  kafka: "4.3.0",
  /** Lets Kafka write its log; the version that its slf4j-api asks for. */
  slf4j: "1.7.36",
  /** The Maven plugin that copies jars into a folder. */
  mavenDependencyPlugin: "3.6.1",
  /** Postgres as the server names it; the package itself is pinned in `deno.json`. */
  postgres: "18.4",
  /** Apicurio Registry, from Maven's `io.apicurio:apicurio-registry-app`. */
  apicurio: "3.0.9",
  /** Debezium's connectors, from Maven's `io.debezium:debezium-connector-*`. */
  debezium: "3.5.0.Final",
  /** The last Maven plugin that fetches an artifact without reading where it comes from. */
  mavenGetPlugin: "2.10",
  /** The oldest Java that runs Kafka 4, Debezium 3 and Apicurio 3. */
  minJava: 17,
} as const;
