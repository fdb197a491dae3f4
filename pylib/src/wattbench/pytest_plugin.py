"""Fixtures for pytest: a booted meter as `bench`, the mains as `grid`.

    def test_unity(bench, grid):
        grid.set_balanced_load(230, 5)
        bench.run_for(1)
        assert bench.number("active_power[total]") == pytest.approx(3450, rel=5e-4)

The firmware boots once in a session; each test starts from that state. `--wattbench-product` names the product. With
`--wattbench-fail-on-unmodelled` a test ends with an error when firmware used in it, or while it booted, what no model
does and the product's manifest does not accept; a test may ask for the same by `bench.fail_on_unmodelled_access()`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from wattbench.bench import Bench
from wattbench.labs.grid import Grid

DEFAULT_PRODUCT = "edge-meter-3p"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of this plugin."""
    parser.getgroup("wattbench").addoption(
        "--wattbench-product",
        default=DEFAULT_PRODUCT,
        help="product or manifest that the fixture `bench` runs (default: %(default)s)",
    )
    parser.getgroup("wattbench").addoption(
        "--wattbench-fail-on-unmodelled",
        action="store_true",
        help="fail when firmware uses what no model does and the product's manifest does not accept",
    )


@pytest.fixture(scope="session")
def booted_bench(request: pytest.FixtureRequest) -> Iterator[tuple[Bench, Any]]:
    """The bench of the session and its state after boot."""
    with Bench.load(request.config.getoption("--wattbench-product")) as bench:
        bench.boot()
        if request.config.getoption("--wattbench-fail-on-unmodelled"):
            bench.check_unmodelled_accesses()
        yield bench, bench.save()


@pytest.fixture
def bench(request: pytest.FixtureRequest, booted_bench: tuple[Bench, Any]) -> Iterator[Bench]:
    """A booted meter without voltage and load."""
    bench, state = booted_bench
    bench.restore(state)
    bench.accesses.begin()
    bench.accesses.fails = request.config.getoption("--wattbench-fail-on-unmodelled")
    yield bench
    fails, bench.accesses.fails = bench.accesses.fails, False
    if fails:
        bench.check_unmodelled_accesses()


@pytest.fixture
def grid(bench: Bench) -> Grid:
    """The mains of `bench`, silent until a phase is set."""
    return Grid(bench)
