"""How the firmware brings its AD7779 up, and what it says of one that does not answer as it should."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from native_meter import BESMART

from wattbench.core.host import FakeHost
from wattbench.hw.parts.ad7779 import Ad7779

OK, NO_ANSWER, IN_RESET, NO_CONFIG = range(4)
PIN_START, PIN_RESET = 4, 5


class Rig:
    """ad7779.c with the bench's model of the converter on its bus, and faults to choose."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        assert compiler, "these tests need a C compiler called cc"
        sources = [str(BESMART.folder / "src" / "ad7779.c"), str(Path(__file__).with_name("ad7779_rig.c"))]
        subprocess.run(
            [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", *BESMART.includes, *sources,
             "-o", str(folder / "rig.so")], check=True,
        )  # fmt: skip
        self.library = ctypes.CDLL(str(folder / "rig.so"))
        self.host = FakeHost()
        self.afe = Ad7779(self.host, "afe")
        self.afe.reset()
        self.present, self.held, self.stuck = True, False, {}
        self.slept_ms = 0
        word = ctypes.c_uint32
        self._kept: list[Any] = []
        for name, kind, function in (
            ("rig_transfer", ctypes.CFUNCTYPE(ctypes.c_int32, word, word, word), self.transfer),
            ("rig_sleep", ctypes.CFUNCTYPE(None, word), self.sleep),
            ("rig_pin", ctypes.CFUNCTYPE(None, word, word), self.pin),
        ):
            callback = kind(function)
            self._kept.append(callback)
            ctypes.c_void_p.in_dll(self.library, name).value = ctypes.cast(callback, ctypes.c_void_p).value

    def transfer(self, select: int, first: int, second: int) -> int:
        assert select == 0
        if not self.present:
            return -1
        self.afe.chip_select(True)
        answer = self.afe.exchange(first << 8 | second, 16)
        self.afe.chip_select(False)
        if self.held and first == 0x80 | 0x5F:
            answer &= ~0x10
        return answer ^ self.stuck.get(first & 0x7F, 0) if first & 0x80 else answer

    def sleep(self, ms: int) -> None:
        self.slept_ms += ms
        self.host.run_for(ms * 1_000_000)

    def pin(self, pin: int, high: int) -> None:
        number = {PIN_START: 1, PIN_RESET: 0}[pin]
        self.afe.on_input(number, bool(high))

    def configure(self) -> int:
        return int(self.library.ad7779_configure())


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_configuration(rig: Rig) -> None:
    """8 kS/s in high resolution from the converter's own reference, currents doubled, one data line at 4.096 MHz."""
    assert rig.configure() == OK
    assert (rig.afe.rate_hz, rig.afe.dclk_hz, rig.afe.data_lines) == (8000, 4_096_000, 1)
    gains = [rig.afe.channel(number).gain for number in range(7)]
    assert gains == [1, 2, 1, 2, 1, 2, 2]
    assert [rig.afe.channel(number).on for number in range(8)] == [True] * 7 + [False]
    assert rig.afe.value("ADC_MUX_CONFIG") >> 6 == 1
    assert rig.slept_ms <= 12


def test_it_converts_and_its_reset_is_not_reported_any_more(rig: Rig) -> None:
    rig.configure()
    taken = rig.afe.samples_taken
    rig.sleep(10)
    assert rig.afe.samples_taken == taken + 80
    assert not rig.afe.has_error


def test_a_second_start_finds_the_converter_running(rig: Rig) -> None:
    """After a reset of the processor alone the converter is as it was, and is reset by its pin."""
    rig.configure()
    rig.afe.registers[0x1C] = 0x12  # an offset, which the firmware leaves alone
    assert rig.configure() == OK
    assert rig.afe.channel(0).offset == 0


def test_absent_converter(rig: Rig) -> None:
    rig.present = False
    assert rig.configure() == NO_ANSWER


def test_converter_that_stays_in_reset(rig: Rig) -> None:
    rig.held = True
    assert rig.configure() == IN_RESET
    assert rig.slept_ms <= 12


def test_something_else_that_answers(rig: Rig) -> None:
    """The first byte of an answer has to be 0x20."""
    rig.stuck[0x5F] = 0x0100
    assert rig.configure() == NO_ANSWER


@pytest.mark.parametrize("register", [0x00, 0x05, 0x06, 0x08, 0x11, 0x14, 0x15, 0x58, 0x60, 0x61, 0x62, 0x63, 0x64])
def test_register_that_does_not_read_back(rig: Rig, register: int) -> None:
    """It is not let run, so no samples of a wrong configuration are counted."""
    rig.stuck[register] = 0x0001
    assert rig.configure() == NO_CONFIG
    taken = rig.afe.samples_taken
    rig.sleep(10)
    assert rig.afe.samples_taken == taken
