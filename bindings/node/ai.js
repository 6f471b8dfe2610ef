// Models of the package `ai` (Vercel's AI SDK) as models of the engine.

"use strict";

const { CoworkError, InvalidInputError, LimitExceededError, NotAllowedError, NotFoundError, UnavailableError } = require("./errors.js");
const { model } = require("./parts.js");

const STOPS = { length: "length", "content-filter": "refused" };
const BY_STATUS = { 400: InvalidInputError, 401: NotAllowedError, 403: NotAllowedError, 404: NotFoundError, 413: LimitExceededError };

function fromAiSdk(service, { name = service.modelId, at = service.provider, providerOptions, ...card } = {}) {
  if (typeof service?.doStream !== "function") {
    const fix = 'give what a provider makes, such as `openai("gpt-5")`, not a model\'s name';
    throw new InvalidInputError("this is no language model of the AI SDK", { op: "make model", fix });
  }
  const dialect = `ai:${service.provider}`;
  return model({
    ...card,
    name,
    at,
    async answer(request, ctx) {
      try {
        const call = { ...asked(request, dialect, service.specificationVersion), providerOptions, abortSignal: ctx.signal };
        const { stream } = await service.doStream(call);
        return await answered(stream, ctx, dialect);
      } catch (error) {
        throw mended(error, name);
      }
    },
  });
}

/** Writes a request as the AI SDK has it. */
function asked({ head, messages, most_tokens, effort, schema }, dialect, version) {
  const tools = (head.tools ?? []).map(({ name, about, schema }) => ({ type: "function", name, description: about, inputSchema: schema }));
  const names = new Map();
  const prompt = head.system ? [{ role: "system", content: head.system }] : [];
  for (const message of messages) {
    for (const [role, part] of parts(message, dialect, version, names)) {
      const last = prompt.at(-1);
      if (last?.role === role && last.from === message) last.content.push(part);
      else prompt.push({ role, content: [part], from: message });
    }
  }
  prompt.forEach((message) => delete message.from);
  const call = { prompt };
  if (tools.length > 0) call.tools = tools;
  if (most_tokens) call.maxOutputTokens = most_tokens;
  if (schema) call.responseFormat = { type: "json", schema };
  if (version === "v4" && effort && effort !== "usual") call.reasoning = effort;
  return call;
}

/** Gives the parts of a message, each with the role of the message that it belongs in. */
function* parts({ role, blocks }, dialect, version, names) {
  let options = {};
  for (const block of blocks) {
    switch (block.type) {
      case "text":
        yield [role, { type: "text", text: block.text }];
        break;
      case "media": {
        const data = version === "v4" ? { type: "data", data: block.data } : block.data;
        yield [role, { type: "file", data, mediaType: block.media_type, ...(block.name && { filename: block.name }) }];
        break;
      }
      case "call":
        names.set(block.id, block.tool);
        yield [role, { type: "tool-call", toolCallId: block.id, toolName: block.tool, input: block.args, ...options }];
        options = {};
        break;
      case "result": {
        const output = { type: block.failed ? "error-text" : "text", value: block.text };
        yield ["tool", { type: "tool-result", toolCallId: block.call, toolName: names.get(block.call) ?? "", output }];
        break;
      }
      case "opaque": {
        if (block.dialect !== dialect) break;
        const { type, ...kept } = JSON.parse(block.json);
        if (type === "reasoning") yield [role, { type, ...kept }];
        else options = kept;
      }
    }
  }
}

/** Reads an answer as it comes. */
async function answered(stream, ctx, dialect) {
  const [answer, open] = [{ blocks: [] }, new Map()];
  const keep = (part) => answer.blocks.push({ type: "opaque", dialect, json: JSON.stringify(part) });
  for await (const part of stream) {
    switch (part.type) {
      case "text-start":
        open.set(part.id, { type: "text", text: "" });
        answer.blocks.push(open.get(part.id));
        break;
      case "text-delta":
        open.get(part.id).text += part.delta;
        ctx.text(part.delta);
        break;
      case "reasoning-start":
        open.set(part.id, { type: "reasoning", text: "", providerOptions: part.providerMetadata });
        break;
      case "reasoning-delta":
      case "reasoning-end": {
        const thought = open.get(part.id);
        if (part.delta) ctx.thinking(part.delta);
        thought.text += part.delta ?? "";
        thought.providerOptions = part.providerMetadata ?? thought.providerOptions;
        // What its service must have back goes back; the rest is for show.
        if (part.type === "reasoning-end" && thought.providerOptions) keep(thought);
        break;
      }
      case "tool-input-start":
        ctx.calling(part.toolName);
        break;
      case "tool-call":
        if (part.providerExecuted) break;
        if (part.providerMetadata) keep({ type: "options", providerOptions: part.providerMetadata });
        answer.blocks.push({ type: "call", id: part.toolCallId, tool: part.toolName, ...args(part.input) });
        break;
      case "tool-result":
      case "source":
        answer.brought = true;
        break;
      case "response-metadata":
        Object.assign(answer, part.id && { id: part.id }, part.modelId && { model: part.modelId });
        break;
      case "finish":
        answer.stop = STOPS[part.finishReason?.unified ?? part.finishReason] ?? "end";
        answer.usage = usage(part.usage);
        break;
      case "error":
        throw part.error;
    }
  }
  if (!answer.stop) throw new UnavailableError("the answer was cut off", { op: "ask model", retry: "now" });
  answer.blocks = answer.blocks.filter(({ type, text }) => type !== "text" || text !== "");
  return answer;
}

function args(input) {
  try {
    const args = JSON.parse(input || "{}");
    if (typeof args === "object" && args !== null && !Array.isArray(args)) return { args };
  } catch {
    // Said below.
  }
  return { args: {}, fault: "the arguments are not an object" };
}

function usage({ inputTokens, outputTokens, cachedInputTokens = 0, reasoningTokens = 0 } = {}) {
  const count = (number) => number || 0;
  if (typeof inputTokens !== "object") {
    const input = Math.max(0, count(inputTokens) - count(cachedInputTokens));
    return { input, cache_read: count(cachedInputTokens), output: count(outputTokens), thinking: count(reasoningTokens) };
  }
  const { total, noCache, cacheRead, cacheWrite } = inputTokens ?? {};
  const input = noCache ?? Math.max(0, count(total) - count(cacheRead) - count(cacheWrite));
  const output = { output: count(outputTokens?.total), thinking: count(outputTokens?.reasoning) };
  return { input, cache_read: count(cacheRead), cache_write: count(cacheWrite), ...output };
}

/** Gives the error of ours for what a provider threw. */
function mended(error, name) {
  if (error instanceof CoworkError || typeof error?.statusCode !== "number") return error;
  const retry = error.isRetryable ? "now" : "never";
  const Class = error.isRetryable ? UnavailableError : (BY_STATUS[error.statusCode] ?? UnavailableError);
  const context = [["status", String(error.statusCode)]];
  return new Class(`\`${name}\` did not answer: ${error.message}`, { op: "ask model", retry, context, cause: error });
}

exports.fromAiSdk = fromAiSdk;
