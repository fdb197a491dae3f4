"""Small Arm programs, assembled at test time and run on a machine of the native core."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from program import Board, Program

from wattbench.engines.embedded import native

HERE = Path(__file__).parent
# test_core_sanitizers.py runs these tests again in a child, with a library built for that.
native.LIBRARY = Path(os.environ.get("WATTBENCH_TEST_CORE", native.LIBRARY))


def link(source: str, end: str, folder: Path) -> Program:
    """Assemble a program and link it with the vector table and what happens at its end."""
    name = hashlib.sha256((source + end).encode()).hexdigest()[:16]
    text, image = folder / f"{name}.s", folder / f"{name}.elf"
    text.write_text(f'.include "macros.inc"\n{source}\n')
    command = [sys.executable, "-m", "ziglang", "cc", "-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m7"]
    command += ["-nostdlib", f"-I{HERE}", f"-Wa,-I{HERE}", f"-Wl,-T,{HERE / 'program.ld'}"]
    done = subprocess.run([*command, str(HERE / end), str(text), "-o", str(image)], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return Program(image)


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
