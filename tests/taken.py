"""What a site offers to be taken as a whole, asked as a person would."""

from __future__ import annotations

from typing import Any

from conftest import Site


def listed(site: Site, base: str = "") -> dict[str, dict[str, Any]]:
    """What /downloads.json says, by the files' names; `base` is that of a kept edition."""
    found = site.get(f"{base}/downloads.json").raise_for_status().json()
    return {file["name"]: file for file in found["files"]}


def taken(site: Site, name: str, base: str = "") -> bytes:
    """The bytes of a file."""
    return site.get(f"{base}/downloads/{name}").raise_for_status().content
