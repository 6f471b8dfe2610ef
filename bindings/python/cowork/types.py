"""The types of all words: what the engine is told, what it records, what it tells."""

from ._types import *
