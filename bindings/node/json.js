// JSON as it crosses: integers that no number holds exactly are bigints, and nothing is lost without a word.

"use strict";

const { InvalidInputError } = require("./errors.js");

/** Reads what the engine says. Only where a long row of digits is in it, it is looked at twice. */
function read(text) {
  return /\d{16}/.test(text) ? readExact(text) : JSON.parse(text);
}

/** Writes what the host gives. Only where something may have been lost, it is written twice. */
function write(value, what) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError && error.message.includes("BigInt"))) throw wrong(what, error.message, error);
  }
  if (text !== undefined && !/null|\d{16}/.test(text)) return text;
  return writeExact(value, what);
}

function readExact(text) {
  const mark = unique(text);
  let [marked, at] = ["", 0];
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    const end = quote < 0 ? text.length : quote;
    marked += text.slice(at, end).replace(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (number) =>
      /[.eE]/.test(number) || Number.isSafeInteger(Number(number)) ? number : `"${mark}${number}"`);
    at = end;
    if (quote < 0) break;
    // By hand: what a pattern needs for a long text would overflow its stack.
    for (at += 1; text[at] !== '"'; at += text[at] === "\\" ? 2 : 1);
    marked += text.slice(end, (at += 1));
  }
  const isMarked = (value) => typeof value === "string" && value.startsWith(mark);
  return JSON.parse(marked, (_, value) => (isMarked(value) ? BigInt(value.slice(mark.length)) : value));
}

function writeExact(value, what) {
  const mark = unique("");
  const text = stringify(what, value, function (key, value) {
    const at = key === "" ? "" : `, at \`${key}\``;
    if (typeof value === "bigint") return mark + value;
    if (value === undefined && Array.isArray(this)) throw wrong(what, `holds undefined${at}`);
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    if (!Number.isFinite(value)) throw wrong(what, `holds ${value}, which JSON has not${at}`);
    if (!Number.isInteger(value)) return value;
    // Its digits as JSON.stringify has them are not its own.
    return mark + (value >= -(2 ** 63) && value < 2 ** 64 ? BigInt(value) : value.toExponential());
  });
  if (text === undefined) throw wrong(what, "is nothing that JSON has a form for");
  return text.replaceAll(new RegExp(`"${mark}([^"]+)"`, "g"), "$1");
}

function stringify(what, value, replacer) {
  try {
    return JSON.stringify(value, replacer);
  } catch (error) {
    throw error instanceof InvalidInputError ? error : wrong(what, error.message, error);
  }
}

/** Gives a text that does not occur in this one. */
function unique(text) {
  for (;;) {
    const mark = `#${Math.random()}#`;
    if (!text.includes(mark)) return mark;
  }
}

function wrong(what, why, cause) {
  return new InvalidInputError(`${what} can't be written as JSON: ${why}`, { op: "write JSON", cause });
}

exports.read = read;
exports.write = write;
