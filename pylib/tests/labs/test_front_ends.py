"""Sensors: filters and coils by their frequency responses, transformers by their differential equation."""

import math
import pickle
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from grid_bench import FakeBench
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.core.errors import StimulusError
from wattbench.labs.grid import FrontEnd, Grid
from wattbench.labs.grid.channels import Channel
from wattbench.labs.grid.front_ends import transformer
from wattbench.labs.grid.front_ends.magnetising import _driven
from wattbench.labs.grid.front_ends.taps import Rogowski, Sinc3
from wattbench.labs.grid.front_ends.transformer import CurrentTransformer
from wattbench.labs.grid.waveform import Sinusoids, Tone
from wattbench.labs.grid.waveforms.recording import Recording

S = 10**9


def with_sensor(grid: Grid, quantity: str = "current", **changes) -> None:
    grid.set_front_end("L1", quantity, replace(grid.front_end("L1", quantity), **changes))


def phasor(values: np.ndarray, order: float, hz: float = 50.0) -> complex:
    """RMS phasor over whole cycles at 8 kHz."""
    turns = order * hz * np.arange(values.size) / 8000
    return complex((values * 1j * np.exp(-2j * np.pi * turns)).mean() * math.sqrt(2))


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([1, 3, 7, 25, 50]), st.floats(2000, 64000), st.floats(-180, 180))
def test_a_sinc3_droops_as_its_response_says(order, rate_hz, deg):
    bench = FakeBench(("L1",))
    grid = Grid(bench)
    grid.set_phase("L1", 230, 5, angle_deg=deg)
    if order > 1:
        grid.add_harmonic("L1", "current", order, 50)
    with_sensor(grid, stages=(Sinc3(rate_hz),))
    bench.run_for(0.4)
    taken = phasor(bench.taken("L1", "current")[800:2400], order)
    ideal = (5 if order == 1 else 2.5) * Sinc3(rate_hz).response(50 * order)
    assert abs(taken) == pytest.approx(abs(ideal), abs=1e-8 if 50 * order <= rate_hz else 1e-4)


@settings(max_examples=15, deadline=None)
@given(st.floats(0, 178), st.floats(0, 360), st.floats(45, 55), st.sampled_from([4000.0, 8000.0]))
def test_a_sinc3_over_edges_is_their_convolution(fired_deg, deg, hz, rate_hz):
    bench = FakeBench(("L1",))
    grid = Grid(bench, hz)
    grid.set_phase("L1", 230, 20, angle_deg=deg)
    grid.fire_current("L1", fired_deg)
    grid.set_phase("L1", current_a=10, at="0.03")
    with_sensor(grid, stages=(Sinc3(rate_hz),))
    bench.run_for(0.05)
    taken = bench.taken("L1", "current")
    # Three moving means over one data period each, on a grid 100 times finer than the samples.
    fine = np.arange(-4000, 44000) / 800_000
    line = grid._schedule.value(Channel("L1", "current"), np.maximum(fine, 0))
    width = round(800_000 / rate_hz)
    for _ in range(3):
        # An even number of points has no middle: half a point to each side makes one.
        ends = np.concatenate([[0.5], np.ones(width - 1), [0.5]])
        line = np.convolve(line, ends / width, mode="same")
    expected = np.interp(np.arange(400) / 8000, fine, line)
    assert np.abs(taken[8:392] - expected[8:392]).max() < 0.5 * 28.3 / width


