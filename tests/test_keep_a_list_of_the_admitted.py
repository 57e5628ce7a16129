"""The publisher's year with a list of admitted suppliers: it breaks, changes, moves and goes.

Over one small release, by the command that a schedule runs.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import formats
import pytest
from conftest import ROOT, ingest
from formats import declare_lists, one_list

from ingest import admitted, audit, feeds
from ingest.archive import Archive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one small release, and a list of two of its firms and one that never sold."""
    (tmp_path / "a.csv").write_bytes(formats.july_2014(formats.many()))
    (tmp_path / "list.csv").write_text(
        "Framework,Supplier\nG-Cloud 4,Firm 1 Limited\nG-Cloud 4,FIRM 2\nG-Cloud 4,Idle Ltd\n"
    )
    declare_lists(tmp_path, "a.csv", one_list("list.csv"))
    return tmp_path


def operate(folder: Path, step: str = "build") -> Any:
    return ingest(step, "--feeds", folder / "feeds.yml", "--build", folder / "build")


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "build" / "govspend.db")) as db:
        return db.execute(sql).fetchall()


WHO = "SELECT published_name, supplier_id FROM admitted ORDER BY published_name"


BROKEN = {
    "heading": (b"Framework,Body\nG-Cloud 4,Firm 1\n", "heading.csv line 1: no column for"),
    "nothing": (b"", "nothing.csv: sent an empty file"),
    "workbook": (b"PK\x03\x04 [Content_Types].xml", "workbook.csv: sent an Excel workbook"),
    "lineless": (b"Framework,Supplier\n", "lineless.csv: it has a heading but no lines"),
    "unknown": (b"Framework,Supplier\nG-Cloud 99,Firm 1\n",
                "unknown.csv: none of its 1 lines could be taken. Line 2 has a framework that"),
    "zero": (b"Framework,Supplier\nG-Cloud 4,Fi\0rm\n", "zero.csv: holds binary data"),
}  # fmt: skip


def test_a_broken_list_is_reported_and_stops_nothing(folder: Path) -> None:
    """Whatever the publishers of lists do, the edition is published and a person is told."""
    lists = one_list("list.csv")
    for name, (data, _) in BROKEN.items():
        (folder / f"{name}.csv").write_bytes(data)
        lists += one_list(f"{name}.csv", name=name)
    declare_lists(folder, "a.csv", lists + one_list("gone.csv", name="gone"))
    done = operate(folder)
    assert done.returncode == 3, done.stderr
    for says in [*(says for _, says in BROKEN.values()), "gone.csv: no such file"]:
        assert says in done.stdout
    assert "published" in done.stdout
    assert len(rows(folder, WHO)) == 3
    assert rows(folder, "SELECT count(*) FROM spend") == [(200,)]


def test_a_list_whose_bytes_are_gone_stops_nothing(folder: Path) -> None:
    """A damaged archive costs the list alone."""
    operate(folder)
    ((sha256,),) = rows(folder, "SELECT sha256 FROM admitted_files")
    (folder / "build" / "archive" / "objects" / sha256).unlink()
    done = ingest(
        "build", "--no-fetch", "--feeds", folder / "feeds.yml", "--build", folder / "build"
    )
    assert done.returncode == 3
    assert "list.csv: its bytes cannot be read from the archive" in done.stdout


def test_an_edition_stands_on_its_lists(folder: Path) -> None:
    """Another list is another edition; the same list is none; one taken back counts no more."""
    assert "published" in operate(folder).stdout
    assert rows(folder, WHO) == [
        ("FIRM 2", "firm-2"), ("Firm 1 Limited", "firm-1"), ("Idle Ltd", None),
    ]  # fmt: skip
    assert "unchanged" in operate(folder, "refresh").stdout
    (folder / "list.csv").write_text("Framework,Supplier\nG-Cloud 4,Firm 3\n")
    assert "published" in operate(folder, "refresh").stdout
    assert rows(folder, WHO) == [("Firm 3", "firm-3")]
    # The same file by another name is the same list.
    shutil.copy(folder / "list.csv", folder / "new.csv")
    declare_lists(folder, "a.csv", one_list("new.csv"))
    operate(folder, "refresh")
    assert rows(folder, WHO) == [("Firm 3", "firm-3")]
    # Another file is declared instead: what the first one said is kept, and counts no more.
    (folder / "new.csv").write_text("Framework,Supplier\nG-Cloud 4,Firm 4\n")
    assert "published" in operate(folder, "refresh").stdout
    assert rows(folder, WHO) == [("Firm 4", "firm-4")]


HARM = {
    "DELETE FROM admitted WHERE line_number = 2": "lines read of a list",
    "UPDATE admitted SET supplier_id = NULL": "admitted firms that sold and are not joined",
    "UPDATE admitted SET framework = 'G-Cloud 99'": "keys that lead nowhere",
    "UPDATE admitted_files SET line_count = 9": "whose lines are not all admitted",
}


def test_a_list_that_was_tampered_with_is_not_proven(folder: Path) -> None:
    """One firm fewer, or one sale of it forgotten: the audit names what does not hold."""
    operate(folder)
    declared = feeds.load(folder / "feeds.yml").admitted_lists.values()
    files = admitted.read_lists(Archive(folder / "build" / "archive"), declared, folder, [])
    copy = folder / "copy.db"
    for harm, says in {"": "", **HARM}.items():
        shutil.copy(folder / "build" / "govspend.db", copy)
        copy.chmod(0o644)
        with closing(sqlite3.connect(copy)) as db:
            db.execute(harm)
            db.commit()
        broken = [proof.name for proof in audit.audit(copy, [], files) if not proof.holds]
        assert bool(broken) == bool(harm)
        assert any(says in name for name in broken) or not harm
        copy.unlink()


def test_a_name_that_is_withheld_is_gone_from_every_edition(folder: Path) -> None:
    """A list named a private person: the name goes, and the number admitted stays."""
    operate(folder)
    ((admitted_id,),) = rows(folder, "SELECT admitted_id FROM admitted WHERE line_number = 4")
    project = folder / "project"
    shutil.copytree(ROOT / "ingest", project / "ingest")
    with (project / "ingest" / "reference" / "withheld.csv").open("a") as file:
        file.write(f"{admitted_id},supplier,names a person,2026-01-01\n")
    done = ingest(
        "build", "--feeds", folder / "feeds.yml", "--build", folder / "build", project=project
    )
    assert done.returncode == 0, done.stderr
    assert rows(folder, "SELECT count(DISTINCT party_id) FROM admitted") == [(3,)]
    editions = list((folder / "build" / "editions").glob("*.db"))
    assert len(editions) == 1
    assert b"Idle" not in editions[0].read_bytes()
    assert b"idle" not in editions[0].read_bytes()
