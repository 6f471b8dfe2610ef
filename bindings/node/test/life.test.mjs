// Lives and ends: of tasks, engines, streams, workers and the process.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { BusyError, Cowork, CoworkCancelledError, InvalidInputError, NotFoundError, Task, model, planner, tool } from "cowork-sdk";
import { open, run, turns } from "./support.mjs";

/** Makes a tool that comes to no end, and a promise of its context. */
function hanging() {
  let began;
  const there = new Promise((resolve) => (began = resolve));
  const run = (_, ctx) => (began(ctx), new Promise(() => {}));
  return { there, hang: tool({ name: "hang", about: "Hangs.", input: { type: "object" }, effects: "read_only", run }) };
}

const aborted = (signal) => signal.aborted || new Promise((resolve) => signal.addEventListener("abort", resolve));

test("a cancelled task aborts the signal of what it runs", { timeout: 20_000 }, async (t) => {
  const { hang, there } = hanging();
  const task = await open(t, { tools: [hang], planners: [turns([["hang"]])] }).start("go");
  const end = task.result();
  const { signal } = await there;
  const began = performance.now();
  await task.cancel();
  await aborted(signal);
  assert.ok(performance.now() - began < 200, `${performance.now() - began} ms`);
  assert.ok(signal.reason instanceof CoworkCancelledError);
  assert.equal((await end).result.end, "cancelled");
});

test("a task that is aborted is cancelled though the engine is closed at once, whether or not it has a name by then", { timeout: 40_000 }, async () => {
  const { hang } = hanging();
  for (const how of ["run", "start"]) {
    for (let turns_ = 0; turns_ < 8; turns_++) {
      const folder = mkdtempSync(join(tmpdir(), "cowork-"));
      const options = { builtin_tools: "none", data_dir: folder, tools: [hang], planners: [turns([["hang"]])] };
      const [cowork, control] = [new Cowork(options), new AbortController()];
      const given = cowork[how]("go", { signal: control.signal });
      given.catch(() => {});
      for (let turn = 0; turn < turns_; turn++) await (turn % 2 ? new Promise(setImmediate) : null);
      control.abort("enough");
      await cowork.close();
      const next = new Cowork(options);
      for (const { task } of await next.tasks()) assert.equal((await next.settled(task)).status, "cancelled", `${how}, ${turns_}`);
      await next.close();
      rmSync(folder, { recursive: true });
      if (how === "run") await assert.rejects(given, CoworkCancelledError);
    }
  }
});

test("a signal that is asked for late is aborted already", { timeout: 20_000 }, async (t) => {
  const { hang, there } = hanging();
  const task = await open(t, { tools: [hang], planners: [turns([["hang"]])] }).start("go");
  const end = task.result();
  const ctx = await there;
  await task.cancel();
  await end;
  assert.ok(ctx.signal.aborted);
});

test("the caller's signal cancels the task, and is let go of with it", { timeout: 20_000 }, async (t) => {
  const { hang, there } = hanging();
  const cowork = open(t, { tools: [hang], planners: [turns([["hang"]])] });
  const control = new AbortController();
  const end = (await cowork.start("go", { signal: control.signal })).result();
  await there;
  control.abort();
  assert.equal((await end).result.end, "cancelled");
  const early = cowork.start("go", { signal: AbortSignal.abort("enough") });
  await assert.rejects(early, (e) => e instanceof CoworkCancelledError && e.cause === "enough");
});

