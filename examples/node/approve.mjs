// Approval in code: what changes something is shown first, exactly as it would be done.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cowork, planner } from "cowork-sdk";

async function approver(ask) {
  console.log("It wants to", ask.effects.preview.title);
  return ask.call.tool === "write_file" ? "allow" : "deny";
}

const writer = planner({
  name: "writer",
  plan({ task: { turns } }) {
    if (turns.length === 0) {
      const write = { tool: "write_file", args: { path: "Desk/note.txt", text: "hello" } };
      const clear = { tool: "set_aside", args: { paths: ["Desk/old.txt"] } };
      return { calls: [write, clear] };
    }
    const [one, other] = turns[0].calls.map(({ outcome }) => outcome.end);
    return { finish: { end: "done", summary: `One was ${one}, one was ${other}.` } };
  },
});

const [data, place] = ["data-", "desk-"].map((name) => mkdtempSync(join(tmpdir(), name)));
writeFileSync(join(place, "old.txt"), "old");

const cowork = new Cowork({ data_dir: data, planners: [writer], approver });
try {
  const desk = await cowork.folder(place, { name: "Desk" });
  const done = await cowork.run("Write a note and clear up", { folders: [desk], mode: "ask" });
  console.log(done.result.summary, readdirSync(place).sort());
} finally {
  await cowork.close();
  for (const folder of [data, place]) rmSync(folder, { recursive: true });
}
