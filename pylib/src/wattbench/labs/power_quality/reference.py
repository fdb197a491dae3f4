"""The lab's own values of power quality out of what the mains injected: closed forms where there are any."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.channels import PHASES
from wattbench.labs.grid.quantities import Injected
from wattbench.labs.grid.reference import (
    HalfCycles,
    RapidChange,
    Thresholds,
    VoltageEvent,
    Window,
    analyse,
    rapid_changes,
    short_term,
    voltage_events,
)
from wattbench.labs.grid.reference.flicker import LAMP_120V, LAMP_230V, SETTLE_S

SPECTRUM_RATE_HZ = 25600.0
FLICKER_RATE_HZ = 2000.0
_OFFSETS = (0.0, 1 / 3, 2 / 3)
"""Parts of a sample by which the converter's samples may lie elsewhere."""
_LEAST_V = 1e-6


class Mains(Protocol):
    """What is needed of the grid."""

    @property
    def last_change_ns(self) -> int:
        """Virtual time of the last change up to now."""

    def injected(self, from_ns: int, to_ns: int) -> Injected:
        """The closed form between two virtual times."""

    def half_cycles(self, phase: str, from_ns: int, to_ns: int) -> HalfCycles:
        """Urms(1/2) of a phase voltage."""

    def samples(self, phase: str, quantity: str, from_ns: int, to_ns: int, rate_hz: float) -> FloatArray:
        """A channel at evenly spaced times."""


@dataclass(frozen=True)
class Doubted:
    """An event of the reference, and what it leaves open."""

    event: VoltageEvent
    uncertainty_v: float
    """By how much its voltage depends on when a converter sees a step."""
    uncertainty_s: float = 0.0
    """By how much begin and duration depend on an error of the voltage that the class allows."""


def _over(voltages: Mapping[str, HalfCycles], limits: Thresholds) -> list[VoltageEvent]:
    return [event for event in voltage_events(voltages, limits) if event.end_s is not None]


def _require_kinds(found: Sequence[VoltageEvent], others: Sequence[Sequence[VoltageEvent]], reason: str) -> None:
    if any([event.kind for event in events] != [event.kind for event in found] for events in others):
        raise StimulusError(
            f"which dips, swells and interruptions there are depends on {reason}: move the voltage away from the "
            "threshold"
        )


