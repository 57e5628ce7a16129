"""What search engines are told of the data: schema.org Dataset, as JSON-LD for the page's head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from govspend_site import data_package, edition
from govspend_site.downloads import Offer, wording

_WHOLE = ("spend-csv", "spend-parquet", "database")


def dataset(
    datasette: Any, served: edition.Edition, offer: Offer, address: Callable[[str], str]
) -> dict[str, Any] | None:
    """The edition as a Dataset; None for invented figures, which nobody is to find as data.

    `address` makes a path of the site an absolute address.
    """
    if served.illustrative:
        return None
    feeds = [feed for feed in served.feeds if feed.release_id]
    oldest = min(str(feed.oldest_month)[:7] for feed in feeds)
    newest = max(str(feed.newest_month)[:7] for feed in feeds)
    publishers = dict.fromkeys(feed.publisher for feed in feeds)
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": f"{datasette.metadata('title')}: sales through G-Cloud and Digital Outcomes",
        "description": str(datasette.metadata("description")),
        "url": address("/"),
        "identifier": served.edition_id,
        "version": served.edition_id,
        "license": [licence["path"] for licence in data_package.licences(served)],
        "isAccessibleForFree": True,
        "creator": [{"@type": "Organization", "name": name} for name in publishers],
        "creditText": " ".join(dict.fromkeys(feed.attribution for feed in feeds)),
        "temporalCoverage": f"{oldest}/{newest}",
        "spatialCoverage": "United Kingdom",
        "distribution": [
            _distribution(datasette, file, address) for file in offer.of_kind(*_WHOLE)
        ],
    }


def _distribution(datasette: Any, file: Any, address: Callable[[str], str]) -> dict[str, Any]:
    return {
        "@type": "DataDownload",
        "name": wording(datasette, file.kind)["title"],
        "encodingFormat": file.media_type,
        "contentUrl": address(f"/downloads/{file.name}"),
        "contentSize": f"{file.byte_count} B",
        "sha256": file.sha256,
    }
