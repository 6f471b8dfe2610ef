"""Loops, threads, processes and memory: an engine begins, lasts and ends."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import os
import select
import signal
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any

import cowork
from cowork import Cowork, CoworkError, SyncCowork, ToolContext, tool
from support import MOST_SECONDS, Story, calls, engine, outcomes, script


@tool(effects="read_only")
async def echo(n: int) -> int:
    return n


async def one(n: int) -> Any:
    async with engine(echo, turns=[calls("echo", {"n": n})]) as it:
        return outcomes(await it.run("go"))[0]["value"]


class Loops(Story):
    def test_one_engine_serves_several_loops_one_after_the_other(self) -> None:
        it = engine(echo, turns=[calls("echo", {"n": 1})])

        async def work() -> Any:
            return (await it.run("go"))["status"]

        for _ in range(3):
            self.assertEqual(self.runs(work), "done")
        self.runs(it.close)
        self.runs(it.close)

    def test_engines_in_several_loops_at_once_do_not_meet(self) -> None:
        seen: dict[int, Any] = {}
        threads = [threading.Thread(target=lambda n=n: seen.update({n: asyncio.run(one(n))})) for n in range(4)]  # type: ignore[misc]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(seen, {n: n for n in range(4)})

    def test_one_engine_in_two_loops_at_once_is_refused(self) -> None:
        async def work() -> None:
            async with engine(echo) as it:
                def elsewhere() -> None:
                    with self.assertRaises(cowork.CoworkError) as refused:
                        asyncio.run(it.tasks())
                    self.assertEqual(refused.exception.kind, "unsupported")

                await asyncio.to_thread(elsewhere)
                self.assertEqual(await it.tasks(), [])

        self.runs(work)

    def test_what_a_tool_owed_as_its_loop_ended_fails_and_the_next_loop_goes_on(self) -> None:
        began = threading.Event()
        times = 0

        @tool(effects="read_only")
        async def hangs_once() -> str:
            nonlocal times
            times += 1
            if times == 1:
                began.set()
                await asyncio.get_running_loop().create_future()
            return "there"

        for how in ("run", "closed"):
            began.clear()
            times = 0
            it = engine(hangs_once, turns=[calls("hangs_once"), calls("hangs_once")])

            async def begins() -> str:
                task = await it.start("go")
                while not began.is_set():
                    await asyncio.sleep(0.001)
                return task.id

            if how == "run":
                id = asyncio.run(begins())
            else:
                loop = asyncio.new_event_loop()
                id = loop.run_until_complete(begins())
                loop.close()

            async def ends() -> Any:
                state = await it.settled(id)
                await it.close()
                return state

            with self.subTest(how):
                state = self.runs(ends)
                self.assertEqual(state["status"], "done", state)
                self.assertEqual(outcomes(state)[0]["end"], "failed")
                self.assertEqual(outcomes(state)[1]["value"], "there")

    def test_a_planner_that_was_asked_as_its_loop_ended_is_asked_by_the_next(self) -> None:
        began = 0

        @cowork.planner(name="slow")
        async def slow(view: Any) -> Any:
            nonlocal began
            began += 1
            if began == 1:
                await asyncio.get_running_loop().create_future()
            return {"finish": {"end": "done", "summary": "after all"}}

        it = cowork.Cowork(planners=[slow])

        async def begins() -> str:
            task = await it.start("go")
            while not began:
                await asyncio.sleep(0.001)
            return task.id

        id = asyncio.run(begins())

        async def ends() -> Any:
            state = await it.settled(id)
            await it.close()
            return state

        self.assertEqual(self.runs(ends)["result"]["summary"], "after all")

    def test_what_a_thread_did_as_its_loop_ended_is_not_lost(self) -> None:
        for how in ("cancelled", "closed"):
            began, goes_on, ended = threading.Event(), threading.Event(), threading.Event()

            @tool(effects="changes")
            def sends() -> str:
                began.set()
                goes_on.wait(10)
                return "sent"

            it = engine(sends, approver=lambda ask: "allow")
            reply = it._bridge.engine.reply

            class Replies:
                def __getattr__(self, name: str, it: Any = it._bridge.engine) -> Any:
                    return getattr(it, name)

                def reply(self, number: int, text: str, is_error: bool) -> None:
                    reply(number, text, is_error)
                    if "sent" in text:
                        ended.set()

            it._bridge.engine = Replies()  # type: ignore[assignment]

            async def begins() -> str:
                task = await it.start("go")
                while not began.is_set():
                    await asyncio.sleep(0.001)
                return task.id

            if how == "cancelled":
                id = asyncio.run(begins())
            else:
                loop = asyncio.new_event_loop()
                id = loop.run_until_complete(begins())
                loop.close()
            goes_on.set()
            self.assertTrue(ended.wait(10))

            async def ends() -> Any:
                state = await it.settled(id)
                await it.close()
                return outcomes(state)[0].get("value")

            with self.subTest(how):
                self.assertEqual(self.runs(ends), "sent")

    def test_an_interrupt_as_a_result_is_given_leaves_a_loop_that_goes_on(self) -> None:
        class Interrupted:
            def __init__(self, engine: Any) -> None:
                self.engine, self.is_over = engine, False

            def __getattr__(self, name: str) -> Any:
                return getattr(self.engine, name)

            def gave(self, number: int, text: str) -> bool:
                has_more: bool = self.engine.gave(number, text)
                if has_more and not self.is_over:
                    self.is_over = True
                    raise KeyboardInterrupt
                return has_more

        # One after the other: once the loop's thread is ahead of the engine's, it stays so.
        @tool(effects="read_only", locks=["one"])
        async def quick() -> None: ...

        it: Any = engine(quick, turns=[calls("quick", *[{}] * 50)] * 4)
        it._bridge.engine = Interrupted(it._bridge.engine)
        loop = asyncio.new_event_loop()
        first = loop.create_task(it.run("go"))
        with self.assertRaises(KeyboardInterrupt), self.assertLogs("cowork"):
            loop.run_until_complete(first)
        self.assertEqual(loop.run_until_complete(asyncio.wait_for(it.run("again"), MOST_SECONDS / 3))["status"], "done")
        self.assertEqual(loop.run_until_complete(asyncio.wait_for(first, MOST_SECONDS / 3))["status"], "done")
        loop.run_until_complete(it.close())
        loop.close()

    def test_what_a_tool_sets_in_its_context_is_none_of_the_next_ones(self) -> None:
        who = contextvars.ContextVar("who", default="nobody")
        seen = set()

        @tool(effects="read_only", locks=["one"])
        async def sets() -> None:
            seen.add(who.get())
            who.set("me")

        async def work() -> None:
            who.set("host")
            async with engine(sets, turns=[calls("sets", *[{}] * 50)]) as it:
                await it.run("go")

        self.runs(work)
        self.assertEqual(seen, {"host"})

    def test_what_the_engine_stops_is_no_fault_of_the_host(self) -> None:
        async def work() -> str:
            began = asyncio.Event()

            @cowork.planner
            async def hangs(view: Any) -> Any:
                began.set()
                await asyncio.get_running_loop().create_future()

            async with cowork.Cowork(planners=[hangs]) as it:
                task = await it.start("go")
                await began.wait()
                await task.cancel()
                return (await task)["status"]

        with self.assertNoLogs("cowork", "INFO"):
            self.assertEqual(self.runs(work), "cancelled")

    def test_a_task_is_cancelled_whose_name_comes_too_late_for_who_gave_it_up(self) -> None:
        @tool(effects="read_only")
        async def hangs() -> None:
            await asyncio.get_running_loop().create_future()

        async def work(is_taken: bool) -> str:
            async with engine(hangs) as it:
                begun = asyncio.create_task(it.start("go"))
                while not it._bridge._waiting:
                    await asyncio.sleep(0)
                # The loop stands still until the engine has said the name.
                while it._bridge._waiting:
                    select.select([it._bridge.engine.fileno()], [], [])
                    if not is_taken:
                        break
                    it._bridge._take()
                begun.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await begun
                (task,) = await it.tasks()
                return (await it.settled(task["task"]))["status"]

        for is_taken in (False, True):
            with self.subTest(is_taken=is_taken):
                self.assertEqual(self.runs(lambda it=is_taken: work(it)), "cancelled")  # type: ignore[misc]

    def test_who_forgets_to_close_loses_nothing(self) -> None:
        with tempfile.TemporaryDirectory() as data:
            done = self.child(f"""
