// Plays every script of `bindings/conformance`, and has Rust compare what came of it.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("..", import.meta.url));
const scripts = fileURLToPath(new URL("../../conformance/", import.meta.url));
const printed = mkdtempSync(join(tmpdir(), "cowork-"));
const own = ["cargo", "run", "--quiet", "--locked", "-p", "cowork-ffi", "--features", "conformance", "--example", "conformance", "--"];
// Whoever has built it already says where it is.
const [judge, ...judging] = process.env.COWORK_JUDGE ? [process.env.COWORK_JUDGE] : own;
let failed = 0;
for (const name of readdirSync(scripts).filter((name) => name.endsWith(".jsonl")).sort()) {
  const [script, out] = [join(scripts, name), join(printed, name)];
  try {
    writeFileSync(out, execFileSync(process.execPath, ["test/conformance.mjs", script], { cwd: here, timeout: 60_000 }));
    execFileSync(judge, [...judging, script, out], { cwd: here, stdio: ["ignore", "inherit", "inherit"] });
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`error: ${name}: ${error.message}`);
    failed += 1;
  }
}
rmSync(printed, { recursive: true });
process.exitCode = failed > 0 ? 1 : 0;
