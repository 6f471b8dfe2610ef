"""Models, planners and approvers of the host's, and how an engine is opened."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from unittest import mock

import cowork
from cowork import Cowork, CoworkError, InvalidInputError, NotAllowedError, SyncCowork, tool
from support import DONE, Story, calls, engine, outcomes, script


@tool(effects="read_only")
async def echo(n: int) -> int:
    return n


@tool(effects="changes")
async def quiet() -> None:
    pass


class Person:
    """Somebody who takes their time, and says no."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.goes_on = threading.Event()

    def __call__(self, ask: Any) -> str:
        self.asked.append(ask["task"])
        self.goes_on.wait(10)
        return "deny"


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "cowork-host"]


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await asyncio.sleep(0.001)


class Models(Story):
    def said(self, model: cowork.Model) -> tuple[str, list[str]]:
        async def work() -> tuple[str, list[str]]:
            async with Cowork(builtin_tools="none", tools=[echo], models=[model]) as it:
                stream = await it.follow()
                state: Any = await it.run("what is it?")
                await it.close()
                told = [item["what"] async for item in stream if item["item"] == "delta"]
                return state["result"]["summary"], [what["text"] for what in told if what["type"] == "text"]

        result: tuple[str, list[str]] = self.runs(work)
        return result

    def test_a_text_is_an_answer(self) -> None:
        @cowork.model(name="mine")
        async def mine(request: Any) -> str:
            return "It is 😀."

        self.assertEqual(self.said(mine)[0], "It is 😀.")

    def test_a_plain_function_may_answer(self) -> None:
        @cowork.model()
        def mine(request: Any) -> str:
            return "At once."

        self.assertEqual(self.said(mine)[0], "At once.")

    def test_a_generator_tells_its_answer_piece_by_piece(self) -> None:
        @cowork.model(name="mine")
        async def mine(request: Any) -> AsyncIterator[str]:
            for piece in ("It is ", "seven."):
                yield piece

        # Pieces that come quickly are shown together.
        summary, told = self.said(mine)
        self.assertEqual((summary, "".join(told)), ("It is seven.", "It is seven."))

    def test_an_answer_may_want_calls(self) -> None:
        @cowork.model(name="mine")
        async def mine(request: Any) -> Any:
            if any(message["role"] == "assistant" for message in request["messages"]):
                return {"text": "Done.", "usage": {"input": 5, "output": 1}}
            return {"calls": [{"tool": "echo", "args": {"n": 7}}]}

        self.assertEqual(self.said(mine)[0], "Done.")

    def test_what_a_model_throws_or_gives_wrongly_is_the_tasks_failure(self) -> None:
        @cowork.model(name="mine")
        async def throws(request: Any) -> str:
            raise NotAllowedError("the key is wrong", op="ask model")

        @cowork.model(name="mine")
        async def odd(request: Any) -> Any:
            return object()

        with self.assertRaises(NotAllowedError):
            self.said(throws)
        with self.assertRaises(InvalidInputError):
            self.said(odd)


class Planners(Story):
    def test_a_planner_sees_the_task_and_its_tools(self) -> None:
        seen: list[Any] = []

        @cowork.planner(name="mine")
        async def mine(given: Any) -> Any:
            seen.append(given)
            return DONE

        async def work() -> Any:
            async with Cowork(builtin_tools="none", tools=[echo], planners=[mine]) as it:
                return await it.run("go", max_steps=3)

        self.runs(work)
        (given,) = seen
        self.assertEqual((given["tools"], given["task"]["submit"]["max_steps"]), (["echo"], 3))

    def test_what_a_planner_throws_is_the_tasks_failure(self) -> None:
        @cowork.planner(name="mine")
        async def mine(given: Any) -> Any:
            raise LookupError("no idea")

        async def work() -> Any:
            async with Cowork(builtin_tools="none", planners=[mine]) as it:
                return await it.run("go")

        with self.assertRaises(cowork.InternalError) as failed:
            self.runs(work)
        self.assertEqual((str(failed.exception), failed.exception.fact("type")), ("LookupError: no idea", "LookupError"))


