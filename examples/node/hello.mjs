// Organises a folder with a built-in playbook: no model, no key. Then gives everything back.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cowork } from "cowork-sdk";

const [data, desk] = ["data-", "desk-"].map((name) => mkdtempSync(join(tmpdir(), name)));
for (const name of ["photo.jpg", "letter.docx", "song.mp3"]) writeFileSync(join(desk, name), name);

const cowork = new Cowork({ data_dir: data });
try {
  const done = await cowork.run("Organise these files by type", { folders: [desk], mode: "auto" });
  console.log(done.result.summary);
  console.log(readdirSync(desk, { recursive: true }).filter((name) => name.includes(".")).sort());
  await cowork.undo(done.id);
  console.log(readdirSync(desk).sort());
} finally {
  await cowork.close();
  for (const folder of [data, desk]) rmSync(folder, { recursive: true });
}
