"""Runs what is written about boxes: its classes are there, its errors go there and back, its methods say what they are given."""

import asyncio
import copy
import pickle
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import made_up
from made_up import CoworkError, CoworkInterruptedError, InternalError, NotFoundError, Operations, SyncOperations, SyncTaskOperations, TaskOperations, error_of

assert "made_up._types" not in sys.modules, "types were imported though nothing used them"
assert made_up.EventMoved.__required_keys__ == {"type", "from"}
assert made_up.Thing.__required_keys__ == {"name", "class"}
assert made_up.Thing.__optional_keys__ == {"in", "x-mark", "colour"}
assert made_up.EventPut.__required_keys__ == {"name", "class", "type"}
assert made_up.Wish.__optional_keys__ == {"colour", "deep"}

data = made_up.ErrorData(
    kind="not_found", op="look", message="there is no box", retry={"after_ms": 5}, context=[("box", "7"), ("fix", "make one")]
)
error = error_of(data)
assert type(error) is NotFoundError and isinstance(error, CoworkError)
assert (error.kind, error.op, str(error), error.retry) == ("not_found", "look", "there is no box", {"after_ms": 5})
assert error.fact("box") == "7" and error.fact("lid") is None and error.fix == "make one"
for again in (error_of(error.data()), copy.copy(error), pickle.loads(pickle.dumps(error))):
    assert type(again) is NotFoundError and again.data() == error.data()

later = error_of({"kind": "of_a_later_version", "op": "", "message": "what is this"})
assert type(later) is CoworkError and later.kind == "of_a_later_version" and later.fix is None
assert CoworkInterruptedError("cut off", fix="again").data() == {
    "kind": "interrupted",
    "op": "",
    "message": "cut off",
    "context": [["fix", "again"]],
}
assert InternalError("oops").retry == "never" and not issubclass(CoworkInterruptedError, InterruptedError)


class Recorded(Operations):
    async def call(self, operation: str, args: dict[str, object]) -> object:
        return operation, args

    async def stream(self, operation: str, args: dict[str, object]) -> AsyncIterator[Any]:
        yield operation, args


class SyncRecorded(SyncOperations):
    def call(self, operation: str, args: dict[str, object]) -> object:
        return operation, args

    def stream(self, operation: str, args: dict[str, object]) -> Iterator[Any]:
        yield operation, args


def same(got: object, wanted: object) -> None:
    assert got == wanted, got


async def main() -> None:
    boxes = Recorded()
    things: list[made_up.Thing] = [{"name": "ball", "class": "toy"}]
    same(await boxes.make_box(things, "shelf", max_size=3), ("make_box", {"things": things, "from": "shelf", "max_size": 3}))
    nothing: dict[str, object] = {}
    same(await boxes.boxes(), ("boxes", nothing))
    same(await boxes.look("7"), ("look", {"id": "7"}))
    same([item async for item in boxes.events(after=3)], [("events", {"after": 3})])
    own: dict[str, object] = {"task": "t"}
    task = TaskOperations(boxes, "t")
    same(await task.result(), ("settled", own))
    same([item async for item in task.places()], [("places", own)])
    at_once = SyncTaskOperations(SyncRecorded(), "t")
    same(at_once.result(), ("settled", own))
    at_once.hurry(2.5)
    same(list(at_once.places()), [("places", own)])
    same(list(at_once.events(after=3)), [("events", {**own, "after": 3})])
    same((repr(task), repr(at_once)), ("TaskOperations('t')", "SyncTaskOperations('t')"))
    assert not hasattr(task, "answer") and not hasattr(task, "look"), "these are not about one task alone"
    assert made_up.SubmitOptions.__optional_keys__ == {"slow"}
    for made in (made_up.box(main), made_up.box()(main), made_up.box(name="big")(main)):
        assert made.function is main and made.said["colour"] is None
    await boxes.throw_away("ball", "toy", in_="box", x_mark=True)


asyncio.run(main())
