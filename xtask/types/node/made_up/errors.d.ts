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

/** What went wrong. */
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

/** It is not there. */
export declare class NotFoundError extends CoworkError {
  readonly kind: "not_found";
}

/** It was cut off. */
export declare class CoworkInterruptedError extends CoworkError {
  readonly kind: "interrupted";
}

/** A fault. */
export declare class InternalError extends CoworkError {
  readonly kind: "internal";
}

/** The class for each kind. */
export declare const BY_KIND: ReadonlyMap<string, typeof CoworkError>;

/** Gives the error for what the engine says. One of an unknown kind is a {@link CoworkError}. */
export declare function errorOf(data: ErrorData): CoworkError;
