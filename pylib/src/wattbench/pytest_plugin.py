"""Fixtures for pytest: a booted meter as `bench`, the mains as `grid`.

    def test_unity(bench, grid):
        grid.set_balanced_load(230, 5)
        bench.run_for(1)
        assert bench.number("active_power[total]") == pytest.approx(3450, rel=5e-4)

The firmware boots once in a session; each test starts from that state. `--wattbench-product` names the product.
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


@pytest.fixture(scope="session")
def booted_bench(request: pytest.FixtureRequest) -> Iterator[tuple[Bench, Any]]:
    """The bench of the session and its state after boot."""
    with Bench.load(request.config.getoption("--wattbench-product")) as bench:
        bench.boot()
        yield bench, bench.save()


@pytest.fixture
def bench(booted_bench: tuple[Bench, Any]) -> Bench:
    """A booted meter without voltage and load."""
    bench, state = booted_bench
    bench.restore(state)
    return bench


@pytest.fixture
def grid(bench: Bench) -> Grid:
    """The mains of `bench`, silent until a phase is set."""
    return Grid(bench)
