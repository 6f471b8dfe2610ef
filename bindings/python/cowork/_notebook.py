"""A task's plan and progress, for people to look at: HTML in a notebook, lines elsewhere."""

from __future__ import annotations

import asyncio
import html
import importlib
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._cowork import Task
    from ._types import CallReport, Item, TaskState

_PAUSE = 0.1
"""Seconds between two pictures: no eye is quicker."""
_CALLS = 8
"""So many of the last calls are shown."""
_MARKS = {"pending": "○", "active": "◐", "done": "●", "skipped": "–"}
_ENDS = {"done": "✓", "failed": "✗", "denied": "⊘", "withheld": "⊘"}
_TONES = {"done": "good", "failed": "bad", "refused": "bad", "running": "busy", "waiting": "ask"}


class View:
    """What is known of a task."""

    def __init__(self, id: str, state: TaskState | None = None) -> None:
        self.id = id
        self.state = state
        self.said = ""
        self.progress: dict[str, tuple[int, int, str]] = {}

    def take(self, item: Item) -> None:
        """Takes in what happens between records."""
        if item["item"] == "record" and item["event"]["type"] == "decided":
            self.said = ""
        if item["item"] != "delta":
            return
        what = item["what"]
        if what["type"] == "text":
            self.said += what["text"]
        elif what["type"] == "restarted":
            self.said = ""
        elif what["type"] == "progress":
            self.progress[item.get("call") or ""] = (what["done"], what["total"], what["note"])

    def html(self) -> str:
        """Draws it. Whatever comes from elsewhere is escaped."""
        state = self.state
        if state is None:
            return f"{_STYLE}<div class=cowork><div class=head><b>Task {_safe(self.id)}</b></div></div>"
        title = _safe(_short(state["submit"]["text"], 160))
        tone = _TONES.get(state["status"], "rest")
        parts = [f"<div class=head><b>{title}</b><span class='pill {tone}'>{_safe(state['status'])}</span></div>"]
        steps = [
            f"<li class={step['state']}><i>{_MARKS.get(step['state'], '○')}</i>{_safe(step['title'])}<small>{_safe(step.get('detail', ''))}</small></li>"
            for step in state["plan"]
        ]
        calls = [self._call(call) for call in _calls(state)[-_CALLS:]]
        parts += [f"<ul class={kind}>{''.join(all)}</ul>" for kind, all in (("plan", steps), ("calls", calls)) if all]
        if said := self.said or _last_said(state):
            parts.append(f"<p class=said>{_safe(_short(said, 600, end=True))}</p>")
        if outcome := _outcome(state):
            parts.append(f"<p class='end {tone}'>{_safe(outcome)}</p>")
        if spent := _spent(state):
            parts.append(f"<div class=foot>{_safe(spent)}</div>")
        return f"{_STYLE}<div class=cowork>{''.join(parts)}</div>"

    def _call(self, call: CallReport) -> str:
        end = (call.get("outcome") or {"end": call["stage"]})["end"]
        shown = f"<i>{_ENDS.get(end, '◐')}</i><code>{_safe(call['tool'])}</code> <small>{_safe(_about(call))}</small>"
        done, total, note = self.progress.get(call["id"], (0, 0, ""))
        if call["stage"] == "started" and (total or note):
            share = min(100, 100 * done // total) if total else 0
            shown += f"<div class=bar><u style='width:{share}%'></u></div><small>{_safe(note)}</small>"
        return f"<li class={_safe(end)}>{shown}</li>"

    def lines(self) -> list[str]:
        """Tells it in lines, each of which stays as it is once it is there."""
        if (state := self.state) is None:
            return []
        ended = [call for call in _calls(state) if call["stage"] == "finished"]
        lines = [f"{_ENDS.get((call.get('outcome') or {'end': ''})['end'], '·')} {call['tool']} {_about(call)}".rstrip() for call in ended]
        lines += [f"{_MARKS['done']} {step['title']}" for step in state["plan"] if step["state"] == "done"]
        return lines

    def last_line(self) -> str:
        """Tells how it stands."""
        return "" if self.state is None else f"{self.state['status']}: {_outcome(self.state)}".rstrip(": ")


async def show(task: Task) -> TaskState:
    """Shows a task's plan and progress until it has ended, or rests until somebody says something, and gives it.

    In a notebook that is a picture that changes in its place, elsewhere it is lines. To be cancelled leaves the task alone.
    """
    view, news = View(task.id), asyncio.Event()
    screen = _Picture(view) if _is_notebook() else _Lines(view)

    async def follow() -> None:
        async for item in task:
            view.take(item)
            news.set()

    settled, following = asyncio.ensure_future(task.result()), asyncio.ensure_future(follow())
    settled.add_done_callback(lambda _: news.set())
    try:
        while not settled.done():
            view.state = await task.state()
            screen.update()
            await news.wait()
            news.clear()
            await asyncio.wait({settled}, timeout=_PAUSE)
        view.state = settled.result()
        screen.end()
        return view.state
    finally:
        settled.cancel()
        following.cancel()


class _Picture:
    def __init__(self, view: View) -> None:
        self._view = view
        self._handle: Any = importlib.import_module("IPython.display").display(self, display_id=True)

    def _repr_html_(self) -> str:
        return self._view.html()

    def __repr__(self) -> str:
        return self._view.last_line()

    def update(self) -> None:
        self._handle.update(self)

    end = update


class _Lines:
    def __init__(self, view: View) -> None:
        self._view = view
        self._told: set[tuple[int, str]] = set()

    def update(self) -> None:
        seen: dict[str, int] = {}
        for line in self._view.lines():
            seen[line] = seen.get(line, 0) + 1
            if (seen[line], line) not in self._told:
                self._told.add((seen[line], line))
                print(line, flush=True)

    def end(self) -> None:
        self.update()
        print(self._view.last_line(), flush=True)


def _is_notebook() -> bool:
    """Says whether a picture would be seen: not in a terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and type(shell).__name__ != "TerminalInteractiveShell"


def _calls(state: TaskState) -> list[CallReport]:
    return [call for turn in state["turns"] for call in turn["calls"]]


def _last_said(state: TaskState) -> str:
    return next((said for turn in reversed(state["turns"]) if (said := turn.get("say"))), "")


def _about(call: CallReport) -> str:
    outcome = call.get("outcome")
    if outcome is not None and outcome["end"] == "failed":
        return _short(outcome["error"]["message"], 120)
    if outcome is not None and outcome["end"] == "denied":
        return _short(outcome["reason"], 120)
    if outcome is not None and outcome["end"] == "done" and (note := outcome.get("note")):
        return _short(note, 120)
    if call["stage"] == "asked":
        return "waits for an answer"
    args = call["args"]
    values = args.values() if isinstance(args, dict) else [args]
    return _short(", ".join(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values), 80)


def _outcome(state: TaskState) -> str:
    result = state.get("result")
    if result is not None and result["end"] == "done":
        return result["summary"]
    if result is not None and result["end"] == "failed":
        return result["error"]["message"]
    return "It waits for an answer." if state["status"] == "waiting" else ""


def _spent(state: TaskState) -> str:
    files, spent = state.get("files"), state["spent"]
    counts = [(files.get(name, 0), name) for name in ("made", "changed", "moved", "removed")] if files else []
    told = [f"{count} {name}" for count, name in counts if count]
    if spent["answers"]:
        tokens = spent["usage"].get("input", 0) + spent["usage"].get("output", 0)
        told.append(f"{spent['answers']} answers, {tokens:,} tokens")
    if spent["cost"]:
        told.append(f"${spent['cost'] / 1e6:.4f}")
    return " · ".join(told)


def _safe(text: str) -> str:
    return html.escape(text)


def _short(text: str, most: int, *, end: bool = False) -> str:
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    return "…" + text[-most:] if end else text[:most] + "…"


# Colours are those of the notebook's theme; `light-dark` follows the system's where there is none.
_STYLE = """<style>
.cowork{color-scheme:light dark;--ink:light-dark(#1f2328,#e6edf3);--dim:light-dark(#656d76,#8d96a0);--line:light-dark(#d1d9e0,#3d444d);
--paper:light-dark(#fff,#161b22);--good:light-dark(#1a7f37,#3fb950);--bad:light-dark(#cf222e,#f85149);--busy:light-dark(#0969da,#4493f8);
--ask:light-dark(#9a6700,#d29922);font:14px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);border:1px solid var(--line);
border-radius:8px;padding:12px 16px;max-width:640px;box-sizing:border-box}
[data-jp-theme-light=true] .cowork,.vscode-light .cowork{color-scheme:light}
[data-jp-theme-light=false] .cowork,.vscode-dark .cowork{color-scheme:dark}
.cowork .head{display:flex;gap:12px;justify-content:space-between;align-items:baseline}
.cowork .pill{font-size:12px;padding:0 8px;border-radius:10px;border:1px solid currentColor;color:var(--dim)}
.cowork ul{list-style:none;margin:10px 0 0;padding:0}.cowork li{margin:2px 0;padding:0}
.cowork li i{display:inline-block;width:1.5em;font-style:normal;color:var(--dim)}
.cowork small{color:var(--dim);font-size:12px;margin-left:6px}
.cowork code{font-size:12px;color:inherit;background:none;padding:0}
.cowork .plan .active{font-weight:600}.cowork .plan .skipped,.cowork .plan .pending{color:var(--dim)}
.cowork .calls{border-top:1px solid var(--line);padding-top:8px}
.cowork .good,.cowork .done i{color:var(--good)}.cowork .bad,.cowork .failed i,.cowork .denied i{color:var(--bad)}
.cowork .busy,.cowork .active i,.cowork .started i{color:var(--busy)}.cowork .ask,.cowork .asked i{color:var(--ask)}
.cowork .bar{height:4px;border-radius:2px;background:var(--line);margin:4px 0 0 1.5em}
.cowork .bar u{display:block;height:4px;border-radius:2px;background:var(--busy)}
.cowork .bar+small{margin-left:1.75em}
.cowork p{margin:10px 0 0}.cowork .said{color:var(--dim)}.cowork .foot{margin-top:10px;font-size:12px;color:var(--dim)}
</style>"""
