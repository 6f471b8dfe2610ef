// What an engine can be asked to do.
//
// Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.

"use strict";

class Operations {
  async makeBox(things, from, options = {}) {
    return this._call("make_box", given({ things, from, max_size: options.maxSize, with: options.with }));
  }

  async boxes() {
    return this._call("boxes", {});
  }

  async throwAway(name, class_, options = {}) {
    return this._call("throw_away", given({ name, class: class_, colour: options.colour, in: options.in, "x-mark": options.xMark }));
  }

  async look(id) {
    return this._call("look", given({ id }));
  }

  async submit(box, options = {}) {
    return this._call("submit", given({ box, slow: options.slow }));
  }

  async settled(task) {
    return this._call("settled", given({ task }));
  }

  async answer(task, yes) {
    return this._call("answer", given({ task, yes }));
  }

  async hurry(task, by, options = {}) {
    return this._call("hurry", given({ task, by, why: options.why }));
  }

  events(options = {}) {
    return this._follow("events", given({ after: options.after, task: options.task, thread: options.thread }), options.signal);
  }

  places(task, options = {}) {
    return this._follow("places", given({ task }), options.signal);
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

  async result() {
    return this._call("settled", {});
  }

  async hurry(by, options = {}) {
    return this._call("hurry", given({ by, why: options.why }));
  }

  events(options = {}) {
    return this._follow("events", given({ after: options.after }), options.signal);
  }

  places(options = {}) {
    return this._follow("places", {}, options.signal);
  }
}
exports.TaskOperations = TaskOperations;

// What is not given is left out.
function given(args) {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
}
