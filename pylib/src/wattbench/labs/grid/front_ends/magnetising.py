"""What a current transformer takes from the line over virtual time, by the closed form of the line in one segment.

Under a current that repeats it is the transformer's steady state. Ramps, modulations and a moving frequency are
followed as if each moment were steady: the error is the current's rate of change over w^2 tau, such as 0.1 mA where
50 A ramp up within 10 s. Of recordings the differential equation is integrated between their samples, with straight
lines, from a flux without a direct component in the first cycle.

The flux goes on over a change of the current: below the knee its difference to all of these decays with tau, in closed
form. Where it comes over the knee on the way to a steady state, it is followed step by step from the change until it
repeats. A core that saturates while something moves is refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.channels import Channel
from wattbench.labs.grid.course import Course, Played
from wattbench.labs.grid.front_ends.transformer import STEPS_PER_TURN, CurrentTransformer, Periodical
from wattbench.labs.grid.segment import Segment
from wattbench.labs.grid.waveform import Waveform

MOST_POINTS = 1 << 21
"""Of a recording; longer ones are integrated in longer steps."""
_LARGEST_EXPONENT = 20.0
_NOTHING_LEFT = 1e-9
"""A difference of the flux below this part of an ampere, or of the flux, is none."""


class Magnetising(Protocol):
    """The magnetising current of one transformer in one segment, in A of the line."""

    @property
    def highest(self) -> float:
        """A magnitude that is not exceeded."""

    def value(self, times_s: FloatArray) -> FloatArray:
        """At virtual times of the segment."""


class Steady:
    """Of a current that repeats."""

    def __init__(self, segment: Segment, periodical: Periodical) -> None:
        self._segment, self._periodical = segment, periodical

    @property
    def highest(self) -> float:
        """Its peak."""
        return self._periodical.peak().magnitude

    @property
    def period_turns(self) -> int:
        """Whole turns after which it repeats."""
        return self._periodical.period_turns

    def value(self, times_s: FloatArray) -> FloatArray:
        """See `Magnetising.value`."""
        seconds = times_s - self._segment.start_ns / NS_PER_S
        return self._periodical.value(self._segment.turns_after(seconds, self._periodical.period_turns))


@dataclass(frozen=True)
class Decaying:
    """What is left of the flux before a change, over what comes of the new current alone; below the knee."""

    segment: Segment
    base: Magnetising
    left_a: float
    tau_s: float

    @property
    def highest(self) -> float:
        """A magnitude that is not exceeded."""
        return self.base.highest + abs(self.left_a)

    def value(self, times_s: FloatArray) -> FloatArray:
        """See `Magnetising.value`."""
        after_s = times_s - self.segment.start_ns / NS_PER_S
        return np.asarray(self.base.value(times_s) + self.left_a * np.exp(-after_s / self.tau_s))


@dataclass(frozen=True)
class Settling:
    """The first steps after a change that drives the core over its knee, and the steady state after them."""

    segment: Segment
    base: Magnetising
    early_a: FloatArray

    @property
    def highest(self) -> float:
        """A magnitude that is not exceeded."""
        return max(self.base.highest, float(np.abs(self.early_a).max()))

    def value(self, times_s: FloatArray) -> FloatArray:
        """See `Magnetising.value`."""
        after_s = times_s - self.segment.start_ns / NS_PER_S
        result = self.base.value(times_s)
        places = after_s * (self.segment.frequency_hz * STEPS_PER_TURN)
        inside = places < self.early_a.size - 1
        result[inside] = np.interp(places[inside], np.arange(self.early_a.size), self.early_a)
        return result


class Followed:
    """Of waveforms under factors, or at a frequency that moves; without saturation."""

    def __init__(self, segment: Segment, course: Course, transformer: CurrentTransformer) -> None:
        self._segment, self._course, self._transformer = segment, course, transformer

    @property
    def highest(self) -> float:
        """A magnitude that is not exceeded."""
        start_ns, end_ns, hertz = self._segment.start_ns, self._segment.end_ns, self._segment.lowest_hz
        return math.fsum(
            self._transformer.linear(waveform, hertz).peak().magnitude
            * math.prod(factor.highest(start_ns, end_ns) for factor in factors)
            for waveform, factors in self._course.parts
        )

    def value(self, times_s: FloatArray) -> FloatArray:
        """See `Magnetising.value`."""
        seconds = times_s - self._segment.start_ns / NS_PER_S
        turns = self._segment.turns_after(seconds, self._course.period_turns)
        hertz = self._segment.hertz_after(seconds)
        result = np.zeros_like(times_s)
        for waveform, factors in self._course.parts:
            values = self._transformer.linear_at(waveform, turns, hertz)
            for factor in factors:
                values = values * factor.value(times_s)
            result += values
        return result


class Integrated:
    """Of a course with recordings, point by point; without saturation."""

    def __init__(self, segment: Segment, course: Course, transformer: CurrentTransformer) -> None:
        self._segment, self._course, self._tau_s = segment, course, transformer.tau_s

    @cached_property
    def _table(self) -> tuple[FloatArray, FloatArray]:
        """Times and values, from the segment's start to where the recordings end, and with them the segment."""
        segment = self._segment
        played = [single for single in self._course.singles if isinstance(single, Played)]
        begin_s = segment.start_ns / NS_PER_S
        end_ns = max(single.end_ns for single in played)
        if segment.end_ns is not None:
            end_ns = min(end_ns, segment.end_ns)
        rate_hz = max(single.recording.rate_hz for single in played)
        count = min(max(2, math.ceil((end_ns / NS_PER_S - begin_s) * rate_hz) + 1), MOST_POINTS)
        step_s = (end_ns / NS_PER_S - begin_s) / (count - 1)
        seconds: FloatArray = np.arange(count, dtype=np.float64) * step_s
        turns = segment.turns_after(seconds, self._course.period_turns)
        current = self._course.value(turns, begin_s + seconds)
        driven, decayed = _driven(current, step_s / self._tau_s)
        cycle = min(count, max(1, round(1 / (segment.frequency_hz * step_s))))
        start = float((current[:cycle].mean() - driven[:cycle].mean()) / decayed[:cycle].mean())
        return begin_s + seconds, driven + start * decayed

    @property
    def highest(self) -> float:
        """Its largest magnitude."""
        return float(np.abs(self._table[1]).max())

    def value(self, times_s: FloatArray) -> FloatArray:
        """See `Magnetising.value`."""
        return np.asarray(np.interp(times_s, *self._table))


