"""Invented sales in the formats of the real feeds, for trying the site out and for measuring it.

Every name is made of roots that no public body carries; the shape is the real feed's: a few
parties with most of the lines, lognormal amounts, growth, a peak each March, and every trap that
the published files have set. Each release restates the earlier ones, with late, changed and
unreadable lines in its newest months alone, because a build holds a release whose old months moved.

A month's lines come from a random stream of their own, so a release is written line by line
whatever its size, and an earlier release is a prefix of each month of the later ones.
"""

from __future__ import annotations

import math
from bisect import bisect, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate, islice
from pathlib import Path
from random import Random
from statistics import NormalDist
from typing import NamedTuple

from ingest.errors import IngestError
from ingest.feeds import Limits


def _words(text: str) -> list[str]:
    return text.split()


FEWEST_ROWS = 200
"""Fewer could not fill every month of both feeds."""


class TooFewRows(IngestError, ValueError):
    """The sample was asked for with fewer lines than it can be made of."""


# Months are counted from April 2012, the first of G-Cloud.
FIRST_YEAR, FIRST_MONTH = 2012, 4
JUN_14, DEC_14, DOS_FIRST, JUN_17, DEC_17 = 26, 32, 48, 62, 68
EXCEL_EPOCH = date(1899, 12, 30)
MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# The financial year ends in March, and what is left of a budget goes then.
SEASON = (0.97, 0.97, 1.25, 0.95, 0.98, 1.0, 1.0, 0.95, 1.0, 1.03, 1.03, 0.9)

DOS_PART = 0.15
"""Of all lines; the rest is G-Cloud."""
CONTRACT_MONTHS = 24
LEADERS = 30
"""Suppliers whose spelling all releases agree on: one of theirs would be too many lines changed."""
MOST_CONTRACTS = 60_000
"""A bound on memory: what is held does not grow with the rows beyond it."""

# How a line's kind falls to it, as shares of all lines.
ZERO, CREDIT, REPEAT, FRACTION = 0.018, 0.037, 0.087, 0.0955
BLOCK = 4096
MOST_PENCE = 90_000_000
LATE_SHARES = (0.3, 0.04, 0.01)
"""Of a release's newest month, the one before and the one before that: lines not yet reported."""
# Spread of amounts around their contract's, by quantiles, so that no line needs a logarithm.
FACTORS = [math.exp(NormalDist().inv_cdf((i + 0.5) / BLOCK)) for i in range(BLOCK)]

SECTORS = {
    "Central Government": (0.766, 0.34), "Health": (0.095, 0.2), "Local Government": (0.076, 0.24),
    "Devolved Administrations": (0.033, 0.04), "Education": (0.013, 0.08), "Police": (0.006, 0.04),
    "Fire and Rescue": (0.005, 0.03), "Not for Profit": (0.004, 0.02),
    "Private Sector": (0.002, 0.01),
}  # fmt: skip
"""Each with its share of the lines and of the buyers."""

GCLOUD_LOTS = (
    "Infrastructure as a Service (IaaS)", "Platform as a Service (PaaS)",
    "Software as a Service (SaaS)", "Specialist Cloud Services",
)  # fmt: skip
GCLOUD_LOT_SPELLINGS = (
    GCLOUD_LOTS,
    ("IaaS", "PaaS", "SaaS", "SCS"),
    ("Infrastructure as a Service", "Platform as a Service", "Software as a Service",
     "Specialist Cloud Services"),
)  # fmt: skip
"""The same four lots; which spelling a line of July 2017 has goes by its framework."""
GCLOUD_9_LOTS = ("Cloud Hosting", "Cloud Hosting", "Cloud Software", "Cloud Support")
DOS_LOTS = (
    "Digital Outcomes", "Digital Specialists", "User Research Participants",
    "User Research Studios",
)  # fmt: skip
# The month in which each G-Cloud, from the first to the ninth, was first bought from.
FRAMEWORK_STARTS = (0, 6, 13, 19, 26, 34, 43, 52, 61)

