"""Waveforms that are cut within the cycle or over cycles: other sums of sinusoids in different ranges of phase."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.labs.grid.waveform import Peak, Piece, Sinusoids, Waveform

HIGHEST_ORDER = 50
"""A cut waveform has content at all orders; up to this one they are named."""
_SEARCHED_TURNS = 20


class Periodic:
    """`parts[k]` from phase `edges[k]` up to the next edge, again every `pattern_turns`. A `Waveform`."""

    def __init__(self, pattern_turns: int, edges: Sequence[Fraction], parts: Sequence[Sinusoids]) -> None:
        """Edges in turns in any order, counted from the oscillator's zero; they are taken into one pattern."""
        pairs = sorted(zip((edge % pattern_turns for edge in edges), parts, strict=True), key=lambda pair: pair[0])
        self.pattern_turns = pattern_turns
        self.edges, self.parts = tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
        self.period_turns = math.lcm(pattern_turns, *(part.period_turns for part in parts))
        self.orders = tuple(Fraction(k, self.period_turns) for k in range(HIGHEST_ORDER * self.period_turns + 1))
        self._edges = np.array([float(edge) for edge in self.edges])
        self._distinct = list({id(part): part for part in self.parts}.values())
        self._choice = np.array([[id(part) for part in self._distinct].index(id(part)) for part in self.parts])
        self._phasors: dict[Fraction, complex] = {}

    def value(self, turns: FloatArray) -> FloatArray:
        """See `Waveform.value`."""
        folded = turns - self.pattern_turns * np.floor(turns / self.pattern_turns)
        choice = self._choice[np.searchsorted(self._edges, folded, side="right") - 1]
        result = np.empty_like(turns)
        for number, part in enumerate(self._distinct):
            chosen = choice == number
            result[chosen] = part.value(turns[chosen])
        return result

    def pieces(self, from_turns: Fraction, to_turns: Fraction) -> Iterator[Piece]:
        """See `Waveform.pieces`."""
        pattern = from_turns // self.pattern_turns * self.pattern_turns
        inside = from_turns - pattern
        place = max((k for k, edge in enumerate(self.edges) if edge <= inside), default=-1)
        start = from_turns
        while start < to_turns:
            following = place + 1
            edge = self.edges[following] if following < len(self.edges) else self.edges[0] + self.pattern_turns
            stop = min(to_turns, pattern + edge)
            if stop > start:
                yield Piece(start, stop, self.parts[place])
                start = stop
            place = following
            if place == len(self.edges):
                place, pattern = 0, pattern + self.pattern_turns

    def phasor(self, order: Fraction) -> complex:
        """See `Waveform.phasor`; the Fourier integral over a period, in closed form piece by piece."""
        if (order * self.period_turns).denominator != 1:
            return complex(0)
        if not self._phasors:
            self._phasors.update(zip(self.orders, self._fourier(self.orders), strict=True))
        if order not in self._phasors:
            self._phasors[order] = self._fourier((order,))[0]
        return self._phasors[order]

    def _fourier(self, orders: Sequence[Fraction]) -> list[complex]:
        """RMS phasors of orders at which it may have content, at order 0 the mean."""
        lines = np.array([float(order) for order in orders])
        total = np.zeros(lines.size, dtype=np.complex128)
        for piece in self.pieces(Fraction(0), Fraction(self.period_turns)):
            total += piece.sinusoids.fourier_integral(lines, float(piece.from_turns), float(piece.to_turns))
        total *= np.where(lines == 0, 1.0, 1j * math.sqrt(2)) / self.period_turns
        found: list[complex] = total.tolist()
        return found

    @property
    def size(self) -> float:
        """See `Waveform.size`."""
        return max(part.size for part in self._distinct)

    def peak(self, offset: float = 0.0) -> Peak:
        """See `Waveform.peak`; within each piece as `Sinusoids.peak_between` finds it."""
        return _peak_of_pieces(self, offset)


class Sum:
    """Several waveforms added, as in a neutral. A `Waveform`."""

    def __init__(self, waveforms: Sequence[Waveform]) -> None:
        self._waveforms = tuple(waveforms)
        self.period_turns = math.lcm(1, *(waveform.period_turns for waveform in waveforms))
        self.orders = tuple(sorted({order for waveform in waveforms for order in waveform.orders}))

    def value(self, turns: FloatArray) -> FloatArray:
        """See `Waveform.value`."""
        result = np.zeros_like(turns)
        for waveform in self._waveforms:
            result += waveform.value(turns)
        return result

    def pieces(self, from_turns: Fraction, to_turns: Fraction) -> Iterator[Piece]:
        """See `Waveform.pieces`."""
        if from_turns >= to_turns:
            return
        streams = [waveform.pieces(from_turns, to_turns) for waveform in self._waveforms]
        current = [next(stream) for stream in streams]
        start = from_turns
        while start < to_turns:
            stop = min(piece.to_turns for piece in current)
            tones = [tone for piece in current for tone in piece.sinusoids.tones]
            yield Piece(start, stop, Sinusoids(tones, math.fsum(piece.sinusoids.dc for piece in current)))
            for number, stream in enumerate(streams):
                if current[number].to_turns == stop < to_turns:
                    current[number] = next(stream)
            start = stop

    def phasor(self, order: Fraction) -> complex:
        """See `Waveform.phasor`."""
        return sum((waveform.phasor(order) for waveform in self._waveforms), complex(0))

    @property
    def size(self) -> float:
        """See `Waveform.size`."""
        return math.fsum(waveform.size for waveform in self._waveforms)

    def peak(self, offset: float = 0.0) -> Peak:
        """See `Waveform.peak`. Of patterns that come together only after many cycles the sum of the peaks."""
        if self.period_turns <= _SEARCHED_TURNS:
            return _peak_of_pieces(self, offset)
        peaks = [waveform.peak() for waveform in self._waveforms]
        return Peak(abs(offset) + math.fsum(peak.magnitude for peak in peaks), peaks[0].at_turns if peaks else 0.0)


def _peak_of_pieces(waveform: Periodic | Sum, offset: float) -> Peak:
    best = Peak(-1.0, 0.0)
    for piece in waveform.pieces(Fraction(0), Fraction(waveform.period_turns)):
        peak = piece.sinusoids.peak_between(float(piece.from_turns), float(piece.to_turns), offset)
        if peak.magnitude > best.magnitude * (1 + 1e-12):
            best = peak
    return best
