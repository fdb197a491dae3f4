"""Small Arm programs, assembled at test time and run on a machine of the native core."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from program import Board, Program, link

from wattbench.engines.embedded import native

# test_core_sanitizers.py runs these tests again in a child, with a library built for that.
native.LIBRARY = Path(os.environ.get("WATTBENCH_TEST_CORE", native.LIBRARY))


@pytest.fixture(scope="session")
def assemble(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Program]:
    """Source text of a program to its linked image; each text is built once a session."""
    folder = tmp_path_factory.mktemp("programs")
    return cache(lambda source, end="stuck_here.s": link(source, end, folder))


@pytest.fixture
def board(assemble: Callable[..., Program]) -> Iterator[Callable[..., Board]]:
    """`board(source)` is a machine with the program loaded and about to run its first instruction."""
    made: list[Board] = []

    def make(source: str, **options: int) -> Board:
        made.append(Board(assemble(source), **options))
        return made[-1]

    yield make
    for one in made:
        one.machine.close()
