// The engine, built for this platform.

"use strict";

const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { UnsupportedError } = require("./errors.js");

const kinds = { linux: ["-gnu", "-musl"], win32: ["-msvc"] }[process.platform] ?? [""];
const names = kinds.map((kind) => `cowork.${process.platform}-${process.arch}${kind}.node`);
const there = names.find((name) => existsSync(join(__dirname, name)));
const why = `cowork-sdk has no engine for this platform: there is no ${names.join(" and no ")}`;
if (!there) throw new UnsupportedError(why, { op: "load engine" });
module.exports = require(join(__dirname, there));
