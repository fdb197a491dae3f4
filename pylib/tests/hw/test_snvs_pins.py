"""ON/OFF button, tamper pins and power requests of the SNVS block."""

import pytest

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.snvs import Snvs

HPLR, HPSICR, HPSR, HPSVSR, LPCR, LPTDCR, LPSR, LPTAR, LPGPR0 = 0x00, 0x0C, 0x14, 0x18, 0x38, 0x48, 0x4C, 0x58, 0x100
LPTDC2R, LPTDSR = 0xA0, 0xA4
DP_EN, TOP, LVD, EO, SPOF, BTN, LP_SEC_VIO = 1 << 5, 1 << 6, 1 << 3, 1 << 17, 1 << 18, 1 << 6, 1 << 31
MS = 1_000_000
BUTTON = 0


@pytest.fixture
def snvs():
    block = Snvs(FakeHost(), "snvs")
    block.reset()
    block.write(LPSR, 4, LVD)
    return block


def press(block, duration_ns):
    block.on_input(BUTTON, False)
    block.host.run_for(duration_ns)


def level(block, name):
    return block.outputs[name].level


def test_a_press_counts_after_its_debounce_time(snvs):
    press(snvs, 50 * MS - 1)
    assert snvs.read(HPSR, 4) & BTN
    assert not snvs.read(LPSR, 4) & SPOF
    snvs.host.run_for(1)
    assert snvs.read(LPSR, 4) & SPOF
    assert level(snvs, "PULSE_EVENT")
    snvs.on_input(BUTTON, True)
    assert not snvs.read(HPSR, 4) & BTN
    snvs.write(LPSR, 4, SPOF)
    assert not level(snvs, "PULSE_EVENT")
    snvs.host.run_for(20_000 * MS)
    assert level(snvs, "PMIC_ON_REQ")


@pytest.mark.parametrize(("setting", "debounce_ms"), [(1, 100), (2, 500), (3, 0)])
def test_other_debounce_times(snvs, setting, debounce_ms):
    snvs.write(LPCR, 4, DP_EN | setting << 18)
    if debounce_ms:
        press(snvs, debounce_ms * MS - 1)
        assert not snvs.read(LPSR, 4) & SPOF
        snvs.host.run_for(1)
    else:
        press(snvs, 0)
    assert snvs.read(LPSR, 4) & SPOF


def test_a_bounce_is_no_press_and_a_repeated_level_no_second_one(snvs):
    press(snvs, 40 * MS)
    snvs.on_input(BUTTON, True)
    press(snvs, 40 * MS)
    snvs.on_input(BUTTON, False)
    snvs.host.run_for(9 * MS)
    assert not snvs.read(LPSR, 4) & SPOF
    snvs.host.run_for(1 * MS)
    assert snvs.read(LPSR, 4) & SPOF


@pytest.mark.parametrize(("setting", "seconds"), [(0, 5), (1, 10), (2, 15)])
def test_a_very_long_press_asks_for_power_off(snvs, setting, seconds):
    snvs.write(LPCR, 4, DP_EN | setting << 16)
    press(snvs, 50 * MS + seconds * 1000 * MS - 1)
    assert level(snvs, "PMIC_ON_REQ")
    snvs.host.run_for(1)
    assert not level(snvs, "PMIC_ON_REQ")
    assert snvs.read(LPSR, 4) & EO


def test_a_long_press_may_be_without_effect(snvs):
    snvs.write(LPCR, 4, DP_EN | 3 << 16)
    press(snvs, 60_000 * MS)
    assert level(snvs, "PMIC_ON_REQ")
    assert not snvs.read(LPSR, 4) & EO


@pytest.mark.parametrize(("setting", "on_time_ms"), [(0, 500), (1, 50), (2, 100)])
def test_a_press_asks_for_power_on_again(snvs, setting, on_time_ms):
    snvs.write(LPCR, 4, DP_EN | setting << 20)
    snvs.write(LPCR, 4, snvs.read(LPCR, 4) | TOP)
    snvs.power_off()
    assert not level(snvs, "PMIC_ON_REQ")
    press(snvs, (50 + on_time_ms) * MS - 1)
    assert not level(snvs, "PMIC_ON_REQ")
    snvs.host.run_for(1)
    assert level(snvs, "PMIC_ON_REQ")
    assert not snvs.read(LPSR, 4) & SPOF


def test_an_alarm_asks_for_power_on_once(snvs):
    snvs.write(LPTAR, 4, 2)
    snvs.write(LPCR, 4, DP_EN | 1 << 3 | 1 << 1 | 1)
    snvs.write(LPCR, 4, snvs.read(LPCR, 4) | TOP)
    snvs.power_off()
    snvs.host.run_for(1999 * MS)
    assert not level(snvs, "PMIC_ON_REQ")
    snvs.host.run_for(2 * MS)
    assert level(snvs, "WAKEUP")
    assert level(snvs, "PMIC_ON_REQ")
    snvs.write(LPCR, 4, snvs.read(LPCR, 4) | TOP)
    assert not level(snvs, "PMIC_ON_REQ")


def test_a_press_goes_on_through_a_reset(snvs):
    press(snvs, 30 * MS)
    snvs.reset()
    snvs.host.run_for(20 * MS)
    assert snvs.read(LPSR, 4) & SPOF


