/**
 * A client for an irisws service.
 *
 *     const irisws = new Client("http://127.0.0.1:8080");
 *     const { label } = await irisws.predictOne({ sl: 3.0, sw: 2.0, pl: 1.0, pw: 1.0 });
 *     // "versicolor"
 *
 * Types: irisws.d.ts.
 */

import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

/** Statuses that say "later", not "no". A prediction has no side effect: a POST may be repeated. */
const PASSING = new Set([429, 502, 503, 504]);

export class Client {
  #baseUrl;
  #options;

  /**
   * @param {string | URL} baseUrl Where the service is; a path in it is kept.
   * @param {import("./irisws.js").ClientOptions} [options]
   */
  constructor(
    baseUrl,
    {
      timeoutMs = 5000,
      retries = 3,
      backoffMs = 100,
      maxBackoffMs = 2000,
      signal,
      fetch = globalThis.fetch,
    } = {},
  ) {
    this.#baseUrl = new URL(baseUrl);
    if (!this.#baseUrl.pathname.endsWith("/")) this.#baseUrl.pathname += "/";
    this.#options = { timeoutMs, retries, backoffMs, maxBackoffMs, signal, fetch };
  }

  /**
   * Classifies rows, each an object by feature name or an array in the model's order.
   *
   * @param {readonly import("./irisws.js").Row[]} rows
   * @param {import("./irisws.js").CallOptions} [options]
   * @returns {Promise<import("./irisws.js").Prediction[]>} One prediction a row, in the same order.
   * @throws {RangeError} A number is NaN or infinite.
   * @throws {InvalidRowsError} The rows do not fit the model; `errors` says where and why.
   * @throws {UnavailableError} The service cannot be reached or is overloaded.
   * @throws {TimeoutError} An attempt took longer than `timeoutMs`.
   */
  async predict(rows, { signal } = {}) {
    const reply = await this.#send("v1/predict", { json: { instances: rows }, signal });
    if (Array.isArray(reply?.predictions)) return reply.predictions;
    throw new IriswsError(`what answers at ${this.#baseUrl} is not irisws`);
  }

  /**
   * Classifies one row; see `predict`.
   *
   * @param {import("./irisws.js").Row} row
   * @param {import("./irisws.js").CallOptions} [options]
   * @returns {Promise<import("./irisws.js").Prediction>}
   */
  async predictOne(row, options) {
    const [prediction] = await this.predict([row], options);
    return prediction;
  }

  /**
   * Fetches what the service says of its model: features, classes, scores, provenance.
   *
   * @param {import("./irisws.js").CallOptions} [options]
   * @returns {Promise<import("./irisws.js").Model>}
   */
  model({ signal } = {}) {
    return this.#send("v1/model", { signal });
  }

  /**
   * Asks once, without retries, whether the service is ready to predict.
   *
   * @param {import("./irisws.js").CallOptions} [options]
   * @returns {Promise<boolean>}
   * @throws {UnavailableError} Nothing answers at the address.
   */
  async ready({ signal } = {}) {
    try {
      await this.#send("health/ready", { signal, retries: 0 });
      return true;
    } catch (error) {
      if (error instanceof UnavailableError && error.cause.status === 503) return false;
      throw error;
    }
  }

  async #send(path, { json, signal, retries = this.#options.retries }) {
    const caller = follow([this.#options.signal, signal]);
    try {
      return await this.#persist(path, json, retries, caller.signal);
    } catch (error) {
      caller.signal.throwIfAborted(); // the caller's own reason, whatever it interrupted
      throw error;
    } finally {
      caller.release();
    }
  }

  async #persist(path, json, retries, signal) {
    const { backoffMs, maxBackoffMs } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(path, json, signal);
      } catch (error) {
        if (!(error instanceof ConnectionError || PASSING.has(error.status))) throw error;
        // Full jitter: callers that failed together must not come back together.
        const jitterMs = Math.random() * Math.min(maxBackoffMs, backoffMs * 2 ** (attempt - 1));
        const waitMs = Math.max(error.retryAfterMs ?? 0, jitterMs);
        if (attempt > retries || waitMs > maxBackoffMs) throw new UnavailableError(attempt, error);
        await sleep(waitMs, undefined, { signal });
      }
    }
  }

  async #attempt(path, json, signal) {
    const { fetch, timeoutMs } = this.#options;
    const url = new URL(path, this.#baseUrl);
    const timeout = AbortSignal.timeout(timeoutMs);
    // A redirect would turn the POST into a GET; it is reported instead.
    const request = { headers: { accept: "application/json" }, redirect: "manual" };
    request.signal = AbortSignal.any([timeout, signal]);
    if (json !== undefined) {
      request.method = "POST";
      request.headers["content-type"] = "application/json";
      request.body = JSON.stringify(json, refuseNonFinite);
    }
    let response, text;
    try {
      response = await fetch(url, request);
      text = await response.text();
    } catch (error) {
      if (timeout.aborted) throw new TimeoutError(url, timeoutMs, error);
      // The Fetch standard reports every network error as a TypeError.
      throw error instanceof TypeError ? new ConnectionError(url, error) : error;
    }
    return read(response, text);
  }
}

