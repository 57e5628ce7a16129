"""The three commands of a proof card, as a stranger runs them."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

from conftest import Site, absent


def recomputed(site: Site, key: str, folder: Path) -> None:
    """Runs the three commands of a card in `folder` and holds what they print against the card."""
    for tool in ("curl", "sqlite3", "sha256sum"):
        if shutil.which(tool) is None:
            absent(tool)
    page = site.get(f"/proof/{key}").raise_for_status().text
    shown = re.findall(r'<li>[^<]*<pre tabindex="0"[^>]*><code>(.*?)</code>', page, re.DOTALL)
    prints = re.search(r"<samp>(.*?)</samp>", page, re.DOTALL)
    assert len(shown) == 3
    assert prints is not None
    said = ""
    for command in shown:
        done = subprocess.run(
            ["sh", "-c", html.unescape(command)],
            cwd=folder, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said = done.stdout
    assert said.strip("\n") == html.unescape(prints[1])
    # One row, so that it is a figure; and the file that was fetched is the published one.
    assert "\n\n" not in said.strip("\n")
    assert next(folder.glob("*.db")).read_bytes() == site.db.read_bytes()
