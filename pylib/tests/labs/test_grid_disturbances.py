"""Ramps, modulation, dips and transients: the truth agrees with quadrature, and figures of the textbook come out."""

import math

import numpy as np
import pytest
from grid_bench import FakeBench
from hypothesis import given, settings
from hypothesis import strategies as st
from quadrature_check import S, moments

from wattbench.core.errors import StimulusError, UsageError
from wattbench.labs.grid import Grid
from wattbench.labs.grid.waveforms.terms import Terms
from wattbench.labs.grid.waveforms.terms import moments as exponential_moments


def one_phase(hz: float = 50.0) -> tuple[FakeBench, Grid]:
    bench = FakeBench(("L1",))
    grid = Grid(bench, hz)
    grid.set_phase("L1", 200, 20, angle_deg=35)
    grid.add_harmonic("L1", "voltage", 3, 6, phase_deg=20)
    grid.add_harmonic("L1", "current", 3, 25, phase_deg=-50)
    return bench, grid


def agrees(grid: Grid, from_ns: int, to_ns: int, *, tolerance: float = 1e-9, **quadrature) -> None:
    seen = moments(grid._schedule, "L1", from_ns, to_ns, **quadrature)
    phase = grid.injected(from_ns, to_ns).phases["L1"]
    seconds = (to_ns - from_ns) / S
    scale = math.sqrt(seen["u2"] * seen["i2"]) * seconds
    assert phase.active_wh * 3600 == pytest.approx(seen["joules"], abs=tolerance * scale + 1e-12)
    assert phase.voltage_rms_v**2 == pytest.approx(seen["u2"], rel=tolerance, abs=1e-12)
    assert phase.current_rms_a**2 == pytest.approx(seen["i2"], rel=tolerance, abs=1e-12)


