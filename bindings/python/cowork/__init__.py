"""An embeddable engine that works beside a person: the Cowork SDK for Python.

    from cowork import Cowork

    async with Cowork(data_dir="/home/ann/.local/share/my-app") as cowork:
        task = await cowork.start("Organise these files by type", folders=["/home/ann/Downloads"], mode="auto")
        async for item in task:
            print(item)

Words are data, as the engine records them: `cowork.types` has their types.
"""

from . import _errors
from ._cowork import Cowork, SyncCowork, SyncTask, Task
from ._errors import *
from ._given import ToolResult
from ._host import Arg, Model, Planner, Tool, ToolContext
from ._native import __version__
from ._parts import model, planner, tool

__all__ = ["Cowork", "SyncCowork", "SyncTask", "Task", "types", "__version__"]
__all__ += ["Arg", "Model", "Planner", "Tool", "ToolContext", "ToolResult", "model", "planner", "tool"]
__all__ += _errors.__all__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import types as types


def __getattr__(name: str) -> object:
    # The types of all words take longer to make than all else here, and few programs need them while they run.
    if name == "types":
        import importlib

        return importlib.import_module(".types", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
