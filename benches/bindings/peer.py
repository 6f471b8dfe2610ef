"""The package as a peer: a model's tool loop with a tool in Python, by the options of the harness whose folder `PEERS` names.

A session is a task of its own, in a thread of its own, with the usual policy; the log is in memory.
"""

import os
import sys
from typing import Any

sys.path.insert(0, os.path.join(os.environ["PEERS"], "py"))

from _h import main  # noqa: E402

from cowork import Cowork, tool  # noqa: E402


def setup(cfg: Any) -> Any:
    @tool(effects="read_only")
    async def echo(text: str) -> str:
        """Echo the text back."""
        return cfg.echo(text)

    # However long the history grows, it is not summarized here.
    model = {"service": "anthropic", "base": cfg.url, "model": cfg.model, "window": 100_000_000, "key": "env:MOCK_KEY"}
    limits = {"tasks": max(64, cfg.sessions)}
    secrets = {"MOCK_KEY": "k"}
    cowork = Cowork(tools=[echo], model_settings={"mock": model}, secrets=secrets, builtin_tools="none", limits=limits)

    async def one(prompt: str) -> str:
        done = await cowork.run(prompt, thread=prompt, mode="auto")
        return done["result"]["summary"]

    return one


main("cowork-py", ["cowork-sdk"], setup)
