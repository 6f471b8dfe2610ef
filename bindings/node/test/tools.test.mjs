// Tools: what they are told, what they give, what they throw.

import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { BusyError, CoworkError, InvalidInputError, Output, model, planner, tool } from "cowork-sdk";
import { open, outcomes, turns } from "./support.mjs";

const plain = (name, run) => tool({ name, about: "Is a test's.", input: { type: "object" }, effects: "read_only", run });

test("a tool's arguments are read by its schema, with what that fills in", { timeout: 20_000 }, async (t) => {
  const input = z.object({ a: z.number(), b: z.number().default(2) });
  const add = tool({ name: "add", about: "Adds.", input, effects: "read_only", run: ({ a, b }) => a + b });
  const [three] = await outcomes(t, [add], [["add", { a: 1 }]]);
  assert.equal(three.value, 3);
  const cowork = open(t, { tools: [add] });
  const [{ schema }] = (await cowork.tools()).filter(({ name }) => name === "add");
  assert.deepEqual(schema.required, ["a"]);
  assert.equal(schema.$schema, undefined);
});

test("arguments that a schema's own checks refuse never reach the tool", { timeout: 20_000 }, async (t) => {
  const input = z.object({ even: z.number().refine((n) => n % 2 === 0, "it is odd") });
  const half = tool({ name: "half", about: "Halves.", input, effects: "read_only", run: () => assert.fail("it ran") });
  const [{ error }] = await outcomes(t, [half], [["half", { even: 3 }]]);
  assert.equal(error.kind, "invalid_input");
  assert.match(error.message, /the arguments of `half` do not fit: it is odd, at even/);
});

test("a schema of which no JSON Schema can be made is refused with what to do", () => {
  const make = (input) => () => tool({ name: "it", about: "x", input, run() {} });
  const tellsWhat = (e) => e instanceof InvalidInputError && /`schema` beside `input`/.test(e.fix);
  assert.throws(make(z.object({ at: z.date() })), tellsWhat);
  assert.throws(make({ "~standard": { version: 1, vendor: "mine", validate: (value) => ({ value }) } }), tellsWhat);
});

test("a tool knows what it belongs to, and shows how far it is", { timeout: 20_000 }, async (t) => {
  let told;
  const far = plain("far", (_, ctx) => {
    ctx.progress(1, 3, "one");
    told = ctx;
    return new Output([1], { note: "one of three", label: { i: "trusted", c: "public" } });
  });
  const cowork = open(t, { tools: [far], planners: [turns([["far"]])] });
  const task = await cowork.start("go");
  const items = [];
  for await (const item of task) items.push(item);
  const finished = items.find(({ event }) => event?.type === "call_finished");
  assert.deepEqual(finished.event.outcome.value, [1]);
  assert.equal(finished.event.outcome.note, "one of three");
  assert.equal(told.task, task.id);
  assert.equal(told.attempt, 1);
  assert.equal(told.signal.aborted, false);
});

test("what JSON has is given as it is, and integers as exact as they were", { timeout: 20_000 }, async (t) => {
  const values = {
    big: 2n ** 63n,
    least: -(2n ** 63n),
    unsafe: 2 ** 60,
    float: 1e300,
    digits: 0.1234567890123456,
    text: '"1234567890123456789"\\',
    emoji: "👩‍👩‍👧",
    date: new Date(0),
    left_out: undefined,
    method() {},
    nothing: null,
  };
  const [{ value }] = await outcomes(t, [plain("give", () => values)], [["give"]]);
  const { date, left_out, method, ...same } = values;
  assert.deepEqual(value, { ...same, unsafe: 2n ** 60n, date: "1970-01-01T00:00:00.000Z" });
});

test("a tool that gives nothing gives null", { timeout: 20_000 }, async (t) => {
  const [{ value }] = await outcomes(t, [plain("act", () => {})], [["act"]]);
  assert.equal(value, null);
});

test("what JSON has not fails the call, with a kind, and nothing else", { timeout: 20_000 }, async (t) => {
  const cycle = {};
  cycle.cycle = cycle;
  let deep = 0;
  for (let n = 0; n < 100_000; n += 1) deep = [deep];
  const odd = {
    nan: { n: NaN },
    infinity: [Infinity],
    hole: [undefined],
    function: () => {},
    symbol: Symbol("x"),
    cycle,
    deep,
    half: "\ud83d",
    big: 2n ** 64n,
    throws: { toJSON() { throw new Error("no") } },
    map: new Map([["a", 1]]),
    set: { all: [new Set([1])] },
    error: new Error("no"),
    forgotten: { later: Promise.resolve(1) },
  };
  const tools = Object.entries(odd).map(([name, value]) => plain(name, () => value));
  const came = await outcomes(t, tools, Object.keys(odd).map((name) => [name]));
  came.forEach((outcome, n) => assert.equal(outcome.error?.kind, "invalid_input", `${Object.keys(odd)[n]}: ${JSON.stringify(outcome)}`));
});

