"""What a person sees of a task, in a notebook and elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import io
import unittest
from typing import Any

import cowork
from cowork import ToolContext, tool
from support import Story, engine

try:
    import IPython
except ImportError:
    IPython = None  # type: ignore[assignment]

EVIL = "<script>alert('&')</script>"


def plan(first: str, second: str) -> list[dict[str, str]]:
    return [{"title": f"Look at {EVIL}", "state": first, "detail": "3 files"}, {"title": "Write it down", "state": second}]


@tool(effects="read_only")
async def look(what: str, ctx: ToolContext) -> str:
    ctx.progress(1, 2, "half of it")
    await asyncio.sleep(0.3)
    return what


TURNS: list[dict[str, Any]] = [
    {"say": "I look first.", "plan": plan("active", "pending"), "calls": [{"tool": "look", "args": {"what": EVIL}}]},
    {"plan": plan("done", "active"), "calls": [{"tool": "gone", "args": {}}]},
    {"plan": plan("done", "done"), "finish": {"end": "done", "summary": f"Two {EVIL} regions."}},
]


async def shown() -> tuple[Any, cowork.Task]:
    async with engine(look, turns=TURNS) as it:
        task = await it.start(f"Sum up {EVIL}")
        return await task.show(), task


class Shown(Story):
    def test_elsewhere_it_is_lines(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            state, _ = self.runs(shown)
        lines = out.getvalue().splitlines()
        self.assertEqual(state["status"], "done")
        self.assertIn(f"✓ look {EVIL}", lines)
        self.assertIn("● Write it down", lines)
        self.assertTrue(any(line.startswith("✗ gone ") for line in lines), lines)
        self.assertEqual(lines[-1], f"done: Two {EVIL} regions.")
        self.assertEqual(len(lines), len(set(lines)), "nothing is said twice")

    def test_a_task_shows_what_is_known_of_it(self) -> None:
        async def work() -> tuple[str, str, str]:
            async with engine(look, turns=TURNS) as it:
                task = await it.start("Sum up")
                before = task._repr_html_()
                await task
                return task.id, before, task._repr_html_()

        id, before, after = self.runs(work)
        self.assertIn(id, before)
        self.assertIn("Write it down", after)
        self.assertNotIn("<script", after)
        self.assertIn("&lt;script&gt;", after)

    def test_to_cancel_the_show_leaves_the_task_alone(self) -> None:
        async def work() -> str:
            async with engine(look, turns=TURNS) as it:
                task = await it.start("go")
                with contextlib.redirect_stdout(io.StringIO()), self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(task.show(), 0.05)
                return (await task)["status"]

        self.assertEqual(self.runs(work), "done")

    @unittest.skipIf(IPython is None, "IPython is not installed")
    def test_in_a_notebook_it_is_one_picture_that_changes(self) -> None:
        from IPython.core.displaypub import CapturingDisplayPublisher
        from IPython.core.interactiveshell import InteractiveShell

        seen: list[tuple[dict[str, Any], bool, Any]] = []

        class Publisher(CapturingDisplayPublisher):
            def publish(self, data: Any, metadata: Any = None, *, transient: Any = None, update: bool = False, **_: Any) -> None:
                seen.append((data, update, (transient or {}).get("display_id")))

        shell = InteractiveShell.instance(display_pub_class=Publisher)
        self.addCleanup(InteractiveShell.clear_instance)
        shell.user_ns["shown"] = shown
        result = shell.run_cell("state, task = await shown()\ntask")
        self.assertIsNone(result.error_in_exec)
        self.assertEqual(shell.user_ns["state"]["status"], "done")
        pictures = [(data["text/html"], update, id) for data, update, id in seen if id]
        self.assertGreater(len(pictures), 2)
        self.assertEqual([update for _, update, _ in pictures], [False] + [True] * (len(pictures) - 1))
        self.assertEqual(len({id for _, _, id in pictures}), 1)
        self.assertTrue(any("width:50%" in html and "half of it" in html for html, _, _ in pictures))
        last = pictures[-1][0]
        self.assertIn("Two &lt;script&gt;", last)
        self.assertNotIn("<script", last)
