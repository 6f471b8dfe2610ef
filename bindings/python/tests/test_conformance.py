"""Replays the scripts that every language replays; what comes of them is judged by the program that `COWORK_JUDGE` names."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import Story

HERE = Path(__file__).parent
SCRIPTS = sorted((HERE.parent.parent / "conformance").glob("*.jsonl"))
JUDGE = os.environ.get("COWORK_JUDGE")


class Conformance(Story):
    @unittest.skipIf(JUDGE is None, "COWORK_JUDGE names no judge: cargo build -p cowork-ffi --features conformance --example conformance")
    def test_scripts_come_out_as_in_rust(self) -> None:
        self.assertGreater(len(SCRIPTS), 10)
        for script in SCRIPTS:
            with self.subTest(script.stem), tempfile.NamedTemporaryFile() as printed:
                env = {**os.environ, "PYTHONPATH": str(HERE.parent)}
                subprocess.run([sys.executable, HERE / "conformance.py", script], env=env, stdout=printed, timeout=60, check=True)
                judged = subprocess.run([str(JUDGE), script, printed.name], capture_output=True, text=True, timeout=60)
                self.assertEqual(judged.returncode, 0, judged.stderr)
