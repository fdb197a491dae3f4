"""A recorded waveform, made continuous by a reconstruction filter.

The samples are upsampled eightfold by a Kaiser-windowed sinc of 64 samples (beta 14), and polynomials of degree 7 lie
through the finer points. That course is the injected waveform: it is a pure function of time, and integrals of
products of two such courses, or of one with tones, are exact to rounding by quadrature on each fine interval.
Against the band-limited signal behind the samples: flat within 1 ppm up to 0.4 of the sample rate, images of what lies
there below 1 ppm. Within 32 samples of an end the neighbours are guessed by reflection through the end point.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property, lru_cache

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.errors import StimulusError

FINER = 8
HALF_TAPS = 32
PASS_BAND = 0.4
"""Part of the sample rate up to which the reconstruction is flat."""
_BETA = 14.0
_POINTS = 8
_DIGITS = 2.0**48


@lru_cache(maxsize=1)
def _filters() -> FloatArray:
    """For each of the 8 phases the weights of 64 neighbouring samples; rounded, so that hosts agree on every bit."""
    place = np.arange(-HALF_TAPS + 1, HALF_TAPS + 1)
    distance = np.arange(FINER)[:, None] / FINER - place
    window = np.i0(_BETA * np.sqrt(np.clip(1 - (distance / HALF_TAPS) ** 2, 0, None))) / np.i0(_BETA)
    weights = np.sinc(distance) * window
    return np.asarray(np.rint(weights / weights.sum(axis=1, keepdims=True) * _DIGITS) / _DIGITS)


class Recording:
    """Samples of one channel, in the unit of the channel, `rate_hz` of them a second. Plain data, never changed."""

    def __init__(
        self, samples: Iterable[float] | FloatArray, rate_hz: float, name: str = "recording", skew_s: float = 0.0
    ) -> None:
        """`name` says in errors where the samples come from; all samples were taken `skew_s` after their times."""
        self.samples: FloatArray = np.array(samples, dtype=np.float64)
        self.rate_hz, self.name, self.skew_s = float(rate_hz), name, float(skew_s)
        if self.samples.ndim != 1 or self.samples.size < _POINTS:
            raise StimulusError(f"{name}: a recording needs at least {_POINTS} samples in a row.")
        if not 0 < rate_hz < math.inf:
            raise StimulusError(f"{name}: a recording needs a sample rate above 0 Hz, not {rate_hz}.")
        wrong = np.flatnonzero(~np.isfinite(self.samples))
        if wrong.size:
            raise StimulusError(f"{name}: sample {int(wrong[0]) + 1} is no number; mend or cut the recording.")
        self.samples.setflags(write=False)

    def __getstate__(self) -> dict[str, object]:
        return {"samples": self.samples, "rate_hz": self.rate_hz, "name": self.name, "skew_s": self.skew_s}

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Recording)
            and (self.rate_hz, self.skew_s) == (other.rate_hz, other.skew_s)
            and np.array_equal(self.samples, other.samples)
        )

    def __hash__(self) -> int:
        return hash((self.rate_hz, self.samples.size, float(self.samples[0]), float(self.samples[-1])))

    @property
    def duration_s(self) -> float:
        """From the first sample to the last."""
        return (self.samples.size - 1) / self.rate_hz

    @cached_property
    def fine(self) -> FloatArray:
        """The upsampled points, from three fine intervals before the first sample to four after the last."""
        count = self.samples.size
        first, last = self.samples[0], self.samples[-1]
        reach = min(HALF_TAPS + 1, count - 1)
        before = np.concatenate(
            [np.full(HALF_TAPS + 1 - reach, 2 * first - self.samples[reach]), 2 * first - self.samples[reach:0:-1]]
        )
        after = 2 * last - self.samples[: -reach - 2 : -1][1:]
        after = np.concatenate([after, np.full(HALF_TAPS + 1 - reach, after[-1])])
        padded = np.concatenate([before[1:], self.samples, after])
        result = np.zeros((count + 2, FINER))
        filters = _filters()
        for tap in range(2 * HALF_TAPS):
            column = padded[tap : tap + count + 2]
            result += column[:, None] * filters[:, tap]
        return np.asarray(result.ravel()[FINER - 3 : FINER * count + 5], dtype=np.float64)

    @cached_property
    def peak(self) -> float:
        """Largest magnitude, with a reserve for what the polynomials do between the fine points."""
        bend = float(np.abs(np.diff(self.fine, 2)).max()) / 8
        return float(np.abs(self.fine).max()) + bend

    def value(self, seconds: FloatArray) -> FloatArray:
        """Value at seconds after the first sample; 0 before it and after the last."""
        place = seconds * (self.rate_hz * FINER)
        last = (self.samples.size - 1) * FINER
        inside = (place >= 0) & (place <= last)
        at = np.where(inside, place, 0.0)
        low = np.minimum(np.floor(at), last - 1).astype(np.int64)
        return np.where(inside, self._interpolated(low, at - low), 0.0)

    def _interpolated(self, low: np.typing.NDArray[np.int64], rest: FloatArray) -> FloatArray:
        """Lagrange's polynomial through the points -3 to 4 around each fine interval."""
        distances = [rest - (number - 3) for number in range(_POINTS)]
        below: list[FloatArray] = [np.ones_like(rest)]
        for distance in distances[:-1]:
            below.append(below[-1] * distance)
        above, result = np.ones_like(rest), np.zeros_like(rest)
        for number in reversed(range(_POINTS)):
            scale = math.factorial(number) * math.factorial(_POINTS - 1 - number) * (-1) ** (_POINTS - 1 - number)
            result += self.fine[low + number] * (below[number] * above) * (1 / scale)
            above = above * distances[number]
        return result

    def edges_s(self, from_s: float, to_s: float) -> FloatArray:
        """Ends of the fine intervals within a range of seconds after the first sample."""
        step = 1 / (self.rate_hz * FINER)
        first = max(0, math.ceil(from_s / step))
        last = min((self.samples.size - 1) * FINER, math.floor(to_s / step))
        return np.asarray(np.arange(first, last + 1) * step, dtype=np.float64)
