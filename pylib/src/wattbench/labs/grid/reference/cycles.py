"""Where the cycles of a sampled voltage begin, and its frequency."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.errors import StimulusError

_CYCLES_OF_FILTER = 4
TICK_S = 600.0
"""Windows begin anew at whole multiples of it."""
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


def ten_second_frequencies(crossings_s: FloatArray, interval_s: float = 10.0) -> list[tuple[float, float]]:
    """Begin in s and frequency in Hz of each whole interval (IEC 61000-4-30 5.1): its whole cycles over their time.

    Crossings and intervals are on one clock; intervals begin at whole multiples of their length, and a cycle that an
    interval's edge cuts belongs to none.
    """
    if crossings_s.size < 2:
        raise StimulusError("There are no two zero crossings, so there is no frequency.")
    # An interval is whole if its first and last cycle are known.
    period_s = float(np.median(np.diff(crossings_s)))
    first = math.ceil((float(crossings_s[0]) - period_s) / interval_s)
    found = []
    for number in range(first, math.floor((float(crossings_s[-1]) + period_s) / interval_s)):
        begin_s = number * interval_s
        inside = crossings_s[(crossings_s >= begin_s) & (crossings_s <= begin_s + interval_s)]
        if inside.size >= 2:
            found.append((begin_s, (inside.size - 1) / float(inside[-1] - inside[0])))
    return found


def starts_of_windows(crossings_s: FloatArray, cycles: int, tick_s: float = TICK_S) -> list[int]:
    """Numbers of the crossings at which windows of so many cycles begin, with a new begin at each tick.

    Times and ticks are on one clock: ticks are at whole multiples of `tick_s`.
    """
    starts, place = [], 0
    while place + cycles < crossings_s.size:
        starts.append(place)
        tick = (math.floor(crossings_s[place] / tick_s) + 1) * tick_s
        stop = place + cycles
        if crossings_s[stop] > tick:
            # The running window is completed; the next one begins behind the tick, within it.
            stop = max(place + 1, int(np.searchsorted(crossings_s, tick)))
        place = stop
    return starts
