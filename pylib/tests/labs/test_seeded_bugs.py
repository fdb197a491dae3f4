"""Builds with a seeded bug: a point of the table convicts each, those at power factor 1 show no class.

The points that take minutes of virtual time are in `ci/seeded_bugs`.
"""

import pytest
from meter_rating import DIRECT

from wattbench.bench import Bench
from wattbench.labs.metrology.conduct import Laboratory
from wattbench.labs.metrology.plan import plan
from wattbench.labs.metrology.standards import standards
from wattbench.labs.metrology.verdict import classes_met, passed

PLAN = plan(DIRECT, standards(), "C")
LAGGING = "EN 50470-3 lagging-and-leading Itr PF 0.5 inductive balanced"
BURST = "EN 50470-3 sub-harmonics 5 Itr PF 1 balanced burst 2 2"
QUADRANT = "Laboratory quadrants 0.1 Imax 240 degrees"
CONVICTED = {"skew": LAGGING, "truncation": LAGGING, "quadrant": QUADRANT, "aliasing": BURST}


def laboratory(product):
    bench = Bench.load(product)
    bench.boot()
    return Laboratory(bench)


def conducted(laboratory, name):
    (point,) = PLAN.select(name).points
    return laboratory.conduct(point)


@pytest.mark.parametrize("bug", CONVICTED)
def test_a_point_convicts_the_bug_and_power_factor_1_shows_no_class(bug):
    faulty = laboratory(f"edge-meter-3p-{bug}")
    result = conducted(faulty, CONVICTED[bug])
    assert result.verdict == "failed"
    assert result.by_class["C"] == "failed"
    unity = [conducted(faulty, "EN 50470-3 unity 10 Itr PF 1 balanced")]
    assert passed(unity)
    assert {item.met for item in classes_met(PLAN, unity)} == {""}
    against = classes_met(PLAN, [*unity, result])
    assert all(item.met == "" for item in against)


def test_the_sound_meter_passes_the_same_points():
    sound = laboratory("edge-meter-3p")
    results = [conducted(sound, name) for name in (LAGGING, BURST, QUADRANT)]
    assert [result.verdict for result in results] == ["passed"] * 3
