"""What loads make of a sine: conduction within the half cycle, half waves, bursts of cycles, squares.

A shape is plain data. It cuts the fundamental together with its harmonics by the angle of the fundamental of the same
channel (0 deg: upward zero); a direct component is added after the cut. The RMS value that is set is that of the wave
before it is cut: a fired or burst load of 5 A is a sine of 5 A of which a part is missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from wattbench.core.errors import StimulusError
from wattbench.labs.grid.waveform import Sinusoids, Tone, Waveform
from wattbench.labs.grid.waveforms.periodic import Periodic

_FUNDAMENTAL = Fraction(1)
_MOST_CYCLES = 1000


class Shape(Protocol):
    """How the tones of a channel become its waveform."""

    def applied(self, tones: list[Tone], dc: float, zero: Fraction) -> Waveform:
        """The waveform; `zero` is the oscillator's phase (turns) at an upward zero of the fundamental."""


@dataclass(frozen=True)
class Full:
    """The sine and its harmonics as they are."""

    def applied(self, tones: list[Tone], dc: float, zero: Fraction) -> Waveform:
        """See `Shape.applied`."""
        return Sinusoids(tones, dc)


@dataclass(frozen=True)
class PhaseFired:
    """Conducts from `from_deg` to `to_deg` of each half cycle (IEC 62053-21: 90 to 180; R46: 45, 90 or 135 to 180).

    With `from_deg` 0 it is a trailing-edge dimmer that cuts off at `to_deg`.
    """

    from_deg: float
    to_deg: float = 180.0

    def __post_init__(self) -> None:
        if not 0 <= self.from_deg < self.to_deg <= 180:
            raise StimulusError(
                f"A load conducts from 0 or later to 180 degrees or earlier of a half cycle, not from {self.from_deg} "
                f"to {self.to_deg}."
            )

    def applied(self, tones: list[Tone], dc: float, zero: Fraction) -> Waveform:
        """See `Shape.applied`."""
        start, stop = Fraction(self.from_deg) / 360, Fraction(self.to_deg) / 360
        on, off = Sinusoids(tones, dc), Sinusoids((), dc)
        if start == 0 and stop == Fraction(1, 2):
            return on
        half = Fraction(1, 2)
        edges = [zero + start, zero + stop, zero + half + start, zero + half + stop]
        return Periodic(1, edges, [on, off, on, off])


@dataclass(frozen=True)
class HalfWave:
    """Only the positive half cycles of the fundamental, or only the negative (IEC 62053-21: DC and even harmonics)."""

    positive: bool = True

    def applied(self, tones: list[Tone], dc: float, zero: Fraction) -> Waveform:
        """See `Shape.applied`."""
        on, off = Sinusoids(tones, dc), Sinusoids((), dc)
        edges = [zero, zero + Fraction(1, 2)]
        return Periodic(1, edges, [on, off] if self.positive else [off, on])


@dataclass(frozen=True)
class Burst:
    """`on_cycles` whole cycles of current, then `off_cycles` without (IEC 62053-21: 2 on, 2 off)."""

    on_cycles: int
    off_cycles: int

    def __post_init__(self) -> None:
        if not (self.on_cycles > 0 and self.off_cycles > 0 and self.on_cycles + self.off_cycles <= _MOST_CYCLES):
            raise StimulusError(
                f"A burst has at least one cycle on and one off and repeats within {_MOST_CYCLES} cycles, "
                f"not {self.on_cycles} on and {self.off_cycles} off."
            )

    def applied(self, tones: list[Tone], dc: float, zero: Fraction) -> Waveform:
        """See `Shape.applied`."""
        pattern = self.on_cycles + self.off_cycles
        return Periodic(pattern, [zero, zero + self.on_cycles], [Sinusoids(tones, dc), Sinusoids((), dc)])


@dataclass(frozen=True)
class Square:
    """The fundamental replaced by a square wave of the same RMS value; harmonics are added to it."""

    def applied(self, tones: list[Tone], dc: float, zero: Fraction) -> Waveform:
        """See `Shape.applied`."""
        height = math.fsum(tone.amplitude for tone in tones if tone.order == _FUNDAMENTAL) / math.sqrt(2)
        others = [tone for tone in tones if tone.order != _FUNDAMENTAL]
        parts = [Sinusoids(others, dc + sign * height) for sign in (1, -1)]
        return Periodic(1, [zero, zero + Fraction(1, 2)], parts)


FULL = Full()
