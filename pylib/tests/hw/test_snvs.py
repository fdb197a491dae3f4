from fractions import Fraction

import pytest

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.snvs import Snvs

HPLR, HPCOMR, HPCR, HPSR, HPRTCMR, HPRTCLR, HPTAMR, HPTALR = 0x00, 0x04, 0x08, 0x14, 0x24, 0x28, 0x2C, 0x30
LPCR, LPSR, LPSRTCMR, LPSRTCLR, LPTAR, LPSMCMR, LPSMCLR = 0x38, 0x4C, 0x50, 0x54, 0x58, 0x5C, 0x60
SECOND = 1_000_000_000


@pytest.fixture
def snvs():
    block = Snvs(FakeHost(), "snvs")
    block.reset()
    return block


def lp_count(block):
    return block.read(LPSRTCMR, 4) << 32 | block.read(LPSRTCLR, 4)


def hp_count(block):
    return block.read(HPRTCMR, 4) << 32 | block.read(HPRTCLR, 4)


def irq(block):
    return block.outputs["HP_NON_TZ"].level


def test_hp_counter_counts_exactly_and_only_while_enabled(snvs):
    snvs.host.run_for(SECOND)
    assert hp_count(snvs) == 0
    snvs.write(HPRTCMR, 4, 0x12)
    snvs.write(HPRTCLR, 4, 0xFFFF_8000)
    snvs.write(HPCR, 4, 1)
    snvs.write(HPRTCLR, 4, 0)
    snvs.host.run_for(SECOND - 1)
    assert hp_count(snvs) == 0x12_FFFF_FFFF
    snvs.host.run_for(1)
    assert hp_count(snvs) == 0x13_0000_0000
    snvs.write(HPCR, 4, 0)
    snvs.host.run_for(SECOND)
    assert hp_count(snvs) == 0x13_0000_0000


def test_hp_alarm(snvs):
    snvs.write(HPTALR, 4, 3 * 32768)
    snvs.write(HPCR, 4, 3)
    snvs.host.run_for(3 * SECOND - 1)
    assert not irq(snvs)
    snvs.host.run_for(1)
    assert irq(snvs)
    assert snvs.read(HPSR, 4) & 3 == 1
    snvs.write(HPSR, 4, 1)
    assert not irq(snvs)
    assert snvs.read(HPSR, 4) & 3 == 0