hung = []

@cowork.tool(effects="read_only")
async def hangs() -> str:
    hung.append(True)
    await asyncio.get_running_loop().create_future()

async def main():
    it = engine(hangs, turns=[calls("hangs")], data_dir={data!r})
    print((await it.start("go")).id, flush=True)
    while not hung:
        await asyncio.sleep(0.001)
    print("it hangs", flush=True)

asyncio.run(main())
""")
            id, hung, _ = done.stdout.split("\n")
            self.assertEqual((hung, done.stderr), ("it hangs", ""))

            @tool(effects="read_only")
            async def hangs() -> str:
                return "not any more"

            async def work() -> Any:
                async with engine(hangs, turns=[calls("hangs")], data_dir=data) as it:
                    return await it.settled(id)

            state = self.runs(work)
            self.assertEqual((state["status"], outcomes(state)[0].get("value")), ("done", "not any more"), state)

    def test_a_reader_that_stops_early_leaves_the_task_alone(self) -> None:
        async def work() -> None:
            async with engine(echo, turns=[calls("echo", {"n": n}) for n in range(5)]) as it:
                task = await it.start("go")
                async for _ in task:
                    break
                self.assertEqual((await task)["status"], "done")
                self.assertEqual([item["event"]["type"] async for item in task.records()][-1], "task_finished")

        self.runs(work)

    def test_what_waits_when_the_engine_is_closed_is_told_so(self) -> None:
        async def work() -> None:
            began = asyncio.Event()

            @tool(effects="read_only")
            async def hangs() -> None:
                began.set()
                await asyncio.get_running_loop().create_future()

            it = engine(hangs)
            running = asyncio.create_task(it.run("go"))
            await began.wait()
            await it.close()
            with self.assertRaises(CoworkError) as closed:
                await running
            self.assertEqual(closed.exception.kind, "cancelled")

        self.runs(work)


class AtOnce(Story):
    def test_without_a_loop(self) -> None:
        with SyncCowork(builtin_tools="none", tools=[echo], planners=[script(calls("echo", {"n": 7}))]) as it:
            self.assertEqual(outcomes(it.run("go"))[0]["value"], 7)
            task = it.start("go")
            self.assertEqual([item["event"]["type"] for item in task if item["item"] == "record"][-1], "task_finished")
            self.assertEqual(task.result()["status"], "done")
            self.assertEqual(len(it.tasks()), 2)
        it.close()
        with self.assertRaises(cowork.CoworkCancelledError):
            it.tasks()

    def test_a_task_has_all_that_it_has_with_a_loop(self) -> None:
        @tool(effects="changes")
        async def send(what: str) -> str:
            return what

        with SyncCowork(builtin_tools="none", tools=[send], planners=[script(*[calls("send", {"what": "a letter"})] * 2)]) as it:
            task = it.start("go")
            self.assertEqual((task.result()["status"], task.state()["status"], repr(task)), ("waiting", "waiting", f"SyncTask({task.id!r})"))
            (ask,) = task.asks()
            task.answer(ask, "allow")
            # It asks again for the next one.
            self.assertEqual(task.result()["status"], "waiting")
            task.steer("Hurry.", sender="me")
            task.cancel()
            views = list(task.views())
            self.assertEqual((views[-1]["status"], views[-1]["text"]), ("cancelled", "cancelled"))
            self.assertIn("✓ send a letter", [line for view in views for line in view["lines"]])
            with self.assertRaises(cowork.CoworkCancelledError):
                task.finished()
            self.assertEqual([record["seq"] for record in task.read(most=2)], [2, 3])
            self.assertEqual([item["seq"] for item in task.events(after=2) if item["item"] == "record"][0], 3)
            self.assertFalse(task.held())
            nothing = task.changes()["changes"], task.undo()["undone"], task.preview_undo()["undone"]
            self.assertEqual(nothing, ([], 0, 0))
        with SyncCowork(builtin_tools="none", planners=[script()]) as it:
            task = it.start("go")
            for method in (task.pause, task.resume, task.adopt):
                with self.subTest(method.__name__), contextlib.suppress(CoworkError):
                    method()
            self.assertEqual(task.finished()["status"], "done")

    def test_in_a_loop_of_somebody_elses_too(self) -> None:
        async def work() -> int:
            with SyncCowork(builtin_tools="none", tools=[echo], planners=[script(calls("echo", {"n": 7}))]) as it:
                return outcomes(it.run("go"))[0]["value"]  # type: ignore[no-any-return]

        self.assertEqual(self.runs(work), 7)

    def test_an_interrupt_cancels_the_task(self) -> None:
        done = self.child("""
