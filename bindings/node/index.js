// The Cowork SDK for Node. What is done is done by the engine; here is what makes it at home in JavaScript.

"use strict";

const { setMaxListeners } = require("node:events");
const { CoworkCancelledError, CoworkError, errorOf } = require("./errors.js");
const { read, write } = require("./json.js");
const { Engine } = require("./native.js");
const { Operations, TaskOperations } = require("./operations.js");
const { Output, Part, approver: approving, check, model, native, planner, tool } = require("./parts.js");

// What the engine tells besides calls of functions, which it tells by the number of their part.
const [ABORTED, DONE] = [-1, -2];

/** An engine. */
class Cowork extends Operations {
  #engine;
  // What the engine reaches: as long as it is open, it can't be collected.
  #host;
  #last = 0;

  constructor(options = {}) {
    super();
    check(Object(options) === options && !Array.isArray(options), "open engine", "an engine is opened with an object", "name what is set");
    const { tools = [], models = [], planners = [], approver, ...config } = options;
    const parts = approver ? [approving(approver)] : [];
    for (const [kind, given] of Object.entries({ tool: tools, model: models, planner: planners })) {
      const isList = Array.isArray(given) && given.every((part) => part instanceof Part && part.kind === kind);
      check(isList, "open engine", `\`${kind}s\` is a list, and nothing else in it`, `make each by \`${kind}\`: ${kind}s: [it]`);
      parts.push(...given);
    }
    const settings = write(config, "the config");
    const host = (this.#host = { parts, running: new Map(), pending: new Map(), engine: undefined });
    this.#engine = host.engine = native(() => new Engine(settings, parts, (text) => hear(host, text)));
  }

  async start(text, options) {
    return new Task(this, await this.submit(text, options), options?.signal);
  }

  async close() {
    await this._call("close", null);
    this.#host.engine = undefined;
  }

  [Symbol.asyncDispose] = () => this.close();

  async _call(op, args, signal, id = (this.#last += 1)) {
    const aborted = () => new CoworkCancelledError("it was aborted", { op: "call engine", cause: signal.reason });
    if (signal?.aborted) throw aborted();
    const json = write(args, `what \`${op}\` is called with`);
    const letGo = onAbort(signal, () => (this.#engine.leave(id), settle(this.#host.pending, id, ABORTED)));
    this.#engine.call(id, op, json);
    const came = new Promise((resolve) => this.#host.pending.set(id, resolve));
    if (++waiting === 1) alive.ref();
    const [what, data] = await came;
    letGo();
    // Errors are made here, so that whoever asked is in their stack.
    if (what !== DONE) throw what === ABORTED ? aborted() : errorOf(data);
    return data;
  }

  async *_follow(op, args, signal) {
    const stream = (this.#last += 1);
    await this._call(op, args, undefined, stream);
    const end = () => this.#engine.leave(stream);
    let letGo;
    try {
      letGo = onAbort(signal, end);
      while (!signal?.aborted) {
        const items = await this._call("next", stream);
        if (items === null) return;
        yield* items;
      }
    } finally {
      letGo?.();
      end();
    }
  }
}

/** A task. */
class Task extends TaskOperations {
  // None without a signal, and once it has ended.
  #letGo;

  constructor(cowork, id, signal) {
    super(cowork, id);
    const cancel = () => void this.cancel().catch(() => {});
    this.#letGo = signal && onAbort(signal, cancel);
    if (signal?.aborted) cancel();
  }

  async _call(op, args) {
    const came = super._call(op, args);
    if (op === "finished") await came.catch(() => this.#look());
    // It is a task, and has ended.
    if ((await came)?.result) this.#letGo = this.#letGo?.();
    return came;
  }

  async *_follow(op, args, signal) {
    yield* super._follow(op, args, signal);
    await this.#look();
  }

  // It may have ended, or rest. What is asked of it says so.
  #look = async () => this.#letGo && this.state().catch(() => {});

  [Symbol.asyncIterator] = () => this.events();

  answer({ task, call, args_hash }, answer, options) {
    return this.engine.answer(task, call.id, args_hash, answer, options);
  }
}

/** What a function is told besides what it is called with. */
class Context {
  #engine;
  #id;
  #controller;

  constructor(engine, id) {
    this.#engine = engine;
    this.#id = id;
  }

  get signal() {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  progress(done, total = 0, note = "") {
    this.#engine.progress(this.#id, done, total, note);
  }

  static abort(ctx) {
    ctx.#controller ??= new AbortController();
    ctx.#controller.abort(new CoworkCancelledError("nobody wants the result any more", { op: "call host" }));
  }

  static {
    for (const what of ["text", "thinking", "calling"]) {
      this.prototype[what] = function (piece) {
        check(typeof piece === "string", "tell a piece", `a piece of a model's answer is a text, not ${typeof piece}`, "give what is no text at the end");
        this.#engine.tell(this.#id, what, piece);
      };
    }
  }
}

/** Has something done when a signal is aborted, and gives what lets go of it. */
function onAbort(signal, does) {
  if (!signal) return () => {};
  check(typeof signal.addEventListener === "function", "call engine", "`signal` is no AbortSignal", "give an AbortController's `signal`");
  // One signal may end many tasks: some dozens that wait for it are no leak yet.
  if (signal instanceof EventTarget) setMaxListeners(1500, signal);
  signal.addEventListener("abort", does);
  return () => signal.removeEventListener("abort", does);
}

/** Does what the engine tells. */
function hear(host, text) {
  const { parts, running, pending } = host;
  for (const [what, id, data] of read(text)) {
    if (what >= 0) void answer(host, parts[what], id, data);
    else if (what !== ABORTED) settle(pending, id, what, data);
    else if (running.has(id)) {
      Context.abort(running.get(id));
      // At once: it may never end.
      running.delete(id);
    }
  }
}

/** Has a function answer a call of the engine's. */
async function answer(host, part, id, data) {
  const { engine, running } = host;
  const ctx = new Context(engine, id);
  running.set(id, ctx);
  let more;
  try {
    more = engine.gave(id, await part.run(data, ctx));
  } catch (error) {
    more = threw(engine, id, error);
  }
  running.delete(id);
  if (more) hear(host, more);
}

function threw(engine, id, error) {
  try {
    if (error instanceof CoworkError) return engine.failed(id, JSON.stringify(error));
    if (error instanceof Error) return engine.threw(id, String(error.name), String(error.message));
    return engine.threw(id, typeof error, String(error));
  } catch {
    return engine.threw(id, "Error", "something was thrown that can't be read");
  }
}

// The process lives as long as somebody waits for something.
const alive = setInterval(() => {}, 2 ** 31 - 1).unref();
let waiting = 0;

function settle(pending, id, what, data) {
  const came = pending.get(id);
  // It may have been given up.
  if (!pending.delete(id)) return;
  if (--waiting === 0) alive.unref();
  came([what, data]);
}

module.exports = { Cowork, Task, Output, tool, model, planner, version: require("./package.json").version, ...require("./errors.js") };