test("what a tool throws is its call's failure, whatever it is", { timeout: 20_000 }, async (t) => {
  const thrown = [
    new TypeError("no such thing"), "a text", null, undefined, 7n, Symbol("x"), { toString() { throw 1 } },
    Object.assign(new Error("x"), { name: { toString() { throw 1 } } }), new Error("half \ud83d"), new Error(""),
  ];
  const tools = thrown.map((what, n) => plain(`t${n}`, n % 2 ? async () => { throw what } : () => { throw what }));
  const came = await outcomes(t, tools, tools.map((_, n) => [`t${n}`]));
  const errors = came.map(({ error }) => error);
  assert.equal(errors.length, thrown.length);
  assert.ok(errors.every(({ kind }) => kind === "internal"));
  assert.deepEqual(errors[0], { kind: "internal", op: "call host", message: "TypeError: no such thing", context: [["type", "TypeError"]] });
});

test("an error of ours keeps its kind and its facts", { timeout: 20_000 }, async (t) => {
  const error = new BusyError("the printer is in use", { op: "print", retry: { after_ms: 5 }, context: [["tray", "2"]], fix: "wait" });
  const [came] = await outcomes(t, [plain("print", () => { throw error })], [["print"]]);
  assert.deepEqual(came.error, error.toJSON());
  const odd = Object.assign(new CoworkError("x"), { context: [["n", 1n]] });
  const [other] = await outcomes(t, [plain("odd", () => { throw odd })], [["odd"]]);
  assert.equal(other.error.kind, "internal");
  const loose = new BusyError("half \ud83d", { op: 1, context: [["n", 3], ["big", 3n], ["none", undefined]], fix: ["wait"] });
  const [third] = await outcomes(t, [plain("loose", () => { throw loose })], [["loose"]]);
  const context = [["n", "3"], ["big", "3"], ["none", "undefined"], ["fix", "wait"]];
  assert.deepEqual(third.error, { kind: "busy", op: "1", message: "half \ufffd", context });
});

test("ten million characters cross both ways", { timeout: 30_000 }, async (t) => {
  const long = '\\"é😀 1234567890123456789 '.repeat(400_000);
  const [{ value }] = await outcomes(t, [plain("long", () => long)], [["long"]]);
  assert.ok(value === long);
});

test("what is wrong with a part is said when it is made, and with a setting when the engine is opened", { timeout: 20_000 }, (t) => {
  const cases = [
    [() => tool({ name: "it", about: "x", input: { type: "array" }, run() {} }), /not that of an object/],
    [() => tool({ name: "It!", about: "x", input: { type: "object" }, run() {} }), /It!/],
    [() => tool({ name: "it", about: "x", input: { type: "object" }, effects: "readonly", run() {} }), /readonly/],
    [() => model({ name: "it", window: "large", answer() {} }), /window/],
    [() => planner({ name: "it", toolz: [], plan() {} }), /toolz/],
  ];
  for (const [make, why] of cases) assert.throws(make, (e) => e instanceof InvalidInputError && why.test(e.message), String(make));
  assert.throws(() => open(t, { tools: [{ name: "it" }] }), (e) => e instanceof InvalidInputError && /`tool`/.test(e.fix));
  assert.throws(() => open(t, { dataDir: "x" }), (e) => e instanceof InvalidInputError && /dataDir/.test(e.message));
  assert.throws(() => open(t, { data_dir: 7 }), (e) => e.kind === "invalid_input" && e.fact("at") === "/data_dir");
});

test("a role that a schema says holds a call to it, or makes no tool", { timeout: 20_000 }, async (t) => {
  const file = z.string().meta({ "x-cowork-role": "reads" });
  for (const [input, args] of [
    [z.object({ path: file }), { path: "/etc/passwd" }],
    [z.object({ path: file.optional() }), { path: "/etc/passwd" }],
    [z.object({ paths: z.array(file) }), { paths: ["Desk/a", "/etc/passwd"] }],
  ]) {
    const look = tool({ name: "look", about: "x", input, effects: "read_only", run: () => "seen" });
    const [{ error }] = await outcomes(t, [look], [["look", args]]);
    assert.deepEqual([error?.kind, error?.op], ["invalid_input", "read path"]);
  }
  for (const input of [z.object({ in: z.object({ path: file }) }), z.object({ n: z.number().meta({ "x-cowork-role": "reads" }) })]) {
    assert.throws(() => tool({ name: "look", about: "x", input, run() {} }), (e) => e instanceof InvalidInputError && /gives a role/.test(e.message));
  }
});
