// What an engine can be asked to do.
//
// Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.

import type {
  Box,
  BoxId,
  Colour,
  Event,
  Json,
  Place,
  Thing,
  Wish,
} from "./types";

/** Asks an engine by names and data: whoever extends it says how. */
export declare abstract class Operations {
  protected abstract _call(op: string, args: { [key: string]: unknown }, signal?: AbortSignal): Promise<unknown>;
  protected abstract _follow(
    op: string,
    args: { [key: string]: unknown },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<any, void, undefined>;

  /**
   * Makes a box ({@link Box}).
   *
   * @param things - What is in it.
   * @param from - Where it comes from.
   */
  makeBox(
    things: Thing[],
    from: Place,
    options?: {
      /**
       * How large it may be.
       *
       * @defaultValue `7`
       */
      maxSize?: number | undefined;
      with?: Wish | null | undefined;
    },
  ): Promise<BoxId>;

  /** Gives all boxes. */
  boxes(): Promise<Box[]>;

  /**
   * Throws a thing away.
   *
   * @param name - What it is called.
   * @param class_ - Its class.
   */
  throwAway(
    name: string,
    class_: string,
    options?: {
      colour?: Colour | undefined;
      /** What it is in. */
      in?: string | undefined;
      xMark?: boolean | undefined;
    },
  ): Promise<void>;

  look(id: BoxId): Promise<Json>;

  /** Has a box moved. */
  submit(
    box: BoxId,
    options?: {
      /**
       * Whether it may take long.
       *
       * @defaultValue `false`
       */
      slow?: boolean | undefined;
      /** Gives it up: the task is cancelled. */
      signal?: AbortSignal | undefined;
    },
  ): Promise<string>;

  /**
   * Waits for a move.
   *
   * @param task - The move.
   */
  settled(task: string): Promise<Box>;

  /** Answers a mover. */
  answer(task: string, yes: boolean): Promise<void>;

  /** Has a move go on faster. */
  hurry(
    task: string,
    by: number,
    options?: {
      why?: string | null | undefined;
    },
  ): Promise<void>;

  /** Gives what happens to boxes. */
  events(
    options?: {
      /** @defaultValue `0` */
      after?: number | undefined;
      task?: string | null | undefined;
      thread?: string | null | undefined;
      /** Ends it. */
      signal?: AbortSignal | undefined;
    },
  ): AsyncGenerator<Event, void, undefined>;

  /** Gives where a move is. */
  places(
    task: string,
    options?: {
      /** Ends it. */
      signal?: AbortSignal | undefined;
    },
  ): AsyncGenerator<Place, void, undefined>;
}

/** Asks an engine what is about one task. */
export declare class TaskOperations {
  constructor(engine: Operations, id: string);
  /** What it is a task of. */
  readonly engine: Operations;
  /** Its name. */
  readonly id: string;
  protected _call(op: string, args: { [key: string]: unknown }): Promise<unknown>;
  protected _follow(
    op: string,
    args: { [key: string]: unknown },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<any, void, undefined>;

  /** Waits for a move. */
  result(): Promise<Box>;

  /** Has a move go on faster. */
  hurry(
    by: number,
    options?: {
      why?: string | null | undefined;
    },
  ): Promise<void>;

  /** Gives what happens to boxes. */
  events(
    options?: {
      /** @defaultValue `0` */
      after?: number | undefined;
      /** Ends it. */
      signal?: AbortSignal | undefined;
    },
  ): AsyncGenerator<Event, void, undefined>;

  /** Gives where a move is. */
  places(
    options?: {
      /** Ends it. */
      signal?: AbortSignal | undefined;
    },
  ): AsyncGenerator<Place, void, undefined>;
}
