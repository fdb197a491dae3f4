"""Values of 10/12-cycle windows, and RMS values refreshed each half cycle (IEC 61000-4-30)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.reference.cycles import Crossings, crossings, starts_of_windows
from wattbench.labs.grid.reference.spectrum import Spectrum
from wattbench.labs.grid.waveforms.recording import Recording


@dataclass(frozen=True)
class Window:
    """Values over 10 cycles (12 at 60 Hz) of the first voltage, for each channel by its name."""

    start_s: float
    end_s: float
    cycles: int
    rms: dict[str, float]
    spectra: dict[str, Spectrum]
    values: dict[str, FloatArray]
    """The window's course at evenly spaced times, a power of two of them."""

    @property
    def frequency_hz(self) -> float:
        """Cycles over duration."""
        return self.cycles / (self.end_s - self.start_s)

    def active_power(self, voltage: str, current: str) -> float:
        """Mean of u i, in W."""
        return float(np.mean(self.values[voltage] * self.values[current]))

    def reactive_power(self, voltage: str, current: str, order: int = 1) -> float:
        """Q of one order, of the fundamental by default, in var; positive if the current lags."""
        return self._power(voltage, current, order).imag

    def budeanu_power(self, voltage: str, current: str, highest: int = 50) -> float:
        """Sum of Q over the orders, in var."""
        return math.fsum(self._power(voltage, current, order).imag for order in range(1, highest + 1))

    def _power(self, voltage: str, current: str, order: int) -> complex:
        return self.spectra[voltage].harmonic(order) * self.spectra[current].harmonic(order).conjugate()


def analyse(
    channels: dict[str, FloatArray],
    rate_hz: float,
    *,
    reference: str | None = None,
    nominal_hz: float = 50.0,
    start_s: float = 0.0,
) -> list[Window]:
    """All whole windows of channels that were sampled together; `reference` is the voltage whose cycles count.

    Each window is resampled to a power of two of points by the reconstruction filter of recordings, so no window is
    short of a part of a sample. What is within two cycles of an end of the samples is left out. The first sample is at
    `start_s` of the clock whose 10-minute ticks let windows begin anew (see `aggregation`).
    """
    if not channels:
        raise StimulusError("There are no samples to analyse.")
    cycles = 12 if nominal_hz >= 55 else 10
    found = crossings(channels[reference or next(iter(channels))], rate_hz, nominal_hz)
    recordings = {name: Recording(values, rate_hz, name) for name, values in channels.items()}
    points = 1 << math.ceil(math.log2(cycles * rate_hz / nominal_hz))
    windows = []
    for place in starts_of_windows(found.times_s + start_s, cycles):
        begin_s, end_s = float(found.times_s[place]), float(found.times_s[place + cycles])
        times_s: FloatArray = begin_s + np.arange(points, dtype=np.float64) * ((end_s - begin_s) / points)
        values = {name: recording.value(times_s) for name, recording in recordings.items()}
        rms = {name: math.sqrt(float(np.mean(value * value))) for name, value in values.items()}
        spectra = {name: Spectrum.of(value, cycles) for name, value in values.items()}
        windows.append(Window(begin_s + start_s, end_s + start_s, cycles, rms, spectra, values))
    return windows


def half_cycle_rms(
    values: FloatArray, rate_hz: float, *, found: Crossings | None = None, nominal_hz: float = 50.0
) -> tuple[FloatArray, FloatArray]:
    """Urms(1/2): the RMS of each cycle, refreshed each half cycle; times of the ends in s, and values.

    Cycles are those of `found` (default: of the samples themselves); where it has a gap, as in an interruption, they go
    on at the last frequency.
    """
    known = (found or crossings(values, rate_hz, nominal_hz)).times_s
    if known.size < 2:
        raise StimulusError("There are no two zero crossings, so there are no cycles to take an RMS of.")
    times: list[float] = []
    period = 1 / nominal_hz
    for start, stop in zip(known[:-1].tolist(), known[1:].tolist(), strict=True):
        count = max(1, round((stop - start) / period))
        times += [start + k * (stop - start) / count for k in range(count)]
        if count == 1:
            period = stop - start
    ends = np.array([*times, float(known[-1])])
    halves = np.sort(np.concatenate([ends, (ends[:-1] + ends[1:]) / 2]))
    # The integral of the square up to each half cycle, of a course with a degree-7 polynomial between samples.
    recording = Recording(values * values, rate_hz, "square")
    steps = max(8, math.ceil(rate_hz / nominal_hz))
    grid = np.concatenate([np.linspace(a, b, steps, endpoint=False) for a, b in itertools.pairwise(halves)])
    squares = recording.value(grid).reshape(-1, steps)
    last = recording.value(halves[1:])
    widths = np.diff(halves)
    # Trapezoids over each half cycle; the square repeats each half cycle of a steady wave, where they are exact.
    areas = (squares.sum(axis=1) + (last - squares[:, 0]) / 2) * widths / steps
    whole = (areas[:-1] + areas[1:]) / (widths[:-1] + widths[1:])
    return halves[2:], np.sqrt(np.maximum(whole, 0.0))


def aggregate(values: Iterable[float]) -> float:
    """Several windows as one: the root of the mean of the squares (150/180 cycles: 15 windows; 10 min: 3000)."""
    squares = [value * value for value in values]
    if not squares:
        raise StimulusError("There is nothing to aggregate.")
    return math.sqrt(math.fsum(squares) / len(squares))
