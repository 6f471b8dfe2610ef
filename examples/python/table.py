"""A table job: sums sales up by region. The same in Rust and in Node leaves the same records, but for ids and times."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from cowork import Cowork, planner

READ = {"tool": "read_tables", "args": {"paths": ["Desk/sales.csv"]}}
SUM = {
    "tool": "combine_tables",
    "args": {"path": "Desk/by region.csv", "sources": ["Desk/sales.csv"], "group_by": ["region"], "sum": ["amount"]},
}


@planner(name="sums")
async def sums(view: Any) -> Any:
    steps = [{"calls": [READ]}, {"calls": [SUM]}, {"finish": {"end": "done", "summary": "Two regions."}}]
    return steps[len(view["task"]["turns"])]


async def main() -> None:
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as place:
        Path(place, "sales.csv").write_text("region,amount\nnorth,10.5\nsouth,4\nnorth,2.25\n")
        async with Cowork(data_dir=data, planners=[sums]) as cowork:
            desk = await cowork.folder(place, name="Desk")
            done = await cowork.run("Sum up the sales by region", folders=[desk], mode="auto")
            print(Path(place, "by region.csv").read_text())
            for record in await cowork.read(task=done["id"]):
                print(json.dumps(record, ensure_ascii=False, separators=(",", ":")), file=sys.stderr)


asyncio.run(main())
