"""Charts as inline SVG, drawn by pygal; colours and fonts are left to the style of the page."""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pygal  # type: ignore[import-untyped]

# Pygal leaves a finder of an old kind in the import system, which warns at every later import.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

Points = Sequence[tuple[float, float]]

_NOISE = (
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"<defs>.*?</defs>", re.DOTALL),
    re.compile(r' id="[^"]*"'),
    re.compile(r'<g transform="[^"]*" class="plot tooltip-overlay">.*?</g></g></g>'),
    re.compile(r' xmlns(:xlink)?="[^"]*"'),
)
_WIDTH, _HEIGHT = 460, 300
_SHARES = (0, 0.2, 0.4, 0.6, 0.8, 1)


def curves(
    title: str,
    lines: Mapping[str, Points],
    *,
    x: str,
    y: str,
    guide: Points = (),
    x_range: tuple[float, float] = (0, 1),
    x_labels: Sequence[float] = _SHARES,
) -> str:
    """Draw lines of (x, y) points with y from 0 to 1; `guide` is a line to compare with.

    The lines are of the classes `serie-0`, `serie-1`, … in their order, the guide of the last.
    """
    chart = pygal.XY(
        **_CONFIG,
        width=_WIDTH,
        height=_HEIGHT,
        x_title=x,
        y_title=y,
        range=(0, 1),
        xrange=x_range,
        dots_size=2.5,
        show_legend=False,
        x_labels=x_labels,
        y_labels=_SHARES,
        value_formatter=lambda value: f"{value:g}",
        x_value_formatter=lambda value: f"{value:g}",
    )
    for name, points in lines.items():
        chart.add(name, list(points), show_dots=len(points) <= _FEW)
    if guide:
        chart.add(None, list(guide), show_dots=False)
    return _svg(chart, title)


def histogram(title: str, bars: Sequence[tuple[str, int]], *, x: str, y: str) -> str:
    """Draw how many fall under each label."""
    chart = pygal.Bar(
        **_CONFIG,
        width=_WIDTH,
        height=_HEIGHT,
        x_title=x,
        y_title=y,
        show_legend=False,
        spacing=2,
        truncate_label=-1,
        y_labels=_counts(max((count for _, count in bars), default=0)),
        value_formatter=lambda value: f"{value:g}",
    )
    chart.x_labels = [label for label, _ in bars]
    chart.add("", [count for _, count in bars])
    return _svg(chart, title)


def _counts(most: int) -> list[int]:
    """List whole numbers from 0 to `most` and a little beyond, about five of them."""
    step = max(1, -(-most // 4))
    return list(range(0, most + step, step))


def sparkline(title: str, values: Sequence[float]) -> str:
    """Draw a small line without axes."""
    chart = pygal.Line(**_CONFIG)
    chart.add("", list(values))
    svg = chart.render_sparkline(width=120, height=28, show_dots=len(values) == 1, **_RENDER)
    return _named(str(svg), title)


_FEW = 12

_CONFIG: dict[str, Any] = {
    "js": [],
    "css": [],
    "explicit_size": False,
    "disable_xml_declaration": True,
    "no_prefix": True,
    "margin": 8,
}
_RENDER: dict[str, Any] = {"is_unicode": True, "disable_xml_declaration": True}


def _svg(chart: Any, title: str) -> str:
    return _named(str(chart.render(**_RENDER)), title)


def _named(svg: str, title: str) -> str:
    """Keep the drawing alone: no style or script of its own, nothing that differs from run to run.

    It gets a name for screen readers instead.
    """
    for noise in _NOISE:
        svg = noise.sub("", svg)
    name = html.escape(title, quote=True)
    svg = svg.replace("<title>Pygal</title>", f"<title>{name}</title>", 1)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{name}" ', 1)
