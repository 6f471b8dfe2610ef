"""What a host brings along: tools, models, planners and approvers, as Python functions."""

from __future__ import annotations

import collections.abc
import enum
import inspect
import pathlib
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, overload

from ._bridge import Bridge, Function, to_json
from ._errors import InvalidInputError

if TYPE_CHECKING:
    from ._types import DeclaredEffects, Role

F = TypeVar("F", bound=Callable[..., Any])
Part = tuple[str, str, Function]


class Arg:
    """Says more of a tool's argument: `path: Annotated[str, Arg("Where it is", role="reads")]`."""

    def __init__(self, about: str = "", *, role: Role | None = None) -> None:
        self.about = about
        self.role: Role | None = role


class ToolContext:
    """What a tool is told besides its arguments: a parameter of this type gets it, and is none of the tool's."""

    def __init__(self, bridge: Bridge, number: int, given: Mapping[str, Any]) -> None:
        self._bridge = bridge
        self._number = number
        self._cancelled = False
        self.thread: str = given["thread"]
        self.task: str = given["task"]
        self.call: str = given["call"]
        """The same when it runs again after an interruption."""
        self.attempt: int = given["attempt"]
        """1 for the first time."""
        self.folders: list[Any] = given.get("folders", [])
        """The task's folders, where the call names files in them."""

    def progress(self, done: int, total: int = 0, note: str = "") -> bool:
        """Shows how far it is: so much is done, of so much if that is known. Says whether anybody looks."""
        return self._bridge.engine.tell(self._number, "progress", note, done, total)

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants the result any more: for a function that blocks. A coroutine is cancelled."""
        return self._cancelled

    def cancel(self) -> None:
        self._cancelled = True


class Tool:
    """A function that a planner can call. It can still be called as what it was."""

    def __init__(self, function: Callable[..., Any], **said: Any) -> None:
        given = {name: value for name, value in said.items() if value is not None}
        self.function = function
        self.name: str = given.get("name") or function.__name__.lower()
        self._context: str | None = None
        self._decode: dict[str, Callable[[Any], Any]] = {}
        self._definitions: dict[str, object] = {}
        self._properties: dict[str, dict[str, object]] = {}
        self._roles: dict[str, str] = {}
        about, described = _documented(function)
        hints = self._hints()
        required: list[str] = []
        for name, parameter in inspect.signature(function).parameters.items():
            if hints.get(name) is ToolContext:
                self._context = name
            elif "schema" not in given:
                self._take(name, parameter, hints.get(name), described.get(name, ""))
                if parameter.default is parameter.empty:
                    required.append(name)
        schema: dict[str, object] = {"type": "object", "properties": self._properties, "required": required}
        schema["additionalProperties"] = False
        if self._definitions:
            schema["$defs"] = self._definitions
        self.declaration: dict[str, object] = {"name": self.name, "about": about, "schema": schema, "roles": self._roles, **given}

    def _take(self, name: str, parameter: inspect.Parameter, hint: Any, about: str) -> None:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise self._untyped(name, "can't be given by its name", "take plain parameters, or give the tool a `schema`")
        if hint is None:
            raise self._untyped(name, "has no type", "give it one: `path: str`")
        bare, arg = _annotated(hint)
        self._properties[name] = self._schema(name, bare, hint)
        if text := arg.about or about:
            self._properties[name]["description"] = text
        if arg.role is not None:
            self._roles[name] = arg.role

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def _untyped(self, name: str, why: str, fix: str) -> InvalidInputError:
        return InvalidInputError(f"the parameter `{name}` of the tool `{self.name}` {why}", op="make tool", fix=fix)

    def _hints(self) -> dict[str, Any]:
        try:
            return typing.get_type_hints(self.function, include_extras=True)
        except (NameError, TypeError) as why:
            text = f"the tool `{self.name}` has a type that can't be looked up: {why}"
            raise InvalidInputError(text, op="make tool", fix="define the types of its parameters where it is defined") from None

    def _schema(self, name: str, bare: Any, hint: Any) -> dict[str, object]:
        try:
            schema, decode = _schema_of(bare), _decoder(bare)
        except TypeError as why:
            # Whoever uses pydantic has it loaded.
            if (pydantic := sys.modules.get("pydantic")) is None:
                raise self._no_schema(name, why) from None
            return self._adapted(name, hint, pydantic)
        if decode is not None:
            self._decode[name] = decode
        return dict(schema)

    def _adapted(self, name: str, hint: Any, pydantic: Any) -> dict[str, object]:
        try:
            adapter = pydantic.TypeAdapter(hint)
            schema: dict[str, Any] = adapter.json_schema(ref_template=f"#/$defs/{name}_{{model}}")
        except pydantic.errors.PydanticUserError as why:
            raise self._no_schema(name, why) from None
        self._definitions.update({f"{name}_{of}": it for of, it in schema.pop("$defs", {}).items()})
        self._decode[name] = adapter.validate_python
        return schema

    def _no_schema(self, name: str, why: Exception) -> InvalidInputError:
        fix = "use str, int, float, bool, None, Literal, list, dict, an enum, a path, a TypedDict or a pydantic model"
        return self._untyped(name, f"has a type that no schema can be made of: {why}", fix)

    async def _run(self, bridge: Bridge, number: int, given: Any) -> str | None:
        context = ToolContext(bridge, number, given)
        try:
            args = {name: self._decode.get(name, _same)(value) for name, value in given["args"].items()}
        except ValueError as why:
            raise InvalidInputError(f"the arguments of `{self.name}` do not fit: {why}", op="check arguments") from why
        if self._context is not None:
            args[self._context] = context
        if inspect.iscoroutinefunction(self.function):
            return self._result(await self.function(**args))
        bridge.in_thread(number, lambda: self._result(self.function(**args)), context)
        return None

    def _result(self, value: Any) -> str:
        if not isinstance(value, ToolResult):
            return '{"value":' + to_json(value, f"the result of the tool `{self.name}`") + "}"
        given = {name: it for name, it in vars(value).items() if it is not None}
        return to_json(given, f"the result of the tool `{self.name}`")

    def part(self) -> Part:
        return ("tool", to_json(self.declaration, f"the tool `{self.name}`"), lambda b, n, i: self._run(b, n, i))


class ToolResult:
    """What a tool gives that says more than a value: a line for the person, and where it came from."""

    def __init__(self, value: Any, *, note: str = "", label: Mapping[str, Any] | None = None) -> None:
        self.value = value
        self.note = note
        self.label = label


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    name: str | None = None,
    about: str | None = None,
    effects: DeclaredEffects | None = None,
    locks: list[str] | None = None,
    title: str | None = None,
    schema: dict[str, Any] | None = None,
    roles: dict[str, Role] | None = None,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(function: Callable[..., Any] | None = None, /, **said: Any) -> Any:
    """Makes a tool of a function: its name, what its docstring says, and its parameters by their types.

    With a `schema` these don't count: the function is given all arguments by their names, as they are.
    What it does not say of its `effects` is taken to be the worst: each call is asked about.
    """

    def made(function: Callable[..., Any]) -> Tool:
        return Tool(function, **said)

    return made if function is None else made(function)


class _Named:
    """A function with a declaration: a model or a planner."""

    kind = ""

    def __init__(self, function: Callable[..., Any], declaration: dict[str, object]) -> None:
        self.function = function
        self.declaration = {"name": function.__name__, **declaration}
        self.what = f"what the {self.kind} `{self.declaration['name']}` gives"

    async def _run(self, bridge: Bridge, number: int, given: Any) -> str:
        return to_json(await _given(self.function(given)), self.what)

    def part(self) -> Part:
        return (self.kind, to_json(self.declaration, self.kind), lambda b, n, i: self._run(b, n, i))


class Planner(_Named):
    """A function that says what comes next."""

    kind = "planner"


class Model(_Named):
    """A function that answers requests, or gives an answer's text piece by piece."""

    kind = "model"

    async def _run(self, bridge: Bridge, number: int, given: Any) -> str:
        answer = self.function(given)
        if not hasattr(answer, "__anext__"):
            return to_json(await _given(answer), self.what)
        last: Any = {}
        async for piece in answer:
            if isinstance(piece, str):
                bridge.engine.tell(number, "text", piece, 0, 0)
            else:
                last = piece
        return to_json(last, self.what)


