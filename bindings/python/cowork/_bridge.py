"""Between Python and the engine: what is asked of it, and what it asks, in one event loop."""

from __future__ import annotations

import asyncio
import atexit
import itertools
import json
import os
import threading
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar, cast

from ._errors import CoworkCancelledError, CoworkError, InvalidInputError, error_of
from ._native import Engine, Failed

T = TypeVar("T")
Function = Callable[["Bridge", int, Any], Awaitable["str | None"]]
"""Gives JSON, or nothing if a thread answers."""
_ENGINES: weakref.WeakSet[Bridge] = weakref.WeakSet()
_BATCH = 256
_AT_EXIT = 5.0


def to_json(value: object, what: str) -> str:
    """Writes what crosses the border. What can't is an error that says which."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
        text.encode()
    except (TypeError, ValueError, RecursionError) as why:
        fix = "give what JSON has: text, numbers that are finite, lists, dicts with text for keys, None"
        raise InvalidInputError(f"{what} can't be written as JSON: {why}", op="write JSON", fix=fix) from why
    return text


def _plain(value: Any) -> object:
    for name in ("model_dump", "_asdict"):
        if hasattr(value, name):
            return value.model_dump(mode="json") if name == "model_dump" else value._asdict()
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, os.PathLike):
        return os.fspath(cast("os.PathLike[str]", value))
    raise TypeError(f"a {type(value).__name__} is nothing that JSON has")


def failure(text: str) -> CoworkError:
    """Reads an error of the engine's."""
    return error_of(json.loads(text))


def closed() -> CoworkError:
    """Says what calls end with once the engine is closed."""
    return CoworkCancelledError("the engine was closed", op="call engine", context=[("state", "closed")])


class Stoppable(Protocol):
    """Work that can be stopped."""

    def cancel(self) -> object: ...


class Bridge:
    """One engine, as one event loop at a time uses it."""

    def __init__(self, config: dict[str, object], parts: list[tuple[str, str, Function]]) -> None:
        declared = [(kind, declaration) for kind, declaration, _ in parts]
        try:
            self.engine = Engine(to_json(config, "the configuration"), declared)
        except Failed as why:
            raise failure(str(why)) from None
        self._functions = [function for _, _, function in parts]
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._running: dict[int, Stoppable] = {}
        self._server: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        _ENGINES.add(self)

    async def call(self, operation: str, args: object) -> Any:
        text = to_json(args, f"what `{operation}` is called with")
        return await self.wait(lambda number: self.engine.call(number, operation, text))

    async def wait(self, begin: Callable[[int], None]) -> Any:
        """Begins work and waits for what comes of it. To be cancelled gives the work up."""
        number = next(self._numbers)
        try:
            self._waiting[number] = done = self.serve().create_future()
            begin(number)
            text = await done
        except Failed as why:
            raise failure(str(why)) from None
        finally:
            if self._waiting.pop(number, None) is not None:
                self.engine.drop(number)
        return None if text is None else json.loads(text)

    async def follow(self, args: object) -> Stream:
        text = to_json(args, "what `events` is called with")
        stream = Stream(self, next(self._numbers))
        await self.wait(lambda number: self.engine.follow(number, stream.number, text))
        return stream

    async def close(self) -> None:
        await self.wait(self.engine.close)
        self._stop()

    def in_thread(self, number: int, work: Callable[[], str], stop: Stoppable) -> None:
        """Runs a function that blocks, in a thread that answers for it."""
        self._running[number] = stop
        # The interpreter waits at its end for the threads of a pool, however long they block.
        threading.Thread(target=self._answer, args=(number, work), name="cowork-tool", daemon=True).start()

    def _answer(self, number: int, work: Callable[[], str]) -> None:
        try:
            self.engine.reply(number, work())
        except BaseException as why:
            self._threw(number, why)
        finally:
            self._running.pop(number, None)

    def serve(self) -> asyncio.AbstractEventLoop:
        """Has the loop that runs now take what the engine wants, unless another one does."""
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return loop
        self.engine.check()
        if self._loop is not None and not self._loop.is_closed():
            raise CoworkError(
                "the engine is used from two event loops at once",
                op="call engine",
                kind="unsupported",
                fix="open one for each loop, or hand the work over with asyncio.run_coroutine_threadsafe",
            )
        if self._loop is not None:
            self._stop()
        self._loop = loop
        loop.add_reader(self.engine.fileno(), self._take)
        self.engine.serve(True)
        # It is there to notice when the loop ends.
        self._server = loop.create_task(self._watch(), name="cowork")
        return loop

    async def _watch(self) -> None:
        me = self._server
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            # Another loop may serve by now.
            if self._server is me:
                self._stop()

    def _stop(self) -> None:
        loop, self._loop = self._loop, None
        server, self._server = self._server, None
        self.engine.serve(False)
        if loop is not None and not loop.is_closed():
            for done in self._waiting.values():
                if not done.done():
                    done.set_exception(closed())
            loop.remove_reader(self.engine.fileno())
            if server is not None:
                server.cancel()

    def _take(self) -> None:
        os.read(self.engine.fileno(), 64)
        for what, number, place, text in self.engine.take():
            if what == 0:
                self._running[number] = asyncio.ensure_future(self._run(number, place, text or ""))
            elif what == 1:
                if (running := self._running.get(number)) is not None:
                    running.cancel()
            elif (done := self._waiting.pop(number, None)) is not None and not done.done():
                if what == 2:
                    done.set_result(text)
                else:
                    done.set_exception(failure(text or "{}"))

    async def _run(self, number: int, place: int, text: str) -> None:
        me = self._running[number]
        try:
            result = await self._functions[place](self, number, json.loads(text))
            if result is not None:
                self.engine.reply(number, result)
        except (Exception, asyncio.CancelledError) as why:
            self._threw(number, why)
        finally:
            if self._running.get(number) is me:
                del self._running[number]

    def _threw(self, number: int, why: BaseException) -> None:
        if isinstance(why, CoworkError):
            self.engine.fail(number, json.dumps(why.data()))
        else:
            self.engine.threw(number, type(why).__name__, str(why).encode(errors="replace").decode())


class Stream:
    """Events that are followed: as many are fetched at once as there are."""

    def __init__(self, bridge: Bridge, number: int) -> None:
        self._bridge = bridge
        self.number = number
        self._items: deque[Any] = deque()

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Any:
        while not self._items:
            items = await self._bridge.wait(lambda number: self._bridge.engine.next(number, self.number, _BATCH))
            if items is None:
                raise StopAsyncIteration
            self._items.extend(items)
        return self._items.popleft()

    def __del__(self) -> None:
        self._bridge.engine.leave(self.number)


class Background:
    """An event loop in a thread of its own, for those who have none."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="cowork-loop", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        if self.loop.is_closed():
            work.close()
            raise closed()
        done = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return done.result()
        except BaseException:
            done.cancel()
            raise

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_AT_EXIT)
        self.loop.close()


@atexit.register
def _close_all() -> None:
    for bridge in list(_ENGINES):
        bridge.engine.close_now(_AT_EXIT)
