// What a host brings along: tools, models, planners, an approver.

"use strict";

const { InvalidInputError, errorOf } = require("./errors.js");
const { read, write } = require("./json.js");
const { checkPart } = require("./native.js");

/** Does what is the engine's, whose errors are JSON. */
function native(call) {
  try {
    return call();
  } catch (error) {
    throw errorOf(read(error.message));
  }
}

function check(holds, op, message, fix) {
  if (!holds) throw new InvalidInputError(message, { op, fix });
}

/** A function with what it is: `run` takes what the engine gives and gives JSON. */
class Part {
  constructor(kind, declaration, word, host, run) {
    check(typeof host === "function", `make ${kind}`, `the ${kind} is made of a function, not of ${typeof host}`, `give it as \`${word}\``);
    Object.assign(this, { kind, declaration: write(declaration, `a ${kind}`), run });
    native(() => checkPart(kind, this.declaration));
  }
}

/** The result of a tool with more than its value. */
class Output {
  constructor(value, { note, label } = {}) {
    Object.assign(this, { value, note, label });
  }
}

function tool({ input, schema, run, ...declaration } = {}) {
  const { name } = declaration;
  const checks = input?.["~standard"];
  declaration.schema = schema ?? (checks ? schemaOf(input, checks, name) : input);
  return new Part("tool", declaration, "run", run, async ({ args, ...call }, ctx) => {
    const given = await run(checks ? await checked(checks, args, name) : args, Object.assign(ctx, call));
    const { value, note, label } = given instanceof Output ? given : { value: given };
    check(!["function", "symbol"].includes(typeof value), "write JSON", `the result of the tool \`${name}\` is a ${typeof value}, which JSON has not`, "give a value");
    return write({ value: value === undefined ? null : value, note, label }, `the result of the tool \`${name}\``);
  });
}

function model({ answer, ...declaration } = {}) {
  return new Part("model", declaration, "answer", answer, async (request, ctx) => {
    const given = await answer(request, ctx);
    const all = given?.[Symbol.asyncIterator] || given?.next ? await told(given, ctx) : given;
    return write(all === undefined ? {} : all, `the answer of the model \`${declaration.name}\``);
  });
}

function planner({ plan, ...declaration } = {}) {
  return new Part("planner", declaration, "plan", plan, async (...it) => write(await plan(...it), `what the planner \`${declaration.name}\` gives`));
}

function approver(answer) {
  return new Part("approver", {}, "approver", answer, async (...ask) => write((await answer(...ask)) ?? null, "the approver's answer"));
}

/** Tells the pieces of an answer as they come, and gives what is returned behind them. */
async function told(pieces, ctx) {
  const iterator = pieces[pieces[Symbol.asyncIterator] ? Symbol.asyncIterator : Symbol.iterator]();
  ctx.signal.addEventListener("abort", () => void iterator.return?.()?.catch?.(() => {}));
  for (;;) {
    const { done, value } = await iterator.next();
    if (done) return value;
    ctx.text(value);
  }
}

async function checked(checks, args, name) {
  const { value, issues } = await checks.validate(args);
  if (!issues) return value;
  const at = (path) => (path?.length ? `, at ${path.map((part) => String(part?.key ?? part)).join(".")}` : "");
  const why = issues.map(({ message, path }) => message + at(path)).join("; ");
  throw new InvalidInputError(`the arguments of \`${name}\` do not fit: ${why}`, { op: "read arguments" });
}

/** Makes a JSON Schema of one that checks by itself: zod's, and whatever has the interface of Standard Schema. */
function schemaOf(input, checks, name) {
  const refuse = (why, fix, cause) => {
    const message = `no JSON Schema can be made of the input of the tool \`${name}\`${why}`;
    throw new InvalidInputError(message, { op: "make tool", fix, cause });
  };
  const make = checks.jsonSchema?.input ?? input.toJSONSchema?.bind(input);
  if (!make) refuse(": its library gives none", "update the library (zod from 4.2), or give the JSON Schema as `schema` beside `input`");
  try {
    const { $schema, ...made } = make({ target: "draft-2020-12", io: "input" });
    return made;
  } catch (error) {
    refuse(`: ${error.message}`, "use types that JSON has, or give the JSON Schema as `schema` beside `input`", error);
  }
}

module.exports = { Part, Output, check, native, tool, model, planner, approver };
