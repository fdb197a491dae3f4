"""The resource domain controller and its semaphores at their registers."""

import pytest

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.rdc import Rdc
from wattbench.hw.imxrt.rdc_semaphore import RdcSemaphore

STAT, MDA, PDAP, MRSA, MREA, MRC, MRVS = 0x24, 0x200, 0x400, 0x800, 0x804, 0x808, 0x80C
RSTGT = 0x42
LOCK = 1 << 31


@pytest.fixture
def rdc():
    block = Rdc(FakeHost(), "rdc")
    block.reset()
    return block


@pytest.fixture
def gates(rdc):
    block = RdcSemaphore(rdc.host, "rdc_semaphore1", rdc=rdc)
    block.reset()
    return block


def test_what_firmware_probes(rdc):
    version = rdc.read(0, 4)
    assert (version & 15, version >> 4 & 255, version >> 12 & 255, version >> 20) == (2, 12, 128, 59)
    assert rdc.read(STAT, 4) == 0x100
    rdc.host.core = 1
    assert rdc.read(STAT, 4) == 0x101
    rdc.host.core = None
    assert rdc.read(STAT, 4) == 0x100


@pytest.mark.parametrize(
    ("offset", "reset", "value"),
    [(MDA + 4 * 11, 0, 1), (PDAP + 4 * 127, 0xF, 0x4000_0003), (MRC + 16 * 58, 0xFF, 0x4000_00F3)],
)
def test_settings_are_kept_until_they_are_locked_and_counted(rdc, offset, reset, value):
    """The bits of domains that this chip does not have read as one in a region's register."""
    assert rdc.read(offset, 4) == reset
    rdc.write(offset, 4, value)
    assert rdc.read(offset, 4) == value
    assert sum(rdc.host.unmodelled_accesses.values()) == 1
    rdc.write(offset, 4, value | LOCK)
    rdc.write(offset, 4, 0)
    assert rdc.read(offset, 4) == value | LOCK
    rdc.reset()
    assert rdc.read(offset, 4) == reset


def test_the_lock_of_a_region_locks_its_bounds(rdc):
    rdc.write(MRSA + 16, 4, 0x2024_0000)
    rdc.write(MREA + 16, 4, 0x2028_0000)
    rdc.write(MRC + 16, 4, LOCK)
    rdc.write(MRSA + 16, 4, 0)
    rdc.write(MREA + 16, 4, 0)
    assert [rdc.read(at + 16, 4) for at in (MRSA, MREA)] == [0x2024_0000, 0x2028_0000]


def test_nothing_is_ever_refused(rdc):
    rdc.write(MRVS, 4, 0xFFFFFFFF)
    assert rdc.read(MRVS, 4) == 0
    assert not rdc.outputs["IRQ"].level


@pytest.mark.parametrize("core", [0, 1])
def test_a_gate_shows_its_master_and_domain(gates, core):
    gates.host.core = core
    gates.write(63, 1, 2 - core)
    assert gates.read(63, 1) == 0
    gates.write(63, 1, core + 1)
    assert gates.read(63, 1) == core << 4 | core + 1
    gates.host.core = 1 - core
    gates.write(63, 1, 0)
    gates.write(63, 1, 2 - core)
    assert gates.read(63, 1) == core << 4 | core + 1
    gates.host.core = None
    gates.write(63, 1, 0)
    assert gates.read(63, 1) == core << 4 | core + 1
    gates.host.core = core
    gates.write(63, 1, 0)
    assert gates.read(63, 1) == 0


def test_the_reset_of_gates_takes_two_writes_of_one_core(gates):
    for core, gate in ((0, 5), (1, 6)):
        gates.host.core = core
        gates.write(gate, 1, core + 1)
    gates.write(RSTGT, 2, 0xE2)
    assert gates.read(RSTGT, 2) == 0x11
    gates.host.core = 0
    gates.write(RSTGT, 2, 5 << 8 | 0x1D)
    assert gates.read(5, 1) == 1
    gates.host.core = 1
    saved = gates.save()
    gates.write(RSTGT, 2, 5 << 8 | 0x1D)
    assert (gates.read(5, 1), gates.read(6, 1)) == (0, 0x12)
    gates.restore(saved)
    assert (gates.read(5, 1), gates.read(RSTGT, 2) & 0xFF) == (1, 0x11)
    gates.write(RSTGT, 2, 255 << 8 | 0x1D)
    assert (gates.read(5, 1), gates.read(6, 1)) == (0, 0)


def test_without_a_controller_everybody_is_in_domain_0():
    gates = RdcSemaphore(FakeHost(), "gates")
    gates.reset()
    gates.host.core = 1
    gates.write(0, 1, 2)
    assert gates.read(0, 1) == 2
    gates.reset()
    assert gates.read(0, 1) == 0
