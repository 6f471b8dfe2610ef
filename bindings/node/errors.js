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

class InvalidInputError extends CoworkError {}
InvalidInputError.kind = "invalid_input";
InvalidInputError.prototype.name = "InvalidInputError";
exports.InvalidInputError = InvalidInputError;

class NotFoundError extends CoworkError {}
NotFoundError.kind = "not_found";
NotFoundError.prototype.name = "NotFoundError";
exports.NotFoundError = NotFoundError;

class NotAllowedError extends CoworkError {}
NotAllowedError.kind = "not_allowed";
NotAllowedError.prototype.name = "NotAllowedError";
exports.NotAllowedError = NotAllowedError;

class ConflictError extends CoworkError {}
ConflictError.kind = "conflict";
ConflictError.prototype.name = "ConflictError";
exports.ConflictError = ConflictError;

class BusyError extends CoworkError {}
BusyError.kind = "busy";
BusyError.prototype.name = "BusyError";
exports.BusyError = BusyError;

class LeaseLostError extends CoworkError {}
LeaseLostError.kind = "lease_lost";
LeaseLostError.prototype.name = "LeaseLostError";
exports.LeaseLostError = LeaseLostError;

class CorruptError extends CoworkError {}
CorruptError.kind = "corrupt";
CorruptError.prototype.name = "CorruptError";
exports.CorruptError = CorruptError;

class NewerVersionError extends CoworkError {}
NewerVersionError.kind = "newer_version";
NewerVersionError.prototype.name = "NewerVersionError";
exports.NewerVersionError = NewerVersionError;

class FullError extends CoworkError {}
FullError.kind = "full";
FullError.prototype.name = "FullError";
exports.FullError = FullError;

class LimitExceededError extends CoworkError {}
LimitExceededError.kind = "limit_exceeded";
LimitExceededError.prototype.name = "LimitExceededError";
exports.LimitExceededError = LimitExceededError;

class UnavailableError extends CoworkError {}
UnavailableError.kind = "unavailable";
UnavailableError.prototype.name = "UnavailableError";
exports.UnavailableError = UnavailableError;

class UnsupportedError extends CoworkError {}
UnsupportedError.kind = "unsupported";
UnsupportedError.prototype.name = "UnsupportedError";
exports.UnsupportedError = UnsupportedError;

class CoworkCancelledError extends CoworkError {}
CoworkCancelledError.kind = "cancelled";
CoworkCancelledError.prototype.name = "CoworkCancelledError";
exports.CoworkCancelledError = CoworkCancelledError;

class CoworkInterruptedError extends CoworkError {}
CoworkInterruptedError.kind = "interrupted";
CoworkInterruptedError.prototype.name = "CoworkInterruptedError";
exports.CoworkInterruptedError = CoworkInterruptedError;

class InternalError extends CoworkError {}
InternalError.kind = "internal";
InternalError.prototype.name = "InternalError";
exports.InternalError = InternalError;

const BY_KIND = new Map([
  ["invalid_input", InvalidInputError],
  ["not_found", NotFoundError],
  ["not_allowed", NotAllowedError],
  ["conflict", ConflictError],
  ["busy", BusyError],
  ["lease_lost", LeaseLostError],
  ["corrupt", CorruptError],
  ["newer_version", NewerVersionError],
  ["full", FullError],
  ["limit_exceeded", LimitExceededError],
  ["unavailable", UnavailableError],
  ["unsupported", UnsupportedError],
  ["cancelled", CoworkCancelledError],
  ["interrupted", CoworkInterruptedError],
  ["internal", InternalError],
]);
exports.BY_KIND = BY_KIND;

function errorOf({ message, ...facts }) {
  return new (BY_KIND.get(facts.kind) ?? CoworkError)(message, facts);
}
exports.errorOf = errorOf;
