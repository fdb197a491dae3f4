"""Sleep without WFI through the Monitor and through the engine contract: wait points and idle loops."""

from __future__ import annotations

import pytest
from elf_writer import image, thumb, write_elf

from wattbench.core.errors import MonitorError
from wattbench.engines.embedded import EmbeddedEngine

PLATFORM = """
nvic: IRQControllers.NVIC @ sysbus 0xE000E000
    priorityMask: 0xF0
    systickFrequency: 72000000
    IRQ -> cpu@0
cpu: CPU.CortexM @ sysbus
    cpuType: "cortex-m7"
    nvic: nvic
rom: Memory.MappedMemory @ sysbus 0x0
    size: 0x1000
ram: Memory.MappedMemory @ sysbus 0x20000000
    size: 0x1000
"""
LOOP, RETURN = 0x4A, 0x4E
CODE = thumb(0x4803, 0x4904, 0x6041, 0x2107, 0x6001, 0x3401, 0xE7FD, 0x4770)
CODE += (0xE000E010).to_bytes(4, "little") + (71_999).to_bytes(4, "little")
"""SysTick with an interrupt each millisecond, then a loop that counts its turns in R4."""
MS = 1_000_000


@pytest.fixture
def engine(tmp_path):
    engine = EmbeddedEngine()
    engine.execute('mach create "small"')
    engine.emulation.require_board().load_platform_description_from_string(PLATFORM)
    engine.execute(f"sysbus LoadELF @{write_elf(tmp_path / 'f.elf', {0: image(CODE, RETURN)})}")
    yield engine
    engine.close()


SPIN = thumb(0x4803, 0x4904, 0x6041, 0x2107, 0x6001, 0x46C0, 0xE7FE, 0x4770) + CODE[16:]
"""The same with a branch to itself."""


def turns(engine) -> int:
    return engine.board.cores[0].get_register("R4")


def test_by_the_monitor(engine):
    engine.execute(f"cpu AddWaitPoint 0x{LOOP + 1:X}")
    engine.execute(f"cpu AddWaitPoint 0x{LOOP:X}")
    assert engine.execute("cpu WaitPoints").split() == ["[", "0x0000004A", "]"]
    engine.run_to(10 * MS + MS // 2)
    assert turns(engine) == 10
    assert engine.execute("cpu IsAsleep").strip() == "True"
    engine.execute(f"cpu RemoveWaitPoint 0x{LOOP:X}")
    assert engine.board.cores[0].wait_points == []
    engine.run_to(13 * MS)
    assert turns(engine) > 10_000


def test_by_the_contract(engine):
    engine.wait_at([LOOP, 0x200])
    engine.limit_awake(MS)
    engine.run_to(20 * MS + MS // 2)
    assert turns(engine) == 20
    engine.reset()
    engine.run_to(30 * MS + MS // 2)
    assert 8 <= turns(engine) <= 10


def test_what_is_not_there_cannot_be_removed(engine):
    with pytest.raises(MonitorError, match="`cpu` has no wait point at 0x0000004A"):
        engine.execute("cpu RemoveWaitPoint 0x4A")


def test_there_are_not_more_than_64(engine):
    engine.wait_at(range(0, 128, 2))
    with pytest.raises(MonitorError, match="no further wait point beside its 64"):
        engine.execute("cpu AddWaitPoint 0x100")


def idle(tmp_path, **options):
    engine = EmbeddedEngine(**options)
    engine.execute('mach create "small"')
    engine.emulation.require_board().load_platform_description_from_string(PLATFORM)
    engine.execute(f"sysbus LoadELF @{write_elf(tmp_path / 'f.elf', {0: image(SPIN, RETURN)})}")
    return engine


def test_loops_that_change_nothing_are_passed_over_unless_switched_off(tmp_path):
    seen, slept = [], []
    for options in ({}, {"idle_loops": False}):
        engine = idle(tmp_path, **options)
        engine.run_to(10 * MS)
        core = engine.board.cores[0]
        seen.append((core.executed_instructions, core.pc, core.get_registers_values(), engine.digest()))
        slept.append(core.slept_ns)
        engine.close()
    assert seen[0] == seen[1]
    assert slept[0] > 9 * MS
    assert slept[1] == 0


def test_the_monitor_switches_it_too(tmp_path):
    engine = idle(tmp_path)
    assert engine.execute("cpu RecognisesIdleLoops").strip() == "True"
    engine.execute("cpu RecognisesIdleLoops False")
    engine.run_to(2 * MS)
    assert int(engine.execute("cpu SleptNs"), 0) == 0
    engine.execute("cpu RecognisesIdleLoops True")
    engine.run_to(6 * MS)
    assert int(engine.execute("cpu SleptNs"), 0) > 3 * MS
    engine.close()
