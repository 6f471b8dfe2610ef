// A table job: sums sales up by region. The same in Rust and in Python leaves the same records, but for ids and times.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cowork, planner } from "cowork-sdk";

const READ = { tool: "read_tables", args: { paths: ["Desk/sales.csv"] } };
const SUM = {
  tool: "combine_tables",
  args: { path: "Desk/by region.csv", sources: ["Desk/sales.csv"], group_by: ["region"], sum: ["amount"] },
};

const sums = planner({
  name: "sums",
  plan({ task: { turns } }) {
    return [{ calls: [READ] }, { calls: [SUM] }, { finish: { end: "done", summary: "Two regions." } }][turns.length];
  },
});

const [data, place] = ["data-", "desk-"].map((name) => mkdtempSync(join(tmpdir(), name)));
writeFileSync(join(place, "sales.csv"), "region,amount\nnorth,10.5\nsouth,4\nnorth,2.25\n");

const cowork = new Cowork({ data_dir: data, planners: [sums] });
try {
  const desk = await cowork.folder(place, { name: "Desk" });
  const done = await cowork.run("Sum up the sales by region", { folders: [desk], mode: "auto" });
  console.log(readFileSync(join(place, "by region.csv"), "utf8"));
  for (const record of await cowork.read({ task: done.id })) console.error(JSON.stringify(record));
} finally {
  await cowork.close();
  for (const folder of [data, place]) rmSync(folder, { recursive: true });
}