def model(**declaration: Any) -> Callable[[Callable[..., Any]], Model]:
    """Makes a model of an async function: it takes a request, and gives a text or what `HostAnswer` says.

    An async generator gives the text piece by piece, and may end with a `HostAnswer`.
    """
    return lambda function: Model(function, declaration)


def planner(**declaration: Any) -> Callable[[Callable[..., Any]], Planner]:
    """Makes a planner of an async function: it takes a task as it stands, and gives a `Proposal`."""
    return lambda function: Planner(function, declaration)


def parts_of(kind: type[Tool] | type[_Named], given: Iterable[Any]) -> list[Part]:
    """Gives the parts, all of this kind."""
    parts: list[Part] = []
    for one in given:
        if not isinstance(one, kind):
            name = kind.__name__.lower()
            raise InvalidInputError(f"{one!r} is no {name}", op="open engine", fix=f"make one of a function with `@cowork.{name}`")
        parts.append(one.part())
    return parts


def approver_part(function: Callable[[Any], Any]) -> Part:
    if not callable(function):
        raise InvalidInputError(f"the approver {function!r} is no function", op="open engine", fix="give one that takes a question")

    async def run(bridge: Bridge, number: int, given: Any) -> str:
        return to_json(await _given(function(given)), "what the approver gives")

    return ("approver", "", run)