import signal, time
@cowork.tool(effects="read_only")
async def hangs():
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.get_running_loop().create_future()

with cowork.SyncCowork(builtin_tools="none", tools=[hangs], planners=[script(calls("hangs"))]) as it:
    try:
        it.run("go")
    except KeyboardInterrupt:
        (task,) = it.tasks()
        print(it.settled(task["task"])["status"])
""")
        self.assertEqual((done.stdout.strip(), done.returncode), ("cancelled", 0), done.stderr)


HANGS = """
import threading
BEGAN = threading.Event()

@cowork.tool(effects="read_only")
async def hangs():
    print("began", flush=True)
    BEGAN.set()
    await asyncio.get_running_loop().create_future()

import time
@cowork.tool(effects="read_only", name="hangs")
def blocks():
    print("began", flush=True)
    BEGAN.set()
    time.sleep(1000)
"""


class Processes(Story):
    def test_the_interpreter_ends_while_tasks_run(self) -> None:
        ends = {
            "a loop that ends": """
async def main():
    it = engine(TOOL)
    await it.start("go")
    await asyncio.to_thread(BEGAN.wait)
asyncio.run(main())
""",
            "a thread's loop that nobody ends": """
it = cowork.SyncCowork(builtin_tools="none", tools=[TOOL], planners=[script(calls("hangs"))])
it.start("go")
BEGAN.wait()
""",
            "an exit in the middle": """
