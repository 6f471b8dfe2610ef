"""What data is like: commands, records, events, and all that they are made of.

Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict, Union

__all__ = [
    "Json",
    "Box",
    "BoxDeclaration",
    "BoxId",
    "BoxOwner",
    "Colour",
    "ErrorData",
    "ErrorKind",
    "Event",
    "EventGone",
    "EventMoved",
    "EventPut",
    "Lid",
    "LidAt",
    "LidHeldBy",
    "LidHeldByContent",
    "Nothing",
    "Place",
    "Retry",
    "RetryAfterMs",
    "Spot",
    "SubmitOptions",
    "Thing",
    "Wish",
]


Json: TypeAlias = "Union[bool, int, float, str, list[Json], dict[str, Json], None]"
"""Any JSON."""


class _Box(TypedDict):
    id: BoxId
    """Its name."""
    size: tuple[int, int, float]
    things: list[Thing]
    """What is in it."""


class Box(_Box, total=False):
    """A box, and what is in it (`Thing.name`).

    It says \"\"\"nothing\"\"\" of `\\xNN` and ends no comment: */

    - one thing, or two;
    - or `Lid`, `"open"` and `LidAt`.

    It is not `Shelf.of`.
    """

    gaps: list[int | None]
    lid: Lid
    """Whether it is open.

    Where it is left out: `"shut"`.
    """
    marks: dict[str, str | None]
    more: Json
    """Whatever else there is. It says "so" """
    owner: BoxOwner
    """Whose it is."""
    within: Box | None
    """The box that it is in."""


class _BoxDeclaration(TypedDict):
    name: str
    """What it is called."""


class BoxDeclaration(_BoxDeclaration, total=False):
    """How a box is described."""

    colour: Colour
    """Its colour.

    Where it is left out: `"red"`.
    """


BoxId: TypeAlias = str
"""Names a box."""


class BoxOwner(TypedDict):
    """Whose it is."""

    name: str


Colour: TypeAlias = Literal["red", "green"]
"""A colour."""


class _ErrorData(TypedDict):
    kind: ErrorKind
    """What a caller would act on."""
    message: str
    """What happened."""
    op: str
    """The operation."""


class ErrorData(_ErrorData, total=False):
    """What went wrong."""

    context: list[tuple[str, str]]
    """Named facts."""
    retry: Retry
    """Whether it may be tried again."""


ErrorKind: TypeAlias = Literal["not_found", "interrupted", "internal"]
"""Sorts errors.

- `"not_found"`: It is not there.
- `"interrupted"`: It was cut off.
- `"internal"`: A fault.
"""


_ThingNamed = TypedDict("_ThingNamed", {"class": "str"})


_ThingNamedOptional = TypedDict("_ThingNamedOptional", {"in": "str", "x-mark": "bool"}, total=False)


class _Thing(_ThingNamed, _ThingNamedOptional):
    name: str
    """What it is called."""


class Thing(_Thing, total=False):
    """A thing.

    - `class`: Its class.
    - `in`: What it is in.
    """

    colour: Colour


class EventPut(Thing):
    """Something was put into it."""

    type: Literal["put"]


_EventMovedNamed = TypedDict("_EventMovedNamed", {"from": "Place"})


class EventMoved(_EventMovedNamed):
    """It was moved.

    - `from`: Where it was.
    """

    type: Literal["moved"]


class EventGone(TypedDict):
    """It is gone."""

    type: Literal["gone"]


Event: TypeAlias = Union[EventPut, EventMoved, EventGone]
"""What happens to a box."""


class LidAt(TypedDict):
    """It is open so far."""

    at: float


class LidHeldBy(TypedDict):
    """It is held."""

    held_by: LidHeldByContent


Lid: TypeAlias = Union[Literal["shut"], Literal["open"], LidAt, LidHeldBy]
"""Whether a box is open.

- `"shut"`: It is shut.
- `"open"`: It is open.
"""


class LidHeldByContent(TypedDict):
    name: str


class Nothing(TypedDict):
    """Nothing is known of it."""


Spot: TypeAlias = int
"""A number of a place."""


Place: TypeAlias = Union[str, list[Spot]]
"""Where something is."""


class RetryAfterMs(TypedDict):
    after_ms: int


Retry: TypeAlias = Union[Literal["never"], RetryAfterMs]
"""Says whether it may be tried again."""


class SubmitOptions(TypedDict, total=False):
    """Has a box moved."""

    slow: bool | None
    """Whether it may take long.

    Where it is left out: `false`.
    """


class Wish(TypedDict, total=False):
    """What may be wanted of a box. What is left out is all the same."""

    colour: Colour | None
    deep: bool
    """Where it is left out: `false`."""