async def _given(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _same(value: Any) -> Any:
    return value


def _annotated(hint: Any) -> tuple[Any, Arg]:
    if typing.get_origin(hint) is not typing.Annotated:
        return hint, Arg()
    said = [Arg(it) if isinstance(it, str) else it for it in hint.__metadata__]
    return hint.__origin__, next((it for it in said if isinstance(it, Arg)), Arg())


_PLAIN: dict[Any, dict[str, object]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    None: {"type": "null"},
    list: {"type": "array"},
    dict: {"type": "object"},
    Any: {},
    object: {},
}


def _schema_of(hint: Any) -> dict[str, object]:
    """Makes a JSON Schema of a type. `TypeError` for one of which none can be made."""
    hint, arg = _annotated(hint)
    if arg.about:
        return {**_schema_of(hint), "description": arg.about}
    if (plain := _PLAIN.get(hint)) is not None:
        return plain
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema_of(it) for it in args]}
    if origin is Literal:
        return {"enum": list(args)}
    if origin in (list, collections.abc.Sequence, collections.abc.Iterable):
        return {"type": "array", "items": _schema_of(args[0])}
    if origin in (dict, collections.abc.Mapping) and args[0] is str:
        return {"type": "object", "additionalProperties": _schema_of(args[1])}
    if typing.is_typeddict(hint):
        hints = typing.get_type_hints(hint, include_extras=True)
        properties = {name: _schema_of(_required(it)) for name, it in hints.items()}
        return {"type": "object", "properties": properties, "required": sorted(hint.__required_keys__)}
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {"enum": [it.value for it in hint]}
    if isinstance(hint, type) and issubclass(hint, pathlib.PurePath):
        return {"type": "string"}
    raise _unknown(hint)


def _decoder(hint: Any) -> Callable[[Any], Any] | None:
    """Gives what makes an enum or a path of its JSON, where there is one."""
    hint, _ = _annotated(hint)
    if isinstance(hint, type) and issubclass(hint, (enum.Enum, pathlib.PurePath)):
        return hint
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    decode = next(filter(None, map(_decoder, args)), None)
    if decode is None:
        return None
    if origin in (Union, types.UnionType) and len(args) == 2 and type(None) in args:
        return lambda value: None if value is None else decode(value)
    if origin is list:
        return lambda value: [decode(one) for one in value]
    raise _unknown(hint)


def _unknown(hint: Any) -> TypeError:
    return TypeError(inspect.formatannotation(hint))


def _required(hint: Any) -> Any:
    name = getattr(typing.get_origin(hint), "_name", "")
    return typing.get_args(hint)[0] if name in ("Required", "NotRequired") else hint


def _documented(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Gives what a docstring says of the function, and of each parameter (under `Args:`)."""
    about, _, rest = (inspect.getdoc(function) or "").partition("\nArgs:\n")
    args = re.split(r"\n(?=\S)", rest, maxsplit=1)[0]
    found = re.findall(r"^ +(\w+)(?: \([^)]*\))?: *(.+(?:\n {6,}.+)*)", args, re.M)
    return about.strip(), {name: re.sub(r"\s+", " ", text) for name, text in found}
