"""Sums of `c * t^k * exp(s t)`: tones, ramps, modulations and decaying oscillations, closed under products.

A real quantity holds each complex term together with its conjugate. The integral of a product of two sums is the sum of
the integrals of all pairs, and each of those has a closed form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SERIES_BELOW = 8.0
"""Where the power series of the moments takes over: above it the recurrence loses no digits (degree <= 8)."""
_SERIES_TERMS = 48
_HIGHEST = 8

ComplexArray = NDArray[np.complex128]
IntArray = NDArray[np.int64]


def moments(rates: ComplexArray) -> ComplexArray:
    """Integrals of u^k exp(z u) over u from -1 to 1, for k from 0 to 8 (first axis) and each z of `rates`.

    For small |z| the power series, all of whose terms are kept that matter; else upward from k = 0 by parts.
    """
    result = np.empty((_HIGHEST + 1, rates.size), dtype=np.complex128)
    small = np.abs(rates) < _SERIES_BELOW
    z = rates[small]
    if z.size:
        result[:, small] = 0
        power = np.ones_like(z)
        for n in range(_SERIES_TERMS):
            for k in range(n % 2, _HIGHEST + 1, 2):
                result[k, small] += power * (2 / (n + k + 1))
            power = power * z / (n + 1)
    z = rates[~small]
    if z.size:
        up, down = np.exp(z), np.exp(-z)
        previous = (up - down) / z
        result[0, ~small] = previous
        for k in range(1, _HIGHEST + 1):
            previous = (up - (-1) ** k * down - k * previous) / z
            result[k, ~small] = previous
    return result


@dataclass(frozen=True)
class Terms:
    """The sum over j of `weights[j] * t^degrees[j] * exp(rates[j] * t)`; t in s, real as a whole."""

    weights: ComplexArray
    degrees: IntArray
    rates: ComplexArray

    @staticmethod
    def constant(value: float) -> Terms:
        """The same value always."""
        return Terms.polynomial([value])

    @staticmethod
    def polynomial(coefficients: list[float]) -> Terms:
        """The polynomial with these coefficients, lowest degree first."""
        count = len(coefficients)
        return Terms(np.array(coefficients, dtype=complex), np.arange(count), np.zeros(count, dtype=complex))

    @staticmethod
    def tones(amplitudes: list[float], hertz: list[float], turns: list[float], dc: float, decay_s: float = 0) -> Terms:
        """`dc` and sines of these peak values; `turns` are their phases at t = 0. With `decay_s` all fade by it."""
        half = np.array(amplitudes) * np.exp(2j * np.pi * (np.array(turns) - 0.25)) / 2
        rates = 2j * np.pi * np.array(hertz)
        weights = np.concatenate([half, half.conj(), [complex(dc)]])
        fade = 1 / decay_s if decay_s else 0.0
        exponents: ComplexArray = np.concatenate([rates, -rates, [0j]]) - complex(fade)
        return Terms(weights, np.zeros(weights.size, dtype=np.int64), exponents)

    def at(self, seconds: float) -> float:
        """Its value at one time."""
        return float(np.sum(self.weights * seconds**self.degrees * np.exp(self.rates * seconds)).real)

    def plus(self, other: Terms) -> Terms:
        """Their sum."""
        pairs = zip(self._columns(), other._columns(), strict=True)
        return Terms(*(np.concatenate(pair) for pair in pairs))

    def times(self, other: Terms) -> Terms:
        """Their product."""
        return Terms(
            np.multiply.outer(self.weights, other.weights).ravel(),
            np.add.outer(self.degrees, other.degrees).ravel(),
            np.add.outer(self.rates, other.rates).ravel(),
        )

    def moved(self, seconds: float) -> Terms:
        """The same function of t' = t - `seconds`."""
        weights = self.weights * np.exp(self.rates * seconds)
        if not self.degrees.any():
            return Terms(weights, self.degrees, self.rates)
        rows = [
            (weight * math.comb(degree, low) * seconds ** (degree - low), low, rate)
            for weight, degree, rate in zip(weights.tolist(), self.degrees.tolist(), self.rates.tolist(), strict=True)
            for low in range(degree + 1)
        ]
        columns = list(zip(*rows, strict=True))
        return Terms(np.array(columns[0]), np.array(columns[1], dtype=np.int64), np.array(columns[2]))

    def integral(self, from_s: float, to_s: float) -> float:
        """Its integral, in closed form. Around the middle of the range, so nothing cancels on short ranges."""
        half = (to_s - from_s) / 2
        terms = self.moved((from_s + to_s) / 2)
        values = moments(terms.rates * half)[terms.degrees, np.arange(terms.degrees.size)]
        return float(np.sum(terms.weights * values * half ** (terms.degrees + 1)).real)

    def _columns(self) -> tuple[ComplexArray, IntArray, ComplexArray]:
        return self.weights, self.degrees, self.rates


@dataclass(frozen=True)
class TermsPiece:
    """A function of time that is `terms` from `from_s` up to `to_s`."""

    from_s: float
    to_s: float
    terms: Terms


def product_of_pieces(a: list[TermsPiece], b: list[TermsPiece]) -> list[TermsPiece]:
    """The product of two functions that are given over the same range in gapless ascending pieces."""
    result: list[TermsPiece] = []
    place = 0
    for piece in a:
        start = piece.from_s
        while start < piece.to_s and place < len(b):
            stop = min(piece.to_s, b[place].to_s)
            if stop > start:
                result.append(TermsPiece(start, stop, piece.terms.times(b[place].terms)))
                start = stop
            if b[place].to_s > piece.to_s:
                break
            if b[place].to_s <= stop:
                place += 1
    return result


def integral_of_pieces(pieces: list[TermsPiece]) -> float:
    """Integral over all of them."""
    return math.fsum(piece.terms.integral(piece.from_s, piece.to_s) for piece in pieces)
