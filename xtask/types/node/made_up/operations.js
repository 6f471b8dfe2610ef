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
}
exports.Operations = Operations;

// What is not given is left out.
function given(args) {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
}
