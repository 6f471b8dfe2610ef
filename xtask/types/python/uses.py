"""Uses of the engine's types, as a host would write them. A line that should be refused says so: a checker that takes it is an error too."""

from __future__ import annotations

from typing import NoReturn

from cowork._errors import CoworkError, NotFoundError, error_of
from cowork._types import Command, ErrorData, Event, Json, Record, Retry, Submit, What


def never(value: NoReturn) -> NoReturn:
    raise AssertionError(value)


def failed(event: Event) -> str | None:
    if event["type"] == "call_finished":
        outcome = event["outcome"]
        if outcome["end"] == "failed":
            return outcome["error"]["message"]
        if outcome["end"] == "denied":
            return outcome["reason"]
    if event["type"] == "decided":
        return event.get("say")
    return None


def became(what: What) -> str:
    if what["is"] == "moved":
        return what["from"]
    if what["is"] == "created" or what["is"] == "edited" or what["is"] == "set_aside" or what["is"] == "mode":
        return ""
    never(what)


def wait(retry: Retry) -> int:
    if retry == "never" or retry == "now":
        return 0
    return retry["after_ms"]


def place(record: Record) -> tuple[str, int]:
    return record["thread"], record["seq"]


def read(id: str) -> None:
    data: ErrorData = {"kind": "not_found", "op": "read", "message": f"there is no task {id}"}
    error = error_of(data)
    raise error if isinstance(error, NotFoundError) else CoworkError("no", kind="of_a_later_version", fix="update")


planner: Json = {"model": "local", "parameters": [1, 2.5, None, {"deep": True}]}
task: Submit = {"text": "tidy up", "planner": planner, "folders": [{"name": "Downloads", "at": "/d", "access": "write"}]}
commands: list[Command] = [
    {"type": "submit", **task},
    {"type": "steer", "text": "only the pictures"},
    {"type": "cancel"},
    {"type": "undo", "paths": ["Downloads/a"]},
]

nothing: Submit = {}  # type: ignore
misspelt: Submit = {"text": "tidy up", "modes": "ask"}  # type: ignore
unknown: Command = {"type": "forget"}  # type: ignore
mode: Submit = {"text": "tidy up", "mode": "yolo"}  # type: ignore
context: ErrorData = {"kind": "full", "op": "", "message": "", "context": [("path",)]}  # type: ignore
unjson: Json = {"at": object()}  # type: ignore
