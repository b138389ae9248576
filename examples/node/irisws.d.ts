/** The value of one feature; null is a missing one, where the model takes it. */
export type FeatureValue = number | string | boolean | null;

/** One row: its values by feature name or alias, or in the order in which the model lists them. */
export type Row = Readonly<Record<string, FeatureValue>> | readonly FeatureValue[];

/** A value unlike those seen in training: answered, but trusted less. */
export interface RangeWarning {
  feature: string;
  value: number | string;
  /** The range, of a number. */
  minimum?: number;
  maximum?: number;
  /** The power of ten that brings the number inside, if one does: in another unit, perhaps. */
  factor?: number;
  /** For a person: "petal_width 3.0 cm is outside the 0.1 to 2.5 cm seen in training". */
  detail: string;
}

export interface Prediction {
  label: string;
  /** The place of `label` among the model's classes, from 0. */
  index: number;
  /** By label, between 0 and 1, in sum 1; left out by a model that knows none. */
  probabilities?: Record<string, number>;
  warnings: RangeWarning[];
}

/** What the service says of one feature. */
export interface Feature {
  name: string;
  /** "number" if it is left out. */
  kind?: "number" | "integer" | "boolean" | "string";
  /** Whether null is allowed; false if it is left out. */
  missing?: boolean;
  alias?: string;
  unit?: string;
  minimum?: number;
  maximum?: number;
  example?: FeatureValue;
  [member: string]: unknown;
}

/** What the service says of one class. */
export interface ModelClass {
  name: string;
  value: number | string | boolean;
  [member: string]: unknown;
}

/** The model's card; it holds more members than these. */
export interface Model {
  name: string;
  version: string;
  created: string;
  features: Feature[];
  classes: ModelClass[];
  sha256: string;
  [member: string]: unknown;
}

/** One fault of a request: where (RFC 6901 JSON pointer) and what. */
export interface Fault {
  pointer: string;
  detail: string;
  /** The name that was probably meant. */
  suggestion?: string;
}

/** RFC 9457 problem details; a reply that is not one gives only type, title and status. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  errors?: Fault[];
  request_id?: string;
  [member: string]: unknown;
}

export interface CallOptions {
  /** Ends the call at once, also while it waits to try again. */
  signal?: AbortSignal;
}

export interface ClientOptions {
  /** The longest time for one attempt, the reply's body included; 5000 by default. */
  timeoutMs?: number;
  /** How often a failed attempt is repeated; 3 by default, 0 for never. */
  retries?: number;
  /** The bound of the first random wait before a retry, doubled each time; 100 by default. */
  backoffMs?: number;
  /** The longest wait; a `Retry-After` beyond it ends the call. 2000 by default. */
  maxBackoffMs?: number;
  /** Ends every call of this client. */
  signal?: AbortSignal;
  /** `globalThis.fetch` by default; wrap it to add a header, such as an API key. */
  fetch?: typeof globalThis.fetch;
}

export class Client {
  constructor(baseUrl: string | URL, options?: ClientOptions);

  /**
   * Classifies rows (`POST /v1/predict`); gives one prediction a row, in the same order.
   *
   * Rejects with RangeError if a number is NaN or infinite, which JSON has no way to say,
   * InvalidRowsError if a row does not fit the model, UnavailableError if the service
   * cannot be reached or is overloaded, TimeoutError if an attempt took longer than `timeoutMs`,
   * ProblemError for any other error reply, and the signal's reason if the caller aborts.
   */
  predict(rows: readonly Row[], options?: CallOptions): Promise<Prediction[]>;

  /** Classifies one row; see `predict`. */
  predictOne(row: Row, options?: CallOptions): Promise<Prediction>;

  /** Fetches the model's card (`GET /v1/model`). */
  model(options?: CallOptions): Promise<Model>;

  /**
   * Asks once, without retries, whether the service is ready (`GET /health/ready`): 200 is true,
   * 503 is false. Rejects with UnavailableError if nothing answers at the address.
   */
  ready(options?: CallOptions): Promise<boolean>;
}

/** All that the client throws of itself. */
export class IriswsError extends Error {}

/** The service answered with an error. */
export class ProblemError extends IriswsError {
  constructor(response: Response, problem: Problem);
  readonly status: number;
  readonly problem: Problem;
  /** Stands in the service's log, too. */
  readonly requestId: string | undefined;
  /** How long the service asks to wait (`Retry-After`). */
  readonly retryAfterMs: number | undefined;
}

/** 422: the rows do not fit the model. */
export class InvalidRowsError extends ProblemError {
  /** Every fault at once. */
  get errors(): Fault[];
}

/** No connection, or one that broke before the whole reply was here. */
export class ConnectionError extends IriswsError {
  constructor(url: URL, cause: Error);
}

/** Gave up on 429, 502, 503, 504 or a failing connection. */
export class UnavailableError extends IriswsError {
  constructor(attempts: number, cause: ProblemError | ConnectionError);
  readonly attempts: number;
  /** The last failure. */
  readonly cause: ProblemError | ConnectionError;
}

/** One attempt took too long; it is not repeated. */
export class TimeoutError extends IriswsError {
  constructor(url: URL, timeoutMs: number, cause: Error);
  readonly timeoutMs: number;
}
