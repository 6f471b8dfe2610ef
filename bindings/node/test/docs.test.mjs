// What the documentation says is read by the compiler and run as it stands, and so are the examples.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";

const here = fileURLToPath(new URL("..", import.meta.url));
const root = fileURLToPath(new URL("../../..", import.meta.url));
const [page, examples] = [join(root, "docs/node.md"), join(root, "examples/node")];

/** Makes an empty folder where programs find the package, as it is here or where `COWORK_PACKAGE` says, and what they use besides. */
function place(t) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "cowork-")));
  t.after(() => rmSync(folder, { recursive: true }));
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "@types"), { recursive: true });
  symlinkSync(process.env.COWORK_PACKAGE || here, join(modules, "cowork-sdk"), "junction");
  for (const name of ["zod", "ws", "@types/node"]) symlinkSync(join(here, "node_modules", name), join(modules, name), "junction");
  return folder;
}

/** Runs a program in a folder of its own, and gives what it printed. */
async function run(program) {
  const cwd = `${program}.d`;
  mkdirSync(cwd);
  const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd, timeout: 30_000, killSignal: "SIGKILL" });
  return stdout;
}

/** Gives the snippets of a page by the lines they begin at. */
function snippets(text) {
  const found = [...text.matchAll(/^```(js|ts)\n([^]*?)^```/gm)];
  return found.map(({ 1: language, 2: program, index }) => ({ language, program, line: text.slice(0, index).split("\n").length + 1 }));
}

/** Gives what the strict compiler says of programs, and writes them as JavaScript that Node has. */
function compiled(programs) {
  const { compilerOptions } = ts.readConfigFile(join(here, "test/types/tsconfig.json"), ts.sys.readFile).config;
  const { options } = ts.convertCompilerOptionsFromJson({ ...compilerOptions, noEmit: false }, here);
  const program = ts.createProgram(programs, options);
  const { diagnostics } = program.emit(undefined, undefined, undefined, false);
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(({ file, start, messageText }) => {
    const at = file && `${basename(file.fileName)}, line ${file.getLineAndCharacterOfPosition(start).line + 1}`;
    return `${at}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
}

test("every snippet is what the compiler takes, and runs", { timeout: 60_000 }, async (t) => {
  const folder = place(t);
  const found = snippets(readFileSync(page, "utf8"));
  assert.ok(found.length >= 8, `${found.length}`);
  const name = ({ line }, extension) => join(folder, `line-${line}.${extension}`);
  for (const snippet of found) writeFileSync(name(snippet, "mts"), snippet.program);
  assert.deepEqual(compiled(found.map((snippet) => name(snippet, "mts"))), []);
  for (const snippet of found) {
    // What is said to be JavaScript is run as it is written.
    if (snippet.language === "js") writeFileSync(name(snippet, "mjs"), snippet.program);
    await t.test(`docs/node.md, line ${snippet.line}`, { timeout: 30_000 }, () => run(name(snippet, "mjs")));
  }
});

test("every example is short, and runs", { timeout: 60_000 }, async (t) => {
  const folder = place(t);
  const names = readdirSync(examples);
  assert.deepEqual(names.sort(), readdirSync(join(root, "examples/python")).map((name) => name.replace(/\.py$/, ".mjs")).sort());
  for (const name of names) {
    const program = join(folder, name);
    cpSync(join(examples, name), program);
    assert.ok(readFileSync(program, "utf8").split("\n").length <= 60, name);
    await t.test(name, { timeout: 30_000 }, async () => assert.notEqual(await run(program), ""));
  }
});

test("the table job leaves the records that it leaves everywhere", { timeout: 30_000 }, async (t) => {
  const folder = place(t);
  const program = join(folder, "table.mjs");
  cpSync(join(examples, "table.mjs"), program);
  const { stderr } = await promisify(execFile)(process.execPath, [program], { timeout: 20_000 });
  assert.equal(JSON.parse(stderr.trim().split("\n").at(-1)).event.type, "task_finished");
  // Whether they are right is decided in Rust.
  if (!process.env.COWORK_JUDGE) return t.skip("COWORK_JUDGE names no judge");
  const printed = join(folder, "records.jsonl");
  writeFileSync(printed, stderr);
  await promisify(execFile)(process.env.COWORK_JUDGE, ["--records", join(root, "examples/table.jsonl"), printed], { timeout: 20_000 });
});
