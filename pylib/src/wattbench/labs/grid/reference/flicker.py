"""The flickermeter of IEC 61000-4-15 for 230 V / 50 Hz and 120 V / 60 Hz lamps.

Its linear filters are applied as their analog frequency responses, so no design of digital filters adds an error. An
FFT takes the samples as periodic: leave out the first `settle_s`, in which the end of the samples is still felt.
The scale follows from the definition: the perceptibility peaks at 1 under the standard's modulation of 8.8 Hz.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.core.analog import FloatArray
from wattbench.core.errors import StimulusError

SETTLE_S = 30.0
_BAND_HZ = 200.0
_PERCENT = (0.1, 0.7, 1.0, 1.5, 2.2, 3.0, 4.0, 6.0, 8.0, 10.0, 13.0, 17.0, 30.0, 50.0, 80.0)


@dataclass(frozen=True)
class Lamp:
    """Constants of the weighting filter (lamp, eye and brain) and of the low-pass before it."""

    gain: float
    damping_hz: float
    corners_hz: tuple[float, float, float, float]
    low_pass_hz: float
    sensitive_percent: float
    """Change of the voltage, peak to peak, that is just perceived at 8.8 Hz."""

    def response(self, hertz: FloatArray) -> NDArray[np.complex128]:
        """High-pass, low-pass and weighting."""
        s = 2j * np.pi * hertz
        lam, first, second, third, fourth = (2 * math.pi * value for value in (self.damping_hz, *self.corners_hz))
        weighting = self.gain * first * s / (s * s + 2 * lam * s + first**2)
        weighting = weighting * (1 + s / second) / ((1 + s / third) * (1 + s / fourth))
        high = s / (s + 2 * math.pi * 0.05)
        low = np.ones_like(s)
        unit = s / (2 * math.pi * self.low_pass_hz)
        for k in range(3):
            low = low / (unit * unit + 2 * math.sin(math.pi * (2 * k + 1) / 12) * unit + 1)
        return np.asarray(weighting * high * low)


LAMP_230V = Lamp(1.74802, 4.05981, (9.15494, 2.27979, 1.22535, 21.9), 35.0, 0.250)
LAMP_120V = Lamp(1.6357, 4.167375, (9.077169, 2.939902, 1.394468, 17.31512), 42.0, 0.321)


def _first_order(hertz: FloatArray, seconds: float) -> NDArray[np.complex128]:
    return np.asarray(1 / (1 + 2j * np.pi * hertz * seconds))


def _scale(lamp: Lamp) -> float:
    amplitude = lamp.sensitive_percent / 100 * abs(complex(lamp.response(np.array([8.8]))[0]))
    ripple = abs(complex(_first_order(np.array([17.6]), 0.3)[0]))
    return 1 / (amplitude**2 / 2 * (1 + ripple))


def _filtered(values: FloatArray, response: NDArray[np.complex128]) -> FloatArray:
    lines = np.multiply(np.fft.rfft(values), response)
    return np.asarray(np.fft.irfft(lines, values.size), dtype=np.float64)


def instantaneous_flicker(values: FloatArray, rate_hz: float, lamp: Lamp = LAMP_230V) -> tuple[float, FloatArray]:
    """The perceptibility Pinst of a sampled voltage: its rate in Hz (about 400), and its course."""
    if values.size < rate_hz or not float(np.mean(values * values)):
        raise StimulusError("Flicker needs a voltage of at least a second.")
    # The square is all that is used of the voltage, and of it only what the low-pass lets through.
    count = values.size
    lines = np.fft.rfft(values * values)[: math.ceil(_BAND_HZ * count / rate_hz)]
    size = 2 * lines.size
    squares = np.fft.irfft(lines, size) * (size / count)
    rate = size * rate_hz / count
    hertz: FloatArray = np.fft.rfftfreq(size, 1 / rate).astype(np.float64)
    slow = _filtered(squares, _first_order(hertz, 27.3))
    shown = _filtered(squares / slow, lamp.response(hertz))
    smooth = _filtered(shown * shown, _first_order(hertz, 0.3))
    return rate, np.maximum(smooth, 0.0) * _scale(lamp)


def short_term(values: FloatArray, rate_hz: float, lamp: Lamp = LAMP_230V, settle_s: float = SETTLE_S) -> float:
    """Pst of all samples after `settle_s` (the standard's interval is 10 minutes)."""
    rate, course = instantaneous_flicker(values, rate_hz, lamp)
    rest = course[math.ceil(settle_s * rate) :]
    if not rest.size:
        raise StimulusError(f"Pst needs more than the {settle_s} s that the filters take to settle.")
    exceeded = dict(zip(_PERCENT, np.percentile(rest, 100 - np.array(_PERCENT)).tolist(), strict=True))
    smoothed = {
        1: (0.7, 1.0, 1.5),
        3: (2.2, 3.0, 4.0),
        10: (6.0, 8.0, 10.0, 13.0, 17.0),
        50: (30.0, 50.0, 80.0),
    }
    mean = {key: sum(exceeded[percent] for percent in group) / len(group) for key, group in smoothed.items()}
    return math.sqrt(0.0314 * exceeded[0.1] + 0.0525 * mean[1] + 0.0657 * mean[3] + 0.28 * mean[10] + 0.08 * mean[50])


def long_term(short_terms: list[float]) -> float:
    """Plt of successive Pst (12 of them in 2 hours)."""
    if not short_terms:
        raise StimulusError("Plt needs at least one Pst.")
    return math.cbrt(math.fsum(value**3 for value in short_terms) / len(short_terms))