test("the caller's signal is let go of by a task that fails, or is only looked at", { timeout: 20_000 }, async (t) => {
  const fails = planner({ name: "fails", plan: () => ({ finish: { end: "failed", error: new BusyError("no") } }) });
  const { signal } = new AbortController();
  const cowork = open(t, { planners: [fails] });
  await assert.rejects(cowork.run("go", { signal }), BusyError);
  for await (const _ of (await cowork.start("go", { signal })).views());
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("a task whose name comes too late for whoever gave it up is cancelled", { timeout: 40_000 }, async (t) => {
  const { hang } = hanging();
  for (let turn = 0; turn < 5; turn++) {
    const control = new AbortController();
    // It is asked while names of others are on their way.
    const plan = planner({ name: "p", plan: () => (control.abort("enough"), { calls: [{ tool: "hang", args: {} }] }) });
    const cowork = open(t, { tools: [hang], planners: [plan] });
    await Promise.allSettled(Array.from({ length: 100 }, () => cowork.start("go", { signal: control.signal })));
    for (const { task } of await cowork.tasks()) {
      for await (const view of cowork.views(task)) if (view.status !== "running") break;
      assert.equal((await cowork.settled(task)).status, "cancelled");
    }
  }
});

test("the caller's signal cancels a task that rests, or that nobody looks at any more", { timeout: 20_000 }, async (t) => {
  const { hang } = hanging();
  const send = tool({ name: "send", about: "Sends.", effects: "changes", run: () => new Promise(() => {}) });
  const plan = planner({ name: "p", plan: ({ task }) => ({ calls: [{ tool: task.submit.text, args: {} }] }) });
  const cowork = open(t, { tools: [send, hang], planners: [plan] });
  const drained = async (stream, stop) => {
    for await (const _ of stream) stop?.abort();
  };
  const looks = [
    ["send", (task) => drained(task.views())],
    ["send", (task) => assert.rejects(task.finished(), /waiting/)],
    ["hang", (task, stop) => drained(task.events({ signal: stop.signal }), stop)],
    ["hang", (task, stop) => drained(task.views({ signal: stop.signal }), stop)],
  ];
  for (const [text, look] of looks) {
    const control = new AbortController();
    const task = await cowork.start(text, { signal: control.signal });
    await look(task, new AbortController());
    control.abort();
    for await (const view of task.views()) if (view.status === "cancelled") break;
    assert.equal((await task.result()).status, "cancelled", String(look));
    assert.equal(getEventListeners(control.signal, "abort").length, 0);
  }
});

test("one signal ends many tasks, and nobody is warned of a leak", { timeout: 20_000 }, async (t) => {
  const { hang } = hanging();
  const cowork = open(t, { tools: [hang], planners: [turns([["hang"]])] });
  const warned = [];
  const warns = (warning) => warned.push(warning.message);
  process.on("warning", warns);
  t.after(() => process.off("warning", warns));
  const control = new AbortController();
  const run = Array.from({ length: 12 }, () => cowork.run("go", { signal: control.signal }));
  const started = Array.from({ length: 12 }, () => cowork.start("go", { signal: control.signal }));
  const ends = (await Promise.all(started)).map((task) => task.result());
  control.abort();
  for (const one of run) await assert.rejects(one, CoworkCancelledError);
  for (const { result } of await Promise.all(ends)) assert.equal(result.end, "cancelled");
  assert.equal(getEventListeners(control.signal, "abort").length, 0);
  assert.deepEqual(warned, []);
});

test("what is no signal is refused before anything is begun", { timeout: 20_000 }, async (t) => {
  const cowork = open(t, { planners: [turns()] });
  const refused = (e) => e instanceof InvalidInputError && e.message.includes("no AbortSignal") && e.fix !== undefined;
  for (const signal of ["stop", 1, {}, new AbortController()]) {
    await assert.rejects(cowork.run("go", { signal }), refused);
    await assert.rejects(cowork.events({ signal }).next(), refused);
  }
  assert.deepEqual(await cowork.tasks(), []);
});

test("an option that there is not is refused: it may have been meant as a limit", { timeout: 20_000 }, async (t) => {
  const cowork = open(t, { planners: [turns()] });
  const refused = (why) => (e) => e instanceof InvalidInputError && e.message.includes(why) && e.fix !== undefined;
  await assert.rejects(cowork.start("go", { max_steps: 1 }), refused("no option `max_steps`"));
  await assert.rejects(cowork.submit("go", ["plan"]), refused("are no object"));
  await assert.rejects(cowork.submit("go", null), refused("are no object"));
  const task = await cowork.start("go", { maxSteps: 5, mode: undefined });
  await assert.rejects(task.cancel({ task: task.id }), refused("no option `task`"));
  assert.throws(() => task.events({ since: 3 }), refused("no option `since`"));
  assert.equal((await task.result()).submit.max_steps, 5);
});

test("to run a task is to wait for its end, and to hear why it has come to none", { timeout: 20_000 }, async (t) => {
  const { hang, there } = hanging();
  const control = new AbortController();
  const { result } = await open(t, { planners: [turns()] }).run("go");
  assert.deepEqual(result, { end: "done", summary: "Done." });
  const error = new BusyError("the printer is in use", { op: "print" });
  const fails = planner({ name: "fails", plan: () => ({ finish: { end: "failed", error } }) });
  await assert.rejects(open(t, { planners: [fails] }).run("go"), (e) => e instanceof BusyError && e.message === error.message);
  const run = open(t, { tools: [hang], planners: [turns([["hang"]])] }).run("go", { signal: control.signal });
  void there.then(() => control.abort());
  await assert.rejects(run, CoworkCancelledError);
});

test("an answer that nobody wants any more ends its generator", { timeout: 20_000 }, async (t) => {
  let [began, ended, wake] = [];
  const there = new Promise((resolve) => (began = resolve));
  const over = new Promise((resolve) => (ended = resolve));
  async function* answer(_, ctx) {
    try {
      yield "one";
      began(ctx);
      await new Promise((resolve) => (wake = resolve));
      yield "two";
      assert.fail("it was asked for more");
    } finally {
      ended("over");
    }
  }
  const task = await open(t, { models: [model({ name: "slow", answer })] }).start("go");
  const end = task.result();
  const { signal } = await there;
  await task.cancel();
  await aborted(signal);
  wake();
  assert.equal((await end).result.end, "cancelled");
  assert.equal(await over, "over");
});

test("once an engine is closed its calls and streams are over", { timeout: 20_000 }, async (t) => {
  const { hang, there } = hanging();
  const cowork = open(t, { tools: [hang], planners: [turns([["hang"]])] });
  const task = await cowork.start("go");
  const settled = task.result();
  const { signal } = await there;
  const stream = cowork.events();
  await stream.next();
  await Promise.all([cowork.close(), assert.rejects(settled, CoworkCancelledError)]);
  for await (const item of stream) assert.ok(item);
  assert.ok(signal.aborted);
  await assert.rejects(cowork.tasks(), CoworkCancelledError);
  await assert.rejects(cowork.events().next(), CoworkCancelledError);
  await assert.rejects(cowork.start("go"), CoworkCancelledError);
  await cowork.close();
});

test("a stream can be left early, or ended from outside", { timeout: 20_000 }, async (t) => {
  const cowork = open(t, { planners: [turns()] });
  const task = await cowork.start("go");
  for await (const item of task) {
    assert.equal(item.seq, 2);
    break;
  }
  const control = new AbortController();
  const seen = [];
  for await (const { event } of cowork.events({ signal: control.signal })) {
    seen.push(event?.type);
    if (event?.type === "task_finished") setImmediate(() => control.abort());
  }
  assert.ok(seen.includes("thread_opened") && seen.includes("task_finished"));
  for await (const item of cowork.events({ signal: control.signal })) assert.fail(item);
});

test("a task is seen at once, while it works, and in the end", { timeout: 20_000 }, async (t) => {
  let [go, looks] = [];
  const seen = new Promise((resolve) => (go = resolve));
  const looked = new Promise((resolve) => (looks = resolve));
  const run = async (_, ctx) => {
    // What is shown between records is for those who look by then.
    await looked;
    ctx.progress(1, 2, "<half> of it");
    await seen;
  };
  const work = tool({ name: "work", about: "Works.", input: { type: "object" }, effects: "read_only", run });
  const task = await open(t, { tools: [work], planners: [turns([["work"]])] }).start("go");
  const views = [];
  for await (const view of task.views()) {
    views.push(view);
    looks();
    if (view.html.includes("width:50%'></u></div><small>&lt;half&gt; of it</small>")) go();
  }
  assert.ok(views.length >= 3);
  assert.deepEqual(views.flatMap(({ lines }) => lines), ["✓ work", "done: Done."]);
  assert.deepEqual([views.at(-1).status, views.at(-1).text], ["done", "done: Done."]);
  assert.equal((await task.finished()).id, task.id);
  for await (const view of task.views({ signal: AbortSignal.abort() })) assert.fail(view.text);
});

test("a task is found again by its name", { timeout: 20_000 }, async (t) => {
  const cowork = open(t, { planners: [turns()] });
  const { id } = await cowork.start("go");
  assert.equal((await new Task(cowork, id).result()).status, "done");
  const nobody = new Task(cowork, "0193f0a2-7b7c-7000-8000-000000000009");
  await assert.rejects(nobody.result(), (e) => e instanceof NotFoundError && e.stack.includes("life.test.mjs"));
});

test("twenty slow tools run at once", { timeout: 20_000 }, async (t) => {
  // None of them goes on before all are there.
  const there = [];
  const run = ({ first }) => new Promise((resolve) => {
    if (first) return resolve();
    if (there.push(resolve) === 20) there.forEach((go) => go());
  });
  const slow = tool({ name: "slow", about: "Waits.", input: { type: "object" }, effects: "read_only", run });
  const calls = Array.from({ length: 20 }, (_, n) => ["slow", { n }]);
  const { status } = await open(t, { tools: [slow], planners: [turns([["slow", { first: 1 }]], calls)] }).run("go");
  assert.equal(status, "done");
  assert.equal(there.length, 20);
});

const PROGRAM = `
  import { Cowork, planner, tool } from "cowork-sdk";
  const hang = tool({ name: "hang", about: "x", input: { type: "object" }, effects: "read_only", run: () => new Promise(() => {}) });
  const plan = planner({ name: "p", plan: () => ({ calls: [{ tool: "hang", args: {} }] }) });
  const cowork = new Cowork({ builtin_tools: "none", tools: [hang], planners: [plan] });
`;

test("a process with tools ends by itself when nobody waits for anything", { timeout: 30_000 }, async () => {
  assert.deepEqual(await run(`${PROGRAM} console.log("open");`), { code: 0, signal: null, out: "open\n", err: "" });
  assert.deepEqual(await run(`${PROGRAM} await cowork.start("go"); console.log("begun");`), { code: 0, signal: null, out: "begun\n", err: "" });
});

test("a process that waits for a task lives", { timeout: 30_000 }, async () => {
  const program = `${PROGRAM} const task = await cowork.start("go");
    setTimeout(() => task.cancel(), 300).unref();
    console.log((await task.result()).status);`;
  assert.deepEqual(await run(program), { code: 0, signal: null, out: "cancelled\n", err: "" });
});

test("a process may exit while tasks run and calls are under way", { timeout: 30_000 }, async () => {
  const program = `${PROGRAM} const task = await cowork.start("go");
    task.result(); for (let n = 0; n < 50; n += 1) cowork.submit("go");
    setTimeout(() => process.exit(7), 100);`;
  assert.deepEqual(await run(program), { code: 7, signal: null, out: "", err: "" });
});

test("an uncaught error in a tool's own timer ends the process as it would anyway", { timeout: 30_000 }, async () => {
  const { code, signal, err } = await run(`${PROGRAM} await cowork.start("go"); setTimeout(() => { throw new Error("mine") }, 50);`);
  assert.deepEqual({ code, signal }, { code: 1, signal: null });
  assert.match(err, /mine/);
});

const WORKER = `
  import { parentPort } from "node:worker_threads";
  ${PROGRAM}
  const done = planner({ name: "done", plan: () => ({ finish: { end: "done", summary: "Done." } }) });
  const own = new Cowork({ builtin_tools: "none", planners: [done] });
  const { status } = await (await own.start("go")).result();
  await own.close();
  await cowork.start("go");
  parentPort.postMessage(status);
`;

test("workers have engines of their own, and may be ended with tasks in them", { timeout: 60_000 }, async () => {
  const at = new URL("worker.mjs", import.meta.url);
  const ends = Array.from({ length: 4 }, async (_, n) => {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(WORKER.replaceAll('"cowork-sdk"', JSON.stringify(new URL("../index.mjs", at).href)))}`));
    const exit = new Promise((resolve) => worker.once("exit", resolve));
    const status = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    assert.equal(status, "done");
    // Half of them end by themselves.
    if (n % 2) await worker.terminate();
    else await exit;
  });
  await Promise.all(ends);
});

test("closed engines leave nothing behind", { timeout: 60_000 }, async (t) => {
  if (process.platform !== "linux") return t.skip("threads are counted in /proc");
  const program = `${PROGRAM}
    import { readdirSync } from "node:fs";
    import { setTimeout as wait } from "node:timers/promises";
    const threads = () => readdirSync("/proc/self/task").length;
    await cowork.close();
    const before = threads();
    const life = async () => {
      const one = new Cowork({ builtin_tools: "none", tools: [hang], planners: [plan] });
      await one.start("go");
      await one.close();
    };
    for (let n = 0; n < 20; n += 1) await life();
    for (let n = 0; n < 50 && threads() > before; n += 1) { gc(); await wait(50); }
    console.log(threads() <= before);`;
  assert.deepEqual(await run(program, "--expose-gc"), { code: 0, signal: null, out: "true\n", err: "" });
});

test("a thousand tasks leave nothing behind", { timeout: 60_000 }, async () => {
  const program = `
    import { Cowork, planner, tool } from "cowork-sdk";
    const add = tool({ name: "add", about: "x", input: { type: "object" }, effects: "read_only", run: ({ n }) => n + 1 });
    const plan = planner({ name: "p", plan: ({ task: { turns } }) => turns.length ? { finish: { end: "done", summary: "Done." } } : { calls: [{ tool: "add", args: { n: 1 } }] } });
    const signal = new AbortController().signal;
    const used = async (tasks) => {
      const cowork = new Cowork({ builtin_tools: "none", tools: [add], planners: [plan] });
      for (let n = 0; n < tasks; n += 1) await (await cowork.start("go", { signal })).result();
      await cowork.close();
      gc();
      return process.memoryUsage().heapUsed;
    };
    await used(200);
    const before = await used(1);
    const after = await used(1000);
    console.log(after - before < 2_000_000 || (after - before));`;
  assert.deepEqual(await run(program, "--expose-gc"), { code: 0, signal: null, out: "true\n", err: "" });
});
