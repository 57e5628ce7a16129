"""`make scale-check`: what Spark makes of the same files is what this machine makes, to the byte.

A small check: the published files and some invented lines, those in a file a financial year, each
built twice from one archive, by DuckDB and on Spark's own cluster for trying things out. Every file
of the editions is compared, and what is staged and to be reviewed. Says which file is another; the
last line counts them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
from conftest import REAL_FEEDS, ROOT, SHARED, ingest

MADE = ("editions", "review", "staged")
"""folders of a build that hold what it made; the archive is what it made that of"""
TIMES = ("started_at", "finished_at", "seconds")
"""what a report says of how long the build took"""
DONE = (0, 3)
"""published; 3 where something wants a look"""


@click.command()
@click.option("--rows", default=300_000, show_default=True, help="Invented lines.")
@click.option("--engine", default="local-cluster[2,1,1024]", show_default=True)
def main(rows: int, engine: str) -> None:
    """Build with both engines and compare every file."""
    (ROOT / "build").mkdir(exist_ok=True)
    same = count = 0
    with tempfile.TemporaryDirectory(prefix="scale-", dir=ROOT / "build") as aside:
        for name, declaration in declared(Path(aside), rows):
            here, there = Path(aside, name, "here"), Path(aside, name, "there")
            made = [build(declaration, here, "local")]
            shutil.copytree(here / "archive", there / "archive")
            made += [build(declaration, there, engine)]
            others = [path for path in sorted(made[0] | made[1]) if not alike(path, *made)]
            for path in others:
                click.echo(f"{name}: {path} is another")
            count += len(made[0] | made[1])
            same += len(made[0] | made[1]) - len(others)
    click.echo(f"{same:,} of {count:,} files identical")
    sys.exit(0 if same == count else 1)


def declared(aside: Path, rows: int) -> Iterator[tuple[str, Path]]:
    """What is built: a name and a declaration of feeds each."""
    if (SHARED / "gcloud").is_dir():
        yield "published", REAL_FEEDS
    elif os.environ.get("CI"):
        sys.exit(f"under CI nothing is skipped, but there is no {SHARED}")
    else:
        click.echo("The published files are not here: only invented lines are built.")
    ingest("sample", "--rows", str(rows), "--out", aside / "sample").check_returncode()
    declaration = aside / "sample" / "feeds.yml"
    with declaration.open("a") as file:
        file.write("shards: financial_year\n")
    yield "invented", declaration


def build(declaration: Path, folder: Path, engine: str) -> dict[str, str]:
    """What is in the files that `engine` makes in `folder`, by their path there."""
    start = time.monotonic()
    fetching = ["--no-fetch"] if (folder / "archive").exists() else []
    done = ingest(
        "build", "--feeds", declaration, "--build", folder, "--engine", engine, *fetching
    )  # fmt: skip
    if done.returncode not in DONE:
        sys.exit(f"{engine} could not build {declaration}:\n{done.stdout}{done.stderr}")
    click.echo(f"{engine}: {declaration.name} in {time.monotonic() - start:.0f} s")
    paths = (path for name in MADE for path in (folder / name).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): digest(path) for path in paths}


def digest(path: Path) -> str:
    """sha256 of the file; of a report, of what it says besides its times."""
    if path.parent.name == "editions" and path.suffix == ".json":
        report = json.loads(path.read_text())
        told = {name: value for name, value in report.items() if name not in TIMES}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def alike(path: str, here: dict[str, str], there: dict[str, str]) -> bool:
    return here.get(path) == there.get(path)


if __name__ == "__main__":
    main()