def test_a_tamper_pin_raises_its_flag_and_clears_the_backed_up_registers(snvs):
    snvs.write(LPGPR0, 4, 0x1234)
    snvs.write(LPTDCR, 4, 1 << 9)
    snvs.on_input(1, True)
    assert snvs.read(LPSR, 4) == 0
    snvs.on_input(1, False)
    assert snvs.read(LPSR, 4) == 1 << 9
    assert snvs.read(LPGPR0, 4) == 0
    assert snvs.read(HPSVSR, 4) & LP_SEC_VIO
    snvs.on_input(1, True)
    snvs.reset()
    assert snvs.read(LPSR, 4) == 1 << 9, "a tamper is remembered"
    snvs.write(LPSR, 4, 1 << 9)
    assert snvs.read(LPSR, 4) == 0
    assert not snvs.read(HPSVSR, 4) & LP_SEC_VIO


@pytest.mark.parametrize("number", range(1, 11))
def test_each_tamper_pin_has_its_enable_polarity_and_flag(snvs, number):
    register, flags = (LPTDCR, LPSR) if number <= 2 else (LPTDC2R, LPTDSR)
    enable = 1 << (8 + number if number <= 2 else number - 3)
    polarity = 1 << (10 + number if number <= 2 else number + 13)
    snvs.on_input(number, True)
    assert snvs.read(flags, 4) == 0
    snvs.write(register, 4, enable)
    assert snvs.read(flags, 4) == 0
    snvs.write(register, 4, enable | polarity)
    assert snvs.read(flags, 4) == enable
    snvs.write(flags, 4, enable)
    assert snvs.read(flags, 4) == enable, "the pin is still active"
    snvs.on_input(number, False)
    snvs.write(flags, 4, enable)
    assert snvs.read(flags, 4) == 0


def test_a_pin_that_nothing_drives_is_at_rest(snvs):
    snvs.write(LPTDCR, 4, 0b11 << 9)
    snvs.write(LPTDC2R, 4, 0xFF)
    assert (snvs.read(LPSR, 4), snvs.read(LPTDSR, 4)) == (0, 0)


def test_a_violation_interrupts_where_enabled(snvs):
    snvs.write(LPTDC2R, 4, 1)
    snvs.on_input(3, False)
    assert not level(snvs, "HP_TZ")
    snvs.write(HPSICR, 4, 1 << 31)
    assert level(snvs, "HP_TZ")
    snvs.on_input(3, True)
    snvs.write(LPTDSR, 4, 1)
    assert not level(snvs, "HP_TZ")


def test_registers_and_counter_may_be_kept_or_stopped(snvs):
    snvs.write(LPGPR0, 4, 7)
    snvs.write(LPCR, 4, 1 << 24 | 1)
    snvs.write(LPTDCR, 4, 1 << 9)
    snvs.on_input(1, False)
    assert snvs.read(LPGPR0, 4) == 7
    assert snvs.read(LPCR, 4) & 1
    snvs.on_input(1, True)
    snvs.write(LPSR, 4, 1 << 9)
    snvs.write(LPCR, 4, 1 << 24 | 1 << 4 | 1)
    snvs.host.run_for(1000 * MS)
    snvs.on_input(1, False)
    assert not snvs.read(LPCR, 4) & 1
    count = snvs.read(0x54, 4)
    snvs.host.run_for(1000 * MS)
    assert snvs.read(0x54, 4) == count > 0


@pytest.mark.parametrize(("detector", "bit"), [("clock", 4), ("temperature", 5), ("voltage", 6)])
def test_detectors_inside_the_chip(snvs, detector, bit):
    snvs.detect(detector)
    assert snvs.read(LPSR, 4) == 0
    snvs.write(LPTDCR, 4, 1 << bit)
    snvs.write(HPSICR, 4, 1 << 31)
    snvs.detect(detector)
    assert snvs.read(LPSR, 4) == 1 << bit
    assert level(snvs, "HP_TZ")
    with pytest.raises(UsageError, match="no detector `light`"):
        snvs.detect("light")


def test_an_overrun_is_a_violation_only_where_it_is_set_so(snvs):
    snvs["LPSR"] |= 1 << 2
    assert not snvs.read(HPSVSR, 4) & LP_SEC_VIO
    snvs.write(LPTDCR, 4, 1 << 2)
    assert snvs.read(HPSVSR, 4) & LP_SEC_VIO


def test_locked_detectors_stay_as_they_are(snvs):
    snvs.write(LPTDCR, 4, 1 << 9)
    snvs.write(HPLR, 4, 1 << 8)
    snvs.write(LPTDCR, 4, 0)
    snvs.write(LPTDC2R, 4, 1)
    assert (snvs.read(LPTDCR, 4), snvs.read(LPTDC2R, 4)) == (1 << 9, 0)


def test_a_fresh_battery_shows_a_violation(snvs):
    snvs.lose_battery()
    assert snvs.read(HPSVSR, 4) & LP_SEC_VIO
    assert snvs.read(LPTDCR, 4) == 0


def test_there_are_ten_tamper_pins(snvs):
    with pytest.raises(TypeError, match="no input 11"):
        snvs.on_input(11, True)


def test_round_trip_in_mid_press_with_an_active_pin(snvs):
    snvs.on_input(2, False)
    press(snvs, 20 * MS)
    saved = snvs.save()
    other = Snvs(FakeHost(), "other")
    other.host.time_ns = snvs.host.time_ns
    other.restore(saved)
    assert other.read(HPSR, 4) & BTN
    other.host.run_for(30 * MS)
    assert other.read(LPSR, 4) & SPOF
    other.write(LPTDCR, 4, 1 << 10)
    assert other.read(LPSR, 4) & 1 << 10
