"""`python -m ingest STEP`: each step of the way of a row, and the whole way at once.

Exit codes: 0 done; 1 a step failed and the site is as it was; 2 the command or the declaration is
wrong; 3 published, but a source failed or a release is held and wants a look.
"""

from __future__ import annotations

import functools
import itertools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ingest import admitted as admitting
from ingest import audit as auditing
from ingest import build as building
from ingest import load as loading
from ingest import match as matching
from ingest import places as placing
from ingest import preview as previewing
from ingest import publish as publishing
from ingest import read as reading
from ingest import rename as renaming
from ingest import report as reporting
from ingest import sample as sampling
from ingest import schedule as scheduling
from ingest.engine import require_known
from ingest.errors import DeclarationError, IngestError, NothingToPublish
from ingest.feeds import Declaration, Feed
from ingest.feeds import load as load_feeds
from ingest.options import BUILD, ENGINE, FEED, FEEDS, FILE, KEEP
from ingest.plan import Plan, plan
from ingest.progress import Progress
from ingest.releases import Release
from ingest.workshop import Workshop, locked

LOOK_AT_IT = 3


class Main(click.Group):
    """Turns every expected fault into one message and its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except IngestError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=Main, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """GovSpend: from published spend files to a proven database.

    A row travels: fetch, read, rename, parse, stage, match, place, load, summarise, audit, bulk,
    publish. Lists travel by fetch, admit and place.
    `build` and `refresh` go the whole way.

    Exit codes: 0 done; 1 a step failed and the site is as it was; 2 the command or the declaration
    is wrong; 3 published, but a source failed or a release is held and wants a look.
    """


def with_shop(function: Callable[..., None]) -> Callable[..., None]:
    """Gives a command --feeds, --build and --engine, and hands it the Workshop that they make."""

    @FEEDS
    @BUILD
    @ENGINE
    @functools.wraps(function)
    def command(feeds_path: Path, build_path: Path, engine_address: str, **rest: Any) -> None:
        require_known(engine_address)
        if engine_address != "local":
            _Lean.hides = False
        shop = Workshop(
            load_feeds(feeds_path), build_path.resolve(), Progress(), engine_address
        )  # fmt: skip
        function(shop=shop, **rest)

    return command


def _feed(declaration: Declaration, feed_id: str | None) -> Feed:
    if feed_id is None:
        return next(iter(declaration.feeds.values()))
    if feed_id not in declaration.feeds:
        known = ", ".join(declaration.feeds)
        raise DeclarationError(f"--feed {feed_id}: no such feed; known are {known}.")
    return declaration.feeds[feed_id]


@main.command()
@with_shop
def fetch(shop: Workshop) -> None:
    """Bring what the sources have into the archive; what is there is not fetched again."""
    with locked(shop.build):
        outcomes = building.fetch_all(shop)
    if any(outcome.status == "failed" for outcome in outcomes):
        sys.exit(LOOK_AT_IT)


@main.command()
@FILE
@click.option("--encoding", default=None, help="Overrides detection.")
@click.option("--rows", default=5, show_default=True, help="How many rows to show.")
def read(file: Path, encoding: str | None, rows: int) -> None:
    """Show how FILE is read: encoding, line ends, delimiter and the first rows."""
    shape = reading.survey(_there(file), encoding)
    click.echo(
        f"encoding {shape.encoding}, line ends {shape.newline}, delimiter {shape.delimiter!r}, "
        f"{shape.width} cells"
    )
    for row in itertools.islice(reading.rows(file, shape), rows):
        click.echo(f"{row.line_number}: {row.cells}")


@main.command()
@FILE
@FEEDS
@FEED
def rename(file: Path, feeds_path: Path, feed_id: str | None) -> None:
    """Show which heading of FILE becomes which field, and which is unknown."""
    feed = _feed(load_feeds(feeds_path), feed_id)
    rows = reading.rows(_there(file), reading.survey(file))
    columns, _ = renaming.rename(file.name, rows, feed)
    click.echo(f"heading on line {columns.heading_line}")
    for field, place in columns.index.items():
        click.echo(f"{columns.headings[place]} -> {field}")
    for heading, near in columns.unknown:
        click.echo(f"{heading} is not known" + (f"; nearest '{near}'" if near else ""))


@main.command()
@FILE
@with_shop
@FEED
def parse(file: Path, shop: Workshop, feed_id: str | None) -> None:
    """Parse FILE as a release of its own: counts, sums and every kind of quarantined line."""
    feed = _feed(shop.declaration, feed_id)
    for line in previewing.preview(_there(file), feed, [], _moving(shop, "parse")):
        click.echo(line)


@main.command()
@with_shop
def stage(shop: Workshop) -> None:
    """Turn each archived file into columnar files, once, and name and judge the releases."""
    with locked(shop.build):
        made = plan(shop)
    for release in itertools.chain.from_iterable(made.releases.values()):
        summary = release.staged.summary
        click.echo(
            f"{release.release_id}: {release.state}, {summary.loaded_count:,} lines to load, "
            f"{summary.quarantined_count:,} quarantined. {' '.join(release.reasons)}"
        )
    for failure in made.failures:
        click.echo(f"failed: {failure}", err=True)
    sys.exit(LOOK_AT_IT if made.failures or made.held() else 0)


@main.command()
@with_shop
def match(shop: Workshop) -> None:
    """Show which published names are joined and why; write lookalikes to build/review/."""
    with locked(shop.build):
        made = plan(shop)
        for kind, counts in loading.published_names(made.all_taken()).items():
            parties, names = matching.match(kind, counts)
            for name in names:
                if name.method != "exact":
                    click.echo(f"{kind}: {name.published} -> {name.party_id} ({name.evidence})")
            path = shop.build / "review" / f"{building.REVIEW[kind]}.csv"
            pairs = matching.propose(parties, path)
            click.echo(f"{kind}: {len(names):,} names, {len(parties):,} parties; {pairs} pairs to")
            click.echo(f"  review in {path}")


@main.command()
@with_shop
def place(shop: Workshop) -> None:
    """Show where each buyer has its head office and how that is known, and which have no place."""
    with locked(shop.build):
        made = plan(shop)
        parties, _ = matching.match("buyer", loading.published_names(made.all_taken())["buyer"])
        found = [customer for file in made.customer_files for customer in file.customers]
        buyers = {party.party_id: party.name for party in parties}
        placed = {} if shop.declaration.illustrative else {
            item.buyer_id: item for item in placing.places(buyers, found)
        }  # fmt: skip
    for buyer_id, name in buyers.items():
        item = placed.get(buyer_id)
        known = f"{item.postcode}, {item.region} ({item.evidence})" if item else "not known"
        click.echo(f"{name}: {known}")
    click.echo(f"{len(placed):,} of {len(buyers):,} buyers have a place.")


@main.command()
@with_shop
def admit(shop: Workshop) -> None:
    """Show how each list of admitted suppliers is read, and every line of it that is left out."""
    with locked(shop.build):
        files = plan(shop).admitted_files
    for file in files:
        for line in reporting.list_lines(admitting.told(file)):
            click.echo(line)
        for left in file.left_out:
            click.echo(f"  line {left.line_number} {left.reason}")
    click.echo(f"{len(files):,} files of lists could be read.")


@main.command()
@with_shop
def load(shop: Workshop) -> None:
    """Fill a new, unpublished database from the staged releases, cubes included."""
    with locked(shop.build):
        building.load_all(shop, plan(shop))
    click.echo(f"{shop.work} is there, to be audited.")


@main.command()
@with_shop
def summarise(shop: Workshop) -> None:
    """Make the cubes of the unpublished database again."""
    with locked(shop.build):
        made = plan(shop)
        _require_unpublished(shop)
        building.summarise_all(shop, made)
    click.echo(f"{shop.work} is summarised.")


@main.command()
@with_shop
@click.option("--all", "show_all", is_flag=True, help="Show the proofs that hold, too.")
def audit(shop: Workshop, show_all: bool) -> None:
    """Prove the unpublished database, or else the newest edition, against the staged releases."""
    with locked(shop.build):
        made = plan(shop)
        path = shop.work if shop.work.exists() else _published(shop, made)
        proofs = auditing.audit(path, made.all_taken(), made.admitted_files)
    for proof in proofs:
        if show_all or not proof.holds:
            mark = "holds" if proof.holds else "BROKEN"
            click.echo(f"{mark}: {proof.subject}: {proof.name}: {proof.found}")
    auditing.require(proofs)
    click.echo(f"{len(proofs)} proofs hold.")


@main.command()
@with_shop
def bulk(shop: Workshop) -> None:
    """Write the bulk files of the unpublished database: spend as CSV and Parquet, the releases."""
    with locked(shop.build):
        made = plan(shop)
        _require_unpublished(shop)
        building.write_bulk(shop, made)
    click.echo(f"{shop.bulk} is there, to be published with {shop.work.name}.")


@main.command()
@with_shop
def publish(shop: Workshop) -> None:
    """Prove the unpublished database, write its bulk files and make it the newest edition."""
    with locked(shop.build):
        made = plan(shop)
        _require_unpublished(shop)
        proofs = building.prove(shop, made)
        building.write_bulk(shop, made)
        report = {"edition_id": made.edition_id, "proofs": len(proofs), "outcome": "published"}
        publishing.publish(shop.work, shop.build, made.edition_id, report)
    click.echo(f"Edition {made.edition_id}: published.")


@main.command()
@with_shop
@KEEP
@click.option("--no-fetch", is_flag=True, help="Build from what is archived.")
def build(shop: Workshop, no_fetch: bool, keep: int) -> None:
    """Go the whole way: fetch, build, prove and publish. Nothing is done twice."""
    _whole_way(shop, fetching=not no_fetch, keep=keep)


@main.command()
@with_shop
@KEEP
def refresh(shop: Workshop, keep: int) -> None:
    """The same as build, for a schedule: a site that is up takes over the new edition."""
    _whole_way(shop, fetching=True, keep=keep)


main.add_command(scheduling.schedule)


def _whole_way(shop: Workshop, *, fetching: bool, keep: int = 0) -> None:
    with locked(shop.build):
        fetched = building.fetch_all(shop) if fetching else []
        try:
            report = building.build(shop, fetched=fetched, keep=keep)
        except NothingToPublish as error:
            raise NothingToPublish(f"{error}{_unreachable(fetched)}") from None
    for line in reporting.lines(report):
        click.echo(line)
    held = any(release["state"] == "held" for release in report["releases"])
    sys.exit(LOOK_AT_IT if report["failures"] or held else 0)


def _unreachable(fetched: list[Any]) -> str:
    failed = [outcome.url for outcome in fetched if outcome.status == "failed"]
    tried = f" Could not be had (reasons above): {', '.join(failed)}." if failed else ""
    return f"{tried} To see the site with invented figures: make demo"


@main.command()
@FILE
@with_shop
@FEED
def preview(file: Path, shop: Workshop, feed_id: str | None) -> None:
    """Show what FILE would do as the next release, before anything is public."""
    feed = _feed(shop.declaration, feed_id)
    with locked(shop.build):
        taken = plan(shop).taken(feed.feed_id)
    for line in previewing.preview(_there(file), feed, taken, _moving(shop, "read")):
        click.echo(line)


@main.command()
@click.argument("release")
@with_shop
@click.option("--why", default="accepted by hand", help="The reason, which is kept.")
def accept(release: str, shop: Workshop, why: str) -> None:
    """Take a RELEASE that is held, or one that was withdrawn, and publish."""
    _decide(shop, release, "accept", why)


@main.command()
@click.argument("release")
@with_shop
@click.option("--why", default="withdrawn by hand", help="The reason, which is kept.")
def withdraw(release: str, shop: Workshop, why: str) -> None:
    """Leave RELEASE out and go back to the one before."""
    _decide(shop, release, "withdraw", why)


def _decide(shop: Workshop, release_id: str, verb: Any, why: str) -> None:
    with locked(shop.build):
        known = list(itertools.chain.from_iterable(plan(shop).releases.values()))
        names = [release.release_id for release in known]
        if release_id not in names:
            raise DeclarationError(
                f"RELEASE={release_id}: no such release; there are {', '.join(names) or 'none'}."
            )
        if verb == "withdraw":
            _refuse_last(known, release_id)
        shop.archive.decide(release_id, verb, why)
    _whole_way(shop, fetching=False)


def _refuse_last(known: list[Release], release_id: str) -> None:
    """A site with no release at all is no site."""
    left = [item for item in known if item.state == "taken" and item.release_id != release_id]
    if not left:
        raise IngestError(f"{release_id} is the only release there is; nothing would be left.")


@main.command()
@click.option("--rows", default=20_000, show_default=True, help="Lines in the newest releases.")
@click.option("--seed", default=1, show_default=True, help="Another seed, other inventions.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("build/sample"),
    show_default=True,
    help="The folder to write into.",
)
def sample(rows: int, seed: int, out: Path) -> None:
    """Write invented releases in the published formats, and the feeds.yml that declares them."""
    click.echo(sampling.write(out, rows, seed))


def _there(file: Path) -> Path:
    if not file.is_file():
        raise DeclarationError(f"{file}: no such file.")
    return file


def _require_unpublished(shop: Workshop) -> None:
    if not shop.work.exists():
        raise IngestError(f"{shop.work}: no such file; `python -m ingest load` makes it.")


def _published(shop: Workshop, made: Plan) -> Path:
    path = publishing.edition_path(shop.build, made.edition_id)
    if not path.exists():
        raise IngestError(f"{path}: no such file; `python -m ingest build` makes it.")
    return path


def _moving(shop: Workshop, what: str) -> Any:
    return lambda count: shop.progress.moving(f"{what}: {count:,} lines")


class _Lean:
    """Arrow loads pandas and numpy, 50 MB, to know whether a list is theirs. None here is."""

    hides = True
    """Spark does nothing without them."""

    @classmethod
    def find_spec(cls, name: str, path: object = None, target: object = None) -> None:
        if name in ("pandas", "numpy") and cls.hides:
            raise ModuleNotFoundError(f"{name} is not used here", name=name)


if __name__ == "__main__":
    sys.meta_path.insert(0, _Lean())
    # Arrow's own pool keeps 30 MB of what was given back to it.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    main(prog_name="python -m ingest")
