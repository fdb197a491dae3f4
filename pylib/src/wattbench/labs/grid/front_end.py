"""What sits between the mains and a converter's pin: shunt, current transformer or divider."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wattbench.core.analog import FloatArray
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.channels import Channel
from wattbench.labs.grid.course import Course
from wattbench.labs.grid.front_ends.magnetising import by_itself, magnetising_current, of_part
from wattbench.labs.grid.front_ends.smoothing import edges_s, smoothed
from wattbench.labs.grid.front_ends.taps import NO_TAPS, Sinc3, Stage, Taps
from wattbench.labs.grid.front_ends.transformer import CurrentTransformer
from wattbench.labs.grid.noise import NO_NOISE, PEAK_SIGMAS, Noise
from wattbench.labs.grid.schedule import Schedule
from wattbench.labs.grid.segment import Segment
from wattbench.labs.grid.waveform import Peak, Waveform

REFERENCE_C = 23.0
"""At which sensors have their nominal gain: the reference temperature of IEC 62052-11."""
_SEARCHED_TURNS = 20
_POINTS_PER_TURN = 4096


class TransformerDescription(Protocol):
    """A current transformer, as the firmware's manifest says; see `CurrentTransformer`."""

    @property
    def lead_deg(self) -> float:
        """By which it leads at `nominal_hz`."""

    @property
    def nominal_hz(self) -> float:
        """The frequency of that."""

    @property
    def knee_a(self) -> float:
        """Magnetising current at which its core saturates."""


class FrontEndDescription(Protocol):
    """How one phase is wired to a converter, as the firmware's manifest says."""

    @property
    def afe(self) -> str:
        """Name of the converter's model in the platform."""

    @property
    def current_input(self) -> str:
        """The converter's input that sees the current's sensor."""

    @property
    def voltage_input(self) -> str:
        """The converter's input that sees the divider; empty if there is none."""

    @property
    def sensor_ohm(self) -> float:
        """Volts at the pin per ampere; negative if the current's sensor is connected the other way round."""

    @property
    def transformer(self) -> TransformerDescription | None:
        """The current transformer of which it is a part; None for a shunt."""

    @property
    def divider_ratio(self) -> float:
        """Volts at the pin per volt of the line (1 kOhm of 991 kOhm: 1/991)."""

    @property
    def sensor_ppm_per_k(self) -> float:
        """Relative change of the current's sensor per kelvin, in 1e-6."""

    @property
    def divider_ppm_per_k(self) -> float:
        """Relative change of the divider's ratio per kelvin, in 1e-6."""


