// Uses that the compiler must take, and others that it must refuse. Nothing of it runs.

import { z } from "zod";
import { BusyError, Cowork, CoworkError, Output, Task, model, planner, tool, version } from "cowork-sdk";
import type { Answer, Item, TaskState, TaskView, UndoReport } from "cowork-sdk";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>) => {};

const add = tool({
  name: "add",
  about: "Adds.",
  input: z.object({ a: z.number(), b: z.number().default(2), note: z.string().optional() }),
  effects: "read_only",
  roles: { note: "alone" },
  title: "add {a}",
  run(args, ctx) {
    same<typeof args, { a: number; b: number; note?: string | undefined }>(true);
    same<typeof ctx.signal, AbortSignal>(true);
    ctx.progress(1, 2, "half");
    return new Output(args.a + args.b, { note: "added" });
  },
});
const plain = tool({ name: "plain", about: "x", input: { type: "object", properties: {} }, run: async (args, { task }) => [args.x, task] });
const nothing = tool({ name: "nothing", about: "x", run() {} });
// @ts-expect-error: there are no such effects.
tool({ name: "x", about: "x", effects: "harmless", run() {} });
// @ts-expect-error: an argument of that name is none.
tool({ name: "x", about: "x", input: z.object({ a: z.number() }), run: ({ b }) => b });
// @ts-expect-error: it does nothing.
tool({ name: "x", about: "x" });

const text = model({ name: "text", window: 1000, answer: () => "It is 42." });
const whole = model({ name: "whole", answer: async ({ messages }, ctx) => (ctx.text("a"), { calls: [{ tool: "add", args: { n: messages.length } }] }) });
const pieces = model({
  name: "pieces",
  async *answer(_, { signal }) {
    if (!signal.aborted) yield "It is 42.";
    return { usage: { input: 1, output: 2 } };
  },
});
// @ts-expect-error: a number is no answer.
model({ name: "x", answer: () => 7 });

const done = planner({ name: "done", plan: ({ task, tools }) => ({ finish: { end: "done", summary: `${task.turns.length} ${tools.length}` } }) });
// @ts-expect-error: a task doesn't end so.
planner({ name: "x", plan: () => ({ finish: { end: "well" } }) });

export async function uses(): Promise<void> {
  await using cowork = new Cowork({
    data_dir: "/tmp/x",
    limits: { tasks: 3 },
    tools: [add, plain, nothing],
    models: [text, whole, pieces],
    planners: [done],
    approver: async (ask, { signal }): Promise<Answer | null> => (signal.aborted || ask.call.tool === "add" ? null : "allow_task"),
    builtin_tools: "none",
    model_settings: {},
  });
  // @ts-expect-error: keys are as on the wire.
  new Cowork({ dataDir: "/tmp/x" });
  // @ts-expect-error: a tool is made by `tool`.
  new Cowork({ tools: [{ name: "x", about: "x", run() {} }] });

  const task = await cowork.start("go", { folders: ["/tmp/y"], maxSteps: 7, signal: AbortSignal.timeout(1000) });
  for await (const item of task) {
    same<typeof item, Item>(true);
    if (item.item === "record" && item.event.type === "call_finished") console.log(item.event.outcome, item.seq);
    else if (item.item === "delta" && item.what.type === "text") console.log(item.what.text);
  }
  for await (const view of task.views({ signal: AbortSignal.timeout(1000) })) {
    same<typeof view, TaskView>(true);
    console.log(view.html, view.lines.join("\n"), view.status === "done");
  }
  for (const record of await task.read({ most: 3 })) console.log(record.seq, (await task.finished()).id, task.id, await task.held());
  // @ts-expect-error: a task needs not be named.
  await task.asks(task.id);
  const state = await task.result();
  same<typeof state, TaskState>(true);
  if (state.result?.end === "failed") throw new CoworkError(state.result.error.message);
  for (const ask of await task.asks()) await task.answer(ask, "allow");
  await task.steer("Be quick.", { sender: "me" });
  await task.cancel();
  same<Awaited<ReturnType<typeof cowork.run>>, TaskState>(true);
  const report: UndoReport = await task.undo({ paths: ["y/a.txt"] });
  await new Task(cowork, task.id).previewUndo();
  const id: string = await cowork.submit("go", { mode: "plan" });
  for await (const item of cowork.events({ task: id, after: 3 })) console.log(item, report);
  // @ts-expect-error: there is no such operation.
  await cowork.fly();
  try {
    await cowork.check();
  } catch (error) {
    if (error instanceof BusyError) same<typeof error.kind, "busy">(true);
    if (error instanceof CoworkError) console.log(error.fix, error.retry, version);
  }
}
