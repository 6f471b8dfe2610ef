"""An engine, and its tasks."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from ._bridge import Background, Bridge
from ._errors import CoworkError
from ._host import Model, Planner, Tool, approver_part, parts_of
from ._operations import Operations, SyncOperations

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from ._types import Answer, Ask, ChangeSet, Config, Delta, Item, Record, TaskState, UndoReport

    Approver = Callable[[Ask], Awaitable[Answer | None] | Answer | None]

P = ParamSpec("P")
T = TypeVar("T")


class Task:
    """A task of an engine's. Going through it gives what happens, to its end; awaiting it gives how it ended."""

    def __init__(self, engine: Cowork, id: str) -> None:
        self.engine = engine
        self.id = id
        self._seen: TaskState | None = None

    def __aiter__(self) -> AsyncIterator[Item]:
        return self.events()

    def events(self, after: int = 0) -> AsyncIterator[Item]:
        """Gives what happens: all records with a `seq` above this one, then what comes, to the task's end."""
        return self.engine.events(task=self.id, after=after)

    async def records(self) -> AsyncIterator[Record]:
        """Gives what is recorded, to the task's end."""
        async for item in self:
            if item["item"] == "record":
                yield item

    async def deltas(self) -> AsyncIterator[Delta]:
        """Gives the pieces of what is being said and done, as they come."""
        async for item in self:
            if item["item"] == "delta":
                yield item

    def __await__(self) -> Generator[Any, None, TaskState]:
        return self.result().__await__()

    async def result(self) -> TaskState:
        """Waits until it has ended, or rests until somebody says something, and gives it."""
        self._seen = await self.engine.settled(self.id)
        return self._seen

    async def state(self) -> TaskState:
        """Gives it as it is now."""
        self._seen = await self.engine.task(self.id)
        return self._seen

    async def cancel(self) -> None:
        """Ends it. What was done stays done, and can be undone."""
        await self.engine.cancel(self.id)

    async def pause(self) -> None:
        """Lets running calls finish, then has it rest until `resume`."""
        await self.engine.pause(self.id)

    async def resume(self) -> None:
        """Has it go on after a pause, a stop or a crash."""
        await self.engine.resume(self.id)

    async def steer(self, text: str) -> None:
        """Says something to it; that is taken in before the next planning step."""
        await self.engine.steer(self.id, text)

    async def asks(self) -> list[Ask]:
        """Gives its questions that wait for an answer."""
        return await self.engine.asks(self.id)

    async def answer(self, ask: Ask, answer: Answer) -> None:
        """Answers one of them."""
        await self.engine.answer(ask["task"], ask["call"]["id"], ask["args_hash"], answer)

    async def changes(self) -> ChangeSet:
        """Gives what it changed in its folders so far."""
        return await self.engine.changes(self.id)

    async def undo(self, *, paths: list[str] | None = None) -> UndoReport:
        """Gives back what it did to files, or only what was at these paths. It has to have ended."""
        return await self.engine.undo(self.id, paths=paths)

    async def show(self) -> TaskState:
        """Shows plan and progress until it has ended, in a notebook as a picture, elsewhere in lines, and gives it."""
        from ._notebook import show

        return await show(self)

    def _repr_html_(self) -> str:
        from ._notebook import View

        return View(self.id, self._seen).html()

    def __repr__(self) -> str:
        return f"Task({self.id!r})"


def _started(submit: Callable[Concatenate[Operations, P], Awaitable[str]]) -> Callable[Concatenate[Cowork, P], Coroutine[Any, Any, Task]]:
    @functools.wraps(submit, assigned=())
    async def start(self: Cowork, /, *args: P.args, **kwargs: P.kwargs) -> Task:
        """Submits a task and takes it up: `submit`, with what it gives as a `Task`."""
        return Task(self, await submit(self, *args, **kwargs))

    return start


def _done(start: Callable[Concatenate[Cowork, P], Awaitable[Task]]) -> Callable[Concatenate[Cowork, P], Coroutine[Any, Any, TaskState]]:
    @functools.wraps(start, assigned=())
    async def run(self: Cowork, /, *args: P.args, **kwargs: P.kwargs) -> TaskState:
        """Does a task to its end and gives it: `submit`'s options. To be cancelled cancels the task.

        It throws what the task failed with.
        """
        # Its name has to be known, or nobody could cancel it.
        started = asyncio.ensure_future(start(self, *args, **kwargs))
        try:
            return await self.finished((await asyncio.shield(started)).id)
        except asyncio.CancelledError:
            await asyncio.shield(_cancel(started))
            raise

    return run


async def _cancel(started: Awaitable[Task]) -> None:
    with contextlib.suppress(CoworkError):
        await (await started).cancel()


