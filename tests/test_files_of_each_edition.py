"""The publisher's files go with their edition: whole or not at all, kept, taken down, made anew."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import formats
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, Site, ingest, serving
from taken import listed, taken

from ingest import publish

GOOD = formats.many()
SECRET = "Coaching by Jo Bloggs"


def build(folder: Path, *, project: Path = ROOT) -> str:
    """Builds what `folder` declares. Returns the id of the newest edition."""
    done = ingest("build", "--feeds", folder / "feeds.yml", "--build", folder / "build",
                  project=project)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return (folder / "build" / "govspend.db").readlink().stem.removeprefix("govspend-")


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, list[str]]]:
    """A site of three editions: the second showed a text that the third withholds."""
    place = tmp_path_factory.mktemp("withheld")
    (place / "a.csv").write_bytes(formats.july_2014(GOOD))
    formats.declare(place, gcloud_sales="'*.csv'")
    made = [build(place)]
    secret = replace(GOOD[-1], description=SECRET)
    (place / "b.csv").write_bytes(formats.july_2014([*GOOD, secret]))
    made.append(build(place))
    with sqlite3.connect(place / "build" / "govspend.db") as db:
        sql = "SELECT spend_id FROM spend WHERE description = ?"
        (spend_id,) = db.execute(sql, [SECRET]).fetchone()
    assert (place / "build" / "editions" / f"govspend-{made[1]}").is_dir()
    project = place / "project"
    shutil.copytree(ROOT / "ingest", project / "ingest")
    with (project / "ingest" / "reference" / "withheld.csv").open("a") as file:
        file.write(f"{spend_id},description,names a person,2026-01-01\n")
    made.append(build(place, project=project))
    with serving(place / "build") as site:
        yield site, made


def test_a_withheld_text_is_in_no_file(editions: tuple[Site, list[str]]) -> None:
    """Protects who is named: the release as published is not offered, and the page says why."""
    site, (first, second, _) = editions
    found = listed(site)
    assert "gcloud-sales-2014-02-as-published.csv" in found
    assert "gcloud-sales-2014-02.2-as-published.csv" not in found
    page = site.get("/downloads").text
    assert "a text in it is withheld" in page
    (kept_back,) = site.get("/downloads.json").json()["not_offered"]
    assert kept_back["release_id"] == "gcloud-sales-2014-02.2"
    staged = io.BytesIO(taken(site, "gcloud-sales-2014-02.2-as-staged.parquet"))
    assert "[withheld]" in pq.read_table(staged)["description"].to_pylist()
    for base in ("", f"/as-of/{first}"):
        for name in listed(site, base):
            data = site.get(f"{base}/downloads/{name}").content
            data = gzip.decompress(data) if name.endswith(".gz") else data
            if name.endswith(".parquet"):
                data = repr(pq.read_table(io.BytesIO(data)).to_pylist()).encode()
            assert b"Bloggs" not in data, name
    for path in ("/llms.txt", "/sitemap.xml", "/robots.txt", "/downloads", "/data-dictionary"):
        assert "Bloggs" not in site.get(path).text
    # The edition that showed it is gone with all its files.
    assert site.get(f"/as-of/{second}/downloads").status_code == 404
    left = {path.name for path in (site.build / "editions").iterdir() if path.is_dir()}
    assert f"govspend-{second}" not in left
    assert len(left) == 2


def test_a_file_that_is_withheld_now_is_offered_by_no_edition(tmp_path: Path) -> None:
    """Protects who is named, also where an earlier edition knows the line by another id."""
    (tmp_path / "a.csv").write_bytes(formats.july_2014(GOOD))
    formats.declare(tmp_path, gcloud_sales="'*.csv'")
    first = build(tmp_path)
    (tmp_path / "b.csv").write_bytes(formats.july_2014([*GOOD, GOOD[-1]]))
    newest = build(tmp_path)
    folders = tmp_path / "build" / "editions"
    noted = folders / f"govspend-{newest}" / publish.MANIFEST
    manifest = json.loads(noted.read_text())
    (sha256,) = {file["sha256"] for file in manifest["files"]
                 if file["name"] == "gcloud-sales-2014-02-as-published.csv"}  # fmt: skip
    assert publish.take_down(tmp_path / "build") == []
    noted.chmod(0o644)
    manifest["not_offered"] = [{"release_id": "gcloud-sales-2014-02", "sha256": sha256}]
    noted.write_text(json.dumps(manifest))
    assert publish.take_down(tmp_path / "build") == [first]
    assert sorted(path.name for path in folders.iterdir() if first in path.name) == []


def test_a_kept_edition_gives_its_own_files(editions: tuple[Site, list[str]]) -> None:
    """Protects who cited a file: under /as-of/ it stays what it was, and may be kept for ever."""
    site, (first, _, third) = editions
    old, new = listed(site, f"/as-of/{first}"), listed(site)
    assert old["spend.csv.gz"]["sha256"] != new["spend.csv.gz"]["sha256"]
    answer = site.get(f"/as-of/{first}/downloads/spend.csv.gz")
    assert hashlib.sha256(answer.content).hexdigest() == old["spend.csv.gz"]["sha256"]
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert first in answer.headers["content-disposition"]
    part = site.get(f"/as-of/{first}/downloads/spend.csv.gz", headers={"range": "bytes=0-3"})
    assert part.headers["cache-control"] == "public, max-age=31536000, immutable"
    today = site.get("/downloads/spend.csv.gz")
    assert today.headers["cache-control"] == "public, max-age=300"
    assert old["spend.csv.gz"]["permalink"].endswith(f"/as-of/{first}/downloads/spend.csv.gz")
    # One from before there were such files says so, and gives its database.
    bare = site.build / "editions" / "govspend-2001-01-00000000.db"
    shutil.copy2(site.build / "editions" / f"govspend-{third}.db", bare)
    page = site.get("/as-of/2001-01-00000000/downloads")
    assert page.status_code == 200
    assert "published before files were made" in page.text
    assert site.get("/as-of/2001-01-00000000/downloads/spend.csv.gz").status_code == 404
    assert site.get("/as-of/2001-01-00000000/govspend.db").status_code == 200
    bare.unlink()


def whole(build: Path) -> list[str]:
    """Ids of the editions that can be seen, each of which must have all its files, unharmed."""
    found = []
    for database in (build / "editions").glob("*.db"):
        manifest = json.loads((database.with_suffix("") / publish.MANIFEST).read_text())
        for file in manifest["files"]:
            own = file["kind"] == "database"
            path = database if own else database.with_suffix("") / file["name"]
            assert hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"], path
        found.append(manifest["edition_id"])
    return found


POINTS = ("bulk._SpendWriter.head", "bulk._keep", "publish._sync", "publish.point")


def test_a_build_that_dies_leaves_no_half_set(tmp_path: Path) -> None:
    """Protects the site from a killed build: no edition is seen without its files.

    It dies as spend is written, before the manifest, between files and database, before the link.
    """
    (tmp_path / "a.csv").write_bytes(formats.july_2014(GOOD))
    formats.declare(tmp_path, gcloud_sales="'*.csv'")
    first = build(tmp_path)
    for number, point in enumerate(POINTS, 1):
        (tmp_path / "b.csv").write_bytes(formats.july_2014([*GOOD, *GOOD[:number]]))
        module, _, name = point.partition(".")
        code = (
            f"import os; from ingest import {module}, __main__ as m\n"
            f"{module}.{name} = lambda *a, **k: os.killpg(0, {int(signal.SIGKILL)})\n"
            f"m.main(['build', '--feeds', {str(tmp_path / 'feeds.yml')!r}, "
            f"'--build', {str(tmp_path / 'build')!r}])"
        )
        died = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False,
                              capture_output=True, start_new_session=True)  # fmt: skip
        assert died.returncode == -signal.SIGKILL, point
        assert first in whole(tmp_path / "build")
        assert (tmp_path / "build" / "govspend.db").readlink().stem == f"govspend-{first}"
    last = build(tmp_path)
    seen = whole(tmp_path / "build")
    assert {first, last} <= set(seen)
    folders = [path for path in (tmp_path / "build" / "editions").iterdir() if path.is_dir()]
    assert len(folders) == len(seen), "nothing of a build that died is left"


def test_the_same_archive_gives_the_same_bytes_and_takes_no_room_twice(tmp_path: Path) -> None:
    """Protects citations and disks: files can be made again, and a release's are only linked."""
    (tmp_path / "a.csv").write_bytes(formats.july_2014(GOOD))
    formats.declare(tmp_path, gcloud_sales="'*.csv'")
    edition = build(tmp_path)
    noted = tmp_path / "build" / "editions" / f"govspend-{edition}" / publish.MANIFEST
    before = noted.read_bytes()
    files = json.loads(before)["files"]
    (raw,) = [file for file in files if file["kind"] == "release-published"]
    archived = tmp_path / "build" / "archive" / "objects" / raw["sha256"]
    assert archived.samefile(noted.with_name(raw["name"]))
    shutil.rmtree(tmp_path / "build" / "editions")
    shutil.rmtree(tmp_path / "build" / "staged")
    (tmp_path / "build" / "govspend.db").unlink()
    assert build(tmp_path) == edition
    assert noted.read_bytes() == before
    assert whole(tmp_path / "build") == [edition]
