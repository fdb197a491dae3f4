"""uSDHC: resets, clock, commands without a card, forced events."""

import pytest
from pairs import Clock
from plain_state import state_of

from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.imxrt.usdhc import TABLE, Usdhc

CLOCK_HZ = 200_000_000
CTOE, CC, CIHB, SDSTB, CINST = 1 << 16, 1, 1, 1 << 3, 1 << 16
SHORT = 2 << 16


class Bench:
    def __init__(self, clocks=None):
        self.host = FakeHost()
        self.usdhc = Usdhc(self.host, "usdhc1", frequency=CLOCK_HZ, clocks=clocks)
        self.usdhc.reset()

    def read(self, name):
        return self.usdhc.read(TABLE[name].offset, 4)

    def write(self, name, value):
        self.usdhc.write(TABLE[name].offset, 4, value)

    def set_up(self):
        """400 kHz and all events noted."""
        self.write("SYS_CTRL", 0x80_0000 | 0x80 << 8 | 1 << 4)
        self.write("INT_STATUS_EN", 0xFFFF_FFFF)


@pytest.fixture
def bench():
    return Bench()


def test_names_and_reset_values(bench):
    assert CATALOGUE["Wattbench.Usdhc"] is Usdhc
    for name, offset, register, number in TABLE.instances():
        if name != "PRES_STATE":
            assert bench.usdhc.read(offset, 4) == register.reset_of(number), name
    assert bench.read("PRES_STATE") == 0xFF80_8088


def test_resets_clear_themselves(bench):
    bench.write("CMD_ARG", 7)
    bench.write("VEND_SPEC", 0x3000_7909)
    bench.write("SYS_CTRL", 0x80_800F | 1 << 24 | 1 << 25 | 1 << 26)
    assert bench.read("SYS_CTRL") == 0x80_800F
    assert bench.read("CMD_ARG") == 0
    assert bench.read("VEND_SPEC") & 1 << 8
    bench.write("SYS_CTRL", 0x80_800F | 1 << 27)
    assert bench.read("SYS_CTRL") == 0x80_800F


def test_the_clock_is_divided_and_stable(bench):
    bench.set_up()
    assert bench.usdhc.card_hz == CLOCK_HZ / 512
    assert bench.read("PRES_STATE") & SDSTB
    bench.write("SYS_CTRL", 0x80_0000)
    assert bench.usdhc.card_hz == CLOCK_HZ
    assert not bench.read("PRES_STATE") & CINST


def test_a_command_without_a_card_times_out(bench):
    bench.set_up()
    bench.write("INT_SIGNAL_EN", CTOE)
    bench.write("CMD_XFR_TYP", 8 << 24 | SHORT)
    assert bench.read("PRES_STATE") & CIHB
    bench.host.run_for(112 * 2560 - 1)
    assert bench.read("INT_STATUS") == 0
    bench.host.run_for(1)
    assert bench.read("INT_STATUS") == CTOE
    assert bench.usdhc.irq.level
    assert not bench.read("PRES_STATE") & CIHB
    bench.write("INT_STATUS", CTOE)
    assert (bench.read("INT_STATUS"), bench.usdhc.irq.level) == (0, False)


def test_a_command_without_a_response_is_sent(bench):
    bench.set_up()
    bench.write("CMD_XFR_TYP", 0)
    bench.host.run_for(56 * 2560)
    assert bench.read("INT_STATUS") == CC


def test_only_events_that_are_enabled_are_noted(bench):
    bench.set_up()
    bench.write("INT_STATUS_EN", 0)
    bench.write("CMD_XFR_TYP", 0)
    bench.host.run_for(1_000_000)
    assert bench.read("INT_STATUS") == 0


def test_a_reset_of_commands_ends_the_wait(bench):
    bench.set_up()
    bench.write("CMD_XFR_TYP", 8 << 24 | SHORT)
    bench.write("SYS_CTRL", bench.read("SYS_CTRL") | 1 << 25)
    assert not bench.read("PRES_STATE") & CIHB
    bench.host.run_for(1_000_000)
    assert bench.read("INT_STATUS") == 0


def test_without_clock_nothing_is_sent():
    bench = Bench(Clock(0))
    bench.set_up()
    bench.write("CMD_XFR_TYP", 0)
    bench.host.run_for(1_000_000)
    assert bench.read("INT_STATUS") == 0


def test_events_may_be_forced(bench):
    bench.set_up()
    bench.write("FORCE_EVENT", 1 << 20 | 1 << 31 | 1 << 2)
    assert bench.read("INT_STATUS") == 1 << 20 | 1 << 8
    assert bench.read("AUTOCMD12_ERR_STATUS") == 1 << 3
    assert bench.read("FORCE_EVENT") == 0


def test_delay_lines_lock_while_on(bench):
    for control, status in (("DLL_CTRL", "DLL_STATUS"), ("STROBE_DLL_CTRL", "STROBE_DLL_STATUS")):
        assert bench.read(status) == 0x200
        bench.write(control, 1)
        assert bench.read(status) == 0x203


def test_data_are_counted_as_not_modelled(bench):
    bench.write("DATA_BUFF_ACC_PORT", 1)
    assert [access for _, access in bench.host.unmodelled_accesses] == ["write DATA_BUFF_ACC_PORT value 0x1"]


def test_saved_in_the_middle_of_a_command_it_goes_on_the_same(bench):
    bench.set_up()
    bench.write("CMD_XFR_TYP", 8 << 24 | SHORT)
    bench.host.run_for(100_000)
    saved, before = bench.usdhc.save(), state_of(bench.usdhc)
    other = Bench()
    other.host.time_ns = bench.host.time_ns
    other.usdhc.restore(saved)
    assert state_of(other.usdhc) == before
    other.host.run_for(112 * 2560 - 100_000)
    assert other.read("INT_STATUS") == CTOE
