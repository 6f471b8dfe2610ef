// What an engine can be asked to do.
//
// Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.

"use strict";

const { InvalidInputError } = require("./errors.js");

class Operations {
  async submit(text, options = {}) {
    return this._call("submit", given("submit", { text }, options, { allow: "allow", budget: "budget", folders: "folders", hosts: "hosts", maxSteps: "max_steps", mode: "mode", model: "model", planner: "planner", sender: "sender", thread: "thread", tools: "tools", trust: "trust", signal: null }), options.signal);
  }

  async run(text, options = {}) {
    return this._call("run", given("run", { text }, options, { allow: "allow", budget: "budget", folders: "folders", hosts: "hosts", maxSteps: "max_steps", mode: "mode", model: "model", planner: "planner", sender: "sender", thread: "thread", tools: "tools", trust: "trust", signal: null }), options.signal);
  }

  async send(thread, task, sender, id, command) {
    return this._call("send", { thread, task, sender, id, command });
  }

  async answer(task, call, argsHash, answer, options = {}) {
    return this._call("answer", given("answer", { task, call, args_hash: argsHash, answer }, options, { id: "id", sender: "sender" }));
  }

  async steer(task, text, options = {}) {
    return this._call("steer", given("steer", { task, text }, options, { id: "id", sender: "sender" }));
  }

  async cancel(task, options = {}) {
    return this._call("cancel", given("cancel", { task }, options, { id: "id", sender: "sender" }));
  }

  async pause(task, options = {}) {
    return this._call("pause", given("pause", { task }, options, { id: "id", sender: "sender" }));
  }

  async resume(task, options = {}) {
    return this._call("resume", given("resume", { task }, options, { id: "id", sender: "sender" }));
  }

  async undo(task, options = {}) {
    return this._call("undo", given("undo", { task }, options, { calls: "calls", paths: "paths" }));
  }

  async previewUndo(task, options = {}) {
    return this._call("preview_undo", given("previewUndo", { task }, options, { calls: "calls", paths: "paths" }));
  }

  async changes(task) {
    return this._call("changes", { task });
  }

  async adopt(task) {
    return this._call("adopt", { task });
  }

  async task(task) {
    return this._call("task", { task });
  }

  async settled(task) {
    return this._call("settled", { task });
  }

  async finished(task) {
    return this._call("finished", { task });
  }

  async asks(task) {
    return this._call("asks", { task });
  }

  async held(task) {
    return this._call("held", { task });
  }

  async tasks() {
    return this._call("tasks", {});
  }

  async ready() {
    return this._call("ready", {});
  }

  async threads() {
    return this._call("threads", {});
  }

  async open(options = {}) {
    return this._call("open", given("open", {}, options, { thread: "thread", title: "title" }));
  }

  async read(options = {}) {
    return this._call("read", given("read", {}, options, { after: "after", most: "most", task: "task", thread: "thread" }));
  }

  async notes(options = {}) {
    return this._call("notes", given("notes", {}, options, { thread: "thread" }));
  }

  async note(name, options = {}) {
    return this._call("note", given("note", { name }, options, { text: "text", thread: "thread" }));
  }

  async folder(path, options = {}) {
    return this._call("folder", given("folder", { path }, options, { access: "access", name: "name", whole: "whole" }));
  }

  async tools() {
    return this._call("tools", {});
  }

  async check() {
    return this._call("check", {});
  }

  events(options = {}) {
    return this._follow("events", given("events", {}, options, { after: "after", task: "task", thread: "thread", signal: null }), options.signal);
  }

  views(task, options = {}) {
    return this._follow("views", given("views", { task }, options, { signal: null }), options.signal);
  }
}
exports.Operations = Operations;

class TaskOperations {
  constructor(engine, id) {
    this.engine = engine;
    this.id = id;
  }

  async _call(op, args) {
    return this.engine._call(op, { task: this.id, ...args });
  }

  _follow(op, args, signal) {
    return this.engine._follow(op, { task: this.id, ...args }, signal);
  }

  async steer(text, options = {}) {
    return this._call("steer", given("steer", { text }, options, { id: "id", sender: "sender" }));
  }

  async cancel(options = {}) {
    return this._call("cancel", given("cancel", {}, options, { id: "id", sender: "sender" }));
  }

  async pause(options = {}) {
    return this._call("pause", given("pause", {}, options, { id: "id", sender: "sender" }));
  }

  async resume(options = {}) {
    return this._call("resume", given("resume", {}, options, { id: "id", sender: "sender" }));
  }

  async undo(options = {}) {
    return this._call("undo", given("undo", {}, options, { calls: "calls", paths: "paths" }));
  }

  async previewUndo(options = {}) {
    return this._call("preview_undo", given("previewUndo", {}, options, { calls: "calls", paths: "paths" }));
  }

  async changes() {
    return this._call("changes", {});
  }

  async adopt() {
    return this._call("adopt", {});
  }

  async state() {
    return this._call("task", {});
  }

  async result() {
    return this._call("settled", {});
  }

  async finished() {
    return this._call("finished", {});
  }

  async asks() {
    return this._call("asks", {});
  }

  async held() {
    return this._call("held", {});
  }

  async read(options = {}) {
    return this._call("read", given("read", {}, options, { after: "after", most: "most" }));
  }

  events(options = {}) {
    return this._follow("events", given("events", {}, options, { after: "after", signal: null }), options.signal);
  }

  views(options = {}) {
    return this._follow("views", given("views", {}, options, { signal: null }), options.signal);
  }
}
exports.TaskOperations = TaskOperations;

// What is not given is left out. What there is not is refused: it may have been meant as a limit.
function given(op, args, options, names) {
  if (options === null || typeof options !== "object" || Array.isArray(options)) {
    throw new InvalidInputError(`the options of \`${op}\` are no object`, { op: "call engine", fix: `write them so: ${op}(…, { name: value })` });
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(names, name)) {
      throw new InvalidInputError(`\`${op}\` has no option \`${name}\``, { op: "call engine", fix: `it has ${Object.keys(names).join(", ")}` });
    }
    if (names[name] !== null && value !== undefined) args[names[name]] = value;
  }
  return args;
}
