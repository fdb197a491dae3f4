import itertools
import math
import pickle
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from grid_bench import FakeBench
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.core.errors import StimulusError, UsageError
from wattbench.labs.grid import Grid, Noise
from wattbench.labs.grid.schedule import Change, Channel, Harmonic, Schedule
from wattbench.labs.grid.truth import injected

S = 10**9


@pytest.fixture
def bench() -> FakeBench:
    return FakeBench()


@pytest.fixture
def grid(bench: FakeBench) -> Grid:
    return Grid(bench)


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


def test_overdriving_a_converter_is_refused_with_all_that_is_needed_to_mend_it(bench, grid):
    bench.run_for(0.5)
    with pytest.raises(StimulusError) as error:
        grid.set_phase("L2", 230, 120, power_factor=1, at="1.25")
    text = str(error.value)
    assert "current of L2" in text
    assert "1.25 s" in text
    assert "0.0339411 V" in text
    assert "0.03125 V" in text
    assert "169.706 of at most 156.25 A peak" in text
    bench.run_for(1)
    assert not bench.taken("L2", "voltage").any()  # nothing was changed


def test_the_range_is_used_to_its_edge(grid):
    full_a = 156.25 / math.sqrt(2)
    grid.set_phase("L1", current_a=full_a * (1 - 1e-9))
    with pytest.raises(StimulusError, match="beyond the converter's"):
        grid.set_phase("L1", current_a=full_a * (1 + 1e-9))
    with pytest.raises(StimulusError, match="voltage of L1"):
        grid.set_phase("L1", voltage_v=352)
    # A third harmonic in phase flattens the top: more fundamental fits than alone.
    grid.add_harmonic("L2", "current", 3, 100 / 3)
    grid.set_phase("N", current_a=0)
    grid.set_phase("L2", current_a=full_a * 1.06)
    with pytest.raises(StimulusError, match="current of L2"):
        grid.add_harmonic("L2", "current", 3, 100 / 3, phase_deg=180)
    with pytest.raises(StimulusError, match="current of L1"):
        grid.set_noise("L1", "current", 0.001)


def test_the_sum_of_the_phases_may_overdrive_the_neutral(grid):
    grid.set_balanced_load(230, 100)
    with pytest.raises(StimulusError, match=r"current of N set from 0 s peaks at 0\.0489"):
        grid.set_phase("L3", voltage_angle_deg=0)


def test_a_later_segment_is_checked_too(grid):
    grid.add_harmonic("L1", "current", 3, 100, phase_deg=180, at=5)
    with pytest.raises(StimulusError, match="set from 5 s"):
        grid.set_phase("L1", current_a=100, at=1)


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


def test_a_stimulus_that_nobody_sampled_has_no_truth():
    bench = FakeBench(samples=False)
    grid = Grid(bench)
    grid.set_phase("L2", 230, 5)
    bench.run_for(1)
    with pytest.raises(StimulusError, match=r"voltage of L2 set from 0 s on was never sampled by ade1 at V1P"):
        grid.injected(0, S)


