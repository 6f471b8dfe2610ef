"""A package about boxes, as a host would import it: types cost nothing until a program uses one as a value."""

from importlib import import_module
from typing import TYPE_CHECKING

from ._errors import BY_KIND as BY_KIND
from ._errors import *
from ._operations import Operations as Operations
from ._operations import SyncOperations as SyncOperations
from ._operations import SyncTaskOperations as SyncTaskOperations
from ._operations import TaskOperations as TaskOperations
from ._parts import box as box

if TYPE_CHECKING:
    from ._types import *
else:

    def __getattr__(name: str) -> object:
        # Not `from . import`: that looks for the module here first, and so comes back.
        types = import_module("._types", __name__)
        if name in types.__all__:
            return getattr(types, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
