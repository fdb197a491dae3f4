"""What a firmware measured of power quality against the lab's reference, by the limits of a class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wattbench.core.errors import StimulusError, VerdictError
from wattbench.labs.grid.reference import Thresholds, VoltageEvent
from wattbench.labs.power_quality.classes import PerformanceClass
from wattbench.labs.power_quality.finding import Finding, finding
from wattbench.labs.power_quality.meter import QualityMeter
from wattbench.labs.power_quality.reference import Doubted, Reference

_LAST_VALUES = 3
"""A reading is one of so many last values of Urms(1/2): samples come in buffers."""


@dataclass(frozen=True)
class HalfCycleReadings:
    """Readings of the firmware's Urms(1/2), by phase, at virtual times in s."""

    times_s: list[float]
    values_v: Mapping[str, list[float]]


def judge_events(
    found: Sequence[VoltageEvent],
    expected: Sequence[Doubted],
    quality: PerformanceClass,
    hz: float,
    declared_v: float,
    *,
    duration_cycles: float | None = None,
) -> list[Finding]:
    """Begin, duration and voltage of each event; raises VerdictError where the firmware has others than the reference.

    `duration_cycles` is a tighter limit of the duration than the class has. Raises StimulusError for no events at all.
    """
    if not expected:
        raise StimulusError("the mains made no dip, swell or interruption, so there is no event to judge")
    pairs = [(mine, theirs) for mine, theirs in zip(_sorted(found), _sorted_doubted(expected), strict=False)]
    if len(found) != len(expected) or any(mine.kind != theirs.event.kind for mine, theirs in pairs):
        raise VerdictError(
            f"the firmware reports {_listed(found)}, but the reference has {_listed([item.event for item in expected])}"
        )
    cycles = quality.limit("event-duration").value if duration_cycles is None else duration_cycles
    stamp_s, volts = quality.limit("time-stamp").value, quality.limit("half-cycle-voltage")
    findings = []
    for mine, theirs in pairs:
        event, name = theirs.event, f"{theirs.event.kind} {theirs.event.first_phase}"
        findings += [
            finding(f"{name} begin", "s", event.start_s, mine.start_s, stamp_s, uncertainty=theirs.uncertainty_s),
            finding(
                f"{name} duration",
                "s",
                event.duration_s,
                mine.duration_s,
                cycles / hz,
                uncertainty=theirs.uncertainty_s,
            ),
            finding(
                f"{name} {'maximum' if event.kind == 'swell' else 'residual voltage'}",
                "V",
                event.extreme_v,
                mine.extreme_v,
                volts.allowed(event.extreme_v, declared_v),
                nominal=declared_v,
                uncertainty=theirs.uncertainty_v,
            ),
        ]
    return findings


def _sorted(events: Sequence[VoltageEvent]) -> list[VoltageEvent]:
    """By kind, then by begin: two kinds that begin together are in no certain order."""
    return sorted(events, key=lambda event: (event.kind, event.start_s))


def _sorted_doubted(events: Sequence[Doubted]) -> list[Doubted]:
    return sorted(events, key=lambda item: (item.event.kind, item.event.start_s))


def _listed(events: Sequence[VoltageEvent]) -> str:
    if not events:
        return "no event"
    return ", ".join(
        f"{event.kind} at {event.start_s:.4f} s"
        + (f" for {event.end_s - event.start_s:.4f} s" if event.end_s is not None else " that goes on")
        + f" ({event.extreme_v:.2f} V)"
        for event in events
    )


