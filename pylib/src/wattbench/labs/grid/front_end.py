"""What sits between the mains and a converter's pin: shunt, current transformer or divider."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wattbench.core.analog import FloatArray
from wattbench.labs.grid.noise import NO_NOISE, PEAK_SIGMAS, Noise
from wattbench.labs.grid.waveform import Peak, Waveform


class FrontEndDescription(Protocol):
    """How one phase is wired to a converter, as the firmware's manifest says."""

    @property
    def afe(self) -> str:
        """Name of the converter's model in the platform."""

    @property
    def current_input(self) -> str:
        """The converter's input that sees the shunt."""

    @property
    def voltage_input(self) -> str:
        """The converter's input that sees the divider; empty if there is none."""

    @property
    def shunt_ohm(self) -> float:
        """Volts at the pin per ampere; negative if the shunt is connected the other way round."""

    @property
    def divider_ratio(self) -> float:
        """Volts at the pin per volt of the line (1 kOhm of 991 kOhm: 1/991)."""


@dataclass(frozen=True)
class FrontEnd:
    """Linear sensor with its faults: pin volts = clip(gain * x(t - delay) + offset + noise).

    `gain` is pin volts per ampere or volt of the line; a positive `delay_us` lets the pin lag behind the line
    (a current transformer that leads has a negative one); `clip_v` is the level at which the sensor itself saturates.
    """

    gain: float
    offset_v: float = 0.0
    delay_us: float = 0.0
    clip_v: float = math.inf
    noise: Noise = NO_NOISE

    @property
    def delay_ns(self) -> int:
        """The delay in whole ns."""
        return round(self.delay_us * 1000)

    def pin_volts(self, line: FloatArray, times_ns: NDArray[np.int64]) -> FloatArray:
        """Volts at the pin for the values `line` of the waveform at `times_ns` less the delay."""
        volts = line * self.gain
        if self.offset_v:
            volts += self.offset_v
        if self.noise.rms:
            volts += self.noise.value(times_ns)
        if self.clip_v < math.inf:
            np.clip(volts, -self.clip_v, self.clip_v, out=volts)
        return volts

    def pin_peak(self, waveform: Waveform, noise: Noise) -> Peak:
        """Largest magnitude at the pin that `waveform` with `noise` on it can bring, and the phase where."""
        if self.gain == 0:
            return Peak(min(abs(self.offset_v) + PEAK_SIGMAS * self.noise.rms, self.clip_v), 0.0)
        peak = waveform.peak(self.offset_v / self.gain)
        volts = abs(self.gain) * (peak.magnitude + PEAK_SIGMAS * noise.rms) + PEAK_SIGMAS * self.noise.rms
        return Peak(min(volts, self.clip_v), peak.at_turns)
