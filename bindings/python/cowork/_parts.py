"""What makes a part of a function: a decorator for each kind.

Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, overload

from ._host import Function, Model, Planner, Tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import DeclaredEffects, Json, Price, Role

__all__ = ["model", "planner", "tool"]


@overload
def model(function: Function, /) -> Model: ...
@overload
def model(
    *,
    at: str | None = None,
    most_tokens: int | None = None,
    name: str | None = None,
    price: Price | None = None,
    sees: list[str] | None = None,
    window: int | None = None,
) -> Callable[[Function], Model]: ...
def model(
    function: Function | None = None,
    /,
    *,
    at: str | None = None,
    most_tokens: int | None = None,
    name: str | None = None,
    price: Price | None = None,
    sees: list[str] | None = None,
    window: int | None = None,
) -> Any:
    """Makes a `Model` of a function.

    How a host describes a model of its own.

    Arguments:

    - `at`: Where what a task has seen goes: a host. `unknown` if nothing is said. Where it is left out:
      `"unknown"`.
    - `most_tokens`: How many tokens an answer may have. Where it is left out: `16000`.
    - `name`: Its name, as tasks choose it.
    - `price`: What it costs. Where that is not known, it is not asked by a task that may spend only so much
      money. Where it is left out: `null`.
    - `sees`: The types of media that it can see: `image/png`. Where it is left out: `[]`.
    - `window`: How many tokens a request and its answer may have together. Where it is left out: `128000`.
    """
    said = {
        "at": at,
        "most_tokens": most_tokens,
        "name": name,
        "price": price,
        "sees": sees,
        "window": window,
    }
    return partial(Model, said=said) if function is None else Model(function, said)


@overload
def planner(function: Function, /) -> Planner: ...
@overload
def planner(
    *,
    briefed: bool | None = None,
    local: bool | None = None,
    name: str | None = None,
) -> Callable[[Function], Planner]: ...
def planner(
    function: Function | None = None,
    /,
    *,
    briefed: bool | None = None,
    local: bool | None = None,
    name: str | None = None,
) -> Any:
    """Makes a `Planner` of a function.

    How a host describes a planner of its own.

    Arguments:

    - `briefed`: Whether it goes by the notes of the thread and the instruction files of the folders: then
      they are gathered before it is asked first. Where it is left out: `false`.
    - `local`: Whether it works on this computer alone: it sends what it reads nowhere. Where it is left out:
      `false`.
    - `name`: Its name, as tasks ask for it.
    """
    said = {
        "briefed": briefed,
        "local": local,
        "name": name,
    }
    return partial(Planner, said=said) if function is None else Planner(function, said)


@overload
def tool(function: Function, /) -> Tool: ...
@overload
def tool(
    *,
    about: str | None = None,
    effects: DeclaredEffects | None = None,
    locks: list[str] | None = None,
    name: str | None = None,
    roles: dict[str, Role] | None = None,
    schema: Json | None = None,
    title: str | None = None,
) -> Callable[[Function], Tool]: ...
def tool(
    function: Function | None = None,
    /,
    *,
    about: str | None = None,
    effects: DeclaredEffects | None = None,
    locks: list[str] | None = None,
    name: str | None = None,
    roles: dict[str, Role] | None = None,
    schema: Json | None = None,
    title: str | None = None,
) -> Any:
    """Makes a `Tool` of a function.

    How a host describes a tool of its own. What it does not say is taken to be the worst.

    Arguments:

    - `about`: What it does and when to use it, for a planner.
    - `effects`: What a call does to the world. Where it is left out: `"unknown"`.
    - `locks`: What no two calls use at once, whatever their arguments: `screen`, `account/mail`. Where it is
      left out: `[]`.
    - `name`: Its name: lower case, digits, `_`; at most 64 bytes. It takes the place of a built-in tool of
      that name.
    - `roles`: What arguments stand for, by their names; each is a text or a list of texts. The schema of an
      argument may say it too, as `x-cowork-role`. Where it is left out: `{}`.
    - `schema`: The JSON Schema of its arguments, an object. Arguments that do not fit never reach the tool.
      Where it is left out: `{"additionalProperties":false,"properties":{},"type":"object"}`.
    - `title`: What a person is shown who is asked, after "Wants to": `send {subject} to {to}`, with arguments
      by their names. Where it is left out: `null`.
    """
    said = {
        "about": about,
        "effects": effects,
        "locks": locks,
        "name": name,
        "roles": roles,
        "schema": schema,
        "title": title,
    }
    return partial(Tool, said=said) if function is None else Tool(function, said)
