// A tool of your own: a function with the schema of its arguments. The planner here calls it once; a model would call it just so.
// Needs `npm install zod`.

import { Cowork, planner, tool } from "cowork-sdk";
import { z } from "zod";

const RATES = { EUR: 0.92, GBP: 0.79 };

const exchange = tool({
  name: "exchange",
  about: "Says what so many dollars are in another currency.",
  input: z.object({ amount: z.number(), to: z.enum(["EUR", "GBP"]).describe("The currency") }),
  effects: "read_only",
  async run({ amount, to }, ctx) {
    ctx.progress(1, 1, "looked up");
    return { amount: Math.round(amount * RATES[to] * 100) / 100 };
  },
});

const once = planner({
  name: "once",
  plan({ task: { turns } }) {
    if (turns.length === 0) return { calls: [{ tool: "exchange", args: { amount: 120, to: "EUR" } }] };
    return { finish: { end: "done", summary: `It is ${turns[0].calls[0].outcome.value.amount} EUR.` } };
  },
});

const cowork = new Cowork({ tools: [exchange], planners: [once] });
try {
  const done = await cowork.run("What are 120 dollars in euro?");
  console.log(done.result.summary);
} finally {
  await cowork.close();
}
