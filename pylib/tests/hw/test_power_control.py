"""DCDC, GPC and PGMC: what drivers wait for is answered, and what does not happen is counted."""

import pytest

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.dcdc import STEP_NS, Dcdc
from wattbench.hw.imxrt.gpc import GpcCpuMode, GpcSetPoint, GpcStandby
from wattbench.hw.imxrt.pgmc import PgmcBpc, PgmcCpc, PgmcMif, PgmcPpc

SETTLED = 1 << 31
CTRL0, CTRL1, REG0, REG3 = 0x00, 0x04, 0x08, 0x14
INT_CTRL, MODE_CTRL, MODE_STAT, SP_CTRL, SP_STAT, RUN_MAPPING = 0x08, 0x10, 0x14, 0x300, 0x304, 0x310
SP_INT, SP_CPU_REQ, SP_SYS_STAT = 0x08, 0x10, 0x14


def made(kind, **attributes):
    block = kind(FakeHost(), "block", **attributes)
    block.reset()
    return block


@pytest.fixture
def dcdc():
    return made(Dcdc)


@pytest.fixture
def points():
    return made(GpcSetPoint)


@pytest.fixture
def core(points):
    return made(GpcCpuMode, set_points=points)


def test_converter_starts_settled_at_its_default_voltages(dcdc):
    assert dcdc.read(REG0, 4) & SETTLED
    assert (dcdc.vdd1p0_mv, dcdc.vdd1p8_mv) == (1000, 1800)


def test_a_new_voltage_settles_step_by_step(dcdc):
    dcdc.write(CTRL1, 4, dcdc.read(CTRL1, 4) & ~0x1F00 | 22 << 8)
    assert not dcdc.read(REG0, 4) & SETTLED
    dcdc.host.run_for(6 * STEP_NS - 1)
    assert not dcdc.read(REG0, 4) & SETTLED
    dcdc.host.run_for(1)
    assert dcdc.read(REG0, 4) & SETTLED
    assert dcdc.vdd1p0_mv == 1150
    assert dcdc.vdd1p8_mv == 1800
    dcdc.reset()
    assert dcdc.vdd1p0_mv == 1000


def test_the_status_is_the_converters_own(dcdc):
    dcdc.write(REG0, 4, 0)
    assert dcdc.read(REG0, 4) & ~(1 << 10) == SETTLED


def test_a_held_output_stays_until_it_is_let_go(dcdc):
    dcdc.write(REG3, 4, dcdc.read(REG3, 4) | 1 << 29)
    dcdc.write(CTRL1, 4, dcdc.read(CTRL1, 4) & ~0x1F00 | 22 << 8)
    assert dcdc.read(REG0, 4) & SETTLED
    assert dcdc.vdd1p0_mv == 1000
    dcdc.write(REG3, 4, dcdc.read(REG3, 4) & ~(1 << 29))
    assert not dcdc.read(REG0, 4) & SETTLED
    assert dcdc.vdd1p0_mv == 1150


def test_a_converter_that_is_off_is_not_settled(dcdc):
    dcdc.write(CTRL0, 4, 0)
    assert not dcdc.read(REG0, 4) & SETTLED
    assert dcdc.vdd1p8_mv == 0


def test_converter_counts_set_points_but_not_its_loop_settings(dcdc):
    dcdc.write(REG0, 4, 0x0403_0510)
    assert not dcdc.host.unmodelled_accesses
    dcdc.write(CTRL0, 4, 1 << 31 | 3)
    assert len(dcdc.host.unmodelled_accesses) == 1


def test_converter_round_trip_while_it_settles(dcdc):
    dcdc.write(CTRL1, 4, 0x0F0B_160C)
    saved = dcdc.save()
    other = made(Dcdc)
    other.restore(saved)
    assert other.vdd1p0_mv == 1150
    assert not other.read(REG0, 4) & SETTLED
    other.host.run_for(6 * STEP_NS)
    assert other.read(REG0, 4) & SETTLED


def test_a_change_of_set_point_is_granted_and_counted(core, points):
    core.write(SP_CTRL, 4, 5 << 1 | 1)
    assert not core.read(SP_CTRL, 4) & 1
    assert core.read(SP_STAT, 4) == 5 << 8 | 0 << 4 | 5
    assert points.read(SP_SYS_STAT, 4) == 0xFFFF | 5 << 16 | 5 << 20
    assert points.read(SP_CPU_REQ, 4) == 5 << 16 | 5
    core.write(SP_CTRL, 4, 3 << 1 | 1)
    assert core.read(SP_STAT, 4) == 3 << 8 | 5 << 4 | 3
    core.write(SP_CTRL, 4, 3 << 1 | 1)
    assert dict(points.host.unmodelled_accesses) == {
        ("block", "change to set point 5"): 1,
        ("block", "change to set point 3"): 1,
    }
    points.reset()
    assert points.read(SP_SYS_STAT, 4) == 0xFFFF
    assert points.read(SP_CPU_REQ, 4) == 0


