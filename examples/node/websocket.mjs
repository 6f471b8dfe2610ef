// Streams a task to a web socket, item by item, as a page would show it. Needs `npm install ws`.

import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cowork } from "cowork-sdk";
import { WebSocket, WebSocketServer } from "ws";

const [data, desk] = ["data-", "desk-"].map((name) => mkdtempSync(join(tmpdir(), name)));
writeFileSync(join(desk, "photo.jpg"), "not really");

const cowork = new Cowork({ data_dir: data });
const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });

server.on("connection", async (socket) => {
  const [text] = await once(socket, "message");
  const task = await cowork.start(String(text), { folders: [desk], mode: "auto" });
  for await (const item of task) socket.send(JSON.stringify(item));
  socket.close();
});

try {
  await once(server, "listening");
  const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  socket.on("message", (text) => {
    const { item, event } = JSON.parse(text);
    console.log(item === "record" ? event.type : item);
  });
  await once(socket, "open");
  socket.send("Organise these files by type");
  await once(socket, "close");
} finally {
  server.close();
  await cowork.close();
  for (const folder of [data, desk]) rmSync(folder, { recursive: true });
}