class Approvers(Story):
    @staticmethod
    def sender() -> cowork.Tool:
        @tool(effects="changes", title="send {what}")
        async def send(what: str) -> str:
            return what

        return send

    def end(self, approver: Any, ends: bool = True) -> Any:
        async def work() -> Any:
            asked = asyncio.Event()

            async def asks(ask: Any) -> Any:
                asked.set()
                given = approver(ask)
                return await given if asyncio.iscoroutine(given) else given

            send = self.sender()
            async with engine(send, turns=[calls("send", {"what": "a letter"})], approver=asks) as it:
                task = await it.start("go", mode="auto")
                if not ends:
                    await task
                    await asked.wait()
                    return (await task)["status"]
                # `result` comes when a question is open, whoever is being asked.
                async for _ in task:
                    pass
                return outcomes(await task)[0]["end"]

        return self.runs(work)

    def test_an_approver_answers_at_once_or_later(self) -> None:
        async def later(ask: Any) -> str:
            assert ask["effects"]["preview"]["title"] == "send a letter"
            await asyncio.sleep(0)
            return "allow"

        def at_once(ask: Any) -> str:
            return "allow"

        self.assertEqual((self.end(later), self.end(at_once)), ("done", "done"))
        self.assertEqual(self.end(lambda ask: "deny"), "denied")

    def test_what_it_throws_or_gives_wrongly_leaves_the_question_open(self) -> None:
        def throws(ask: Any) -> None:
            raise RuntimeError("gone for lunch")

        for approver in (throws, lambda ask: None, lambda ask: "maybe", lambda ask: object()):
            self.assertEqual(self.end(approver, ends=False), "waiting")

    def test_run_says_what_it_waits_for(self) -> None:
        async def work() -> None:
            async with engine(self.sender(), turns=[calls("send", {"what": "a letter"})]) as it:
                await it.run("go", mode="auto")

        with self.assertRaises(CoworkError) as waits:
            self.runs(work)
        self.assertEqual((waits.exception.kind, "waiting" in str(waits.exception)), ("unavailable", True))
        self.assertTrue(waits.exception.fix)

    def test_run_says_what_the_approver_gave_that_is_no_answer(self) -> None:
        async def work() -> None:
            async with engine(self.sender(), turns=[calls("send", {"what": "a letter"})], approver=lambda ask: "yes") as it:
                await it.run("go", mode="ask")

        with self.assertRaises(CoworkError) as waits:
            self.runs(work)
        self.assertIn("the approver gave no answer: the answer of the approver", str(waits.exception))

    def test_a_question_is_answered_by_a_command(self) -> None:
        async def work() -> Any:
            async with engine(self.sender(), turns=[calls("send", {"what": "a letter"})]) as it:
                task = await it.start("go", mode="auto")
                self.assertEqual((await task)["status"], "waiting")
                (ask,) = await task.asks()
                await task.answer(ask, "allow")
                return outcomes(await task)[0]["value"]

        self.assertEqual(self.runs(work), "a letter")


