// JSON as it crosses: integers that no number holds exactly are bigints, and nothing is lost without a word.

"use strict";

const { InvalidInputError } = require("./errors.js");
const { markIntegers } = require("./native.js");

/** Reads what the engine says. Where long numbers may be in it there is a blank before it, and it is looked at twice. */
function read(text) {
  if (text[0] !== " ") return JSON.parse(text);
  const mark = unique();
  const exact = (_, value) => (typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value);
  return JSON.parse(markIntegers(text, mark), exact);
}

/** Writes what the host gives. Only where something may have been lost, it is written twice. */
function write(value, what) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch {
    // What is more than a bigint is said below.
  }
  return text === undefined || /null|{}|\d{16}/.test(text) ? writeExact(value, what) : text;
}

function writeExact(value, what) {
  const mark = unique();
  let text;
  try {
    text = JSON.stringify(value, function (key, value) {
      const at = key === "" ? "" : `, at \`${key}\``;
      if (typeof value === "bigint") return mark + value;
      if (value === undefined && Array.isArray(this)) throw new TypeError(`holds undefined${at}`);
      if (isLost(value)) throw new TypeError(`holds ${Object.prototype.toString.call(value)}, of which JSON would keep nothing${at}`);
      if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
      if (!Number.isFinite(value)) throw new TypeError(`holds ${value}, which JSON has not${at}`);
      if (!Number.isInteger(value)) return value;
      // Its digits as JSON.stringify has them are not its own.
      return mark + (value >= -(2 ** 63) && value < 2 ** 64 ? BigInt(value) : value.toExponential());
    });
    if (text === undefined) throw new TypeError("is nothing that JSON has a form for");
  } catch (cause) {
    throw new InvalidInputError(`${what} can't be written as JSON: ${cause.message}`, { op: "write JSON", cause });
  }
  return text.replaceAll(new RegExp(`"${mark}([^"]+)"`, "g"), "$1");
}

/** Says whether JSON keeps nothing of what is in something. */
const isLost = (value) => LOST.test(Object.prototype.toString.call(value)) && Object.keys(value).length === 0;
const LOST = /^.object (Map|Set|Error|Promise|RegExp|.*Iterator|.*Generator).$/;

/** Gives a text that is nowhere else. */
const unique = () => `#${Math.random()}${Math.random()}#`;

module.exports = { read, write };
