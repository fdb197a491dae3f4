"""What firmware does to a block without a model, on a machine."""

from __future__ import annotations

import pytest
from elf_writer import image, thumb, write_elf

from wattbench.engines.embedded import EmbeddedEngine

PLATFORM = """
nvic: IRQControllers.NVIC @ sysbus 0xE000E000
    IRQ -> cpu@0
cpu: CPU.CortexM @ sysbus
    cpuType: "cortex-m7"
    nvic: nvic
    PerformanceInMips: 100
rom: Memory.MappedMemory @ sysbus 0x0
    size: 0x1000
ram: Memory.MappedMemory @ sysbus 0x20000000
    size: 0x1000
dac: Wattbench.SvdBlock @ sysbus <0x40064000, +0x4000> { block: "DAC" }
mcm: Wattbench.SvdBlock @ sysbus <0xE0080000, +0x1000> { block: "CM7_MCM" }
"""
POLL = thumb(0x4802, 0x60C0, 0x6801, 0xE7FD, 0x0000, 0x0000)
"""ldr r0, =block; str r0, [r0, #0xC]; again: ldr r1, [r0]; b again"""


@pytest.fixture
def start(tmp_path):
    engine = EmbeddedEngine()
    engine.execute('mach create "small"')
    engine.emulation.require_board().load_platform_description_from_string(PLATFORM)

    def start(block):
        code = image(POLL + block.to_bytes(4, "little"))
        engine.execute(f"sysbus LoadELF @{write_elf(tmp_path / 'poll.elf', {0: code})}")
        return engine

    yield start
    engine.close()


def test_a_poll_is_one_entry_with_its_count(start):
    engine = start(0x40064000)
    engine.run_to(10_000)
    write, read = engine.unmodelled()
    assert (write.source, write.access, write.pc, write.count) == ("dac", "write CR", 0x42, 1)
    assert write.detail.startswith("value 0x40064000, changes ")
    assert (read.source, read.access, read.pc, read.detail) == ("dac", "read VERID", 0x44, "")
    assert read.count == pytest.approx(10_000 / 10 / 2, abs=3)
    assert 0 < write.first_ns < read.first_ns < 100
    assert engine.model("dac").words[0xC] & 0xFF == 0


def test_counting_can_begin_anew(start):
    engine = start(0x40064000)
    engine.run_to(1_000)
    engine.forget_unmodelled()
    engine.run_to(2_000)
    (read,) = engine.unmodelled()
    assert read.access == "read VERID"
    assert read.first_ns >= 1_000


def test_blocks_of_the_chip_on_the_private_bus_are_named(start):
    engine = start(0xE0080000)
    engine.run_to(1_000)
    assert [(item.source, item.access) for item in engine.unmodelled()] == [
        ("mcm", "write CM7_MCM+0xC"),
        ("mcm", "read CM7_MCM+0x0"),
    ]


def test_the_monitor_lists_them_with_their_place(start):
    engine = start(0x40064000)
    engine.run_to(1_000)
    first, second = engine.execute("unmodelled").splitlines()
    assert first.startswith("1 x dac: write CR value 0x40064000, changes ")
    assert " x dac: read VERID at PC 0x00000044, first at 0.0000000" in second
