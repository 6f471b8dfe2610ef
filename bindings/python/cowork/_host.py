"""What a host brings along: tools, models, planners and approvers, as Python functions."""

from __future__ import annotations

import collections.abc
import enum
import functools
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Union, cast, overload

from ._bridge import Bridge, to_json
from ._errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Unpack

    from ._types import ModelOptions, PlannerOptions, Role, ToolOptions

Function = Callable[..., Any]
Schema = dict[str, Any]


class Arg:
    """Says more of a tool's argument: `path: Annotated[str, Arg("Where it is", role="reads")]`."""

    def __init__(self, about: str = "", *, role: Role | None = None) -> None:
        self.about = about
        self.role: Role | None = role


class ToolContext:
    """What a tool is told besides its arguments: a parameter of this type gets it, and is none of the tool's."""

    def __init__(self, bridge: Bridge, number: int, given: Mapping[str, Any]) -> None:
        self._bridge, self._number = bridge, number
        self.awaited: Any = None
        self.cancelled = False
        """Whether nobody wants the result any more: for a function that blocks. A coroutine is cancelled."""
        self.thread: str = given["thread"]
        self.task: str = given["task"]
        self.call: str = given["call"]
        """The same when it runs again after an interruption."""
        self.attempt: int = given["attempt"]
        """1 for the first time."""
        self.folders: list[Any] = given.get("folders", [])
        """The task's folders, where the call names files in them."""
        self.paths: dict[str, str] = given.get("paths", {})
        """Where on this computer the files are that the arguments name which have a role: `Desk/a.txt` is `/home/ann/Desk/a.txt`."""

    def progress(self, done: int, total: int = 0, note: str = "") -> bool:
        """Shows how far it is: so much is done, of so much if that is known. Says whether anybody looks."""
        return self._bridge.engine.progress(self._number, done, total, note)

    def cancel(self) -> None:
        self.cancelled = True
        if self.awaited is not None:
            self.awaited.cancel()


class ToolResult:
    """What a tool gives that says more than a value: a line for the person, and where it came from."""

    def __init__(self, value: Any, *, note: str = "", label: Mapping[str, Any] | None = None) -> None:
        self.value = value
        self.note = note
        self.label = label


class Part:
    """A function of the host's, and what it is."""

    kind = ""

    def __init__(self, function: Function, said: Mapping[str, Any]) -> None:
        if not callable(function):
            raise InvalidInputError(f"a {self.kind} is made of a function, not of {function!r}", op=f"make {self.kind}")
        self.function = function
        given = {name: value for name, value in said.items() if value is not None}
        self.declaration: dict[str, Any] = {"name": getattr(function, "__name__", self.kind), **given}

    async def answer(self, bridge: Bridge, number: int, given: Any) -> str | None:
        """Gives JSON, or nothing if a thread answers."""
        return self._written(await _awaited(self.function(given)))

    def _written(self, value: object) -> str:
        return to_json(value, f"what the {self.kind} `{self.declaration['name']}` gives")


class Approver(Part):
    """A function that answers questions for a person."""

    kind = "approver"


class Planner(Part):
    """A function that says what comes next."""

    kind = "planner"


class Model(Part):
    """A function that answers requests, or gives an answer's text piece by piece."""

    kind = "model"

    async def answer(self, bridge: Bridge, number: int, given: Any) -> str:
        answer = self.function(given)
        if not hasattr(answer, "__anext__"):
            return self._written(await _awaited(answer))
        last: Any = {}
        async for piece in answer:
            if isinstance(piece, str):
                bridge.engine.tell(number, "text", piece)
            else:
                last = piece
        return self._written(last)


