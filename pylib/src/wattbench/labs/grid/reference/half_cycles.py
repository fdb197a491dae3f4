"""Urms(1/2) of a voltage: the RMS of a cycle from a zero crossing on, each half cycle anew (IEC 61000-4-30)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.reference.cycles import Crossings
from wattbench.labs.grid.reference.windows import half_cycle_rms


@dataclass(frozen=True)
class HalfCycles:
    """Successive values of Urms(1/2), each over the cycle from `starts_s` to `ends_s`, in s and V."""

    starts_s: FloatArray
    ends_s: FloatArray
    rms_v: FloatArray

    @staticmethod
    def of_edges(edges_s: FloatArray, squares: FloatArray) -> HalfCycles:
        """From the edges of half cycles in s, and the integral of the square over each half cycle in V²s."""
        if edges_s.size < 3:
            raise StimulusError("Urms(1/2) needs at least one whole cycle.")
        widths = edges_s[2:] - edges_s[:-2]
        means = (squares[:-1] + squares[1:]) / widths
        return HalfCycles(edges_s[:-2], edges_s[2:], np.sqrt(np.maximum(means, 0.0)))

    @staticmethod
    def of_samples(
        values: FloatArray,
        rate_hz: float,
        *,
        start_s: float = 0.0,
        found: Crossings | None = None,
        nominal_hz: float = 50.0,
    ) -> HalfCycles:
        """From samples, the first of them at `start_s`; cycles as in `half_cycle_rms`."""
        ends_s, rms = half_cycle_rms(values, rate_hz, found=found, nominal_hz=nominal_hz)
        # Half cycles are of equal length within a cycle; a cycle before an end lie two of them.
        starts_s = np.concatenate([2 * ends_s[:1] - ends_s[2:3], 2 * ends_s[1:2] - ends_s[3:4], ends_s[:-2]])
        return HalfCycles(starts_s + start_s, ends_s + start_s, rms)

    @property
    def edges_s(self) -> FloatArray:
        """The edges of the half cycles."""
        return np.concatenate([self.starts_s, self.ends_s[-2:]])

    def resampled(self, values: FloatArray, times_s: FloatArray) -> HalfCycles:
        """The same cycles of samples at evenly spaced times, each standing for the time around it."""
        step_s = float(times_s[1] - times_s[0])
        whole = np.concatenate([[0.0], np.cumsum(values * values) * step_s])
        ends_s = np.concatenate([[times_s[0] - step_s / 2], times_s + step_s / 2])
        return HalfCycles.of_edges(self.edges_s, np.diff(np.interp(self.edges_s, ends_s, whole)))

    def between(self, from_s: float, to_s: float) -> HalfCycles:
        """The values whose cycles lie within a time."""
        inside = (self.starts_s >= from_s) & (self.ends_s <= to_s)
        return HalfCycles(self.starts_s[inside], self.ends_s[inside], self.rms_v[inside])
