"""What a channel's waveform is multiplied with over time: a level, a ramp, a modulation. Plain data with closed forms.

Times are virtual ns; `terms` gives the exact course in seconds relative to a `zero_ns`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.waveform import sin_turns
from wattbench.labs.grid.waveforms.terms import Terms, TermsPiece, product_of_pieces


class Factor(Protocol):
    """A factor over virtual time."""

    def value(self, times_s: FloatArray) -> FloatArray:
        """Its value at virtual times in s."""

    def pieces(self, zero_ns: int, from_s: float, to_s: float) -> list[TermsPiece]:
        """Its exact course over a range of seconds after `zero_ns`."""

    def highest(self, from_ns: int, to_ns: int | None) -> float:
        """Its largest magnitude between two virtual times, both included; `to_ns` None: for ever."""

    @property
    def highest_hz(self) -> float:
        """The highest frequency in it."""


@dataclass(frozen=True)
class Level:
    """A constant factor, as in a dip to 40 %."""

    level: float

    def value(self, times_s: FloatArray) -> FloatArray:
        """See `Factor.value`."""
        return np.full_like(times_s, self.level)

    def pieces(self, zero_ns: int, from_s: float, to_s: float) -> list[TermsPiece]:
        """See `Factor.pieces`."""
        return [TermsPiece(from_s, to_s, Terms.constant(self.level))]

    def highest(self, from_ns: int, to_ns: int | None) -> float:
        """See `Factor.highest`."""
        return abs(self.level)

    @property
    def highest_hz(self) -> float:
        """See `Factor.highest_hz`."""
        return 0.0


@dataclass(frozen=True)
class Ramp:
    """From `start` at `from_ns` in a straight line to `end` at `to_ns`; constant before and after."""

    from_ns: int
    to_ns: int
    start: float
    end: float

    def __post_init__(self) -> None:
        if self.to_ns <= self.from_ns:
            raise StimulusError(f"A ramp has to last longer than {(self.to_ns - self.from_ns) / NS_PER_S:.9g} s.")

    def value(self, times_s: FloatArray) -> FloatArray:
        """See `Factor.value`."""
        along = (times_s - self.from_ns / NS_PER_S) * (NS_PER_S / (self.to_ns - self.from_ns))
        return self.start + (self.end - self.start) * np.clip(along, 0.0, 1.0)

    def pieces(self, zero_ns: int, from_s: float, to_s: float) -> list[TermsPiece]:
        """See `Factor.pieces`."""
        begin_s, done_s = (self.from_ns - zero_ns) / NS_PER_S, (self.to_ns - zero_ns) / NS_PER_S
        slope = (self.end - self.start) / (done_s - begin_s)
        courses = [
            (-math.inf, begin_s, Terms.constant(self.start)),
            (begin_s, done_s, Terms.polynomial([self.start - slope * begin_s, slope])),
            (done_s, math.inf, Terms.constant(self.end)),
        ]
        cut = [(max(start, from_s), min(stop, to_s), terms) for start, stop, terms in courses]
        return [TermsPiece(*piece) for piece in cut if piece[0] < piece[1]]

    def highest(self, from_ns: int, to_ns: int | None) -> float:
        """See `Factor.highest`."""
        ends = np.array([from_ns, self.to_ns if to_ns is None else to_ns]) / NS_PER_S
        return float(np.abs(self.value(ends)).max())

    @property
    def highest_hz(self) -> float:
        """See `Factor.highest_hz`."""
        return 0.0


@dataclass(frozen=True)
class Modulation:
    """1 + depth * s(rate_hz * (t - anchor)), s being a sine or a square wave between -1 and 1 that begins upwards.

    A relative voltage change dU/U of a flicker meter's test (IEC 61000-4-15) is twice the depth; r changes per minute
    are a square wave of r / 120 Hz.
    """

    depth: float
    rate_hz: float
    anchor_ns: int
    form: Literal["sine", "square"] = "sine"

    def __post_init__(self) -> None:
        if not (0 <= self.depth <= 1 and 0 < self.rate_hz < math.inf):
            raise StimulusError(
                f"A modulation has a depth from 0 to 1 and a rate above 0 Hz, not {self.depth} at {self.rate_hz} Hz."
            )
        if self.form not in ("sine", "square"):
            raise StimulusError(f"A modulation is a sine or a square, not {self.form!r}.")

    def value(self, times_s: FloatArray) -> FloatArray:
        """See `Factor.value`."""
        turns = (times_s - self.anchor_ns / NS_PER_S) * self.rate_hz
        if self.form == "sine":
            return 1 + self.depth * sin_turns(turns)
        return np.where(turns - np.floor(turns) < 0.5, 1 + self.depth, 1 - self.depth)

    def pieces(self, zero_ns: int, from_s: float, to_s: float) -> list[TermsPiece]:
        """See `Factor.pieces`."""
        start = Fraction(self.rate_hz) * (zero_ns - self.anchor_ns) / NS_PER_S
        if self.form == "sine":
            terms = Terms.tones([self.depth], [self.rate_hz], [float(start % 1)], 1.0)
            return [TermsPiece(from_s, to_s, terms)]
        result = []
        half = math.floor((start + Fraction(from_s) * Fraction(self.rate_hz)) * 2)
        at_s = from_s
        while at_s < to_s:
            stop_s = min(to_s, float((Fraction(half + 1, 2) - start) / Fraction(self.rate_hz)))
            if stop_s > at_s:
                sign = 1 if half % 2 == 0 else -1
                result.append(TermsPiece(at_s, stop_s, Terms.constant(1 + sign * self.depth)))
                at_s = stop_s
            half += 1
        return result

    def highest(self, from_ns: int, to_ns: int | None) -> float:
        """See `Factor.highest`."""
        return 1 + self.depth

    @property
    def highest_hz(self) -> float:
        """See `Factor.highest_hz`. Of a square each half is smooth."""
        return self.rate_hz if self.form == "sine" else 0.0


def product(factors: tuple[Factor, ...], zero_ns: int, from_s: float, to_s: float) -> list[TermsPiece]:
    """The exact course of a product of factors."""
    result = [TermsPiece(from_s, to_s, Terms.constant(1.0))]
    for factor in factors:
        result = product_of_pieces(result, factor.pieces(zero_ns, from_s, to_s))
    return result
