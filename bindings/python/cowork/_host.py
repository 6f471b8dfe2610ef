"""What a host brings along: tools, models, planners and approvers, as Python functions."""

from __future__ import annotations

import contextlib
import contextvars
import inspect
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from ._bridge import Bridge, to_json
from ._errors import InvalidInputError
from ._given import ToolGiven, ToolResult
from ._hints import ROLE, Hints
from ._native import check_part

if TYPE_CHECKING:
    from ._types import Role

Function = Callable[..., Any]


def Arg(about: str = "", *, role: Role | None = None) -> msgspec.Meta:
    """Says more of a tool's argument: `path: Annotated[str, Arg("Where it is", role="reads")]`. So does any `msgspec.Meta`, with bounds too."""
    return msgspec.Meta(description=about or None, extra_json_schema={ROLE: role} if role else None)


class ToolContext(ToolGiven):
    """What a tool is told besides its arguments: a parameter of this type gets it, and is none of the tool's."""

    cancelled = False
    """Whether nobody wants the result any more: for a function that blocks. A coroutine is cancelled."""

    def __init__(self, bridge: Bridge, number: int, given: Mapping[str, Any]) -> None:
        vars(self).update(given)
        self._bridge, self._number = bridge, number

    def progress(self, done: int, total: int = 0, note: str = "") -> bool:
        """Shows how far it is: so much is done, of so much if that is known. Says whether anybody looks."""
        return self._bridge.engine.progress(self._number, done, total, note)


class Part:
    """A function of the host's, and what it is."""

    kind = ""

    def __init__(self, function: Function, said: Mapping[str, Any]) -> None:
        if not callable(function):
            raise InvalidInputError(f"{self.kind}s are functions, and {function!r} is none", op=f"make {self.kind}")
        self.function = function
        given = {name: value for name, value in said.items() if value is not None}
        self.declaration = self._declaration(given)
        self.name: str = self.declaration["name"]
        self._gives = f"what the {self.kind} `{self.name}` gives"
        self.declared = to_json(self.declaration, f"the {self.kind} `{self.name}`")
        check_part(self.kind, self.declared)
        kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction)
        # Whoever is asked answers one question after the other.
        self._turn: Any = threading.Lock() if self.kind == "approver" else contextlib.nullcontext()
        self._is_async = any(is_kind(it) for is_kind in kinds for it in (function, type(function).__call__))

    def _declaration(self, said: dict[str, Any]) -> dict[str, Any]:
        return {"name": getattr(self.function, "__name__", self.kind), **said}

    async def answer(self, bridge: Bridge, number: int, given: Any) -> str | None:
        """Gives JSON, or nothing if a thread answers."""
        return await self._called(bridge, number, given)

    async def _called(self, bridge: Bridge, number: int, /, *args: Any, **kwargs: Any) -> str | None:
        if self._is_async:
            return self._written(await self._come(bridge, number, self.function(*args, **kwargs)))
        value = await self._in_thread(bridge, number, partial(self.function, *args, **kwargs))
        return None if value is None else self._written(await self._come(bridge, number, value))

    async def _come(self, bridge: Bridge, number: int, value: Any) -> Any:
        """Waits for what a function gave."""
        return await value if hasattr(value, "__await__") else value

    async def _in_thread(self, bridge: Bridge, number: int, work: Callable[[], Any]) -> Any:
        """Has a function that may block called in a thread that answers for it, whether or not the loop lasts. Gives what is to be waited for yet."""
        import asyncio

        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        def does() -> None:
            value = None
            try:
                with self._turn:
                    # It may have been given up while another one was asked, or answered by the one that a loop before this one began.
                    value = work() if bridge.engine.is_wanted(number) else None
                    if not any(hasattr(value, later) for later in ("__await__", "__anext__")):
                        bridge.engine.reply(number, self._written(value), False)
                        value = None
            except BaseException as why:
                value = None
                bridge.threw(number, why, self)
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(lambda: None if ended.done() else ended.set_result(value))

        # The interpreter waits at its end for the threads of a pool, however long they block.
        threading.Thread(target=contextvars.copy_context().run, args=(does,), name="cowork-host", daemon=True).start()
        return await ended

    def _written(self, value: object) -> str:
        return to_json(value, self._gives)


class Approver(Part):
    """A function that answers questions for a person."""

    kind = "approver"


class Planner(Part):
    """A function that says what comes next: it takes a task as it stands, and gives a `Proposal`."""

    kind = "planner"


class Model(Part):
    """A function that answers: it takes a request, and gives a text or what `HostAnswer` says.

    An async generator gives the text piece by piece, and may end with a `HostAnswer`.
    """

    kind = "model"

    async def _come(self, bridge: Bridge, number: int, value: Any) -> Any:
        if not hasattr(value, "__anext__"):
            return await super()._come(bridge, number, value)
        last: Any = {}
        async for piece in value:
            if isinstance(piece, str):
                bridge.engine.tell(number, "text", piece)
            else:
                last = piece
        return last


class Tool(Part):
    """A function that a planner can call: its name, what its docstring says, and its parameters by their types. It can still be called as what it was.

    With a `schema` of its own the types don't count: it is given all arguments by their names, as they are.
    What is not said of its `effects` is taken to be the worst: each call is asked about.
    """

    kind = "tool"

    def _declaration(self, said: dict[str, Any]) -> dict[str, Any]:
        try:
            self._hints = Hints(self.function, ToolContext)
            hinted = {} if "schema" in said else {"schema": self._hints.schema()}
        except (KeyError, NameError, TypeError, ValueError, RuntimeError) as why:
            fix = "give each parameter a type that JSON has a form for: str, int, float, bool, Literal, list, dict, an enum, a date, a dataclass, ..."
            text = f"no schema can be made of the parameters of the tool `{super()._declaration(said)['name']}`: {why}"
            raise InvalidInputError(text, op="make tool", fix=f"{fix}; or give the tool a `schema`") from None
        return {"name": self._hints.name.lower(), "about": self._hints.about, **hinted, **said}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    async def answer(self, bridge: Bridge, number: int, given: Any) -> str | None:
        try:
            args = self._hints.read(given["args"], given["paths"])
        except msgspec.ValidationError as why:
            raise InvalidInputError(f"the arguments of `{self.name}` do not fit: {why}", op="check arguments") from why
        if self._hints.context is None:
            return await self._called(bridge, number, **args)
        args[self._hints.context] = context = ToolContext(bridge, number, given)
        try:
            return await self._called(bridge, number, **args)
        finally:
            context.cancelled = True

    def _written(self, value: Any) -> str:
        if not isinstance(value, ToolResult):
            return '{"value":' + super()._written(value) + "}"
        return super()._written({name: it for name, it in vars(value).items() if name == "value" or it is not None})


def parts_of(tools: Any = (), models: Any = (), planners: Any = (), approver: Any = None) -> list[Part]:
    """Gives what was brought along, each the part that it has to be."""
    parts: list[Part] = [] if approver is None else [Approver(approver, {})]
    for kind, given in ((Tool, tools), (Model, models), (Planner, planners)):
        if not hasattr(given, "__iter__"):
            raise InvalidInputError(f"`{kind.kind}s` is no list", op="open engine", fix=f"give a list: {kind.kind}s=[...]")
        for one in given:
            if not isinstance(one, kind):
                raise InvalidInputError(f"{one!r} is no {kind.kind}", op="open engine", fix=f"make one of a function with `@cowork.{kind.kind}`")
            parts.append(one)
    return parts
