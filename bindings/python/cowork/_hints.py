"""What a function's types and docstring say of its arguments."""

from __future__ import annotations

import functools
import inspect
import re
import sys
import typing
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ._errors import InvalidInputError

Schema = dict[str, Any]


class Hints:
    """The parameters of a function, but for the one of the type `context`."""

    def __init__(self, function: Callable[..., Any], context: type) -> None:
        self.about, self._described = _documented(function)
        self.context: str | None = None
        self.roles: dict[str, str] = {}
        # Of one with arguments set already, and of an object that can be called, something else has the hints.
        said = function if hasattr(function, "__annotations__") else getattr(function, "func", type(function).__call__)
        self._hints = typing.get_type_hints(said, include_extras=True)
        self._parameters = dict(inspect.signature(function).parameters)
        for name, hint in self._hints.items():
            if context in (hint, *typing.get_args(hint)) and name in self._parameters:
                self.context = name
                del self._parameters[name]
        self._type: Any = None

    def schema(self) -> Schema:
        """Makes the JSON Schema, and finds the roles. `TypeError` for a type of which none can be made."""
        hints = {name: self._hint(name, parameter) for name, parameter in self._parameters.items()}
        dictionary: Any = typing.TypedDict
        self._type = dictionary("Arguments", hints, total=False)
        definitions: dict[str, Schema] = {}
        hook = functools.partial(_schema_of, definitions)
        schemas, found = msgspec.json.schema_components(hints.values(), schema_hook=hook, ref_template="#/$defs/{name}")
        properties = {name: {**self._described.get(name, {}), **schema} for name, schema in zip(hints, schemas)}
        required = [name for name, parameter in self._parameters.items() if parameter.default is parameter.empty]
        fixed = {"type": "object", "additionalProperties": False, "$defs": {**found, **definitions}}
        return {**fixed, "properties": properties, "required": required}

    def _hint(self, name: str, parameter: inspect.Parameter) -> Any:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"`{name}` can't be given by its name")
        if name not in self._hints:
            raise TypeError(f"`{name}` has no type")
        for said in getattr(self._hints[name], "__metadata__", ()):
            if isinstance(said, str):
                self._described[name] = {"description": said}
            elif isinstance(said, msgspec.Meta) and (role := (said.extra or {}).get("role")) is not None:
                self.roles[name] = role
        return self._hints[name]

    def read(self, args: dict[str, Any], paths: Mapping[str, str]) -> dict[str, Any]:
        """Makes what the types say of what JSON has. Files are given where they are: who takes a path opens it."""
        if self._type is None:
            return args
        try:
            # A model writes 1.0 as well as 1, and to JSON Schema both are whole numbers.
            given: dict[str, Any] = msgspec.convert(args, self._type, strict=False, dec_hook=functools.partial(_decoded, paths))
        except msgspec.ValidationError as why:
            raise InvalidInputError(f"the arguments do not fit: {why}", op="check arguments") from why
        return given


def _schema_of(definitions: dict[str, Schema], of: Any) -> Schema:
    """Makes a schema of a type that `msgspec` does not know."""
    if of is object:
        return {"type": ["null", "boolean", "number", "string", "array", "object"]}
    if _is_path(of):
        return {"type": "string"}
    # Whoever uses pydantic has it loaded.
    if "pydantic" not in sys.modules:
        raise TypeError(f"nothing is known of {inspect.formatannotation(of)}")
    schema: Schema = _pydantic(of).json_schema(ref_template=f"#/$defs/{of.__name__}_{{model}}")
    definitions.update({f"{of.__name__}_{name}": it for name, it in schema.pop("$defs", {}).items()})
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
