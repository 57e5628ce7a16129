"""Charts drawn on the server, so that they show without JavaScript and in print.

A chart is a Vega-Lite specification kept as data (NAME.vl.json). Its colours are markers that
become CSS variables and patterns here, so that one drawing serves light, dark and black and white.
The specification goes with the drawing, as data, so that a browser can bring it to life.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import vl_convert
from markupsafe import Markup, escape

from govspend_site import drawings, page, words

# Wide for a desk and paper, narrow for a phone: text keeps its size in both.
_SIZES = {"wide": (820, 320), "narrow": (250, 240)}
_INK = {"#0000b1": "currentColor", "#0000b2": "var(--chart-grid, #b1b4b6)"}
_SOLID = {"#0000a1": "var(--chart-first, #12436d)"}
# The second and third series carry a pattern: they are told apart without colour.
_PATTERNS = {
    "#0000a2": (
        "second",
        '<rect width="6" height="6" fill="var(--chart-second-back, #d3ebe8)"/>'
        '<path d="M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2" '
        'stroke="var(--chart-second, #1b766e)" stroke-width="1.6"/>',
    ),
    "#0000a3": (
        "third",
        '<rect width="6" height="6" fill="var(--chart-third-back, #fff)"/>'
        '<circle cx="3" cy="3" r="1.4" fill="var(--chart-third, #801650)"/>',
    ),
}
_HEADING = {
    "anchor": "start",
    "frame": "group",
    "fontSize": 30,
    "lineHeight": 38,
    "subtitleFontSize": 20,
    "subtitlePadding": 12,
    "offset": 20,
    "color": "#0b0c0c",
    "subtitleColor": "#484f54",
}
_SOURCE = {
    "titleAnchor": "start",
    "titleAlign": "left",
    "titleFontSize": 17,
    "titleFontWeight": "normal",
    "titleLineHeight": 23,
    "titlePadding": 18,
    "titleColor": "#484f54",
}


@functools.cache
def specification(name: str) -> dict[str, Any]:
    """The Vega-Lite specification NAME.vl.json, without figures."""
    text = (Path(__file__).parent / "charts" / f"{name}.vl.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def load() -> None:
    """Draws a chart of nothing: the first drawing of a process takes seconds."""
    vl_convert.vegalite_to_svg({"data": {"values": []}, "mark": "bar"})


def both(
    name: str, figures: list[dict[str, object]], title: str, text: str, key: str = ""
) -> list[Markup]:
    """The chart at both widths, of which the style sheet shows one, and its data to bring it alive.

    `key` tells apart charts of one specification on one page.
    """
    drawings = [drawn(name, figures, title, text, size, key) for size in _SIZES]
    return [*drawings, live(name, figures, title, text, key)]


def drawn(
    name: str, figures: list[dict[str, object]], title: str, text: str, size: str, key: str = ""
) -> Markup:
    """The chart as an SVG element with its title and description for screen readers."""
    spec = {
        **filled(name, figures),
        "width": _SIZES[size][0],
        "height": _height(name, figures, size),
    }
    svg = drawings.svg(spec)
    return Markup(_dressed(svg, f"{key or name}-{size}", size, title, text))


def live(
    name: str, figures: list[dict[str, object]], title: str, text: str, key: str = ""
) -> Markup:
    """The specification as data for live-charts.js, which draws it in place of the SVG."""
    # The browser's Vega-Lite is newer than the specification's edition, and would warn of it.
    spec = {key: value for key, value in filled(name, figures).items() if key != "$schema"}
    data = {
        "spec": spec,
        "title": title,
        "text": text,
        "key": key or name,
        "colours": {**_INK, **_SOLID},
        "patterns": {marker: pattern for marker, (pattern, _) in _PATTERNS.items()},
        "heights": {size: _height(name, figures, size) for size in _SIZES},
    }
    said = page.as_script_data(data)
    return Markup(f'<script type="application/json" class="chart-spec">{said}</script>')


def _height(name: str, figures: list[dict[str, object]], size: str) -> int:
    """Of the plot: where each bar has a line to itself, it grows with them."""
    row_height = specification(name).get("usermeta", {}).get("row_height")
    return row_height * max(1, len(figures)) if row_height else _SIZES[size][1]


def filled(name: str, figures: list[dict[str, object]]) -> dict[str, Any]:
    """The specification with its figures, each told in words for who points at it."""
    spec = dict(specification(name))
    spec["data"] = {"name": "figures", "values": [_told(row) for row in figures]}
    return _with_series_of(figures, spec)


def _told(row: dict[str, object]) -> dict[str, object]:
    if "tip" in row or not isinstance(row.get("amount_m"), int | float):
        return row
    pence = round(float(str(row["amount_m"])) * 10**8)
    tip = f"{words.month_name(row['month'])}: {row['size']} {words.rounded_pounds(pence)}"
    return {**row, "tip": tip}


def image(
    name: str, figures: list[dict[str, object]], title: list[str], unit: str, source: list[str]
) -> str:
    """The chart as an SVG file that stands by itself: background, title, unit and source line."""
    spec = filled(name, figures)
    encoding = {**spec["encoding"]}
    # Below the axis is the only place that Vega-Lite gives a line under a chart.
    below = {**encoding["x"]["axis"], **_SOURCE, "title": source, "orient": "bottom"}
    encoding["x"] = {**encoding["x"], "axis": below}
    sizes = {"labelFontSize": 19}
    config = {
        **spec["config"],
        "font": "Liberation Sans, Arial, Helvetica, sans-serif",
        "axis": {**spec["config"]["axis"], **sizes},
        "legend": {**spec["config"]["legend"], **sizes},
    }
    heading = {"text": title, "subtitle": unit, **_HEADING}
    height = max(630, 190 + _height(name, figures, "wide"))
    size = {
        "width": 1200,
        "height": height,
        "padding": {"left": 40, "right": 40, "top": 36, "bottom": 30},
    }
    fit = {"type": "fit", "contains": "padding"}
    svg = drawings.svg(
        {**spec, **size, "autosize": fit, "title": heading, "encoding": encoding, "config": config},
        is_kept=False,
    )
    dressed = _dressed(svg, "chart", "file", " ".join(title), " ".join(source))
    # Outside a page there are no variables of its style sheet, and not every viewer knows them.
    dressed = re.sub(r"var\([^,()]+, ([^()]+)\)", r"\1", dressed).replace("currentColor", "#0b0c0c")
    found = re.search(r'viewBox="[-\d. ]+"', dressed)
    attributes = f'width="1200" height="{height}" viewBox="0 0 1200 {height}"'
    dressed = dressed.replace(found[0], attributes, 1) if found else dressed
    return dressed.replace("<defs>", '<rect width="100%" height="100%" fill="#fff"/><defs>', 1)


def png(svg: str) -> bytes:
    """An image as PNG, for where a link is pasted."""
    made: bytes = vl_convert.svg_to_png(svg)
    return made


def _with_series_of(figures: list[dict[str, object]], spec: dict[str, Any]) -> dict[str, Any]:
    """The specification with only those series in its legend that the figures hold."""
    if "color" not in spec["encoding"]:
        return spec
    present = {row["size"] for row in figures}
    scale = spec["encoding"]["color"]["scale"]
    pairs = [p for p in zip(scale["domain"], scale["range"], strict=True) if p[0] in present]
    color = {
        **spec["encoding"]["color"],
        "scale": {"domain": [p[0] for p in pairs], "range": [p[1] for p in pairs]},
    }
    return {**spec, "encoding": {**spec["encoding"], "color": color}}


def _dressed(svg: str, key: str, size: str, title: str, text: str) -> str:
    """The drawing with our own root element, patterns and colours."""
    found = re.search(r'<svg[^>]*viewBox="([^"]+)"[^>]*>', svg)
    if found is None:
        raise ValueError(f"the chart {key} was drawn without a viewBox")
    # One image with a title and a description: its parts have no names of their own to give.
    body = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", svg[found.end() :])
    for marker, colour in {**_INK, **_SOLID}.items():
        body = body.replace(marker, colour)
    patterns = []
    for marker, (name, shapes) in _PATTERNS.items():
        body = body.replace(marker, f"url(#{key}-{name})")
        patterns.append(
            f'<pattern id="{key}-{name}" width="6" height="6" patternUnits="userSpaceOnUse">'
            f"{shapes}</pattern>"
        )
    return (
        f'<svg class="chart chart-{size}" role="img" viewBox="{found[1]}" '
        f'aria-labelledby="{key}-title {key}-desc" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-desc">{escape(text)}</desc>'
        f"<defs>{''.join(patterns)}</defs>{body}"
    )