def test_a_rogowski_coil_gives_harmonics_n_fold_and_leads_by_90_degrees(bench, grid):
    grid.set_phase("L1", 230, 5, angle_deg=0)
    grid.add_harmonic("L1", "current", 7, 10)
    grid.set_dc("L1", "current", 3)
    with_sensor(grid, stages=(Rogowski(),))
    bench.run_for(0.4)
    taken = bench.taken("L1", "current")[:1600]
    assert phasor(taken, 1) == pytest.approx(5j, rel=1e-5)
    assert phasor(taken, 7) == pytest.approx(3.5j, rel=1e-3)
    assert taken.mean() == pytest.approx(0, abs=1e-12)
    assert grid.injected(0, S // 5).phases["L1"].active_power_w == pytest.approx(1150)


def test_stages_add_up_and_a_delay_stays(bench, grid):
    grid.set_phase("L1", 230, 5, angle_deg=0)
    with_sensor(grid, stages=(Rogowski(), Sinc3(8000)), delay_us=187.5)
    bench.run_for(0.2)
    exact = 5 * Rogowski().response(50) * Sinc3(8000).response(50) * np.exp(-2j * np.pi * 50 * 187.5e-6)
    assert phasor(bench.taken("L1", "current")[160:1600], 1) == pytest.approx(exact, rel=1e-8)


def test_a_filter_that_looks_ahead_is_told_in_time(bench, grid):
    with_sensor(grid, stages=(Sinc3(8000),))
    grid.set_phase("L1", 230, 5, at=1)
    # Half of the filter's length of three data periods, less the outermost node.
    assert S - 190_000 < bench.model("ade0").changed_ns[-1] < S - 180_000


def test_temperature_moves_the_gain_of_sensors_that_have_a_coefficient(bench, grid):
    grid.set_phase("L1", 230, 5, angle_deg=0)
    with_sensor(grid, temperature_coefficient_ppm=50)
    bench.run_for(0.2)
    grid.set_temperature(63)
    bench.run_for(0.2)
    current, voltage = (bench.taken("L1", quantity) for quantity in ("current", "voltage"))
    assert abs(phasor(current[:1600], 1)) == pytest.approx(5, rel=1e-12)
    assert abs(phasor(current[1600:], 1)) == pytest.approx(5 * (1 + 50e-6 * 40), rel=1e-12)
    assert abs(phasor(voltage[1600:], 1)) == pytest.approx(230, rel=1e-12)


def test_a_stimulus_that_its_sensor_clips_has_no_truth(bench, grid):
    with_sensor(grid, clip_v=0.001)
    grid.set_phase("L1", 230, 3, angle_deg=0)
    bench.run_for(0.1)
    grid.injected(0, bench.now_ns)
    grid.set_phase("L1", current_a=4)
    bench.run_for(0.1)
    grid.injected(0, S // 10)
    with pytest.raises(StimulusError, match=r"current of L1 set from 0.1 s on was clipped by its sensor at 0.001 V"):
        grid.injected(0, bench.now_ns)


def test_a_transformer_leads_less_at_harmonics_and_passes_no_dc(bench, grid):
    grid.set_phase("L1", 230, 20, angle_deg=0)
    grid.add_harmonic("L1", "current", 5, 40)
    grid.set_dc("L1", "current", 8)
    with_sensor(grid, transformer=CurrentTransformer(lead_deg=2.0))
    bench.run_for(0.4)
    taken = bench.taken("L1", "current")[:3200]
    lead = math.radians(2)
    assert phasor(taken, 1) == pytest.approx(20 * math.cos(lead) * np.exp(1j * lead), rel=1e-9)
    fifth = math.atan(math.tan(lead) / 5)
    assert phasor(taken, 5) == pytest.approx(8 * math.cos(fifth) * np.exp(1j * fifth), rel=1e-9)
    assert taken.mean() == pytest.approx(0, abs=1e-9)
    assert grid.injected(0, S // 5).phases["L1"].current_dc_a == pytest.approx(8)


def by_small_steps(wave, ct: CurrentTransformer, hertz: float, cycles: int) -> tuple[np.ndarray, np.ndarray]:
    """Phase and magnetising current of the last cycle by Euler's method with 2 * 10^5 steps a cycle."""
    steps = 200_000
    current = wave.value(np.arange(steps) / steps).tolist()
    step_s, m, last = 1 / hertz / steps, 0.0, []
    for _ in range(cycles):
        last = []
        for value in current:
            last.append(m)
            tau = ct.tau_s * (ct.residual if abs(m) > ct.knee_a else 1.0)
            m += (value - m) * step_s / tau
    return np.arange(steps) / steps, np.array(last)


@pytest.mark.parametrize(("dc", "knee"), [(0.0, 0.4), (3.0, 1.0), (-0.5, 1.2)])
def test_saturation_follows_the_differential_equation(dc, knee):
    ct = CurrentTransformer(lead_deg=10, knee_a=knee, residual=0.02)
    wave = Sinusoids([Tone(1, 5.0, 0.2), Tone(3, 1.0, 0.0)], dc)
    found = ct.magnetising(wave, 50.0)
    turns, exact = by_small_steps(wave, ct, 50.0, 6)
    assert np.abs(found.value(turns) - exact).max() < 5e-3 * np.abs(exact).max()
    assert found.value(turns).mean() == pytest.approx(dc, abs=2e-3)
    assert found.peak().magnitude > knee


def test_half_the_step_changes_nothing_that_matters(monkeypatch):
    ct = CurrentTransformer(lead_deg=1, knee_a=0.3)
    wave = Sinusoids([Tone(1, 20.0, 0.0)], 4.0)
    turns = np.arange(5000) / 5000
    coarse = ct.magnetising(wave, 50.0)
    monkeypatch.setattr(transformer, "STEPS_PER_TURN", 8192)
    fine = ct.magnetising(wave, 50.0)
    assert np.abs(coarse.value(turns) - fine.value(turns)).max() < 5e-4 * fine.peak().magnitude


def test_a_saturated_transformer_loses_energy(bench, grid):
    grid.set_phase("L1", 230, 20, angle_deg=0)
    grid.rectify_current("L1")
    with_sensor(grid, transformer=CurrentTransformer(lead_deg=0.5, knee_a=0.5))
    bench.run_for(0.4)
    u, i = (bench.taken("L1", quantity)[:3200] for quantity in ("voltage", "current"))
    truth = grid.injected(0, 4 * S // 10).phases["L1"].active_power_w
    assert truth == pytest.approx(2300)
    assert 0.02 < (u * i).mean() / truth < 0.5
    assert i.mean() == pytest.approx(0, abs=0.05)


def magnetised(current: np.ndarray, ct: CurrentTransformer, start: float, step_s: float) -> np.ndarray:
    """dm/dt = (i - m) / tau from `start` on, by the trapezoidal rule."""
    half, result, m = step_s / 2 / ct.tau_s, np.empty_like(current), start
    for place, (here, there) in enumerate(pairwise(current.tolist())):
        result[place] = m
        m = (m * (1 - half) + half * (here + there)) / (1 + half)
    result[-1] = m
    return result


CT = CurrentTransformer(lead_deg=0.5)
FINE = 25


def through_the_transformer(grid: Grid, seconds: float) -> np.ndarray:
    """L1's current as a transformer shows it at 8 kHz, from the steady state at 0 on, by small steps."""
    times_s = np.arange(round(seconds * 8000) * FINE + 1) / (8000 * FINE)
    current = grid._values(Channel("L1", "current"), times_s)
    segment = grid._segment_at(0)
    start = CT.linear(segment.waveform(Channel("L1", "current")), 50.0).value(segment.turns_after(np.zeros(1), 1))[0]
    return (current - magnetised(current, CT, float(start), 1 / (8000 * FINE)))[: round(seconds * 8000) * FINE : FINE]


@pytest.mark.parametrize(
    ("change", "limit_a"),
    [
        (lambda grid: grid.ramp_phase("L1", current_a=40, duration_s=2, at=0.2), 2e-3),
        (lambda grid: grid.modulate("L1", "current", 5.0, 8.8, at=0.2), 5e-3),
        (lambda grid: grid.ramp_frequency(48, duration_s=1, at=0.2), 2e-3),
        (lambda grid: grid.swing_frequency(0.5, 0.7, at=0.2), 2e-3),
    ],
    ids=["ramp", "modulation", "frequency ramp", "frequency swing"],
)
def test_a_transformer_follows_what_moves_slowly(change, limit_a):
    """The flux is what small steps of the differential equation make of it; 0.17 A of 20 A are at stake."""
    bench = FakeBench(("L1",))
    grid = Grid(bench)
    grid.set_phase("L1", 230, 20, angle_deg=90)
    grid.add_harmonic("L1", "current", 3, 20)
    with_sensor(grid, transformer=CT)
    change(grid)
    bench.run_for(2.5)
    taken, expected = bench.taken("L1", "current"), through_the_transformer(grid, 2.5)
    assert np.abs(taken - expected).max() < limit_a
    line = grid._values(Channel("L1", "current"), np.arange(taken.size) / 8000)
    assert np.abs(taken - line).max() > 0.1


def test_a_transformer_passes_a_recording_on():
    """A current with a third harmonic that doubles in the middle."""
    times_s = np.arange(16000) / 8000
    wave = np.sin(2 * np.pi * 50 * times_s) + 0.2 * np.sin(2 * np.pi * 150 * times_s)
    recording = Recording(wave * np.where(times_s < 1.0025, 20, 40), 8000)
    bench = FakeBench(("L1",))
    grid = Grid(bench)
    with_sensor(grid, transformer=CT)
    grid.play({Channel("L1", "current"): recording})
    bench.run_for(1.9)
    taken = bench.taken("L1", "current")
    steady = CT.linear(Sinusoids([Tone(1, 20.0, 0.0), Tone(3, 4.0, 0.0)]), 50.0).value(np.zeros(1))[0]
    fine_s = np.arange(taken.size * FINE + 1) / (8000 * FINE)
    current = grid._values(Channel("L1", "current"), fine_s)
    expected = (current - magnetised(current, CT, float(steady), 1 / (8000 * FINE)))[: taken.size * FINE : FINE]
    # From the beginning on: the recording's first cycle has no direct flux, and its step leaves one that decays.
    assert np.abs(taken - expected)[200:].max() < 5e-3
    flux = (current[: taken.size * FINE : FINE] - taken)[8160:9600].reshape(-1, 160).mean(axis=1)
    assert np.abs(flux).max() > 0.1
    assert flux[4] / flux[0] == pytest.approx(math.exp(-0.08 / CT.tau_s), rel=1e-2)


def test_integration_over_long_and_coarse_steps():
    """The answer to a ramp, m = t - 1 + exp(-t) in time constants, over 2000 of them."""
    seconds = np.arange(4001) * 0.5
    driven, left = _driven(seconds, 0.5)
    assert driven == pytest.approx(seconds - 1 + np.exp(-seconds), rel=1e-12, abs=1e-12)
    assert left == pytest.approx(np.exp(-seconds), rel=1e-12)


def test_many_tones_become_a_table():
    """A burst of 2 on 2 off: the table is what the sum of its 150 tones is."""
    bench = FakeBench(("L1",))
    grid = Grid(bench)
    grid.set_phase("L1", 230, 20)
    grid.burst_current("L1", 2, 2)
    wave = grid._segment_at(0).waveform(Channel("L1", "current"))
    found, exact = CT.magnetising(wave, 50.0), CT.linear(wave, 50.0)
    assert isinstance(found, transformer.Table)
    turns = np.linspace(0, 4, 999)
    assert found.value(turns) == pytest.approx(exact.value(turns), abs=3e-7 * found.peak().magnitude)


def test_a_transformer_that_saturates_while_something_moves_is_refused(bench, grid):
    grid.set_phase("L1", 230, 20)
    with_sensor(grid, transformer=CurrentTransformer(lead_deg=0.5, knee_a=0.3))
    grid.ramp_phase("L1", current_a=23, duration_s=1, at=1)
    with pytest.raises(StimulusError, match=r"saturates is modelled under a current that repeats, but .* core to 0\.4"):
        grid.ramp_phase("L1", current_a=35, duration_s=1, at=3)


def taken_flux(bench, grid, ct, prepare, change_s):
    """The magnetising current from a change on, as the pin and the line differ, at 8 kHz; and the line's current."""
    with_sensor(grid, transformer=ct)
    prepare(f"{change_s:.9f}")
    bench.run_for(change_s + 1.0)
    times_s = np.arange(8000 * (change_s + 1.0)) / 8000
    line = grid._schedule.value(Channel("L1", "current"), times_s)
    return times_s, line, line - bench.taken("L1", "current")


@pytest.mark.parametrize("change_s", [0.1, 0.1051, 0.1137])
def test_flux_goes_on_over_a_change_and_decays(bench, grid, change_s):
    """A current that is switched on at its crest or anywhere, and a direct one after it: tau is 182 ms."""
    ct = CurrentTransformer(lead_deg=1.0)

    def prepare(at):
        grid.set_phase("L1", 230, 20, angle_deg=0, at=at)
        grid.set_dc("L1", "current", 5, at=f"{change_s + 0.5:.9f}")

    times_s, line, flux = taken_flux(bench, grid, ct, prepare, change_s)
    m, exact, steps = 0.0, [], 50
    fine = np.arange(times_s.size * steps) / (8000 * steps)
    for number, value in enumerate(
        grid._schedule.value(Channel("L1", "current"), fine + 0.5 / (8000 * steps)).tolist()
    ):
        if number % steps == 0:
            exact.append(m)
        m += (value - m) / (8000 * steps * ct.tau_s)
    assert np.abs(flux - np.array(exact)).max() < 2e-4 * np.abs(flux).max()
    assert np.abs(np.diff(flux)).max() < 2 * np.abs(line).max() / (8000 * ct.tau_s)


def test_inrush_of_flux_goes_over_the_knee_and_comes_down(bench, grid):
    """Switched on at the zero of the current, the flux would go to twice its steady peak: it saturates at first."""
    ct = CurrentTransformer(lead_deg=1.0, knee_a=0.75, residual=0.05)
    steady_peak = 20 * math.sqrt(2) * math.sin(math.radians(1))
    assert steady_peak < ct.knee_a < 2 * steady_peak
    _, line, flux = taken_flux(bench, grid, ct, lambda at: grid.set_phase("L1", 230, 20, angle_deg=0, at=at), 0.1)
    start = 800
    assert np.abs(flux[start : start + 160]).max() > ct.knee_a
    assert np.abs(flux[-160:]).max() == pytest.approx(steady_peak, rel=1e-2)
    assert flux[start] == pytest.approx(0, abs=1e-9)
    assert np.abs(np.diff(flux)).max() < 0.2 * np.abs(line).max()


def test_what_a_transformer_is_not_modelled_for_is_refused(bench, grid):
    grid.set_phase("L1", 230, 20)
    with_sensor(grid, transformer=CurrentTransformer(lead_deg=0.5, knee_a=0.01))
    with pytest.raises(StimulusError, match="a current that repeats, but the current of L1 set from 0 s is ramped"):
        grid.ramp_phase("L1", current_a=5, duration_s=1)
    with pytest.raises(StimulusError, match="repeats within 50 cycles"):
        grid.add_harmonic("L1", "current", 1.37, 10)
    with pytest.raises(StimulusError, match="ramped, modulated or recorded"):
        grid.ramp_frequency(51, duration_s=1)


def test_peaks_behind_a_coil_are_those_of_the_coil(bench, grid):
    # 20 % of a 40th harmonic are eightfold behind a coil.
    grid.set_phase("L1", 230, 10, angle_deg=0)
    grid.add_harmonic("L1", "current", 40, 20)
    with_sensor(grid, stages=(Rogowski(),))
    with pytest.raises(StimulusError, match="current of L1"):
        grid.set_phase("L1", current_a=15)


def test_a_sensor_is_plain_data():
    bench = FakeBench(("L1",))
    grid = Grid(bench)
    with_sensor(grid, stages=(Rogowski(), Sinc3(8000)), transformer=CurrentTransformer(1.0, knee_a=3))
    grid.set_phase("L1", 230, 5)
    bench.run_for(0.1)
    saved = pickle.loads(pickle.dumps(grid.save()))
    bench.run_for(0.1)
    expected = bench.codes.pop(("L1", "current"))[-1]
    bench.now_ns = S // 10
    grid.restore(saved)
    bench.run_for(0.1)
    assert np.array_equal(bench.taken("L1", "current"), expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Sinc3(0), "data rate above 0"),
        (lambda: FrontEnd(1.0, stages=(Sinc3(1), Sinc3(2))), "one decimation filter at most"),
        (lambda: Rogowski(50, 0), "above 0, not 50 Hz, 0 s"),
        (lambda: CurrentTransformer(0), "more than 0 and less than 45"),
        (lambda: CurrentTransformer(50), "more than 0 and less than 45"),
        (lambda: CurrentTransformer(1, knee_a=0), "above 0 A"),
        (lambda: CurrentTransformer(1, knee_a=1, residual=2), "a part of the inductance"),
    ],
)
def test_what_makes_no_sense_is_said(call, message):
    with pytest.raises(StimulusError, match=message):
        call()
