"""Harmonics, interharmonics and their groups of one window (IEC 61000-4-7), distortion, symmetrical components."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.core.analog import FloatArray

HIGHEST_ORDER = 50


@dataclass(frozen=True)
class Spectrum:
    """RMS phasors of the lines of a window of `cycles` (10 at 50 Hz, 12 at 60 Hz): every 5 Hz at nominal frequency.

    Against sin(2 pi k t / T) from the window's begin; line 0 is the mean.
    """

    lines: NDArray[np.complex128]
    cycles: int

    @staticmethod
    def of(values: FloatArray, cycles: int) -> Spectrum:
        """Of samples that cover the window evenly, without its end."""
        lines = np.fft.rfft(values) / values.size * 1j * math.sqrt(2)
        lines[0] = values.mean()
        return Spectrum(lines, cycles)

    def rms(self, line: int) -> float:
        """Of one line."""
        return float(abs(self.lines[line])) if 0 <= line < self.lines.size else 0.0

    def harmonic(self, order: int) -> complex:
        """RMS phasor of the line of an order."""
        return complex(self.lines[order * self.cycles])

    def _sum(self, middle: int, reach: int, edge: int = 0) -> float:
        squares = [self.rms(middle + k) ** 2 for k in range(-reach, reach + 1)]
        if edge:
            squares += [self.rms(middle + k) ** 2 / 2 for k in (-edge, edge)]
        return math.sqrt(math.fsum(squares))

    def group(self, order: int) -> float:
        """Harmonic group: all lines nearer to this order than to the next, those in the middle by half."""
        half = self.cycles // 2
        return self._sum(order * self.cycles, half - 1, half)

    def subgroup(self, order: int) -> float:
        """Harmonic subgroup: the line of the order and its neighbours."""
        return self._sum(order * self.cycles, 1)

    def interharmonic_group(self, order: int) -> float:
        """All lines between an order and the next."""
        first = order * self.cycles
        return math.sqrt(math.fsum(self.rms(first + k) ** 2 for k in range(1, self.cycles)))

    def interharmonic_subgroup(self, order: int) -> float:
        """Centred: the lines between an order and the next but the outermost two."""
        first = order * self.cycles
        return math.sqrt(math.fsum(self.rms(first + k) ** 2 for k in range(2, self.cycles - 1)))

    def signalling(self, hertz: float, frequency_hz: float) -> float:
        """Mains signalling voltage at a frequency (IEC 61000-4-30 5.10): the RMS of the four lines nearest to it.

        `frequency_hz` is the fundamental's, which decides where the lines lie.
        """
        place = hertz / frequency_hz * self.cycles
        first = math.floor(place) - 1
        return math.sqrt(math.fsum(self.rms(line) ** 2 for line in range(first, first + 4)))

    def thd_percent(self, highest: int = HIGHEST_ORDER) -> float:
        """Of single lines; 0 without a fundamental."""
        return thd_percent([self.rms(order * self.cycles) for order in range(highest + 1)])

    def thds_percent(self, highest: int = HIGHEST_ORDER) -> float:
        """Of subgroups (THDS of IEC 61000-4-30)."""
        return thd_percent([self.subgroup(order) for order in range(highest + 1)])

    def thdg_percent(self, highest: int = HIGHEST_ORDER) -> float:
        """Of groups."""
        return thd_percent([self.group(order) for order in range(highest + 1)])


def thd_percent(by_order: list[float]) -> float:
    """RMS of the orders from 2 on in percent of that of order 1; 0 without a fundamental."""
    return math.hypot(*by_order[2:]) / by_order[1] * 100 if by_order[1] else 0.0


def unbalance_percent(one: complex, two: complex, three: complex) -> tuple[float, float]:
    """Negative and zero over positive sequence of three phasors in percent (IEC 61000-4-30 5.7); 0 without one."""
    turn = complex(-0.5, math.sqrt(0.75))
    positive = abs(one + two * turn + three * turn**2)
    negative = abs(one + two * turn**2 + three * turn)
    zero = abs(one + two + three)
    return (negative / positive * 100, zero / positive * 100) if positive else (0.0, 0.0)
