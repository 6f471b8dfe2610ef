"""What an engine can be asked to do.

Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._types import (
        Box,
        BoxId,
        Colour,
        Json,
        Place,
        Thing,
        Wish,
    )

__all__ = ["Operations"]


class Operations(ABC):
    """Asks an engine by names and data: whoever extends it says how."""

    @abstractmethod
    async def _call(self, op: str, args: dict[str, object]) -> Any: ...

    async def make_box(
        self,
        things: list[Thing],
        from_: Place,
        *,
        max_size: int | None = None,
        with_: Wish | None = None,
    ) -> BoxId:
        """Makes a box (`Box`).

        Arguments:

        - `things`: What is in it.
        - `from_`: Where it comes from.
        - `max_size`: How large it may be. Where it is left out: `7`.
        """
        args_: dict[str, object] = {"things": things, "from": from_}
        if max_size is not None:
            args_["max_size"] = max_size
        if with_ is not None:
            args_["with"] = with_
        result_: BoxId = await self._call("make_box", args_)
        return result_

    async def boxes(self) -> list[Box]:
        """Gives all boxes."""
        result_: list[Box] = await self._call("boxes", {})
        return result_

    async def throw_away(
        self,
        name: str,
        class_: str,
        *,
        colour: Colour | None = None,
        in_: str | None = None,
        x_mark: bool | None = None,
    ) -> None:
        """Throws a thing away.

        Arguments:

        - `name`: What it is called.
        - `class_`: Its class.
        - `in_`: What it is in.
        """
        args_: dict[str, object] = {"name": name, "class": class_}
        if colour is not None:
            args_["colour"] = colour
        if in_ is not None:
            args_["in"] = in_
        if x_mark is not None:
            args_["x-mark"] = x_mark
        await self._call("throw_away", args_)

    async def look(self, id: BoxId) -> Json:
        result_: Json = await self._call("look", {"id": id})
        return result_
