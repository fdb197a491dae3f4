import pytest

from wattbench.core.clock import FixedClock
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.rtwdog import REFRESH, UNLOCK, Rtwdog

CS, CNT, TOVAL, WIN = 0, 4, 8, 12
ULK, RCS, FLG = 1 << 11, 1 << 10, 1 << 14
ENABLED = 0x2000 | 1 << 8 | 1 << 7 | 1 << 5
TICK_NS = 1_000_000_000 / 32_768


@pytest.fixture
def wdog():
    block = Rtwdog(FakeHost(), "wdog3", clock=FixedClock(240_000_000))
    block.reset()
    return block


def configure(block, control, timeout=327, window=0):
    block.write(CNT, 4, UNLOCK)
    assert block.read(CS, 4) & ULK
    block.write(TOVAL, 4, timeout)
    block.write(WIN, 4, window)
    block.write(CS, 4, control)
    assert block.read(CS, 4) & (ULK | RCS) == RCS


def run_ticks(block, ticks):
    block.host.run_for(round(ticks * TICK_NS))


def test_boot_rom_leaves_it_off(wdog):
    assert not wdog.read(CS, 4) & 1 << 7
    wdog.write(CNT, 4, 0x1234)
    run_ticks(wdog, 100_000)
    assert not wdog.outputs["RESET"].level


def test_locked_registers_ignore_writes(wdog):
    before = [wdog.read(offset, 4) for offset in (CS, TOVAL, WIN)]
    for offset in (CS, TOVAL, WIN):
        wdog.write(offset, 4, ENABLED)
    assert [wdog.read(offset, 4) for offset in (CS, TOVAL, WIN)] == before


def test_no_unlock_without_update(wdog):
    configure(wdog, 0x2000)
    wdog.write(CNT, 4, UNLOCK)
    assert not wdog.read(CS, 4) & ULK


def test_time_out_and_refresh(wdog):
    configure(wdog, ENABLED)
    run_ticks(wdog, 200.5)
    assert wdog.read(CNT, 4) == 200
    wdog.write(CNT, 4, REFRESH)
    assert wdog.read(CNT, 4) == 0
    run_ticks(wdog, 326.9)
    assert not wdog.outputs["RESET"].level
    run_ticks(wdog, 0.2)
    assert wdog.outputs["RESET"].level
    wdog.reset()
    assert not wdog.outputs["RESET"].level


def test_prescaler_and_bus_clock(wdog):
    configure(wdog, 0x2000 | 1 << 7 | 1 << 5 | 1 << 12, timeout=1000)
    wdog.host.run_for(1000 * 256 * 1000 // 240 - 1)
    assert not wdog.outputs["RESET"].level
    wdog.host.run_for(2)
    assert wdog.outputs["RESET"].level


def test_early_refresh_in_window_mode_resets(wdog):
    configure(wdog, ENABLED | 1 << 15, timeout=327, window=100)
    run_ticks(wdog, 101)
    wdog.write(CNT, 4, REFRESH)
    assert not wdog.outputs["RESET"].level
    run_ticks(wdog, 99)
    wdog.write(CNT, 4, REFRESH)
    assert wdog.outputs["RESET"].level


def test_wrong_word_resets_while_enabled(wdog):
    configure(wdog, ENABLED)
    wdog.write(CNT, 4, REFRESH ^ 1)
    assert wdog.outputs["RESET"].level


def test_commands_in_two_halves(wdog):
    configure(wdog, ENABLED & ~0x2000)
    run_ticks(wdog, 300)
    wdog.write(CNT, 2, 0xA602)
    wdog.write(CNT, 2, 0xB480)
    run_ticks(wdog, 300)
    assert not wdog.outputs["RESET"].level
    wdog.write(CNT, 2, 0xC520)
    wdog.write(CNT, 2, 0xD928)
    assert wdog.read(CS, 4) & ULK


def test_interrupt_first_then_reset(wdog):
    configure(wdog, ENABLED | 1 << 6, timeout=10)
    run_ticks(wdog, 10.001)
    assert wdog.outputs["IRQ"].level
    assert wdog.read(CS, 4) & FLG
    assert not wdog.outputs["RESET"].level
    wdog.write(CS, 4, FLG)
    assert not wdog.outputs["IRQ"].level
    wdog.host.run_for(534)
    assert wdog.outputs["RESET"].level


def test_round_trip_in_mid_count(wdog):
    configure(wdog, ENABLED)
    run_ticks(wdog, 100.5)
    saved = wdog.save()
    other = Rtwdog(FakeHost(), "other", clock=FixedClock(240_000_000))
    other.host.time_ns = wdog.host.time_ns
    other.restore(saved)
    assert other.read(CNT, 4) == 100
    run_ticks(other, 227)
    assert other.outputs["RESET"].level
