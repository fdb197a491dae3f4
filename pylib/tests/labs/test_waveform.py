import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.core.analog import FloatArray
from wattbench.labs.grid.noise import PEAK_SIGMAS, Noise
from wattbench.labs.grid.waveform import (
    Peak,
    Piece,
    Sinusoids,
    Tone,
    integral_of_product,
    mean_of_product,
    sin_turns,
)

ORDERS = st.one_of(
    st.integers(1, 50).map(Fraction),
    st.sampled_from([Fraction(1, 2), Fraction(5, 2), Fraction(37, 10), Fraction(1, 3)]),
)
TONES = st.builds(Tone, ORDERS, st.floats(-400, 400).map(lambda x: round(x, 3)), st.floats(-1, 1))
WAVES = st.builds(Sinusoids, st.lists(TONES, max_size=5), st.floats(-10, 10).map(lambda x: round(x, 3)))


def numeric_integral(a, b, start: Fraction, stop: Fraction) -> float:
    """Gauss-Legendre of 24 points on 400 panels."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    edges = np.linspace(0, float(stop - start), 401)
    half = np.diff(edges)[:, None] / 2
    turns = float(start) + (edges[:-1, None] + half + half * nodes).ravel()
    return float(((a.value(turns) * b.value(turns)).reshape(400, 24) * weights * half).sum())


def test_sine_is_good_to_the_last_bits():
    turns = np.linspace(-3, 3, 10007)
    reference = np.array([math.sin(2 * math.pi * (t - round(t))) for t in turns])
    assert np.abs(sin_turns(turns) - reference).max() < 1e-15
    assert sin_turns(np.array([0.0, 0.5, -3.0])).tolist() == [0.0, 0.0, 0.0]


@settings(max_examples=80, deadline=None)
@given(WAVES, WAVES, st.integers(0, 10**7), st.integers(1, 8 * 10**6))
def test_integrals_agree_with_quadrature_within_1_ppm(a, b, start, length):
    start_turns, stop_turns = Fraction(start, 10**6), Fraction(start + length, 10**6)
    exact = integral_of_product(a, b, start_turns, stop_turns)
    mean_squares = integral_of_product(a, a, start_turns, stop_turns) * integral_of_product(
        b, b, start_turns, stop_turns
    )
    scale = math.sqrt(abs(mean_squares))
    assert exact == pytest.approx(numeric_integral(a, b, start_turns, stop_turns), rel=1e-6, abs=1e-9 * scale + 1e-12)


def test_tiny_range_after_a_year_keeps_its_digits():
    wave = Sinusoids([Tone(Fraction(1), 2.0, 0.125)])
    start = Fraction(50 * 365 * 86400)
    length = Fraction(1, 10**9)
    assert integral_of_product(wave, wave, start, start + length) == pytest.approx(2.0e-9, rel=1e-8)


@settings(max_examples=60, deadline=None)
@given(WAVES, WAVES)
def test_mean_of_product_is_the_sum_over_common_orders(a, b):
    orders = set(a.orders) & set(b.orders)
    expected = sum((a.phasor(order) * b.phasor(order).conjugate()).real for order in orders)
    assert mean_of_product(a, b) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(WAVES, st.floats(-5, 5).map(lambda x: round(x, 3)))
def test_peak_is_never_exceeded_and_is_reached(wave, offset):
    peak = wave.peak(offset)
    turns = np.arange(60000) * (wave.period_turns / 60000)
    seen = np.abs(wave.value(turns) + offset).max()
    assert seen <= peak.magnitude * (1 + 1e-9) + 1e-12
    if wave.period_turns <= 20:
        reached = abs(wave.value(np.array([peak.at_turns]))[0] + offset)
        assert reached == pytest.approx(peak.magnitude, rel=1e-9, abs=1e-12)


def test_peak_of_a_third_harmonic_is_refined_below_the_sum_of_amplitudes():
    third = Fraction(3)
    assert Sinusoids([Tone(Fraction(1), 1.0, 0.0), Tone(third, 1 / 3, 0.0)]).peak().magnitude == pytest.approx(
        2 * math.sqrt(2) / 3, rel=1e-12
    )
    assert Sinusoids([Tone(Fraction(1), 1.0, 0.0), Tone(third, 1 / 3, 0.5)]).peak().magnitude == pytest.approx(4 / 3)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.floats(-9, 9), st.floats(0, 1)), min_size=20, max_size=30), WAVES)
def test_the_fast_polynomial_equals_the_sum_of_sines(rows, extra):
    wave = Sinusoids([Tone(Fraction(order), amplitude, phase) for order, amplitude, phase in rows], 1.5)
    turns = np.linspace(0, 3, 500)
    direct = 1.5 + sum(a * np.sin(2 * np.pi * (order * turns + phase)) for order, a, phase in rows)
    assert np.abs(wave.value(turns) - direct).max() < 1e-10


class HalfWave:
    """A rectified sine as another class behind the same interface: two pieces a turn."""

    period_turns = 1
    orders = (Fraction(0), Fraction(1))
    size = 1.0
    _sine = Sinusoids([Tone(Fraction(1), 1.0, 0.0)])

    def value(self, turns: FloatArray) -> FloatArray:
        return np.maximum(0, sin_turns(turns))

    def pieces(self, from_turns: Fraction, to_turns: Fraction) -> Iterator[Piece]:
        while from_turns < to_turns:
            stop = min(to_turns, Fraction(from_turns * 2 // 1 + 1, 2))
            yield Piece(from_turns, stop, self._sine if from_turns % 1 < Fraction(1, 2) else Sinusoids())
            from_turns = stop

    def phasor(self, order: Fraction) -> complex:
        unit = Sinusoids([Tone(order, 1.0, 0.0)])
        return complex(math.sqrt(2) * mean_of_product(self, unit))

    def peak(self, offset: float = 0.0) -> Peak:
        return Peak(max(abs(1 + offset), abs(offset)), 0.25)


def test_waveforms_in_pieces_fit_the_same_integrals():
    # MI-003 / IEC 62053-21 half-wave load: half the power of the full sine, a mean of peak / pi.
    sine = Sinusoids([Tone(Fraction(1), 1.0, 0.0)])
    assert mean_of_product(sine, HalfWave()) == pytest.approx(mean_of_product(sine, sine) / 2, rel=1e-12)
    assert mean_of_product(HalfWave(), Sinusoids(dc=1.0)) == pytest.approx(1 / math.pi, rel=1e-12)
    start, stop = Fraction(13, 100), Fraction(277, 100)
    assert integral_of_product(HalfWave(), HalfWave(), start, stop) == pytest.approx(
        numeric_integral(HalfWave(), HalfWave(), start, stop), rel=1e-4
    )


def test_noise_depends_on_time_and_seed_only():
    times_ns = np.arange(40000, dtype=np.int64) * 125_000
    whole = Noise(2.0, 7).value(times_ns)
    pieces = np.concatenate([Noise(2.0, 7).value(part) for part in np.array_split(times_ns, 613)])
    assert np.array_equal(whole, pieces)
    assert np.array_equal(whole[::3], Noise(2.0, 7).value(times_ns[::3]))
    assert whole.mean() == pytest.approx(0, abs=0.04)
    assert whole.std() == pytest.approx(2.0, rel=0.02)
    assert np.abs(whole).max() <= 2.0 * PEAK_SIGMAS
    assert abs(np.corrcoef(whole, Noise(2.0, 8).value(times_ns))[0, 1]) < 0.03
    assert abs(np.corrcoef(whole[1:], whole[:-1])[0, 1]) < 0.03
