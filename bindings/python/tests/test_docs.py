"""What the documentation says is run as it stands, and so are the examples."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGE = Path(__file__).parents[1]
JUDGE = os.environ.get("COWORK_JUDGE")


def run(program: list[str]) -> str:
    """Runs Python in an empty folder with the package as it is here, and gives what it printed."""
    return result(program).stdout


def result(program: list[str]) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = os.environ.get("COWORK_PACKAGE", str(PACKAGE))
        done = subprocess.run(
            [sys.executable, *program],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path} if path else os.environ,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    return done


class Docs(unittest.TestCase):
    def test_every_snippet_runs(self) -> None:
        for page in (ROOT / "docs/python.md", PACKAGE / "README.md"):
            snippets = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)
            self.assertTrue(snippets, page)
            for snippet in snippets:
                with self.subTest(page=page.name, snippet=snippet.splitlines()[0:6]):
                    if page.name == "README.md":
                        snippet = snippet.replace('"~/Downloads"', "__import__('tempfile').mkdtemp()")
                    run(["-c", snippet])

    def test_every_example_runs_and_is_short(self) -> None:
        examples = sorted((ROOT / "examples/python").glob("*.py"))
        self.assertEqual(len(examples), 7)
        for example in examples:
            with self.subTest(example=example.name):
                self.assertLess(len(example.read_text().splitlines()), 60)
                self.assertTrue(run([str(example)]))

    @unittest.skipIf(JUDGE is None, "COWORK_JUDGE names no judge: cargo build -p cowork-ffi --features conformance --example conformance")
    def test_the_table_job_leaves_the_records_that_it_leaves_everywhere(self) -> None:
        with tempfile.NamedTemporaryFile("w") as printed:
            printed.write(result([str(ROOT / "examples/python/table.py")]).stderr)
            printed.flush()
            judge = [str(JUDGE), "--records", ROOT / "examples/table.jsonl", printed.name]
            judged = subprocess.run(judge, capture_output=True, text=True, timeout=60)
        self.assertEqual(judged.returncode, 0, judged.stderr)


if __name__ == "__main__":
    unittest.main()
