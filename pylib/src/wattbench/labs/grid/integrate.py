"""Integrals over time of products of courses.

In closed form for everything but chirps and recordings; those by quadrature whose error is below 1e-13 of the product
of the peaks times the duration (see `waveforms.quadrature`).
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.clock import NS_PER_S
from wattbench.labs.grid.course import Course, Part, Played, Single
from wattbench.labs.grid.segment import Segment
from wattbench.labs.grid.waveform import Sinusoids, integral_of_product
from wattbench.labs.grid.waveforms import quadrature
from wattbench.labs.grid.waveforms.factors import Factor, product
from wattbench.labs.grid.waveforms.terms import Terms, TermsPiece, integral_of_pieces, product_of_pieces
from wattbench.labs.grid.waveforms.transient import Transient

Range = tuple[int, int]
"""Two virtual times in ns."""


def integral(segment: Segment, a: Course, b: Course, span: Range) -> float:
    """Integral of a * b over time within a segment, in units of a * b * s."""
    if segment.is_steady and not (a.is_recorded or b.is_recorded):
        return math.fsum(_pair(segment, x, y, span) for x in (*a.parts, *a.singles) for y in (*b.parts, *b.singles))
    return _by_quadrature(segment, (a, b), span)


def integral_of_factors(factors: tuple[Factor, ...], segment: Segment, span: Range) -> float:
    """Integral of a product of factors, in s."""
    from_s, to_s = ((time_ns - segment.start_ns) / NS_PER_S for time_ns in span)
    if not factors:
        return (span[1] - span[0]) / NS_PER_S
    return integral_of_pieces(product(factors, segment.start_ns, from_s, to_s))


def fourier(segment: Segment, course: Course, highest_order: int, span: Range) -> dict[Fraction, complex]:
    """RMS phasors of a recorded course from order 1 on: its Fourier integral over the span against the oscillator."""
    seconds = (span[1] - span[0]) / NS_PER_S
    sums = np.zeros(highest_order, dtype=np.complex128)
    for times, weights in quadrature.nodes(_panels(segment, (course,), span, highest_order * segment.highest_hz)):
        turns = segment.turns_after(times, course.period_turns)
        weighted = course.value(turns, times + segment.start_ns / NS_PER_S) * weights
        once = np.exp(-2j * np.pi * turns)
        power = weighted * once
        for number in range(highest_order):
            sums[number] += power.sum()
            power *= once
    phasors: list[complex] = (sums * (1j * math.sqrt(2) / seconds)).tolist()
    return {Fraction(number): phasor for number, phasor in enumerate(phasors, 1)}


def _pair(segment: Segment, x: Part | Single, y: Part | Single, span: Range) -> float:
    """One term of the bilinear sum, in closed form."""
    if isinstance(x, Part) and isinstance(y, Part) and not x.factors and not y.factors:
        turns = (segment.turns_at(span[0]), segment.turns_at(span[1]))
        return integral_of_product(x.waveform, y.waveform, *turns) / segment.frequency_hz
    from_ns, to_ns = span
    for item in (x, y):
        if isinstance(item, Transient):
            from_ns, to_ns = max(from_ns, item.at_ns), min(to_ns, item.end_ns)
    if from_ns >= to_ns:
        return 0.0
    first, second = (_pieces(segment, item, (from_ns, to_ns)) for item in (x, y))
    return integral_of_pieces(product_of_pieces(first, second))


def _pieces(segment: Segment, item: Part | Single, span: Range) -> list[TermsPiece]:
    """The exact course of one component in seconds after the segment's start."""
    from_s, to_s = ((time_ns - segment.start_ns) / NS_PER_S for time_ns in span)
    if isinstance(item, Transient):
        return item.pieces(segment.start_ns, from_s, to_s)
    assert isinstance(item, Part)
    hertz, start = Fraction(segment.frequency_hz), segment.start_turns
    result, at_s = [], from_s
    for piece in item.waveform.pieces(segment.turns_at(span[0]), segment.turns_at(span[1])):
        stop_s = min(to_s, float((piece.to_turns - start) / hertz))
        if stop_s > at_s:
            result.append(TermsPiece(at_s, stop_s, _terms(piece.sinusoids, segment.frequency_hz, start)))
            at_s = stop_s
    result[-1] = TermsPiece(result[-1].from_s, to_s, result[-1].terms)
    return product_of_pieces(result, product(item.factors, segment.start_ns, from_s, to_s))


