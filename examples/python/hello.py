"""Organises a folder with a built-in playbook: no model, no key. Then gives everything back."""

import asyncio
import tempfile
from pathlib import Path

from cowork import Cowork


async def main() -> None:
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as desk:
        for name in ("photo.jpg", "letter.docx", "song.mp3"):
            Path(desk, name).write_text(name)
        async with Cowork(data_dir=data) as cowork:
            done = await cowork.run("Organise these files by type", folders=[desk], mode="auto")
            print(done["result"]["summary"])
            print(sorted(str(path.relative_to(desk)) for path in Path(desk).rglob("*.*")))
            await cowork.undo(done["id"])
            print(sorted(path.name for path in Path(desk).iterdir() if path.is_file()))


asyncio.run(main())