/** All that this client throws of itself; a caller's abort rejects with the signal's reason. */
export class IriswsError extends Error {
  get name() {
    return this.constructor.name;
  }
}

/** The service answered with an error: `problem` is its RFC 9457 document. */
export class ProblemError extends IriswsError {
  constructor(response, problem) {
    super(`${response.status}: ${problem.detail ?? problem.title}`);
    this.status = response.status;
    this.problem = problem;
    this.requestId = problem.request_id ?? response.headers.get("x-request-id") ?? undefined;
    this.retryAfterMs = retryAfterMs(response.headers.get("retry-after"));
  }
}

/** 422: the rows do not fit the model; `errors` holds every fault at once. */
export class InvalidRowsError extends ProblemError {
  get errors() {
    return Array.isArray(this.problem.errors) ? this.problem.errors : [];
  }
}

/** No connection, or one that broke before the whole reply was here. */
export class ConnectionError extends IriswsError {
  constructor(url, cause) {
    const { code, message } = cause.cause ?? cause;
    super(`no answer from ${url.origin}: ${code ?? message}`, { cause });
  }
}

/** Gave up after `attempts`; `cause` is the last failure, a ProblemError or a ConnectionError. */
export class UnavailableError extends IriswsError {
  constructor(attempts, cause) {
    super(`gave up, attempts: ${attempts}, the last one: ${cause.message}`, { cause });
    this.attempts = attempts;
  }
}

/** One attempt took too long. Not repeated: asking again does not help a service that is slow. */
export class TimeoutError extends IriswsError {
  constructor(url, timeoutMs, cause) {
    super(`no answer from ${url.origin} within ${timeoutMs} ms`, { cause });
    this.timeoutMs = timeoutMs;
  }
}

/** JSON.stringify would write NaN and Infinity as null, which is a missing value. */
function refuseNonFinite(key, value) {
  if (typeof value !== "number" || Number.isFinite(value)) return value;
  throw new RangeError(`${key} is ${value}: send null for what is missing`);
}

/** The JSON of a good reply; throws the error that any other stands for. */
function read(response, text) {
  const body = parsed(text);
  if (response.ok && body !== undefined) return body;
  if (response.ok) throw new IriswsError(`the reply of ${response.url} is not JSON`);
  const { status, statusText } = response;
  const bare = { type: "about:blank", title: statusText || `HTTP ${status}`, status };
  const problem = typeof body === "object" ? { ...bare, ...body } : bare;
  throw new (status === 422 ? InvalidRowsError : ProblemError)(response, problem);
}

/** `text` as JSON, undefined if it is not: a proxy on the way answers in HTML. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `Retry-After` (RFC 9110, 10.2.3) in milliseconds: "2" is 2000, a date is the time until then. */
function retryAfterMs(header) {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const untilMs = Date.parse(header) - Date.now();
  return Number.isNaN(untilMs) ? undefined : Math.max(0, untilMs);
}

/**
 * One signal that follows `signals` until it is released. AbortSignal.any would leave a record of
 * every call in a signal that lives as long as the client.
 */
function follow(signals) {
  const present = signals.filter(Boolean);
  const controller = new AbortController();
  const abort = ({ target }) => controller.abort(target.reason);
  for (const signal of present) {
    setMaxListeners(0, signal); // many calls at once are no leak
    if (signal.aborted) controller.abort(signal.reason);
    signal.addEventListener("abort", abort);
  }
  const release = () => present.forEach((signal) => signal.removeEventListener("abort", abort));
  return { signal: controller.signal, release };
}