def _driven(current: FloatArray, step: float) -> tuple[FloatArray, FloatArray]:
    """The answer from 0 on to points of a current, `step` time constants apart; and what would be left of a start at 1.

    Over a step with a straight line m goes to exp(-step) m + before * current + after * next current.
    """
    decay, mean = math.exp(-step), -math.expm1(-step) / step
    drive = (mean - decay) * current[:-1] + (1 - mean) * current[1:]
    result = np.zeros_like(current)
    length = max(1, int(_LARGEST_EXPONENT / step))
    for first in range(0, drive.size, length):
        part = drive[first : first + length]
        powers = np.exp(-step * np.arange(1, part.size + 1))
        result[first + 1 : first + 1 + part.size] = powers * (result[first] + np.cumsum(part / powers))
    return result, np.exp(-step * np.arange(current.size))


def magnetising_current(
    segments: Sequence[Segment], segment: Segment, channel: Channel, transformer: CurrentTransformer
) -> Magnetising:
    """What a transformer takes from a channel in a segment, one of `segments`; the first one is as it always was.

    Raises StimulusError where it cannot be told.
    """
    flux_a: float | None = None
    for each in segments:
        key = (channel, transformer, "with the flux before it")
        if key not in each.kept:
            each.kept[key] = _after(flux_a, each, channel, transformer)
        found: Magnetising = each.kept[key]
        if each is segment or each.end_ns is None:
            return found
        flux_a = float(found.value(np.array([each.end_ns / NS_PER_S]))[0])
    raise ValueError("the segment is none of the segments")


def _after(flux_a: float | None, segment: Segment, channel: Channel, transformer: CurrentTransformer) -> Magnetising:
    """What comes of a flux at the start of a segment; None: nothing but what belongs to the segment's current."""
    base = by_itself(segment, channel, transformer)
    if flux_a is None:
        return base
    left_a = flux_a - float(base.value(np.array([segment.start_ns / NS_PER_S]))[0])
    if abs(left_a) < _NOTHING_LEFT * max(1.0, abs(flux_a)):
        return base
    if base.highest + abs(left_a) <= transformer.knee_a:
        return Decaying(segment, base, left_a, transformer.tau_s)
    if not isinstance(base, Steady):
        raise _saturates(segment, channel, transformer, base.highest + abs(left_a))
    turns = base.period_turns
    start = float(segment.turns_after(np.zeros(1), turns)[0])
    phases = start + np.arange(STEPS_PER_TURN * turns) / STEPS_PER_TURN
    current = segment.waveform(channel).value(phases).tolist()
    return Settling(segment, base, np.array(transformer.settling(current, segment.frequency_hz, flux_a)))


def by_itself(segment: Segment, channel: Channel, transformer: CurrentTransformer) -> Magnetising:
    """What belongs to the current of a segment alone; raises StimulusError where it cannot be told."""
    key = (channel, transformer)
    if key not in segment.kept:
        segment.kept[key] = _made(segment, channel, transformer)
    found: Magnetising = segment.kept[key]
    return found


def of_part(segment: Segment, waveform: Waveform, transformer: CurrentTransformer) -> Periodical:
    """The magnetising current of a waveform that is part of a segment's course, in the steady state."""
    key = (id(waveform), transformer)
    if key not in segment.kept:
        segment.kept[key] = transformer.magnetising(waveform, segment.frequency_hz)
    found: Periodical = segment.kept[key]
    return found


def _made(segment: Segment, channel: Channel, transformer: CurrentTransformer) -> Magnetising:
    course = segment.course(channel)
    recorded = course.is_recorded
    if not recorded and segment.is_steady and not any(part.factors for part in course.parts):
        if len(course.parts) == 1:
            return Steady(segment, of_part(segment, course.parts[0].waveform, transformer))
        return Steady(segment, transformer.magnetising(segment.waveform(channel), segment.frequency_hz))
    made = (Integrated if recorded else Followed)(segment, course, transformer)
    if transformer.knee_a < math.inf and made.highest > transformer.knee_a:
        raise _saturates(segment, channel, transformer, made.highest)
    return made


def _saturates(segment: Segment, channel: Channel, transformer: CurrentTransformer, reached_a: float) -> StimulusError:
    return StimulusError(
        f"A current transformer that saturates is modelled under a current that repeats, but the {channel} set from "
        f"{segment.start_ns / NS_PER_S:.9g} s is ramped, modulated or recorded, and brings the core to "
        f"{reached_a:.4g} A of at most {transformer.knee_a:.4g} A: inject less, or take a shunt there."
    )
