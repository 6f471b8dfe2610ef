"""What a function becomes that a host describes, as a package writes it by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Function = Callable[..., Any]


class Box:
    def __init__(self, function: Function, said: Mapping[str, Any]) -> None:
        self.function, self.said = function, said