class Tool(Part):
    """A function that a planner can call. It can still be called as what it was."""

    kind = "tool"

    def __init__(self, function: Function, **said: Unpack[ToolOptions]) -> None:
        super().__init__(function, said)
        if said.get("name") is None:
            self.declaration["name"] = self.declaration["name"].lower()
        self.name: str = self.declaration["name"]
        self._context: str | None = None
        self._decode: dict[str, Function] = {}
        self._is_async = any(map(inspect.iscoroutinefunction, (function, type(function).__call__)))
        try:
            self._read_hints()
        except (NameError, TypeError, ValueError, RuntimeError) as why:
            fix = "give parameters types: str, int, float, bool, None, Literal, list, dict, an enum, a path, a TypedDict, a pydantic model"
            text = f"no schema can be made of the parameters of the tool `{self.name}`: {why}"
            raise InvalidInputError(text, op="make tool", fix=f"{fix}; or give the tool a `schema`") from None

    def _read_hints(self) -> None:
        """Makes of the function's hints and of its docstring what was not said."""
        about, described = _documented(self.function)
        schema: Schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False, "$defs": {}}
        roles: dict[str, str] = {}
        # Of one with arguments set already, and of an object that can be called, something else has the hints.
        has_hints = hasattr(self.function, "__annotations__")
        said = self.function if has_hints else getattr(self.function, "func", type(self.function).__call__)
        hints = typing.get_type_hints(said, include_extras=True)
        for name, parameter in inspect.signature(self.function).parameters.items():
            if ToolContext in (hint := hints.get(name), *typing.get_args(hint)):
                self._context = name
            elif "schema" not in self.declaration:
                if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                    raise TypeError(f"`{name}` can't be given by its name")
                if name not in hints:
                    raise TypeError(f"`{name}` has no type")
                _, arg = _annotated(hints[name])
                schema["properties"][name] = self._schema(name, hints[name], schema["$defs"])
                if text := arg.about or described.get(name):
                    schema["properties"][name]["description"] = text
                if arg.role is not None:
                    roles[name] = arg.role
                if parameter.default is parameter.empty:
                    schema["required"].append(name)
        self.declaration = {"about": about, "schema": schema, "roles": roles, **self.declaration}

    def _schema(self, name: str, hint: Any, definitions: Schema) -> Schema:
        try:
            schema, decode = _schema_of(hint)
            # A model writes 1.0 as well as 1, and JSON Schema takes both for a whole number.
            decode = int if schema.get("type") == "integer" else decode
        except TypeError:
            # Whoever uses pydantic has it loaded.
            if (pydantic := sys.modules.get("pydantic")) is None:
                raise
            adapter = pydantic.TypeAdapter(hint)
            schema, decode = adapter.json_schema(ref_template=f"#/$defs/{name}_{{model}}"), adapter.validate_python
            definitions.update({f"{name}_{of}": it for of, it in schema.pop("$defs", {}).items()})
        if decode is not None:
            self._decode[name] = decode
        return schema

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    async def answer(self, bridge: Bridge, number: int, given: Any) -> str | None:
        context = ToolContext(bridge, number, given)
        args: dict[str, Any] = given["args"]
        try:
            args.update({name: decode(_placed(args[name], context.paths)) for name, decode in self._decode.items() if name in args})
        except ValueError as why:
            raise InvalidInputError(f"the arguments of `{self.name}` do not fit: {why}", op="check arguments") from why
        if self._context is not None:
            args[self._context] = context
        if self._is_async:
            return self._result(await self.function(**args))
        bridge.in_thread(number, lambda: self._result(bridge.waited(context, _awaited, self.function(**args))), context, self)
        return None

    def _result(self, value: Any) -> str:
        said = {name: it for name, it in vars(value).items() if it is not None} if isinstance(value, ToolResult) else None
        return '{"value":' + self._written(value) + "}" if said is None else self._written(said)


@overload
def tool(function: Function, /) -> Tool: ...
@overload
def tool(**said: Unpack[ToolOptions]) -> Callable[[Function], Tool]: ...
def tool(function: Function | None = None, /, **said: Any) -> Any:
    """Makes a tool of a function: its name, what its docstring says, and its parameters by their types.

    With a `schema` these don't count: the function is given all arguments by their names, as they are.
    What it does not say of its `effects` is taken to be the worst: each call is asked about.
    """
    return functools.partial(Tool, **said) if function is None else Tool(function, **said)


@overload
def model(function: Function, /) -> Model: ...
@overload
def model(**said: Unpack[ModelOptions]) -> Callable[[Function], Model]: ...
def model(function: Function | None = None, /, **said: Any) -> Any:
    """Makes a model of an async function: it takes a request, and gives a text or what `HostAnswer` says.

    An async generator gives the text piece by piece, and may end with a `HostAnswer`.
    """
    return functools.partial(Model, said=said) if function is None else Model(function, said)


