"""Between Python and the engine: what is asked of it, and what it asks, in one event loop."""

from __future__ import annotations

import atexit
import contextlib
import contextvars
import functools
import itertools
import json
import os
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, cast

import msgspec

from ._errors import CoworkCancelledError, CoworkError, InvalidInputError, UnsupportedError, error_of
from ._native import Engine

# `asyncio` takes five times as long to import as all that is here, so it is only where somebody has a loop.
if TYPE_CHECKING:
    import asyncio

    from typing_extensions import Self

    from ._host import Part

_ENGINES: weakref.WeakSet[Bridge] = weakref.WeakSet()
AT_EXIT = 5.0


def to_json(value: object, what: str) -> str:
    """Writes what crosses the border. What can't is an error that says which: `what`."""
    try:
        text = _ENCODER.encode(value)
        if not text.isascii():
            text.encode()
    except (TypeError, ValueError, RecursionError) as why:
        fix = "give what JSON has: text, numbers that are finite, lists, dicts with text for keys, None"
        raise InvalidInputError(f"{what} can't be written as JSON: {why}", op="write JSON", fix=fix) from why
    return text


def _plain(value: Any) -> object:
    """Gives what the writer of JSON does not know as what it does."""
    # Bytes that it leaves as they are come here again.
    return _known(value) if isinstance(value, _BYTES) else msgspec.to_builtins(value, builtin_types=_BYTES, enc_hook=_known, str_keys=True)


def _known(value: Any) -> object:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, os.PathLike):
        return os.fspath(cast("os.PathLike[str]", value))
    raise TypeError(f"a {type(value).__name__} is nothing that JSON has")


_BYTES = (bytes, bytearray, memoryview)
# `msgspec` would write bytes as base64, and null for what is no number.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
from_json = msgspec.json.Decoder().decode


def closed() -> CoworkError:
    """Says what calls end with once the engine is closed."""
    return CoworkCancelledError("the engine was closed", op="call engine", context=[("state", "closed")])


