// What an engine can be asked to do.
//
// Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.

import type {
  Box,
  BoxId,
  Colour,
  Json,
  Place,
  Thing,
  Wish,
} from "./types";

/** Asks an engine by names and data: whoever extends it says how. */
export declare abstract class Operations {
  protected abstract _call(op: string, args: { [key: string]: unknown }): Promise<unknown>;

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
}