class Blocking(Story):
    def test_a_function_that_is_not_async_may_block(self) -> None:
        waited: list[bool] = []

        def waits() -> None:
            there = threading.Event()
            loop.call_soon_threadsafe(there.set)
            waited.append(there.wait(10))

        @cowork.model(name="mine")
        def mine(request: Any) -> Any:
            waits()
            is_last = any(message["role"] == "assistant" for message in request["messages"])
            return "Done." if is_last else {"calls": [{"tool": "send", "args": {}}]}

        @tool(effects="changes")
        def send() -> None:
            waits()

        @cowork.planner(name="stop")
        def stop(given: Any) -> Any:
            waits()
            return DONE

        def approver(ask: Any) -> str:
            waits()
            return "allow"

        async def work() -> Any:
            nonlocal loop
            loop = asyncio.get_running_loop()
            async with Cowork(builtin_tools="none", tools=[send], models=[mine], planners=[stop], approver=approver) as it:
                return (await it.run("go", model="mine"))["status"], (await it.run("go"))["status"]

        loop: Any = None
        self.assertEqual(self.runs(work), ("done", "done"))
        self.assertEqual(waited, [True] * 5)

    def test_a_question_is_asked_once_the_one_before_is_answered(self) -> None:
        asked = 0

        def approver(ask: Any) -> str:
            nonlocal asked
            asked += 1
            self.assertEqual(asked, 1)
            time.sleep(0.005)
            asked -= 1
            return "allow"

        @tool(effects="changes")
        async def send(n: int) -> int:
            return n

        async def work() -> Any:
            turns = [calls("send", *({"n": n} for n in range(5)))]
            async with engine(send, turns=turns, approver=approver) as it:
                task = await it.start("go")
                async for _ in task:
                    pass
                return [outcome["end"] for outcome in outcomes(await task)]

        self.assertEqual(self.runs(work), ["done"] * 5)

    def test_a_question_that_nobody_has_any_more_is_not_asked(self) -> None:
        async def work() -> list[threading.Thread]:
            async with engine(quiet, approver=person) as it:
                first = await it.start("go")
                await until(lambda: bool(person.asked))
                second, _ = await it.start("go"), await it.start("go")
                await until(lambda: len(threads()) == 3)
                waiting = threads()
                await second.cancel()
                self.assertEqual(((await second)["status"], person.asked), ("cancelled", [first.id]))
            return waiting

        person = Person()
        waiting = self.runs(work)
        # The second was cancelled, and the third put down.
        person.goes_on.set()
        for thread in waiting:
            thread.join(10)
        self.assertEqual(len(person.asked), 1)

    def test_a_question_that_outlives_its_loop_is_asked_once(self) -> None:
        person = Person()
        it = engine(quiet, approver=person)

        async def begins() -> str:
            task = await it.start("go")
            await until(lambda: bool(person.asked))
            return task.id

        async def ends() -> Any:
            ended = asyncio.create_task(it.finished(id))
            await until(lambda: len(threads()) == 2)
            person.goes_on.set()
            state = await ended
            await it.close()
            return outcomes(state)[0]["end"]

        id = self.runs(begins)
        self.assertEqual((self.runs(ends), person.asked), ("denied", [id]))

    def test_where_no_thread_begins_the_loop_goes_on_and_the_question_stays_open(self) -> None:
        async def work() -> None:
            async with engine(quiet, approver=lambda ask: "allow") as it:
                await it.run("go")

        none = mock.patch.object(threading.Thread, "start", side_effect=RuntimeError("can't start new thread"))
        with none, self.assertLogs("cowork"), self.assertRaises(CoworkError) as waits:
            self.runs(work)
        self.assertIn("can't start new thread", str(waits.exception))

    def test_what_is_raised_in_a_thread_fails_and_ends_nothing_else(self) -> None:
        for why in (StopIteration("no more"), SystemExit(3), KeyboardInterrupt(), LookupError("no idea")):
            @cowork.planner
            def plan(given: Any, why: BaseException = why) -> Any:
                raise why

            async def work() -> Any:
                async with Cowork(builtin_tools="none", planners=[plan]) as it:
                    await it.run("go")

            with self.subTest(repr(why)), self.assertLogs("cowork"), self.assertRaises(cowork.InternalError) as failed:
                self.runs(work)
            self.assertEqual(failed.exception.fact("type"), type(why).__name__)


