"""How the firmware brings its converters up, and what it says of one that does not answer as it should."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest
from native_meter import INCLUDES, PRODUCT

STATUS0, LOCK, CONFIG, EMI, SYNC_SNAP = 0x09, 0x0A, 0x08, 0x0E, 0x0B
OK, NO_ANSWER, IN_RESET, LOCKED, NO_CONFIG = range(5)


class Converter:
    """The registers of one ADE7913 as far as start-up uses them, with faults to choose."""

    def __init__(self) -> None:
        self.registers = {CONFIG: 0x30, EMI: 0x00, SYNC_SNAP: 0x00}
        self.locked = True
        self.reset_ms = 3
        self.unlocks = True
        self.stuck_bits = 0

    def transfer(self, command: int, value: int) -> int:
        address = command >> 3
        if command & 4:
            if address == STATUS0:
                return (self.reset_ms > 0) | self.locked << 2
            return self.registers[address] & ~self.stuck_bits
        if self.reset_ms > 0:
            return 0
        if address == LOCK:
            self.locked = value == 0xCA or not (value == 0x9C and self.unlocks)
        elif address == SYNC_SNAP or not self.locked:
            self.registers[address] = value
        return 0


class Rig:
    """ade7913.c with four converters on its bus."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        assert compiler, "these tests need a C compiler called cc"
        sources = [str(PRODUCT / "src" / "ade7913.c"), str(Path(__file__).with_name("ade7913_rig.c"))]
        subprocess.run(
            [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", *INCLUDES,
             *sources, "-o", str(folder / "rig.so")], check=True,
        )  # fmt: skip
        self.library = ctypes.CDLL(str(folder / "rig.so"))
        self.converters: list[Converter | None] = [Converter() for _ in range(4)]
        self._transfer = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_uint32] * 3)(self.transfer)
        self._sleep = ctypes.CFUNCTYPE(None, ctypes.c_uint32)(self.sleep)
        ctypes.c_void_p.in_dll(self.library, "rig_transfer").value = ctypes.cast(self._transfer, ctypes.c_void_p).value
        ctypes.c_void_p.in_dll(self.library, "rig_sleep").value = ctypes.cast(self._sleep, ctypes.c_void_p).value
        self.library.ade7913_lock.restype = ctypes.c_bool
        self.slept_ms = 0

    def transfer(self, select: int, first: int, second: int) -> int:
        if ctypes.c_bool.in_dll(self.library, "rig_together").value:
            return min(converter.transfer(first, second) for converter in self.converters if converter)
        converter = self.converters[select]
        return -1 if converter is None else converter.transfer(first, second)

    def sleep(self, ms: int) -> None:
        self.slept_ms += ms
        for converter in self.converters:
            if converter:
                converter.reset_ms -= ms

    def configure(self, select: int) -> int:
        return int(self.library.ade7913_configure(select, select == 3))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_configuration(rig: Rig) -> None:
    """8 kS/s, clock passed on by all but the last, emission slots in turn, then locked."""
    assert [rig.configure(select) for select in range(4)] == [OK] * 4
    assert rig.slept_ms == 3
    assert [c.registers[CONFIG] for c in rig.converters if c] == [1, 1, 1, 0]
    assert [c.registers[EMI] for c in rig.converters if c] == [0x55, 0xAA, 0x55, 0xAA]
    assert [rig.library.ade7913_lock(select) for select in range(4)] == [True] * 4
    assert all(c.locked for c in rig.converters if c)


def test_synchronise_reaches_all_at_once(rig: Rig) -> None:
    for select in range(4):
        rig.configure(select)
    rig.library.ade7913_synchronise()
    assert [c.registers[SYNC_SNAP] for c in rig.converters if c] == [1] * 4
    assert not ctypes.c_bool.in_dll(rig.library, "rig_together").value


@pytest.mark.parametrize(
    ("attribute", "value", "result"),
    [("reset_ms", 1000, IN_RESET), ("unlocks", False, LOCKED), ("stuck_bits", 1, NO_CONFIG)],
)
def test_faulty_converter(rig: Rig, attribute: str, value: int, result: int) -> None:
    setattr(rig.converters[1], attribute, value)
    assert rig.configure(0) == OK
    assert rig.configure(1) == result
    assert rig.slept_ms <= 110


def test_absent_converter(rig: Rig) -> None:
    rig.converters[2] = None
    assert rig.configure(2) == NO_ANSWER
    assert rig.library.ade7913_lock(2) is False
