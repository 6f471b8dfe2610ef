// Errors: a class for each kind.
//
// Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.

import type { ErrorData, Retry } from "./types";

/** What is known of an error besides its message. */
export interface ErrorFacts {
  /** The operation that failed, in a few words. */
  op?: string | undefined;
  /** Whether, and when, the same thing may be tried again. */
  retry?: Retry | undefined;
  /** Named facts. */
  context?: readonly (readonly [string, string])[] | undefined;
  /** The next step, for a person; it becomes a fact. */
  fix?: string | undefined;
  /** What a caller would act on, where the class does not say it. */
  kind?: string | undefined;
  /** What was underneath; it does not cross to the engine. */
  cause?: unknown;
}

/**
 * Says what went wrong, in a way that a caller can act on and a person can read.
 *
 * `message` says what happened and why, in one sentence without a final full stop; the context entry `fix`,
 * where there is one, says the next step. It crosses every boundary as its fields, never as text alone.
 */
export declare class CoworkError extends Error {
  constructor(message: string, facts?: ErrorFacts);
  /** What a caller would act on. One that is not known here comes from a later version of the engine. */
  readonly kind: string;
  /** The operation that failed, in a few words. */
  readonly op: string;
  /** Whether, and when, the same thing may be tried again. */
  readonly retry: Retry;
  /** Named facts. */
  readonly context: [string, string][];
  /** The next step, for a person. */
  get fix(): string | undefined;
  /** Gives the value of a named fact. */
  fact(name: string): string | undefined;
  /** Gives it as the engine has it. */
  toJSON(): ErrorData;
}

/** The caller's words are off: mend them and call again. */
export declare class InvalidInputError extends CoworkError {
  readonly kind: "invalid_input";
}

/** What was named is not there. */
export declare class NotFoundError extends CoworkError {
  readonly kind: "not_found";
}

/** Policy, a grant or a person said no. */
export declare class NotAllowedError extends CoworkError {
  readonly kind: "not_allowed";
}

/** Something else changed it first: read again, then decide again. */
export declare class ConflictError extends CoworkError {
  readonly kind: "conflict";
}

/** Somebody else holds it now: wait, or stop them. */
export declare class BusyError extends CoworkError {
  readonly kind: "busy";
}

/** The task's lease went to another process: stop at once, write nothing more. */
export declare class LeaseLostError extends CoworkError {
  readonly kind: "lease_lost";
}

/** Stored bytes are damaged or missing: see `cowork doctor`. */
export declare class CorruptError extends CoworkError {
  readonly kind: "corrupt";
}

/** Written by a later version: update this program. */
export declare class NewerVersionError extends CoworkError {
  readonly kind: "newer_version";
}

/** The disk, a quota or a table is full. */
export declare class FullError extends CoworkError {
  readonly kind: "full";
}

/** A limit on time, memory, size or count was reached. */
export declare class LimitExceededError extends CoworkError {
  readonly kind: "limit_exceeded";
}

/** A service or a file system does not answer: try again later. */
export declare class UnavailableError extends CoworkError {
  readonly kind: "unavailable";
}

/** This platform or host can't do it, and nothing weaker was done instead. */
export declare class UnsupportedError extends CoworkError {
  readonly kind: "unsupported";
}

/** A person or the host stopped it. */
export declare class CoworkCancelledError extends CoworkError {
  readonly kind: "cancelled";
}

/** The process died in the middle, and what the call did is not known. */
export declare class CoworkInterruptedError extends CoworkError {
  readonly kind: "interrupted";
}

/** A fault of this program. */
export declare class InternalError extends CoworkError {
  readonly kind: "internal";
}

/** The class for each kind. */
export declare const BY_KIND: ReadonlyMap<string, typeof CoworkError>;

/** Gives the error for what the engine says. One of an unknown kind is a {@link CoworkError}. */
export declare function errorOf(data: ErrorData): CoworkError;
