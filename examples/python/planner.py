"""A planner of your own: it sees the task as the log tells it, and says which calls come next."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from cowork import Cowork, planner


@planner(name="counter", local=True)
async def counter(view: Any) -> Any:
    turns = view["task"]["turns"]
    if not turns:
        folder = view["task"]["submit"]["folders"][0]["name"]
        return {
            "say": f"I look at {folder}.",
            "plan": [{"title": "Look at the folder", "state": "active"}],
            "calls": [{"tool": "find_files", "args": {"folder": folder, "name": "*.txt"}}],
        }
    found = turns[0]["calls"][0]["outcome"]["value"]
    return {"finish": {"end": "done", "summary": f"There are {len(found['files'])} texts.", "data": found}}


async def main() -> None:
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as desk:
        for name in ("a.txt", "b.txt", "c.jpg"):
            Path(desk, name).write_text(name)
        async with Cowork(data_dir=data, planners=[counter]) as cowork:
            done = await cowork.run("Count the texts", folders=[desk])
            print(done["result"]["summary"])


asyncio.run(main())
