// What the tests share.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Cowork, planner } from "cowork-sdk";

/** Makes a planner that makes these turns, one after the other, and then is done; what the last call gave is its outcome. */
export function turns(...all) {
  return planner({
    name: "script",
    plan({ task: { turns } }) {
      if (turns.length < all.length) return { calls: all[turns.length].map(([tool, args = {}]) => ({ tool, args })) };
      return { finish: { end: "done", summary: "Done." } };
    },
  });
}

/** Opens an engine in memory without built-in tools; it is closed at the test's end. */
export function open(t, options = {}) {
  const cowork = new Cowork({ builtin_tools: "none", ...options });
  // A test may wait for what the engine tells it unasked, which keeps no process alive.
  const alive = setInterval(() => {}, 60_000);
  t.after(() => cowork.close().finally(() => clearInterval(alive)));
  return cowork;
}

/** Has an engine do a task, closes it, and gives the task and all that happened, with what was shown between. */
export async function watched(cowork, text) {
  const stream = cowork.events();
  // It is there from now on.
  const first = stream.next();
  const rest = async () => {
    const items = [(await first).value];
    for await (const item of stream) items.push(item);
    return items;
  };
  const items = rest();
  const state = await (await cowork.start(text)).result();
  // What was shown may come after the records that it was shown between: the stream's end is the end of both.
  await cowork.close();
  return { items: await items, state };
}

/** Has tools called once each, and gives what came of the calls. */
export async function outcomes(t, tools, calls, options) {
  const cowork = open(t, { tools, planners: [turns(calls)], ...options });
  const { turns: [turn] } = await cowork.run("go");
  return turn.calls.map(({ outcome }) => outcome);
}

/** Runs a program with the package at hand, and gives how it ended. */
export function run(program, ...flags) {
  const child = spawn(process.execPath, [...flags, "--input-type=module", "-e", program], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", (data) => (said.out += data));
  child.stderr.on("data", (data) => (said.err += data));
  const limit = setTimeout(() => child.kill("SIGKILL"), 20_000);
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, ...said });
    });
  });
}
