"""Error curves of a type test as inline SVG: error over current, with the limits as a band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from wattbench.report.plots import BAD, BAND, GOOD, INJECTED, INK, MEASURED, MUTED, RULE, drawing, svg

_LINES = ((MEASURED, "-"), (GOOD, "-"), (INK, "-"), (MUTED, "-"), (MEASURED, "--"), (GOOD, "--"), (INK, "--"))
_LINES_AGAIN = (":", "-.")
_LABELS = (1, 2, 5)


@dataclass(frozen=True)
class Curve:
    """One power factor: errors, uncertainties and limits in percent at currents in A, in ascending order."""

    label: str
    currents_a: Sequence[float]
    errors: Sequence[float]
    uncertainties: Sequence[float]
    limits: Sequence[float]
    passed: Sequence[bool]


def curve_plot(curves: Sequence[Curve], prefix: str, width: float = 500, height: float = 300) -> str:
    """All curves of one plot over the logarithm of the current; errors far outside lie at its edge."""
    edge = 1.45 * max(max(curve.limits) for curve in curves)
    legend = 16 * (-(-len(curves) // 2)) + 8
    with drawing(width, height + legend) as figure:
        axes: Axes = figure.add_axes(
            (52 / width, (44 + legend) / (height + legend), (width - 62) / width, (height - 54) / (height + legend))
        )
        axes.set_xscale("log")
        _band(axes, curves)
        axes.axhline(0, color=RULE, lw=1, zorder=1)
        for number, curve in enumerate(curves):
            colour, style = _LINES[number % len(_LINES)]
            if number >= len(_LINES):
                style = _LINES_AGAIN[number // len(_LINES) % 2]
            shown = [max(-edge, min(edge, error)) for error in curve.errors]
            axes.plot(curve.currents_a, shown, color=colour, ls=style, lw=1.5, zorder=3, label=curve.label)
            for current_a, at, doubt, passed in zip(
                curve.currents_a, shown, curve.uncertainties, curve.passed, strict=True
            ):
                mark = colour if passed else BAD
                axes.plot([current_a, current_a], [at - doubt, at + doubt], color=mark, lw=1.2, zorder=3)
                axes.plot([current_a], [at], "o" if passed else "X", color=mark, ms=4 if passed else 8, mew=0, zorder=4)
        axes.set_ylim(-edge, edge)
        axes.set_xlabel("current in A")
        axes.set_ylabel("error in %")
        axes.xaxis.set_minor_locator(NullLocator())
        low, high = axes.get_xlim()
        ticks = [m * 10.0**e for e in range(-4, 5) for m in _LABELS if low <= m * 10.0**e <= high]
        axes.set_xticks(ticks)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.grid(axis="y", color=RULE, lw=0.6)
        axes.set_axisbelow(True)
        figure.legend(loc="lower left", bbox_to_anchor=(0.02, 0.0), ncols=2, frameon=False, fontsize=10)
        return svg(figure, prefix, "Errors over current against their limits")


def _band(axes: Axes, curves: Sequence[Curve]) -> None:
    """The widest limit of the curves at each current, as steps that begin at their current."""
    widest: dict[float, float] = {}
    for curve in curves:
        for current_a, limit in zip(curve.currents_a, curve.limits, strict=True):
            widest[current_a] = max(limit, widest.get(current_a, 0.0))
    currents = sorted(widest)
    limits = [widest[current_a] for current_a in currents]
    if len(currents) == 1:
        currents, limits = [currents[0] * 0.8, currents[0] * 1.25], limits * 2
    axes.fill_between(currents, [-x for x in limits], limits, step="post", color=BAND, lw=0, zorder=0)
    for sign in (-1, 1):
        axes.step(currents, [sign * limit for limit in limits], where="post", color=INJECTED, lw=1.2, zorder=2)
