"""Cut waveforms: textbook figures, and agreement with quadrature at random parameters."""

import math
from fractions import Fraction

import numpy as np
import pytest
from grid_bench import FakeBench
from hypothesis import given, settings
from hypothesis import strategies as st
from quadrature_check import S, moments

from wattbench.core.errors import StimulusError
from wattbench.labs.grid import Grid
from wattbench.labs.grid.waveform import Sinusoids, Tone, integral_of_product
from wattbench.labs.grid.waveforms.shapes import FULL, Burst, HalfWave, PhaseFired, Square

HZ = 50


def edges_deg(shape) -> list[float]:
    """Angles within a cycle at which a shape is not smooth."""
    if isinstance(shape, PhaseFired):
        return [shape.from_deg, shape.to_deg, 180 + shape.from_deg, 180 + shape.to_deg]
    return [0.0, 180.0]


def injected(grid, bench, seconds=None):
    bench.run_for(seconds or 0.2)
    return grid.injected(0, bench.now_ns)


@pytest.mark.parametrize(
    ("shape", "power", "square", "mean"),
    [
        (PhaseFired(90), 1 / 2, 1 / 2, 0),
        (PhaseFired(45), 3 / 4 + 1 / (2 * math.pi), 3 / 4 + 1 / (2 * math.pi), 0),
        (PhaseFired(135), 1 / 4 - 1 / (2 * math.pi), 1 / 4 - 1 / (2 * math.pi), 0),
        (PhaseFired(0, 90), 1 / 2, 1 / 2, 0),
        (PhaseFired(0), 1, 1, 0),
        (HalfWave(), 1 / 2, 1 / 2, math.sqrt(2) / math.pi),
        (HalfWave(positive=False), 1 / 2, 1 / 2, -math.sqrt(2) / math.pi),
        (Burst(2, 2), 1 / 2, 1 / 2, 0),
        (Burst(3, 1), 3 / 4, 3 / 4, 0),
        (Square(), 2 * math.sqrt(2) / math.pi, 1, 0),
        (FULL, 1, 1, 0),
    ],
    ids=str,
)
def test_textbook_figures(bench, grid, shape, power, square, mean):  # noqa: PLR0917
    # 8 cycles: a whole number of all these patterns.
    grid.set_phase("L1", 230, 5, power_factor=1)
    grid.set_shape("L1", "current", shape)
    phase = injected(grid, bench, 0.16).phases["L1"]
    assert phase.active_power_w == pytest.approx(1150 * power, rel=1e-12)
    assert phase.current_rms_a == pytest.approx(5 * math.sqrt(square), rel=1e-12)
    assert phase.current_dc_a == pytest.approx(5 * mean, abs=1e-12)
    # A sine in the voltage: all power is that of the fundamental.
    assert phase.active_power_by_order_w[1] == pytest.approx(1150 * power, rel=1e-12)


def test_the_fundamental_of_a_fired_current_lags_and_its_harmonics_are_those_of_fourier(bench, grid):
    grid.set_phase("L1", 230, 5, power_factor=1)
    grid.fire_current("L1", 90)
    phase = injected(grid, bench).phases["L1"]
    # a1 = -1/pi, b1 = 1/2 of the amplitude; the third harmonic has 1/pi.
    assert phase.reactive_power_var == pytest.approx(1150 / math.pi, rel=1e-12)
    assert phase.current_by_order_a[3] == pytest.approx(5 / math.pi, rel=1e-12)
    assert phase.reactive_budeanu_var == pytest.approx(phase.reactive_power_var)
    powers = (phase.active_power_w, phase.reactive_budeanu_var, phase.distortion_power_va)
    assert math.hypot(*powers) == pytest.approx(phase.apparent_power_va, rel=1e-12)
    assert math.hypot(powers[0], phase.nonactive_power_var) == pytest.approx(phase.apparent_power_va, rel=1e-12)


def test_a_square_has_its_series(bench, grid):
    grid.set_phase("L1", 230, 5, power_factor=1)
    grid.set_square("L1", "current")
    phase = injected(grid, bench).phases["L1"]
    for order in (1, 3, 5, 49):
        assert phase.current_by_order_a[order] == pytest.approx(5 * 2 * math.sqrt(2) / math.pi / order, rel=1e-10)
    assert phase.current_by_order_a.get(Fraction(4), 0) < 1e-12
    series = math.sqrt(sum(1 / n**2 for n in range(3, 51, 2)))
    assert phase.current_thd_percent == pytest.approx(100 * series, rel=1e-10)


