"""Error curves of a type test as inline SVG: over current, power factor or temperature, with the limits as a band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FuncFormatter, NullLocator

from wattbench.report.plots import BAD, BAND, GOOD, INJECTED, INK, MEASURED, MUTED, RULE, drawing, svg

_LINES = ((MEASURED, "-"), (GOOD, "-"), (INK, "-"), (MUTED, "-"), (MEASURED, "--"), (GOOD, "--"), (INK, "--"))
_LINES_AGAIN = (":", "-.")
_LABELS = (1, 2, 5)
WIDTH, HEIGHT = 500.0, 300.0
"""CSS pixels of a plot, without the names of its curves."""


@dataclass(frozen=True)
class Curve:
    """Errors, uncertainties and limits in percent at `places` on the axis (A, degrees, °C), ascending."""

    label: str
    places: Sequence[float]
    errors: Sequence[float]
    uncertainties: Sequence[float]
    limits: Sequence[float]
    passed: Sequence[bool]


def current_plot(curves: Sequence[Curve], prefix: str) -> str:
    """Errors over the logarithm of the current, a curve for each power factor; those far outside lie at its edge."""
    with drawing(WIDTH, _height(curves)) as figure:
        axes = _axes(figure, curves)
        axes.set_xscale("log")
        _band(axes, curves, steps=True)
        _draw(axes, curves)
        axes.set_xlabel("current in A")
        axes.xaxis.set_minor_locator(NullLocator())
        low, high = axes.get_xlim()
        axes.set_xticks([m * 10.0**e for e in range(-4, 5) for m in _LABELS if low <= m * 10.0**e <= high])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        return _finished(figure, prefix, "Errors over current against their limits")


def level_plot(curves: Sequence[Curve], ticks: Sequence[tuple[float, str]], axis: str, prefix: str) -> str:
    """Errors over something named on a linear axis, such as the angle of the current; `ticks` are places with names."""
    with drawing(WIDTH, _height(curves)) as figure:
        axes = _axes(figure, curves)
        _band(axes, curves, steps=False)
        _draw(axes, curves)
        axes.set_xlabel(axis)
        axes.set_xticks([place for place, _ in ticks])
        axes.xaxis.set_major_formatter(FixedFormatter([name for _, name in ticks]))
        axes.margins(x=0.08)
        return _finished(figure, prefix, f"Errors over {axis} against their limits")


def _legend(curves: Sequence[Curve]) -> float:
    """Height of the lines that name the curves."""
    return 16 * (-(-len(curves) // 2)) + 8


def _height(curves: Sequence[Curve]) -> float:
    return HEIGHT + _legend(curves)


def _axes(figure: Figure, curves: Sequence[Curve]) -> Axes:
    total = _height(curves)
    place = (52 / WIDTH, (44 + _legend(curves)) / total, (WIDTH - 62) / WIDTH, (HEIGHT - 54) / total)
    axes: Axes = figure.add_axes(place)
    return axes


def _draw(axes: Axes, curves: Sequence[Curve]) -> None:
    edge = 1.45 * max(max(curve.limits) for curve in curves)
    axes.axhline(0, color=RULE, lw=1, zorder=1)
    for number, curve in enumerate(curves):
        colour, style = _LINES[number % len(_LINES)]
        if number >= len(_LINES):
            style = _LINES_AGAIN[number // len(_LINES) % 2]
        shown = [max(-edge, min(edge, error)) for error in curve.errors]
        axes.plot(curve.places, shown, color=colour, ls=style, lw=1.5, zorder=3, label=curve.label)
        for place, at, doubt, passed in zip(curve.places, shown, curve.uncertainties, curve.passed, strict=True):
            mark = colour if passed else BAD
            axes.plot([place, place], [at - doubt, at + doubt], color=mark, lw=1.2, zorder=3)
            axes.plot([place], [at], "o" if passed else "X", color=mark, ms=4 if passed else 8, mew=0, zorder=4)
    axes.set_ylim(-edge, edge)
    axes.set_ylabel("error in %")
    axes.grid(axis="y", color=RULE, lw=0.6)
    axes.set_axisbelow(True)


def _finished(figure: Figure, prefix: str, label: str) -> str:
    figure.legend(loc="lower left", bbox_to_anchor=(0.02, 0.0), ncols=2, frameon=False, fontsize=10)
    return svg(figure, prefix, label)


def _band(axes: Axes, curves: Sequence[Curve], steps: bool) -> None:
    """The widest limit of the curves at each place; over the current as steps that begin at their current."""
    widest: dict[float, float] = {}
    for curve in curves:
        for place, limit in zip(curve.places, curve.limits, strict=True):
            widest[place] = max(limit, widest.get(place, 0.0))
    places = sorted(widest)
    limits = [widest[place] for place in places]
    if len(places) == 1:
        places, limits = [places[0] * 0.8, places[0] * 1.25], limits * 2
    if steps:
        axes.fill_between(places, [-x for x in limits], limits, step="post", color=BAND, lw=0, zorder=0)
    else:
        axes.fill_between(places, [-x for x in limits], limits, color=BAND, lw=0, zorder=0)
    for sign in (-1, 1):
        outline = [sign * limit for limit in limits]
        if steps:
            axes.step(places, outline, where="post", color=INJECTED, lw=1.2, zorder=2)
        else:
            axes.plot(places, outline, color=INJECTED, lw=1.2, zorder=2)
