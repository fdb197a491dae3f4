"""A stretch of virtual time in which the grid keeps one closed form."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench.core.analog import FloatArray
from wattbench.core.clock import NS_PER_S
from wattbench.labs.grid.channels import PHASES, Channel, ChannelState
from wattbench.labs.grid.course import NOTHING, Course, Part, Single
from wattbench.labs.grid.noise import NO_NOISE, Noise
from wattbench.labs.grid.oscillator import FrequencyRamp, FrequencySwing
from wattbench.labs.grid.waveform import Sinusoids, Waveform
from wattbench.labs.grid.waveforms.factors import Factor
from wattbench.labs.grid.waveforms.periodic import Sum


@dataclass(frozen=True)
class Segment:
    """A stretch of time in which nothing is set anew, with the oscillator's phase at its start."""

    start_ns: int
    end_ns: int | None
    frequency_hz: float
    start_turns: Fraction
    states: Mapping[Channel, ChannelState]
    since: Mapping[Channel, int]
    """For each channel the time (ns) of the last change that makes it what it is here."""
    ramp: FrequencyRamp | None = None
    swing: FrequencySwing | None = None

    @property
    def is_steady(self) -> bool:
        """Whether the frequency is constant."""
        return self.ramp is None and self.swing is None

    @property
    def highest_hz(self) -> float:
        """The frequency is nowhere above this."""
        ends = [self.frequency_hz] if self.ramp is None else [self.ramp.from_hz, self.ramp.to_hz]
        return max(ends) + (self.swing.deviation_hz if self.swing is not None else 0.0)

    @property
    def lowest_hz(self) -> float:
        """The frequency is nowhere below this."""
        ends = [self.frequency_hz] if self.ramp is None else [self.ramp.from_hz, self.ramp.to_hz]
        return min(ends) - (self.swing.deviation_hz if self.swing is not None else 0.0)

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What sensors have worked out for this segment."""
        return {}

    @cached_property
    def _courses(self) -> dict[Channel, Course]:
        return {}

    def waveform(self, channel: Channel) -> Waveform:
        """The periodic closed form of a channel: without factors, noise and what happens once."""
        parts = self.course(channel).parts
        if len(parts) == 1:
            return parts[0].waveform
        return Sum([part.waveform for part in parts])

    def course(self, channel: Channel) -> Course:
        """The closed form of a channel, without its noise."""
        if channel not in self._courses:
            self._courses[channel] = self._build(channel)
        return self._courses[channel]

    def _build(self, channel: Channel) -> Course:
        state = self.states[channel]
        if state.is_open:
            return NOTHING
        if state.rms is None:
            return self._sum_of_phases()
        sign = -1 if state.reversed else 1
        singles: tuple[Single, ...] = tuple(
            dataclasses.replace(transient, peak=sign * transient.peak)
            for transient in state.transients
            if transient.end_ns > self.start_ns
        )
        if state.played is not None:
            played = dataclasses.replace(state.played, gain=sign * state.level * state.played.gain)
            return Course((), (*singles, played))
        angle_deg = state.angle_deg
        if channel.quantity == "current":
            angle_deg = self.states[Channel(channel.phase, "voltage")].angle_deg - angle_deg
        zero = -Fraction(angle_deg) / 360
        waveform = state.shape.applied(state.tones(angle_deg), sign * state.dc, zero)
        return Course((Part(waveform, state.factors),), singles)

    def _sum_of_phases(self) -> Course:
        """The neutral: what is under the same factors becomes one waveform, so that a balanced load leaves nothing."""
        courses = [self.course(Channel(phase, "current")) for phase in PHASES]
        groups: dict[tuple[Factor, ...], list[Waveform]] = {(): []}
        for course in courses:
            for waveform, factors in course.parts:
                groups.setdefault(factors, []).append(waveform)
        parts = (Part(_together(waveforms), factors) for factors, waveforms in groups.items())
        singles = tuple(single for course in courses for single in course.singles)
        return Course(tuple(parts), singles)

    def noise(self, channel: Channel) -> Noise:
        """The noise on a channel."""
        state = self.states[channel]
        return NO_NOISE if state.is_open else state.noise

    def turns_at(self, time_ns: int) -> Fraction:
        """The oscillator's phase at a virtual time, exact but for a swing."""
        seconds = Fraction(time_ns - self.start_ns, NS_PER_S)
        turns = self.start_turns + Fraction(self.frequency_hz) * seconds
        if self.ramp is not None:
            turns += self.ramp.slope_hz_per_s * seconds * seconds / 2
        if self.swing is not None:
            turns += Fraction(float(self.swing.turns(self.start_ns, np.array([float(seconds)]))[0]))
        return turns

    def turns_after(self, seconds: FloatArray, period_turns: int) -> FloatArray:
        """The oscillator's phase at seconds after the segment's start, less whole periods at the start."""
        turns = seconds * self.frequency_hz + float(self.start_turns % period_turns)
        if self.ramp is not None:
            turns = turns + seconds * seconds * (float(self.ramp.slope_hz_per_s) / 2)
        if self.swing is not None:
            turns = turns + self.swing.turns(self.start_ns, seconds)
        return turns

    def hertz_after(self, seconds: FloatArray) -> FloatArray:
        """The oscillator's frequency at seconds after the segment's start."""
        hertz = np.full_like(seconds, self.frequency_hz)
        if self.ramp is not None:
            hertz += float(self.ramp.slope_hz_per_s) * seconds
        if self.swing is not None:
            hertz += self.swing.hertz(self.start_ns, seconds)
        return hertz

    def seconds_at(self, turns: FloatArray) -> FloatArray:
        """Seconds after the segment's start at which the oscillator has turned by `turns` (Newton's method)."""
        start = float(self.start_turns % 1)
        seconds = turns / self.frequency_hz
        slope = float(self.ramp.slope_hz_per_s) if self.ramp is not None else 0.0
        for _ in range(60):
            hertz = np.maximum(self.frequency_hz + slope * seconds, self.lowest_hz)
            step = (self.turns_after(seconds, 1) - start - turns) / hertz
            seconds = seconds - step
            if not step.size or float(np.abs(step).max()) < 1e-13:
                break
        return seconds

    def value(self, channel: Channel, times_s: FloatArray, times_ns: NDArray[np.int64]) -> FloatArray:
        """The channel at virtual times of this segment (given in both units), in V or A."""
        course = self.course(channel)
        turns = self.turns_after(times_s - self.start_ns / NS_PER_S, course.period_turns)
        waveform = course.plain
        values = course.value(turns, times_s) if waveform is None else waveform.value(turns)
        noise = self.noise(channel)
        return values + noise.value(times_ns) if noise.rms else values


def _together(waveforms: list[Waveform]) -> Waveform:
    """Several waveforms as one."""
    plain = [waveform for waveform in waveforms if isinstance(waveform, Sinusoids)]
    cut = [waveform for waveform in waveforms if not isinstance(waveform, Sinusoids)]
    tones = Sinusoids((tone for waveform in plain for tone in waveform.tones), sum(waveform.dc for waveform in plain))
    return Sum([tones, *cut]) if cut else tones
