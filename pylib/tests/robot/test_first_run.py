"""The suite of the first metering run on the fake meter: it must pass a good one and catch a wrong one."""

from pathlib import Path

import pytest

SOURCES = ("registers", "pulses", "both")
SUITE = Path(__file__).parents[3] / "robot_tests" / "metrology" / "first_run.robot"


@pytest.fixture(scope="module")
def suite():
    assert SUITE.is_file()
    return SUITE


def test_a_good_meter_passes(run, suite, fakes):
    outcome = run(suite, FIRMWARE="good")
    assert [case.message for case in outcome.cases if case.status != "passed"] == []
    assert outcome.passed
    assert outcome.errors == ()
    assert len(outcome.judgements) == 6 * 3 + 2
    assert {item.source for item in outcome.judgements} == set(SOURCES)
    assert len(outcome.traces) == 6
    assert len(fakes) == 1
    assert fakes[0].closed


def test_a_wrong_meter_is_caught_at_every_load(run, suite):
    outcome = run(suite, FIRMWARE="wrong")
    failed = [case.name for case in outcome.cases if case.status == "failed"]
    assert len(failed) == 6
    assert "No Load" not in failed
    errors = {source: [item.error for item in outcome.judgements if item.source == source] for source in SOURCES}
    assert errors["registers"][:-2] == pytest.approx([1.0] * 5, abs=1e-6)
    assert errors["pulses"][:5] == pytest.approx([1.0] * 5, abs=0.1)
    assert all(item.passed for item in outcome.judgements if item.source == "both")


def test_a_case_counts_the_virtual_time_it_used(run, suite):
    outcome = run(suite, FIRMWARE="good")
    times = {case.name: case.virtual_s for case in outcome.cases}
    assert times["No Load"] == pytest.approx(3.0)
    assert times["Balanced Load"] == pytest.approx(12.5)


def test_equal_runs_have_equal_digests(run, suite):
    first, second = run(suite, FIRMWARE="good"), run(suite, FIRMWARE="good")
    assert [case.digest for case in first.cases] == [case.digest for case in second.cases]
    assert first.judgements == second.judgements
