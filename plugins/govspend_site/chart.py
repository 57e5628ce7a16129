"""Charts drawn on the server, so that they show without JavaScript and in print.

A chart is a Vega-Lite specification kept as data (NAME.vl.json). Its colours are markers that
become CSS variables and patterns here, so that one drawing serves light, dark and black and white.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import vl_convert
from markupsafe import Markup, escape

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


@functools.cache
def specification(name: str) -> dict[str, Any]:
    """The Vega-Lite specification NAME.vl.json, without figures."""
    text = (Path(__file__).parent / f"{name}.vl.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def both(name: str, figures: list[dict[str, object]], title: str, text: str) -> list[Markup]:
    """The chart at both widths; the style sheet shows the one that fits."""
    return [drawn(name, figures, title, text, size) for size in _SIZES]


def drawn(name: str, figures: list[dict[str, object]], title: str, text: str, size: str) -> Markup:
    """The chart as an SVG element with its title and description for screen readers."""
    width, height = _SIZES[size]
    spec = {**specification(name), "width": width, "height": height}
    spec["data"] = {"name": "figures", "values": figures}
    svg = vl_convert.vegalite_to_svg(_with_series_of(figures, spec))
    return Markup(_dressed(svg, f"{name}-{size}", size, title, text))


def _with_series_of(figures: list[dict[str, object]], spec: dict[str, Any]) -> dict[str, Any]:
    """The specification with only those series in its legend that the figures hold."""
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
    body = svg[found.end() :]
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
