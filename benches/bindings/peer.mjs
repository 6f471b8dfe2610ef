// The package as a peer: a model's tool loop with a tool in JavaScript, by the options of the harness whose folder `PEERS` names.
// A session is a task of its own, in a thread of its own, with the usual policy; the log is in memory.

import { pathToFileURL } from "node:url";
import { Cowork, tool } from "cowork-sdk";

const { main } = await import(pathToFileURL(`${process.env.PEERS}/node/_h.mjs`));

await main("cowork-node", ["cowork-sdk"], ({ url, model, sessions, echo }) => {
  const schema = { type: "object", properties: { text: { type: "string" } }, required: ["text"] };
  const cowork = new Cowork({
    tools: [tool({ name: "echo", about: "Echo the text back.", schema, effects: "read_only", run: async ({ text }) => echo(text) })],
    // However long the history grows, it is not summarized here.
    model_settings: { mock: { service: "anthropic", base: url, model, window: 100_000_000, key: "env:MOCK_KEY" } },
    secrets: { MOCK_KEY: "k" },
    builtin_tools: "none",
    limits: { tasks: Math.max(64, sessions) },
  });
  return async (prompt) => (await cowork.run(prompt, { thread: prompt, mode: "auto" })).result.summary;
});
