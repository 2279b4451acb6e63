import {
  badOption,
  basicAuthorization,
  errorText,
  isRecord,
  refuseUnknownOptions,
  retry,
  type RetryPolicy,
  SluiceError,
  systemClock,
} from "../core/mod.ts";

/** Where Kafka Connect is, and how it is spoken to. */
export interface ConnectOptions {
  /**
   * The address of its REST API, with `user:password@` before the host where it asks for them:
   * `http://127.0.0.1:18083`.
   */
  readonly url: string;
  /** How long one request may take, in milliseconds; absent: 30 seconds. */
  readonly timeoutMs?: number;
  /**
   * How long to try again when it is away or busy with sharing out its work, in milliseconds, 0 or
   * more; absent: 15 seconds.
   */
  readonly retryForMs?: number;
}

/** What is asked of Kafka Connect. */
export interface ConnectRequest {
  /** An infinitive, for messages: `pause connector "orders"`. */
  readonly attempted: string;
  /** Below the address, with a slash before it. */
  readonly path: string;
  /** `GET` by default. */
  readonly method?: "POST" | "PUT" | "DELETE";
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** What it answered, unless it is away or busy. */
export interface ConnectAnswer {
  /** The HTTP status, below 500. */
  readonly status: number;
  /** What the body's JSON holds; `undefined` without one. */
  readonly body: unknown;
}

const ATTEMPTED = "use Kafka Connect";
const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_RETRY_FOR_MS = 15_000;
const FIRST_RETRY_DELAY_MS = 100;
const MAX_RETRY_DELAY_MS = 1_000;
/** What Connect answers while its workers share out the work among them. */
const CONFLICT = 409;

/** Speaks HTTP to Kafka Connect. */
export class ConnectHttp {
  /** Its address without user and password, for messages. */
  readonly where: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #retryPolicy: RetryPolicy;

  /** Reads the options; asks nothing yet. */
  constructor(options: ConnectOptions) {
    refuseUnknownOptions(ATTEMPTED, options, ["url", "timeoutMs", "retryForMs"]);
    const url = parseUrl(options.url);
    const authorization = basicAuthorization(ATTEMPTED, url);
    url.username = "";
    url.password = "";
    this.where = url.href.replace(/\/+$/, "");
    this.#headers = {
      accept: "application/json",
      "content-type": "application/json",
      ...(authorization === undefined ? {} : { authorization }),
    };
    this.#timeoutMs = checkedMs("timeoutMs", options.timeoutMs ?? DEFAULT_TIMEOUT_MS, 1);
    this.#retryPolicy = {
      maxElapsedMs: checkedMs("retryForMs", options.retryForMs ?? DEFAULT_RETRY_FOR_MS, 0),
      firstDelayMs: FIRST_RETRY_DELAY_MS,
      maxDelayMs: MAX_RETRY_DELAY_MS,
    };
  }

  /**
   * Asks, and asks again while Connect is away or busy.
   *
   * @throws {SluiceError} `CONNECT_UNAVAILABLE` (retryable) or `CONNECT_DENIED`.
   */
  ask(request: ConnectRequest): Promise<ConnectAnswer> {
    const never = new AbortController().signal;
    return retry(() => this.#askOnce(request), this.#retryPolicy, systemClock, never, () => {});
  }

  /** The error for an answer that was not wanted, with Connect's own words. */
  refused(
    { attempted, path }: ConnectRequest,
    { status, body }: ConnectAnswer,
    more: { readonly hint?: string } = {},
  ): SluiceError {
    return new SluiceError("CONNECT_REFUSED", {
      attempted,
      where: this.where + path,
      found: describe(status, body),
      ...more,
    });
  }

  async #askOnce({ attempted, path, method, body }: ConnectRequest): Promise<ConnectAnswer> {
    const where = this.where + path;
    let status: number;
    let text: string;
    try {
      const response = await fetch(where, {
        method: method ?? "GET",
        headers: this.#headers,
        signal: AbortSignal.timeout(this.#timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      status = response.status;
      text = await response.text();
    } catch (cause) {
      throw unavailable(attempted, where, reasonOf(cause), cause);
    }
    const json = parseJson(text);
    // Connect answers in JSON; while it starts, its web server knows no path and says so in HTML.
    const isStarting = status === 404 && json === undefined;
    if (status >= 500 || status === CONFLICT || status === 408 || status === 429 || isStarting) {
      throw unavailable(attempted, where, describe(status, json ?? text));
    }
    if (status === 401 || status === 403) {
      throw new SluiceError("CONNECT_DENIED", {
        attempted,
        where,
        found: describe(status, json ?? text),
        hint: "give user:password in the address, CONNECT_URL",
      });
    }
    return { status, body: json };
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.host !== "") return url;
  // What is no URL may still hold a password.
  const found = text === "" ? "nothing" : "text that is no such URL";
  throw badOption(ATTEMPTED, "url", found, "http://host:port");
}

function checkedMs(option: string, value: number, min: number): number {
  if (value >= min) return value;
  throw badOption(ATTEMPTED, option, String(value), `${min} or more milliseconds`);
}

function unavailable(
  attempted: string,
  where: string,
  found: string,
  cause?: unknown,
): SluiceError {
  return new SluiceError("CONNECT_UNAVAILABLE", {
    attempted,
    where,
    found,
    hint: "see whether Kafka Connect runs and can be reached from here; " +
      "`deno task stack:up --with connect` starts a local one",
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What stood in the way; `fetch` itself only says that it failed. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error ? reasonOf(cause) : errorText(error);
}

/** Connect's own words, where there are any. */
function describe(status: number, body: unknown): string {
  const message = isRecord(body) && typeof body.message === "string"
    ? body.message
    : typeof body === "string"
    ? body.trim()
    : "";
  return message === "" ? `status ${status}` : `status ${status}: ${message.slice(0, 2_000)}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