def judge_half_cycles(
    readings: HalfCycleReadings, reference: Reference, quality: PerformanceClass, declared_v: float
) -> list[Finding]:
    """The worst reading of each phase against the last values of the reference that it may be."""
    limit = quality.limit("half-cycle-voltage")
    findings = []
    for phase, known in reference.half_cycles.items():
        doubts = reference.uncertainty_v(phase)
        worst: tuple[float, float, float, float] | None = None
        last = np.searchsorted(known.ends_s, np.array(readings.times_s), side="right")
        for stop, measured in zip(last.tolist(), readings.values_v[phase], strict=True):
            if stop < _LAST_VALUES:
                continue
            choices = slice(stop - _LAST_VALUES, stop)
            nearest = min(
                (abs(measured - value) - doubt, value, doubt, measured)
                for value, doubt in zip(known.rms_v[choices].tolist(), doubts[choices].tolist(), strict=True)
            )
            worst = nearest if worst is None else max(worst, nearest)
        if worst is None:
            raise StimulusError(f"there are too few readings of Urms(1/2) of {phase}: observe for more than two cycles")
        _, value, doubt, measured = worst
        allowed = limit.allowed(value, declared_v)
        name = f"Urms(1/2) {phase}, worst"
        findings.append(finding(name, "V", value, measured, allowed, nominal=declared_v, uncertainty=doubt))
    return findings


def judge_harmonics(
    measured: Sequence[float],
    angles: Sequence[float],
    reference: tuple[Sequence[float], Sequence[float]],
    *,
    quality: PerformanceClass,
    quantity: str,
    nominal: float,
    highest: int = 40,
    angle_limit_deg: float | None = 5.0,
) -> list[Finding]:
    """The worst order of those that are to be measured by percent of reading, and of the others; the worst angle.

    Raises StimulusError where the reference has no order from 2 on.
    """
    limit, unit = quality.limit(f"{quantity}-harmonic"), "V" if quantity == "voltage" else "A"
    orders = range(1, highest + 1)
    least = limit.from_percent / 100 * nominal
    injected = [order for order in orders if order > 1 and reference[0][order] > limit.below_percent / 100 * nominal]
    if not injected:
        raise StimulusError(
            f"the mains has no harmonic in the {quantity} up to order {highest}, so there is none to judge"
        )
    findings = []
    large = [order for order in orders if reference[0][order] >= least]
    small = [order for order in orders if reference[0][order] < least]
    for group in (large, small):
        if group:
            order = max(group, key=_ratio(measured, reference[0], limit.allowed, nominal))
            allowed = limit.allowed(reference[0][order], nominal)
            name = f"{quantity} harmonic {order}, worst of {len(group)}"
            findings.append(finding(name, unit, reference[0][order], measured[order], allowed, nominal=nominal))
    if angle_limit_deg is not None and (angled := [order for order in large if order > 1]):
        order = max(angled, key=lambda number: abs(_turned(angles[number] - reference[1][number])))
        error = _turned(angles[order] - reference[1][order])
        name = f"angle of {quantity} harmonic {order}, worst of {len(angled)}"
        findings.append(finding(name, "deg", reference[1][order], reference[1][order] + error, angle_limit_deg))
    return findings


def _ratio(
    measured: Sequence[float], reference: Sequence[float], allowed: Callable[[float, float], float], nominal: float
) -> Callable[[int], float]:
    """How much of its limit the error of an order is."""
    return lambda order: abs(measured[order] - reference[order]) / allowed(reference[order], nominal)


def _turned(degrees: float) -> float:
    return (degrees + 180) % 360 - 180


def judged_events(
    meter: QualityMeter,
    reference: Reference,
    first: int,
    quality: PerformanceClass,
    *,
    hz: float,
    duration_cycles: float | None = None,
) -> tuple[list[Finding], list[VoltageEvent], list[VoltageEvent]]:
    """Findings of the events from number `first` on, with those of the firmware and of the reference."""
    limits: Thresholds = meter.thresholds()
    found, _ = meter.events(first)
    accuracy_v = quality.limit("half-cycle-voltage").allowed(meter.declared_v, meter.declared_v)
    expected = reference.doubted_events(limits, accuracy_v)
    findings = judge_events(found, expected, quality, hz, meter.declared_v, duration_cycles=duration_cycles)
    return findings, found, [item.event for item in expected]
