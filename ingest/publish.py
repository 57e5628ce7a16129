"""A proven database becomes the newest edition by one atomic swap of a link.

`build/editions/govspend-<edition>.db` is never changed again, nor are its bulk files in the folder
beside it, which comes before it and goes after it; `build/govspend.db` links to the newest.
Whatever dies before the swap leaves the link, and so the site, as it was.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LINK = "govspend.db"
# What says of the bulk files what they are.
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class BulkFile:
    """What is known of a file without opening it. `kind` names its description in metadata.yml."""

    name: str
    kind: str
    media_type: str
    byte_count: int
    sha256: str
    row_count: int
    release_id: str | None = None
    encoding: str | None = None


def publish(proven: Path, build: Path, edition_id: str, report: dict[str, Any]) -> Path:
    """Moves `proven` and its bulk files to their place and points the link there.

    Returns the database's place under `build`.
    """
    place = edition_path(build, edition_id)
    place.parent.mkdir(parents=True, exist_ok=True)
    _write(place.with_suffix(".json"), json.dumps(report, indent=1, ensure_ascii=False))
    _publish_bulk(proven, place)
    with proven.open("rb") as file:
        os.fsync(file.fileno())
    proven.chmod(0o444)
    proven.replace(place)
    point(build, edition_id)
    return place


def _publish_bulk(proven: Path, place: Path) -> None:
    """The bulk files come first: an edition whose database is there has them all."""
    made, target = bulk_folder(proven), bulk_folder(place)
    if place.exists() and target.is_dir():
        # The same edition once more is the same files, and they may be in use.
        shutil.rmtree(made)
        return
    # What may be there is of a build that died before its database came.
    shutil.rmtree(target, ignore_errors=True)
    made.replace(target)
    _sync(target.parent)


def point(build: Path, edition_id: str) -> None:
    """Makes an edition that is already there the newest."""
    link = build / LINK
    aside = build / f".{LINK}.next"
    aside.unlink(missing_ok=True)
    aside.symlink_to(edition_path(Path(), edition_id))
    aside.replace(link)
    _sync(build)


def edition_path(build: Path, edition_id: str) -> Path:
    return build / "editions" / f"govspend-{edition_id}.db"


def bulk_folder(database: Path) -> Path:
    """Where the bulk files of an edition lie: beside its database, under the same name."""
    return database.with_suffix("")


def is_whole(build: Path, edition_id: str) -> bool:
    """Whether an edition is there, and all that belongs to it."""
    place = edition_path(build, edition_id)
    return place.exists() and bulk_folder(place).is_dir()


def take_down(build: Path) -> list[str]:
    """Removes kept editions that still show a text that the newest one withholds; gives their ids.

    An edition is never changed, because its sha256 is cited: it goes, and its address says so.
    """
    newest = build / LINK
    gone = []
    for path in sorted((build / "editions").glob("*.db")):
        if path == newest.resolve():
            continue
        held = [path, *bulk_folder(path).glob("lines-*.db")]
        if any(_shows_withheld(part, newest) for part in held) or _gives_out_withheld(
            path, newest.resolve()
        ):
            path.unlink()
            path.with_suffix(".json").unlink(missing_ok=True)
            gone.append(path.stem.removeprefix("govspend-"))
    _sweep(build / "editions")
    return gone


def _sweep(editions: Path) -> None:
    """Removes bulk files whose database is gone or never came."""
    for folder in editions.glob("govspend-*/"):
        if not folder.with_suffix(".db").exists():
            shutil.rmtree(folder)


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


def _gives_out_withheld(path: Path, newest: Path) -> bool:
    """Whether it offers a published file that the newest withholds.

    By the file's bytes, for an earlier edition may know the line in it by another id.
    """
    withheld = {release["sha256"] for release in _manifest(newest).get("not_offered", [])}
    offered = {file["sha256"] for file in _manifest(path).get("files", [])}
    return bool(withheld & offered)


def _manifest(database: Path) -> dict[str, Any]:
    """What is noted of an edition's bulk files; nothing of one from before there were any."""
    path = bulk_folder(database) / MANIFEST
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return found


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
    _sweep(build / "editions")
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


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(path: Path, text: str) -> None:
    aside = path.with_suffix(".aside")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
