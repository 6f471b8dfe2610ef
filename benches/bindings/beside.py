"""The packages beside other engines on the harness that measures those: each in turn, again and again, against its mock of a model service.

    python beside.py HARNESS MOCKS PYTHON NODE [ROUNDS]

HARNESS is the harness's folder, MOCKS the one with its `peer-mock` and `peer-raw`, PYTHON the interpreter of an environment that has `cowork-sdk`
and the Python peers, NODE an empty project where `cowork-sdk` and the Node peers are installed. Engines that are not there are left out, and said so.
"""

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

HARNESS, MOCKS, PYTHON, NODE = map(os.path.abspath, sys.argv[1:5])
ROUNDS = int(sys.argv[5]) if len(sys.argv) > 5 else 7
HERE = Path(__file__).parent

LOOP = ["--steps", "50"]
CROWD = ["--steps", "10", "--sessions", "200"]


def of_node(program: Path) -> list[str]:
    """Packages are looked for beside a program, so it has to be there."""
    shutil.copy(program, NODE)
    return ["node", f"{NODE}/{program.name}"]


def peers() -> dict[str, list[str]]:
    harness = Path(HARNESS)
    shutil.copy(harness / "node/_h.mjs", NODE)
    python = {name: [PYTHON, f"{HARNESS}/py/{file}.py"] for name, file in [
        ("httpx by hand", "raw_httpx"), ("anthropic SDK", "raw"), ("agno", "agno_peer"), ("pydantic-ai", "pydantic_ai_peer"), ("langgraph", "langgraph_peer"),
    ]}
    node = {name: of_node(harness / f"node/{file}.mjs") for name, file in [("anthropic SDK, Node", "raw"), ("Vercel ai", "ai_sdk")]}
    ours = {"cowork, Python": [PYTHON, str(HERE / "peer.py")], "cowork, Node": of_node(HERE / "peer.mjs")}
    return {"floor: reqwest + tokio": [f"{MOCKS}/peer-raw"], **ours, **python, **node}


def run(url: str, command: list[str], options: list[str]) -> dict[str, float] | str:
    quiet = {"PEERS": HARNESS, "NODE_PEERS": f"{NODE}/node_modules", "AI_SDK_LOG_WARNINGS": "false", "PYTHONWARNINGS": "ignore"}
    ran = subprocess.run([*command, "run", "--url", url, *options], capture_output=True, text=True, env={**os.environ, **quiet}, timeout=300)
    lines = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    if not lines:
        return (ran.stderr.strip().splitlines() or ["it says nothing"])[-1]
    told = json.loads(lines[-1])
    wanted = told["sessions"]
    return told if told["ok"] == wanted else f"{wanted - told['ok']} of {wanted} sessions failed: {told['errors']}"


def measured(url: str, all: dict[str, list[str]], options: list[str], fields: list[str], rounds: int) -> None:
    figures: dict[str, list[list[float]]] = {name: [] for name in all}
    wrong: dict[str, str] = {}
    for _ in range(rounds):
        for name, command in all.items():
            if name in wrong:
                continue
            told = run(url, command, options)
            if isinstance(told, str):
                wrong[name] = told
            else:
                figures[name].append([told[field] for field in fields])
    print(f"\n{' '.join(options)}; {rounds} rounds, median (lowest to highest)\n{'':24}" + "".join(f"{field:>32}" for field in fields))
    for name, rows in figures.items():
        if name in wrong:
            print(f"{name:24}left out: {wrong[name]}")
            continue
        cells = [f"{statistics.median(all):,.3f} ({min(all):,.3f}-{max(all):,.3f})" for all in zip(*rows)]
        print(f"{name:24}" + "".join(f"{cell:>32}" for cell in cells))


def place(mock: int, programs: set[int], service: set[int]) -> None:
    """Has the programs that are started from now on, and the service, use these processors."""
    for thread in os.listdir(f"/proc/{mock}/task"):
        os.sched_setaffinity(int(thread), service)
    os.sched_setaffinity(0, programs)


def main() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mock = subprocess.Popen([f"{MOCKS}/peer-mock", str(port)], stderr=subprocess.DEVNULL)
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.01)
        url, all = f"http://127.0.0.1:{port}", peers()
        # Where the system puts them makes twice the difference: each wait costs more where an idle processor has to be woken.
        everywhere = os.sched_getaffinity(0)
        first, *others = sorted(everywhere)
        for where, service in [("on one processor", {first}), *[("the service on another processor", {at}) for at in others[:1]]]:
            place(mock.pid, {first}, service)
            print(f"\n{where}:", end="")
            measured(url, all, LOOP, ["cpu_ms_step", "wall_ms_step"], ROUNDS)
        place(mock.pid, everywhere, everywhere)
        print("\nwhere the system puts them:", end="")
        measured(url, all, LOOP, ["cpu_ms_step", "wall_ms_step"], ROUNDS)
        measured(url, all, CROWD, ["steps_s", "kb_session"], max(3, ROUNDS // 2))
    finally:
        mock.kill()
        mock.wait()


main()
