"""Surges and ringing on a channel, in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.clock import NS_PER_S, to_ns
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.waveform import sin_turns
from wattbench.labs.grid.waveforms.terms import Terms, TermsPiece

_DECAYS = 40
"""After so many time constants nothing is left: exp(-40) is below a float's resolution of the peak."""
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_EXPONENTIAL = [1 / math.factorial(k) for k in range(16)]


def fading(ratios: FloatArray) -> FloatArray:
    """exp(-ratio) for ratios from 0 to 700, with the same bits on every host (see `waveform.sin_turns`)."""
    doublings = np.rint(ratios * (1 / math.log(2)))
    rest = (doublings * _LN2_HIGH - ratios) + doublings * _LN2_LOW
    result = np.full_like(rest, _EXPONENTIAL[-1])
    for coefficient in reversed(_EXPONENTIAL[:-1]):
        result *= rest
        result += coefficient
    return np.ldexp(result, -doublings.astype(np.int64))


@dataclass(frozen=True)
class Transient:
    """From `at_ns` on: scale * (exp(-t / decay) - exp(-t / rise)) * cos(2 pi ring_hz t).

    `decay_s` and `rise_s` are time constants; a `rise_s` of 0 is a step. The scale makes the envelope's peak `peak`
    (in V or A). A 1.2/50 us surge has about rise 0.4 us and decay 68 us; a ring wave has a `ring_hz`.
    """

    at_ns: int
    peak: float
    decay_s: float
    rise_s: float = 0.0
    ring_hz: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.peak) and 0 <= self.rise_s < self.decay_s < math.inf):
            raise StimulusError(
                f"A transient has a finite peak and rises faster than it decays, not {self.peak} with {self.rise_s} s "
                f"up and {self.decay_s} s down."
            )
        if not 0 <= self.ring_hz < math.inf:
            raise StimulusError(f"A transient rings at 0 Hz or above, not at {self.ring_hz} Hz.")

    @property
    def end_ns(self) -> int:
        """From here on it is 0."""
        return self.at_ns + max(1, to_ns(_DECAYS * self.decay_s))

    @property
    def scale(self) -> float:
        """Factor before the difference of the exponentials."""
        if not self.rise_s:
            return self.peak
        ratio = self.rise_s / self.decay_s
        top = ratio ** (ratio / (1 - ratio)) - ratio ** (1 / (1 - ratio))
        return float(self.peak / top)

    def value(self, times_s: FloatArray) -> FloatArray:
        """Its value at virtual times in s."""
        seconds = times_s - self.at_ns / NS_PER_S
        result = np.zeros_like(seconds)
        alive = (seconds >= 0) & (seconds < (self.end_ns - self.at_ns) / NS_PER_S)
        after = seconds[alive]
        if after.size:
            shape = fading(after / self.decay_s)
            if self.rise_s:
                shape -= fading(np.minimum(after / self.rise_s, 700.0))
            if self.ring_hz:
                shape *= sin_turns(after * self.ring_hz + 0.25)
            result[alive] = self.scale * shape
        return result

    def pieces(self, zero_ns: int, from_s: float, to_s: float) -> list[TermsPiece]:
        """Its exact course over a range of seconds after `zero_ns`."""
        begin_s, end_s = (self.at_ns - zero_ns) / NS_PER_S, (self.end_ns - zero_ns) / NS_PER_S
        rise_end_s = begin_s + _DECAYS * self.rise_s
        slow = Terms.tones([self.scale], [self.ring_hz], [0.25], 0.0, self.decay_s).moved(-begin_s)
        courses = [(-math.inf, begin_s, Terms.constant(0.0))]
        if self.rise_s:
            fast = Terms.tones([-self.scale], [self.ring_hz], [0.25], 0.0, self.rise_s).moved(-begin_s)
            courses.append((begin_s, rise_end_s, slow.plus(fast)))
        courses += [(max(begin_s, rise_end_s), end_s, slow), (end_s, math.inf, Terms.constant(0.0))]
        cut = [(max(start, from_s), min(stop, to_s), terms) for start, stop, terms in courses]
        return [TermsPiece(*piece) for piece in cut if piece[0] < piece[1]]

    @property
    def highest_hz(self) -> float:
        """A frequency above which quadrature needs no finer panels."""
        return self.ring_hz + 1 / (self.rise_s or self.decay_s)
