"""Options and arguments that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

from ingest.feeds import DEFAULT_FEEDS

FEEDS = click.option(
    "--feeds", "feeds_path", type=click.Path(path_type=Path), default=DEFAULT_FEEDS,
    envvar="FEEDS", help="The declaration of the feeds.  [default: ingest/feeds.yml]",
)  # fmt: skip
BUILD = click.option(
    "--build", "build_path", type=click.Path(path_type=Path), default=Path("build"),
    envvar="BUILD", show_default=True, help="The folder of archive, editions and reports.",
)  # fmt: skip
ENGINE = click.option(
    "--engine", "engine_address", default="local", envvar="ENGINE", show_default=True,
    help="What relates lines: this machine, or a cluster at spark://HOST:PORT.",
)  # fmt: skip
KEEP = click.option(
    "--keep", type=click.IntRange(min=0), default=0, envvar="KEEP", show_default="all",
    help="How many editions stay, the newest among them; 0 keeps all.",
)  # fmt: skip
FEED = click.option("--feed", "feed_id", default=None, help="A feed of the declaration.")
FILE = click.argument("file", type=click.Path(path_type=Path))