class Reference:
    """The mains between two virtual times (ns) that have passed, and the phases that are measured.

    A converter sees a step of the voltage at its next sample only. How much that leaves open is worked out from samples
    at `sample_rate_hz` that lie elsewhere each time.
    """

    def __init__(
        self,
        mains: Mains,
        from_ns: int,
        to_ns: int,
        phases: Sequence[str] = PHASES,
        *,
        sample_rate_hz: float = 8000.0,
    ) -> None:
        self._mains, self.from_ns, self.to_ns = mains, from_ns, to_ns
        self.phases, self._sample_rate_hz = tuple(phases), sample_rate_hz

    @cached_property
    def half_cycles(self) -> Mapping[str, HalfCycles]:
        """Urms(1/2) of all phases."""
        return {phase: self._mains.half_cycles(phase, self.from_ns, self.to_ns) for phase in self.phases}

    @cached_property
    def sampled(self) -> tuple[Mapping[str, HalfCycles], ...]:
        """The same by samples, as a converter might take them."""
        return tuple(
            {phase: self._resampled(phase, known, offset) for phase, known in self.half_cycles.items()}
            for offset in _OFFSETS
        )

    def _resampled(self, phase: str, known: HalfCycles, offset: float) -> HalfCycles:
        shift_ns = round(offset / self._sample_rate_hz * NS_PER_S)
        values = self._mains.samples(phase, "voltage", self.from_ns + shift_ns, self.to_ns, self._sample_rate_hz)
        times_s = (self.from_ns + shift_ns) / NS_PER_S + np.arange(values.size) / self._sample_rate_hz
        return known.resampled(values, times_s)

    def uncertainty_v(self, phase: str) -> FloatArray:
        """Of each value of Urms(1/2)."""
        exact = self.half_cycles[phase].rms_v
        return np.asarray(np.max([np.abs(other[phase].rms_v - exact) for other in self.sampled], axis=0))

    def events(self, limits: Thresholds) -> list[VoltageEvent]:
        """Dips, swells and interruptions."""
        return voltage_events(self.half_cycles, limits)

    def doubted_events(self, limits: Thresholds, accuracy_v: float) -> list[Doubted]:
        """The events that are over, each with its uncertainty; raises StimulusError where one is a matter of chance.

        `accuracy_v` is the error of Urms(1/2) that is allowed.
        """
        found = _over(self.half_cycles, limits)
        sampled = [_over(voltages, limits) for voltages in self.sampled]
        _require_kinds(found, sampled, "where the converter takes its samples")
        shifted = [_over(self.half_cycles, limits.shifted(shift_v)) for shift_v in (-accuracy_v, accuracy_v)]
        _require_kinds(found, shifted, f"an error of {accuracy_v:.3g} V, within the class' limit")
        return [
            Doubted(
                event,
                max(abs(events[number].extreme_v - event.extreme_v) for events in sampled),
                max(
                    max(abs(other.start_s - event.start_s), abs(other.duration_s - event.duration_s))
                    for other in (events[number] for events in shifted)
                ),
            )
            for number, event in enumerate(found)
        ]

    def rapid_changes(self, limits: Thresholds, threshold_percent: float, nominal_hz: float) -> list[RapidChange]:
        """Rapid voltage changes that are no dips, swells or interruptions."""
        voltages = self.half_cycles
        events = voltage_events(voltages, limits)
        return rapid_changes(voltages, limits.declared_v, threshold_percent, nominal_hz=nominal_hz, events=events)

    def windows(self, channels: Sequence[tuple[str, str]], nominal_hz: float) -> list[Window]:
        """10/12-cycle windows of channels such as (`L1`, `voltage`), by names such as `L1 voltage`."""
        values = {
            f"{phase} {quantity}": self._mains.samples(phase, quantity, self.from_ns, self.to_ns, SPECTRUM_RATE_HZ)
            for phase, quantity in channels
        }
        reference = next((name for name in values if name.endswith("voltage")), None)
        return analyse(
            values, SPECTRUM_RATE_HZ, reference=reference, nominal_hz=nominal_hz, start_s=self.from_ns / NS_PER_S
        )

    def signalling_v(self, phase: str, hertz: float, nominal_hz: float) -> float:
        """Mains signalling voltage in V: the largest of all windows."""
        windows = self.windows([(phase, "voltage")], nominal_hz)
        if not windows:
            raise StimulusError("a signalling voltage needs a time of more than 14 cycles")
        return max(window.spectra[f"{phase} voltage"].signalling(hertz, window.frequency_hz) for window in windows)

    def short_term_flicker(self, phase: str, declared_v: float) -> float:
        """Pst of what lies behind the time that the filters take to settle."""
        values = self._mains.samples(phase, "voltage", self.from_ns, self.to_ns, FLICKER_RATE_HZ)
        return short_term(values, FLICKER_RATE_HZ, LAMP_120V if declared_v < 175 else LAMP_230V, SETTLE_S)

    def harmonics(self, phase: str, quantity: str, nominal_hz: float) -> tuple[list[float], list[float]]:
        """RMS of each order's subgroup from 0 to 50, and its angle in degrees against its own fundamental's rising
        zero, of the last whole window."""
        windows = self.windows(
            [(phase, quantity), (phase, "voltage")] if quantity == "current" else [(phase, quantity)], nominal_hz
        )
        if not windows:
            raise StimulusError("harmonics need a time of more than 14 cycles")
        spectrum = windows[-1].spectra[f"{phase} {quantity}"]
        rms = [abs(spectrum.lines[0]), *(spectrum.subgroup(order) for order in range(1, 51))]
        if rms[1] < _LEAST_V:
            raise StimulusError(f"the mains brought no {quantity} to {phase}, so there are no harmonics to judge")
        first = math.degrees(math.atan2(spectrum.harmonic(1).imag, spectrum.harmonic(1).real))
        angles = [0.0, 0.0]
        for order in range(2, 51):
            phasor = spectrum.harmonic(order)
            degrees = math.degrees(math.atan2(phasor.imag, phasor.real)) - order * first
            angles.append((degrees + 180) % 360 - 180)
        return [float(value) for value in rms], angles
