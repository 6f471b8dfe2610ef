"""Replays a script of `bindings/conformance` with the public API, and prints what came of each step: `conformance.py SCRIPT`.

Nothing is compared here: that is done once, in Rust, for all languages.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import cowork
from cowork import Cowork, CoworkError, InvalidInputError, error_of

ODD: dict[str, Any] = {
    "nan": float("nan"),
    "infinity": float("-inf"),
    "too_big": 2**64,
    "too_small": -(2**63) - 1,
    "half_character": "\ud83d",
    "no_json": object(),
}


def too_deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(199):
        value = [value]
    return value


class Signals:
    """What happened in the script's functions, and how often."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.changed = asyncio.Condition()

    async def note(self, name: str, what: str) -> None:
        async with self.changed:
            self.counts[name, what] += 1
            self.changed.notify_all()

    async def wait(self, name: str, what: str, times: int = 1) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: self.counts[name, what] >= times)


class Stage:
    """What a script has on its stage."""

    def __init__(self, rest: AsyncExitStack) -> None:
        self.engine: Cowork | None = None
        self.kept: dict[str, Any] = {}
        self.started: dict[str, asyncio.Task[Any]] = {}
        self.streams: dict[str, Any] = {}
        self.signals = Signals()
        self.rest = rest

    async def play(self, step: dict[str, Any]) -> Any:
        kinds = ("folder", "tree", "open", "call", "start", "finish", "drop", "events", "next", "rest", "until", "close", "decode")
        kind = next((kind for kind in kinds if kind in step), None)
        return None if kind is None else await getattr(self, f"do_{kind}")(step)

    def put_in(self, value: Any) -> Any:
        """Puts what was kept in the place of its name."""
        if isinstance(value, str) and value.startswith("$"):
            name, *path = value[1:].split(".")
            found = self.kept[name]
            for part in path:
                found = found[int(part)] if isinstance(found, list) else found[part]
            return found
        if isinstance(value, list):
            return [self.put_in(one) for one in value]
        if isinstance(value, dict):
            return {name: self.put_in(one) for name, one in value.items()}
        return value

    def opened(self) -> Cowork:
        if self.engine is None:
            raise InvalidInputError("no engine is open", op="play script")
        return self.engine

    async def do_folder(self, step: dict[str, Any]) -> str:
        folder = Path(self.rest.enter_context(tempfile.TemporaryDirectory())).resolve()
        for name, content in step["folder"].items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
        return str(folder)

    async def do_tree(self, step: dict[str, Any]) -> dict[str, str]:
        root = Path(self.put_in(step["tree"]))
        files = [path for path in root.rglob("*") if path.is_file()]
        return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in files}

    async def do_open(self, step: dict[str, Any]) -> None:
        opening = step["open"]
        if self.engine is not None:
            await self.engine.close()
        parts: dict[str, Any] = {"tools": [], "models": [], "planners": []}
        for part in opening.get("tools", []):
            parts["tools"].append(cowork.tool(**{"schema": {"type": "object"}, **part["is"]})(behaves(self, part)))
        for part in opening.get("models", []):
            parts["models"].append(cowork.model(**part["is"])(tells(self, part)))
        for part in opening.get("planners", []):
            parts["planners"].append(cowork.planner(**part["is"])(behaves(self, part, gives=turn)))
        if "approver" in opening:
            parts["approver"] = behaves(self, {"is": {"name": "approver"}, "does": opening["approver"]}, gives=answer)
        self.engine = Cowork(**parts, **self.put_in(opening.get("config", {})))

    async def do_call(self, step: dict[str, Any]) -> Any:
        return await self.opened().call(step["call"], self.put_in(step.get("args", {})))

    async def do_start(self, step: dict[str, Any]) -> None:
        self.started[step["as"]] = asyncio.ensure_future(self.opened().call(step["start"], self.put_in(step.get("args", {}))))
        # It is begun once the loop has come by.
        await asyncio.sleep(0)

    async def do_finish(self, step: dict[str, Any]) -> Any:
        return await self.started.pop(step["finish"])

    async def do_drop(self, step: dict[str, Any]) -> None:
        name = step["drop"]
        if name in self.started:
            self.started.pop(name).cancel()
        self.streams.pop(name, None)

    async def do_events(self, step: dict[str, Any]) -> None:
        self.streams[step["as"]] = await self.opened().follow(**self.put_in(step["events"]))

    async def do_next(self, step: dict[str, Any]) -> Any:
        return await anext(self.streams[step["next"]], None)

    async def do_rest(self, step: dict[str, Any]) -> Any:
        records: list[Any] = []
        said = ""
        async for item in self.streams[step["rest"]]:
            if item["item"] == "record":
                records.append({name: value for name, value in item.items() if name != "item"})
            elif item["item"] == "delta" and item["what"]["type"] == "text":
                said += item["what"]["text"]
        of = step.get("of", "records")
        return said if of == "text" else [record["event"]["type"] for record in records] if of == "types" else records

    async def do_until(self, step: dict[str, Any]) -> None:
        ((what, name),) = step["until"].items()
        await self.signals.wait(name, what)

    async def do_close(self, _: dict[str, Any]) -> None:
        await self.opened().close()

    async def do_decode(self, step: dict[str, Any]) -> Any:
        # A record or an item is a dictionary; only an error is something else.
        return error_of(step["json"]).data() if step["decode"] == "Error" else step["json"]


