"""What makes a part of a function: a decorator for each kind.

Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, overload

from ._host import Function, Box

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import Colour

__all__ = ["box"]


@overload
def box(function: Function, /) -> Box: ...
@overload
def box(
    *,
    colour: Colour | None = None,
    name: str | None = None,
) -> Callable[[Function], Box]: ...
def box(
    function: Function | None = None,
    /,
    *,
    colour: Colour | None = None,
    name: str | None = None,
) -> Any:
    """Makes a `Box` of a function.

    How a box is described.

    Arguments:

    - `colour`: Its colour. Where it is left out: `"red"`.
    - `name`: What it is called.
    """
    said = {
        "colour": colour,
        "name": name,
    }
    return partial(Box, said=said) if function is None else Box(function, said)
