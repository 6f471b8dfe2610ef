// What JavaScript's side costs: a planner and a tool that do nothing, in memory. Run it where the package is installed.
//
// Each step is two calls of JavaScript (the planner's, the tool's) or, of 64 calls, sixty-five. What the engine does of it is in the figures.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { Cowork, planner, tool } from "cowork-sdk";

const [TURNS, WIDE] = [4, 64];
const schema = { type: "object", properties: { n: { type: "integer" } } };
const noop = tool({ name: "noop", about: "Does nothing.", input: schema, effects: "read_only", run: async ({ n }) => n });
const alone = tool({ name: "alone", about: "One call after the other.", input: schema, effects: "read_only", locks: ["one"], run: async ({ n }) => n });
const steps = planner({
  name: "steps",
  plan: async ({ task }) => {
    const [most, calls, which] = task.submit.text.split(" ");
    if (task.turns.length === Number(most)) return { finish: { end: "done", summary: "done" } };
    return { calls: Array.from({ length: Number(calls) }, (_, n) => ({ tool: which, args: { n } })) };
  },
});
const median = (all) => all.sort((a, b) => a - b)[all.length >> 1];
const cowork = new Cowork({ tools: [noop, alone], planners: [steps], builtin_tools: "none" });

async function one(turns, calls, which = "noop") {
  const [begun, used] = [performance.now(), process.cpuUsage()];
  await cowork.run(`${turns} ${calls} ${which}`, { maxSteps: 2_000 });
  const { user, system } = process.cpuUsage(used);
  return { wall: performance.now() - begun, cpu: (user + system) / 1e3 };
}

async function repeat(times, run) {
  const all = [];
  for (let n = 0; n < times; n += 1) all.push(await run());
  return all;
}

async function many(tasks, turns) {
  const begun = performance.now();
  await Promise.all(Array.from({ length: tasks }, () => cowork.run(`${turns} 1 noop`)));
  return (tasks * turns * 1e3) / (performance.now() - begun);
}

// What it takes to wake another process from the event loop, and to be woken by it: no call can be quicker that waits for a thread.
async function floor(rounds) {
  const cat = spawn("cat");
  const begun = performance.now();
  for (let n = 0; n < rounds; n += 1) {
    cat.stdin.write("x");
    await once(cat.stdout, "data");
  }
  cat.stdin.end();
  return (performance.now() - begun) / rounds;
}

function start(code) {
  const begun = performance.now();
  execFileSync(process.execPath, ["-e", code]);
  return performance.now() - begun;
}

await one(50, 1);
const loops = await repeat(15, () => one(50, 1));
const wide = await repeat(5, () => one(TURNS, WIDE));
const inTurn = await repeat(5, () => one(TURNS, WIDE, "alone"));
const rate = median(await repeat(3, () => many(200, 10)));
await cowork.close();
console.log(`floor, a round trip to a process that gives back what it gets: ${((await floor(2_000)) * 1e3).toFixed(0)} us`);
const step = (key) => median(loops.map((run) => run[key])) / 50;
console.log(`a step with a planner and a tool in JavaScript: ${(step("wall") * 1e3).toFixed(0)} us, CPU ${step("cpu").toFixed(3)} ms`);
for (const [runs, way] of [[inTurn, "one after the other"], [wide, "at once"]]) {
  console.log(`a call, 64 ${way}: ${((median(runs.map((run) => run.wall)) / (TURNS * WIDE)) * 1e3).toFixed(1)} us`);
}
console.log(`200 tasks of 10 steps at once: ${rate.toFixed(0)} steps/s`);
const [bare, ours] = ["", "require('cowork-sdk')"].map((code) => median(Array.from({ length: 15 }, () => start(code))));
console.log(`import: ${(ours - bare).toFixed(1)} ms over ${bare.toFixed(1)} ms`);
