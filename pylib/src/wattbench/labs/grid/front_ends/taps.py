"""Linear sensors with a short memory, as weighted sums of the line at neighbouring times.

y(t) = sum of weight * x(t - delay). For a decimation filter the sum is Gauss-Legendre quadrature of its impulse
response, 8 nodes on each of its smooth pieces: better than 1e-9 for content up to the filter's own data rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.errors import StimulusError

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_DIGITS = 2.0**50


class Taps(NamedTuple):
    """Delays in s and weights, of the same length."""

    delays_s: FloatArray
    weights: FloatArray

    def then(self, other: Taps) -> Taps:
        """Both one after the other."""
        delays = np.add.outer(self.delays_s, other.delays_s).ravel()
        return Taps(delays, np.multiply.outer(self.weights, other.weights).ravel())


NO_TAPS = Taps(np.zeros(1), np.ones(1))


class Stage(Protocol):
    """One linear stage between the line and the pin."""

    def taps(self) -> Taps:
        """Its impulse response as taps."""

    def response(self, hertz: float) -> complex:
        """Its exact frequency response."""


@dataclass(frozen=True)
class Sinc3:
    """The droop of a decimation filter of third order with the data rate `rate_hz`: (sin x / x)^3, x = pi f / rate.

    Without its delay of 1.5 data periods, which is the front end's `delay_us`.
    """

    rate_hz: float

    def __post_init__(self) -> None:
        if not 0 < self.rate_hz < math.inf:
            raise StimulusError(f"A sinc3 filter needs a data rate above 0 Hz, not {self.rate_hz}.")

    def taps(self) -> Taps:
        """See `Stage.taps`. The impulse response is the quadratic B-spline."""
        place = np.concatenate([middle + _NODES / 2 for middle in (-1.0, 0.0, 1.0)])
        outer = (1.5 - np.abs(place)) ** 2 / 2
        spline = np.where(np.abs(place) <= 0.5, 0.75 - place * place, outer)
        weights = spline * np.tile(_WEIGHTS / 2, 3)
        # Rounded, as the nodes may differ in their last bit between hosts.
        place, weights = (np.rint(values * _DIGITS) / _DIGITS for values in (place, weights / weights.sum()))
        return Taps(place / self.rate_hz, weights)

    def response(self, hertz: float) -> complex:
        """See `Stage.response`."""
        return complex(float(np.sinc(hertz / self.rate_hz)) ** 3)


@dataclass(frozen=True)
class Rogowski:
    """A coil without integrator: the derivative of the current, at `nominal_hz` as large as the current.

    n-th harmonics come n-fold, and everything leads by 90 degrees. The coil's own rise time `rise_s` smooths it; a step
    of the current gives a pulse of that width.
    """

    nominal_hz: float = 50.0
    rise_s: float = 20e-6

    def __post_init__(self) -> None:
        if not (0 < self.nominal_hz < math.inf and 0 < self.rise_s < math.inf):
            raise StimulusError(
                f"A Rogowski coil needs a frequency and a rise time above 0, not {self.nominal_hz} Hz, {self.rise_s} s."
            )

    def taps(self) -> Taps:
        """See `Stage.taps`."""
        weight = 1 / (2 * math.pi * self.nominal_hz * self.rise_s)
        return Taps(np.array([-self.rise_s / 2, self.rise_s / 2]), np.array([weight, -weight]))

    def response(self, hertz: float) -> complex:
        """See `Stage.response`."""
        return 1j * hertz / self.nominal_hz * float(np.sinc(hertz * self.rise_s))
