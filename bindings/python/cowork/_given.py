"""What a tool's function is told and gives, as it has it in hand.

Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._types import CallId, Folder, Json, Label, TaskId, ThreadId

__all__ = ["ToolGiven", "ToolResult"]


class ToolGiven:
    """What the function of a tool is called with."""

    args: Json
    """The arguments, as the tool's schema wants them. Whole numbers are written as such: 1, and not 1.0."""

    attempt: int
    """1 for the first time."""

    call: CallId
    """The call; the same when it runs again after an interruption."""

    folders: list[Folder]
    """The task's folders, where the call names files in them."""

    paths: dict[str, str]
    """Where on this computer the files are that its arguments name, by their names: `Desk/a.txt` is
    `/home/ann/Desk/a.txt`.
    """

    task: TaskId
    """The task."""

    thread: ThreadId
    """The thread."""


class ToolResult:
    """What the function of a tool gives.

    Arguments:

    - `value`: For the planner: anything.
    - `label`: Where it came from; nothing said means untrusted and private. Where it is left out:
      `{"c":{"private":[]},"i":{"untrusted":[]}}`.
    - `note`: One line for a person.
    """

    def __init__(self, value: object, *, label: Label | None = None, note: str | None = None) -> None:
        self.value = value
        self.label = label
        self.note = note
