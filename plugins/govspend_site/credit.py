"""What every answer in every format says of itself: its edition, its licence, whom to name."""

from __future__ import annotations

from typing import Any

from govspend_site import about, edition


def header_text(text: str) -> str:
    """A sentence for a header, which takes no other letters; © is (c)."""
    plain = text.replace("©", "(c)").encode("ascii", "replace").decode("ascii")
    return "".join(letter for letter in plain if letter.isprintable())


async def attribution(datasette: Any) -> list[str]:
    """The sentences that the licences ask for, those of places too where the edition has any."""
    served = await edition.current(datasette)
    if served is None:
        return []
    said = [feed.attribution for feed in served.feeds]
    if await about.has_places(datasette):
        said += datasette.metadata("attributions") or []
    return list(dict.fromkeys(said))


async def headers(datasette: Any) -> dict[str, str]:
    """GovSpend-Edition, GovSpend-Attribution and a Link to the licence; few without an edition."""
    said = {"Link": f'<{datasette.metadata("license_url")}>; rel="license"'}
    served = await edition.current(datasette)
    if served is None:
        return said
    said["GovSpend-Edition"] = served.edition_id
    said["GovSpend-Attribution"] = header_text(" ".join(await attribution(datasette)))
    if served.illustrative:
        said["GovSpend-Illustrative"] = "true"
    return said


async def body(datasette: Any) -> dict[str, Any]:
    """edition (null where there is none), licence and attribution, for the body of an answer."""
    served = await edition.current(datasette)
    said = served and {
        "edition_id": served.edition_id,
        "title": served.title,
        "newest_month": served.newest_month,
        "illustrative": served.illustrative,
    }
    licence = {"name": datasette.metadata("license"), "url": datasette.metadata("license_url")}
    return {"edition": said, "licence": licence, "attribution": await attribution(datasette)}
