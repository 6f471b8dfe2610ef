"""What the stories share: a planner that follows a script, and an end to every test."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import subprocess
import sys
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cowork
from cowork import Cowork, Planner, Tool

MOST_SECONDS = 60
# What parts raise is logged, and meant here.
logging.getLogger("cowork").addHandler(logging.NullHandler())
DONE = {"finish": {"end": "done", "summary": "Done."}}


def script(*turns: dict[str, Any]) -> Planner:
    """Proposes these, one after the other, then ends."""

    @cowork.planner(name="script")
    async def plan(given: Any) -> Any:
        turn = len(given["task"]["turns"])
        return turns[turn] if turn < len(turns) else DONE

    return plan


def calls(tool: str, *all: dict[str, Any]) -> dict[str, Any]:
    """Proposes these calls at once."""
    return {"calls": [{"tool": tool, "args": args} for args in all or ({},)]}


def engine(*tools: Tool, turns: list[dict[str, Any]] | None = None, **more: Any) -> Cowork:
    turns = [calls(tool.name) for tool in tools] if turns is None else turns
    return Cowork(**{"builtin_tools": "none", "tools": tools, "planners": [script(*turns)], **more})


def outcomes(state: Any) -> list[Any]:
    return [call["outcome"] for turn in state["turns"] for call in turn["calls"]]


class Story(unittest.TestCase):
    """A test whose end comes, even where the native module hangs."""

    def setUp(self) -> None:
        faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)

    def tearDown(self) -> None:
        faulthandler.cancel_dump_traceback_later()

    def runs(self, work: Callable[[], Any]) -> Any:
        return asyncio.run(asyncio.wait_for(work(), MOST_SECONDS / 2))

    def outcome(self, tool: Tool, /, **args: Any) -> Any:
        """What comes of one call."""

        async def work() -> Any:
            async with engine(tool, turns=[calls(tool.name, args)]) as it:
                return outcomes(await it.run("go"))[0]

        return self.runs(work)

    def child(self, program: str, *, begin: str = "from support import *", seconds: float = 30) -> subprocess.CompletedProcess[str]:
        """Runs a program in a process of its own."""
        here = Path(__file__).parent
        path = os.pathsep.join([str(here), str(here.parent)])
        return subprocess.run(
            [sys.executable, "-c", f"{begin}\n{program}"],
            env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=seconds,
        )
