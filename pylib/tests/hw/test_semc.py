"""SEMC: reset, commands and interrupts without a memory."""

import pytest
from plain_state import state_of

from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.imxrt.semc import TABLE, Semc

MDIS, KEY = 1 << 1, 0xA55A << 16


@pytest.fixture
def semc():
    block = Semc(FakeHost(), "semc")
    block.reset()
    return block


def read(block, name):
    return block.read(TABLE[name].offset, 4)


def write(block, name, value):
    block.write(TABLE[name].offset, 4, value)


def test_names_and_reset_values(semc):
    assert CATALOGUE["Wattbench.Semc"] is Semc
    for name, offset, register, number in TABLE.instances():
        assert semc.read(offset, 4) == register.reset_of(number), name


def test_a_reset_clears_itself_and_everything(semc):
    write(semc, "BMCR0", 5)
    write(semc, "INTEN", 1)
    write(semc, "MCR", 0)
    write(semc, "IPCMD", KEY | 0xF)
    assert semc.irq.level
    write(semc, "MCR", 1)
    assert read(semc, "MCR") == TABLE["MCR"].reset & ~MDIS
    assert (read(semc, "BMCR0"), read(semc, "INTR"), semc.irq.level) == (0, 0, False)


def test_the_start_of_an_sdram_as_it_goes(semc):
    """Reset, windows, times, precharge, refresh, mode: as NXP's SDK does."""
    write(semc, "MCR", 1)
    write(semc, "MCR", 0x1000_0000 | MDIS)
    write(semc, "MCR", 0x1000_0000)
    semc.write(TABLE["BR{n}"].offset, 4, 0x8000_001D)
    for command in (0xF, 0xC, 0xC, 0xA):
        write(semc, "IPCMD", KEY | command)
        assert read(semc, "INTR") == 1
        write(semc, "INTR", 1)
        assert read(semc, "INTR") == 0
    assert semc.host.unmodelled_accesses == {}
    assert semc.read(TABLE["BR{n}"].offset, 4) == 0x8000_001D


def test_commands_need_key_and_clock(semc):
    write(semc, "IPCMD", KEY | 0xF)
    assert read(semc, "INTR") == 0  # MDIS after a reset
    write(semc, "MCR", 0)
    write(semc, "IPCMD", 0xF)
    assert (read(semc, "INTR"), read(semc, "IPCMD")) == (0, 0xF)


def test_reads_and_writes_are_counted(semc):
    write(semc, "MCR", 0)
    write(semc, "IPCMD", KEY | 0x8)
    write(semc, "IPCMD", KEY | 0x9)
    assert read(semc, "IPRXDAT") == 0
    assert [access for _, access in semc.host.unmodelled_accesses] == ["command 0x8 (read)", "command 0x9 (write)"]


def test_times_are_storage_and_counted(semc):
    write(semc, "SDRAMCR1", 0x123456)
    assert read(semc, "SDRAMCR1") == 0x123456
    assert [access for _, access in semc.host.unmodelled_accesses] == ["write SDRAMCR1 value 0x123456"]


def test_the_delay_line_locks(semc):
    assert read(semc, "STS13") == 0x100
    write(semc, "DLLCR", 0x101)
    assert read(semc, "STS13") == 0x103


def test_saved_and_restored_it_is_the_same(semc):
    write(semc, "MCR", 0)
    write(semc, "INTEN", 1)
    write(semc, "IPCMD", KEY | 0xF)
    other = Semc(FakeHost(), "semc")
    other.reset()
    other.restore(semc.save())
    assert state_of(other) == state_of(semc)
    assert other.irq.level