class Bridge:
    """One engine, as one event loop at a time uses it."""

    def __init__(self, config: dict[str, Any], parts: list[Part]) -> None:
        self.engine = Engine(to_json(config, "the configuration"), [(part.kind, part.declared) for part in parts])
        self.numbers, self._parts = itertools.count(1), parts
        self._waiting: dict[int, asyncio.Future[str]] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        # It is there to notice when the loop ends.
        self._server: asyncio.Task[Any] | None = None
        _ENGINES.add(self)

    async def call(self, operation: str, args: object, number: int | None = None) -> Any:
        """Has something done and waits for what comes of it. To be cancelled gives it up, and what came of it by then."""
        text = to_json(args, f"what `{operation}` is called with")
        number = next(self.numbers) if number is None else number
        self._waiting[number] = done = self.serve().create_future()
        try:
            self.engine.call(number, operation, text)
            came = await done
        except BaseException:
            self._waiting.pop(number, None)
            self.engine.leave(number)
            raise
        self.engine.got(number)
        return from_json(came)

    async def close(self) -> None:
        await self.call("close", None)
        self._stop()

    def serve(self) -> asyncio.AbstractEventLoop:
        """Has the loop that runs now take what the engine wants, unless another one does."""
        import asyncio

        loop = asyncio.get_running_loop()
        if self._server is not None and self._server.get_loop() is loop:
            return loop
        self.engine.check()
        if self._server is not None:
            if not self._server.get_loop().is_closed():
                fix = "open one for each loop, or hand the work over with asyncio.run_coroutine_threadsafe"
                raise UnsupportedError("the engine is used from two event loops at once", op="call engine", fix=fix)
            self._stop()
        self.engine.lose()
        self._context = contextvars.copy_context()
        loop.add_reader(self.engine.fileno(), self._take)
        # What came while the loop before this one ended woke nobody.
        loop.call_soon(self._take)
        self._server = loop.create_task(asyncio.Event().wait(), name="cowork")
        # Another loop may serve by then.
        self._server.add_done_callback(lambda ended: self._stop() if self._server is ended else None)
        return loop

    def _stop(self) -> None:
        server, self._server = self._server, None
        if server is None or (loop := server.get_loop()).is_closed():
            return
        for done in self._waiting.values():
            if not done.done():
                done.set_exception(closed())
        loop.remove_reader(self.engine.fileno())
        server.cancel()

    def _take(self) -> None:
        if self._server is None:
            return
        loop = self._server.get_loop()
        for what, number, place, text in self.engine.take():
            if what == 0:
                self._running[number] = loop.create_task(self._run(number, place, text))
            elif what == 1:
                if (running := self._running.pop(number, None)) is not None:
                    running.cancel()
            elif (done := self._waiting.pop(number, None)) is not None and not done.done():
                if what == 2:
                    done.set_result(text)
                else:
                    done.set_exception(error_of(from_json(text)))

    async def _run(self, number: int, place: int, text: str) -> None:
        me = self._running[number]
        part = self._parts[place]
        try:
            result = await part.answer(self, number, from_json(text))
            if result is not None and self.engine.gave(number, result):
                # What this function set in its context is none of the next one's.
                self._context.run(self._take)
        except (Exception, KeyboardInterrupt, SystemExit) as why:
            self.threw(number, why, part)
            if not isinstance(why, Exception):
                # It may have come where something was to be taken.
                me.get_loop().call_soon(self._take, context=self._context)
                raise
        except BaseException as why:
            # What the engine stopped is not there any more. Whether the loop ends is known as soon as whoever else was cancelled has run.
            if self._running.get(number) is me:
                loop = me.get_loop()
                given_up = functools.partial(self._given_up, number, place, text, why)
                given_up() if loop.is_closed() else loop.call_soon(loop.call_soon, given_up)
            raise
        finally:
            if self._running.get(number) is me:
                del self._running[number]

    def _given_up(self, number: int, place: int, text: str, why: BaseException) -> None:
        if self._server is not None and not self._server.get_loop().is_closed():
            self.threw(number, why, self._parts[place])
        elif self._parts[place].kind != "tool":
            # What a tool did by then nobody knows; all else can be asked once more.
            self.engine.again(number, place, text)

    def threw(self, number: int, why: BaseException, part: Part) -> None:
        """Says what a function raised."""
        if isinstance(why, CoworkError):
            # One that was not made as ours are may have something left out.
            with contextlib.suppress(Exception):
                return self.engine.reply(number, json.dumps(why.data()), True)
        import logging

        # A model is told what its tools fail with, and goes on; all else is the host's to mend.
        level = logging.INFO if part.kind == "tool" else logging.ERROR
        logging.getLogger("cowork").log(level, "the %s `%s` raised", part.kind, part.name, exc_info=why)
        self.engine.threw(number, why)


class Stream:
    """What comes one after the other: as much is fetched at once as there is."""

    def __init__(self, bridge: Bridge, operation: str, args: object) -> None:
        self._bridge, self._asked = bridge, (operation, args)
        self._number: int | None = None
        self._items: deque[Any] = deque()

    async def begin(self) -> Self:
        """Has it begin, which it else does when it is first asked for something."""
        self._number = next(self._bridge.numbers)
        await self._bridge.call(*self._asked, self._number)
        return self

    async def next(self) -> Any:
        """Gives what comes next, or None at the end."""
        if self._number is None:
            await self.begin()
        while not self._items:
            items = await self._bridge.call("next", self._number)
            if items is None:
                return None
            self._items.extend(items)
        return self._items.popleft()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if (item := await self.next()) is None:
            raise StopAsyncIteration
        return item

    def __del__(self) -> None:
        if self._number is not None:
            self._bridge.engine.leave(self._number)


@atexit.register
def _close_all() -> None:
    for bridge in list(_ENGINES):
        bridge.engine.close_now(AT_EXIT)
