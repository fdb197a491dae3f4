"""Waveforms in closed form, as functions of the phase of the grid's oscillator in turns (cycles since power-on).

A waveform knows no frequency and no time: the schedule turns time into phase, so the phase stays continuous
when the frequency changes, and every integral over time is one over phase divided by the frequency.
A shape that is cut within the cycle (phase fired, half wave) or over cycles (burst) gives several `pieces`, each of
them a sum of sinusoids (see `waveforms.periodic`), and all integrals follow from the pieces.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from wattbench.core.analog import FloatArray

_PI = Fraction("3.14159265358979323846264338327950288419716939937510")
_SINE = [float((-1) ** k * (2 * _PI) ** (2 * k + 1) / math.factorial(2 * k + 1)) for k in range(11)]
_SEARCHED_PERIOD_TURNS = 20
_POINTS_PER_CYCLE = 64


def sin_turns(turns: FloatArray) -> FloatArray:
    """sin(2 pi turns), good to some 1e-16 of full scale.

    Written with additions and multiplications only: those are rounded alike on every host, while the library sine
    differs in the last bit between processors and would change a converter's code now and then.
    """
    folded = turns - np.rint(turns)
    folded = np.where(np.abs(folded) > 0.25, np.copysign(0.5, folded) - folded, folded)
    square = folded * folded
    result = np.full_like(square, _SINE[-1])
    for coefficient in reversed(_SINE[:-1]):
        result *= square
        result += coefficient
    result *= folded
    return result


class Tone(NamedTuple):
    """amplitude * sin(2 pi (order * turns + phase_turns)); `amplitude` is the peak value."""

    order: Fraction
    amplitude: float
    phase_turns: float


def _merged(tones: list[Tone]) -> Tone:
    """The one tone that several of the same order make up."""
    if len(tones) == 1:
        return tones[0]
    _, amplitudes, phases = (np.array(column, dtype=float) for column in zip(*tones, strict=True))
    real, imaginary = float(amplitudes @ sin_turns(phases + 0.25)), float(amplitudes @ sin_turns(phases))
    # The library's arc tangent may differ in its last bit between hosts; rounding hides that.
    phase = round(math.atan2(imaginary, real) / (2 * math.pi), 13)
    return Tone(tones[0].order, math.sqrt(real * real + imaginary * imaginary), phase)


class Peak(NamedTuple):
    """Largest magnitude of a waveform and the first phase in [0, period) where it is reached."""

    magnitude: float
    at_turns: float


class Piece(NamedTuple):
    """The waveform is `sinusoids` from `from_turns` up to `to_turns`."""

    from_turns: Fraction
    to_turns: Fraction
    sinusoids: Sinusoids


class Waveform(Protocol):
    """A periodic quantity in closed form."""

    @property
    def period_turns(self) -> int:
        """Whole turns after which it repeats."""

    @property
    def orders(self) -> tuple[Fraction, ...]:
        """Orders (0 = DC, 1 = fundamental) at which it has content."""

    def value(self, turns: FloatArray) -> FloatArray:
        """Value at each phase; phases that differ by whole periods are the same."""

    def pieces(self, from_turns: Fraction, to_turns: Fraction) -> Iterator[Piece]:
        """The sums of sinusoids it consists of over a range, without gaps, ascending."""

    def phasor(self, order: Fraction) -> complex:
        """RMS phasor of the content at `order` against sin(2 pi order turns); at order 0 the mean value."""

    def peak(self, offset: float = 0.0) -> Peak:
        """Peak of |waveform + offset|."""

    @property
    def size(self) -> float:
        """Sum of the amplitudes, not below the peak."""


class Sinusoids:
    """A constant plus a sum of tones: fundamental, harmonics, interharmonics. A `Waveform`."""

    def __init__(self, tones: Iterable[Tone] = (), dc: float = 0.0) -> None:
        """Orders have to be above 0; tones of the same order become one."""
        by_order: dict[Fraction, list[Tone]] = {}
        for tone in tones:
            by_order.setdefault(tone.order, []).append(tone)
        self.tones = tuple(tone for group in by_order.values() if (tone := _merged(group)).amplitude != 0)
        self.dc = dc
        self.period_turns = math.lcm(1, *(tone.order.denominator for tone in self.tones))
        self.orders = tuple(sorted({tone.order for tone in self.tones} | ({Fraction(0)} if dc else set())))
        # As one row per tone, the constant being a tone of order 0 at a quarter turn.
        rows = [(float(order), amplitude, phase) for order, amplitude, phase in self.tones] + [(0.0, dc, 0.25)]
        self._orders, self._amplitudes, self._phases = (np.array(column) for column in zip(*rows, strict=True))
        self._polynomial = self._as_polynomial()

    def _as_polynomial(self) -> list[tuple[float, float]] | None:
        """Coefficients of z^n, z = exp(2 pi i turns), where that costs less than a sine for each tone."""
        highest = int(max(self._orders))
        if self.period_turns != 1 or 4 * len(self.tones) < 8 + highest:
            return None
        real, imaginary = np.zeros(highest + 1), np.zeros(highest + 1)
        np.add.at(real, self._orders.astype(int), self._amplitudes * sin_turns(self._phases + 0.25))
        np.add.at(imaginary, self._orders.astype(int), self._amplitudes * sin_turns(self._phases))
        return list(zip(real.tolist(), imaginary.tolist(), strict=True))

    def value(self, turns: FloatArray) -> FloatArray:
        """See `Waveform.value`."""
        if self._polynomial is None:
            result = np.full_like(turns, self.dc)
            for tone in self.tones:
                result += tone.amplitude * sin_turns(turns * float(tone.order) + tone.phase_turns)
            return result
        cosine, sine = sin_turns(turns + 0.25), sin_turns(turns)
        real, imaginary = (np.full_like(turns, part) for part in self._polynomial[-1])
        for add_real, add_imaginary in reversed(self._polynomial[:-1]):
            real, imaginary = real * cosine - imaginary * sine, real * sine + imaginary * cosine
            real += add_real
            imaginary += add_imaginary
        return imaginary

    def pieces(self, from_turns: Fraction, to_turns: Fraction) -> Iterator[Piece]:
        """See `Waveform.pieces`: one."""
        yield Piece(from_turns, to_turns, self)

    def phasor(self, order: Fraction) -> complex:
        """See `Waveform.phasor`."""
        if order == 0:
            return complex(self.dc)
        for tone in self.tones:
            if tone.order == order:
                return cmath.rect(tone.amplitude / math.sqrt(2), 2 * math.pi * tone.phase_turns)
        return complex(0)

    @property
    def size(self) -> float:
        """See `Waveform.size`."""
        return float(np.sum(np.abs(self._amplitudes)))

    def peak(self, offset: float = 0.0) -> Peak:
        """See `Waveform.peak`. Exact, but for interharmonics of a long common period: the sum of the amplitudes."""
        constant = self.dc + offset
        if len(self.tones) <= 1 or self.period_turns > _SEARCHED_PERIOD_TURNS:
            magnitude = abs(constant) + sum(abs(tone.amplitude) for tone in self.tones)
            if not self.tones:
                return Peak(magnitude, 0.0)
            order, amplitude, phase = self.tones[0]
            quarter = math.copysign(0.25, amplitude * (constant or 1.0))
            return Peak(magnitude, (quarter - phase) % (1.0 if constant else 0.5) / float(order))
        points = math.ceil(_POINTS_PER_CYCLE * max(self._orders) * self.period_turns)
        spacing = self.period_turns / points
        return self._highest(np.arange(points) * spacing, spacing, offset, lambda tops: tops % self.period_turns)

    def peak_between(self, from_turns: float, to_turns: float, offset: float = 0.0) -> Peak:
        """Peak of |waveform + offset| from one phase to another, both included."""
        points = 2 + math.ceil(_POINTS_PER_CYCLE * max(1.0, float(max(self._orders))) * (to_turns - from_turns))
        at_turns = np.linspace(from_turns, to_turns, points)
        spacing = (to_turns - from_turns) / (points - 1)
        return self._highest(at_turns, spacing, offset, lambda tops: np.clip(tops, from_turns, to_turns))

    def _highest(
        self, at_turns: FloatArray, spacing: float, offset: float, kept: Callable[[FloatArray], FloatArray]
    ) -> Peak:
        """The highest of the maxima near a grid of phases; `kept` brings a polished phase back into the range."""
        magnitudes = np.abs(self.value(at_turns) + offset)
        # On this grid a maximum is seen at least to (pi/64)^2/2 of the sum of the amplitudes; polish all that may win.
        margin = (math.pi / _POINTS_PER_CYCLE) ** 2 * float(np.sum(np.abs(self._amplitudes)))
        tops = at_turns[(magnitudes >= magnitudes.max() - margin)]
        for _ in range(6):
            slope, bend = self._derivative(tops, 1), self._derivative(tops, 2)
            step = np.divide(slope, bend, out=np.zeros_like(slope), where=bend != 0)
            tops = tops - np.clip(step, -0.5 * spacing, 0.5 * spacing)
        tops = np.concatenate([kept(tops), at_turns[[int(magnitudes.argmax())]]])
        magnitudes = np.abs(self.value(tops) + offset)
        highest = float(magnitudes.max())
        return Peak(highest, float(tops[magnitudes >= highest * (1 - 1e-12)].min()))

    def _derivative(self, turns: FloatArray, degree: int) -> FloatArray:
        rate = 2 * math.pi * self._orders
        angles = rate * turns[:, None] + 2 * math.pi * self._phases + degree * math.pi / 2
        return np.asarray((self._amplitudes * rate**degree * np.sin(angles)).sum(axis=1))

    def integral_of_product(self, other: Sinusoids, from_turns: Fraction, to_turns: Fraction) -> float:
        """Integral of self * other over phase, in closed form.

        Each pair of tones is half the difference of two cosines, and over a range of length L around m the integral
        of cos(2 pi (n x + c)) is L sinc(n L) cos(2 pi (n m + c)): no cancellation on short ranges or far from zero.
        """
        length = float(to_turns - from_turns)
        middle = float((from_turns + to_turns) / 2 % math.lcm(self.period_turns, other.period_turns))
        total = 0.0
        for sign in (1, -1):
            orders = self._orders[:, None] - sign * other._orders
            phases = self._phases[:, None] - sign * other._phases
            cosines = np.sinc(orders * length) * np.cos(2 * math.pi * (orders * middle + phases))
            total += sign * float(self._amplitudes @ cosines @ other._amplitudes)
        return total * length / 2

    def fourier_integral(self, orders: FloatArray, from_turns: float, to_turns: float) -> NDArray[np.complex128]:
        """Integral over phase of self * exp(-2 pi i order turns) for each of `orders`, in closed form."""
        length, middle = to_turns - from_turns, (from_turns + to_turns) / 2
        total = np.zeros(orders.size, dtype=np.complex128)
        for sign in (1, -1):
            steps = sign * self._orders - orders[:, None]
            angles = steps * middle + sign * self._phases
            total += (np.sinc(steps * length) * np.exp(2j * np.pi * angles)) @ (self._amplitudes * sign)
        return np.asarray(total * (length / 2j))


def integral_of_product(a: Waveform, b: Waveform, from_turns: Fraction, to_turns: Fraction) -> float:
    """Integral of a * b over phase (in units of a * b * turns), exact for each range of each piece."""
    whole = (to_turns - from_turns) // (period := math.lcm(a.period_turns, b.period_turns))
    if whole > 1 and not (isinstance(a, Sinusoids) and isinstance(b, Sinusoids)):
        # What repeats is added up once; else an hour of fired half cycles would be some 10^5 pieces.
        one, rest = from_turns + period, from_turns + whole * period
        return whole * _sum_of_pieces(a, b, from_turns, one) + _sum_of_pieces(a, b, rest, to_turns)
    return _sum_of_pieces(a, b, from_turns, to_turns)


def _sum_of_pieces(a: Waveform, b: Waveform, from_turns: Fraction, to_turns: Fraction) -> float:
    parts: list[float] = []
    others = b.pieces(from_turns, to_turns)
    other = next(others, None)
    for piece in a.pieces(from_turns, to_turns):
        start = piece.from_turns
        while other is not None and start < piece.to_turns:
            stop = min(piece.to_turns, other.to_turns)
            parts.append(piece.sinusoids.integral_of_product(other.sinusoids, start, stop))
            start = stop
            if stop == other.to_turns:
                other = next(others, None)
    return math.fsum(parts)


def mean_of_product(a: Waveform, b: Waveform) -> float:
    """Mean of a * b over their common period: of a voltage and a current, the active power."""
    period = math.lcm(a.period_turns, b.period_turns)
    return integral_of_product(a, b, Fraction(0), Fraction(period)) / period
