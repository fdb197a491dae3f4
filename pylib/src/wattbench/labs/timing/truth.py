"""Zero-crossing stamps and pulses against what the mains really did."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wattbench.core.errors import StimulusError, UsageError
from wattbench.labs.grid.quantities import Injected
from wattbench.labs.timing.recording import Recording
from wattbench.labs.timing.series import Instance, Series, instant
from wattbench.labs.timing.signals import crossing_stamps, need, series

PULSE_QUANTITIES = {"active": "active_import_wh", "reactive": "reactive_import_varh"}
"""What the pulses of a LED count unless told otherwise; fields of `Injected`."""

_SLOWEST_NS = 5 * 10**9
_SLOPE_NS = 100_000
"""The power at a moment is the mean of so long before it."""
_CLOSE_NS = 5_000
"""Over so short a time the power is constant."""


class Mains(Protocol):
    """What is asked of the grid."""

    def rising_crossings(self, phase: str, from_ns: int, to_ns: int) -> NDArray[np.float64]:
        """True zero crossings."""

    def injected(self, from_ns: int, to_ns: int) -> Injected:
        """True energies."""


def crossing_error(recording: Recording, mains: Mains) -> Series:
    """How much later than the waveform's crossing each stamp of the firmware lies, less the delay by design.

    The crossing meant is the one nearest to the stamp less that delay, so that errors are below half a cycle.
    """
    need(recording, "crossing", "timebase", "timebase_hz")
    points = recording.points
    stores, stamps_ns = crossing_stamps(recording)
    meant = stamps_ns - points.crossing_delay_us * 1000
    if not len(meant):
        return series(recording, "zero crossing", stores, np.empty(0, np.int64), hint=_hint(recording))
    first, last = int(meant.min()) - _SLOWEST_NS, int(meant.max()) + _SLOWEST_NS
    true = mains.rising_crossings(points.crossing_phase, max(first, 0), min(last, recording.ended_ns))
    if not len(true):
        raise StimulusError(
            f"the voltage of {points.crossing_phase} has no zero crossings from {instant(recording.began_ns)} to "
            f"{instant(recording.ended_ns)}; set a voltage before the recording"
        )
    after = np.clip(np.searchsorted(true, meant), 1, len(true) - 1) if len(true) > 1 else np.zeros(len(meant), int)
    nearest = np.where(np.abs(true[after] - meant) < np.abs(true[after - 1] - meant), after, after - 1)
    values = np.rint(meant - true[nearest]).astype(np.int64)
    return series(recording, "zero crossing", stores, values, hint=_hint(recording))


def _hint(recording: Recording) -> str:
    phase, variable = recording.points.crossing_phase, recording.points.crossing
    return f"is there a voltage on {phase}, and does the meter write `{variable}`?"


def pulse_latency(recording: Recording, mains: Mains, kind: str, per_kilo_hour: float, quantity: str = "") -> Series:
    """From the moment at which the injected energy fills a pulse to the pulse's rising edge.

    Energy and pulses count from power-on, so nothing may be injected before the meter meters.
    """
    times, ideal = _pulses(recording, mains, kind, per_kilo_hour, quantity)
    instances = [Instance(at, round(at - full)) for at, full in zip(times, ideal, strict=True)]
    return _series(recording, f"pulse latency[{kind}]", kind, instances)


def pulse_jitter(recording: Recording, mains: Mains, kind: str, per_kilo_hour: float, quantity: str = "") -> Series:
    """How much longer each single pulse period is than the one that the injected energy gives."""
    times, ideal = _pulses(recording, mains, kind, per_kilo_hour, quantity)
    instances = [
        Instance(times[n], round(times[n] - times[n - 1] - (ideal[n] - ideal[n - 1]))) for n in range(1, len(times))
    ]
    return _series(recording, f"pulse jitter[{kind}]", kind, instances)


def pulse_period(recording: Recording, kind: str) -> Series:
    """From one pulse to the next."""
    times = [at for at in _edges(recording, kind) if recording.began_ns <= at]
    instances = [Instance(b, b - a) for a, b in pairwise(times)]
    return _series(recording, f"pulse period[{kind}]", kind, instances)


def _series(recording: Recording, name: str, kind: str, instances: list[Instance]) -> Series:
    led = recording.leds.get(kind, "")
    if led in recording.request.wires:
        edges = recording.edges(led, "rising")
        places = dict(zip(edges["time_ns"].tolist(), edges["pc"].tolist(), strict=True))
        instances = [replace(item, pc=places.get(item.time_ns, 0)) for item in instances]
    hint = f"is there load, and does the meter give {kind} pulses? Let more virtual time pass, or raise the load"
    return Series.of(name, recording.span, instances, recording.code.place, hint=hint)


def _edges(recording: Recording, kind: str) -> list[int]:
    if kind not in recording.pulses_ns:
        known = ", ".join(recording.pulses_ns) or "none"
        raise UsageError(f"there are no {kind} pulses; the manifest has {known}")
    return list(recording.pulses_ns[kind])


class _Energy:
    """Injected energy since power-on, each time from the last known moment on."""

    def __init__(self, mains: Mains, quantity: str) -> None:
        self._mains, self._quantity = mains, quantity
        self._at_ns, self._energy = 0, 0.0

    def between(self, from_ns: int, to_ns: int) -> float:
        """Energy between two times."""
        if from_ns == to_ns:
            return 0.0
        low, high = min(from_ns, to_ns), max(from_ns, to_ns)
        energy = self._mains.injected(low, high).value(self._quantity)
        return energy if from_ns < to_ns else -energy

    def at(self, time_ns: int) -> float:
        """Energy up to a time."""
        self._energy += self.between(self._at_ns, time_ns)
        self._at_ns = time_ns
        return self._energy


def _pulses(
    recording: Recording, mains: Mains, kind: str, per_kilo_hour: float, quantity: str
) -> tuple[list[int], list[float]]:
    """Rising edges of the recording, and for each the moment at which its energy was full."""
    if not quantity and kind not in PULSE_QUANTITIES:
        raise UsageError(f"say what the {kind} pulses count, such as `active_import_wh`")
    energy, per_pulse = _Energy(mains, quantity or PULSE_QUANTITIES[kind]), 1000 / per_kilo_hour
    times: list[int] = []
    ideal: list[float] = []
    late = 0.0
    for number, at in enumerate(_edges(recording, kind), 1):
        if recording.began_ns <= at <= recording.ended_ns:
            times.append(at)
            ideal.append(_full_at(energy, number * per_pulse, round(at - late), recording.ended_ns))
            late = at - ideal[-1]
    return times, ideal


def _full_at(energy: _Energy, wanted: float, near_ns: int, last_ns: int) -> float:
    """When the energy since power-on reached `wanted`, in ns; searched from a time near it on."""
    low, high, at = 0, last_ns, max(min(near_ns, last_ns), 1)
    while True:
        left = wanted - energy.at(at)
        low, high = (max(low, at), high) if left > 0 else (low, min(high, at))
        before = max(at - _SLOPE_NS, 0)
        slope = energy.between(before, at) / (at - before)
        guess = at + left / slope if slope > 0 else (low + high) / 2
        if slope > 0 and abs(guess - at) <= _CLOSE_NS:
            return guess
        if high - low <= 1:
            break
        guess = guess if low < guess < high else (low + high) / 2
        if round(guess) == at:
            break
        at = round(guess)
    if at >= last_ns - 1:
        raise StimulusError(
            f"the meter gave a pulse near {instant(near_ns)} whose energy was not injected up to the recording's end"
        )
    return float(at)
