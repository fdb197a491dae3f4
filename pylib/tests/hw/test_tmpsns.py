"""The die's temperature sensor through ANADIG, as NXP's driver uses it."""

import math

import pytest

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.anadig import Anadig
from wattbench.hw.imxrt.tmpsns import READING_CYCLES, RTC_HZ

CTRL1, CTRL1_SET, CTRL1_CLR, RANGE0, RANGE1, STATUS0 = 0x10, 0x14, 0x18, 0x20, 0x30, 0x50
FINISH_IE, LOW_IE, HIGH_IE, PANIC_IE, START, PWD, PWD_FULL = (1 << bit for bit in (16, 17, 18, 19, 22, 23, 31))
FINISH, LOW, HIGH, PANIC = (1 << bit for bit in (16, 17, 18, 19))
READING_NS = math.ceil(READING_CYCLES * 1e9 / RTC_HZ)


@pytest.fixture
def anadig():
    block = Anadig(FakeHost(), "anadig")
    block.reset()
    return block


def ai_write(block, address, data):
    block.write(0x8E0, 4, address)
    block.write(0x8F0, 4, data)
    block.write(0x400, 4, block.read(0x400, 4) ^ 1 << 15)


def ai_read(block, address):
    block.write(0x8E0, 4, 1 << 16 | address)
    block.write(0x400, 4, block.read(0x400, 4) ^ 1 << 15)
    return block.read(0x910, 4)


def calibration(block):
    return block.read(0x430, 4) >> 10 & 0xFFF


def degrees(block, code):
    """The vendor's inverse of the sensor's law."""
    square = 29.0521 - 4 * 0.002 * (133.6 + calibration(block) - code)
    return (5.39 - math.sqrt(square)) / (2 * 0.002)


def code_of(block, celsius):
    return round(133.6 + calibration(block) - 5.39 * celsius + 0.002 * celsius**2)


def measure(block, more=0):
    """A single reading: the temperature, or None while it is not finished."""
    ai_write(block, CTRL1, more)
    ai_write(block, CTRL1, START | more)
    block.host.run_for(READING_NS)
    status = ai_read(block, STATUS0)
    return degrees(block, status & 0xFFF) if status & FINISH else None


@pytest.mark.parametrize("celsius", [-40, 0, 25, 60.5, 125])
def test_a_single_reading_gives_the_temperature_of_the_die(anadig, celsius):
    anadig.temperature = celsius
    assert anadig.temperature == celsius
    assert measure(anadig) == pytest.approx(celsius, abs=0.1)


def test_reset_values_and_a_sensor_that_is_off(anadig):
    assert (ai_read(anadig, 0x00), ai_read(anadig, CTRL1), ai_read(anadig, STATUS0)) == (0x8020, PWD, 0)
    for off in (PWD, PWD_FULL):
        assert measure(anadig, off) is None


def test_a_reading_takes_its_time_and_start_is_an_edge(anadig):
    ai_write(anadig, CTRL1, START)
    anadig.host.run_for(READING_NS - 1)
    assert not ai_read(anadig, STATUS0) & FINISH
    anadig.host.run_for(1)
    assert ai_read(anadig, STATUS0) & FINISH
    ai_write(anadig, STATUS0, FINISH)
    ai_write(anadig, CTRL1_SET, START)
    anadig.host.run_for(1_000_000_000)
    assert not ai_read(anadig, STATUS0) & FINISH


def test_readings_repeat_after_the_programmed_pause(anadig):
    ai_write(anadig, CTRL1, START | 327)
    anadig.host.run_for(READING_NS)
    ai_write(anadig, STATUS0, FINISH)
    anadig.temperature = 70
    cycle_ns = math.ceil((327 + READING_CYCLES) * 1e9 / RTC_HZ)
    anadig.host.run_for(cycle_ns - 1)
    assert not ai_read(anadig, STATUS0) & FINISH
    anadig.host.run_for(1)
    assert degrees(anadig, ai_read(anadig, STATUS0) & 0xFFF) == pytest.approx(70, abs=0.1)
    ai_write(anadig, STATUS0, FINISH)
    ai_write(anadig, CTRL1_CLR, START)
    anadig.host.run_for(10 * cycle_ns)
    assert not ai_read(anadig, STATUS0) & FINISH


def test_a_sensor_that_is_switched_off_ends_its_reading(anadig):
    ai_write(anadig, CTRL1, START)
    ai_write(anadig, CTRL1_SET, PWD)
    anadig.host.run_for(READING_NS)
    assert not ai_read(anadig, STATUS0) & FINISH


@pytest.mark.parametrize(("celsius", "flags"), [(10, LOW), (50, 0), (85, HIGH), (110, HIGH | PANIC)])
def test_alarms(anadig, celsius, flags):
    ai_write(anadig, RANGE0, code_of(anadig, 80) << 16 | code_of(anadig, 20))
    ai_write(anadig, RANGE1, code_of(anadig, 105))
    anadig.temperature = celsius
    measure(anadig, LOW_IE | HIGH_IE | PANIC_IE)
    assert ai_read(anadig, STATUS0) & (LOW | HIGH | PANIC) == flags
    assert anadig.outputs["TMPSNS"].level == bool(flags)
    assert anadig.outputs["TMPSNS_LOW_HIGH"].level == bool(flags & (LOW | HIGH))
    assert anadig.outputs["TMPSNS_PANIC"].level == bool(flags & PANIC)
    anadig.temperature = 50
    measure(anadig, LOW_IE | HIGH_IE | PANIC_IE)
    assert ai_read(anadig, STATUS0) & (LOW | HIGH | PANIC) == flags, "an alarm stays"
    ai_write(anadig, STATUS0, LOW | HIGH | PANIC)
    assert not any(anadig.outputs[name].level for name in ("TMPSNS", "TMPSNS_LOW_HIGH", "TMPSNS_PANIC"))


def test_limits_that_are_not_set_raise_no_alarm(anadig):
    measure(anadig)
    assert ai_read(anadig, STATUS0) & (LOW | HIGH | PANIC) == 0


def test_finish_interrupts_where_enabled(anadig):
    measure(anadig)
    assert not anadig.outputs["TMPSNS"].level
    ai_write(anadig, CTRL1_SET, FINISH_IE)
    assert anadig.outputs["TMPSNS"].level
    assert not anadig.outputs["TMPSNS_LOW_HIGH"].level
    anadig.reset()
    assert not anadig.outputs["TMPSNS"].level


def test_impossible_temperatures_are_refused(anadig):
    with pytest.raises(ValueError, match="-50 to 150 degrees Celsius, not 1000"):
        anadig.temperature = 1000


def test_the_die_stays_warm_through_a_reset_and_a_round_trip(anadig):
    anadig.temperature = 60
    anadig.reset()
    ai_write(anadig, CTRL1, START)
    saved = anadig.save()
    anadig.host.run_for(READING_NS)
    other = Anadig(FakeHost(), "anadig")
    other.restore(saved)
    other.host.run_for(READING_NS)
    assert degrees(other, ai_read(other, STATUS0) & 0xFFF) == pytest.approx(60, abs=0.1)
