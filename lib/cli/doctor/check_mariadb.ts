import type { ConnectorConfig } from "../../connect/mod.ts";
import { withMariadb } from "../connectors/source_mariadb.ts";
import { mysqlUrl } from "../database_url.ts";
import type { KnownConnector } from "./check_connect.ts";
import { type Finding, Findings } from "./finding.ts";

/** A server to look at. */
interface Target {
  readonly place: string;
  readonly login: Login;
  /** The connectors that read it. */
  readonly connectors: readonly KnownConnector[];
  /** True for the one of MYSQL_URL, which must be there. */
  readonly isGiven: boolean;
}

interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** The server's settings by name. */
type Settings = Readonly<Record<string, string>>;

/** A connector that rests for longer than the log is kept loses changes, in seconds. */
const MIN_KEPT_SECONDS = 86_400;

/** Looks at the server of MYSQL_URL and at those that connectors read: whether changes can be read. */
export async function checkMariadb(
  serverUrl: string | undefined,
  connectors: readonly KnownConnector[] | undefined,
): Promise<Finding[]> {
  const findings = new Findings("mariadb");
  for (const target of targets(serverUrl, connectors ?? [], findings)) {
    const subject = `server ${target.place}`;
    try {
      checkSettings(subject, await readSettings(target.login), target, findings);
    } catch (error) {
      findings.addError(target.isGiven ? "broken" : "warning", subject, error);
    }
  }
  return [...findings.all];
}

/** Each server once. */
function targets(
  serverUrl: string | undefined,
  connectors: readonly KnownConnector[],
  findings: Findings,
): Target[] {
  const found = new Map<string, Target>();
  if (serverUrl !== undefined) {
    try {
      const login = loginOf(serverUrl);
      const place = `${login.host}:${login.port}`;
      found.set(place, { place, login, connectors: [], isGiven: true });
    } catch (error) {
      findings.addError("broken", "MYSQL_URL", error);
    }
  }
  for (const connector of connectors) {
    const { status, config } = connector;
    if (!/\b(MariaDb|MySql)Connector$/i.test(config["connector.class"] ?? "")) continue;
    const login = loginIn(config);
    if (Object.values(login).some((value) => String(value).includes("${"))) {
      const text = "its database is not looked at: only Kafka Connect knows how to log in";
      findings.add("note", `connector "${status.name}"`, text);
      continue;
    }
    const place = `${login.host}:${login.port}`;
    const known = found.get(place) ?? { place, login, connectors: [], isGiven: false };
    found.set(place, { ...known, connectors: [...known.connectors, connector] });
  }
  return [...found.values()];
}

function checkSettings(
  subject: string,
  settings: Settings,
  { connectors }: Target,
  findings: Findings,
): void {
  const before = findings.all.length;
  // Without a connector it is a server like any other.
  const level = connectors.length > 0 ? "broken" : "warning";
  const { log_bin: log, binlog_format: format, binlog_row_image: image } = settings;
  if (log !== "ON") {
    const hint = "start the server with --log-bin, --binlog-format=ROW and a --server-id";
    findings.add(level, subject, "it keeps no binlog, so no changes can be read", hint);
    return;
  }
  if (format !== "ROW") {
    const found = `binlog_format ${format}: it logs statements, not rows`;
    findings.add(level, subject, found, "set global binlog_format = ROW, and in the server's file");
  }
  if (image !== "FULL") {
    const found = `binlog_row_image ${image}: updates come without the columns that stay`;
    findings.add(
      level,
      subject,
      found,
      "set global binlog_row_image = FULL, and in the server's file",
    );
  }
  const keptSeconds = keptFor(settings);
  if (keptSeconds > 0 && keptSeconds < MIN_KEPT_SECONDS) {
    const found =
      `the binlog is kept for ${keptSeconds} s: a connector that rests longer loses changes`;
    const hint = `set global binlog_expire_logs_seconds = ${3 * MIN_KEPT_SECONDS}`;
    findings.add("warning", subject, found, hint);
  }
  checkServerIds(subject, settings, connectors, findings);
  if (findings.all.length > before) return;
  findings.add("ok", subject, `version ${settings.version}, binlog of whole rows`);
}

/** Servers and readers of a binlog are told apart by their ids: of two with the same, one is cut off. */
function checkServerIds(
  subject: string,
  settings: Settings,
  connectors: readonly KnownConnector[],
  findings: Findings,
): void {
  const holders = new Map([[settings.server_id, "the server itself"]]);
  for (const { status, config } of connectors) {
    const id = config["database.server.id"];
    if (id === undefined) continue;
    const holder = holders.get(id);
    if (holder !== undefined) {
      const found = `connector "${status.name}" has the id ${id} of ${holder}`;
      findings.add("broken", subject, found, "give each connector a database.server.id of its own");
    }
    holders.set(id, `connector "${status.name}"`);
  }
}

/** How long the log is kept, in seconds; 0: for ever. */
function keptFor(settings: Settings): number {
  const seconds = Number(settings.binlog_expire_logs_seconds ?? 0);
  return seconds > 0 ? seconds : Number(settings.expire_logs_days ?? 0) * MIN_KEPT_SECONDS;
}

async function readSettings(login: Login): Promise<Settings> {
  const place = `${login.host}:${login.port}`;
  return await withMariadb({ ...login }, place, "look at the server", async (connection) => {
    const [rows] = await connection.query(
      "show global variables where variable_name in ('version', 'server_id', 'log_bin', " +
        "'binlog_format', 'binlog_row_image', 'binlog_expire_logs_seconds', 'expire_logs_days')",
    );
    const settings = rows as { Variable_name: string; Value: string }[];
    return Object.fromEntries(settings.map((each) => [each.Variable_name, each.Value]));
  });
}

function loginOf(url: string): Login {
  const { hostname, port, username, password } = mysqlUrl(url);
  return {
    host: hostname,
    port: Number(port || 3306),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}

function loginIn(config: ConnectorConfig): Login {
  return {
    host: config["database.hostname"] ?? "",
    port: Number(config["database.port"] ?? 3306),
    user: config["database.user"] ?? "",
    password: config["database.password"] ?? "",
  };
}