def test_evidence_is_void_after_a_change(bench, grid):
    grid.set_phase("L1", 230, 5)
    bench.run_for(0.1)
    assert grid.evidence("L1", "current")[0].samples == 800
    grid.set_phase("L1", current_a=6)
    bench.samples = False
    bench.run_for(0.1)
    grid.injected(0, S // 10)
    with pytest.raises(StimulusError, match=r"current of L1 set from 0.1 s on was never sampled"):
        grid.injected(0, S // 5)


def test_a_change_of_one_phase_asks_for_no_new_evidence_on_another(bench, grid):
    grid.set_balanced_load(230, 5)
    bench.run_for(0.1)
    grid.set_phase("L2", current_a=0)
    grid.set_phase("L2", current_a=5, at=0.15)
    bench.run_for(0.05)
    bench.samples = False
    bench.run_for(0.000001)
    with pytest.raises(StimulusError, match=r"current of L2 set from 0.15 s on was never"):
        grid.injected(0, bench.now_ns)


def ask(bench: FakeBench, first: int, last: int) -> None:
    for name in ("IP", "V1P"):
        bench.model("ade0").analog.volts(name, np.arange(first, last) / 8000)


def test_samples_asked_ahead_do_not_count_before_their_time():
    bench = FakeBench(("L1",), samples=False)
    grid = Grid(bench)
    grid.set_phase("L1", 230, 5, at="0.50001")
    ask(bench, 0, 8000)
    assert grid.evidence("L1", "current")[500_010_000].samples == 3999
    bench.run_for(0.50012)
    with pytest.raises(StimulusError, match=r"set from 0.50001 s on was never"):
        grid.injected(0, bench.now_ns)
    bench.run_for(0.000005)
    grid.injected(0, bench.now_ns)


def test_samples_asked_ahead_are_void_when_the_future_changes():
    bench = FakeBench(("L1",), samples=False)
    grid = Grid(bench)
    grid.set_phase("L1", 230, 5)
    grid.set_phase("L1", current_a=6, at="0.5")
    ask(bench, 0, 8000)
    grid.set_phase("L1", current_a=7, at="0.5")
    bench.run_for(0.6)
    grid.injected(0, S // 2)
    with pytest.raises(StimulusError, match=r"current of L1 set from 0.5 s on was never"):
        grid.injected(0, bench.now_ns)


def test_an_angle_of_a_voltage_asks_for_new_evidence_on_its_current_and_the_neutral(bench, grid):
    grid.set_phase("L1", 230, 5)
    bench.run_for(0.1)
    assert set(grid.evidence("N", "current")) == {0}
    grid.set_phase("L1", voltage_angle_deg=30)
    bench.run_for(0.1)
    for phase, quantity in (("L1", "voltage"), ("L1", "current"), ("N", "current")):
        assert set(grid.evidence(phase, quantity)) == {0, S // 10}
    assert set(grid.evidence("L2", "current")) == {0}


def test_converters_are_told_what_changes(bench, grid):
    bench.run_for(0.25)
    grid.set_front_end("L1", "current", replace(grid.front_end("L1", "current"), delay_us=-50))
    grid.set_phase("L1", current_a=1, at=1)
    assert bench.model("ade0").changed_ns == [0, S // 4, S - 50_000]
    assert bench.model("ade1").changed_ns == [0, S]


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


VALUES = st.floats(0, 300).map(lambda x: round(x, 2))
FIELDS = st.one_of(
    st.fixed_dictionaries({"rms": VALUES}),
    st.fixed_dictionaries({"angle_deg": st.floats(-180, 180)}),
    st.fixed_dictionaries({"dc": st.floats(-20, 20)}),
    st.fixed_dictionaries({"reversed": st.booleans()}),
    st.builds(
        lambda order, ratio, deg: {"harmonics": {order: Harmonic(ratio, deg)}},
        st.sampled_from([Fraction(n) for n in (2, 3, 5, 11, 40)] + [Fraction(1, 2), Fraction(13, 10)]),
        st.floats(0.01, 0.5),
        st.floats(-180, 180),
    ),
)
CHANGES = st.one_of(
    st.builds(
        Change,
        st.integers(0, S // 5),
        st.sampled_from([Channel(phase, quantity) for phase in ("L1", "L2") for quantity in ("voltage", "current")]),
        FIELDS,
    ),
    st.builds(lambda at, hz: Change(at, None, {"frequency_hz": hz}), st.integers(0, S // 5), st.floats(42, 58)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=10), st.integers(0, S // 10), st.integers(1000, S // 5))
def test_truth_agrees_with_quadrature_over_any_schedule(changes, from_ns, length_ns):
    schedule = Schedule.idle(50)
    for change in changes:
        schedule = schedule.with_changes([change])
    to_ns = from_ns + length_ns
    truth = injected(schedule, from_ns, to_ns)
    nodes, weights = np.polynomial.legendre.leggauss(24)
    edges_ns = sorted({from_ns, to_ns, *(s.start_ns for s in schedule.segments if from_ns < s.start_ns < to_ns)})
    sums = {"energy": 0.0, "u2": 0.0, "i2": 0.0}
    for start, stop in itertools.pairwise(edges_ns):
        segment = schedule.segments[schedule.index_at(start)]
        panels = np.linspace(start / S, stop / S, 201)
        half = np.diff(panels)[:, None] / 2
        times_s = (panels[:-1, None] + half + half * nodes).ravel()
        no_ns = np.zeros(times_s.size, dtype=np.int64)
        u, i = (segment.value(Channel("L1", quantity), times_s, no_ns) for quantity in ("voltage", "current"))
        weight = (weights * half).ravel()
        for name, product in (("energy", u * i), ("u2", u * u), ("i2", i * i)):
            sums[name] += float((product * weight).sum())
    duration_s = length_ns / S
    phase = truth.phases["L1"]
    apparent_j = phase.apparent_vah * 3600
    assert phase.active_wh * 3600 == pytest.approx(sums["energy"], rel=1e-6, abs=1e-8 * apparent_j)
    assert phase.voltage_rms_v == pytest.approx(math.sqrt(sums["u2"] / duration_s), rel=1e-6, abs=1e-9)
    assert phase.current_rms_a == pytest.approx(math.sqrt(sums["i2"] / duration_s), rel=1e-6, abs=1e-9)
    assert phase.active_import_wh - phase.active_export_wh == pytest.approx(phase.active_wh, abs=1e-15)


@settings(max_examples=40, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=10), st.integers(1, S // 5))
def test_truth_adds_up_and_the_order_of_giving_is_kept(changes, cut_ns):
    one_by_one = Schedule.idle(50)
    for change in changes:
        one_by_one = one_by_one.with_changes([change])
    at_once = Schedule.idle(50).with_changes(changes)
    end_ns = S // 5 + 12345
    whole = injected(at_once, 0, end_ns)
    assert injected(one_by_one, 0, end_ns).active_wh == pytest.approx(whole.active_wh, rel=1e-12, abs=1e-15)
    parts = injected(at_once, 0, cut_ns), injected(at_once, cut_ns, end_ns)
    scale_wh = sum(part.apparent_vah for part in parts)
    assert sum(part.active_wh for part in parts) == pytest.approx(whole.active_wh, abs=1e-12 * scale_wh + 1e-18)
