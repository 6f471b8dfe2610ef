// Models, planners and approvers of the host's.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Cowork, InvalidInputError, NotAllowedError, UnavailableError, model, planner, tool } from "cowork-sdk";
import { open, turns, watched } from "./support.mjs";

/** Gives the text that was shown while a model answered, and the task in the end. */
async function asked(t, answer, options = {}) {
  const cowork = open(t, { models: [model({ name: "mine", answer })], ...options });
  const { items, state } = await watched(cowork, "What is six times seven?");
  const text = items.map(({ what }) => (what?.type === "text" ? what.text : "")).join("");
  return { text, state };
}

test("a model answers with a text, an answer, or pieces of a text", { timeout: 20_000 }, async (t) => {
  const answers = [
    () => "It is 42.",
    async () => ({ text: "It is 42.", usage: { input: 3, output: 4 } }),
    async function* () {
      yield "It is ";
      yield "42.";
    },
    function* () {
      yield "It is ";
      yield "42.";
    },
    async function* () {
      yield "It is 42.";
      return { usage: { input: 3, output: 4 } };
    },
    () => new ReadableStream({ start: (to) => ["It is ", "42."].forEach((piece) => to.enqueue(piece)) || to.close() }),
    (_, ctx) => (ctx.thinking("Six. Seven."), ctx.text("It is 42."), {}),
  ];
  for (const answer of answers) {
    const { text, state } = await asked(t, answer);
    assert.equal(text, "It is 42.", String(answer));
    assert.deepEqual([state.status, state.result.summary], ["done", "It is 42."], String(answer));
  }
});

