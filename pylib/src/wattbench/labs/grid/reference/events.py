"""Dips, swells and interruptions out of Urms(1/2) of all voltages (IEC 61000-4-30 5.4 and 5.5).

A dip begins with the first voltage that falls below its threshold and ends when all voltages are back above the
threshold plus the hysteresis; a swell likewise on the other side. An interruption begins when all voltages are below
its threshold and ends when one of them is above the threshold plus the hysteresis.

Both stamps of an event are where the cycle begins whose RMS began or ended it. So the duration is that of the half
cycles whose RMS is beyond the threshold, and differs from what was injected by less than a cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from wattbench.core.errors import StimulusError
from wattbench.labs.grid.reference.half_cycles import HalfCycles

EventKind = Literal["dip", "swell", "interruption"]
KINDS: tuple[EventKind, ...] = ("dip", "swell", "interruption")


@dataclass(frozen=True)
class Thresholds:
    """Of events, in percent of the declared voltage."""

    declared_v: float
    dip_percent: float = 90.0
    swell_percent: float = 110.0
    interruption_percent: float = 10.0
    hysteresis_percent: float = 2.0

    def shifted(self, volts: float) -> Thresholds:
        """All of them higher by so much."""
        percent = 100 * volts / self.declared_v
        return replace(
            self,
            dip_percent=self.dip_percent + percent,
            swell_percent=self.swell_percent + percent,
            interruption_percent=self.interruption_percent + percent,
        )

    def volts(self, percent: float) -> float:
        """A part of the declared voltage in V."""
        return self.declared_v * percent / 100


@dataclass(frozen=True)
class VoltageEvent:
    """One event in virtual time; without `end_s` it was not over when the values ended."""

    kind: EventKind
    start_s: float
    end_s: float | None
    extreme_v: float
    """Residual voltage of a dip or interruption (the lowest of all voltages), maximum of a swell."""
    first_phase: str
    """The voltage that began it; of an interruption the one that fell last."""
    worst_phase: str
    """The voltage that `extreme_v` is of."""

    @property
    def duration_s(self) -> float:
        """From stamp to stamp; raises StimulusError for an event that is not over."""
        if self.end_s is None:
            raise StimulusError(
                f"The {self.kind} that began at {self.start_s:.6f} s is not over, so it has no duration."
            )
        return self.end_s - self.start_s


@dataclass(frozen=True)
class _Rule:
    """When an event begins and ends, given the last value of every voltage."""

    begins: Callable[[list[float]], bool]
    ends: Callable[[list[float]], bool]
    worst: Callable[[list[float]], float]


def _rules(limits: Thresholds) -> dict[EventKind, _Rule]:
    dip, swell, interruption, hysteresis = map(
        limits.volts,
        (limits.dip_percent, limits.swell_percent, limits.interruption_percent, limits.hysteresis_percent),
    )
    return {
        "dip": _Rule(lambda all_v: min(all_v) < dip, lambda all_v: min(all_v) >= dip + hysteresis, min),
        "swell": _Rule(lambda all_v: max(all_v) > swell, lambda all_v: max(all_v) <= swell - hysteresis, max),
        "interruption": _Rule(
            lambda all_v: max(all_v) < interruption, lambda all_v: max(all_v) >= interruption + hysteresis, min
        ),
    }


def voltage_events(voltages: Mapping[str, HalfCycles], limits: Thresholds) -> list[VoltageEvent]:
    """All events of voltages that belong together, by their begin. A voltage takes part from its first value on."""
    if not voltages:
        raise StimulusError("There is no voltage to look for events in.")
    phases = list(voltages)
    # Values in the order in which they become known; stable, so phases of equal times stay in their order.
    ends = np.concatenate([voltages[phase].ends_s for phase in phases])
    starts = np.concatenate([voltages[phase].starts_s for phase in phases])
    values = np.concatenate([voltages[phase].rms_v for phase in phases])
    owner = np.repeat(np.arange(len(phases)), [voltages[phase].ends_s.size for phase in phases])
    last: list[float | None] = [None] * len(phases)
    rules, running, found = _rules(limits), dict[EventKind, VoltageEvent](), list[VoltageEvent]()
    for place in np.argsort(ends, kind="stable").tolist():
        number, start_s = int(owner[place]), float(starts[place])
        last[number] = float(values[place])
        known = [value for value in last if value is not None]
        if len(known) < len(phases):
            continue
        for kind, rule in rules.items():
            event = running.get(kind)
            if event is None and rule.begins(known):
                event = VoltageEvent(kind, start_s, None, known[number], phases[number], phases[number])
            elif event is not None and rule.ends(known):
                found.append(
                    VoltageEvent(kind, event.start_s, start_s, event.extreme_v, event.first_phase, event.worst_phase)
                )
                del running[kind]
                continue
            if event is not None:
                extreme_v = rule.worst([*known, event.extreme_v])
                worst = event.worst_phase if extreme_v == event.extreme_v else phases[known.index(extreme_v)]
                running[kind] = VoltageEvent(kind, event.start_s, None, extreme_v, event.first_phase, worst)
    return sorted([*found, *running.values()], key=lambda event: (event.start_s, KINDS.index(event.kind)))
