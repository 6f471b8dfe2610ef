"""What a host brings along: tools, models, planners and approvers, as Python functions."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from ._bridge import Bridge, to_json
from ._errors import InternalError, InvalidInputError
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
            raise InvalidInputError(f"a {self.kind} is made of a function, not of {function!r}", op=f"make {self.kind}")
        self.function = function
        given = {name: value for name, value in said.items() if value is not None}
        self.declaration = self._declaration(given)
        self.name: str = self.declaration["name"]
        self._gives = f"what the {self.kind} `{self.name}` gives"
        self.declared = to_json(self.declaration, f"the {self.kind} `{self.name}`")
        check_part(self.kind, self.declared)
        kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction)
        self._is_async = any(is_kind(it) for is_kind in kinds for it in (function, type(function).__call__))

    def _declaration(self, said: dict[str, Any]) -> dict[str, Any]:
        return {"name": getattr(self.function, "__name__", self.kind), **said}

    async def answer(self, bridge: Bridge, number: int, given: Any) -> str:
        """Gives JSON."""
        return self._written(await self._called(given))

    async def _called(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function: one that is not async, and may block, in a thread of its own."""
        value = self.function(*args, **kwargs) if self._is_async else await _in_thread(partial(self.function, *args, **kwargs))
        return await value if hasattr(value, "__await__") else value

    def _written(self, value: object) -> str:
        return to_json(value, self._gives)


class Approver(Part):
    """A function that answers questions for a person."""

    kind = "approver"


class Planner(Part):
    """A function that says what comes next: async, it takes a task as it stands, and gives a `Proposal`."""

    kind = "planner"


class Model(Part):
    """A function that answers: async, it takes a request, and gives a text or what `HostAnswer` says.

    An async generator gives the text piece by piece, and may end with a `HostAnswer`.
    """

    kind = "model"

    async def answer(self, bridge: Bridge, number: int, given: Any) -> str:
        answer = await self._called(given)
        if not hasattr(answer, "__anext__"):
            return self._written(answer)
        last: Any = {}
        async for piece in answer:
            if isinstance(piece, str):
                bridge.engine.tell(number, "text", piece)
            else:
                last = piece
        return self._written(last)


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

    async def answer(self, bridge: Bridge, number: int, given: Any) -> str:
        try:
            args = self._hints.read(given["args"], given["paths"])
        except msgspec.ValidationError as why:
            raise InvalidInputError(f"the arguments of `{self.name}` do not fit: {why}", op="check arguments") from why
        if self._hints.context is None:
            return self._result(await self._called(**args))
        args[self._hints.context] = context = ToolContext(bridge, number, given)
        try:
            return self._result(await self._called(**args))
        finally:
            context.cancelled = True

    def _result(self, value: Any) -> str:
        if not isinstance(value, ToolResult):
            return '{"value":' + self._written(value) + "}"
        return self._written(vars(value))


def parts_of(tools: Any = (), models: Any = (), planners: Any = (), approver: Any = None) -> list[Part]:
    """Gives what was brought along, each the part that it has to be."""
    if not (approver is None or callable(approver)):
        raise InvalidInputError(f"the approver {approver!r} is no function", op="open engine", fix="give one that takes a question")
    parts: list[Part] = [] if approver is None else [Approver(approver, {})]
    for kind, given in ((Tool, tools), (Model, models), (Planner, planners)):
        if not hasattr(given, "__iter__"):
            raise InvalidInputError(f"`{kind.kind}s` is no list", op="open engine", fix=f"give a list: {kind.kind}s=[...]")
        for one in given:
            if not isinstance(one, kind):
                raise InvalidInputError(f"{one!r} is no {kind.kind}", op="open engine", fix=f"make one of a function with `@cowork.{kind.kind}`")
            parts.append(one)
    return parts


async def _in_thread(work: Callable[[], Any]) -> Any:
    import asyncio
    from concurrent.futures import Future

    done: Future[tuple[Any, BaseException | None]] = Future()

    def does() -> None:
        try:
            done.set_result((work(), None))
        except BaseException as why:
            # A future takes not all that can be raised.
            done.set_result((None, why))

    # Or it would be gone once nobody waits any more.
    done.set_running_or_notify_cancel()
    # The interpreter waits at its end for the threads of a pool, however long they block.
    threading.Thread(target=does, name="cowork-host", daemon=True).start()
    value, why = await asyncio.wrap_future(done)
    if isinstance(why, Exception):
        raise why
    if why is not None:
        # It was to end that thread, and not the loop's.
        raise InternalError(str(why), op="call host", context=[("type", type(why).__name__)])
    return value
