"""What Python's side costs: a planner and a tool that do nothing, in memory. Run it with the package installed.

Each step is two calls of Python (the planner's, the tool's) or, of 64 calls, sixty-five. What the engine does of it is in the figures.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from cowork import Cowork, planner, tool

TURNS = 4
WIDE = 64


@tool(effects="read_only")
async def noop(n: int) -> int:
    """Does nothing."""
    return n


@tool(effects="read_only", locks=["one"])
async def alone(n: int) -> int:
    """Does nothing, one call after the other."""
    return n


@planner(name="steps")
async def steps(view: Any) -> Any:
    most, calls, which = view["task"]["submit"]["text"].split()
    if len(view["task"]["turns"]) == int(most):
        return {"finish": {"end": "done", "summary": "done"}}
    return {"calls": [{"tool": which, "args": {"n": n}} for n in range(int(calls))]}


async def one(cowork: Cowork, turns: int, calls: int, which: str = "noop") -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    await cowork.run(f"{turns} {calls} {which}", max_steps=2_000)
    return time.perf_counter() - wall, time.process_time() - cpu


async def many(cowork: Cowork, tasks: int, turns: int) -> float:
    begun = time.perf_counter()
    await asyncio.gather(*(cowork.run(f"{turns} 1 noop") for _ in range(tasks)))
    return tasks * turns / (time.perf_counter() - begun)


async def floor(rounds: int) -> float:
    """Gives what it takes to wake another process from the event loop, and to be woken by it: no call can be quicker that waits for a thread."""
    cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert cat.stdin and cat.stdout
    to, back, left, done = cat.stdin.fileno(), cat.stdout.fileno(), rounds, asyncio.Event()

    def again() -> None:
        nonlocal left
        os.read(back, 64)
        left -= 1
        os.write(to, b"x") if left else done.set()

    asyncio.get_running_loop().add_reader(back, again)
    begun = time.perf_counter()
    os.write(to, b"x")
    await done.wait()
    took = time.perf_counter() - begun
    asyncio.get_running_loop().remove_reader(back)
    cat.communicate()
    return took / rounds


def start(code: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - begun) * 1e3


async def main() -> None:
    async with Cowork(tools=[noop, alone], planners=[steps], builtin_tools="none") as cowork:
        await one(cowork, 50, 1)
        loops = [await one(cowork, 50, 1) for _ in range(15)]
        ways = {which: [await one(cowork, TURNS, WIDE, which) for _ in range(5)] for which in ("noop", "alone")}
        rate = statistics.median([await many(cowork, 200, 10) for _ in range(3)])
    print(f"floor, a round trip to a process that gives back what it gets: {await floor(2_000) * 1e6:.0f} us")
    wall, cpu = (statistics.median(each[n] for each in loops) / 50 for n in (0, 1))
    print(f"a step with a planner and a tool in Python: {wall * 1e6:.0f} us, CPU {cpu * 1e3:.3f} ms")
    for which, way in (("alone", "one after the other"), ("noop", "at once")):
        print(f"a call, 64 {way}: {statistics.median(w for w, _ in ways[which]) / (TURNS * WIDE) * 1e6:.1f} us")
    print(f"200 tasks of 10 steps at once: {rate:,.0f} steps/s")
    bare, ours = (statistics.median(start(code) for _ in range(15)) for code in ("pass", "import cowork"))
    print(f"import: {ours - bare:.1f} ms over {bare:.1f} ms")


asyncio.run(main())
