"""Where the cycles of a sampled voltage begin, and its frequency."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.errors import StimulusError

_CYCLES_OF_FILTER = 4
_NOISE_PART = 1e-3
"""A fundamental smaller than this part of the largest cycle has no crossings."""


@dataclass(frozen=True)
class Crossings:
    """Upward zero crossings of the fundamental, in s after the first sample, ascending."""

    times_s: FloatArray

    @property
    def cycles(self) -> int:
        """Whole cycles between the first and the last."""
        return max(0, self.times_s.size - 1)


def fundamental(values: FloatArray, rate_hz: float, nominal_hz: float) -> FloatArray:
    """The samples behind a zero-phase band-pass around the fundamental, NaN within two cycles of the ends."""
    half = round(_CYCLES_OF_FILTER / 2 * rate_hz / nominal_hz)
    if values.size <= 2 * half + 2:
        raise StimulusError(f"Zero crossings need more than {_CYCLES_OF_FILTER} cycles of {nominal_hz:g} Hz.")
    place = np.arange(-half, half + 1)
    kernel = np.cos(2 * np.pi * nominal_hz / rate_hz * place) * np.blackman(place.size)
    kernel -= np.blackman(place.size) * (kernel.sum() / np.blackman(place.size).sum())
    size = 1 << math.ceil(math.log2(values.size + place.size))
    # A convolution by FFT: 10 minutes at 8 kHz take a second.
    whole = np.fft.irfft(np.fft.rfft(values, size) * np.fft.rfft(kernel, size), size)
    result = np.full_like(values, np.nan)
    result[half:-half] = whole[2 * half : values.size]
    return result


def crossings(values: FloatArray, rate_hz: float, nominal_hz: float = 50.0) -> Crossings:
    """The upward zero crossings of a voltage's fundamental, by straight lines between its samples."""
    wave = fundamental(values, rate_hz, nominal_hz)
    floor = _NOISE_PART * float(np.nanmax(np.abs(wave)))
    below, above = wave[:-1], wave[1:]
    found = np.flatnonzero((below < 0) & (above >= 0) & (above - below > floor * 2 * np.pi * nominal_hz / rate_hz))
    rest = below[found] / (below[found] - above[found])
    return Crossings((found + rest) / rate_hz)


def frequency_hz(values: FloatArray, rate_hz: float, nominal_hz: float = 50.0) -> float:
    """Whole cycles over their duration (IEC 61000-4-30 5.1, there over 10 s); raises StimulusError without two."""
    found = crossings(values, rate_hz, nominal_hz)
    if found.cycles < 1:
        raise StimulusError("There are no two zero crossings, so there is no frequency.")
    return found.cycles / float(found.times_s[-1] - found.times_s[0])
