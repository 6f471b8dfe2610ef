"""Exceptions: one for each kind of errors.

Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._types import Retry

__all__ = [
    "BY_KIND",
    "CoworkError",
    "NotFoundError",
    "CoworkInterruptedError",
    "InternalError",
    "error_of",
]


class CoworkError(Exception):
    """What went wrong."""

    kind: str = "internal"
    """What a caller would act on. One that is not known here comes from a later version of the engine."""

    def __init__(
        self,
        message: str,
        *,
        op: str = "",
        retry: Retry = "never",
        context: Iterable[tuple[str, str]] = (),
        fix: str | None = None,
        kind: str | None = None,
    ) -> None:
        super().__init__(message)
        if kind is not None:
            self.kind = kind
        self.op: str = str(op)
        """The operation that failed, in a few words."""
        self.message: str = str(message)
        """What happened, for a person."""
        self.retry: Retry = retry
        """Whether, and when, the same thing may be tried again."""
        self.context: list[tuple[str, str]] = [(str(name), str(value)) for name, value in context]
        """Named facts."""
        if fix is not None:
            self.context.append(("fix", str(fix)))
        if (step := self.fix) is not None and sys.version_info >= (3, 11):
            # A traceback shows it.
            self.add_note(step)

    @property
    def fix(self) -> str | None:
        """The next step, for a person."""
        return self.fact("fix")

    def fact(self, name: str) -> str | None:
        """Gives the value of a named fact."""
        return next((value for known, value in self.context if known == name), None)

    def data(self) -> dict[str, object]:
        """Gives it as the engine has it."""
        data: dict[str, object] = {"kind": self.kind, "op": self.op, "message": self.message}
        if self.retry != "never":
            data["retry"] = self.retry
        if self.context:
            data["context"] = [[name, value] for name, value in self.context]
        return data

    def __reduce__(self) -> tuple[object, ...]:
        return error_of, (self.data(),)


class NotFoundError(CoworkError):
    """It is not there."""

    kind = "not_found"


class CoworkInterruptedError(CoworkError):
    """It was cut off."""

    kind = "interrupted"


class InternalError(CoworkError):
    """A fault."""

    kind = "internal"


BY_KIND: dict[str, type[CoworkError]] = {
    "not_found": NotFoundError,
    "interrupted": CoworkInterruptedError,
    "internal": InternalError,
}
"""The exception for each kind."""


def error_of(data: Mapping[str, Any]) -> CoworkError:
    """Gives the exception for an error as the engine has it. One of an unknown kind is a `CoworkError`."""
    kind: str = data["kind"]
    return BY_KIND.get(kind, CoworkError)(
        data["message"],
        op=data["op"],
        retry=data.get("retry", "never"),
        context=data.get("context", ()),
        kind=kind,
    )
