// The Cowork SDK for Node. What is done is done by the engine; here is what makes it at home in JavaScript.

"use strict";

const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { CoworkCancelledError, CoworkError, UnsupportedError, InvalidInputError, errorOf } = require("./errors.js");
const { read, write } = require("./json.js");
const { Operations } = require("./operations.js");
const { Output, Part, approver: approving, model, planner, tool } = require("./parts.js");
const { version } = require("./package.json");

// What the engine tells besides calls of functions, which it tells by the number of their part.
const [ABORTED, DONE] = [-1, -2];

const { Engine } = load();

/** An engine. */
class Cowork extends Operations {
  #engine;
  // What the engine reaches: as long as it is open, it can't be collected.
  #host;
  #last = 0;

  constructor({ tools = [], models = [], planners = [], approver, ...config } = {}) {
    super();
    const parts = [...tools, ...models, ...planners, ...(approver ? [approving(approver)] : [])];
    if (!parts.every((part) => part instanceof Part)) {
      const fix = "make them by `tool`, `model` and `planner`";
      throw new InvalidInputError("`tools`, `models` or `planners` has something else in it", { op: "open engine", fix });
    }
    const settings = write(config, "the config");
    const declared = parts.map(({ kind, declaration }) => ({ kind, declaration: write(declaration, `a ${kind}`) }));
    const host = (this.#host = { parts, running: new Map(), pending: new Map(), engine: undefined });
    try {
      this.#engine = host.engine = new Engine(settings, declared, (text) => hear(host, text));
    } catch (error) {
      throw errorOf(read(error.message));
    }
  }

  /** Submits a task, and gives it. */
  async start(text, { signal, ...options } = {}) {
    signal?.throwIfAborted();
    return new Task(this, await this.submit(text, options), signal);
  }

  /** Does a task to its end, and gives it. */
  async run(text, options) {
    return await this.finished((await this.start(text, options)).id);
  }

  /** Follows a thread or a task. */
  async *events({ signal, ...args } = {}) {
    const stream = await this.#ask((id) => this.#engine.follow(id, write(args, "the arguments")));
    const end = () => this.#engine.end(stream);
    signal?.addEventListener("abort", end);
    try {
      for (;;) {
        const items = signal?.aborted ? null : await this.#ask((id) => this.#engine.next(id, stream));
        if (items === null) return;
        yield* items;
      }
    } finally {
      signal?.removeEventListener("abort", end);
      end();
    }
  }

  /** Puts every task down in an orderly way, and waits until that is recorded. */
  async close() {
    await this.#ask((id) => this.#engine.close(id));
    this.#host.engine = undefined;
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  async _call(op, args) {
    const json = write(args, `what \`${op}\` is called with`);
    return await this.#ask((id) => this.#engine.call(id, op, json));
  }

  async #ask(begin) {
    const id = (this.#last += 1);
    const came = new Promise((resolve) => this.#host.pending.set(id, resolve));
    if (++waiting === 1) alive.ref();
    begin(id);
    const [isDone, data] = await came;
    // It is made here, so that whoever asked is in its stack.
    if (!isDone) throw errorOf(data);
    return data;
  }
}

/** A task. */
class Task {
  #cowork;
  #letGo = () => {};

  constructor(cowork, id, signal) {
    this.#cowork = cowork;
    this.id = id;
    if (!signal) return;
    const cancel = () => void this.cancel().catch(() => {});
    this.#letGo = () => signal.removeEventListener("abort", cancel);
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
  }

  /** Waits until it has ended, or rests until somebody says something, and gives it. */
  async result() {
    const state = await this.#cowork.settled(this.id);
    if (state.result) this.#letGo();
    return state;
  }

  /** Gives what happens in it. */
  async *events(options) {
    yield* this.#cowork.events({ ...options, task: this.id });
    this.#letGo();
  }

  [Symbol.asyncIterator]() {
    return this.events();
  }

  /** Gives it as its log tells it now. */
  state() {
    return this.#cowork.task(this.id);
  }

  /** Answers a question of it or of its sub-tasks. */
  answer({ task, call, args_hash }, answer, options) {
    return this.#cowork.answer(task, call.id, args_hash, answer, options);
  }

  static {
    for (const name of ["adopt", "asks", "cancel", "changes", "held", "pause", "previewUndo", "resume", "steer", "undo"]) {
      this.prototype[name] = function (...args) {
        return this.#cowork[name](this.id, ...args);
      };
    }
  }
}

const ABORT = Symbol("abort");

/** What a function is told besides what it is called with. */
class Context {
  #engine;
  #id;
  #controller;
  #isAborted = false;

  constructor(engine, id) {
    this.#engine = engine;
    this.#id = id;
  }

  /** Is aborted when nobody wants the result any more. */
  get signal() {
    this.#controller ??= new AbortController();
    if (this.#isAborted) this[ABORT]();
    return this.#controller.signal;
  }

  progress(done, total = 0, note = "") {
    this.#engine.progress(this.#id, done, total, note);
  }

  text(text) {
    this.#engine.tell(this.#id, "text", text);
  }

  thinking(text) {
    this.#engine.tell(this.#id, "thinking", text);
  }

  calling(tool) {
    this.#engine.tell(this.#id, "calling", tool);
  }

  [ABORT]() {
    this.#isAborted = true;
    this.#controller?.abort(new CoworkCancelledError("nobody wants the result any more", { op: "call host" }));
  }
}

/** Does what the engine tells. */
function hear({ engine, parts, running, pending }, text) {
  const told = read(text);
  for (let at = 0; at < told.length; at += 3) {
    const [what, id, data] = [told[at], told[at + 1], told[at + 2]];
    if (what >= 0) void answer(engine, running, parts[what], id, data);
    else if (what === ABORTED) stop(running, id);
    else settle(pending, id, what === DONE, data);
  }
}

/** Has a function answer a call of the engine's. */
async function answer(engine, running, part, id, data) {
  const ctx = new Context(engine, id);
  running.set(id, ctx);
  try {
    engine.gave(id, await part.run(data, ctx));
  } catch (error) {
    threw(engine, id, error);
  } finally {
    running.delete(id);
  }
}

function stop(running, id) {
  running.get(id)?.[ABORT]();
  running.delete(id);
}

function threw(engine, id, error) {
  try {
    if (error instanceof CoworkError) engine.failed(id, JSON.stringify(error));
    else if (error instanceof Error) engine.threw(id, String(error.name), String(error.message));
    else engine.threw(id, typeof error, String(error));
  } catch {
    engine.threw(id, "Error", "something was thrown that can't be read");
  }
}

// The process lives as long as somebody waits for something.
const alive = setInterval(() => {}, 2 ** 31 - 1).unref();
let waiting = 0;

function settle(pending, id, isDone, data) {
  const resolve = pending.get(id);
  pending.delete(id);
  if (--waiting === 0) alive.unref();
  resolve([isDone, data]);
}

function load() {
  const kinds = { linux: ["-gnu", "-musl"], win32: ["-msvc"] }[process.platform] ?? [""];
  const names = kinds.map((kind) => `cowork.${process.platform}-${process.arch}${kind}.node`);
  const there = names.find((name) => existsSync(join(__dirname, name)));
  if (there) return require(join(__dirname, there));
  const why = `cowork-sdk has no engine for this platform: there is no ${names.join(" and no ")}`;
  throw new UnsupportedError(why, { op: "load engine" });
}

module.exports = { Cowork, Task, Output, tool, model, planner, version };
Object.assign(module.exports, require("./errors.js"));
