// Errors: a class for each kind.
//
// Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.

"use strict";

class CoworkError extends Error {
  constructor(message, { op = "", retry = "never", context = [], fix, kind, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind ?? new.target.kind;
    this.op = String(op);
    this.retry = retry;
    this.context = context.map((fact) => [String(fact[0]), String(fact[1])]);
    if (fix !== undefined) this.context.push(["fix", String(fix)]);
  }

  get fix() {
    return this.fact("fix");
  }

  fact(name) {
    return this.context.find(([known]) => known === name)?.[1];
  }

  toJSON() {
    const data = { kind: this.kind, op: this.op, message: this.message };
    if (this.retry !== "never") data.retry = this.retry;
    if (this.context.length > 0) data.context = this.context;
    return data;
  }
}
CoworkError.kind = "internal";
CoworkError.prototype.name = "CoworkError";
exports.CoworkError = CoworkError;

class NotFoundError extends CoworkError {}
NotFoundError.kind = "not_found";
NotFoundError.prototype.name = "NotFoundError";
exports.NotFoundError = NotFoundError;

class CoworkInterruptedError extends CoworkError {}
CoworkInterruptedError.kind = "interrupted";
CoworkInterruptedError.prototype.name = "CoworkInterruptedError";
exports.CoworkInterruptedError = CoworkInterruptedError;

class InternalError extends CoworkError {}
InternalError.kind = "internal";
InternalError.prototype.name = "InternalError";
exports.InternalError = InternalError;

const BY_KIND = new Map([
  ["not_found", NotFoundError],
  ["interrupted", CoworkInterruptedError],
  ["internal", InternalError],
]);
exports.BY_KIND = BY_KIND;

function errorOf({ message, ...facts }) {
  return new (BY_KIND.get(facts.kind) ?? CoworkError)(message, facts);
}
exports.errorOf = errorOf;