def _started_sync(submit: Callable[Concatenate[SyncOperations, P], str]) -> Callable[Concatenate[SyncCowork, P], SyncTask]:
    @functools.wraps(submit, assigned=())
    def start(self: SyncCowork, /, *args: P.args, **kwargs: P.kwargs) -> SyncTask:
        """Submits a task and takes it up: `submit`, with what it gives as a `SyncTask`."""
        return SyncTask(self, submit(self, *args, **kwargs))

    return start


def _done_sync(submit: Callable[Concatenate[Operations, P], Awaitable[str]]) -> Callable[Concatenate[SyncCowork, P], TaskState]:
    @functools.wraps(submit, assigned=())
    def run(self: SyncCowork, /, *args: P.args, **kwargs: P.kwargs) -> TaskState:
        """Does a task to its end and gives it: `submit`'s options. An interrupt cancels the task.

        It throws what the task failed with.
        """
        return self.wait(_done(_started(submit))(self.engine, *args, **kwargs))

    return run


class Cowork(Operations):
    """An engine that works beside a person. It is used from one event loop; `SyncCowork` needs none.

    With nothing said it keeps nothing and plans with the built-in playbooks. Tasks go on while the loop runs; `close`, or the
    end of `async with`, puts them down so that they can be taken up again from the same `data_dir`.
    """

    def __init__(
        self,
        *,
        tools: Iterable[Tool] = (),
        models: Iterable[Model] = (),
        planners: Iterable[Planner] = (),
        approver: Approver | None = None,
        **config: Unpack[Config],
    ) -> None:
        parts = [*parts_of(Tool, tools), *parts_of(Model, models), *parts_of(Planner, planners)]
        if approver is not None:
            parts.append(approver_part(approver))
        self._bridge = Bridge(cast("dict[str, object]", config), parts)

    async def call(self, operation: str, args: dict[str, object]) -> Any:
        """Has an operation carried out by its name, with its arguments as they are written: for one that has no method here yet."""
        return await self._bridge.call(operation, args)

    async def _call(self, op: str, args: dict[str, object]) -> Any:
        return await self.call(op, args)

    async def events(self, *, task: str | None = None, thread: str | None = None, after: int = 0) -> AsyncIterator[Item]:
        """Gives what happens in a thread, or in a task to its end: all records after one, then what comes.

        Between records come deltas, which are never stored. A reader that is too slow is told so, and misses no record.
        """
        async for item in await self.follow(task=task, thread=thread, after=after):
            yield item

    async def follow(self, *, task: str | None = None, thread: str | None = None, after: int = 0) -> AsyncIterator[Item]:
        """Begins to follow at once, and gives what `events` gives: no delta is missed that comes after it."""
        given = {"task": task, "thread": thread, "after": after}
        return await self._bridge.follow({name: value for name, value in given.items() if value is not None})

    start = _started(Operations.submit)
    run = _done(start)

    async def close(self) -> None:
        """Puts every task down in an orderly way, and waits until that is recorded."""
        await self._bridge.close()

    async def __aenter__(self) -> Self:
        self._bridge.serve()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class SyncTask:
    """A `Task`, for those who have no event loop."""

    def __init__(self, engine: SyncCowork, id: str) -> None:
        self.engine = engine
        self.id = id

    def __iter__(self) -> Iterator[Item]:
        """Gives what happens, to its end."""
        return self.engine.events(task=self.id)

    def result(self) -> TaskState:
        """Waits until it has ended, or rests until somebody says something, and gives it."""
        return self.engine.settled(self.id)

    def __repr__(self) -> str:
        return f"SyncTask({self.id!r})"


class SyncCowork(SyncOperations):
    """An engine for those who have no event loop: as `Cowork`, whose loop runs in a thread of its own."""

    def __init__(
        self,
        *,
        tools: Iterable[Tool] = (),
        models: Iterable[Model] = (),
        planners: Iterable[Planner] = (),
        approver: Approver | None = None,
        **config: Unpack[Config],
    ) -> None:
        self.engine = Cowork(tools=tools, models=models, planners=planners, approver=approver, **config)
        self._background = Background()

    def _call(self, op: str, args: dict[str, object]) -> Any:
        return self.wait(self.engine.call(op, args))

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Has work of `engine`'s done in its loop: `sync.wait(sync.engine.call(...))`."""
        return self._background.run(work)

    def events(self, *, task: str | None = None, thread: str | None = None, after: int = 0) -> Iterator[Item]:
        """Gives what happens in a thread, or in a task to its end: as `Cowork.events`."""
        events = self.engine.events(task=task, thread=thread, after=after)

        async def step() -> Item | None:
            return await anext(events, None)

        while (item := self.wait(step())) is not None:
            yield item

    start = _started_sync(SyncOperations.submit)
    run = _done_sync(Operations.submit)

    def close(self) -> None:
        """Puts every task down in an orderly way, and waits until that is recorded."""
        if not self._background.loop.is_closed():
            self.wait(self.engine.close())
            self._background.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
