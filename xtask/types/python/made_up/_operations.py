"""What an engine can be asked to do.

Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ._types import (
        Box,
        BoxId,
        Colour,
        Event,
        Json,
        Place,
        Thing,
        Wish,
    )

__all__ = ["Operations", "SyncOperations", "TaskOperations", "SyncTaskOperations"]


class Operations(ABC):
    """Asks an engine by names and data: whoever extends it says how."""

    @abstractmethod
    async def call(self, operation: str, args: dict[str, object]) -> Any:
        """Has an operation carried out by its name, with its arguments as they are written: for one that has no method here yet."""

    @abstractmethod
    def stream(self, operation: str, args: dict[str, object]) -> AsyncIterator[Any]:
        """Has one carried out that gives one thing after the other."""

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
        result_: BoxId = await self.call("make_box", args_)
        return result_

    async def boxes(self) -> list[Box]:
        """Gives all boxes."""
        result_: list[Box] = await self.call("boxes", {})
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
        await self.call("throw_away", args_)

    async def look(self, id: BoxId) -> Json:
        result_: Json = await self.call("look", {"id": id})
        return result_

    async def submit(self, box: BoxId, *, slow: bool | None = None) -> str:
        """Has a box moved.

        Arguments:

        - `slow`: Whether it may take long. Where it is left out: `false`.
        """
        args_: dict[str, object] = {"box": box}
        if slow is not None:
            args_["slow"] = slow
        result_: str = await self.call("submit", args_)
        return result_

    async def settled(self, task: str) -> Box:
        """Waits for a move.

        Arguments:

        - `task`: The move.
        """
        result_: Box = await self.call("settled", {"task": task})
        return result_

    async def answer(self, task: str, yes: bool) -> None:
        """Answers a mover."""
        await self.call("answer", {"task": task, "yes": yes})

    async def hurry(self, task: str, by: float, *, why: str | None = None) -> None:
        """Has a move go on faster."""
        args_: dict[str, object] = {"task": task, "by": by}
        if why is not None:
            args_["why"] = why
        await self.call("hurry", args_)

    def events(
        self,
        *,
        after: int | None = None,
        task: str | None = None,
        thread: str | None = None,
    ) -> AsyncIterator[Event]:
        """Gives what happens to boxes."""
        args_: dict[str, object] = {}
        if after is not None:
            args_["after"] = after
        if task is not None:
            args_["task"] = task
        if thread is not None:
            args_["thread"] = thread
        result_: AsyncIterator[Event] = self.stream("events", args_)
        return result_

    def places(self, task: str) -> AsyncIterator[Place]:
        """Gives where a move is."""
        result_: AsyncIterator[Place] = self.stream("places", {"task": task})
        return result_


class SyncOperations(ABC):
    """Asks an engine by names and data: whoever extends it says how."""

    @abstractmethod
    def call(self, operation: str, args: dict[str, object]) -> Any:
        """Has an operation carried out by its name, with its arguments as they are written: for one that has no method here yet."""

    @abstractmethod
    def stream(self, operation: str, args: dict[str, object]) -> Iterator[Any]:
        """Has one carried out that gives one thing after the other."""

    def make_box(
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
        result_: BoxId = self.call("make_box", args_)
        return result_

    def boxes(self) -> list[Box]:
        """Gives all boxes."""
        result_: list[Box] = self.call("boxes", {})
        return result_

    def throw_away(
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
        self.call("throw_away", args_)

    def look(self, id: BoxId) -> Json:
        result_: Json = self.call("look", {"id": id})
        return result_

    def submit(self, box: BoxId, *, slow: bool | None = None) -> str:
        """Has a box moved.

        Arguments:

        - `slow`: Whether it may take long. Where it is left out: `false`.
        """
        args_: dict[str, object] = {"box": box}
        if slow is not None:
            args_["slow"] = slow
        result_: str = self.call("submit", args_)
        return result_

    def settled(self, task: str) -> Box:
        """Waits for a move.

        Arguments:

        - `task`: The move.
        """
        result_: Box = self.call("settled", {"task": task})
        return result_

    def answer(self, task: str, yes: bool) -> None:
        """Answers a mover."""
        self.call("answer", {"task": task, "yes": yes})

    def hurry(self, task: str, by: float, *, why: str | None = None) -> None:
        """Has a move go on faster."""
        args_: dict[str, object] = {"task": task, "by": by}
        if why is not None:
            args_["why"] = why
        self.call("hurry", args_)

    def events(
        self,
        *,
        after: int | None = None,
        task: str | None = None,
        thread: str | None = None,
    ) -> Iterator[Event]:
        """Gives what happens to boxes."""
        args_: dict[str, object] = {}
        if after is not None:
            args_["after"] = after
        if task is not None:
            args_["task"] = task
        if thread is not None:
            args_["thread"] = thread
        result_: Iterator[Event] = self.stream("events", args_)
        return result_

    def places(self, task: str) -> Iterator[Place]:
        """Gives where a move is."""
        result_: Iterator[Place] = self.stream("places", {"task": task})
        return result_


_Operations = TypeVar("_Operations", bound=Operations)


class TaskOperations(Generic[_Operations]):
    """Asks an engine what is about one task."""

    def __init__(self, engine: _Operations, id: str) -> None:
        self.engine = engine
        self.id = id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"

    async def call(self, operation: str, args: dict[str, object]) -> Any:
        return await self.engine.call(operation, {"task": self.id, **args})

    def stream(self, operation: str, args: dict[str, object]) -> AsyncIterator[Any]:
        return self.engine.stream(operation, {"task": self.id, **args})

    async def result(self) -> Box:
        """Waits for a move."""
        result_: Box = await self.call("settled", {})
        return result_

    async def hurry(self, by: float, *, why: str | None = None) -> None:
        """Has a move go on faster."""
        args_: dict[str, object] = {"by": by}
        if why is not None:
            args_["why"] = why
        await self.call("hurry", args_)

    def events(self, *, after: int | None = None) -> AsyncIterator[Event]:
        """Gives what happens to boxes."""
        args_: dict[str, object] = {}
        if after is not None:
            args_["after"] = after
        result_: AsyncIterator[Event] = self.stream("events", args_)
        return result_

    def places(self) -> AsyncIterator[Place]:
        """Gives where a move is."""
        result_: AsyncIterator[Place] = self.stream("places", {})
        return result_


_SyncOperations = TypeVar("_SyncOperations", bound=SyncOperations)


class SyncTaskOperations(Generic[_SyncOperations]):
    """Asks an engine what is about one task."""

    def __init__(self, engine: _SyncOperations, id: str) -> None:
        self.engine = engine
        self.id = id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"

    def call(self, operation: str, args: dict[str, object]) -> Any:
        return self.engine.call(operation, {"task": self.id, **args})

    def stream(self, operation: str, args: dict[str, object]) -> Iterator[Any]:
        return self.engine.stream(operation, {"task": self.id, **args})

    def result(self) -> Box:
        """Waits for a move."""
        result_: Box = self.call("settled", {})
        return result_

    def hurry(self, by: float, *, why: str | None = None) -> None:
        """Has a move go on faster."""
        args_: dict[str, object] = {"by": by}
        if why is not None:
            args_["why"] = why
        self.call("hurry", args_)

    def events(self, *, after: int | None = None) -> Iterator[Event]:
        """Gives what happens to boxes."""
        args_: dict[str, object] = {}
        if after is not None:
            args_["after"] = after
        result_: Iterator[Event] = self.stream("events", args_)
        return result_

    def places(self) -> Iterator[Place]:
        """Gives where a move is."""
        result_: Iterator[Place] = self.stream("places", {})
        return result_
