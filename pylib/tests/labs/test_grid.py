"""What the grid gives to the converters and what it says that it gave."""

import math
import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest
from grid_bench import FakeBench
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.core.errors import StimulusError, UsageError
from wattbench.labs.grid import Grid, Noise

S = 10**9


def test_balanced_load_gives_textbook_energy_and_quadrant_one(bench, grid):
    grid.set_balanced_load(230, 5, power_factor=0.5)
    bench.run_for(1)
    truth = grid.injected(0, S)
    assert truth.active_wh == pytest.approx(3 * 230 * 5 * 0.5 / 3600, rel=1e-12)
    assert truth.reactive_import_varh == pytest.approx(3 * 230 * 5 * math.sqrt(0.75) / 3600, rel=1e-12)
    assert truth.active_export_wh == truth.reactive_export_varh == 0
    assert truth.apparent_power_va == pytest.approx(3450, rel=1e-12)
    assert truth.power_factor == pytest.approx(0.5, rel=1e-12)
    assert truth.frequency_hz == 50
    assert truth.neutral_current_rms_a == pytest.approx(0, abs=1e-12)
    assert truth.value("voltage_rms_v", "L2") == pytest.approx(230, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "active", "reactive"),
    [
        ({"power_factor": 0.8}, 1, 1),
        ({"power_factor": 0.8, "capacitive": True}, 1, -1),
        ({"power_factor": 0.8, "reversed": True}, -1, -1),
        ({"angle_deg": 120}, -1, 1),
    ],
)
def test_quadrants(bench, grid, options, active, reactive):
    grid.set_phase("L1", 230, 5, **options)
    bench.run_for(0.1)
    truth = grid.injected(0, S // 10)
    assert math.copysign(1, truth.active_power_w) == active
    assert math.copysign(1, truth.reactive_power_var) == reactive
    assert truth.active_import_wh - truth.active_export_wh == pytest.approx(truth.active_wh)


def test_inductive_current_lags_behind_its_voltage(bench, grid):
    grid.set_phase("L1", 230, 5, angle_deg=90)
    bench.run_for(0.02)
    assert bench.taken("L1", "voltage").argmax() == 40
    assert bench.taken("L1", "current").argmax() == 80


def test_fifth_harmonic_adds_four_percent(bench, grid):
    # IEC 62053-21 influence test: 10 % in U and 40 % in I, in phase at the positive-going zero: P = 1.04 P1.
    grid.set_phase("L1", 230, 5, power_factor=1, voltage_angle_deg=-77)
    grid.add_harmonic("L1", "voltage", 5, 10)
    grid.add_harmonic("L1", "current", 5, 40)
    bench.run_for(1)
    truth = grid.injected(0, S)
    assert truth.active_power_w == pytest.approx(1196.0, rel=1e-12)
    assert truth.phases["L1"].active_power_by_order_w == {1: pytest.approx(1150), 5: pytest.approx(46)}
    assert truth.phases["L1"].current_rms_a == pytest.approx(5 * math.sqrt(1.16))
    grid.remove_harmonic("L1", "voltage", 5)
    bench.run_for(1)
    assert grid.injected(S, 2 * S).active_power_w == pytest.approx(1150.0)


def test_import_and_export_by_phase_and_by_sum(bench, grid):
    grid.set_phase("L1", 230, 10, power_factor=1)
    grid.set_phase("L2", 230, 4, power_factor=1, reversed=True)
    bench.run_for(3.6)
    truth = grid.injected(0, 36 * S // 10)
    assert truth.active_import_by_phase_wh == pytest.approx(2.3)
    assert truth.active_export_by_phase_wh == pytest.approx(0.92)
    assert (truth.active_import_wh, truth.active_export_wh) == (pytest.approx(1.38), 0)
    with pytest.raises(UsageError, match="no quantity 'energy'"):
        truth.value("energy")


def test_samples_at_8_khz_sum_to_the_closed_form_within_1_ppm(bench, grid):
    grid.set_balanced_load(230, 30, power_factor=0.8)
    grid.add_harmonic("L1", "current", 7, 20, phase_deg=35)
    grid.add_harmonic("L1", "voltage", 7, 5)
    grid.set_dc("L1", "current", 1.5)
    grid.set_dc("L1", "voltage", -2)
    grid.set_phase("L2", current_a=12, at="0.4")
    grid.set_frequency(40, at="0.6")
    bench.run_for(1)
    truth = grid.injected(0, S)
    for phase in ("L1", "L2", "L3"):
        u, i = bench.taken(phase, "voltage"), bench.taken(phase, "current")
        assert (u * i).sum() / 8000 / 3600 == pytest.approx(truth.phases[phase].active_wh, rel=1e-6)
        assert math.sqrt((i * i).mean()) == pytest.approx(truth.phases[phase].current_rms_a, rel=1e-6)
    neutral = bench.taken("N", "current")
    assert math.sqrt((neutral * neutral).mean()) == pytest.approx(truth.neutral_current_rms_a, rel=1e-6)


def test_a_change_acts_exactly_at_its_time(bench, grid):
    grid.set_phase("L1", 230, 5, angle_deg=0)
    grid.set_phase("L1", current_a=0, at="0.3003751")
    bench.run_for(0.5)
    current = bench.taken("L1", "current")
    edge = 2404  # the first sample after 0.3003751 s; the one before is at 0.300375 s
    assert current[edge - 1] == pytest.approx(5 * math.sqrt(2) * math.sin(2 * math.pi * 50 * 0.300375))
    assert not current[edge:].any()
    # Closed form to the edge inside a cycle: U I (t - sin(2 w t) / 2 w).
    w, t = 2 * math.pi * 50, 0.0003751
    expected = 230 * 5 * (0.3 + t - math.sin(2 * w * t) / (2 * w))
    assert grid.injected(0, S // 2).active_wh * 3600 == pytest.approx(expected, rel=1e-12)


def test_the_oscillator_goes_on_without_a_step_when_the_frequency_changes(bench, grid):
    grid.set_phase("L1", 230, 5, angle_deg=0)
    grid.set_frequency(51.7, at="0.1037")
    grid.set_frequency(42.5, at="0.2111")
    bench.run_for(0.4)
    t = np.arange(3200) / 8000
    turns = np.where(t < 0.1037, 50 * t, 50 * 0.1037 + 51.7 * (t - 0.1037))
    turns = np.where(t < 0.2111, turns, 50 * 0.1037 + 51.7 * (0.2111 - 0.1037) + 42.5 * (t - 0.2111))
    expected = 230 * math.sqrt(2) * np.sin(2 * np.pi * turns)
    assert np.abs(bench.taken("L1", "voltage") - expected).max() < 1e-9
    assert grid.injected(0, S // 5).frequency_hz == pytest.approx((50 * 0.1037 + 51.7 * 0.0963) / 0.2)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 3999), unique=True, max_size=12))
def test_chunking_does_not_change_a_bit(cuts):
    bench = FakeBench(("L1",))
    grid = Grid(bench)
    grid.set_phase("L1", 230, 5, power_factor=0.7)
    grid.add_harmonic("L1", "current", 2.5, 10, at="0.05")
    for order in range(2, 40):
        grid.add_harmonic("L1", "voltage", order, 0.3, at="0.2")
    grid.set_noise("L1", "current", 0.01, seed=3)
    grid.set_frequency(49.3, at="0.11")
    grid.set_front_end("L1", "current", replace(grid.front_end("L1", "current"), delay_us=7.3, noise=Noise(1e-6, 9)))
    times_s = np.arange(4000) / 8000
    port = bench.model("ade0").analog
    for name in ("IP", "V1P"):
        whole = port.volts(name, times_s)
        parts = [port.volts(name, part) for part in np.split(times_s, sorted(cuts))]
        assert np.array_equal(whole, np.concatenate(parts))


def test_noise_counts_in_expectation(bench, grid):
    grid.set_phase("L1", 230, 5, angle_deg=0)
    grid.set_noise("L1", "current", 1.0)
    bench.run_for(20)
    truth = grid.injected(0, 20 * S)
    assert truth.phases["L1"].current_rms_a == pytest.approx(math.sqrt(26), rel=1e-12)
    assert truth.active_power_w == pytest.approx(1150, rel=1e-12)
    i = bench.taken("L1", "current")
    assert math.sqrt((i * i).mean()) == pytest.approx(math.sqrt(26), rel=2e-3)


def test_sensor_faults_reach_the_pin_and_not_the_truth(bench, grid):
    ideal = grid.front_end("L1", "current")
    grid.set_front_end("L1", "current", replace(ideal, gain=ideal.gain * 1.01, delay_us=100, offset_v=1e-3))
    grid.set_phase("L1", 230, 5, angle_deg=0, at="0.01")
    bench.run_for(0.05)
    taken = bench.taken("L1", "current") - 1e-3 / 200e-6
    times_s = np.arange(400) / 8000 - 100e-6
    expected = np.where(times_s >= 0.01, 5.05 * math.sqrt(2) * np.sin(2 * math.pi * 50 * times_s), 0)
    assert np.abs(taken - expected).max() < 1e-9
    assert grid.injected(S // 100, S // 20).active_power_w == pytest.approx(1150)


def test_a_saturating_sensor_is_counted(bench, grid):
    grid.set_front_end("L1", "current", replace(grid.front_end("L1", "current"), clip_v=0.001))
    grid.set_phase("L1", 230, 100, angle_deg=0)
    bench.run_for(0.02)
    assert np.abs(bench.taken("L1", "current")).max() == pytest.approx(5)
    assert 150 < grid.evidence("L1", "current")[0].clipped < 160


def test_open_circuit_and_neutral(bench, grid):
    grid.set_phase("L1", 230, 5, angle_deg=0)
    grid.set_noise("L1", "current", 0.1)
    grid.open_current("L1", at="0.1")
    grid.set_phase("L1", current_a=7, at="0.2")
    grid.set_noise("L1", "current", 0, at="0.2")
    grid.set_phase("N", current_a=2, at="0.2")
    bench.run_for(0.3)
    assert not bench.taken("L1", "current")[800:1600].any()
    assert grid.injected(S // 10, S // 5).phases["L1"].current_rms_a == 0
    assert grid.injected(0, S // 10).neutral_current_rms_a == pytest.approx(5)
    truth = grid.injected(S // 5, 3 * S // 10)
    assert truth.phases["L1"].current_rms_a == pytest.approx(7)
    assert truth.neutral_current_rms_a == pytest.approx(2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda grid: grid.set_phase("L1", 230, at="0.05"), StimulusError, "0.05 s, it is 0.1 s already"),
        (lambda grid: grid.set_phase("L4", 230), StimulusError, "voltage of L4 is not wired"),
        (lambda grid: grid.set_phase("L1", -1), StimulusError, "RMS voltage of L1"),
        (lambda grid: grid.set_phase("L1", math.nan), StimulusError, "RMS voltage of L1"),
        (lambda grid: grid.set_phase("L1", 1, 1, power_factor=1.2), UsageError, "from 0 to 1, not 1.2"),
        (lambda grid: grid.set_phase("L1", 1, 1, power_factor=1, angle_deg=3), UsageError, "not both"),
        (lambda grid: grid.set_phase("L1", 1, 1, capacitive=True), UsageError, "needs a power factor"),
        (lambda grid: grid.set_frequency(0), StimulusError, "above 0 Hz"),
        (lambda grid: grid.add_harmonic("L1", "current", 1, 10), StimulusError, "order above 0 other than 1"),
        (lambda grid: grid.add_harmonic("L1", "current", 3, math.nan), StimulusError, "finite numbers"),
        (lambda grid: grid.add_harmonic("L1", "power", 3, 10), StimulusError, "power of L1 is not wired"),
        (lambda grid: grid.set_noise("L1", "current", -1), StimulusError, "RMS of the noise"),
        (lambda grid: grid.set_dc("L1", "current", math.inf), StimulusError, "dc = inf"),
        (lambda grid: grid.injected(0, S), UsageError, "lies in the future"),
        (lambda grid: grid.injected(5, 5), UsageError, "ends later"),
    ],
)
def test_what_makes_no_sense_is_said(bench, grid, call, error, message):
    bench.run_for(0.1)
    with pytest.raises(error, match=message):
        call(grid)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"divider_ratio": 991.0}, "such as 1/991"),
        ({"current_input": "I9"}, "has no input 'I9'"),
    ],
)
def test_wrong_wiring_is_said(change, message):
    bench = FakeBench(("L1",))
    bench.front_ends["L1"] = replace(bench.front_ends["L1"], **change)
    with pytest.raises(UsageError, match=message):
        Grid(bench)


@dataclass(frozen=True)
class Wound:
    lead_deg: float = 0.5
    nominal_hz: float = 50.0
    knee_a: float = math.inf


def test_a_current_transformer_that_the_product_states_is_in_the_way():
    """0.5 degrees ahead at 50 Hz, and smaller by the cosine of that; the other phases have shunts."""
    bench = FakeBench(("L1", "L2", "L3"))
    bench.front_ends["L1"] = replace(bench.front_ends["L1"], transformer=Wound())
    grid = Grid(bench)
    grid.set_balanced_load(230, 5)
    bench.run_for(0.2)
    times_s = np.arange(1600) / 8000
    for phase, degrees, size in (("L1", 0.5, math.cos(math.radians(0.5))), ("L2", -120.0, 1.0)):
        expected = size * 5 * math.sqrt(2) * np.sin(2 * np.pi * 50 * times_s + math.radians(degrees))
        assert bench.taken(phase, "current") == pytest.approx(expected, abs=1e-6)
    assert bench.taken("L1", "voltage") == pytest.approx(
        230 * math.sqrt(2) * np.sin(2 * np.pi * 50 * times_s), abs=1e-6
    )
    assert grid.injected(0, S // 5).phases["L1"].current_rms_a == pytest.approx(5.0)


def test_the_range_is_the_one_to_which_the_converter_is_set_when_the_load_comes():
    bench = FakeBench(("L1",))
    grid = Grid(bench)
    grid.set_phase("L1", 230, 100)
    bench.run_for(0.1)
    bench.converters["ade0"].full_scale_v["IP"] /= 2
    with pytest.raises(StimulusError, match="of at most 78"):
        grid.set_phase("L1", 230, 99)


def test_a_saved_grid_comes_back_bit_by_bit(bench, grid):
    grid.set_balanced_load(230, 5, power_factor=0.5)
    grid.set_frequency(50.3, at="0.07")
    grid.add_harmonic("L1", "current", 3, 20, at="0.3")
    bench.run_for(0.1)
    saved = pickle.loads(pickle.dumps(grid.save()))
    bench.run_for(0.4)
    expected = bench.codes.pop(("L1", "current"))[-1]
    bench.now_ns = S // 10
    grid.set_phase("L1", 100, 1)
    grid.restore(saved)
    bench.run_for(0.4)
    assert np.array_equal(bench.taken("L1", "current"), expected)
    assert grid.evidence("L1", "current")[S * 3 // 10].samples == 1600
