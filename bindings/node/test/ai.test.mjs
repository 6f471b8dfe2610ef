// Models of the package `ai`, by its own mocks: what they are asked, and what is made of what they stream.

import assert from "node:assert/strict";
import { test } from "node:test";
import { APICallError } from "ai";
import { MockLanguageModelV3, MockLanguageModelV4, convertArrayToReadableStream } from "ai/test";
import { MockLanguageModelV2 } from "ai5/test";
import { InvalidInputError, tool } from "cowork-sdk";
import { fromAiSdk } from "cowork-sdk/ai";
import { open, watched } from "./support.mjs";

const USAGE = {
  v2: { inputTokens: 10, outputTokens: 5, totalTokens: 15, cachedInputTokens: 4, reasoningTokens: 2 },
  v3: { inputTokens: { total: 10, noCache: 6, cacheRead: 4, cacheWrite: 0 }, outputTokens: { total: 5, text: 3, reasoning: 2 } },
};
const MOCKS = { v2: MockLanguageModelV2, v3: MockLanguageModelV3, v4: MockLanguageModelV4 };
const THOUGHT = { mine: { signature: "s1" } };

/** Makes a mock that streams these parts, one list for each question. */
function mock(version, ...answers) {
  const calls = [];
  const doStream = async (options) => {
    const parts = answers[calls.length];
    calls.push(options);
    const reason = parts.some(({ type }) => type === "tool-call") ? "tool-calls" : "stop";
    const finishReason = version === "v2" ? reason : { unified: reason, raw: reason };
    const finish = { type: "finish", finishReason, usage: USAGE[version] ?? USAGE.v3 };
    return { stream: convertArrayToReadableStream([{ type: "stream-start", warnings: [] }, ...parts, finish]) };
  };
  const service = new MOCKS[version]({ provider: "mine.chat", modelId: "m-1", doStream });
  assert.equal(service.specificationVersion, version);
  return { service, calls };
}

const text = (...pieces) => [
  { type: "text-start", id: "t" },
  ...pieces.map((delta) => ({ type: "text-delta", id: "t", delta })),
  { type: "text-end", id: "t" },
];

for (const version of ["v2", "v3", "v4"]) {
  test(`a model of ${version} thinks, calls a tool, and answers`, { timeout: 20_000 }, async (t) => {
    const times = tool({ name: "times", about: "Multiplies.", input: { type: "object" }, effects: "read_only", run: ({ a, b }) => a * b });
    const { service, calls } = mock(
      version,
      [
        { type: "response-metadata", id: "r-1", modelId: "m-1-2026" },
        { type: "reasoning-start", id: "r" },
        { type: "reasoning-delta", id: "r", delta: "Six. " },
        { type: "reasoning-delta", id: "r", delta: "Seven." },
        { type: "reasoning-end", id: "r", providerMetadata: THOUGHT },
        ...text("Let me ", "see."),
        { type: "tool-input-start", id: "c1", toolName: "times" },
        { type: "tool-call", toolCallId: "c1", toolName: "times", input: '{"a":6,"b":7}', providerMetadata: { mine: { sign: 2 } } },
      ],
      text("It is ", "42."),
    );
    const cowork = open(t, { tools: [times], models: [fromAiSdk(service, { window: 50_000 })] });
    const { items, state } = await watched(cowork, "Six times seven?");
    const shown = {};
    for (const { what } of items) if (what) shown[what.type] = (shown[what.type] ?? "") + (what.text ?? what.tool);
    assert.deepEqual([state.status, state.result.summary], ["done", "It is 42."]);
    assert.deepEqual(state.submit.planner, { model: "m-1", name: "model" });
    assert.equal(shown.text, "Let me see.It is 42.");
    assert.equal(shown.thinking, "Six. Seven.");
    assert.equal(shown.calling, "times");
    assert.deepEqual(state.spent.usage, { input: 12, cache_read: 8, output: 10, thinking: 4 });
    const [first, second] = calls;
    assert.equal(first.prompt[0].role, "system");
    assert.ok(first.tools.some(({ type, name, inputSchema }) => type === "function" && name === "times" && inputSchema.type === "object"));
    assert.ok(first.abortSignal instanceof AbortSignal);
    const [assistant, result] = second.prompt.slice(-2);
    // The engine gives a call a name of its own.
    const { toolCallId } = assistant.content[2];
    assert.deepEqual(assistant, {
      role: "assistant",
      content: [
        { type: "reasoning", text: "Six. Seven.", providerOptions: THOUGHT },
        { type: "text", text: "Let me see." },
        { type: "tool-call", toolCallId, toolName: "times", input: { a: 6, b: 7 }, providerOptions: { mine: { sign: 2 } } },
      ],
    });
    assert.equal(result.role, "tool");
    assert.deepEqual([result.content[0].toolCallId, result.content[0].toolName, result.content[0].output.type], [toolCallId, "times", "text"]);
  });
}

test("arguments that are no object are said to be none, and mended", { timeout: 20_000 }, async (t) => {
  const call = { type: "tool-call", toolCallId: "c1", toolName: "tree", input: '{"a":' };
  const { service, calls } = mock("v4", [call], text("Done."));
  assert.equal((await open(t, { models: [fromAiSdk(service)] }).run("go")).status, "done");
  assert.equal(calls[1].prompt.at(-1).content[0].output.type, "error-text");
});

test("an answer that is cut off is asked for again", { timeout: 20_000 }, async (t) => {
  let tries = 0;
  const doStream = async () => {
    const finish = { type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage: USAGE.v3 };
    return { stream: convertArrayToReadableStream((tries += 1) === 1 ? text("It") : [...text("It is 42."), finish]) };
  };
  const service = new MockLanguageModelV3({ doStream });
  const state = await open(t, { models: [fromAiSdk(service, { name: "mine" })] }).run("go");
  assert.deepEqual([tries, state.result.summary], [2, "It is 42."]);
});

test("a service's errors have kinds of ours", { timeout: 20_000 }, async (t) => {
  for (const [statusCode, kind] of [[401, "not_allowed"], [404, "not_found"], [400, "invalid_input"]]) {
    const doStream = async () => {
      throw new APICallError({ message: "no", url: "http://x", requestBodyValues: {}, statusCode });
    };
    const service = new MockLanguageModelV4({ doStream });
    const { result } = await (await open(t, { models: [fromAiSdk(service)] }).start("go")).result();
    assert.deepEqual([result.end, result.error.kind], ["failed", kind]);
  }
});

test("a model's name alone is refused with what to give", () => {
  assert.throws(() => fromAiSdk("openai/gpt-5"), (e) => e instanceof InvalidInputError && /provider makes/.test(e.fix));
});