test("what is no text, no value or no part is said to be none", { timeout: 20_000 }, async (t) => {
  const pieces = async function* () {
    yield 3;
  };
  const { state } = await asked(t, pieces);
  assert.match(state.result.error.message, /a piece of a model's answer is a text, not number/);
  const gives = (run) => tool({ name: "gives", about: "x", effects: "read_only", input: { type: "object" }, run });
  for (const [run, what] of [[() => () => 1, "function"], [() => Symbol("x"), "symbol"]]) {
    const { turns: [turn] } = await open(t, { tools: [gives(run)], planners: [turns([["gives"]])] }).run("go");
    assert.match(turn.calls[0].outcome.error.message, new RegExp(`is a ${what}, which JSON has not`));
  }
  for (const make of [tool, model, planner]) assert.throws(() => make(), InvalidInputError);
});

test("a character that two pieces share is one", { timeout: 20_000 }, async (t) => {
  const pieces = async function* () {
    yield "six \ud83d";
    yield "\ude00";
    yield " seven \ud83d";
  };
  const { text, state } = await asked(t, pieces);
  // What has no other half is shown as such.
  assert.equal(text, "six 😀 seven \ufffd");
  assert.equal(state.result.summary, text);
});

test("a model calls the host's tools", { timeout: 20_000 }, async (t) => {
  const times = tool({ name: "times", about: "Multiplies.", input: { type: "object" }, effects: "read_only", run: ({ a, b }) => a * b });
  const seen = [];
  const answer = ({ head, messages }) => {
    seen.push(head.tools.some(({ name }) => name === "times"));
    const result = messages.at(-1).blocks.find(({ type }) => type === "result");
    return result ? `It is ${result.text}.` : { calls: [{ tool: "times", args: { a: 6, b: 7 } }] };
  };
  const { state } = await asked(t, answer, { tools: [times] });
  assert.match(state.result.summary, /42/);
  assert.deepEqual(seen, [true, true]);
});

test("what a model says wrong, or throws, ends its task with a reason", { timeout: 20_000 }, async (t) => {
  const cases = [
    [() => 7, "invalid_input"],
    [() => ({ words: "x" }), "invalid_input"],
    [async function* () { yield 7; }, "invalid_input"],
    [() => { throw new NotAllowedError("the key is wrong"); }, "not_allowed"],
    [() => { throw new TypeError("no"); }, "internal"],
  ];
  for (const [answer, kind] of cases) {
    const { state } = await asked(t, answer);
    assert.deepEqual([state.result.end, state.result.error?.kind], ["failed", kind], String(answer));
  }
});

test("a planner that gives nothing fails its task, and is told what it may use", { timeout: 20_000 }, async (t) => {
  let told;
  const plan = (input) => void (told = input);
  const cowork = open(t, { planners: [planner({ name: "mine", plan })] });
  const { result } = await (await cowork.start("go")).result();
  assert.deepEqual([result.end, result.error.kind], ["failed", "invalid_input"]);
  assert.equal(told.task.submit.text, "go");
  assert.ok(Array.isArray(told.tools));
});

/** A tool that is asked about, and a planner that uses it. */
function careful() {
  const send = tool({ name: "send", about: "Sends.", input: { type: "object" }, effects: "changes", title: "send {what}", run: () => "sent" });
  return { tools: [send], planners: [turns([["send", { what: "mail" }]])] };
}

test("an approver answers for the person", { timeout: 20_000 }, async (t) => {
  const asks = [];
  for (const [answer, end] of [["allow", "done"], ["deny", "denied"]]) {
    const approver = async (ask) => (asks.push(ask), answer);
    const { turns: [turn] } = await open(t, { ...careful(), approver }).run("go");
    assert.equal(turn.calls[0].outcome.end, end);
  }
  assert.match(asks[0].effects.preview.title, /send mail/);
});

test("a question that no approver answers waits for somebody else", { timeout: 20_000 }, async (t) => {
  for (const approver of [() => null, () => undefined, () => "perhaps", () => { throw new Error("asleep"); }]) {
    const cowork = open(t, { ...careful(), approver });
    const task = await cowork.start("go");
    assert.equal((await task.result()).status, "waiting");
    await assert.rejects(cowork.finished(task.id), UnavailableError);
    const [ask] = await task.asks();
    await task.answer(ask, "allow");
    assert.equal((await task.result()).status, "done");
  }
});

test("a task can be paused, steered, resumed; what it did to files is shown and undone", { timeout: 30_000 }, async (t) => {
  const data_dir = mkdtempSync(join(tmpdir(), "cowork-"));
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "cowork-")));
  t.after(() => [data_dir, folder].forEach((path) => rmSync(path, { recursive: true })));
  writeFileSync(join(folder, "a.txt"), "one");
  const name = folder.split("/").at(-1);
  const send = careful().tools;
  const steers = [];
  const plan = planner({
    name: "mine",
    plan({ task }) {
      steers.push(...task.steers.map(({ text }) => text));
      const calls = [{ tool: "write_file", args: { path: `${name}/new.txt`, text: "two" } }, { tool: "send", args: { what: "mail" } }];
      return calls[task.turns.length] ? { calls: [calls[task.turns.length]] } : { finish: { end: "done", summary: "Done." } };
    },
  });
  const cowork = open(t, { data_dir, builtin_tools: "all", tools: send, planners: [plan] });
  const task = await cowork.start("go", { folders: [folder] });
  assert.equal((await task.result()).status, "waiting");
  await task.pause();
  await task.steer("Be quick.");
  await task.resume();
  for (let state = await task.result(); state.status !== "done"; state = await task.result()) {
    assert.equal(state.status, "waiting");
    for (const ask of await task.asks()) await task.answer(ask, "allow");
  }
  assert.ok(steers.includes("Be quick."));
  assert.equal(readFileSync(join(folder, "new.txt"), "utf8"), "two");
  assert.equal((await task.changes()).changes.length, 1);
  assert.ok(await task.previewUndo());
  await task.undo();
  assert.deepEqual(readdirSync(folder), ["a.txt"]);
});

test("a host may wait for a service that is away, as its error says", { timeout: 20_000 }, async (t) => {
  let tries = 0;
  const answer = () => {
    if ((tries += 1) < 2) throw new UnavailableError("it is away", { retry: { after_ms: 1 } });
    return "It is 42.";
  };
  const { state } = await asked(t, answer);
  assert.deepEqual([tries, state.status], [2, "done"]);
});

test("what an engine can't be made of is refused where it is given", () => {
  const cases = [
    [() => new Cowork(5), /opened with an object/],
    [() => new Cowork(null), /opened with an object/],
    [() => new Cowork([]), /opened with an object/],
    [() => new Cowork({ approver: "yes" }), /the approver is made of a function, not of string/],
    [() => new Cowork({ tools: tool({ name: "it", about: "x", input: { type: "object" }, run: () => 1 }) }), /`tools` is a list/],
    [() => new Cowork({ tools: [model({ name: "m", answer: () => "x" })] }), /`tools` is a list/],
    [() => tool({ name: "it", about: "x", input: { type: "object" } }), /the tool is made of a function, not of undefined/],
    [() => model({ name: "m" }), /the model is made of a function/],
    [() => planner({ name: "p", plan: null }), /the planner is made of a function, not of object/],
    [() => new Cowork({ planner: "typo" }), /there is no planner `typo`/],
    [() => new Cowork({ data_dir: "" }), /has no name/],
  ];
  for (const [make, why] of cases) assert.throws(make, (error) => error instanceof InvalidInputError && why.test(error.message), String(make));
});
