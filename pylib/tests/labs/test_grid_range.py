"""The converters' range: what would overdrive them is refused before it begins."""

import math

import pytest

from wattbench.core.errors import StimulusError


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