def test_without_the_request_bit_nothing_changes(core, points):
    core.write(SP_CTRL, 4, 5 << 1)
    assert points.read(SP_SYS_STAT, 4) == 0xFFFF


def test_a_set_point_that_the_core_forbids_is_refused(points):
    core = made(GpcCpuMode, set_points=points, core=1)
    core.write(RUN_MAPPING, 4, 1)
    core.write(SP_CTRL, 4, 4 << 1 | 1)
    assert not core.read(SP_CTRL, 4) & 1
    assert core.read(INT_CTRL, 4) & 1 << 18
    assert core.outputs["IRQ"].level
    assert points.read(SP_CPU_REQ, 4) == 4 << 4
    assert points.read(SP_SYS_STAT, 4) == 0xFFFF
    core.write(INT_CTRL, 4, 1 << 18 | 7)
    assert not core.outputs["IRQ"].level
    core.write(SP_CTRL, 4, 4 << 1 | 1)
    core.write(INT_CTRL, 4, 0)
    assert not core.outputs["IRQ"].level
    core.write(INT_CTRL, 4, 4)
    core.reset()
    assert not core.outputs["IRQ"].level


def test_the_mode_follows_the_sleep_signal(core):
    core.write(MODE_CTRL, 4, 2)
    assert core.read(MODE_STAT, 4) == 0
    core.on_input(0, True)
    assert core.read(MODE_STAT, 4) == 2
    saved = core.save()
    core.on_input(0, False)
    assert core.read(MODE_STAT, 4) == 2 << 2
    core.restore(saved)
    assert core.read(MODE_STAT, 4) == 2
    core.reset()
    assert core.read(MODE_STAT, 4) == 0
    with pytest.raises(TypeError, match="no input 1"):
        core.on_input(1, True)


def test_wake_up_masks_are_kept(core):
    for group in range(8):
        core.write(0x100 + 4 * group, 4, 0xFFFF_0000 | group)
        assert core.read(0x100 + 4 * group, 4) == 0xFFFF_0000 | group


def test_a_third_core_is_refused(points):
    with pytest.raises(UsageError, match="core is 0"):
        made(GpcCpuMode, set_points=points, core=2)


@pytest.mark.parametrize(("kind", "offset"), [(GpcSetPoint, 0x40), (GpcStandby, 0x0C), (PgmcMif, 0x10)])
def test_settings_of_what_never_happens_are_counted(kind, offset):
    block = made(kind)
    block.write(offset, 4, 1)
    assert len(block.host.unmodelled_accesses) == 1


def test_a_domain_that_is_switched_off_leaves_its_flag_and_is_counted():
    block = made(PgmcBpc)
    block.write(0x14, 4, 1 << 11 | 1 << 10)
    assert block.read(0x14, 4) == 0
    assert block.read(0x2C, 4) == 0
    assert not block.host.unmodelled_accesses
    block.write(0x14, 4, 1 << 9 | 1 << 8)
    assert block.read(0x14, 4) == 0
    assert block.read(0x2C, 4) == 1
    assert block.host.unmodelled_accesses["block", "domain switched off"] == 1
    block.write(0x2C, 4, 1)
    assert block.read(0x2C, 4) == 0


def test_a_core_that_is_switched_off_and_memory_levels():
    block = made(PgmcCpc)
    block.write(0x14, 4, 1 << 10)
    assert not block.host.unmodelled_accesses
    block.write(0x14, 4, 1 << 9)
    assert (block.read(0x14, 4), block.read(0x2C, 4)) == (0, 1)
    assert block.host.unmodelled_accesses["block", "core switched off"] == 1
    for offset in (0x44, 0xC4):
        block.write(offset, 4, block.read(offset, 4) | 1 << 16)
        assert not block.read(offset, 4) & 1 << 16


def test_standby_request_of_the_power_chip():
    block, edges = made(PgmcPpc), []
    block.outputs["PMIC_STBY_REQ"].connect(edges.append)
    block.write(0x14, 4, 1 << 8)
    assert block.read(0x14, 4) == 0
    block.write(0x14, 4, 0)
    block.write(0x14, 4, 1 << 9)
    block.write(0x14, 4, 1 << 8)
    block.reset()
    assert edges == [False, True, False, True, False]
