// Runs pieces of JavaScript one after the other, in one place where names stay. Orders come as lines of JSON by handle 4, answers go by
// handle 3; what the code writes goes to handles 1 and 2, which are the same, and after each piece a mark.
{
  const fs = require("node:fs");
  const path = require("node:path");
  const readline = require("node:readline");
  const repl = require("node:repl");
  const util = require("node:util");
  const { PassThrough, Writable } = require("node:stream");

  const most = 10;
  const largest = 2 << 20;
  const kinds = { png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp",
    svg: "image/svg+xml", pdf: "application/pdf", html: "text/html", csv: "text/csv", json: "application/json", txt: "text/plain" };
  let shown = [];

  // Shows a picture or a file: a path, or bytes with a name.
  globalThis.show = (what, name) => {
    const data = typeof what === "string" ? fs.readFileSync(what) : Buffer.from(what);
    name ??= typeof what === "string" ? path.basename(what) : `artifact-${shown.length + 1}`;
    if (data.length > largest || shown.length >= most) {
      console.error(`${name} is not shown: at most ${most} of at most ${largest} bytes are`);
      return;
    }
    const kind = kinds[path.extname(name).slice(1).toLowerCase()] ?? "application/octet-stream";
    shown.push({ name, media_type: kind, data: data.toString("base64") });
  };

  const nowhere = new Writable({ write: (chunk, encoding, done) => done() });
  const server = repl.start({ prompt: "", input: new PassThrough(), output: nowhere, terminal: false, useGlobal: true });
  // What is installed goes to the home folder, and is found there.
  module.paths?.unshift("/home/user/node_modules");
  const required = require("node:module").createRequire(path.join(process.cwd(), "cell.js"));
  server.context.require = Object.assign((name) => {
    try {
      return required(name);
    } catch (error) {
      if (error.code !== "MODULE_NOT_FOUND") throw error;
      return require("node:module").createRequire("/home/user/cell.js")(name);
    }
  }, required);
  process.on("unhandledRejection", (error) => console.error(error));
  process.on("uncaughtException", (error) => console.error(error));

  let end = () => {};
  const told = (error) => util.inspect(error).split("\n").filter((line) => !/^\s+at .*(node:|\[eval\]|new Promise \(<anonymous>)/.test(line)).join("\n");
  const fail = (error) => end({ error: told(error instanceof repl.Recoverable ? error.err : error) });
  // What fails at once is told to the place where all of it runs, not to who asked.
  server._domain.removeAllListeners("error");
  server._domain.on("error", fail);
  const evaluate = (order) => new Promise((done) => {
    end = done;
    try {
      server.eval(`${order.code}\n`, server.context, order.file, (error, value) => {
        if (error) fail(error);
        else done(value === undefined ? {} : { result: util.inspect(value, { depth: 4, maxStringLength: 100_000 }) });
      });
    } catch (error) {
      fail(error);
    }
  });

  const all = (handle, text) => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;) {
      try {
        at += fs.writeSync(handle, bytes, at);
      } catch (error) {
        if (error.code !== "EAGAIN") throw error;
      }
    }
  };

  let before = Promise.resolve();
  const lines = readline.createInterface({ input: fs.createReadStream(null, { fd: 4 }) });
  lines.on("close", () => process.exit(0));
  lines.on("line", (line) => {
    const order = JSON.parse(line);
    if (order.stop) return;
    before = before.then(async () => {
      const answer = await evaluate(order);
      answer.artifacts = shown;
      shown = [];
      all(2, order.mark);
      all(3, `${JSON.stringify(answer)}\n`);
    });
  });
}