SUPPLIER_HEADS = _words(
    "Quibble Thimble Lantern Gossamer Cobble Fiddle Bramble Wobble Marrow Tinsel Pebble Bobbin "
    "Umber Tallow Crinkle Dapple Frizzle Gumble Hobnail Inkle Jostle Kindle Larkle Mizzle Nettle "
    "Oddle Puddle Quaver Raffle Snuffle Trundle Umble Velvet Whimble Yaffle Zephyr Buckram "
    "Calico Dimity Ermine Flannel Gingham Hessian Organdy Poplin Sateen Taffeta Wimple"
)
SUPPLIER_TAILS = _words(
    "mark wick loft spindle whistle gantry kettle anvil trellis lattice hopper bellows bodkin "
    "casket dovetail easel ferrule gimlet hinge inkpot jigger keel ladle mallet nib oriel pestle "
    "quern ratchet sprocket tumbler urn valve windlass axle bobble crank dial eyelet flange "
    "girder hasp joist knurl lever mortar nozzle outrigger"
)
TRADES = _words(
    "Systems Digital Consulting Software Cloud Data Networks Partners Technologies Analytics "
    "Labs Solutions"
)
PLACE_HEADS = _words(
    "Elder Larkspur Fennel Tansy Quince Sorrel Woodruff Teasel Bryony Juniper Medlar Damson Borage "
    "Comfrey Hyssop Lovage Tamarisk Vetch Celandine Bilberry Cinnabar Cobalt Umber Ochre Vermil "
    "Indigo Plover Dunlin Siskin Linnet Fieldfare Godwit Whimbrel Lapwing Marjoram Chervil "
    "Angelica Burdock Cardoon Dittany Foxtail Gentian Lungwort Melilot"
)
PLACE_TAILS = _words(
    "wick mere holm combe thwaite fold garth stead haven bourne minster knoll staithe barrow "
    "moor spire strand water fell gate"
)
SUBJECTS = _words(
    "Lanterns Weather Kites Tides Ferns Orchards Bells Clocks Moths Mosses Pebbles Puddles "
    "Rainbows Riddles Ribbons Sundials Teapots Thistles Umbrellas Whistles Buttons Candles "
    "Compasses Cobwebs Daydreams Echoes Feathers Fogs Hedgerows Icicles Kettles Ladders Marbles "
    "Mirrors Mittens Parasols Porridge Quills Snowdrops Toadstools"
)

PLACED = {
    "Health": ("{} Hospitals Trust", "{} Community Health Trust", "{} Ambulance Trust"),
    "Local Government": (
        "Borough of {}", "{} County Council", "{} District Council", "{} City Council",
        "Royal Borough of {}", "{} Borough Council",
    ),
    "Devolved Administrations": ("Assembly of {}", "{} Executive", "Government of the Isle of {}"),
    "Education": ("University of {}", "{} College", "{} Academy Trust"),
    "Police": ("{} Constabulary",),
    "Fire and Rescue": ("{} Fire and Rescue Service",),
    "Not for Profit": ("{} Society", "Friends of {}"),
    "Private Sector": ("{} Water Company",),
}  # fmt: skip
CENTRAL = (
    "Department for {} and {}", "{} and {} Agency", "Office for {} and {}", "{} and {} Commission",
    "Ministry of {} and {}", "{} & {} Inspectorate",
)  # fmt: skip

DESCRIPTIONS = (
    ("{brand} virtual server, {n} vCPU (monthly)", "Storage – tier {n}", "Backup and recovery",
     "Secure hosting, {n} environments", "{brand}® vault"),
    ("Managed platform, {n} nodes", "{brand} application platform", "Database as a service"),
    ("{n} user licences, {brand}", "Case management, annual licence", "{brand}® mail filter",
     "Survey tool – “{subject}”", "Licence for {subject} register", "{brand}Â® archive"),
    ("Business analyst, {n} days", "Delivery management", "Discovery for {subject}",
     "Architecture review, {subject}, phase {n}", "Users’ research: {subject}",
     "Transition support (up to £{n}00 a day)", 'Alpha of the "{subject}" service',
     "Project management", "Consultancy", "Café pilot, {subject}"),
)  # fmt: skip
"""By lot. The `Â®` is text that an earlier system read in the wrong encoding."""


