// What an engine can be asked to do.
//
// Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.

"use strict";

class Operations {
  async submit(text, options = {}) {
    return this._call("submit", given({ text, allow: options.allow, budget: options.budget, folders: options.folders, hosts: options.hosts, max_steps: options.maxSteps, mode: options.mode, model: options.model, planner: options.planner, sender: options.sender, thread: options.thread, tools: options.tools, trust: options.trust }));
  }

  async send(thread, task, sender, id, command) {
    return this._call("send", given({ thread, task, sender, id, command }));
  }

  async answer(task, call, argsHash, answer, options = {}) {
    return this._call("answer", given({ task, call, args_hash: argsHash, answer, id: options.id, sender: options.sender }));
  }

  async steer(task, text, options = {}) {
    return this._call("steer", given({ task, text, id: options.id, sender: options.sender }));
  }

  async cancel(task, options = {}) {
    return this._call("cancel", given({ task, id: options.id, sender: options.sender }));
  }

  async pause(task, options = {}) {
    return this._call("pause", given({ task, id: options.id, sender: options.sender }));
  }

  async resume(task, options = {}) {
    return this._call("resume", given({ task, id: options.id, sender: options.sender }));
  }

  async undo(task, options = {}) {
    return this._call("undo", given({ task, calls: options.calls, paths: options.paths }));
  }

  async previewUndo(task, options = {}) {
    return this._call("preview_undo", given({ task, calls: options.calls, paths: options.paths }));
  }

  async changes(task) {
    return this._call("changes", given({ task }));
  }

  async adopt(task) {
    return this._call("adopt", given({ task }));
  }

  async task(task) {
    return this._call("task", given({ task }));
  }

  async settled(task) {
    return this._call("settled", given({ task }));
  }

  async finished(task) {
    return this._call("finished", given({ task }));
  }

  async asks(task) {
    return this._call("asks", given({ task }));
  }

  async held(task) {
    return this._call("held", given({ task }));
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
    return this._call("open", given({ thread: options.thread, title: options.title }));
  }

  async read(options = {}) {
    return this._call("read", given({ after: options.after, most: options.most, task: options.task, thread: options.thread }));
  }

  async notes(options = {}) {
    return this._call("notes", given({ thread: options.thread }));
  }

  async note(name, options = {}) {
    return this._call("note", given({ name, text: options.text, thread: options.thread }));
  }

  async folder(path, options = {}) {
    return this._call("folder", given({ path, access: options.access, name: options.name, whole: options.whole }));
  }

  async tools() {
    return this._call("tools", {});
  }

  async check() {
    return this._call("check", {});
  }

  events(options = {}) {
    return this._follow("events", given({ after: options.after, task: options.task, thread: options.thread }), options.signal);
  }

  views(task, options = {}) {
    return this._follow("views", given({ task }), options.signal);
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
    return this._call("steer", given({ text, id: options.id, sender: options.sender }));
  }

  async cancel(options = {}) {
    return this._call("cancel", given({ id: options.id, sender: options.sender }));
  }

  async pause(options = {}) {
    return this._call("pause", given({ id: options.id, sender: options.sender }));
  }

  async resume(options = {}) {
    return this._call("resume", given({ id: options.id, sender: options.sender }));
  }

  async undo(options = {}) {
    return this._call("undo", given({ calls: options.calls, paths: options.paths }));
  }

  async previewUndo(options = {}) {
    return this._call("preview_undo", given({ calls: options.calls, paths: options.paths }));
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
    return this._call("read", given({ after: options.after, most: options.most }));
  }

  events(options = {}) {
    return this._follow("events", given({ after: options.after }), options.signal);
  }

  views(options = {}) {
    return this._follow("views", {}, options.signal);
  }
}
exports.TaskOperations = TaskOperations;

// What is not given is left out.
function given(args) {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
}
