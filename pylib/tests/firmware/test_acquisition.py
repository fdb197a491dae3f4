"""The firmware's account of its DMA buffers: order, times, late interrupts, lost buffers, faulty converters."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from native_meter import COMMON, INCLUDES

BUFFER_TICKS = 90_000
RING = 4


class Rig:
    """acquisition.c with a DMA ring that turns as told."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        assert compiler, "these tests need a C compiler called cc"
        here = Path(__file__).parent
        subprocess.run(
            [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", *INCLUDES,
             "-DSYSTEM_H", "-include", str(here / "acquisition_rig.h"), str(COMMON / "acquisition.c"),
             str(here / "acquisition_rig.c"), "-o", str(folder / "rig.so")], check=True,
        )  # fmt: skip
        self.library = ctypes.CDLL(str(folder / "rig.so"))
        self.full = 0

    def number(self, symbol: str) -> ctypes.c_uint32:
        return ctypes.c_uint32.in_dll(self.library, symbol)

    def count(self, symbol: str) -> int:
        return self.number(symbol).value

    def array(self, symbol: str) -> list[int]:
        return list((ctypes.c_uint32 * 4096).in_dll(self.library, symbol))[: self.count("rig_count")]

    def turn(self, buffers: int = 1, late_ticks: int = 0, work: bool = True) -> None:
        """`buffers` more are full; then the interrupt comes, `late_ticks` after the end of the last one."""
        self.full += buffers
        self.number("rig_buffer_in_use").value = self.full % RING
        self.number("rig_now").value = (self.full * BUFFER_TICKS + late_ticks) & 0xFFFFFFFF
        self.library.dma_samples_handler()
        if work:
            self.library.PendSV_Handler()


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_each_buffer_once_in_order_with_its_time(rig: Rig) -> None:
    for _ in range(10):
        rig.turn()
    assert rig.array("rig_index") == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    assert rig.array("rig_tick") == [BUFFER_TICKS * n for n in range(1, 11)]
    assert rig.count("meter_buffers_completed") == 10
    assert rig.count("meter_buffers_lost") == rig.count("rig_gaps") == 0


def test_late_interrupts_lose_nothing_while_the_ring_lasts(rig: Rig) -> None:
    rig.turn()
    rig.turn(2, late_ticks=30_000)
    rig.turn(3)
    assert rig.array("rig_index") == [0, 1, 2, 3, 0, 1]
    assert rig.count("meter_buffers_lost") == 0
    assert np.diff(rig.array("rig_tick")) == pytest.approx(BUFFER_TICKS, abs=30_000)


@pytest.mark.parametrize("buffers", [4, 5, 7, 8, 11, 40])
def test_overwritten_buffers_are_counted(rig: Rig, buffers: int) -> None:
    """The ring's position repeats each turn; time tells how many turns it made."""
    for _ in range(4):
        rig.turn()
    rig.turn(buffers)
    assert rig.count("meter_buffers_completed") == 4 + buffers
    assert rig.count("meter_buffers_lost") == buffers - (RING - 1)
    assert rig.count("rig_gaps") == 1
    last = 4 + buffers
    assert rig.array("rig_index")[4:] == [n % RING for n in range(last - 3, last)]
    assert rig.array("rig_tick")[4:] == [BUFFER_TICKS * n for n in range(last - 2, last + 1)]


def test_slow_work_counts_what_it_lost(rig: Rig) -> None:
    """Interrupts in time, but the metrology does not get to run for six buffers."""
    for _ in range(6):
        rig.turn(work=False)
    rig.library.PendSV_Handler()
    assert rig.count("meter_buffers_lost") == 3
    assert rig.array("rig_index") == [3, 0, 1]


def test_interrupt_latency_is_smoothed(rig: Rig) -> None:
    """Latency of up to 20 us, new for each interrupt, moves the samples' times by less than 2 us."""
    latencies = np.random.default_rng(5).integers(0, 480, 400)
    for latency in latencies:
        rig.turn(late_ticks=int(latency))
    ticks = np.array(rig.array("rig_tick"))[100:]
    assert np.abs(np.diff(ticks) - BUFFER_TICKS).max() < 48


def test_faulty_converters_are_counted(rig: Rig) -> None:
    buffers = (ctypes.c_uint32 * (480 * RING)).in_dll(rig.library, "edma_buffers")
    locked, was_reset, broken = 0x04, 0x01, 0x06
    buffers[464 + 3], buffers[464 + 7], buffers[464 + 11], buffers[464 + 15] = locked, was_reset, broken, locked
    rig.turn()
    rig.turn()
    assert rig.count("meter_afe_faults") == 2
