import { equal, match } from "assert";
import { explainFailure } from "../../lib/connect/mod.ts";

Deno.test("a trace is shortened to what was done and what stood in the way", () => {
  const trace =
    `org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer. This connector will be stopped.
\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:67)
\tat java.base/java.lang.Thread.run(Thread.java:840)
Caused by: io.debezium.DebeziumException: Failed to start replication stream at LSN{0/1C40070}
\tat io.debezium.connector.postgresql.connection.PostgresReplicationConnection.startStreaming(PostgresReplicationConnection.java:478)
\t... 7 more
Caused by: org.postgresql.util.PSQLException: ERROR: can no longer access replication slot "orders"
  Detail: This replication slot has been invalidated due to "wal_removed".
\tat org.postgresql.core.v3.QueryExecutorImpl.receiveErrorResponse(QueryExecutorImpl.java:2725)
\t... 12 more
`;
  const { problem, hint } = explainFailure(trace, {});
  equal(
    problem,
    "ConnectException: An exception occurred in the change event producer. This connector will be " +
      'stopped. (caused by PSQLException: ERROR: can no longer access replication slot "orders" ' +
      'Detail: This replication slot has been invalidated due to "wal_removed".)',
  );
  match(hint, /are gone: take a new snapshot.*--drop-slot.*max_slot_wal_keep_size/);
});

Deno.test("a wrapper that repeats its cause is told once, and long messages are cut", () => {
  const cause = "Postgres server wal_level property must be 'logical' but is: 'replica'";
  const { problem, hint } = explainFailure(
    `io.debezium.DebeziumException: Unable to start: ${cause}\n\tat a.B.c(B.java:1)\n` +
      `Caused by: java.sql.SQLException: ${cause}\n\t... 3 more\n`,
    {},
  );
  equal(problem, `DebeziumException: Unable to start: ${cause}`);
  match(hint, /set wal_level = logical/);
  const long = explainFailure(`a.b.LongException: ${"x".repeat(5_000)}`, {}).problem;
  equal(long.length, 401);
});

const KNOWN: readonly [message: string, hint: RegExp][] = [
  ['ERROR: replication slot "s" is active for PID 4711', /slot\.name of its own.*"s"/],
  ["ERROR: all replication slots are in use", /raise max_replication_slots/],
  ['FATAL: password authentication failed for user "dbz"', /correct database\.user/],
  ["Access denied for user 'dbz'@'localhost' (using password: YES)", /correct database\.user/],
  ["ERROR: permission denied for table orders", /grant .* REPLICATION and SELECT/],
  [
    "The connector is trying to read binlog starting at x, but this is no longer available on the " +
    "server. Reconfigure the connector to use a snapshot mode when needed.",
    /keep its log for longer/,
  ],
  ["The database server is not configured to use a ROW binlog_format", /binlog_format=ROW/],
  ["Encountered change event for table a.b whose schema isn't known to this connector", /recovery/],
  ["Connection to db:5432 refused. Connection refused", /the worker reaches db:5432/],
  [
    "The message is 9 bytes: org.apache.kafka.common.errors.RecordTooLargeException",
    /max\.message/,
  ],
  ["something that nobody has met before", /the log of Kafka Connect has the whole trace/],
];

Deno.test("what is known of a failure is told: the hint fits the message", () => {
  const config = { "slot.name": "s", "database.hostname": "db", "database.port": "5432" };
  for (const [message, wanted] of KNOWN) {
    match(
      explainFailure(`a.b.SomeException: ${message}\n\tat a.B.c(B.java:1)`, config).hint,
      wanted,
    );
  }
});

Deno.test("a failure without a trace is told as one", () => {
  equal(explainFailure("", {}).problem, "a failure without a reason");
});