def test_periodic_interrupt_once_a_second(snvs):
    edges = []
    snvs.outputs["HP_NON_TZ"].connect(lambda level: edges.append(snvs.host.time_ns) if level else None)
    snvs.write(HPCR, 4, 1 | 8 | 14 << 4)
    for _ in range(3):
        snvs.host.run_for(SECOND)
        snvs.write(HPSR, 4, 2)
    assert edges == [SECOND // 2, SECOND * 3 // 2, SECOND * 5 // 2]
    snvs.write(HPCR, 4, 1 | 8 | 4 | 14 << 4)
    snvs.host.run_for(SECOND)
    assert snvs.read(HPSR, 4) & 2
    assert len(edges) == 3


def test_lp_counter_and_alarm_in_seconds(snvs):
    snvs.write(LPSRTCLR, 4, 100 << 15)
    snvs.write(LPTAR, 4, 110)
    snvs.write(LPCR, 4, 0x20 | 1 | 2 | 8)
    snvs.host.run_for(10 * SECOND - 1)
    assert not irq(snvs)
    snvs.host.run_for(1)
    assert irq(snvs)
    assert snvs.outputs["WAKEUP"].level
    snvs.write(LPSR, 4, 1)
    assert not irq(snvs)


@pytest.mark.parametrize("ppm", ["20", "-3.7", "0"])
def test_crystal_error_is_exact_over_a_day(ppm):
    snvs = Snvs(FakeHost(), "snvs", rtc_error_ppm=ppm)
    snvs.reset()
    snvs.write(LPCR, 4, 1)
    snvs.host.run_for(86_400 * SECOND)
    assert lp_count(snvs) == 86_400 * 32_768 * (1 + Fraction(ppm) / 1_000_000) // 1


def test_crystal_error_may_change_while_counting(snvs):
    snvs.write(LPCR, 4, 1)
    snvs.host.run_for(1000 * SECOND + 12_345)
    snvs.rtc_error_ppm = 100
    snvs.host.run_for(10_000 * SECOND)
    expected = Fraction(32_768) * (1000 * SECOND + 12_345) / SECOND + 10_000 * 32_768 * Fraction(1_000_100, 1_000_000)
    assert lp_count(snvs) == expected // 1


@pytest.mark.parametrize(("value", "counts"), [(1, 1), (15, 15), (0x1F, -1), (0x10, -16)])
def test_calibration(snvs, value, counts):
    snvs.write(LPCR, 4, 1 | 1 << 8 | value << 10)
    snvs.host.run_for(3600 * SECOND)
    assert lp_count(snvs) == 3600 * (32_768 + counts)


def test_lp_part_survives_reset_and_not_the_loss_of_its_battery(snvs):
    snvs.write(LPCR, 4, 0x21)
    snvs.write(HPCR, 4, 1)
    snvs.write(0x100, 4, 0xC0FFEE)
    snvs.host.run_for(SECOND // 2)
    snvs.reset()
    snvs.host.run_for(SECOND // 2)
    assert lp_count(snvs) == 32_768
    assert hp_count(snvs) == 0
    assert snvs.read(HPCR, 4) == 0
    assert snvs.read(0x68, 4) == snvs.read(0x90, 4) == 0xC0FFEE
    kept = snvs.save_battery_domain()
    snvs.lose_battery()
    assert lp_count(snvs) == 0
    assert snvs.read(0x100, 4) == 0
    snvs.restore_battery_domain(kept)
    snvs.host.run_for(SECOND)
    assert lp_count(snvs) == 65_536


def test_alarm_set_before_the_reset_still_comes(snvs):
    snvs.write(LPTAR, 4, 2)
    snvs.write(LPCR, 4, 0x23)
    snvs.host.run_for(SECOND)
    snvs.reset()
    snvs.host.run_for(SECOND)
    assert irq(snvs)


def test_overrun_stops_the_counter(snvs):
    snvs.write(LPSRTCMR, 4, 0x7FFF)
    snvs.write(LPSRTCLR, 4, 0xFFFF_8000)
    snvs.write(LPCR, 4, 1)
    snvs.host.run_for(2 * SECOND)
    assert snvs.read(LPSR, 4) & 2
    assert not snvs.read(LPCR, 4) & 1
    assert lp_count(snvs) == 0


def test_monotonic_counter(snvs):
    snvs.write(LPSMCLR, 4, 0)
    assert snvs.read(LPSMCLR, 4) == 0
    snvs.write(LPCR, 4, 4)
    snvs.write(LPSMCLR, 4, 0)
    snvs.write(LPSMCMR, 4, 77)
    assert (snvs.read(LPSMCMR, 4), snvs.read(LPSMCLR, 4)) == (0, 2)
    snvs.write(HPLR, 4, 1 << 4)
    snvs.write(LPSMCLR, 4, 0)
    assert snvs.read(LPSMCLR, 4) == 2


def test_locks_hold_until_reset(snvs):
    snvs.write(0x100, 4, 1)
    snvs.write(HPLR, 4, 1 << 5 | 1 << 2)
    snvs.write(HPLR, 4, 0)
    snvs.write(0x100, 4, 2)
    snvs.write(0x90, 4, 3)
    snvs.write(0x68, 4, 4)
    snvs.write(LPSRTCLR, 4, 5)
    snvs.write(LPCR, 4, 1)
    assert snvs.read(0x100, 4) == 1
    assert lp_count(snvs) == 0
    assert not snvs.read(LPCR, 4) & 1
    snvs.reset()
    snvs.write(0x94, 4, 6)
    assert snvs.read(0x104, 4) == 6


def test_hp_counter_takes_over_the_lp_counter(snvs):
    snvs.write(LPSRTCMR, 4, 3)
    snvs.write(LPCR, 4, 1)
    snvs.write(HPCR, 4, 1 | 1 << 16)
    assert hp_count(snvs) == 3 << 32
    assert snvs.read(HPCR, 4) == 1


def test_power_off_request_and_lp_reset(snvs):
    snvs.write(LPCR, 4, 0x40)
    assert snvs.outputs["PMIC_ON_REQ"].level
    snvs.write(LPCR, 4, 0x60)
    assert not snvs.outputs["PMIC_ON_REQ"].level
    snvs.write(0x100, 4, 9)
    snvs.write(HPCOMR, 4, 1 << 4)
    assert snvs.read(0x100, 4) == 0


def test_glitch_filters_and_wire_meshes_are_counted_as_not_modelled(snvs):
    snvs.write(0x44, 4, 1 << 7)
    snvs.write(0x48, 4, 1 << 7)
    assert snvs.host.unmodelled_accesses["snvs", "write LPTGFCR value 0x80"] == 1
    assert snvs.host.unmodelled_accesses["snvs", "write LPTDCR value 0x80"] == 1


def test_round_trip_in_mid_tick(snvs):
    snvs.write(LPTAR, 4, 1)
    snvs.write(LPCR, 4, 3)
    snvs.write(HPCR, 4, 1 | 8 | 14 << 4)
    snvs.host.run_for(SECOND // 3)
    saved = snvs.save()
    other = Snvs(FakeHost(), "other")
    other.host.time_ns = snvs.host.time_ns
    other.restore(saved)
    for block in (snvs, other):
        block.host.run_for(SECOND - SECOND // 3 - 1)
    assert lp_count(other) == lp_count(snvs) == 32_767
    assert other.read(HPSR, 4) & 2
    other.host.run_for(1)
    assert other.read(LPSR, 4) & 1


def test_crystal_is_a_parabola_over_temperature():
    snvs = Snvs(FakeHost(), "snvs", rtc_error_ppm="2")
    snvs.reset()
    snvs.write(LPCR, 4, 1)
    expected = Fraction(0)
    for degrees_c, ppm in ((25, "2"), (55, "-28.6"), (-15, "-52.4"), (23, "1.864")):
        snvs.rtc_temperature_c = degrees_c
        assert snvs.crystal_error_ppm == Fraction(ppm)
        snvs.host.run_for(1000 * SECOND)
        expected += 1000 * 32_768 * (1 + Fraction(ppm) / 1_000_000)
        assert lp_count(snvs) == expected // 1


def test_temperature_of_the_crystal_is_saved():
    host = FakeHost()
    snvs = Snvs(host, "snvs")
    snvs.reset()
    snvs.rtc_temperature_c = -10
    saved = snvs.save()
    snvs.rtc_temperature_c = 40
    snvs.restore(saved)
    assert snvs.rtc_temperature_c == -10
