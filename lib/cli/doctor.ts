/**
 * `deno task doctor`: looks at Kafka, Kafka Connect, Postgres and MariaDB, and says for whatever is
 * wrong there what to do.
 *
 * @module
 */
import { surroundings, type Variables } from "./connectors/surroundings.ts";
import { checkConnect } from "./doctor/check_connect.ts";
import { checkKafka, type KafkaReport } from "./doctor/check_kafka.ts";
import { checkMariadb } from "./doctor/check_mariadb.ts";
import { checkPostgres } from "./doctor/check_postgres.ts";
import { checkStack } from "./doctor/check_stack.ts";
import { checkpointsIn } from "./doctor/checkpoint_position.ts";
import type { Finding, FindingLevel } from "./doctor/finding.ts";
import { type Flags, flagsHelp, type FlagValues, parseFlags } from "./flags.ts";
import { print } from "./print.ts";
import { runCommand } from "./run_command.ts";

const CHECKPOINTS = "data/checkpoints";

const FLAGS = {
  checkpoint: {
    type: "string",
    value: "a,b",
    help: `checkpoints of queries; default: all in ${CHECKPOINTS}`,
  },
  group: { type: "string", value: "a,b", help: "consumer groups to look at too" },
  json: { type: "boolean", help: "print JSON" },
  help: { type: "boolean", help: "print this" },
} as const satisfies Flags;

const HELP =
  `Looks at Kafka, Kafka Connect, Postgres and MariaDB, and says for whatever is wrong what to do.

  deno task doctor [options]

Brokers, topics and how far queries are behind; connectors and their tasks; the databases that
connectors read: the log, replication slots, publications, replica identities. Services are those
of KAFKA_BROKERS, CONNECT_URL, DATABASE_URL and MYSQL_URL, else the local ones that run
(deno task stack:up). Nothing is changed. The exit code is 1 if something is broken, else 0.

Options
${flagsHelp(FLAGS)}`;

/** Something does not work, or soon will not. */
const BROKEN = 1;

async function main(args: readonly string[]): Promise<number> {
  const flags = parseFlags("doctor", args, FLAGS);
  if (flags.help) {
    print(HELP);
    return 0;
  }
  const findings = await examine(flags, await surroundings());
  const isBroken = findings.some(({ level }) => level === "broken");
  if (flags.json) print(JSON.stringify({ healthy: !isBroken, findings }, null, 2));
  else printFindings(findings);
  return isBroken ? BROKEN : 0;
}

async function examine(
  flags: FlagValues<typeof FLAGS>,
  variables: Variables,
): Promise<Finding[]> {
  const { KAFKA_BROKERS, CONNECT_URL, DATABASE_URL, MYSQL_URL } = variables;
  const kafka: KafkaReport = KAFKA_BROKERS === undefined
    ? notLookedAt("kafka", "KAFKA_BROKERS")
    : await checkKafka({ brokers: KAFKA_BROKERS.split(",") }, {
      checkpoints: listOf(flags.checkpoint) ?? await checkpointsIn(CHECKPOINTS),
      groups: listOf(flags.group) ?? [],
    });
  const connect = CONNECT_URL === undefined
    ? notLookedAt("connect", "CONNECT_URL")
    : await checkConnect(CONNECT_URL, kafka.topics);
  const { connectors } = { connectors: undefined, ...connect };
  const postgres = await checkPostgres(DATABASE_URL, connectors);
  const mariadb = await checkMariadb(MYSQL_URL, connectors);
  return [
    ...await checkStack(),
    ...kafka.findings,
    ...connect.findings,
    ...DATABASE_URL === undefined ? notLookedAt("postgres", "DATABASE_URL").findings : [],
    ...postgres,
    ...MYSQL_URL === undefined ? notLookedAt("mariadb", "MYSQL_URL").findings : [],
    ...mariadb,
  ];
}

function notLookedAt(area: string, variable: string): { readonly findings: readonly Finding[] } {
  const found = `not looked at: no ${variable}, and none that runs here`;
  return { findings: [{ level: "note", area, subject: "server", found }] };
}

function listOf(text: string | undefined): string[] | undefined {
  return text?.split(",").map((each) => each.trim()).filter((each) => each !== "");
}

function printFindings(findings: readonly Finding[]): void {
  for (const { level, area, subject, found, hint } of findings) {
    print(`${shown(level).padEnd(8)} ${area.padEnd(8)}  ${subject}: ${found}`);
    if (hint !== undefined) print(`${" ".repeat(20)}${hint}`);
  }
  const counted = (level: FindingLevel) => findings.filter((each) => each.level === level).length;
  print(
    `\ndoctor: ${counted("broken")} broken, ${counted("warning")} warnings, ${counted("ok")} ok`,
  );
}

function shown(level: FindingLevel): string {
  return level === "broken" ? "BROKEN" : level;
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
