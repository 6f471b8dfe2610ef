"""An engine, and its tasks."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from ._bridge import AT_EXIT, Bridge, Stream, closed, to_json
from ._errors import UnsupportedError
from ._host import Model, Planner, Tool, parts_of
from ._native import picture
from ._operations import Operations, SyncOperations, SyncTaskOperations, TaskOperations

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from ._types import Answer, Ask, Config, Delta, FollowEvents, Item, Record, SubmitOptions, TaskState, TaskView

    class Options(Config, total=False):
        """How an engine is opened: what the host brings along, and what it sets."""

        tools: Iterable[Tool]
        models: Iterable[Model]
        """The first is asked where none is named."""
        planners: Iterable[Planner]
        """The first plans tasks that name none."""
        approver: Callable[[Ask], Awaitable[Answer | None] | Answer | None] | None
        """Answers questions for the person. `None`, or an error, leaves a question open."""


T = TypeVar("T")


class Task(TaskOperations["Cowork"]):
    """A task of an engine's. Going through it gives what happens, to its end; awaiting it gives how it ended."""

    _seen: TaskState | None = None

    def __aiter__(self) -> AsyncIterator[Item]:
        return self.events()

    def records(self) -> AsyncIterator[Record]:
        """Gives what is recorded, to the task's end."""
        return (item async for item in self if item["item"] == "record")

    def deltas(self) -> AsyncIterator[Delta]:
        """Gives the pieces of what is being said and done, as they come."""
        return (item async for item in self if item["item"] == "delta")

    def __await__(self) -> Generator[Any, None, TaskState]:
        return self.result().__await__()

    async def answer(self, ask: Ask, answer: Answer) -> None:
        """Answers one of its questions."""
        await self.engine.answer(ask["task"], ask["call"]["id"], ask["args_hash"], answer)

    async def show(self) -> None:
        """Shows plan and progress until it has ended, or rests until somebody says something.

        In a notebook that is a picture that changes in its place, elsewhere it is lines. To be cancelled leaves the task alone.
        """
        draw = _drawing()
        async for view in self.views():
            draw(view)
        await self.result()

    async def call(self, operation: str, args: dict[str, object]) -> Any:
        given = await super().call(operation, args)
        if operation in ("task", "settled", "finished"):
            self._seen = given
        return given

    def _repr_html_(self) -> str:
        return picture(self.id, self._seen and to_json(self._seen, "a task"))


def _drawing() -> Callable[[TaskView], None]:
    """Gives what draws a task: in a notebook a picture, elsewhere lines."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or type(shell).__name__ == "TerminalInteractiveShell":
        return lambda view: print(*view["lines"], sep="\n", end="\n" if view["lines"] else "", flush=True)
    shown: Any = importlib.import_module("IPython.display").display({"text/html": "", "text/plain": ""}, raw=True, display_id=True)
    return lambda view: shown.update({"text/html": view["html"], "text/plain": view["text"]}, raw=True)


class Cowork(Operations):
    """An engine that works beside a person. It is used from one event loop; `SyncCowork` needs none.

    It is opened with `tools`, `models`, `planners` and an `approver` of the host's, and with settings (`cowork.types.Config`).
    With nothing said it keeps nothing and plans with the built-in playbooks. Tasks go on while the loop runs; `close`, or the
    end of `async with`, puts them down so that they can be taken up again from the same `data_dir`.
    """

    def __init__(self, **options: Unpack[Options]) -> None:
        config: dict[str, Any] = {**options}
        parts = {name: config.pop(name) for name in ("tools", "models", "planners", "approver") if name in config}
        self._bridge = Bridge(config, parts_of(**parts))

    async def call(self, operation: str, args: dict[str, object]) -> Any:
        return await self._bridge.call(operation, args)

    def stream(self, operation: str, args: dict[str, object]) -> Stream:
        return Stream(self._bridge, operation, args)

    async def follow(self, **args: Unpack[FollowEvents]) -> AsyncIterator[Item]:
        """Begins to follow at once, and gives what `events` gives: no delta is missed that comes after it."""
        return await self.stream("events", {**args}).begin()

    async def start(self, text: str, **options: Unpack[SubmitOptions]) -> Task:
        """Submits a task and takes it up: `submit`, with what it gives as a `Task`."""
        return Task(self, await self.submit(text, **options))

    async def close(self) -> None:
        """Puts every task down in an orderly way, and waits until that is recorded."""
        await self._bridge.close()

    async def __aenter__(self) -> Self:
        self._bridge.serve()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class SyncTask(SyncTaskOperations["SyncCowork"]):
    """A `Task`, for those who have no event loop."""

    def __iter__(self) -> Iterator[Item]:
        return self.events()

    def answer(self, ask: Ask, answer: Answer) -> None:
        """Answers one of its questions."""
        self.engine.answer(ask["task"], ask["call"]["id"], ask["args_hash"], answer)

    def show(self) -> None:
        """Shows plan and progress, as `Task.show` does. To be interrupted leaves the task alone."""
        draw = _drawing()
        for view in self.views():
            draw(view)


class SyncCowork(SyncOperations):
    """An engine for those who have no event loop: as `Cowork`, whose loop runs in a thread of its own."""

    def __init__(self, **options: Unpack[Options]) -> None:
        import asyncio

        self.engine = Cowork(**options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cowork-loop", daemon=True)
        self._thread.start()

    def call(self, operation: str, args: dict[str, object]) -> Any:
        return self.wait(self.engine.call(operation, args))

    def stream(self, operation: str, args: dict[str, object]) -> Iterator[Any]:
        stream = self.engine.stream(operation, args)
        while (item := self.wait(stream.next())) is not None:
            yield item

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Has work of `engine`'s done in its loop: `sync.wait(sync.engine.call(...))`."""
        import asyncio
        import concurrent.futures

        if (is_closed := self._loop.is_closed()) or not self._thread.is_alive():
            work.close()
            why, fix = "the engine was opened by the process that this one was forked from", "open another one after the fork"
            raise closed() if is_closed else UnsupportedError(why, op="call engine", fix=fix)
        done = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return done.result()
        finally:
            if done.cancel():
                # Whatever comes next finds it given up.
                concurrent.futures.wait([asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop)], AT_EXIT)

    def start(self, text: str, **options: Unpack[SubmitOptions]) -> SyncTask:
        """Submits a task and takes it up: `submit`, with what it gives as a `SyncTask`."""
        return SyncTask(self, self.submit(text, **options))

    def close(self) -> None:
        """Puts every task down in an orderly way, and waits until that is recorded."""
        if not self._loop.is_closed():
            self.wait(self.engine.close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(AT_EXIT)
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
