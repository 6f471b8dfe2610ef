"""Streams a task to a web socket, item by item, as a page would show it. Needs `pip install websockets`."""

import asyncio
import json
import tempfile
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from cowork import Cowork


async def main() -> None:
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as desk:
        Path(desk, "photo.jpg").write_text("not really")
        async with Cowork(data_dir=data) as cowork:

            async def tell(socket: ServerConnection) -> None:
                task = await cowork.start(str(await socket.recv()), folders=[desk], mode="auto")
                async for item in task:
                    await socket.send(json.dumps(item))

            async with serve(tell, "127.0.0.1", 0) as server:
                port = server.sockets[0].getsockname()[1]
                async with connect(f"ws://127.0.0.1:{port}") as socket:
                    await socket.send("Organise these files by type")
                    async for message in socket:
                        item = json.loads(message)
                        print(item["event"]["type"] if item["item"] == "record" else item["item"])


asyncio.run(main())