def echo(does: dict[str, Any], args: dict[str, Any]) -> Any:
    if odd := does.get("odd"):
        return too_deep() if odd == "too_deep" else ODD[odd]
    return args if does.get("echo") else does.get("return")


def turn(does: dict[str, Any], given: dict[str, Any]) -> Any:
    return does["turns"][len(given["task"]["turns"])]


def answer(does: dict[str, Any], _: Any) -> Any:
    return does.get("answer")


def throws(does: dict[str, Any]) -> None:
    if "throw" in does:
        raise Exception(does["throw"])
    if "throw_typed" in does:
        raise error_of(does["throw_typed"])


async def waits(stage: Stage, name: str, does: dict[str, Any]) -> None:
    await stage.signals.note(name, "began")
    try:
        await asyncio.sleep(does.get("after_ms", 0) / 1000)
        if does.get("hangs"):
            await asyncio.get_running_loop().create_future()
        await stage.signals.wait(name, "began", does.get("meets", 0))
    except asyncio.CancelledError:
        await asyncio.shield(stage.signals.note(name, "cancelled"))
        raise


def behaves(stage: Stage, part: dict[str, Any], gives: Any = echo) -> Any:
    name, does = part["is"].get("name", ""), part["does"]

    def at_once(given: Any = None, **args: Any) -> Any:
        throws(does)
        return gives(does, args if given is None else given)

    async def later(given: Any = None, **args: Any) -> Any:
        await waits(stage, name, does)
        return at_once(given, **args)

    return at_once if does.get("sync") else later


def tells(stage: Stage, part: dict[str, Any]) -> Any:
    name, does = part["is"].get("name", ""), part["does"]

    async def answers(given: Any) -> Any:
        await waits(stage, name, does)
        throws(does)
        told = does["answers"][sum(message["role"] == "assistant" for message in given["messages"])]
        for piece in told.get("tell", []):
            yield piece
        yield told["answer"]

    return answers


async def main(script: Path) -> None:
    async with AsyncExitStack() as rest:
        stage = Stage(rest)
        for number, line in enumerate(script.read_text(encoding="utf-8").strip().split("\n")):
            step, began = json.loads(line), time.monotonic()
            came: dict[str, Any] = {"step": number}
            try:
                came["ok"] = await stage.play(step)
                stage.kept[step.get("as", "")] = came["ok"]
            except CoworkError as error:
                came["error"] = error.data()
            if "within_ms" in step:
                came["ms"] = int((time.monotonic() - began) * 1000)
            print(json.dumps(came, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    asyncio.run(asyncio.wait_for(main(Path(sys.argv[1])), timeout=60))
