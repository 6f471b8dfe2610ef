// Runs what is written about boxes: its errors go there and back, its methods say what they are given; by `import` and by `require` alike.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { BY_KIND, CoworkError, CoworkInterruptedError, InternalError, NotFoundError, errorOf } from "./made_up/errors.js";
import { Operations, TaskOperations } from "./made_up/operations.js";

const required = createRequire(import.meta.url)("./made_up/errors.js");
assert.equal(required.NotFoundError, NotFoundError);
assert.deepEqual([...BY_KIND.keys()], ["not_found", "interrupted", "internal"]);

const context = [["box", "7"], ["fix", "make one"]];
const data = { kind: "not_found", op: "look", message: "there is no box", retry: { after_ms: 5 }, context };
const error = errorOf(data);
assert(error instanceof NotFoundError && error instanceof CoworkError && error instanceof Error);
assert.equal(String(error), "NotFoundError: there is no box");
assert.equal(error.fact("box"), "7");
assert.equal(error.fact("lid"), undefined);
assert.equal(error.fix, "make one");
assert.deepEqual(JSON.parse(JSON.stringify(error)), data);
assert.deepEqual(errorOf(error.toJSON()), error);

const later = errorOf({ kind: "of_a_later_version", op: "", message: "what is this" });
assert.equal(later.constructor, CoworkError);
assert.equal(later.kind, "of_a_later_version");
const cause = new TypeError("underneath");
const cut = new CoworkInterruptedError("cut off", { fix: "again", cause });
assert.deepEqual(cut.toJSON(), { kind: "interrupted", op: "", message: "cut off", context: [["fix", "again"]] });
assert.equal(cut.cause, cause);
assert.equal(new InternalError("oops").retry, "never");

class Recorded extends Operations {
  async _call(op, args) {
    return [op, args];
  }
  async *_follow(...given) {
    yield given;
  }
}
const boxes = new Recorded();
const things = [{ name: "ball", class: "toy" }];
assert.deepEqual(await boxes.makeBox(things, "shelf", { maxSize: 3 }), ["make_box", { things, from: "shelf", max_size: 3 }]);
assert.deepEqual(await boxes.makeBox(things, [1], { with: null }), ["make_box", { things, from: [1], with: null }]);
assert.deepEqual(await boxes.boxes(), ["boxes", {}]);
assert.deepEqual(await boxes.throwAway("ball", "toy", { xMark: true }), ["throw_away", { name: "ball", class: "toy", "x-mark": true }]);
const { signal } = new AbortController();
for await (const given of boxes.events({ after: 3, signal })) assert.deepEqual(given, ["events", { after: 3 }, signal]);
const task = new TaskOperations(boxes, "t");
assert.deepEqual(await task.result(), ["settled", { task: "t" }]);
assert.deepEqual(await task.hurry(2.5, { why: "late" }), ["hurry", { task: "t", by: 2.5, why: "late" }]);
for await (const given of task.places()) assert.deepEqual(given, ["places", { task: "t" }, undefined]);
assert.equal(task.answer ?? task.look, undefined, "these are not about one task alone");