@dataclass(frozen=True)
class FrontEnd:
    """A sensor with its faults: pin volts = clip(gain(T) * filtered(x - m)(t - delay) + offset + noise).

    `gain` is pin volts per ampere or volt of the line at 23 C; a positive `delay_us` lets the pin lag behind the line;
    `clip_v` is the level at which the sensor itself clips. `transformer` takes its magnetising current m from the line,
    `stages` filter it (see `front_ends`).
    """

    gain: float
    offset_v: float = 0.0
    delay_us: float = 0.0
    clip_v: float = math.inf
    noise: Noise = NO_NOISE
    gain_error_percent: float = 0.0
    temperature_coefficient_ppm: float = 0.0
    """Relative change of the gain per kelvin, in 1e-6."""
    temperature_c: float = REFERENCE_C
    """Of the sensor."""
    stages: tuple[Stage, ...] = ()
    transformer: CurrentTransformer | None = None

    def __post_init__(self) -> None:
        if sum(isinstance(stage, Sinc3) for stage in self.stages) > 1:
            raise StimulusError("A sensor has one decimation filter at most; take the slower one.")

    @property
    def delay_ns(self) -> int:
        """The delay in whole ns."""
        return round(self.delay_us * 1000)

    @property
    def actual_gain(self) -> float:
        """The gain with its error at the sensor's temperature."""
        if not (self.temperature_coefficient_ppm or self.gain_error_percent):
            return self.gain
        gain = self.gain * (1 + self.gain_error_percent / 100)
        return gain * (1 + self.temperature_coefficient_ppm * 1e-6 * (self.temperature_c - REFERENCE_C))

    @cached_property
    def taps(self) -> Taps:
        """All stages as one."""
        taps = NO_TAPS
        for stage in self.stages:
            taps = taps.then(stage.taps())
        return taps

    @cached_property
    def _coil(self) -> Taps:
        """All stages but the decimation filter as one."""
        taps = NO_TAPS
        for stage in self.stages:
            taps = taps if isinstance(stage, Sinc3) else taps.then(stage.taps())
        return taps

    @property
    def first_effect_ns(self) -> int:
        """A change of the line acts on the pin from so much later on; negative if a filter looks ahead."""
        return self.delay_ns + math.floor(float(self.taps.delays_s.min()) * 1e9)

    def line(self, schedule: Schedule, channel: Channel, times_s: FloatArray) -> FloatArray:
        """The line as the sensor passes it on at virtual times of the pin, before gain, offset and noise."""
        at_s = times_s - self.delay_us * 1e-6 if self.delay_us else times_s
        if not self.stages and self.transformer is None:
            return schedule.value(channel, at_s)

        def passed(segment: Segment, times_s: FloatArray, times_ns: NDArray[np.int64]) -> FloatArray:
            values = segment.value(channel, times_s, times_ns)
            if self.transformer is None:
                return values
            lost = magnetising_current(schedule.segments, segment, channel, self.transformer)
            return values - lost.value(times_s)

        def filtered(times_s: FloatArray) -> FloatArray:
            return schedule.evaluate(passed, times_s)

        sinc3 = next((stage for stage in self.stages if isinstance(stage, Sinc3)), None)
        result = np.zeros_like(at_s)
        for delay_s, weight in zip(self._coil.delays_s.tolist(), self._coil.weights.tolist(), strict=True):
            times = at_s - delay_s
            if sinc3 is None:
                result += weight * filtered(times)
            else:
                reach_s = 1.5 / sinc3.rate_hz
                edges = edges_s(schedule, channel, float(times[0]) - reach_s, float(times[-1]) + reach_s)
                result += weight * smoothed(filtered, times, edges, sinc3)
        return result

    def pin_volts(self, line: FloatArray, times_ns: NDArray[np.int64]) -> FloatArray:
        """Volts at the pin for what the sensor passes on at `times_ns`."""
        volts = line * self.actual_gain
        if self.offset_v:
            volts += self.offset_v
        if self.noise.rms:
            volts += self.noise.value(times_ns)
        if self.clip_v < math.inf:
            np.clip(volts, -self.clip_v, self.clip_v, out=volts)
        return volts

    def pin_peak(self, segment: Segment, channel: Channel) -> Peak:
        """A magnitude at the pin that is not exceeded in a segment, and the oscillator's phase (turns) where.

        Of plain waveforms through a sensor without filter it is the exact peak.
        """
        gain, noise_v = self.actual_gain, PEAK_SIGMAS * self.noise.rms
        if gain == 0:
            return Peak(min(abs(self.offset_v) + noise_v, self.clip_v), 0.0)
        course, line_noise = segment.course(channel), PEAK_SIGMAS * segment.noise(channel).rms
        simple = not self.stages and self.transformer is None
        if self.transformer is not None:
            by_itself(segment, channel, self.transformer)  # complains now
        if course.plain is not None and simple:
            peak = course.plain.peak(self.offset_v / gain)
        else:
            at_turns, magnitude = 0.0, abs(self.offset_v / gain)
            reach = float(np.abs(self.taps.weights).sum())
            for waveform, factors in course.parts:
                highest = math.prod(factor.highest(segment.start_ns, segment.end_ns) for factor in factors)
                part = waveform.peak() if simple else self._filtered_peak(segment, waveform)
                at_turns, magnitude = part.at_turns, magnitude + highest * part.magnitude
            singles = Course((), course.singles).bound(segment.start_ns, segment.end_ns)
            line_noise *= reach
            peak = Peak(magnitude + reach * singles, at_turns)
        return Peak(min(abs(gain) * (peak.magnitude + line_noise) + noise_v, self.clip_v), peak.at_turns)

    def _filtered_peak(self, segment: Segment, waveform: Waveform) -> Peak:
        """The peak behind transformer and stages, seen on a grid of phases."""
        turns = np.arange(min(waveform.period_turns, _SEARCHED_TURNS) * _POINTS_PER_TURN) / _POINTS_PER_TURN
        result = np.zeros_like(turns)
        lost = None if self.transformer is None else of_part(segment, waveform, self.transformer)
        for delay_s, weight in zip(self.taps.delays_s.tolist(), self.taps.weights.tolist(), strict=True):
            at = turns - delay_s * segment.frequency_hz
            result += weight * (waveform.value(at) if lost is None else waveform.value(at) - lost.value(at))
        place = int(np.abs(result).argmax())
        return Peak(float(abs(result[place])), float(turns[place]))
