"""From 10/12-cycle values to 150/180 cycles, 10 minutes and 2 hours (IEC 61000-4-30 4.4 and 4.5).

At each tick of 10 minutes the windows start anew, at the first cycle that begins at or after it. The window that the
tick falls into is completed and still belongs to the 10 minutes before, so it overlaps with the first one behind the
tick; so it is with 150/180 cycles. Values are aggregated by the root of the mean of the squares. An interval is
flagged when a dip, swell or interruption falls into any part of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wattbench.core.errors import StimulusError
from wattbench.labs.grid.reference.cycles import TICK_S
from wattbench.labs.grid.reference.events import VoltageEvent
from wattbench.labs.grid.reference.windows import aggregate

WINDOWS = 15
"""Of 10/12 cycles, in an interval of 150/180 cycles."""
TEN_MINUTES = 12
"""In 2 hours."""


@dataclass(frozen=True)
class Interval:
    """Values over a time, by names of quantities such as `u1`."""

    start_s: float
    end_s: float
    values: Mapping[str, float]
    flagged: bool
    parts: int
    """How many shorter intervals it is made of."""


@dataclass(frozen=True)
class Aggregates:
    """All whole intervals of each length."""

    cycles_150: tuple[Interval, ...]
    ten_minutes: tuple[Interval, ...]
    two_hours: tuple[Interval, ...]


def flagged(start_s: float, end_s: float, events: Iterable[VoltageEvent]) -> bool:
    """Whether an event falls into a time."""
    return any(event.start_s < end_s and (event.end_s is None or event.end_s > start_s) for event in events)


def aggregates(windows: Sequence[Interval], tick_s: float = TICK_S) -> Aggregates:
    """Out of successive 10/12-cycle values; only whole intervals, so nothing of a stretch that is cut off."""
    groups: dict[int, list[Interval]] = {}
    for window in windows:
        groups.setdefault(math.floor(window.start_s / tick_s), []).append(window)
    cycles_150: list[Interval] = []
    by_number: dict[int, Interval] = {}
    for number, group in sorted(groups.items()):
        for place in range(0, len(group), WINDOWS):
            part = group[place : place + WINDOWS]
            # What the tick cuts is completed by windows from behind it.
            if len(part) < WINDOWS and number + 1 in groups:
                part = [*part, *_continued(part, groups[number + 1])][:WINDOWS]
            if len(part) == WINDOWS:
                cycles_150.append(_joined(part))
        whole = group[0].start_s - number * tick_s <= group[0].end_s - group[0].start_s
        if whole and group[-1].end_s >= (number + 1) * tick_s:
            by_number[number] = _joined(group)
    two_hours = [
        _joined([by_number[number + k] for k in range(TEN_MINUTES)])
        for number in by_number
        if number % TEN_MINUTES == 0 and all(number + k in by_number for k in range(TEN_MINUTES))
    ]
    return Aggregates(tuple(cycles_150), tuple(by_number.values()), tuple(two_hours))


def _continued(part: Sequence[Interval], following: Sequence[Interval]) -> list[Interval]:
    """The windows behind a tick that go on where those before it end, which is within the first of them."""
    return [window for window in following if window.start_s >= part[-1].end_s]


def _joined(parts: Sequence[Interval]) -> Interval:
    if not parts:
        raise StimulusError("There is nothing to aggregate.")
    values = {name: aggregate(part.values[name] for part in parts) for name in parts[0].values}
    return Interval(parts[0].start_s, parts[-1].end_s, values, any(part.flagged for part in parts), len(parts))
