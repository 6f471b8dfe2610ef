// Plays a script of `bindings/conformance` and prints what comes of each step: `node test/conformance.mjs SCRIPT`. Whether it is right is
// decided in Rust.

import { mkdtempSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { Cowork, CoworkError, InvalidInputError, errorOf, model, planner, tool } from "cowork-sdk";

const require = createRequire(import.meta.url);
const { read, write } = require("../json.js");

/** Counts what happened to parts, and tells who waits for it. */
class Signals {
  #counts = new Map();
  #waiting = [];

  note(what) {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    this.#waiting = this.#waiting.filter(({ what, times, go }) => !this.#has(what, times) || void go());
  }

  reached(what, times) {
    return new Promise((go) => (this.#has(what, times) ? go() : this.#waiting.push({ what, times, go })));
  }

  #has(what, times) {
    return (this.#counts.get(what) ?? 0) >= times;
  }
}

const signals = new Signals();

/** Makes a function that behaves so; `gives` says what it gives where nothing else is said. */
function behaves(name, does, gives) {
  const now = (...given) => {
    if (does.throw !== undefined) throw new Error(does.throw);
    if (does.throw_typed) throw errorOf(does.throw_typed);
    return gives(...given);
  };
  const begin = (ctx) => {
    signals.note(`began ${name}`);
    ctx.signal.addEventListener("abort", () => signals.note(`cancelled ${name}`));
  };
  if (does.sync) return (input, ctx) => (begin(ctx), now(input, ctx));
  return async (input, ctx) => {
    begin(ctx);
    if (does.after_ms) await new Promise((go) => setTimeout(go, does.after_ms));
    if (does.hangs) await new Promise(() => {});
    await signals.reached(`began ${name}`, does.meets ?? 0);
    return now(input, ctx);
  };
}

const deep = () => Array.from({ length: 200 }).reduce((inner) => [inner], 0);
const ODD = {
  nan: NaN,
  infinity: -Infinity,
  too_big: 2n ** 64n,
  too_small: -(2n ** 63n) - 1n,
  half_character: "\ud83d",
  too_deep: deep(),
  no_json: () => {},
};

function nth(name, all, number) {
  if (number < (all?.length ?? 0)) return all[number];
  throw new InvalidInputError(`the script has nothing more for \`${name}\``, { op: "play script" });
}

function toolOf({ is, does }) {
  const gives = (args) => ("odd" in does ? ODD[does.odd] : does.echo ? args : (does.return ?? null));
  const { schema, ...said } = is;
  return tool({ ...said, input: schema, run: behaves(is.name, does, gives) });
}

function plannerOf({ is, does }) {
  return planner({ ...is, plan: behaves(is.name, does, ({ task }) => nth(is.name, does.turns, task.turns.length)) });
}

function modelOf({ is, does }) {
  async function* gives(told) {
    yield* told.tell ?? [];
    return told.answer;
  }
  const turn = ({ messages }) => messages.filter(({ role }) => role === "assistant").length;
  return model({ ...is, answer: behaves(is.name, does, (request) => gives(nth(is.name, does.answers, turn(request)))) });
}

/** Calls an operation by its method, or by its name where the arguments are not the method's. */
async function carryOut(cowork, op, args, signal) {
  const name = op.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  const camel = (key) => key.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  const method = String(Object.getPrototypeOf(Cowork.prototype)[name] ?? "");
  const options = new Set([...method.matchAll(/(\w+): "\w+"/g)].map(([, key]) => key));
  const required = (/\(([^)]*)\)/.exec(method)?.[1] ?? "").split(", ").filter((word) => word && !word.startsWith("options"));
  const given = Object.fromEntries(Object.entries(args).map(([key, value]) => [camel(key), value]));
  const rest = Object.fromEntries(Object.entries(given).filter(([key]) => !required.includes(key)));
  const fits = method && required.every((key) => key in given) && Object.keys(rest).every((key) => options.has(key));
  if (!fits) return cowork._call(op, args);
  // What is run is given up by a signal.
  return cowork[name](...required.map((key) => given[key]), op === "run" ? { ...rest, signal } : rest);
}

class Stage {
  #cowork;
  #kept = new Map();
  #started = new Map();
  #streams = new Map();
  #folders = [];

  async play(step) {
    const given = this.#putIn(step.args ?? {});
    if (step.folder) return this.#folder(step.folder);
    if (step.tree) return tree(this.#putIn(step.tree));
    if (step.open) return this.#open(step.open);
    if (step.call) return carryOut(this.#cowork, step.call, given);
    if (step.start) {
      const control = new AbortController();
      const work = carryOut(this.#cowork, step.start, given, control.signal);
      work.catch(() => {});
      this.#started.set(step.as, { work, control });
      return null;
    }
    if (step.finish) return this.#started.get(step.finish).work;
    if (step.drop) {
      this.#started.get(step.drop)?.control.abort();
      await this.#streams.get(step.drop)?.return();
      return null;
    }
    if (step.events) return this.#events(this.#putIn(step.events), step.as);
    if (step.next) return (await this.#streams.get(step.next).next()).value;
    if (step.rest) return rest(this.#streams.get(step.rest), step.of ?? "records");
    if (step.until) {
      const [[what, name]] = Object.entries(step.until);
      return signals.reached(`${what} ${name}`, 1);
    }
    if (step.close) return this.#cowork.close();
    if (step.decode) return step.decode === "Error" ? errorOf(this.#putIn(step.json)).toJSON() : this.#putIn(step.json);
    return null;
  }

  keep(name, value) {
    this.#kept.set(name, value);
  }

  end() {
    this.#folders.forEach((folder) => rmSync(folder, { recursive: true }));
  }

  #putIn(value) {
    if (typeof value === "string" && value.startsWith("$")) {
      const [name, ...parts] = value.slice(1).split(".");
      return parts.reduce((value, part) => value[part], this.#kept.get(name));
    }
    if (Array.isArray(value)) return value.map((one) => this.#putIn(one));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#putIn(one)]));
  }

  #folder(files) {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "cowork-")));
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    this.#folders.push(folder);
    return folder;
  }

  #open({ config = {}, tools = [], models = [], planners = [], approver }) {
    this.#cowork = new Cowork({
      ...this.#putIn(config),
      tools: tools.map(toolOf),
      models: models.map(modelOf),
      planners: planners.map(plannerOf),
      approver: approver && behaves("approver", approver, () => approver.answer),
    });
    return null;
  }

  /** Begins to follow: a stream has begun when its first item was asked for. */
  async #events(args, name) {
    const stream = this.#cowork.events(args);
    const first = stream.next();
    first.catch(() => {});
    // A task has records already; a thread may have none yet, and is followed at once.
    await (args.task ? first : Promise.race([first, this.#cowork.threads()]));
    const state = { taken: false };
    this.#streams.set(name, {
      next: () => (state.taken ? stream.next() : ((state.taken = true), first)),
      return: () => stream.return(),
      [Symbol.asyncIterator]() {
        return this;
      },
    });
    return null;
  }
}

async function rest(stream, of) {
  const items = [];
  for await (const item of stream) items.push(item);
  if (of === "text") return items.map(({ what }) => (what?.type === "text" ? what.text : "")).join("");
  const records = items.filter(({ item }) => item === "record").map(({ item, ...record }) => record);
  return of === "types" ? records.map(({ event }) => event.type) : records;
}

function tree(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const name = (entry) => join(entry.parentPath ?? entry.path, entry.name);
  return Object.fromEntries(entries.map((entry) => [name(entry).slice(folder.length + 1), readFileSync(name(entry), "utf8")]));
}

const stage = new Stage();
// What a script waits for in its own functions keeps no process alive.
const alive = setInterval(() => {}, 60_000);
const lines = readFileSync(process.argv[2], "utf8").split("\n").filter((line) => line.trim());
for (const [number, line] of lines.entries()) {
  const step = read(` ${line}`);
  const began = performance.now();
  const printed = { step: number };
  try {
    printed.ok = (await stage.play(step)) ?? null;
    if (step.as && !step.start && !step.events) stage.keep(step.as, printed.ok);
  } catch (error) {
    if (!(error instanceof CoworkError)) throw error;
    printed.error = error.toJSON();
  }
  if (step.within_ms) printed.ms = Math.round(performance.now() - began);
  console.log(write(printed, "a line"));
}
stage.end();
clearInterval(alive);
