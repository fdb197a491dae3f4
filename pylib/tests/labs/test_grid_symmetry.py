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


def test_a_lost_neutral_takes_the_third_harmonic_away(bench, grid):
    """Balanced loads have no path for what is alike in all phases."""
    grid.set_balanced_load(230, 5)
    for phase in PHASES:
        grid.add_harmonic(phase, "voltage", 3, 10)
        grid.add_harmonic(phase, "voltage", 5, 4)
    grid.lose_neutral(at="0.1")
    bench.run_for(0.3)
    for phase in PHASES:
        found = grid.injected(S // 10, 3 * S // 10).phases[phase]
        assert found.voltage_rms_v == pytest.approx(230 * math.hypot(1, 0.04))
        assert found.current_rms_a == pytest.approx(5 * math.hypot(1, 0.04))
        assert found.active_power_w == pytest.approx(found.voltage_rms_v**2 / 46)


def test_harmonics_of_unequal_loads_without_a_neutral_obey_their_impedances(bench, grid):
    """Resistive, inductive, capacitive: at each order the currents cancel, and each is that of its impedance."""
    grid.set_balanced_load(230, 5)
    grid.set_phase("L2", current_a=8, power_factor=0.5)
    grid.set_phase("L3", current_a=3, power_factor=0.8, capacitive=True)
    for phase, phase_deg in (("L1", 0), ("L2", 40), ("L3", -70)):
        grid.add_harmonic(phase, "voltage", 3, 12, phase_deg=phase_deg)
    grid.lose_neutral(at="0.1")
    bench.run_for(0.3)
    currents = sum(bench.taken(phase, "current")[900:] for phase in PHASES)
    assert np.abs(currents).max() < 1e-9
    truth = grid.injected(S // 10, 3 * S // 10)
    impedances = {"L1": 46 + 0j, "L2": 230 / 8 * complex(0.5, math.sqrt(0.75)), "L3": 230 / 3 * complex(0.8, -0.6)}
    for phase, impedance in impedances.items():
        found = truth.phases[phase]
        for order in (1, 3):
            factor = order if impedance.imag > 0 else 1 / order
            size = abs(complex(impedance.real, impedance.imag * factor))
            assert found.voltage_by_order_v[order] / found.current_by_order_a[order] == pytest.approx(size)
            assert found.active_power_by_order_w[order] == pytest.approx(
                found.current_by_order_a[order] ** 2 * impedance.real
            )


def load_and(grid, method, *arguments):
    grid.set_balanced_load(230, 5)
    method(*arguments)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda grid: None, "a voltage on L1"),
        (lambda grid: grid.set_balanced_load(230, 0), "needs a load"),
        (lambda grid: load_and(grid, grid.add_harmonic, "L2", "current", 3, 10), "sines; the current of L2"),
        (lambda grid: load_and(grid, grid.rectify_current, "L3"), "sines; the current of L3"),
        (lambda grid: load_and(grid, grid.set_dc, "L1", "voltage", 1), "sines and harmonics; the voltage of L1"),
    ],
)
def test_a_neutral_that_cannot_be_lost_is_said(grid, prepare, message):
    prepare(grid)
    with pytest.raises(StimulusError, match=message):
        grid.lose_neutral()


def test_an_unbalance_of_no_number_is_said(grid):
    with pytest.raises(StimulusError, match="finite numbers"):
        grid.set_unbalance(230, math.nan)
