// What an engine can be asked to do.
//
// Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.

"use strict";

const { InvalidInputError } = require("./errors.js");

class Operations {
  async makeBox(things, from, options = {}) {
    return this._call("make_box", given("makeBox", { things, from }, options, { maxSize: "max_size", with: "with" }));
  }

  async boxes() {
    return this._call("boxes", {});
  }

  async throwAway(name, class_, options = {}) {
    return this._call("throw_away", given("throwAway", { name, class: class_ }, options, { colour: "colour", in: "in", xMark: "x-mark" }));
  }

  async look(id) {
    return this._call("look", { id });
  }

  async submit(box, options = {}) {
    return this._call("submit", given("submit", { box }, options, { slow: "slow", signal: null }), options.signal);
  }

  async settled(task) {
    return this._call("settled", { task });
  }

  async answer(task, yes) {
    return this._call("answer", { task, yes });
  }

  async hurry(task, by, options = {}) {
    return this._call("hurry", given("hurry", { task, by }, options, { why: "why" }));
  }

  events(options = {}) {
    return this._follow("events", given("events", {}, options, { after: "after", task: "task", thread: "thread", signal: null }), options.signal);
  }

  places(task, options = {}) {
    return this._follow("places", given("places", { task }, options, { signal: null }), options.signal);
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
    return this._call("hurry", given("hurry", { by }, options, { why: "why" }));
  }

  events(options = {}) {
    return this._follow("events", given("events", {}, options, { after: "after", signal: null }), options.signal);
  }

  places(options = {}) {
    return this._follow("places", given("places", {}, options, { signal: null }), options.signal);
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
