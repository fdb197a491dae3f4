"""Rapid voltage changes out of Urms(1/2) (IEC 61000-4-30 5.11).

A voltage is steady while its last second of values lies within a threshold around their mean. A change begins with the
first value outside and ends where the next steady second begins; while it lasts the threshold is less by the
hysteresis. With several voltages it begins with the first and ends with the last of them. What is also a dip or a swell
does not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wattbench.core.errors import StimulusError
from wattbench.labs.grid.reference.events import VoltageEvent
from wattbench.labs.grid.reference.half_cycles import HalfCycles


@dataclass(frozen=True)
class RapidChange:
    """One change, in s and V."""

    start_s: float
    end_s: float
    steady_change_v: float
    """Difference of the steady values before and after, the largest of all voltages."""
    largest_change_v: float
    """Largest distance from the steady value before, of all voltages."""


@dataclass(frozen=True)
class _Stretch:
    start: int
    """Number of the first value outside."""
    end: int
    """Number of the first value of the next steady second."""
    before_v: float
    after_v: float


def rapid_changes(
    voltages: Mapping[str, HalfCycles],
    declared_v: float,
    threshold_percent: float = 5.0,
    *,
    hysteresis_part: float = 0.5,
    nominal_hz: float = 50.0,
    events: Sequence[VoltageEvent] = (),
) -> list[RapidChange]:
    """All changes that are over, but for those that `events` (dips, swells, interruptions) overlap.

    `threshold_percent` is in percent of the declared voltage (the standard leaves 1 to 6 to the user).
    """
    if not voltages:
        raise StimulusError("There is no voltage to look for changes in.")
    size = 120 if nominal_hz >= 55 else 100
    threshold_v = declared_v * threshold_percent / 100
    spans = []
    for values in voltages.values():
        for stretch in _stretches(values.rms_v, size, threshold_v, threshold_v * (1 - hysteresis_part)):
            distance = np.abs(values.rms_v[stretch.start : stretch.end + 1] - stretch.before_v)
            spans.append(
                RapidChange(
                    float(values.starts_s[stretch.start]),
                    float(values.starts_s[stretch.end]),
                    abs(stretch.after_v - stretch.before_v),
                    float(distance.max()),
                )
            )
    merged: list[RapidChange] = []
    for span in sorted(spans, key=lambda item: item.start_s):
        if merged and span.start_s <= merged[-1].end_s:
            last = merged[-1]
            merged[-1] = RapidChange(
                last.start_s,
                max(last.end_s, span.end_s),
                max(last.steady_change_v, span.steady_change_v),
                max(last.largest_change_v, span.largest_change_v),
            )
        else:
            merged.append(span)
    return [span for span in merged if not any(_overlap(span, event) for event in events)]


def _overlap(span: RapidChange, event: VoltageEvent) -> bool:
    return event.start_s < span.end_s and (event.end_s is None or event.end_s > span.start_s)


def _stretches(values: np.typing.NDArray[np.float64], size: int, outer_v: float, inner_v: float) -> list[_Stretch]:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    found: list[_Stretch] = []
    steady_v: float | None = None
    place = size
    while place < values.size:
        mean = float(sums[place] - sums[place - size]) / size
        if steady_v is None:
            # At first, and during a change, nothing is steady until a whole second is.
            if float(np.abs(values[place - size : place] - mean).max()) <= inner_v:
                steady_v = mean
                if found:
                    found[-1] = _Stretch(found[-1].start, place - size, found[-1].before_v, mean)
                continue
        elif abs(float(values[place]) - mean) > outer_v:
            found.append(_Stretch(place, -1, mean, 0.0))
            steady_v = None
        place += 1
    return [stretch for stretch in found if stretch.end >= stretch.start]
