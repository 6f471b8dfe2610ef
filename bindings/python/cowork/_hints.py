"""What a function's types and docstring say of its arguments."""

from __future__ import annotations

import functools
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

Schema = dict[str, Any]
ROLE = "x-cowork-role"
"""Where the schema of a type has the role that is said of it."""


class Hints:
    """The parameters of a function, but for the one of the type `context`."""

    def __init__(self, function: Callable[..., Any], context: type) -> None:
        # Of one with arguments set already, and of an object that can be called, something else has what is said.
        said = function if hasattr(function, "__annotations__") else getattr(function, "func", type(function).__call__)
        self.name: str = said.__name__ if said.__name__ != "__call__" else type(function).__name__
        self.about, self._described = _documented(said)
        self.context: str | None = None
        self._hints = {name: _hint(said, name) for name in inspect.get_annotations(inspect.unwrap(said)) if name != "return"}
        self._parameters = dict(inspect.signature(function).parameters)
        for name, hint in self._hints.items():
            if context in (hint, *typing.get_args(hint)) and name in self._parameters:
                self.context = name
                del self._parameters[name]
        self._type: Any = None

    def schema(self) -> Schema:
        """Makes the JSON Schema. `TypeError` for a type of which none can be made."""
        hints = {name: self._checked(name, parameter) for name, parameter in self._parameters.items()}
        dictionary: Any = typing.TypedDict
        self._type = dictionary("Arguments", hints, total=False)
        definitions: dict[str, Schema] = {}
        hook = functools.cache(functools.partial(_schema_of, definitions))
        schemas, found = msgspec.json.schema_components(hints.values(), schema_hook=hook, ref_template="#/$defs/{name}")
        properties = {name: {**self._described.get(name, {}), **schema} for name, schema in zip(hints, schemas)}
        definitions.update(found)
        required = [name for name, parameter in self._parameters.items() if parameter.default is parameter.empty]
        fixed = {"type": "object", "additionalProperties": False, "$defs": definitions}
        return {**fixed, "properties": properties, "required": required}

    def _checked(self, name: str, parameter: inspect.Parameter) -> Any:
        hint = self._hints.get(name)
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"`{name}` can't be given by its name")
        if name not in self._hints:
            raise TypeError(f"`{name}` has no type" + ("; make the tool of the method of an object: tool(it.method)" if name in ("self", "cls") else ""))
        if isinstance(hint, NameError):
            raise TypeError(f"of `{name}`, {hint}: types in quotes are looked for among the globals of the function's module")
        if isinstance(parameter.default, msgspec.Meta):
            raise TypeError(f"what is said of `{name}` is no default: Annotated[its type, Arg(...)]")
        # Of two that are said of one type `msgspec` keeps the last.
        if len({said.extra_json_schema[ROLE] for said in _said(hint) if ROLE in (getattr(said, "extra_json_schema", None) or ())}) > 1:
            raise TypeError(f"`{name}` has two roles that are not the same: say one")
        for said in _said(hint):
            if isinstance(said, str):
                self._described[name] = {"description": said}
            elif type(said).__module__.split(".")[0] in ("pydantic", "annotated_types"):
                raise TypeError(f"of `{name}`, {said!r} would not be kept to: say it by msgspec.Meta, or in a pydantic model")
        return hint

    def read(self, args: dict[str, Any], paths: Mapping[str, str]) -> dict[str, Any]:
        """Makes what the types say of what JSON has. Files are given where they are: who takes a path opens it."""
        if self._type is None:
            return dict(args)
        hook = functools.partial(_decoded, paths)
        return cast("dict[str, Any]", msgspec.convert(args, self._type, str_keys=True, dec_hook=hook))


def _hint(function: Callable[..., Any], name: str) -> Any:
    """Gives the type of a parameter; or the error, where it has a name that is not known."""
    function = inspect.unwrap(function)
    one = types.SimpleNamespace(__annotations__={name: inspect.get_annotations(function)[name]}, __globals__=getattr(function, "__globals__", {}))
    try:
        return typing.get_type_hints(one, include_extras=True)[name]
    except NameError as why:
        return why


def _said(hint: Any) -> list[Any]:
    """Gives what is said of a type, and of those that it is made of."""
    own = list(getattr(hint, "__metadata__", ()))
    return own + [it for part in typing.get_args(hint) if part not in own for it in _said(part)]


def _within(of: Any, seen: dict[int, Any]) -> list[Any]:
    """Gives what is said of the fields of a class, and of theirs."""
    if id(of) in seen:
        return []
    seen[id(of)] = of
    # In a model the names in quotes may be known by now.
    getattr(of, "model_rebuild", dict)()
    if isinstance(of, typing.ForwardRef):
        raise TypeError(f"nobody knows yet what `{of.__forward_arg__}` is: make the tool once it is defined")
    fields = getattr(of, "__pydantic_fields__", {}).values()
    parts = [field.annotation for field in fields]
    if not parts and isinstance(of, type) and any(hasattr(of, mark) for mark in ("__dataclass_fields__", "__total__", "_fields")):
        parts = list(typing.get_type_hints(of, include_extras=True).values())
    parts += [typing.get_origin(of), getattr(of, "__value__", None), getattr(of, "__supertype__", None), *typing.get_args(of)]
    own = [said for field in fields for said in field.metadata] + list(getattr(of, "__metadata__", ()))
    return own + [said for part in parts for said in _within(part, seen)]


def _schema_of(definitions: dict[str, Schema], of: Any) -> Schema:
    """Makes a schema of a type that `msgspec` does not know."""
    if of is object:
        return {"type": ["null", "boolean", "number", "string", "array", "object"]}
    if _is_path(of):
        return {"type": "string"}
    # Whoever uses pydantic has it loaded.
    if "pydantic" not in sys.modules:
        raise TypeError(f"nothing is known of {inspect.formatannotation(of)}")
    prefix = f"{re.sub(r'[^A-Za-z0-9]', '_', of.__name__)}_{len(definitions)}_"
    schema: Schema = _pydantic(of).json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
    definitions.update({prefix + name: it for name, it in schema.pop("$defs", {}).items()})
    if any(isinstance(said, msgspec.Meta) for said in _within(of, {})):
        raise TypeError(f"what Arg and msgspec.Meta say within {inspect.formatannotation(of)} would not be kept to: say it by pydantic.Field; a role is for a parameter")
    return schema


def _decoded(paths: Mapping[str, str], of: Any, value: Any) -> Any:
    if of is object:
        return value
    return of(paths.get(value, value)) if _is_path(of) else _pydantic(of).validate_python(value)


def _is_path(of: Any) -> bool:
    return hasattr(of, "__fspath__") and not inspect.isabstract(of)


@functools.cache
def _pydantic(of: Any) -> Any:
    return sys.modules["pydantic"].TypeAdapter(of)


def _documented(function: Callable[..., Any]) -> tuple[str, dict[str, Schema]]:
    """Gives what a docstring says of the function, and of each parameter (under `Args:`)."""
    about, _, rest = (inspect.getdoc(function) or "").partition("\nArgs:\n")
    args = re.split(r"\n(?=\S)", rest, maxsplit=1)[0]
    found = re.findall(r"^ +(\w+)(?: \([^)]*\))?: *(.+(?:\n {6,}.+)*)", args, re.M)
    return about.strip(), {name: {"description": re.sub(r"\s+", " ", text)} for name, text in found}
