// A model of your own: an async generator that gives an answer piece by piece. Put the client of your service here.

import { Cowork, model } from "cowork-sdk";

const parrot = model({
  name: "parrot",
  at: "here",
  async *answer({ messages }) {
    const asked = messages.at(-1).blocks.find(({ type }) => type === "text").text;
    for (const word of `You said so yourself: ${asked.trim().split("\n").at(-1)}`.split(" ")) yield `${word} `;
    return { usage: { input: 12, output: 9 } };
  },
});

const cowork = new Cowork({ models: [parrot] });
try {
  const task = await cowork.start("Polly wants a cracker");
  for await (const item of task) {
    if (item.item === "delta" && item.what.type === "text") process.stdout.write(item.what.text);
  }
  const done = await task.result();
  console.log(`\n${done.result.summary}`);
} finally {
  await cowork.close();
}
