"""A model of your own: an async generator that gives an answer piece by piece. Put the client of your service here."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from cowork import Cowork, model


@model(name="parrot", at="here")
async def parrot(request: Any) -> AsyncIterator[Any]:
    asked = request["messages"][-1]["blocks"][0]["text"]
    for word in f"You said so yourself: {asked.splitlines()[0]}".split():
        yield word + " "
    yield {"usage": {"input": 12, "output": 9}}


async def main() -> None:
    async with Cowork(models=[parrot]) as cowork:
        task = await cowork.start("Polly wants a cracker")
        async for delta in task.deltas():
            if delta["what"]["type"] == "text":
                print(delta["what"]["text"], end="", flush=True)
        done = await task
        print("\n" + done["result"]["summary"])


asyncio.run(main())
