"""Published names to buyer and supplier ids, each with its method and evidence.

A name's key is what is left of it without case, punctuation, legal form and trading name. Names
with one key are one party, and its id is that key with hyphens, so that it depends on no other
name. A reviewed alias joins what no rule can. Fuzzy matching only proposes names to review.
"""

from __future__ import annotations

import csv
import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rapidfuzz import fuzz, process

from ingest import reference

Kind = Literal["supplier", "buyer"]

LEGAL_FORMS = (
    "limited liability partnership", "public limited company", "limited", "ltd", "plc", "llp",
    "lp", "llc", "inc", "incorporated", "gmbh", "bv", "cic",
)  # fmt: skip
_TRADING_AS = re.compile(r"\b(?:trading as|t/as|t/a|ta)\b.*$", re.IGNORECASE)
_LEGAL = re.compile(rf"^(.*\S) (?:{'|'.join(LEGAL_FORMS)})$")
REVIEW_SCORE = 88


@dataclass(frozen=True)
class Name:
    """One published name and the party that it stands for."""

    published: str
    own_id: str
    """the id that the name has by itself; it redirects where an alias joined it to another"""
    party_id: str
    method: Literal["exact", "rule", "alias"]
    evidence: str


@dataclass(frozen=True)
class Party:
    party_id: str
    name: str


def key(name: str) -> str:
    """What identifies the party: `The BJSS Ltd.` and `bjss limited` have one key, `bjss`."""
    text = unicodedata.normalize("NFKD", name.casefold())
    text = "".join(char for char in text if not unicodedata.combining(char))
    without = _TRADING_AS.sub("", text) if not text.startswith(("trading as", "t/a")) else text
    text = without if re.search("[a-z0-9]", without) else text
    text = text.replace("&", " and ").replace("@", " at ").replace("+", " plus ")
    text = re.sub(r"['’`]", "", text)
    words = re.sub(r"[^a-z0-9]+", " ", text).strip()
    # Single letters in a row are an abbreviation: P.L.C. and P L C are PLC.
    words = re.sub(r"\b(?:[a-z] )+[a-z]\b", lambda run: run[0].replace(" ", ""), words)
    words = words.removeprefix("the ").removesuffix(" the")
    while match := _LEGAL.match(words):
        words = match[1]
    return words


def party_id(name: str) -> str:
    """The id of the party called `name`, from its key alone."""
    words = key(name)
    if not words:
        return "name-" + hashlib.sha256(name.encode()).hexdigest()[:8]
    return words.replace(" ", "-")


def match(kind: Kind, counts: Mapping[str, int]) -> tuple[list[Party], list[Name]]:
    """The parties behind the published names of `counts` (name -> lines), and how each was joined.

    A party is shown under the name that most of its lines carry.
    """
    aliases = _aliases(kind)
    members: dict[str, list[str]] = defaultdict(list)
    own = {name: party_id(name) for name in counts}
    for name, own_id in own.items():
        members[aliases.get(own_id, (own_id, ""))[0]].append(name)
    parties, names = [], []
    for identifier, group in sorted(members.items()):
        direct = [name for name in group if own[name] == identifier] or group
        shown = min(direct, key=lambda name: (-counts[name], name))
        parties.append(Party(identifier, shown))
        for name in sorted(group):
            names.append(_joined(name, own[name], identifier, shown, aliases))
    return parties, names


def ids(kind: Kind, names: Iterable[str]) -> dict[str, str]:
    """name -> id of its party, by the rules and the reviewed aliases alone."""
    _, matched = match(kind, dict.fromkeys(names, 1))
    return {name.published: name.party_id for name in matched}


def _joined(
    name: str, own_id: str, identifier: str, shown: str, aliases: Mapping[str, tuple[str, str]]
) -> Name:
    if own_id != identifier:
        return Name(name, own_id, identifier, "alias", aliases[own_id][1])
    if name == shown:
        return Name(name, own_id, identifier, "exact", "the name as published")
    evidence = f"'{name}' and '{shown}' are both '{key(name)}' without case, punctuation and form"
    return Name(name, own_id, identifier, "rule", evidence)


def _aliases(kind: Kind) -> dict[str, tuple[str, str]]:
    """own id -> (id that it is joined to, evidence), chains followed to their end."""
    steps = {
        party_id(row["alias"]): (party_id(row["name"]), row["evidence"])
        for row in reference.rows(f"{kind}_aliases")
    }
    aliases = {}
    for start, (target, evidence) in steps.items():
        seen = {start}
        while target in steps and target not in seen:
            seen.add(target)
            target = steps[target][0]
        if target != start:
            aliases[start] = (target, evidence)
    return aliases


def propose(parties: list[Party], path: Path) -> int:
    """Writes pairs of parties whose names look alike to `path` for a person to review.

    Nothing is joined here: on real buyers such pairs hold Derby with Derry and Wigan with Wirral.
    Returns the number of pairs.
    """
    keys = [key(party.name) for party in parties]
    pairs = []
    for place, party in enumerate(parties):
        near = process.extract(
            keys[place], keys[place + 1 :], scorer=fuzz.token_sort_ratio,
            score_cutoff=REVIEW_SCORE, limit=5,
        )  # fmt: skip
        pairs += [(round(score), party, parties[place + 1 + index]) for _, score, index in near]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["score", "name", "alias", "evidence"])
        for score, one, other in sorted(pairs, key=lambda pair: (-pair[0], pair[1].name)):
            writer.writerow([score, one.name, other.name, ""])
    return len(pairs)
