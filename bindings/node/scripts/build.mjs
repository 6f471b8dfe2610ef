// Builds the engine and puts it where `index.js` looks for it. `--release` builds what is handed out.

import { execFileSync } from "node:child_process";
import { copyFileSync, renameSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = new URL("..", import.meta.url);
const args = ["build", "--locked", "-p", "cowork-node", "--message-format=json-render-diagnostics", ...process.argv.slice(2)];
const out = execFileSync("cargo", args, { cwd: here, stdio: ["ignore", "pipe", "inherit"], maxBuffer: 2 ** 28 });
const built = String(out).split("\n").filter((line) => line.includes('"cdylib"')).map((line) => JSON.parse(line));
const [library] = built.find(({ target }) => target?.name === "cowork_node").filenames;
const kind = { linux: process.report.getReport().header.glibcVersionRuntime ? "-gnu" : "-musl", win32: "-msvc" }[process.platform] ?? "";
const name = fileURLToPath(new URL(`cowork.${process.platform}-${process.arch}${kind}.node`, here));
// In one go: a process may have the one before loaded.
copyFileSync(library, `${name}.new`);
renameSync(`${name}.new`, name);
