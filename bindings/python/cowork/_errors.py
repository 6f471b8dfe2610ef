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
    "InvalidInputError",
    "NotFoundError",
    "NotAllowedError",
    "ConflictError",
    "BusyError",
    "LeaseLostError",
    "CorruptError",
    "NewerVersionError",
    "FullError",
    "LimitExceededError",
    "UnavailableError",
    "UnsupportedError",
    "CoworkCancelledError",
    "CoworkInterruptedError",
    "InternalError",
    "error_of",
]


class CoworkError(Exception):
    """Says what went wrong, in a way that a caller can act on and a person can read.

    `message` says what happened and why, in one sentence without a final full stop; the context entry `fix`,
    where there is one, says the next step. It crosses every boundary as its fields, never as text alone.
    """

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


class InvalidInputError(CoworkError):
    """The caller's words are off: mend them and call again."""

    kind = "invalid_input"


class NotFoundError(CoworkError):
    """What was named is not there."""

    kind = "not_found"


class NotAllowedError(CoworkError):
    """Policy, a grant or a person said no."""

    kind = "not_allowed"


class ConflictError(CoworkError):
    """Something else changed it first: read again, then decide again."""

    kind = "conflict"


class BusyError(CoworkError):
    """Somebody else holds it now: wait, or stop them."""

    kind = "busy"


class LeaseLostError(CoworkError):
    """The task's lease went to another process: stop at once, write nothing more."""

    kind = "lease_lost"


class CorruptError(CoworkError):
    """Stored bytes are damaged or missing: see `cowork doctor`."""

    kind = "corrupt"


class NewerVersionError(CoworkError):
    """Written by a later version: update this program."""

    kind = "newer_version"


class FullError(CoworkError):
    """The disk, a quota or a table is full."""

    kind = "full"


class LimitExceededError(CoworkError):
    """A limit on time, memory, size or count was reached."""

    kind = "limit_exceeded"


class UnavailableError(CoworkError):
    """A service or a file system does not answer: try again later."""

    kind = "unavailable"


class UnsupportedError(CoworkError):
    """This platform or host can't do it, and nothing weaker was done instead."""

    kind = "unsupported"


class CoworkCancelledError(CoworkError):
    """A person or the host stopped it."""

    kind = "cancelled"


class CoworkInterruptedError(CoworkError):
    """The process died in the middle, and what the call did is not known."""

    kind = "interrupted"


class InternalError(CoworkError):
    """A fault of this program."""

    kind = "internal"


BY_KIND: dict[str, type[CoworkError]] = {
    "invalid_input": InvalidInputError,
    "not_found": NotFoundError,
    "not_allowed": NotAllowedError,
    "conflict": ConflictError,
    "busy": BusyError,
    "lease_lost": LeaseLostError,
    "corrupt": CorruptError,
    "newer_version": NewerVersionError,
    "full": FullError,
    "limit_exceeded": LimitExceededError,
    "unavailable": UnavailableError,
    "unsupported": UnsupportedError,
    "cancelled": CoworkCancelledError,
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