def _terms(sinusoids: Sinusoids, hertz: float, start: Fraction) -> Terms:
    tones = sinusoids.tones
    return Terms.tones(
        [tone.amplitude for tone in tones],
        [float(tone.order) * hertz for tone in tones],
        [tone.phase_turns + float(tone.order * start % 1) for tone in tones],
        sinusoids.dc,
    )


def _by_quadrature(segment: Segment, courses: tuple[Course, Course], span: Range) -> float:
    start_s = segment.start_ns / NS_PER_S

    def values(after_s: FloatArray) -> FloatArray:
        first, second = (
            course.value(segment.turns_after(after_s, course.period_turns), after_s + start_s) for course in courses
        )
        return first * second

    return quadrature.integral(values, _panels(segment, courses, span, 0.0))


def _panels(segment: Segment, courses: tuple[Course, ...], span: Range, extra_hz: float) -> FloatArray:
    """Panels in seconds after the segment's start, cut wherever a course is not smooth."""
    singles = [single for course in courses for single in course.singles]
    ends = sorted({*span, *(end for single in singles for end in (single.at_ns, single.end_ns))})
    ends = [end for end in ends if span[0] <= end <= span[1]]
    parts = [part for course in courses for part in course.parts]
    base_hz = extra_hz + sum(_highest_hz(part, segment) for part in parts)
    cuts = [cut for part in parts for cut in _cuts(segment, part, span)]
    result = []
    for start, stop in itertools.pairwise(ends):
        alive = [single for single in singles if single.at_ns <= start and stop <= single.end_ns]
        from_s, to_s = ((time_ns - segment.start_ns) / NS_PER_S for time_ns in (start, stop))
        edges = [np.array(cuts)]
        for single in alive:
            if isinstance(single, Played):
                lead_s = (single.start_ns - segment.start_ns) / NS_PER_S
                edges.append(single.recording.edges_s(from_s - lead_s, to_s - lead_s) + lead_s)
        # Between the fine points of a recording there is a polynomial, which needs no shorter panels.
        hertz = base_hz + sum(single.highest_hz for single in alive if isinstance(single, Transient))
        result.append(quadrature.panels(from_s, to_s, hertz, np.concatenate(edges))[:-1])
    return np.concatenate([*result, [(span[1] - segment.start_ns) / NS_PER_S]])


def cuts_s(segment: Segment, course: Course, span: Range) -> list[float]:
    """Seconds after the segment's start within a span at which a course is not smooth."""
    cuts = [cut for part in course.parts for cut in _cuts(segment, part, span)]
    ends = [end for single in course.singles for end in (single.at_ns, single.end_ns) if span[0] < end < span[1]]
    return cuts + [(end - segment.start_ns) / NS_PER_S for end in ends]


def _highest_hz(part: Part, segment: Segment) -> float:
    """The highest frequency in any of its smooth pieces."""
    first = segment.turns_at(segment.start_ns)
    pieces = part.waveform.pieces(first, first + part.waveform.period_turns)
    order = max(float(max(piece.sinusoids.orders, default=0)) for piece in pieces)
    return order * segment.highest_hz + sum(factor.highest_hz for factor in part.factors)


def _cuts(segment: Segment, part: Part, span: Range) -> list[float]:
    """Seconds after the segment's start at which a part is not smooth."""
    from_s, to_s = ((time_ns - segment.start_ns) / NS_PER_S for time_ns in span)
    result = []
    for factor in part.factors:
        result += [piece.to_s for piece in factor.pieces(segment.start_ns, from_s, to_s)[:-1]]
    turns = (segment.turns_at(time_ns) for time_ns in span)
    edges = [float(piece.to_turns - segment.start_turns) for piece in part.waveform.pieces(*turns)][:-1]
    return result + segment.seconds_at(np.array(edges)).tolist() if edges else result