class Supplier(NamedTuple):
    names: tuple[str, str, str]
    """As published in the releases of July 2014, January 2015 and 2017."""
    variant: str
    """Another spelling of the same name, which some of its buyers use; '' where there is none."""
    sizes: tuple[str, str, str]


class Buyer(NamedTuple):
    name: str
    variant: str
    sector: str


class Contract(NamedTuple):
    """What the lines of one call-off have in common."""

    supplier: Supplier
    buyer: Buyer
    odd_spelling: bool
    lot: int
    framework: int
    description: str
    base: float
    """Typical amount in pence."""
    step: int
    """Amounts are whole multiples of it, in pence."""


Cells = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""A line's cells before its month, between month and amount, and after the amount."""

Pieces = tuple[str, str, str]
"""The same as text."""


@dataclass(frozen=True)
class Release:
    """One file: its format, and which lines it differs in from the later ones."""

    filename: str
    newest: int
    stage: int
    """Which of a supplier's three names and sizes it shows."""
    encoding: str
    line_end: str
    published_date: str
    headings: str
    cells: Callable[[Contract, str, str, str], Cells]
    months: Callable[[int], tuple[str, ...]]
    """The spellings of a month, all found in the one column."""
    money: Callable[[int, bool], str]
    numbered: bool = False
    faults: tuple[str, ...] = ("TBC", "", "1,2O0.00")
    """Amounts that cannot be read; the blank stands for a line without a supplier."""


@dataclass(frozen=True)
class Series:
    """One feed: how many lines each month has, and the contracts that they are drawn from."""

    stream: str
    """Seeds every month's stream, with the month."""
    first: int
    counts: list[int]
    contracts: list[Contract]
    started: list[int]
    """How many contracts have begun by the end of each month."""
    weights: list[float]
    """Cumulative, one a contract."""
    releases: tuple[Release, ...]
    unsettled: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By month: the first line that some release shows otherwise, and the most pence for it."""

    def published(self, month: int, release: Release) -> int:
        """How many of the month's lines the release has."""
        age, count = release.newest - month, self.counts[month]
        if release is self.releases[-1] or age >= len(LATE_SHARES):
            return count
        return count - int(count * LATE_SHARES[age])


def write(folder: Path, rows: int, seed: int) -> Path:
    """Write the invented releases and their declaration into `folder`; give the declaration.

    `rows` is the number of data lines in the newest release of both feeds together; the earlier
    G-Cloud releases come on top. The same rows and seed give the same bytes. Raises TooFewRows.
    """
    if rows < FEWEST_ROWS:
        raise TooFewRows(f"rows: {rows} is too few for a sample; at least {FEWEST_ROWS} is needed.")
    folder.mkdir(parents=True, exist_ok=True)
    dos_rows = round(rows * DOS_PART)
    suppliers, buyers = _suppliers(rows, seed), _buyers(rows, seed)
    gcloud = _series("gcloud", rows - dos_rows, seed, suppliers, buyers)
    dos = _series("dos", dos_rows, seed, suppliers, buyers)
    for series in (gcloud, dos):
        for release in series.releases:
            _write_release(folder, series, release)
    declaration = folder / "feeds.yml"
    declaration.write_bytes(_declaration(folder).encode())
    return declaration


# The parties.


def _suppliers(rows: int, seed: int) -> list[Supplier]:
    """The most active first. Their number grows with the rows, ever more slowly."""
    rng = Random(f"{seed} suppliers")
    stories = _stories()
    taken = {name.split()[0] for story in stories for name in story.names}
    roots = [head + tail for head in SUPPLIER_HEADS for tail in SUPPLIER_TAILS]
    roots = [root for root in roots if root not in taken]
    rng.shuffle(roots)
    suppliers = []
    for number in range(round(380 * (rows / 13_500) ** 0.4)):
        # A root comes round again only with another trade, so no name is given twice.
        again, place = divmod(number, len(roots))
        trade = TRADES[(place + 5 * again) % len(TRADES)]
        form = rng.choices(("Ltd", "Limited", "LLP", "plc", "Group Ltd"), (60, 25, 5, 5, 5))[0]
        name, large = f"{roots[place]} {trade} {form}", number % 10 in (1, 4, 8)
        suppliers.append(_supplier(rng, name, large, leading=number < LEADERS))
    # Those with a story are among the most active, so that every sample tells it.
    suppliers[2:2] = stories
    return suppliers