@overload
def planner(function: Function, /) -> Planner: ...
@overload
def planner(**said: Unpack[PlannerOptions]) -> Callable[[Function], Planner]: ...
def planner(function: Function | None = None, /, **said: Any) -> Any:
    """Makes a planner of an async function: it takes a task as it stands, and gives a `Proposal`."""
    return functools.partial(Planner, said=said) if function is None else Planner(function, said)


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


def _placed(value: Any, paths: Mapping[str, str]) -> Any:
    """Gives files where they are: who takes a path opens it."""
    if isinstance(value, list):
        return [_placed(one, paths) for one in cast("Iterable[Any]", value)]
    return paths.get(value, value) if isinstance(value, str) else value


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _annotated(hint: Any) -> tuple[Any, Arg]:
    if typing.get_origin(hint) is not typing.Annotated:
        return hint, Arg()
    said = [Arg(it) if isinstance(it, str) else it for it in hint.__metadata__]
    return hint.__origin__, next((it for it in said if isinstance(it, Arg)), Arg())


_NAMES = {str: "string", int: "integer", float: "number", bool: "boolean", types.NoneType: "null", list: "array", dict: "object"}
_PLAIN: dict[Any, Schema] = {**{of: {"type": name} for of, name in _NAMES.items()}, None: {"type": "null"}, Any: {}, object: {}}


def _schema_of(hint: Any) -> tuple[Schema, Function | None]:
    """Makes a JSON Schema of a type, and what makes an enum or a path of its JSON. `TypeError` for one of which none can be made."""
    hint, arg = _annotated(hint)
    if arg.about:
        schema, decode = _schema_of(hint)
        return {**schema, "description": arg.about}, decode
    if (plain := _PLAIN.get(hint)) is not None:
        return dict(plain), None
    if typing.is_typeddict(hint):
        fields = {name: _schema_of(_required(it)) for name, it in typing.get_type_hints(hint, include_extras=True).items()}
        if any(decode for _, decode in fields.values()):
            raise TypeError(f"a field of {hint.__name__} is no plain JSON")
        return {"type": "object", "properties": {name: it for name, (it, _) in fields.items()}, "required": sorted(hint.__required_keys__)}, None
    if inspect.isclass(hint) and issubclass(hint, enum.Enum):
        return {"enum": [it.value for it in hint]}, hint
    if inspect.isclass(hint) and hasattr(hint, "__fspath__") and not inspect.isabstract(hint):
        return {"type": "string"}, hint
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return {"enum": list(args)}, None
    parts = [_schema_of(it) for it in args]
    decode = next((decode for _, decode in parts if decode is not None), None)
    if origin in (Union, types.UnionType) and (decode is None or (len(args) == 2 and types.NoneType in args)):
        return {"anyOf": [schema for schema, _ in parts]}, decode and functools.partial(_or_none, decode)
    if origin is list or (decode is None and origin in (collections.abc.Sequence, collections.abc.Iterable)):
        return {"type": "array", "items": parts[0][0]}, decode and functools.partial(_each, decode)
    if decode is None and origin in (dict, collections.abc.Mapping) and args[0] is str:
        return {"type": "object", "additionalProperties": parts[1][0]}, None
    raise TypeError(inspect.formatannotation(hint))


def _or_none(decode: Function, value: Any) -> Any:
    return None if value is None else decode(value)


def _each(decode: Function, value: Any) -> list[Any]:
    return [decode(one) for one in value]


def _required(hint: Any) -> Any:
    name = getattr(typing.get_origin(hint), "_name", "")
    return typing.get_args(hint)[0] if name in ("Required", "NotRequired") else hint


def _documented(function: Function) -> tuple[str, dict[str, str]]:
    """Gives what a docstring says of the function, and of each parameter (under `Args:`)."""
    about, _, rest = (inspect.getdoc(function) or "").partition("\nArgs:\n")
    args = re.split(r"\n(?=\S)", rest, maxsplit=1)[0]
    found = re.findall(r"^ +(\w+)(?: \([^)]*\))?: *(.+(?:\n {6,}.+)*)", args, re.M)
    return about.strip(), {name: re.sub(r"\s+", " ", text) for name, text in found}
