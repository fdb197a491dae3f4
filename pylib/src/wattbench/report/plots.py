"""Plots as inline SVG that follow the page's colours, light and dark.

Matplotlib draws with stand-in colours; afterwards each becomes a CSS variable of the page (`page.css`). Text stays
text, one point is one CSS pixel, and ids get a prefix because many plots share one page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from wattbench.report.numbers import MICRO, signed
from wattbench.robot.results import Judgement, Timed, Trace

INK, MUTED, RULE, BAND = "#010101", "#020202", "#030303", "#040404"
INJECTED, MEASURED, GOOD, BAD = "#050505", "#060606", "#070707", "#080808"
_VARIABLES = {
    INK: "--ink", MUTED: "--muted", RULE: "--rule", BAND: "--band",
    INJECTED: "--injected", MEASURED: "--measured", GOOD: "--good", BAD: "--bad",
}  # fmt: skip
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 1,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "path.simplify_threshold": 0.3,
}
_POINTS_PER_INCH = 72
MAX_POINTS = 600


@contextmanager
def drawing(width: float, height: float) -> Iterator[Figure]:
    """A figure of so many CSS pixels in the style of the page."""
    with mpl.rc_context(_STYLE):
        yield Figure(figsize=(width / _POINTS_PER_INCH, height / _POINTS_PER_INCH))


def svg(figure: Figure, prefix: str, label: str) -> str:
    """The figure as inline SVG; `prefix` keeps its ids apart from those of other plots on the page."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": prefix}):
        figure.savefig(
            buffer, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r"url\(#", f"url(#{prefix}-", text)
    text = re.sub(r'href="#', f'href="#{prefix}-', text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    text = re.sub(r"font-family: [^;\"]*", "font-family: var(--font)", text)
    opening, _, rest = text.partition(">")
    opening = re.sub(r' (?:width|height)="[^"]*"', "", opening)
    width = round(figure.get_figwidth() * _POINTS_PER_INCH)
    return f'{opening} role="img" aria-label="{label}" style="max-width: {width}px">{rest}'


def _clip(value: float, edge: float) -> tuple[float, str]:
    """Where to draw an error: at its place, or as an arrow at the edge of the plot."""
    if abs(value) <= edge:
        return value, "o"
    return (edge, ">") if value > 0 else (-edge, "<")


def error_plot(judgements: Sequence[Judgement], width: float, prefix: str) -> str:
    """Errors in percent against their limits, one row each; `width` in CSS pixels decides where the names go.

    The axis holds the widest limit; an error far outside is an arrow at the edge with its value beside it.
    """
    narrow = width < 560
    row_height = 44 if narrow else 30
    height = row_height * len(judgements) + 52
    names = [f"{item.point} · {item.source}" for item in judgements]
    edge = 1.45 * max(item.limit for item in judgements)
    with drawing(width, height) as figure:
        left, right = (8, 66) if narrow else (16 + 6.6 * max(map(len, names)), 72)
        axes = figure.add_axes((left / width, 44 / height, (width - left - right) / width, 1 - 52 / height))
        for row, item in enumerate(judgements):
            colour = GOOD if item.passed else BAD
            line = row + (0.18 if narrow else 0.0)
            axes.barh(line, 2 * item.limit, left=-item.limit, height=12 / row_height, color=BAND, zorder=1)
            for side in (-item.limit, item.limit):
                axes.plot([side, side], [line - 8 / row_height, line + 8 / row_height], color=MUTED, lw=1, zorder=2)
            at, marker = _clip(item.error, edge)
            if marker == "o" and item.uncertainty:
                axes.plot([at - item.uncertainty, at + item.uncertainty], [line, line], color=colour, lw=1.6, zorder=3)
            axes.plot([at], [line], marker=marker, color=colour, ms=7, mew=0, zorder=4, clip_on=False)
            if narrow:
                axes.annotate(
                    names[row], (0, row - 0.27), (0, 0), ("axes fraction", "data"), "offset points", va="center"
                )
            else:
                axes.annotate(
                    names[row], (0, line), (-12, 0), ("axes fraction", "data"), "offset points", ha="right", va="center"
                )
            place = (1, line), (66 if narrow else 70, 0), ("axes fraction", "data"), "offset points"
            axes.annotate(f"{signed(item.error)} %", *place, ha="right", va="center", color=colour, weight="bold")
        axes.axvline(0, color=RULE, lw=1, zorder=0)
        axes.set_xlim(-edge * 1.02, edge * 1.02)
        axes.set_ylim(len(judgements) - 0.4, -0.6)
        axes.set_yticks([])
        axes.locator_params(axis="x", nbins=5 if narrow else 7)
        axes.set_xlabel("error in % of the injected value")
        return svg(figure, prefix, "Measured errors against their limits")


def _thin(times: Sequence[float], values: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    step = -(-len(times) // MAX_POINTS) or 1
    return times[::step], values[::step]


def trace_plot(trace: Trace, prefix: str, width: float = 330, height: float = 190) -> str:
    """One quantity over virtual time: the injected one as a broad line, the measured one on top of it."""
    with drawing(width, height) as figure:
        left, bottom = 58, 40
        axes: Axes = figure.add_axes(
            (left / width, bottom / height, (width - left - 12) / width, 1 - (bottom + 14) / height)
        )
        axes.plot(*_thin(trace.injected_s, trace.injected), color=INJECTED, lw=4.5, solid_capstyle="butt")
        axes.plot(*_thin(trace.measured_s, trace.measured), color=MEASURED, lw=1.6)
        low, high = axes.get_ylim()
        least = 0.02 * max(abs(low), abs(high))
        if high - low < least:
            middle = (low + high) / 2
            axes.set_ylim(middle - least / 2, middle + least / 2)
        axes.grid(axis="y", color=RULE, lw=0.8)
        axes.set_axisbelow(True)
        axes.locator_params(axis="y", nbins=5)
        axes.locator_params(axis="x", nbins=6)
        axes.ticklabel_format(useOffset=False, style="plain", axis="both")
        axes.margins(x=0)
        axes.set_xlabel("virtual time in s")
        return svg(figure, prefix, f"{trace.quantity} injected and measured over virtual time")


_TIME_UNITS = (("s", 1e9), ("ms", 1e6), (f"{MICRO}s", 1e3), ("ns", 1.0))


def histogram_plot(item: Timed, prefix: str, width: float = 330, height: float = 190) -> str:
    """How often a timed quantity had which value; a limit on the same scale is a line where it is not far away."""
    largest = max(abs(item.edges[0]), abs(item.edges[-1]))
    unit, size = next(entry for entry in _TIME_UNITS if largest >= entry[1] or entry[1] == 1.0)
    edges = [edge / size for edge in item.edges]
    with drawing(width, height) as figure:
        left, bottom = 58, 40
        axes: Axes = figure.add_axes(
            (left / width, bottom / height, (width - left - 12) / width, 1 - (bottom + 14) / height)
        )
        axes.stairs(item.counts, edges, fill=True, color=MEASURED if item.passed else BAD)
        axes.set_yscale("symlog", linthresh=1)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:g}"))
        axes.set_ylim(0, None)
        span, limit = edges[-1] - edges[0], item.limit / size
        if item.judged == "longest" and limit - edges[-1] < 2 * span:
            axes.axvline(limit, color=INK, lw=1)
        axes.grid(axis="y", color=RULE, lw=0.8)
        axes.set_axisbelow(True)
        axes.locator_params(axis="x", nbins=5)
        axes.ticklabel_format(useOffset=False, style="plain", axis="x")
        axes.set_xlabel(f"{unit}")
        return svg(figure, prefix, f"Histogram of {item.quantity}")
