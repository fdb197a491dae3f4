"""Small Arm programs, assembled at test time and run on a machine of the native core."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from program import Board, Program

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def assemble(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Program]:
    """Source text of a program to its linked image; each text is built once a session."""
    folder = tmp_path_factory.mktemp("programs")
    built: dict[str, Program] = {}

    def build(source: str) -> Program:
        if source not in built:
            name = hashlib.sha256(source.encode()).hexdigest()[:16]
            text, image = folder / f"{name}.s", folder / f"{name}.elf"
            text.write_text(f'.include "{HERE / "macros.inc"}"\n{source}\n')
            command = [sys.executable, "-m", "ziglang", "cc", "-target", "thumb-freestanding-eabihf"]
            command += ["-mcpu=cortex_m7", "-nostdlib", f"-Wl,-T,{HERE / 'program.ld'}"]
            command += [str(HERE / "vectors.s"), str(text), "-o", str(image)]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            built[source] = Program(image)
        return built[source]

    return build


@pytest.fixture
def board(assemble: Callable[[str], Program]) -> Iterator[Callable[..., Board]]:
    """`board(source)` is a machine with the program loaded and about to run its first instruction."""
    made: list[Board] = []

    def make(source: str, **options: int) -> Board:
        made.append(Board(assemble(source), **options))
        return made[-1]

    yield make
    for one in made:
        one.machine.close()