class Opened(Story):
    def test_wrong_settings_are_refused_with_what_is_wrong(self) -> None:
        wrong: list[dict[str, Any]] = [
            {"nonsense": 1}, {"data_dir": 7}, {"limits": {"tasks": "many"}}, {"limits": {"tasks": 0}}, {"store": "disk"}, {"model": "nobody"},
            {"instructions": "\ud83d"}, {"instructions": object()}, {"limits": {"tasks": 2**64}}, {"limits": {"tasks": float("nan")}},
        ]
        for settings in wrong:
            for kind in (Cowork, SyncCowork):
                with self.subTest(repr(settings), of=kind.__name__), self.assertRaises(InvalidInputError):
                    kind(**settings)

    def test_what_is_no_tool_is_refused_with_what_to_do(self) -> None:
        def function() -> None: ...

        for wrong in ([function], [3], ["echo"], [cowork.model(name="m")(function)]):
            with self.subTest(repr(wrong)), self.assertRaises(InvalidInputError) as refused:
                Cowork(tools=wrong)  # type: ignore[arg-type]
            self.assertTrue(refused.exception.fix)
        with self.assertRaises(InvalidInputError):
            Cowork(approver="yes")  # type: ignore[arg-type]

    def test_two_tools_of_a_name_are_a_conflict(self) -> None:
        with self.assertRaises(cowork.ConflictError):
            Cowork(tools=[echo, echo])

    def test_wrong_words_to_an_operation_are_typed_errors(self) -> None:
        async def work() -> None:
            async with engine(echo) as it:
                for text in ("", "\ud83d", 7, None, float("nan"), "x" * 10_000_000):
                    with self.subTest(repr(text)[:20]), self.assertRaises(InvalidInputError):
                        await it.submit(text)  # type: ignore[arg-type]
                with self.assertRaises(cowork.NotFoundError):
                    await it.call("fly", {})
                with self.assertRaises(cowork.NotFoundError):
                    await it.task("0193f0a2-7b7c-7000-8000-000000000009")
                with self.assertRaises(InvalidInputError):
                    await it.start("x", folders=[b"bytes"])  # type: ignore[list-item]

        self.runs(work)

    def test_a_log_of_a_later_version_is_a_typed_error(self) -> None:
        async def begins(folder: str) -> None:
            async with engine(echo, turns=[calls("echo", {"n": 1})], data_dir=folder) as it:
                await it.run("go")

        async def reads(folder: str) -> None:
            async with engine(echo, data_dir=folder) as it:
                await it.tasks()

        with tempfile.TemporaryDirectory() as folder:
            self.runs(lambda: begins(folder))
            (log,) = [path for path in Path(folder).rglob("*") if path.is_file() and path.read_bytes()[:6] == b"SQLite"]
            with sqlite3.connect(log) as database:
                database.execute("PRAGMA user_version = 10000")
            database.close()
            with self.assertRaises(cowork.NewerVersionError):
                self.runs(lambda: reads(folder))

    def test_another_engine_goes_on_where_one_was_closed(self) -> None:
        async def begins(folder: str) -> str:
            began = asyncio.Event()

            @tool(effects="read_only", name="work")
            async def hangs() -> None:
                began.set()
                await asyncio.get_running_loop().create_future()

            async with engine(hangs, data_dir=folder) as it:
                task = await it.start("go")
                await began.wait()
                return task.id

        async def goes_on(folder: str, id: str) -> Any:
            @tool(effects="read_only", name="work")
            async def works() -> str:
                return "there"

            it = engine(works, data_dir=folder)
            # The engine takes the task up at once; what it wants is kept for the loop.
            await asyncio.to_thread(lambda: __import__("time").sleep(0.2))
            state = await it.settled(id)
            await it.close()
            return outcomes(state)[0]

        with tempfile.TemporaryDirectory() as folder:
            id = self.runs(lambda: begins(folder))
            self.assertEqual(self.runs(lambda: goes_on(folder, id))["value"], "there")

    def test_a_relative_folder_stays_where_it_was_wherever_the_process_goes(self) -> None:
        async def work() -> tuple[int, int]:
            async with Cowork(data_dir="data", planners=[script()]) as it:
                await it.run("go")
                os.mkdir("elsewhere")
                os.chdir("elsewhere")
                await asyncio.gather(*[it.run("go") for _ in range(20)])
                all = await asyncio.gather(*[it.tasks() for _ in range(20)])
                return min(map(len, all)), max(map(len, all))

        here = os.getcwd()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                self.assertEqual(self.runs(work), (21, 21))
                self.assertEqual(os.listdir(), [])
            finally:
                os.chdir(here)

    def test_what_changed_nothing_has_no_changes_and_nothing_to_undo(self) -> None:
        async def work(folder: Path) -> Any:
            (folder / "desk").mkdir()
            async with Cowork(data_dir=folder / "data", planners=[script()]) as it:  # type: ignore[arg-type]
                id = (await it.run("go", folders=[folder / "desk"]))["id"]  # type: ignore[list-item]
                undone = await it.preview_undo(id), await it.undo(id)
                return await it.changes(id), *(one["undone"] for one in undone), (await it.task(id))["status"]

        with tempfile.TemporaryDirectory() as folder:
            changes, *undone, status = self.runs(lambda: work(Path(folder)))
            self.assertEqual((changes["changes"], undone, status), ([], [0, 0], "done"))

    def test_paths_are_taken_as_paths(self) -> None:
        async def work(folder: Path) -> Any:
            (folder / "desk").mkdir()
            async with Cowork(data_dir=folder / "data", planners=[script()], tools=[echo]) as it:  # type: ignore[arg-type]
                return await it.run("go", folders=[folder / "desk"])  # type: ignore[list-item]

        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(self.runs(lambda: work(Path(folder)))["submit"]["folders"][0]["name"], "desk")
