// What README shows, as it is written there.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { run } from "./support.mjs";

test("the example of README runs", { timeout: 30_000 }, async () => {
  const [, program] = /```js\n([^]*?)```/.exec(readFileSync(new URL("../README.md", import.meta.url), "utf8"));
  const { code, out, err } = await run(program);
  assert.deepEqual({ code, err }, { code: 0, err: "" });
  assert.match(out, /call_finished\ndecided\ntask_finished\nIt is 3\.\n$/);
});
