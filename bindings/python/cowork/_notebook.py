"""A task while it goes on, for people to look at: a picture that changes in its place in a notebook, lines elsewhere."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._cowork import Task
    from ._types import TaskState


async def show(task: Task) -> TaskState:
    """Shows a task's plan and progress until it has ended, or rests until somebody says something, and gives it."""
    is_notebook, picture = _is_notebook(), None
    async for view in task.views():
        if not is_notebook:
            print(*view["lines"], sep="\n", end="\n" if view["lines"] else "", flush=True)
        elif picture is None:
            display: Any = importlib.import_module("IPython.display")
            picture = display.display({"text/html": view["html"], "text/plain": view["text"]}, raw=True, display_id=True)
        else:
            picture.update({"text/html": view["html"], "text/plain": view["text"]}, raw=True)
    return await task.result()


def _is_notebook() -> bool:
    """Says whether a picture would be seen: not in a terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and type(shell).__name__ != "TerminalInteractiveShell"
