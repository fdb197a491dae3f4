"""The fixtures that users get."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

SUITE = """
import pytest

@pytest.mark.parametrize("current_a", [5, 20])
def test_power(bench, grid, current_a):
    start_s = bench.now_s
    grid.set_balanced_load(230, current_a)
    bench.run_for(1)
    assert start_s < 0.1
    assert bench.number("active_power[total]") == pytest.approx(690 * current_a, rel=5e-4)
"""


def test_each_test_starts_from_the_booted_meter(pytester):
    pytester.makepyfile(SUITE)
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_wrong_calibration_is_seen(pytester):
    pytester.makepyfile(SUITE)
    product = "--wattbench-product=edge-meter-3p-wrong-calibration"
    pytester.runpytest_subprocess(product).assert_outcomes(failed=2)


ACCESSES = """
def test_accepted(bench):
    bench.fail_on_unmodelled_access()
    bench.run_for("0.001")

def test_not_accepted(bench):
    bench.engine.board.machine.unmodelled_accesses.note("dac", "read VERID", 0x40, "", 0)

def test_next(bench):
    assert not bench.accesses.fails or {always}
"""


def test_accesses_that_no_model_covers_fail_where_that_was_asked_for(pytester):
    pytester.makepyfile(ACCESSES.format(always=False))
    pytester.runpytest_subprocess().assert_outcomes(passed=3)
    pytester.makepyfile(ACCESSES.format(always=True))
    result = pytester.runpytest_subprocess("--wattbench-fail-on-unmodelled")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*1 x dac: read VERID at PC 0x00000040*"])


def test_an_unknown_product_is_named(pytester):
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess("--wattbench-product=nothing")
    result.stdout.fnmatch_lines(["*there is no product `nothing`*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
