"""A tool of your own: a function with types. The planner here calls it once; a model would call it just so."""

import asyncio
from typing import Annotated, Any

from cowork import Arg, Cowork, ToolContext, planner, tool


@tool(effects="read_only")
async def exchange(
    amount: float,
    to: Annotated[str, Arg("The currency: EUR, GBP")],
    context: ToolContext,
) -> dict[str, float]:
    """Says what so many dollars are in another currency."""
    context.progress(1, 1, "looked up")
    return {"amount": round(amount * {"EUR": 0.92, "GBP": 0.79}[to], 2)}


@planner(name="once")
async def once(view: Any) -> Any:
    turns = view["task"]["turns"]
    if not turns:
        return {"calls": [{"tool": "exchange", "args": {"amount": 120, "to": "EUR"}}]}
    return {"finish": {"end": "done", "summary": f"It is {turns[0]['calls'][0]['outcome']['value']['amount']} EUR."}}


async def main() -> None:
    async with Cowork(tools=[exchange], planners=[once]) as cowork:
        done = await cowork.run("What are 120 dollars in euro?")
        print(done["result"]["summary"])


asyncio.run(main())