SHAPES = st.one_of(
    st.tuples(st.floats(0, 179), st.floats(0.01, 1)).map(lambda x: PhaseFired(x[0], x[0] + (180 - x[0]) * x[1])),
    st.builds(HalfWave, st.booleans()),
    st.builds(Burst, st.integers(1, 4), st.integers(1, 4)),
    st.just(Square()),
)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(SHAPES, SHAPES),
    st.tuples(st.floats(-180, 180), st.floats(-180, 180)),
    st.floats(42.5, 57.5),
    st.tuples(st.integers(2, 50), st.floats(-180, 180), st.floats(-3, 3)),
    st.tuples(st.integers(0, S // 10), st.integers(10**6, S // 5)),
)
def test_any_cut_of_voltage_and_current_agrees_with_quadrature(shapes, angles, hz, extra, span):
    (u_shape, i_shape), (u_deg, lag_deg), (order, deg, dc), (from_ns, length_ns) = shapes, angles, extra, span
    bench = FakeBench(("L1",))
    grid = Grid(bench, hz)
    grid.set_phase("L1", 100, 20, angle_deg=lag_deg, voltage_angle_deg=u_deg)
    grid.add_harmonic("L1", "current", order, 30, phase_deg=deg)
    grid.add_harmonic("L1", "voltage", order, 5)
    grid.set_dc("L1", "current", dc)
    grid.set_shape("L1", "voltage", u_shape)
    grid.set_shape("L1", "current", i_shape)
    bench.run_for(0.31)
    to_ns = from_ns + length_ns
    cuts = [
        (cycle + (edge - angle) / 360) / hz
        for shape, angle in ((u_shape, u_deg), (i_shape, u_deg - lag_deg))
        for edge in edges_deg(shape)
        for cycle in range(-2, 20)
    ]
    seen = moments(grid._schedule, "L1", from_ns, to_ns, cuts_s=cuts)
    phase = grid.injected(from_ns, to_ns).phases["L1"]
    scale = phase.voltage_rms_v * phase.current_rms_a * length_ns / S
    assert phase.active_wh * 3600 == pytest.approx(seen["joules"], abs=1e-9 * scale + 1e-12)
    assert phase.voltage_rms_v**2 == pytest.approx(seen["u2"], rel=1e-9, abs=1e-12)
    assert phase.current_rms_a**2 == pytest.approx(seen["i2"], rel=1e-9, abs=1e-12)
    assert phase.current_dc_a == pytest.approx(seen["i"], abs=1e-8)


def test_the_neutral_of_fired_loads_carries_the_third_harmonic(bench, grid):
    grid.set_balanced_load(230, 10)
    for phase in ("L1", "L2", "L3"):
        grid.fire_current(phase, 90)
    bench.run_for(0.2)
    t = np.arange(1600) / 8000
    expected = np.zeros(1600)
    for number in range(3):
        turns = 50 * t - number / 3 + 1e-12
        expected += np.where((turns * 2) % 1 >= 0.5, 10 * math.sqrt(2) * np.sin(2 * np.pi * turns), 0)
    agree = np.abs(bench.taken("N", "current") - expected) < 1e-6
    assert agree.mean() > 0.97  # all but samples on an edge
    truth = grid.injected(0, S // 5)
    assert truth.neutral_current_rms_a == pytest.approx(10, rel=1e-12)


def test_an_hour_of_half_cycles_costs_no_time_and_loses_no_energy():
    current = HalfWave().applied([Tone(Fraction(1), 1.0, 0.0)], 0.0, Fraction(0))
    voltage = Sinusoids([Tone(Fraction(1), 1.0, 0.0)])
    hour = Fraction(180_000)
    assert integral_of_product(voltage, current, Fraction(1, 3), hour) == pytest.approx(
        180_000 / 4 - integral_of_product(voltage, current, Fraction(0), Fraction(1, 3)), rel=1e-13
    )


def test_peaks_of_cut_waves_are_where_they_are(bench, grid):
    # Fired at 135 deg only 0.707 of the amplitude is left: what would overdrive as a sine fits.
    grid.fire_current("L1", 135)
    grid.set_phase("L1", 230, 150, power_factor=1)
    with pytest.raises(StimulusError, match="current of L1"):
        grid.fire_current("L1", 130)
    grid.set_phase("N", current_a=0)
    grid.rectify_current("L2")
    grid.set_dc("L2", "current", -50)
    grid.set_phase("L2", 230, 140, power_factor=1)
    with pytest.raises(StimulusError, match="current of L2"):
        grid.rectify_current("L2", positive=False)


@pytest.mark.parametrize(("name", "power"), [("none", 1), ("fifth", 1.04), ("quadriform", None), ("peaked", None)])
def test_mixes(bench, grid, name, power):
    grid.set_phase("L1", 230, 5, power_factor=1)
    grid.add_harmonic("L1", "current", 9, 12)
    grid.set_mix("L1", name)
    phase = injected(grid, bench).phases["L1"]
    assert 9 not in phase.current_by_order_a
    if power is None:
        # Both mixes have the same amplitudes; the current's harmonics work against those of the voltage.
        power = 1 - (0.038 * 0.3 + 0.024 * 0.18 + 0.017 * 0.14 + 0.010 * 0.09 + 0.008 * 0.05)
    assert phase.active_power_w == pytest.approx(1150 * power, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda grid: grid.fire_current("L1", 180), "from 180"),
        (lambda grid: grid.fire_current("L1", 90, 90), "not from 90"),
        (lambda grid: grid.fire_current("L1", math.nan), "not from nan"),
        (lambda grid: grid.burst_current("L1", 0, 2), "at least one cycle on"),
        (lambda grid: grid.burst_current("L1", 900, 200), "within 1000 cycles"),
        (lambda grid: grid.set_mix("L1", "sixth"), "no mix of harmonics 'sixth'"),
        (lambda grid: grid.fire_current("L9", 90), "current of L9 is not wired"),
    ],
)
def test_what_makes_no_sense_is_said(grid, call, message):
    with pytest.raises(StimulusError, match=message):
        call(grid)
