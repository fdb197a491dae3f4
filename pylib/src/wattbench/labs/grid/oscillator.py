"""How the frequency of the mains moves; the phase is its integral, exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.waveform import sin_turns


@dataclass(frozen=True)
class FrequencyRamp:
    """From `from_hz` at `from_ns` in a straight line to `to_hz` at `to_ns`."""

    from_ns: int
    to_ns: int
    from_hz: float
    to_hz: float

    def __post_init__(self) -> None:
        if self.to_ns <= self.from_ns:
            raise StimulusError("A ramp of the frequency has to last longer than 0 s.")

    @property
    def slope_hz_per_s(self) -> Fraction:
        """Its rate of change, exactly."""
        return (Fraction(self.to_hz) - Fraction(self.from_hz)) * NS_PER_S / (self.to_ns - self.from_ns)

    def hz_at(self, time_ns: int) -> float:
        """The frequency at a virtual time within the ramp."""
        return float(Fraction(self.from_hz) + self.slope_hz_per_s * (time_ns - self.from_ns) / NS_PER_S)


@dataclass(frozen=True)
class FrequencySwing:
    """`deviation_hz` * sin(2 pi `rate_hz` (t - `anchor_ns`)) on top of the frequency."""

    deviation_hz: float
    rate_hz: float
    anchor_ns: int

    def __post_init__(self) -> None:
        if not (0 <= self.deviation_hz < math.inf and 0 < self.rate_hz < math.inf):
            raise StimulusError(
                f"A swing of the frequency has a deviation from 0 Hz on and a rate above 0 Hz, not "
                f"{self.deviation_hz} Hz at {self.rate_hz} Hz."
            )

    @property
    def reach_turns(self) -> float:
        """Amplitude of what it adds to the phase."""
        return self.deviation_hz / (2 * math.pi * self.rate_hz)

    def hertz(self, start_ns: int, seconds: FloatArray) -> FloatArray:
        """What it adds to the frequency at `seconds` after `start_ns`."""
        begin = float(Fraction(self.rate_hz) * (start_ns - self.anchor_ns) / NS_PER_S % 1)
        return self.deviation_hz * sin_turns(seconds * self.rate_hz + begin)

    def turns(self, start_ns: int, seconds: FloatArray) -> FloatArray:
        """Phase (turns) that it adds from `start_ns` to `seconds` after it."""
        begin = float(Fraction(self.rate_hz) * (start_ns - self.anchor_ns) / NS_PER_S % 1) + 0.25
        return self.reach_turns * (sin_turns(np.array([begin])) - sin_turns(seconds * self.rate_hz + begin))
