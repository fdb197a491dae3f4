"""Unbalance, phase sequence, and a neutral that is lost."""

import math

import numpy as np
import pytest
from grid_bench import FakeBench
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.core.errors import StimulusError
from wattbench.labs.grid import Grid

S = 10**9
PHASES = ("L1", "L2", "L3")


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 20), st.floats(0, 20), st.floats(-180, 180), st.floats(-180, 180))
def test_unbalance_comes_back_from_the_truth(negative, zero, negative_deg, zero_deg):
    bench = FakeBench()
    grid = Grid(bench)
    grid.set_unbalance(230, negative, zero, negative_deg=negative_deg, zero_deg=zero_deg)
    bench.run_for(0.1)
    truth = grid.injected(0, S // 10)
    assert truth.voltage_negative_unbalance_percent == pytest.approx(negative, abs=1e-9)
    assert truth.voltage_zero_unbalance_percent == pytest.approx(zero, abs=1e-9)


def test_a_balanced_grid_is_no_unbalance_and_a_missing_phase_is_half(bench, grid):
    grid.set_balanced_load(230, 5)
    bench.run_for(0.1)
    truth = grid.injected(0, S // 10)
    assert truth.voltage_negative_unbalance_percent == pytest.approx(0, abs=1e-12)
    grid.set_phase("L3", voltage_v=0)
    bench.run_for(0.1)
    truth = grid.injected(S // 10, S // 5)
    assert truth.voltage_negative_unbalance_percent == pytest.approx(50)
    assert truth.voltage_zero_unbalance_percent == pytest.approx(50)


def test_a_reversed_sequence_is_all_negative_and_keeps_the_power(bench, grid):
    grid.set_balanced_load(230, 5, 0.8)
    grid.reverse_sequence(at="0.1")
    bench.run_for(0.3)
    u = {phase: bench.taken(phase, "voltage") for phase in PHASES}
    # A third of a cycle of 160 samples is 53.3 samples: L3 follows L1 now.
    assert np.argmax(u["L3"][960:1120]) - np.argmax(u["L1"][960:1120]) == pytest.approx(53.3, abs=1)
    truth = grid.injected(S // 10, 3 * S // 10)
    assert truth.voltage_negative_sequence_v == pytest.approx(230)
    assert truth.voltage_positive_sequence_v == pytest.approx(0, abs=1e-9)
    assert truth.voltage_negative_unbalance_percent == 0
    assert truth.active_power_w == pytest.approx(3 * 230 * 5 * 0.8)
    assert truth.phases["L2"].reactive_power_var == pytest.approx(230 * 5 * 0.6)


def test_a_lost_neutral_moves_the_star_point(bench, grid):
    # Loads of 23, 46 and 46 ohm: V_N = (V1/23 + (V2 + V3)/46) / (2/23) = V1 / 4.
    grid.set_balanced_load(230, 5)
    grid.set_phase("L1", current_a=10)
    grid.lose_neutral(at="0.1")
    bench.run_for(0.3)
    truth = grid.injected(S // 10, 3 * S // 10)
    one, two = truth.phases["L1"], truth.phases["L2"]
    assert one.voltage_rms_v == pytest.approx(230 * 0.75)
    assert one.current_rms_a == pytest.approx(7.5)
    assert two.voltage_rms_v == pytest.approx(230 * math.hypot(0.5 + 0.25, math.sqrt(0.75)))
    assert two.active_power_w == pytest.approx(two.voltage_rms_v**2 / 46)
    assert truth.neutral_current_rms_a == 0
    currents = sum(bench.taken(phase, "current")[900:] for phase in PHASES)
    assert np.abs(currents).max() < 1e-9
    assert not bench.taken("N", "current")[900:].any()


def test_a_balanced_load_needs_no_neutral(bench, grid):
    grid.set_balanced_load(230, 5, 0.5)
    grid.lose_neutral(at="0.1")
    bench.run_for(0.2)
    truth = grid.injected(S // 10, S // 5)
    assert truth.active_power_w == pytest.approx(3 * 575)
    assert truth.phases["L3"].reactive_power_var == pytest.approx(1150 * math.sqrt(0.75))


def load_and(grid, method, *arguments):
    grid.set_balanced_load(230, 5)
    method(*arguments)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda grid: None, "a voltage on L1"),
        (lambda grid: grid.set_balanced_load(230, 0), "needs a load"),
        (lambda grid: load_and(grid, grid.add_harmonic, "L2", "current", 3, 10), "current of L2 is none"),
        (lambda grid: load_and(grid, grid.rectify_current, "L3"), "current of L3 is none"),
        (lambda grid: load_and(grid, grid.set_dc, "L1", "voltage", 1), "voltage of L1 is none"),
    ],
)
def test_a_neutral_that_cannot_be_lost_is_said(grid, prepare, message):
    prepare(grid)
    with pytest.raises(StimulusError, match=message):
        grid.lose_neutral()


def test_an_unbalance_of_no_number_is_said(grid):
    with pytest.raises(StimulusError, match="finite numbers"):
        grid.set_unbalance(230, math.nan)