def _supplier(rng: Random, name: str, large: bool, *, leading: bool) -> Supplier:
    variant = _respelt(rng, name)
    early = variant if rng.random() < 0.04 and not leading else name
    middle = variant if rng.random() < 0.02 and not leading else early
    size = "Large" if large else "SME"
    if rng.random() < 0.007:
        size = ""
    later = "Large" if size == "SME" and rng.random() < 0.02 else size
    return Supplier((early, middle, name), variant, (size, size, later))


def _respelt(rng: Random, name: str) -> str:
    """The name as another hand would write it: same words, other case, stop or legal form."""
    choices = [name.upper(), f"{name}."]
    if name.endswith(" Ltd"):
        choices += [f"{name[:-4]} Limited", f"{name[:-4]} LTD"]
    elif name.endswith(" Limited"):
        choices += [f"{name[:-8]} Ltd", f"{name[:-8]} LIMITED"]
    return rng.choice(choices)


def _stories() -> list[Supplier]:
    sme, large = ("SME",) * 3, ("Large",) * 3
    quoted = '"Inkwhistle" Data Co, Limited'
    trading, renamed = "Bobbinquern Ltd (Trading as Threadkettle)", "Hobnailwhistle Digital Ltd"
    return [
        # Reclassified: every line of the last release says otherwise, old months included.
        _steady("Umbergimlet Consulting Ltd", ("SME", "SME", "Large")),
        _steady("Café Nimbleurn Ltd", sme),
        Supplier(("Bobbinquern Ltd", trading, trading), "BOBBINQUERN LIMITED", sme),
        _steady("Velvetjoist® Technologies plc", large),
        _steady("O’Thimblekeel, Larklenib & Daughters LLP", sme),
        _steady(quoted, sme),
        _steady("Dapplehasp – Cloud Works Limited", large),
        _steady("Marrowlever Networks Ltd", ("Large", "SME", "SME")),
        # A true rename, which only a reviewed alias can join.
        Supplier(("Quillmark Systems Ltd", "Quillmark Systems Ltd", renamed), "", sme),
    ]


def _steady(name: str, sizes: tuple[str, str, str]) -> Supplier:
    return Supplier((name, name, name), "", sizes)


def _buyers(rows: int, seed: int) -> dict[str, list[Buyer]]:
    """By sector, the most active first."""
    rng = Random(f"{seed} buyers")
    number = 740 * (rows / 13_500) ** 0.35
    return {
        sector: [
            Buyer(name, name.upper() if " & " not in name else name.replace("&", "and"), sector)
            for name in islice(_buyer_names(rng, sector), max(2, round(number * share)))
        ]
        for sector, (_, share) in SECTORS.items()
    }


def _buyer_names(rng: Random, sector: str) -> Iterator[str]:
    """Every name of the sector once, in random order."""
    if sector == "Central Government":
        names = [
            form.format(one, two)
            for form in CENTRAL
            for index, one in enumerate(SUBJECTS)
            for two in SUBJECTS[index + 1 :]
        ]
    else:
        places = [head + tail for head in PLACE_HEADS for tail in PLACE_TAILS]
        names = [form.format(place) for form in PLACED[sector] for place in places]
    rng.shuffle(names)
    return iter(names)


# The contracts and their months.


def _series(
    feed: str, rows: int, seed: int, suppliers: list[Supplier], buyers: dict[str, list[Buyer]]
) -> Series:
    first, last = (0, JUN_17) if feed == "gcloud" else (DOS_FIRST, DEC_17)
    rng = Random(f"{seed} {feed}")
    busy = [_busyness(month) * rng.uniform(0.94, 1.06) for month in range(first, last + 1)]
    counts = [0] * first + _shares(rows, busy)
    number = min(MOST_CONTRACTS, 500 + int(2.5 * rows**0.75))
    # Rather early than late: the first months too must have several contracts to draw from.
    begun = [0] * first + _shares(number, [math.sqrt(weight) for weight in busy])
    draw = _drawing(rng, feed, suppliers, buyers)
    contracts = [draw(month) for month, new in enumerate(begun) for _ in range(new)]
    weights = list(accumulate(min(rng.paretovariate(1.5), 20.0) for _ in contracts))
    releases = GCLOUD_RELEASES if feed == "gcloud" else DOS_RELEASES
    started = list(accumulate(begun))
    series = Series(f"{seed} {feed}", first, counts, contracts, started, weights, releases)
    series.unsettled.update(_unsettled(series))
    return series


