// What data is like: commands, records, events, and all that they are made of.
//
// Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.

/** Any JSON. A whole number that no `number` can hold exactly is a `bigint`. */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

/**
 * A box, and what is in it ({@link Thing.name}).
 *
 * It says """nothing""" of `\xNN` and ends no comment: *\/
 *
 * - one thing, or two;
 * - or {@link Lid}, `"open"` and {@link LidAt}.
 *
 * It is not `Shelf.of`.
 */
export interface Box {
  gaps?: (number | null)[];
  /** Its name. */
  id: BoxId;
  /**
   * Whether it is open.
   *
   * @defaultValue `"shut"`
   */
  lid?: Lid;
  marks?: { [key: string]: string | null };
  /** Whatever else there is. It says "so" */
  more?: Json;
  /** Whose it is. */
  owner?: BoxOwner;
  size: [number, number, number];
  /** What is in it. */
  things: Thing[];
  /** The box that it is in. */
  within?: Box | null;
}

/** How a box is described. */
export interface BoxDeclaration {
  /**
   * Its colour.
   *
   * @defaultValue `"red"`
   */
  colour?: Colour;
  /** What it is called. */
  name: string;
}

/** Names a box. */
export type BoxId = string;

/** Whose it is. */
export interface BoxOwner {
  name: string;
}

/** A colour. */
export type Colour =
  | "red"
  | "green";

/** What went wrong. */
export interface ErrorData {
  /** Named facts. */
  context?: [string, string][];
  /** What a caller would act on. */
  kind: ErrorKind;
  /** What happened. */
  message: string;
  /** The operation. */
  op: string;
  /** Whether it may be tried again. */
  retry?: Retry;
}

/** Sorts errors. */
export type ErrorKind =
  /** It is not there. */
  | "not_found"
  /** It was cut off. */
  | "interrupted"
  /** A fault. */
  | "internal";

/** Something was put into it. */
export interface EventPut extends Thing {
  type: "put";
}

/** It was moved. */
export interface EventMoved {
  type: "moved";
  /** Where it was. */
  from: Place;
}

/** It is gone. */
export interface EventGone {
  type: "gone";
}

/** What happens to a box. */
export type Event =
  | EventPut
  | EventMoved
  | EventGone;

/** It is open so far. */
export interface LidAt {
  at: number;
}

/** It is held. */
export interface LidHeldBy {
  held_by: LidHeldByContent;
}

/** Whether a box is open. */
export type Lid =
  /** It is shut. */
  | "shut"
  /** It is open. */
  | "open"
  | LidAt
  | LidHeldBy;

export interface LidHeldByContent {
  name: string;
}

/** Nothing is known of it. */
export interface Nothing {
}

/** Where something is. */
export type Place =
  | string
  | Spot[];

export interface RetryAfterMs {
  after_ms: number;
}

/** Says whether it may be tried again. */
export type Retry =
  | "never"
  | RetryAfterMs;

/** A number of a place. */
export type Spot = number;

/** A thing. */
export interface Thing {
  /** Its class. */
  class: string;
  colour?: Colour;
  /** What it is in. */
  in?: string;
  /** What it is called. */
  name: string;
  "x-mark"?: boolean;
}

/** What may be wanted of a box. What is left out is all the same. */
export interface Wish {
  colour?: Colour | null;
  /** @defaultValue `false` */
  deep?: boolean;
}
