// A planner of your own: it sees the task as the log tells it, and says which calls come next.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cowork, planner } from "cowork-sdk";

const counter = planner({
  name: "counter",
  local: true,
  plan({ task: { submit, turns } }) {
    if (turns.length === 0) {
      const folder = submit.folders[0].name;
      return {
        say: `I look at ${folder}.`,
        plan: [{ title: "Look at the folder", state: "active" }],
        calls: [{ tool: "find_files", args: { folder, name: "*.txt" } }],
      };
    }
    const found = turns[0].calls[0].outcome.value;
    return { finish: { end: "done", summary: `There are ${found.files.length} texts.`, data: found } };
  },
});

const [data, desk] = ["data-", "desk-"].map((name) => mkdtempSync(join(tmpdir(), name)));
for (const name of ["a.txt", "b.txt", "c.jpg"]) writeFileSync(join(desk, name), name);

const cowork = new Cowork({ data_dir: data, planners: [counter] });
try {
  const done = await cowork.run("Count the texts", { folders: [desk] });
  console.log(done.result.summary);
} finally {
  await cowork.close();
  for (const folder of [data, desk]) rmSync(folder, { recursive: true });
}
