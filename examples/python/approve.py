"""Approval in code: what changes something is shown first, exactly as it would be done."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from cowork import Cowork, planner


async def approve(ask: Any) -> str:
    print("It wants to", ask["effects"]["preview"]["title"])
    return "allow" if ask["call"]["tool"] == "write_file" else "deny"


@planner(name="writer")
async def writer(view: Any) -> Any:
    turns = view["task"]["turns"]
    if not turns:
        write = {"tool": "write_file", "args": {"path": "Desk/note.txt", "text": "hello"}}
        clear = {"tool": "set_aside", "args": {"paths": ["Desk/old.txt"]}}
        return {"calls": [write, clear]}
    ends = [call["outcome"]["end"] for call in turns[0]["calls"]]
    return {"finish": {"end": "done", "summary": f"One was {ends[0]}, one was {ends[1]}."}}


async def main() -> None:
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as place:
        Path(place, "old.txt").write_text("old")
        async with Cowork(data_dir=data, planners=[writer], approver=approve) as cowork:
            desk = await cowork.folder(place, name="Desk")
            done = await cowork.run("Write a note and clear up", folders=[desk], mode="ask")
            print(done["result"]["summary"], sorted(path.name for path in Path(place).iterdir()))


asyncio.run(main())