SPANS = st.tuples(st.integers(0, S // 2), st.integers(10**5, S // 2)).map(lambda span: (span[0], span[0] + span[1]))


@settings(max_examples=40, deadline=None)
@given(
    SPANS,
    st.tuples(st.floats(0, 240), st.floats(0, 60)),
    st.tuples(st.floats(0.001, 0.5), st.floats(0.0, 0.4)),
    st.floats(42.5, 57.5),
)
def test_amplitude_ramps_agree_with_quadrature(span, targets, times, hz):
    (volts, amperes), (u_s, begin_s) = targets, times
    bench, grid = one_phase(hz)
    grid.ramp_phase("L1", voltage_v=volts, duration_s=u_s, at=begin_s)
    grid.ramp_phase("L1", current_a=amperes, duration_s="0.2501", at="0.1003")
    bench.run_for(1)
    agrees(grid, *span)


@settings(max_examples=40, deadline=None)
@given(SPANS, st.floats(0, 20), st.floats(0, 90), st.floats(0.5, 40), st.sampled_from(["sine", "square"]))
def test_modulation_agrees_with_quadrature(span, u_percent, i_percent, rate_hz, form):
    bench, grid = one_phase()
    grid.modulate("L1", "voltage", u_percent, rate_hz, form="sine", at="0.0123")
    grid.modulate("L1", "current", i_percent, rate_hz * 1.37, form=form)
    grid.ramp_phase("L1", current_a=35, duration_s=0.3, at=0.2)
    bench.run_for(1)
    cuts = [k / (2 * rate_hz * 1.37) for k in range(200)]
    agrees(grid, *span, cuts_s=cuts)


@settings(max_examples=30, deadline=None)
@given(SPANS, st.floats(40, 70), st.floats(0.01, 0.6), st.floats(0, 5), st.floats(0.2, 12))
def test_frequency_ramps_and_swings_agree_with_quadrature(span, target_hz, ramp_s, deviation_hz, rate_hz):
    bench, grid = one_phase()
    grid.ramp_frequency(target_hz, duration_s=ramp_s, at="0.1")
    grid.swing_frequency(deviation_hz, rate_hz, at="0.2")
    grid.rectify_current("L1", at="0.05")
    bench.run_for(1)
    # The half wave makes edges where the current's fundamental is zero.
    times = np.linspace(0, 1, 40001)
    slope, end = (target_hz - 50) / ramp_s, 0.1 + ramp_s
    after = slope * ramp_s**2 / 2 + (target_hz - 50) * (times - end)
    ramped = np.where(times < end, slope * (times - 0.1) ** 2 / 2, after)
    swung = deviation_hz / (2 * np.pi * rate_hz) * (1 - np.cos(2 * np.pi * rate_hz * (times - 0.2)))
    turns = 50 * times + np.where(times < 0.1, 0, ramped) + np.where(times < 0.2, 0, swung)
    zeros = np.arange(0, 200) / 2 + 35 / 360
    cuts = np.interp(zeros[zeros < turns[-1]], turns, times)
    # Edges found by interpolation are good to about 1e-9 s.
    agrees(grid, *span, cuts_s=cuts.tolist(), tolerance=1e-6)


def test_phase_is_the_integral_of_frequency(bench, grid):
    grid.set_phase("L1", 230, 5, angle_deg=0)
    grid.ramp_frequency(52.5, duration_s=2, at=1)
    grid.swing_frequency(0.4, 1.5, at=2)
    bench.run_for(4)
    t = np.arange(32000) / 8000
    ramp = np.where(t < 1, 50 * t, np.where(t < 3, 50 * t + 1.25 * (t - 1) ** 2 / 2, 50 * 3 + 2.5 + 52.5 * (t - 3)))
    swing = np.where(t < 2, 0, 0.4 / (2 * np.pi * 1.5) * (1 - np.cos(2 * np.pi * 1.5 * (t - 2))))
    expected = 230 * math.sqrt(2) * np.sin(2 * np.pi * (ramp + swing))
    assert np.abs(bench.taken("L1", "voltage") - expected).max() < 1e-7
    assert grid.injected(S, 2 * S).frequency_hz == pytest.approx(50.625, rel=1e-12)
    # Over whole swings the mean frequency is that of the ramp; the power does not know of it.
    truth = grid.injected(0, 4 * S)
    assert truth.reactive_power_var == pytest.approx(0, abs=1e-9)
    assert truth.active_power_w == pytest.approx(1150, rel=1e-4)


def test_ramped_energy_is_the_integral_of_the_envelope(bench, grid):
    # 0 to 20 A in 10 s at PF 0.5: the mean of the envelope is 1/2, that of its square 1/3.
    grid.set_phase("L1", 230, 0, power_factor=0.5)
    grid.ramp_phase("L1", current_a=20, duration_s=10)
    bench.run_for(10)
    phase = grid.injected(0, 10 * S).phases["L1"]
    assert phase.active_power_w == pytest.approx(1150, rel=1e-3)
    assert phase.reactive_power_var == pytest.approx(1150 * math.sqrt(3), rel=1e-12)
    assert phase.current_rms_a == pytest.approx(20 / math.sqrt(3), rel=1e-3)
    bench.run_for(1)
    assert grid.injected(10 * S, 11 * S).phases["L1"].current_rms_a == pytest.approx(20, rel=1e-12)


def test_modulated_power_is_that_of_the_sidebands(bench, grid):
    grid.set_phase("L1", 230, 5, angle_deg=60)
    grid.modulate("L1", "voltage", 10, 8)
    grid.modulate("L1", "current", 40, 8)
    bench.run_for(1)
    phase = grid.injected(0, S).phases["L1"]
    assert phase.active_power_w == pytest.approx(575 * (1 + 0.1 * 0.4 / 2), rel=1e-12)
    assert phase.reactive_power_var == pytest.approx(1150 * math.sqrt(0.75) * (1 + 0.1 * 0.4 / 2), rel=1e-12)
    assert phase.voltage_rms_v == pytest.approx(230 * math.sqrt(1 + 0.01 / 2), rel=1e-12)


def test_flicker_is_a_square_of_half_the_change(bench, grid):
    grid.set_balanced_load(230, 0)
    grid.flicker(None, 4, 120)
    bench.run_for(1)
    volts = bench.taken("L2", "voltage")
    assert np.abs(volts[:4000]).max() == pytest.approx(230 * math.sqrt(2) * 1.02, rel=1e-3)
    assert np.abs(volts[4001:]).max() == pytest.approx(230 * math.sqrt(2) * 0.98, rel=1e-3)
    grid.modulate("L2", "voltage", 0, 1)
    bench.run_for(0.1)
    assert grid.injected(S, S * 11 // 10).phases["L2"].voltage_rms_v == pytest.approx(230, rel=1e-12)


def test_dips_swells_and_interruptions(bench, grid):
    grid.set_balanced_load(230, 5)
    grid.dip(None, 40, "0.2", at="0.1")
    grid.dip("L2", 120, "0.1", at="0.4")
    grid.interrupt("L3", "0.02", at="0.4")
    bench.run_for(0.6)
    rms = {phase: grid.injected(S // 10, 3 * S // 10).phases[phase].voltage_rms_v for phase in ("L1", "L2", "L3")}
    assert rms == {phase: pytest.approx(92, rel=1e-12) for phase in rms}
    truth = grid.injected(4 * S // 10, 42 * S // 100)
    assert truth.phases["L1"].voltage_rms_v == pytest.approx(230)
    assert truth.phases["L2"].voltage_rms_v == pytest.approx(276)
    assert truth.phases["L3"].voltage_rms_v == 0
    assert truth.phases["L3"].current_rms_a == pytest.approx(5)
    assert grid.injected(5 * S // 10, 6 * S // 10).phases["L2"].voltage_rms_v == pytest.approx(230)


def test_a_balanced_ramp_leaves_the_neutral_without_current(bench, grid):
    grid.set_balanced_load(230, 20)
    grid.ramp_phase(None, current_a=100, duration_s=1)
    bench.run_for(1)
    assert np.abs(bench.taken("N", "current")).max() < 1e-9
    assert grid.injected(0, S).neutral_current_rms_a < 1e-9


@pytest.mark.parametrize("angle", [0.0, 90.0, 237.5])
def test_a_dip_begins_at_its_angle(bench, grid, angle):
    grid.set_balanced_load(230, 5)
    grid.ramp_frequency(49, duration_s=0.3)
    at = grid.time_of_angle("L2", angle, at="0.1003")
    assert 0.1003 <= at < 0.1003 + 0.021
    grid.dip("L2", 0, "0.05", angle_deg=angle, at="0.1003")
    turns = grid._schedule.segments[0].turns_at(round(at * S))
    assert math.isclose(((float(turns) - 1 / 3) * 360 - angle + 180) % 360, 180, abs_tol=1e-5)
    bench.run_for(0.3)
    volts = bench.taken("L2", "voltage")
    first = math.ceil(at * 8000)
    assert not volts[first : first + 400].any()
    assert volts[first - 1] != 0


@settings(max_examples=20, deadline=None)
@given(
    st.floats(-200, 200),
    st.sampled_from([(68e-6, 0.4e-6), (1e-3, 0.0), (5e-3, 1e-4), (0.2, 0.0)]),
    st.sampled_from([0.0, 500.0, 5000.0, 100e3]),
    st.integers(0, S // 20),
)
def test_transients_agree_with_quadrature(peak, shape, ring_hz, offset_ns):
    decay_s, rise_s = shape
    bench, grid = one_phase()
    at_ns = S // 20 + 12345
    grid.add_transient("L1", "voltage", peak, decay_s, rise_s=rise_s, ring_hz=ring_hz, at=at_ns / S)
    grid.add_transient("L1", "current", 30, 2e-3, at="0.051")
    bench.run_for(0.3)
    span = (at_ns - offset_ns, 2 * S // 10)
    ladder = [at_ns / S + k * step for step in (rise_s or decay_s, decay_s) for k in range(41)]
    cuts = [*ladder, 0.051, *(0.051 + 1e-3 * k for k in range(81))]
    agrees(grid, *span, cuts_s=cuts, panel_s=min(2e-4, 0.3 / (ring_hz + 1)))


def test_a_surge_peaks_at_its_peak_and_is_over(bench, grid):
    grid.add_transient("L1", "voltage", 300, 68e-6, rise_s=0.4e-6, at="0.01")
    transient = grid._schedule.changes[0].fields["transients"][0]
    times = 0.01 + np.linspace(0, 20e-6, 200001)
    assert transient.value(times).max() == pytest.approx(300, rel=1e-8)
    assert transient.value(np.array([0.0099999, 0.0128])).tolist() == [0, 0]
    with pytest.raises(StimulusError, match="voltage of L1"):
        grid.add_transient("L1", "voltage", 500, 1e-3, at="0.02")


def test_moments_are_good_on_both_sides_of_the_series():
    nodes, weights = np.polynomial.legendre.leggauss(60)
    for z in (0.0, 0.3 + 2j, 7.9j, 8.1j, -3 + 9j, 30j, 12 + 1j):
        exact = exponential_moments(np.array([z], dtype=complex))[:, 0]
        for k in range(9):
            assert abs(exact[k] - np.sum(weights * nodes**k * np.exp(z * nodes))) < 1e-12 * math.exp(abs(z.real))


def test_terms_multiply_and_move():
    a = Terms.tones([2.0, 1.0], [50.0, 150.0], [0.1, 0.7], 0.5)
    b = Terms.polynomial([1.0, -3.0, 0.25])
    for t in (-0.3, 0.0, 0.01, 1.7):
        assert a.times(b).at(t) == pytest.approx(a.at(t) * b.at(t), rel=1e-12)
        assert a.times(b).moved(0.4).at(t - 0.4) == pytest.approx(a.at(t) * b.at(t), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda grid: grid.ramp_phase("L1", duration_s=1), UsageError, "a voltage or a current"),
        (lambda grid: grid.ramp_phase("L1", 100, duration_s=0), StimulusError, "longer than 0 s"),
        (lambda grid: grid.ramp_phase("L1", -5, duration_s=1), StimulusError, "RMS of its own"),
        (lambda grid: grid.ramp_phase("N", current_a=5, duration_s=1), StimulusError, "RMS of its own"),
        (lambda grid: grid.ramp_phase("L1", math.nan, duration_s=1), StimulusError, "finite"),
        (lambda grid: grid.ramp_frequency(0, duration_s=1), StimulusError, "above 0 Hz"),
        (lambda grid: grid.swing_frequency(60, 1), StimulusError, "needs more than 0 Hz"),
        (lambda grid: grid.modulate("L1", "voltage", 120, 1), StimulusError, "depth from 0 to 1"),
        (lambda grid: grid.modulate("L1", "voltage", 12, 0), StimulusError, "rate above 0 Hz"),
        (lambda grid: grid.dip("L1", -1, 1), StimulusError, "from 0 % on"),
        (lambda grid: grid.dip("L1", 50, 0), StimulusError, "longer than 0 s"),
        (lambda grid: grid.add_transient("L1", "voltage", 10, 0), StimulusError, "rises faster than it decays"),
        (lambda grid: grid.ramp_phase("L1", current_a=150, duration_s=1), StimulusError, "current of L1"),
        (lambda grid: grid.modulate("L1", "voltage", 60, 1), StimulusError, "voltage of L1"),
    ],
)
def test_what_makes_no_sense_is_said(bench, grid, call, error, message):
    grid.set_phase("L1", 230, 5)
    before = grid.save().changes
    with pytest.raises(error, match=message):
        call(grid)
    assert grid.save().changes == before