async def main():
    async with engine(TOOL) as it:
        await it.start("go")
        await asyncio.to_thread(BEGAN.wait)
        sys.exit(0)
asyncio.run(main())
""",
            "an engine that is never used": "it = engine(TOOL)",
        }
        for name in ("hangs", "blocks"):
            for how, program in ends.items():
                with self.subTest(how, of=name):
                    at = time.monotonic()
                    done = self.child(HANGS + program.replace("TOOL", name))
                    self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
                    self.assertLess(time.monotonic() - at, 15)

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_forked_process_is_told_so_and_harms_nobody(self) -> None:
        done = self.child("""
@cowork.tool(effects="read_only")
async def echo(n: int) -> int:
    return n

it = engine(echo, turns=[calls("echo", {"n": 7})])
async def run():
    return outcomes(await it.run("go"))[0]["value"]
print(asyncio.run(run()), flush=True)
# Python says itself that threads do not survive this.
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
if (child := os.fork()) == 0:
    try:
        asyncio.run(run())
    except cowork.CoworkError as error:
        print(error.kind, error.fix, flush=True)
    async def again():
        async with engine(echo, turns=[calls("echo", {"n": 8})]) as other:
            return outcomes(await other.run("go"))[0]["value"]
    print(asyncio.run(again()), flush=True)
    sys.exit(0)
print(os.waitpid(child, 0)[1], flush=True)
print(asyncio.run(run()), flush=True)
""")
        wanted = ["7", "unsupported open another one after the fork", "8", "0", "7"]
        self.assertEqual((done.stdout.split("\n")[:-1], done.stderr), (wanted, ""))

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_without_a_loop_a_forked_process_is_told_so(self) -> None:
        done = self.child("""
it = cowork.SyncCowork()
if os.fork() == 0:
    for use in (it.tasks, it.close):
        try:
            use()
        except cowork.CoworkError as error:
            print(error.kind, error.fix, flush=True)
    os._exit(0)
os.wait()
it.close()
""")
        self.assertEqual((done.stdout, done.stderr), ("unsupported open another one after the fork\n" * 2, ""))

    def test_a_process_without_an_engine_imports_quickly(self) -> None:
        late = ("cowork._types", "asyncio", "pydantic", "IPython")
        done = self.child(f"print([name for name in {late} if name in sys.modules])", begin="import sys, cowork")
        self.assertEqual(done.stdout.strip(), "[]")


class Memory(Story):
    def test_many_tasks_leave_little_behind(self) -> None:
        most = int(os.environ.get("COWORK_TASKS", "600"))
        if most > 600:
            import faulthandler
            faulthandler.cancel_dump_traceback_later()

        def rss() -> int:
            gc.collect()
            return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        async def work(folder: str) -> tuple[int, int, int]:
            async with engine(echo, turns=[calls("echo", {"n": 7})], data_dir=folder) as it:
                async def some(count: int) -> int:
                    for begin in range(0, count, 20):
                        await asyncio.gather(*(it.run("go", thread=f"t{n % 20}") for n in range(begin, begin + 20)))
                    return rss()

                warm = await some(most // 3)
                return warm, await some(most // 3), await some(most // 3)

        with tempfile.TemporaryDirectory() as folder:
            warm, then, end = asyncio.run(work(folder))
        each = (end - warm) / (most * 2 // 3)
        print(f"\n    {most} tasks: {warm >> 20}, {then >> 20}, {end >> 20} MiB resident after each third: {each / 1024:.1f} KiB a task")
        self.assertLess(end - then, 64 << 20)
        self.assertLess(each, 32 << 10)

    def test_engines_are_let_go_of(self) -> None:
        async def work() -> list[int]:
            counts = []
            for n in range(30):
                await one(n)
                gc.collect()
                counts.append(len(os.listdir("/proc/self/fd")) + threading.active_count())
            return counts

        counts = self.runs(work)
        self.assertLess(counts[-1] - counts[5], 20, counts)
