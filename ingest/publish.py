"""A proven database becomes the newest edition by one atomic swap of a link.

`build/editions/govspend-<edition>.db` is never changed again; `build/govspend.db` links to the
newest. Whatever dies before the swap leaves the link, and so the site, as it was.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

LINK = "govspend.db"


def publish(proven: Path, build: Path, edition_id: str, report: dict[str, Any]) -> Path:
    """Moves `proven` to its place under `build` and points the link at it. Returns its place."""
    place = edition_path(build, edition_id)
    place.parent.mkdir(parents=True, exist_ok=True)
    _write(place.with_suffix(".json"), json.dumps(report, indent=1, ensure_ascii=False))
    with proven.open("rb") as file:
        os.fsync(file.fileno())
    proven.chmod(0o444)
    proven.replace(place)
    point(build, edition_id)
    return place


def point(build: Path, edition_id: str) -> None:
    """Makes an edition that is already there the newest."""
    link = build / LINK
    aside = build / f".{LINK}.next"
    aside.unlink(missing_ok=True)
    aside.symlink_to(edition_path(Path(), edition_id))
    aside.replace(link)
    folder = os.open(build, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def edition_path(build: Path, edition_id: str) -> Path:
    return build / "editions" / f"govspend-{edition_id}.db"


def take_down(build: Path) -> list[str]:
    """Removes kept editions that still show a text that the newest one withholds; gives their ids.

    An edition is never changed, because its sha256 is cited: it goes, and its address says so.
    """
    newest = build / LINK
    gone = []
    for path in sorted((build / "editions").glob("*.db")):
        if path != newest.resolve() and _shows_withheld(path, newest):
            path.unlink()
            path.with_suffix(".json").unlink(missing_ok=True)
            gone.append(path.stem.removeprefix("govspend-"))
    return gone


def _shows_withheld(path: Path, newest: Path) -> bool:
    db = sqlite3.connect(f"{newest.resolve().as_uri()}?mode=ro", uri=True)
    try:
        db.execute("ATTACH ? AS kept", [f"{path.resolve().as_uri()}?mode=ro"])
        sql = (Path(__file__).with_name("take_down.sql")).read_text(encoding="utf-8")
        tables = {row[0] for row in db.execute("SELECT name FROM kept.sqlite_master")}
        for part in sql.split("-- where there is a table ")[1:]:
            table, _, statement = part.partition("\n")
            # An edition from before there was such a table has nothing in it to withhold.
            if table.strip() in tables and db.execute(statement).fetchone()[0]:
                return True
        return False
    finally:
        db.close()


def retire(build: Path, keep: int) -> list[str]:
    """Removes all but the `keep` editions published last; 0 keeps all. Gives the ids removed.

    Never the newest, and never one that is being read: a site holds a shared lock on the file of
    each for as long as a request reads it. That one goes the next time.
    """
    newest = (build / LINK).resolve()
    found = sorted(
        (path for path in (build / "editions").glob("govspend-*.db") if path != newest),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    gone = []
    for path in found[keep - 1 :] if keep else []:
        if _is_unread(path):
            path.unlink()
            path.with_suffix(".json").unlink(missing_ok=True)
            gone.append(path.stem.removeprefix("govspend-"))
    return gone


def _is_unread(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def current(build: Path) -> str | None:
    """The id of the newest edition, None where there is none."""
    link = build / LINK
    if not link.exists():
        return None
    return link.resolve().stem.removeprefix("govspend-")


def write_report(build: Path, report: dict[str, Any]) -> None:
    """Keeps what the last attempt did in `build/report.json`, whatever came of it."""
    _write(build / "report.json", json.dumps(report, indent=1, ensure_ascii=False))


def _write(path: Path, text: str) -> None:
    aside = path.with_suffix(".aside")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
