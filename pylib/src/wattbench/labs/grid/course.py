"""The course of one channel in one segment: factors times waveforms, plus what happens once.

x(t) = sum over parts of factors(t) * waveform(turns(t)) + transients(t) + recordings(t)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.clock import NS_PER_S, to_ns
from wattbench.labs.grid.waveform import Sinusoids, Waveform
from wattbench.labs.grid.waveforms.factors import Factor
from wattbench.labs.grid.waveforms.recording import PASS_BAND, Recording
from wattbench.labs.grid.waveforms.transient import Transient


class Part(NamedTuple):
    """A periodic waveform under factors."""

    waveform: Waveform
    factors: tuple[Factor, ...] = ()


@dataclass(frozen=True)
class Played:
    """A recording that begins at `at_ns`, times `gain`."""

    recording: Recording
    at_ns: int
    gain: float = 1.0

    @property
    def end_ns(self) -> int:
        """From here on it is 0."""
        return self.start_ns + to_ns(self.recording.duration_s)

    @property
    def start_ns(self) -> int:
        """When its first sample is."""
        return self.at_ns + to_ns(self.recording.skew_s)

    def value(self, times_s: FloatArray) -> FloatArray:
        """Its value at virtual times in s."""
        return self.gain * self.recording.value(times_s - self.start_ns / NS_PER_S)

    @property
    def highest_hz(self) -> float:
        """The highest frequency that its reconstruction lets pass."""
        return self.recording.rate_hz * PASS_BAND


Single = Transient | Played
"""Something that happens once."""


@dataclass(frozen=True)
class Course:
    """See the module's formula; without noise."""

    parts: tuple[Part, ...]
    singles: tuple[Single, ...] = ()

    @property
    def plain(self) -> Waveform | None:
        """The waveform, if it is all there is."""
        if len(self.parts) == 1 and not self.parts[0].factors and not self.singles:
            return self.parts[0].waveform
        return None

    @property
    def is_recorded(self) -> bool:
        """Whether a recording is part of it."""
        return any(isinstance(single, Played) for single in self.singles)

    @property
    def period_turns(self) -> int:
        """Whole turns after which all waveforms repeat."""
        return math.lcm(1, *(part.waveform.period_turns for part in self.parts))

    def value(self, turns: FloatArray, times_s: FloatArray) -> FloatArray:
        """The channel at virtual times, given with the oscillator's phase then."""
        result = np.zeros_like(times_s)
        for waveform, factors in self.parts:
            values = waveform.value(turns)
            for factor in factors:
                values = values * factor.value(times_s)
            result += values
        for single in self.singles:
            result += single.value(times_s)
        return result

    @property
    def size(self) -> float:
        """A magnitude that is not far below its peak, found at little cost; 0 for nothing at all."""
        sizes = [part.waveform.size for part in self.parts]
        return math.fsum((*sizes, *map(_size, self.singles)))

    def bound(self, from_ns: int, to_ns: int | None) -> float:
        """A magnitude that is not exceeded between two virtual times (None: for ever)."""
        bound = 0.0
        for waveform, factors in self.parts:
            bound += waveform.peak().magnitude * math.prod(factor.highest(from_ns, to_ns) for factor in factors)
        for single in self.singles:
            bound += _size(single)
        return bound


def _size(single: Single) -> float:
    return abs(single.gain) * single.recording.peak if isinstance(single, Played) else abs(single.peak)


NOTHING = Course((Part(Sinusoids()),))
UNIT = Course((Part(Sinusoids(dc=1.0)),))
