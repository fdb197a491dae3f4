"""A grid at a bench without a machine."""

import pytest
from grid_bench import FakeBench

from wattbench.labs.grid import Grid


@pytest.fixture
def bench() -> FakeBench:
    return FakeBench()


@pytest.fixture
def grid(bench: FakeBench) -> Grid:
    return Grid(bench)
