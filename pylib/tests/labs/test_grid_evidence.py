"""Evidence: no truth about a stimulus that no converter sampled."""

from dataclasses import replace

import numpy as np
import pytest
from grid_bench import FakeBench

from wattbench.core.errors import StimulusError
from wattbench.labs.grid import Grid

S = 10**9


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
