"""SNVS of the i.MX RT1064: what it has less of, and that its clock and its tamper pin work as elsewhere."""

import pytest

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt106x.variants import Snvs106x

HPSICR, HPSR, LPCR, LPTDCR, LPSR, LPSRTCLR, LPTAR = 0x0C, 0x14, 0x38, 0x48, 0x4C, 0x54, 0x58
ALIAS0, LPTDC2R, LPGPR0, LPGPR7 = 0x90, 0xA0, 0x100, 0x11C
SECOND = 1_000_000_000
ET1_EN, ET1P, ET1D, LPSVI_EN = 1 << 9, 1 << 11, 1 << 9, 1 << 31


@pytest.fixture
def snvs():
    block = Snvs106x(FakeHost(), "snvs")
    block.reset()
    return block


def test_reset_values(snvs):
    for _, offset, register, number in snvs.table.instances():
        assert snvs.read(offset, 4) == register.reset_of(number), register.name
    assert not snvs.host.unmodelled_accesses
    snvs.read(LPTDC2R, 4)
    assert snvs.host.unmodelled_accesses == {("snvs", "read +0xA0"): 1}


def test_the_clock_and_its_alarm(snvs):
    snvs.write(LPTAR, 4, 3)
    snvs.write(LPCR, 4, 0x20 | 1 << 0 | 1 << 1)
    snvs.host.run_for(3 * SECOND - 1)
    assert (snvs.read(LPSRTCLR, 4), snvs.outputs["HP_NON_TZ"].level) == (3 * 32768 - 1, False)
    snvs.host.run_for(1)
    assert (snvs.read(LPSRTCLR, 4), snvs.outputs["HP_NON_TZ"].level) == (3 * 32768, True)
    snvs.write(LPSR, 4, 1)
    assert not snvs.outputs["HP_NON_TZ"].level


def test_eight_registers_outlive_resets_and_four_have_a_second_address(snvs):
    for number in range(8):
        snvs.write(LPGPR0 + 4 * number, 4, 0x100 + number)
    snvs.reset()
    assert [snvs.read(LPGPR0 + 4 * number, 4) for number in range(8)] == [0x100 + number for number in range(8)]
    assert snvs.read(ALIAS0 + 12, 4) == 0x103
    snvs.lose_battery()
    assert snvs.read(LPGPR7, 4) == 0


def test_the_tamper_pin(snvs):
    snvs.write(LPGPR7, 4, 7)
    snvs.write(HPSICR, 4, LPSVI_EN)
    snvs.write(LPSR, 4, 1 << 3)
    snvs.write(LPTDCR, 4, ET1_EN | ET1P)
    snvs.on_input(1, False)
    assert (snvs.read(LPSR, 4), snvs.outputs["HP_TZ"].level) == (0, False)
    snvs.on_input(1, True)
    assert (snvs.read(LPSR, 4), snvs.outputs["HP_TZ"].level, snvs.read(LPGPR7, 4)) == (ET1D, True, 0)
    snvs.on_input(1, False)
    snvs.write(LPSR, 4, ET1D)
    assert (snvs.read(LPSR, 4), snvs.outputs["HP_TZ"].level) == (0, False)


def test_there_are_no_other_pins_and_detectors(snvs):
    with pytest.raises(TypeError, match="input 2"):
        snvs.on_input(2, True)
    with pytest.raises(UsageError, match="no detector `voltage`"):
        snvs.detect("voltage")