def _busyness(month: int) -> float:
    """How many lines a month has for its place in the series: growth that levels off, seasons."""
    calendar = (FIRST_MONTH - 1 + month) % 12
    return SEASON[calendar] * 2600 / (1 + math.exp((26 - month) / 5.2))


def _shares(total: int, weights: list[float]) -> list[int]:
    """Whole numbers in proportion to the weights, each at least one, that add up to the total."""
    spare, whole = total - len(weights), sum(weights)
    marks = [round(spare * upto / whole) for upto in accumulate(weights)]
    return [1 + here - before for before, here in zip([0, *marks], marks, strict=False)]


def _unsettled(series: Series) -> dict[int, tuple[int, int]]:
    """Where releases differ. No such line is worth more than a thousandth of what was sold."""
    found: dict[int, tuple[int, int]] = {}
    for release in reversed(series.releases):
        most = 1600 * sum(series.counts[: release.newest + 1])
        for month in range(max(series.first, release.newest - 2), release.newest + 1):
            line = series.published(month, release) - _changed(series, release, month)
            line -= len(_faults(series, release, month))
            found[month] = (max(0, line), min(most, MOST_PENCE))
    return found


def _changed(series: Series, release: Release, month: int) -> int:
    """How many lines of the month the release shows with another amount than the next will."""
    last = release is series.releases[-1]
    if last or month not in (release.newest - 1, release.newest - 2):
        return 0
    shown = series.published(month, release)
    return max(1, shown // 60) if shown >= 3 else 0


def _faults(series: Series, release: Release, month: int) -> tuple[str, ...]:
    """The unreadable lines that end a release's newest month: few, and none in a tiny release."""
    lines = sum(series.counts[: release.newest + 1])
    if month != release.newest or lines < 150 or series.counts[month] < 8:
        return ()
    return release.faults[: 1 if lines < 2_000 else 2 if lines < 20_000 else 3]


def _ranked(count: int, bend: float, fall: float) -> list[float]:
    """Cumulative weights by rank; the bends are those of the real feed's parties."""
    return list(accumulate((rank + bend) ** -fall for rank in range(count)))


def _drawing(
    rng: Random, feed: str, suppliers: list[Supplier], buyers: dict[str, list[Buyer]]
) -> Callable[[int], Contract]:
    """Gives a function that draws a contract which begins in a given month."""
    larges = [one for one in suppliers if one.sizes[0] == "Large"]
    smes = [one for one in suppliers if one.sizes[0] != "Large"]
    if feed == "dos":
        # Other firms lead there: the rank turns over, the names stay.
        larges, smes = larges[5:] + larges[:5], smes[12:] + smes[:12]
    pools = [(pool, _ranked(len(pool), 9, 1.6)) for pool in (smes, larges)]
    sectors = [(pool, _ranked(len(pool), 3, 1.5)) for pool in buyers.values()]
    sector_weights = list(accumulate(share for share, _ in SECTORS.values()))

    def draw(month: int) -> Contract:
        large = rng.random() > 0.62 - 0.07 * month / DEC_17
        pool, ranks = pools[large]
        supplier = rng.choices(pool, cum_weights=ranks)[0]
        bodies, ranks = rng.choices(sectors, cum_weights=sector_weights)[0]
        buyer = rng.choices(bodies, cum_weights=ranks)[0]
        return _contract(rng, feed, month, supplier, buyer, large)

    return draw


def _contract(
    rng: Random, feed: str, month: int, supplier: Supplier, buyer: Buyer, large: bool
) -> Contract:
    dos = feed == "dos"
    lot = rng.choices(range(4), (70, 24, 4, 2) if dos else (14.8, 1.8, 15.3, 68.1))[0]
    scale = (8.8, 8.7, 7.0, 6.8)[lot] if dos else (7.3, 8.0, 8.1, 8.5)[lot]
    base = math.exp(rng.gauss(scale, 1.3)) * (1.235 if large else 1.0) * (1 + month / 200)
    framework = bisect_right(FRAMEWORK_STARTS, month)
    if framework > 1 and rng.random() < 0.3:
        framework -= 1  # the previous one runs on beside its successor
    return Contract(
        supplier=supplier,
        buyer=buyer,
        odd_spelling=rng.random() < 0.04,
        lot=lot,
        framework=framework,
        # The one format of which DOS has a release has no place for a description.
        description="" if dos else _description(rng, month, lot, supplier),
        base=100 * base,
        step=rng.choices((1, 100, 5000), (50, 30, 20))[0],
    )


def _description(rng: Random, month: int, lot: int, supplier: Supplier) -> str:
    if rng.random() < 0.015:
        return ""
    text = rng.choice(DESCRIPTIONS[lot]).format(
        brand=supplier.names[0].split()[0].strip('",®'),
        n=rng.randint(1, 12),
        subject=rng.choice(SUBJECTS),
    )
    # July 2014 separates its lines with bare CR, so only what began later may have a line break.
    if month > JUN_14 and rng.random() < 0.06:
        text += "\n(includes travel, at cost)"
    return text


# The lines.


def _lines(series: Series, month: int) -> Iterator[tuple[int, int, bool]]:
    """The month's lines in order: contract, pence, and whether pence was cut from a fraction.

    Every release reads the same stream, so the number drawn must not depend on the release.
    """
    rng = Random(f"{series.stream} {month}")
    draw, contracts = rng.random, series.contracts
    unsettled, most = series.unsettled.get(month, (series.counts[month], MOST_PENCE))
    pick, pence = 0, 0
    for done in range(0, series.counts[month], BLOCK):
        size = min(BLOCK, series.counts[month] - done)
        picks = _picks(series, month, draw, size)
        factors = rng.choices(FACTORS, k=size)
        for line, (drawn, factor) in enumerate(zip(picks, factors, strict=True), done):
            kind = draw()
            if kind > REPEAT or kind < CREDIT or not line:
                pick = drawn
                contract = contracts[pick]
                step = contract.step
                pence = min(int(contract.base * factor) // step * step or step, MOST_PENCE)
                if kind < CREDIT:
                    pence = 0 if kind < ZERO else -min(pence, 2_000_000)
            if line >= unsettled:
                pence = max(-most, min(pence, most))
            yield pick, pence, REPEAT < kind < FRACTION


def _picks(series: Series, month: int, draw: Callable[[], float], size: int) -> list[int]:
    """Contracts that run in the month, the larger the likelier. The inner loop, so kept flat."""
    low = series.started[month - CONTRACT_MONTHS] if month - CONTRACT_MONTHS >= 0 else 0
    last = series.started[month] - 1
    start = series.weights[low - 1] if low else 0.0
    span, weights = series.weights[last] - start, series.weights
    return [bisect(weights, start + draw() * span, low, last) for _ in range(size)]


def _write_release(folder: Path, series: Series, release: Release) -> None:
    path = folder / release.filename
    with path.open("w", encoding=release.encoding, newline="") as file:
        file.write(release.headings + release.line_end)
        file.writelines(_texts(series, release))


def _texts(series: Series, release: Release) -> Iterator[str]:
    """The release's lines as text, each with its line end."""
    pieces = [_pieces(release, one) for one in series.contracts[: series.started[release.newest]]]
    money, end, number = release.money, release.line_end, 0
    for month in range(series.first, release.newest + 1):
        shown, names = series.published(month, release), release.months(month)
        faults = _faults(series, release, month)
        good = shown - len(faults)
        changed_from = good - _changed(series, release, month)
        lines = _lines(series, month)
        for line, (pick, pence, fraction) in enumerate(islice(lines, good)):
            if line >= changed_from:
                pence = pence * 2 // 3 + 100  # as first reported, before it was put right
            before, between, after = pieces[pick]
            number += 1
            start = f"{number}," if release.numbered else ""
            name = names[pick % len(names)]
            yield f"{start}{before}{name}{between}{money(pence, fraction)}{after}{end}"
        for fault, (pick, pence, _) in zip(faults, lines, strict=False):
            number += 1
            start = f"{number}," if release.numbered else ""
            yield start + _unreadable(series, release, pick, names[0], fault or None, pence) + end


def _unreadable(
    series: Series, release: Release, pick: int, month: str, amount: str | None, pence: int
) -> str:
    """A line with an amount that cannot be read or, where None is given, without a supplier."""
    contract = series.contracts[pick]
    if amount is None:
        before, between, after = _pieces(release, contract, supplier="")
        return f"{before}{month}{between}{release.money(pence, False)}{after}"
    before, between, after = _pieces(release, contract)
    return f"{before}{month}{between}{_cell(amount)}{after}"


# The formats.


def _pieces(release: Release, contract: Contract, supplier: str | None = None) -> Pieces:
    named, buyer = contract.supplier, contract.buyer
    if supplier is None:
        supplier = (contract.odd_spelling and named.variant) or named.names[release.stage]
    before, between, after = release.cells(
        contract,
        supplier,
        buyer.variant if contract.odd_spelling else buyer.name,
        named.sizes[release.stage],
    )
    return (
        "".join(_cell(cell) + "," for cell in before),
        "," + "".join(_cell(cell) + "," for cell in between),
        "".join("," + _cell(cell) for cell in after),
    )


def _cell(text: str) -> str:
    if any(mark in text for mark in ',"\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _july_2014(contract: Contract, supplier: str, buyer: str, size: str) -> Cells:
    before = ("G-Cloud", str(contract.lot + 1), supplier, buyer)
    return before, (contract.description,), (contract.buyer.sector, size)


def _january_2015(contract: Contract, supplier: str, buyer: str, size: str) -> Cells:
    after = (contract.buyer.sector, size, contract.description, supplier, buyer)
    return (GCLOUD_LOTS[contract.lot],), (), after


def _july_2017(contract: Contract, supplier: str, buyer: str, size: str) -> Cells:
    number = contract.framework
    lots = GCLOUD_9_LOTS if number >= 9 else GCLOUD_LOT_SPELLINGS[number % 3]
    before = (f"G-Cloud {number}", lots[contract.lot], supplier, buyer)
    return before, (contract.description,), (contract.buyer.sector, size)


def _dos(contract: Contract, supplier: str, buyer: str, size: str) -> Cells:
    return (contract.buyer.sector, DOS_LOTS[contract.lot]), (), (size, supplier, buyer)


def _calendar(month: int) -> tuple[int, int]:
    """The year, and the month of it from 0."""
    return divmod(FIRST_YEAR * 12 + FIRST_MONTH - 1 + month, 12)


def _iso_months(month: int) -> tuple[str, ...]:
    year, calendar = _calendar(month)
    return (f"{year}-{calendar + 1:02}-01",)


def _british_days(month: int) -> tuple[str, ...]:
    year, calendar = _calendar(month)
    return (f"01/{calendar + 1:02}/{year}",)


def _serials_and_days(month: int) -> tuple[str, ...]:
    """`42887` and `1/6/2017`: a date that a spreadsheet has recognised, and one that it has not."""
    year, calendar = _calendar(month)
    first = date(year, calendar + 1, 1)
    return str((first - EXCEL_EPOCH).days), f"1/{first.month}/{year}"


def _short_months(month: int) -> tuple[str, ...]:
    year, calendar = _calendar(month)
    return (f"{MONTH_NAMES[calendar]}-{year % 100:02}",)


def _bare_pounds(pence: int, fraction: bool) -> str:
    """`43200`, `129.6`; a fraction of a penny still rounds, half away from zero, to the pence."""
    if fraction and pence > 0:
        if pence % 3:
            return f"{pence // 100}.{pence % 100:02}{'3333' if pence % 2 else '25'}"
        return f"{(pence - 1) // 100}.{(pence - 1) % 100:02}5"
    return f"{pence / 100:.2f}".rstrip("0").rstrip(".")


def _plain_pounds(pence: int, fraction: bool) -> str:
    return f"{pence / 100:.2f}"


def _accounting_pounds(pence: int, fraction: bool) -> str:
    text = f"£{abs(pence) / 100:,.2f}"
    text = f"({text})" if pence < 0 else text
    return f'"{text}"' if "," in text else text


def _accounting_with_dash(pence: int, fraction: bool) -> str:
    """As a spreadsheet's accounting format shows it, where nought is a dash."""
    return _accounting_pounds(pence, fraction) if pence else "-"


def _spaced_pounds(pence: int, fraction: bool) -> str:
    """The same with stray spaces: `£12.00 ` or ` £ 12.00 `. Which, goes by the whole pounds."""
    style = pence // 100 % 8
    if style > 1 or not pence:
        return _accounting_with_dash(pence, fraction)
    text = _accounting_pounds(pence, fraction).strip('"') + " "
    if style == 1 and pence > 0:
        text = f" £ {text[1:]}"
    return f'"{text}"' if "," in text else text


GCLOUD_RELEASES = (
    Release(
        filename="G-Cloud-Spend-14-07-14.csv",
        newest=JUN_14,
        stage=0,
        encoding="mac_roman",
        line_end="\r",
        published_date="2014-07-14",
        headings="ID,Framework,LotDescription,SupplierName,CustomerName,ReturnMonth,"
        "ProjectNameAndDescription,EvidencedSpend,Sector,SMEorLarge",
        cells=_july_2014,
        months=_iso_months,
        money=_bare_pounds,
        numbered=True,
    ),
    Release(
        filename="G-Cloud-Total-Spend-20-01-15.csv",
        newest=DEC_14,
        stage=1,
        encoding="utf-8-sig",
        line_end="\n",
        published_date="2015-01-20",
        headings="Lot Name,Return Month,Evidenced Spend,Sector,SME or Large,Product,Supplier,"
        "Customer",
        cells=_january_2015,
        months=_british_days,
        money=_plain_pounds,
        faults=("", "TBC", "see note"),
    ),
    Release(
        filename="g-cloud-sales-figures-july2017.csv",
        newest=JUN_17,
        stage=2,
        encoding="cp1252",
        line_end="\r\n",
        published_date="2017-07-28",
        headings="Framework,Lot,Supplier Name,Customer Name,Return Month,Product Description,"
        "Evidenced Spend,Sector,SME Status",
        cells=_july_2017,
        months=_serials_and_days,
        money=_spaced_pounds,
    ),
)
DOS_RELEASES = (
    Release(
        filename="DOS-spend-Dec2017.csv",
        newest=DEC_17,
        stage=2,
        encoding="cp1252",
        line_end="\r\n",
        published_date="2018-01-22",
        headings="Sector,Lot,Month,Spend,SME Status,Supplier Name,Customer Name",
        cells=_dos,
        months=_short_months,
        money=_accounting_with_dash,
        faults=("", "TBC", "£1,2O0.00"),
    ),
)


def _declaration(folder: Path) -> str:
    """Says on every feed that nobody published it: what is invented must not look like a source."""
    parts = ["# Written by ingest/sample.py: invented data.\nillustrative: true\nfeeds:\n"]
    for feed_id, releases in (("gcloud-sales", GCLOUD_RELEASES), ("dos-sales", DOS_RELEASES)):
        parts.append(
            f"  {feed_id}:\n    like: {feed_id}\n    publisher: Invented for illustration\n"
            "    attribution: Invented for illustration. No body or firm named here exists.\n"
            "    provenance: invented for illustration\n"
            f"{_limits([folder / release.filename for release in releases])}    sources:\n"
        )
        parts.extend(
            f"      - kind: file\n        path: {release.filename}\n"
            f"        published_date: {release.published_date}\n"
            "        provenance: invented for illustration\n        tried_on: fixture\n"
            for release in releases
        )
    return "".join(parts)


def _limits(files: list[Path]) -> str:
    """Leave for files that are larger than a feed's may be unless it says so."""
    megabytes = -(-max(path.stat().st_size for path in files) // 1_000_000)
    if megabytes <= Limits().max_mb:
        return ""
    return f"    limits: {{max_mb: {megabytes}}}\n"
