"""What a person sees of a task, in a notebook and elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import io
import unittest
from typing import Any

import cowork
from cowork import Tool, ToolContext, tool
from support import Story, engine, script

try:
    import IPython
except ImportError:
    IPython = None  # type: ignore[assignment]

EVIL = "<script>alert('&')</script>"


def plan(first: str, second: str) -> list[dict[str, str]]:
    return [{"title": f"Look at {EVIL}", "state": first, "detail": "3 files"}, {"title": "Write it down", "state": second}]


def look_until(seen: asyncio.Event, began: asyncio.Event | None = None) -> Tool:
    """A tool that says how far it is until it was seen."""

    @tool(effects="read_only")
    async def look(what: str, ctx: ToolContext) -> str:
        if began is not None:
            began.set()
        while not seen.is_set():
            # Who begins to look later is shown it too.
            ctx.progress(1, 2, "half of it")
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(seen.wait(), 0.01)
        return what

    return look


TURNS: list[dict[str, Any]] = [
    {"say": "I look first.", "plan": plan("active", "pending"), "calls": [{"tool": "look", "args": {"what": EVIL}}]},
    {"plan": plan("done", "active"), "calls": [{"tool": "gone", "args": {}}]},
    {"plan": plan("done", "done"), "finish": {"end": "done", "summary": f"Two {EVIL} regions."}},
]


async def shown(seen: asyncio.Event | None = None) -> tuple[Any, cowork.Task]:
    if seen is None:
        (seen := asyncio.Event()).set()
    async with engine(look_until(seen), turns=TURNS) as it:
        task = await it.start(f"Sum up {EVIL}")
        await task.show()
        return await task, task


def shown_at_once() -> None:
    (seen := asyncio.Event()).set()
    with cowork.SyncCowork(builtin_tools="none", tools=[look_until(seen)], planners=[script(*TURNS)]) as it:
        it.start(f"Sum up {EVIL}").show()


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

    def test_without_a_loop_it_is_the_same_lines(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            shown_at_once()
        lines = out.getvalue().splitlines()
        self.assertIn(f"✓ look {EVIL}", lines)
        self.assertEqual(lines[-1], f"done: Two {EVIL} regions.")
        self.assertEqual(len(lines), len(set(lines)), "nothing is said twice")

    def test_a_task_shows_what_is_known_of_it(self) -> None:
        async def work() -> tuple[str, str, str]:
            (seen := asyncio.Event()).set()
            async with engine(look_until(seen), turns=TURNS) as it:
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
            seen, began = asyncio.Event(), asyncio.Event()
            async with engine(look_until(seen, began), turns=TURNS) as it:
                task = await it.start("go")
                with contextlib.redirect_stdout(io.StringIO()), self.assertRaises(asyncio.CancelledError):
                    showing = asyncio.ensure_future(task.show())
                    await began.wait()
                    showing.cancel()
                    await showing
                seen.set()
                return (await task)["status"]

        self.assertEqual(self.runs(work), "done")

    @unittest.skipIf(IPython is None, "IPython is not installed")
    def test_in_a_notebook_it_is_one_picture_that_changes(self) -> None:
        from IPython.core.displaypub import CapturingDisplayPublisher
        from IPython.core.interactiveshell import InteractiveShell

        published: list[tuple[dict[str, Any], bool, Any]] = []
        seen = asyncio.Event()

        class Publisher(CapturingDisplayPublisher):
            def publish(self, data: Any, metadata: Any = None, *, transient: Any = None, update: bool = False, **_: Any) -> None:
                published.append((data, update, (transient or {}).get("display_id")))
                if "width:50%" in data["text/html"] and "half of it" in data["text/html"]:
                    seen.set()

        shell = InteractiveShell.instance(display_pub_class=Publisher)
        self.addCleanup(InteractiveShell.clear_instance)
        shell.user_ns.update(shown=shown, seen=seen)
        result = shell.run_cell("state, task = await shown(seen)\ntask")
        self.assertIsNone(result.error_in_exec)
        self.assertEqual(shell.user_ns["state"]["status"], "done")
        pictures = [(data["text/html"], update, id) for data, update, id in published if id]
        self.assertGreater(len(pictures), 2)
        self.assertEqual([update for _, update, _ in pictures], [False] + [True] * (len(pictures) - 1))
        self.assertEqual(len({id for _, _, id in pictures}), 1)
        self.assertTrue(seen.is_set())
        last = pictures[-1][0]
        self.assertIn("Two &lt;script&gt;", last)
        self.assertNotIn("<script", last)
        # What a cell that ends with the task shows is what was known of it last.
        self.assertEqual(result.result._repr_html_(), last)
        published.clear()
        shell.user_ns.update(shown_at_once=shown_at_once)
        self.assertIsNone(shell.run_cell("shown_at_once()").error_in_exec)
        self.assertIn("Two &lt;script&gt;", published[-1][0]["text/html"])
        self.assertEqual(len({id for _, _, id in published}), 1)
