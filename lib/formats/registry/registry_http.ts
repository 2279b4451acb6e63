import {
  badOption,
  basicAuthorization,
  errorText,
  refuseUnknownOptions,
  retry,
  type RetryPolicy,
  SluiceError,
  systemClock,
} from "../../core/mod.ts";

/** Where a schema registry is, and how it is spoken to. */
export interface SchemaRegistryOptions {
  /**
   * Its address, with `user:password@` before the host where it asks for them; the environment
   * variable SCHEMA_REGISTRY_URL by default. Any registry that speaks Confluent's API:
   * `http://127.0.0.1:18081/apis/ccompat/v7`.
   */
  readonly url?: string;
  /** A bearer token; for the registry of SCHEMA_REGISTRY_URL that of SCHEMA_REGISTRY_TOKEN, if set. */
  readonly token?: string;
  /** How long one request may take, in milliseconds; absent: 10 seconds. */
  readonly timeoutMs?: number;
  /** How long to try again when it is away, in milliseconds, 0 or more; absent: 10 seconds. */
  readonly retryForMs?: number;
}

/** What the registry answered: a body, or the error of its own for something it does not have. */
export type RegistryAnswer =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly status: 404 | 409; readonly message: string };

/** What is asked of the registry, for messages. */
export interface RegistryRequest {
  /** An infinitive: `register a schema for subject "trades-value"`. */
  readonly attempted: string;
  /** Below the address, with a slash before it. */
  readonly path: string;
  /** `GET` by default. */
  readonly method?: "POST" | "PUT";
  /** Sent as JSON. */
  readonly body?: unknown;
}

const ATTEMPTED = "use a schema registry";
const CONTENT_TYPE = "application/vnd.schemaregistry.v1+json";
const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_RETRY_FOR_MS = 10_000;
const FIRST_RETRY_DELAY_MS = 100;
const MAX_RETRY_DELAY_MS = 2_000;

/** Speaks HTTP to a registry. */
export class RegistryHttp {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #retryPolicy: RetryPolicy;

  /** Reads the options; asks nothing yet. */
  constructor(options: SchemaRegistryOptions) {
    refuseUnknownOptions(ATTEMPTED, options, ["url", "token", "timeoutMs", "retryForMs"]);
    const url = parseUrl(options.url ?? Deno.env.get("SCHEMA_REGISTRY_URL"));
    // The token of one registry is not sent to another.
    const givenToken = options.url === undefined
      ? Deno.env.get("SCHEMA_REGISTRY_TOKEN")
      : undefined;
    const authorization = authorizationOf(url, options.token ?? (givenToken || undefined));
    url.username = "";
    url.password = "";
    this.#url = url.href.replace(/\/+$/, "");
    this.#headers = {
      accept: `${CONTENT_TYPE}, application/json`,
      "content-type": CONTENT_TYPE,
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
   * Asks, and asks again while the registry is away.
   *
   * @throws {SluiceError} `REGISTRY_UNAVAILABLE` (retryable), `REGISTRY_DENIED`, `REGISTRY_REFUSED`.
   */
  ask(request: RegistryRequest): Promise<RegistryAnswer> {
    const never = new AbortController().signal;
    return retry(() => this.#askOnce(request), this.#retryPolicy, systemClock, never, () => {});
  }

  async #askOnce({ attempted, path, method, body }: RegistryRequest): Promise<RegistryAnswer> {
    const where = this.#url + path;
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
      throw unavailable(attempted, where, errorText(cause), cause);
    }
    if (status >= 500 || status === 429 || status === 408) {
      throw unavailable(attempted, where, describe(status, text));
    }
    if (status === 401 || status === 403) {
      throw new SluiceError("REGISTRY_DENIED", {
        attempted,
        where,
        found: describe(status, text),
        hint: "give user:password in SCHEMA_REGISTRY_URL, or a token in SCHEMA_REGISTRY_TOKEN",
      });
    }
    const json = parseJson(text);
    if (status >= 200 && status < 300 && json !== undefined) return { ok: true, body: json };
    // A 404 without the registry's own code comes from something else at that address.
    const code = errorCode(json);
    if (status === 409 || (status === 404 && code >= 40_401 && code <= 40_499)) {
      return { ok: false, status, message: describe(status, text) };
    }
    throw new SluiceError("REGISTRY_REFUSED", {
      attempted,
      where,
      found: describe(status, text),
      ...(status === 422
        ? {}
        : { hint: "see whether SCHEMA_REGISTRY_URL is the registry's address" }),
    });
  }
}

function parseUrl(text: string | undefined): URL {
  const url = text === undefined ? null : URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.host !== "") return url;
  // What is no URL may still hold a password.
  const found = text === undefined || text === "" ? "nothing" : "text that is no such URL";
  throw badOption(ATTEMPTED, "url", found, "http://host:port/path, or SCHEMA_REGISTRY_URL");
}

function authorizationOf(url: URL, token?: string): string | undefined {
  if (token === undefined) return basicAuthorization(ATTEMPTED, url);
  if (url.username === "" && url.password === "") return `Bearer ${token}`;
  throw badOption(ATTEMPTED, "token", "user:password in the address too", "one");
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
  return new SluiceError("REGISTRY_UNAVAILABLE", {
    attempted,
    where,
    found,
    hint: "see whether the registry runs and can be reached from here",
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The registry's own words, where there are any. */
function describe(status: number, text: string): string {
  const json = parseJson(text);
  const message = isObject(json) && typeof json.message === "string" ? json.message : text.trim();
  return message === "" ? `status ${status}` : `status ${status}: ${message.slice(0, 2_000)}`;
}

function errorCode(json: unknown): number {
  return isObject(json) && typeof json.error_code === "number" ? json.error_code : 0;
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
