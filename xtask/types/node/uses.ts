// Uses of the engine's types, as a host would write them. A line that should be refused says so: a compiler that takes it is an error too.

import { CoworkError, NotFoundError, errorOf } from "../../../bindings/node/errors";
import type { Command, ErrorData, Event, Json, Record, Retry, Submit, What } from "../../../bindings/node/types";
import { Operations } from "./made_up/operations";

export function failed(event: Event): string | null | undefined {
  if (event.type === "call_finished") {
    const outcome = event.outcome;
    if (outcome.end === "failed") return outcome.error.message;
    if (outcome.end === "denied") return outcome.reason;
  }
  if (event.type === "decided") return event.say;
  return undefined;
}

export function became(what: What): string {
  switch (what.is) {
    case "moved":
      return what.from;
    case "created":
    case "edited":
    case "set_aside":
    case "mode":
      return "";
    default:
      return what satisfies never;
  }
}

export function wait(retry: Retry): number {
  return typeof retry === "string" ? 0 : retry.after_ms;
}

export function place(record: Record): [string, number] {
  return [record.thread, record.seq];
}

export function read(id: string): never {
  const data: ErrorData = { kind: "not_found", op: "read", message: `there is no task ${id}` };
  const error: Error = errorOf(data);
  if (error instanceof NotFoundError) throw error;
  throw new CoworkError("no", { kind: "of_a_later_version", fix: "update" });
}

const planner: Json = { model: "local", parameters: [1, 2n, null, { deep: true }] };
const task: Submit = { text: "tidy up", planner, folders: [{ name: "Downloads", at: "/d", access: "write" }] };
export const commands: Command[] = [
  { type: "submit", ...task },
  { type: "steer", text: "only the pictures" },
  { type: "cancel" },
  { type: "undo", paths: ["Downloads/a"] },
];

export class Boxes extends Operations {
  protected async _call(op: string, args: { [key: string]: unknown }): Promise<unknown> {
    return [op, args];
  }
  protected async *_follow(op: string): AsyncGenerator<any, void, undefined> {
    yield op;
  }
}
export const made: Promise<string> = new Boxes().makeBox([{ name: "ball", class: "toy" }], "shelf", { maxSize: 3 });

// @ts-expect-error A task has a text.
export const nothing: Submit = {};
// @ts-expect-error There is no such field.
export const misspelt: Submit = { text: "tidy up", modes: "ask" };
// @ts-expect-error There is no such command.
export const unknown: Command = { type: "forget" };
// @ts-expect-error There is no such mode.
export const mode: Submit = { text: "tidy up", mode: "yolo" };
// @ts-expect-error A fact has a name and a value.
export const context: ErrorData = { kind: "full", op: "", message: "", context: [["path"]] };
// @ts-expect-error A function is no JSON.
export const unjson: Json = { at: () => 1 };
// @ts-expect-error A box is made of things.
export const unmade = new Boxes().makeBox("ball", "shelf");
