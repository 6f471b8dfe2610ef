"""Uses of the engine's types, as a host would write them. A line that should be refused says so: a checker that takes it is an error too."""

from __future__ import annotations

from typing import Annotated, NoReturn

import cowork
from cowork import Arg, Cowork, SyncCowork, ToolContext, tool
from cowork._errors import CoworkError, NotFoundError, error_of
from cowork._types import Answer, Ask, Command, ErrorData, Event, Json, Record, Retry, Submit, TaskState, What
from cowork.types import PlannerInput, Proposal


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


@tool(effects="read_only")
async def weather(place: Annotated[str, Arg("Where", role="reads")], ctx: ToolContext) -> dict[str, float]:
    """Says how warm it is."""
    ctx.progress(1, 2, place)
    return {"warm": 21.5}


@tool
def plain(text: str) -> str:
    return text


@cowork.model(name="mine")
async def answers(request: cowork.types.ModelRequest) -> str:
    return str(request["messages"])


@cowork.planner()
async def plans(given: PlannerInput) -> Proposal:
    return {"finish": {"end": "done", "summary": given["task"]["id"]}}


def approves(ask: Ask) -> Answer | None:
    return "allow" if ask["rule"] == "cannot-be-undone" else None


async def works() -> str | None:
    async with Cowork(data_dir="/data", tools=[weather, plain], models=[answers], planners=[plans], approver=approves) as engine:
        task = await engine.start("tidy up", folders=["/d"], mode="auto")
        async for item in task:
            if item["item"] == "record":
                failed(item["event"])
            elif item["item"] == "delta":
                item["what"]
            else:
                print(item["missed"] + 1)
        async for delta in task.deltas():
            print(delta["task"])
        state: TaskState = await task
        same: TaskState = await engine.run("tidy up", max_steps=3)
        async for view in task.views():
            print(view["html"], view["lines"], view["status"] == "done")
        await task.show()
        await task.steer("Hurry", sender="me")
        await task.asks(task.id)  # type: ignore
        print(task.engine.follow(task=task.id), (await task.read(most=3))[0]["seq"])
        return state["submit"]["text"] or same["id"]


def works_at_once() -> str:
    with SyncCowork(store="memory", model_settings={"local": {"service": "openai", "model": "x"}}) as engine:
        for item in engine.start("tidy up", mode="ask"):
            print(item["item"])
        task = engine.start("tidy up")
        print(task.state()["status"], [view["text"] for view in task.views()], task.engine.tasks(), task.undo(paths=["d/a"])["undone"])
        for ask in task.asks():
            task.answer(ask, "allow")
        task.answer("allow")  # type: ignore
        return engine.run("tidy up")["status"]


async def wrong(engine: Cowork, at_once: SyncCowork) -> None:
    Cowork(nonsense=1)  # type: ignore
    SyncCowork(data_dir=1)  # type: ignore
    Cowork(tools=[works])  # type: ignore
    await engine.start("x", mode="yolo")  # type: ignore
    await engine.run("x", folder="y")  # type: ignore
    at_once.start()  # type: ignore
    at_once.run(1)  # type: ignore
    tool(effects="none")  # type: ignore
