"""Periods, demand, load profile, events and what outlives a power failure, cycle by cycle on this computer."""

from __future__ import annotations

import ctypes
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from native_records import NativeRecords, load

INCOMPLETE, CLOCK_SET, POWER_FAIL, SUMMER, INVALID, DATA_LOST, SHIFTED, PHASE_LOST, CHANGED = (
    1 << bit for bit in range(9)
)
PROFILE, DEMAND = 0, 1
POWER_UP, POWER_DOWN, CLOCK_OLD, CLOCK_NEW, SHIFT, LOST, CALIBRATED, DST, RESET, PERIOD = range(1, 11)
PHASE_GONE, PHASE_BACK, OPENED, CLOSED, STORAGE = range(11, 16)
NS = 1_000_000_000
DEMANDS = ctypes.c_double


def utc(*parts):
    return int(datetime(*parts, tzinfo=UTC).timestamp())


NOON = utc(2026, 6, 1, 12)
WINTER_NOON = utc(2026, 1, 15, 12)


@pytest.fixture
def meter(tmp_path: Path) -> NativeRecords:
    made = NativeRecords(tmp_path)
    for use in (PROFILE, DEMAND):
        assert made.library.intervals_set_period(use, 60)
    assert made.library.demand_configure(60, 1)
    return made


def last(meter):
    return meter.numbers("meter_demand_last", DEMANDS, 4)


def maximum(meter):
    return meter.numbers("meter_demand_max", DEMANDS, 4)


def ends(meter):
    return [record.utc_s + record.utc_ms / 1000 for record in meter.profile()]


def test_periods_are_cut_at_the_boundary_inside_a_cycle(meter):
    """The clock is set so that boundaries lie 7 ms into a cycle: the registers there are exact to a nano unit."""
    meter.watts, meter.vars = [3000.0, 2000.0, 1000.0], [300.0, 0.0, 0.0]
    meter.set(WINTER_NOON - 1.993)
    meter.run(130)
    first, second, third = meter.profile()[-3:]
    assert [record.utc_s - WINTER_NOON for record in (first, second, third)] == [0, 60, 120]
    assert [record.flags for record in (first, second, third)] == [INCOMPLETE | CLOCK_SET, 0, 0]
    for before, after in ((first, second), (second, third)):
        assert after.energy[0] - before.energy[0] == pytest.approx(6000 * 60 / 3600 * 1e9, abs=3)
        assert after.energy[2] - before.energy[2] == pytest.approx(300 * 60 / 3600 * 1e9, abs=3)
        assert after.energy[1] == after.energy[4] == 0
    assert last(meter) == pytest.approx([6000, 0, 300, 0], abs=1e-3)
    assert meter.number("meter_demand_last_utc_s", ctypes.c_int64) == WINTER_NOON + 120
    assert meter.number("meter_demand_last_flags") == 0


def test_quadrants_and_directions(meter):
    meter.set(NOON - 1)
    meter.run(1.1)
    for watts, var in ((600.0, 60.0), (-600.0, 60.0), (-600.0, -60.0), (600.0, -60.0)):
        meter.watts, meter.vars = [watts, 0, 0], [var, 0, 0]
        meter.run(60)
    assert last(meter)[0] == pytest.approx(600, rel=0.01)
    records = meter.profile()[-5:]
    steps = [[after.energy[i] - before.energy[i] for i in range(6)] for before, after in pairwise(records)]
    for kind, step in ((2, steps[0]), (3, steps[1]), (4, steps[2]), (5, steps[3])):
        assert step[kind] == pytest.approx(1e9, rel=0.01)
    assert [step[0] > 9e9 for step in steps] == [True, False, False, True]
    assert [step[1] > 9e9 for step in steps] == [False, True, True, False]


def test_boundaries_are_whole_periods_of_local_standard_time(meter):
    """With half an hour of offset an hour ends at half past in UTC, summer time or not."""
    zone = (ctypes.c_int32 * 8)(19800)
    meter.library.timekeeping_set_zone(ctypes.byref(zone))
    meter.library.intervals_set_period(PROFILE, 3600)
    meter.set(NOON - 1)
    meter.run(2)
    assert ends(meter)[-1] != NOON
    meter.set(NOON + 1799)
    meter.run(2)
    assert ends(meter)[-1] == NOON + 1800


@pytest.mark.parametrize("forward", [600.0, 20.25, -600.0, -20.25])
def test_a_setting_ends_the_periods_and_loses_no_energy(meter, forward):
    meter.watts = [6000.0, 0.0, 0.0]
    meter.set(WINTER_NOON - 10)
    meter.run(30)
    count = len(meter.profile())
    old = meter.utc_ns()
    meter.set(old / NS + forward)
    assert len(meter.profile()) == count
    meter.run(70)
    cut, *rest = meter.profile()[count:]
    assert cut.utc_s + cut.utc_ms / 1000 == pytest.approx(old / NS, abs=1.1e-3)
    assert cut.flags == INCOMPLETE | CLOCK_SET
    assert rest[0].flags == INCOMPLETE | CLOCK_SET
    begin = old / NS + forward
    boundary = (int(begin) // 60 + 1) * 60
    assert rest[0].utc_s == boundary
    assert rest[0].energy[0] - cut.energy[0] == pytest.approx(6000 * (boundary - begin) / 3600 * 1e9, abs=200)
    assert maximum(meter)[0] <= 6000 * (1 + 1e-9)
    assert (CLOCK_OLD, int(forward)) in [event[1:] for event in meter.events()]


def test_two_settings_within_a_cycle(meter):
    meter.watts = [6000.0, 0.0, 0.0]
    meter.set(WINTER_NOON - 10)
    meter.run(12)
    count = len(meter.profile())
    meter.set(WINTER_NOON + 1000)
    meter.set(WINTER_NOON + 2030)
    meter.run(31)
    cut, after = meter.profile()[count:]
    assert cut.utc_s == WINTER_NOON + 2
    assert after.utc_s == WINTER_NOON + 2040
    assert after.energy[0] - cut.energy[0] == pytest.approx(6000 * 10 / 3600 * 1e9, rel=1e-6)


def test_seeded_bug_stretches_the_demand(tmp_path):
    demands = []
    for defines in ((), ("SEEDED_TIME_BUGS=1",)):
        meter = NativeRecords(tmp_path, defines)
        meter.library.demand_configure(60, 1)
        meter.watts = [6000.0, 0.0, 0.0]
        meter.set(WINTER_NOON - 50)
        meter.run(40)
        meter.set(WINTER_NOON - 50)
        meter.run(51)
        demands.append(last(meter)[0])
    assert demands == pytest.approx([5000, 9000], rel=1e-6)


def test_sliding_demand(meter):
    assert meter.library.demand_configure(180, 3)
    meter.set(WINTER_NOON - 1)
    meter.run(1)
    shown = []
    for watts in (3000.0, 6000.0, 9000.0, 0.0, 0.0):
        meter.watts = [watts, 0, 0]
        meter.run(60)
        shown.append(last(meter)[0])
    assert shown == pytest.approx([1000, 3000, 6000, 5000, 3000], rel=1e-5)
    assert maximum(meter)[0] == pytest.approx(6000, rel=1e-5)
    assert meter.numbers("meter_demand_max_utc_s", ctypes.c_int64, 4)[0] == WINTER_NOON + 180
    meter.set(WINTER_NOON + 1000)
    meter.watts = [3600.0, 0, 0]
    meter.run(21)
    assert last(meter)[0] == pytest.approx(3600 * 20 / 180, rel=1e-3), "what was before the setting has slid on"


def test_demand_reset(meter):
    meter.watts = [6000.0, 0, 0]
    meter.set(WINTER_NOON - 5)
    meter.run(66)
    assert maximum(meter)[0] == pytest.approx(6000, rel=1e-6)
    meter.library.demand_reset()
    assert maximum(meter) == [0, 0, 0, 0]
    assert meter.number("meter_demand_resets") == 1
    assert meter.events()[-1][1:] == (RESET, 1)
    meter.watts = [600.0, 0, 0]
    meter.run(60)
    assert 600 < maximum(meter)[0] < 6000


@pytest.mark.parametrize(("period", "parts"), [(0, 1), (60, 0), (90, 1), (900, 16), (900, 7), (420, 1), (60, 2)])
def test_impossible_periods_are_refused(meter, period, parts):
    assert not meter.library.demand_configure(period, parts)
    assert meter.number("meter_demand_period_s") == 60


def test_new_length_of_the_period(meter):
    meter.set(WINTER_NOON - 5)
    meter.run(10)
    assert meter.library.intervals_set_period(PROFILE, 900)
    assert meter.profile()[-1].flags == INCOMPLETE | CHANGED
    assert meter.events()[-1][1:] == (PERIOD, 900)
    meter.set(WINTER_NOON + 899)
    meter.run(2)
    assert ends(meter)[-1] == WINTER_NOON + 900


def test_power_failure_inside_a_period(meter):
    meter.watts = [6000.0, 0, 0]
    meter.set(NOON - 1)
    meter.run(21)
    meter.put("rig_supply_good", False)
    meter.put("rig_inputs_changed", True)
    meter.run(0.04)
    before = meter.energies()
    later = meter.after_power_failure(20)
    assert later.energies() == before
    assert later.number("meter_clock_valid") == 1
    assert later.utc_ns() / NS == pytest.approx(NOON + 40, abs=0.05)
    later.watts = [6000.0, 0, 0]
    later.run(81)
    flags = [record.flags for record in later.profile()[-2:]]
    assert flags == [INCOMPLETE | POWER_FAIL | SUMMER, SUMMER]
    assert ends(later)[-2:] == [NOON + 60, NOON + 120]
    energy = [record.energy[0] for record in later.profile()[-3:]]
    assert energy[1] - energy[0] == pytest.approx(6000 * 40 / 3600 * 1e9, rel=2e-3)
    assert energy[2] - energy[1] == pytest.approx(6000 * 60 / 3600 * 1e9, abs=3)
    assert [event[1] for event in later.events()[-2:]] == [POWER_DOWN, POWER_UP]
    assert later.events()[-1] == (NOON + 40, POWER_UP, 20)


def test_power_failure_across_boundaries(meter):
    meter.watts = [6000.0, 0, 0]
    meter.set(WINTER_NOON - 1)
    meter.run(21.5)
    later = meter.after_power_failure(130)
    kept = later.energies()
    later.run(40)
    assert ends(later)[-2:] == [WINTER_NOON + 60, WINTER_NOON + 180]
    assert [record.flags for record in later.profile()[-2:]] == [INCOMPLETE | POWER_FAIL] * 2
    assert later.profile()[-2].energy[0] == kept[0]


def test_without_warning_at_most_a_second_is_lost(meter):
    meter.watts = [6000.0, 0, 0]
    meter.set(WINTER_NOON - 1)
    for cycles in range(60):
        meter.cycle()
        later = meter.after_power_failure(5)
        lost = meter.energies()[0] - later.energies()[0]
        assert 0 <= lost <= 6000 / 3600 * 1e9 * 1.001, cycles


@pytest.mark.parametrize("cut", range(0, 1500, 7))
def test_a_write_that_breaks_off_leaves_the_old_or_the_new(tmp_path, cut):
    """The supply breaks down after `cut` bytes, in the middle of whatever is then being written at a boundary."""
    meter = NativeRecords(tmp_path)
    meter.library.intervals_set_period(PROFILE, 60)
    meter.watts = [6000.0, 0, 0]
    meter.set(WINTER_NOON - 1)
    meter.run(0.98)
    records, events = len(meter.profile()), len(meter.events())
    meter.put("rig_bytes_left", cut, ctypes.c_int64)
    meter.run(0.04)
    meter.library.event_log_add(0x100, 5)
    later = meter.after_power_failure(1)
    assert later.number("meter_clock_valid") == 1
    assert len(later.profile()) in (records, records + 1, records + 2)
    assert len(later.events()) in range(events, events + 4)
    assert later.number("meter_profile_count") == len(later.profile())
    assert later.number("meter_event_count") == len(later.events())
    assert 0 <= meter.energies()[0] - later.energies()[0] <= 2 * 6000 / 3600 * 1e9
    assert later.energies()[0] >= later.profile()[-1].energy[0], "a record is ahead of the registers"
    later.watts = [6000.0, 0, 0]
    later.run(61)
    assert ends(later)[-1] == WINTER_NOON + 60
    energies = [record.energy[0] for record in later.profile()]
    assert energies == sorted(energies)
    assert [end for end in ends(later) if end >= WINTER_NOON] == [WINTER_NOON, WINTER_NOON + 60]


def test_record_with_any_byte_damaged_is_not_taken(tmp_path):
    library = load(tmp_path)
    memory = (ctypes.c_uint8 * 0x40000).in_dll(library, "rig_memory")
    old, new, got = (ctypes.create_string_buffer(content, 21) for content in (b"the old one", b"the new one", b""))
    library.storage_save(3, old, 21)
    library.storage_save(3, new, 21)
    whole = bytes(memory)
    second = 3 * 0x800 + 0x400
    for place in range(second, second + 12 + 24 + 4):
        ctypes.memmove(memory, whole, 0x40000)
        memory[place] ^= 0x40
        assert library.storage_load(3, got, 21)
        assert got.raw == old.raw, place
    ctypes.memmove(memory, whole, 0x40000)
    assert library.storage_load(3, got, 21)
    assert got.raw == new.raw
    assert not library.storage_load(2, got, 21)
    assert not library.storage_load(3, got, 20)


def test_lost_battery_makes_the_clock_invalid_until_it_is_set(meter):
    meter.set(NOON)
    meter.run(1)
    meter.put("rig_session", 0, ctypes.c_uint32)
    later = meter.after_power_failure(50)
    assert later.number("meter_clock_valid") == 0
    assert LOST in [event[1] for event in later.events()]
    later.run(0.1)
    assert not later.library.timekeeping_shift(NS)
    later.set(NOON + 55)
    assert later.number("meter_clock_valid") == 1
    later.run(6)
    assert later.profile()[-2].flags & INVALID
    assert ends(later)[-1] == NOON + 60
    again = later.after_power_failure(10)
    assert again.number("meter_clock_valid") == 1


def test_summer_time_is_an_event_at_its_second(meter):
    change = utc(2026, 3, 29, 1)
    meter.set(change - 3)
    meter.run(5)
    assert [event for event in meter.events() if event[1] == DST] == [(change, DST, 7200)]
    assert meter.number("meter_clock_local_offset_s", ctypes.c_int32) == 7200
    meter.set(utc(2026, 10, 25, 1) - 3)
    meter.run(5)
    assert [event[2] for event in meter.events() if event[1] == DST] == [7200, 3600], "a setting is no change"


def test_summer_time_that_began_without_power_is_an_event(meter):
    meter.set(utc(2026, 3, 29, 0, 59))
    meter.run(1)
    later = meter.after_power_failure(7200)
    later.run(1)
    assert [event[1:] for event in later.events()][-1] == (DST, 7200)


def test_trim_and_shift(meter):
    """A crystal that is 100 ppm fast, trimmed; then half a second is slewed in."""
    meter.ppm = 100
    meter.set(WINTER_NOON)
    assert meter.library.timekeeping_trim(-99_990)
    start = meter.utc_ns()
    meter.run(50)
    assert meter.utc_ns() - start == pytest.approx(50 * NS, abs=70_000)
    assert meter.library.timekeeping_shift(-NS // 2)
    meter.run(26)
    assert meter.utc_ns() - start == pytest.approx(75.5 * NS, abs=80_000)
    assert not meter.library.timekeeping_shift(3 * NS + 1)
    assert not meter.library.timekeeping_trim(500_001)
    assert [event[1] for event in meter.events()[-2:]] == [CALIBRATED, SHIFT]
    assert meter.profile()[-1].flags & SHIFTED
    assert not meter.profile()[-2].flags & SHIFTED


def test_clock_goes_on_over_failures_with_trim_and_shift(meter):
    meter.ppm = -50
    meter.set(WINTER_NOON)
    meter.library.timekeeping_trim(50_003)
    meter.library.timekeeping_shift(2 * NS)
    meter.run(5)
    later = meter.after_power_failure(1000)
    assert later.utc_ns() / NS == pytest.approx(WINTER_NOON + 5 + 1000 + 2, abs=1e-3)


def test_boundaries_pass_without_samples(meter):
    meter.watts = [6000.0, 0, 0]
    meter.set(WINTER_NOON - 2)
    meter.run(1)
    meter.silence(130)
    assert ends(meter)[-3:] == [WINTER_NOON, WINTER_NOON + 60, WINTER_NOON + 120]
    assert list(meter.profile()[-1].energy) == list(meter.profile()[-2].energy)


def test_lost_samples_flag_the_period(meter):
    meter.set(WINTER_NOON - 2)
    meter.run(1)
    meter.put("meter_buffers_lost", 3, ctypes.c_uint32)
    meter.run(2)
    assert meter.profile()[-1].flags == INCOMPLETE | CLOCK_SET | DATA_LOST
    meter.run(60)
    assert meter.profile()[-1].flags == 0


def test_phase_and_cover_events(meter):
    volts = (ctypes.c_double * 3).in_dll(meter.library, "meter_voltage_v")
    meter.set(WINTER_NOON)

    def show(*values):
        volts[:] = values
        meter.put("meter_window_count", meter.number("meter_window_count") + 1, ctypes.c_uint32)
        meter.run(1)

    before = len(meter.events())
    show(230, 230, 230)
    show(230, 0, 230)
    show(230, 110, 230)
    show(230, 120, 230)
    show(0, 0, 0)
    meter.put("rig_cover_open", True)
    meter.put("rig_inputs_changed", True)
    meter.run(1)
    meter.put("rig_cover_open", False)
    meter.put("rig_inputs_changed", True)
    meter.run(1)
    assert [event[1:] for event in meter.events()[before:]] == [
        (PHASE_GONE, 2), (PHASE_BACK, 2), (OPENED, 0), (CLOSED, 0)
    ]  # fmt: skip


def test_voltage_events_are_events_of_the_meter(meter):
    """A dip and a swell with their duration; a phase that is lost has its own event."""
    dip, swell, phase_loss, ring = 1, 2, 4, 32
    kinds = (ctypes.c_uint32 * ring).in_dll(meter.library, "meter_event_kind")
    durations = (ctypes.c_uint64 * ring).in_dll(meter.library, "meter_event_duration_ticks")
    meter.set(WINTER_NOON)
    before = len(meter.events())
    for number, kind, milliseconds in ((30, dip, 250), (31, phase_loss, 9), (32, swell, 1234)):
        kinds[number % ring], durations[number % ring] = kind, 24_000 * milliseconds
        meter.library.voltage_event_over(number)
    assert [event[1:] for event in meter.events()[before:]] == [(0x100 + dip, 250), (0x100 + swell, 1234)]


def test_rings_go_round(meter):
    meter.library.intervals_set_period(PROFILE, 60)
    meter.set(WINTER_NOON)
    meter.run(0.1)
    first = meter.number("meter_profile_count")
    meter.silence(60 * 3600)
    count = meter.number("meter_profile_count")
    assert count - first == 3600
    kept = meter.profile()
    assert len(kept) == 3584
    assert [record.number for record in kept] == list(range(count - 3584, count))
    for value in range(1100):
        meter.library.event_log_add(0x100, value)
    events = meter.events()
    assert len(events) == 1024
    assert [event[2] for event in events] == list(range(76, 1100))
    later = meter.after_power_failure(1)
    assert later.number("meter_profile_count") >= count
    assert later.number("meter_event_count") == meter.number("meter_event_count") + 1


def test_damaged_storage_is_an_event(meter):
    memory = (ctypes.c_uint8 * 0x40000).in_dll(meter.library, "rig_memory")
    for place in range(0, 0x4000, 64):
        memory[place + 20] ^= 0xFF
    later = meter.after_power_failure(1)
    assert STORAGE in [event[1] for event in later.events()]
    assert later.number("meter_storage_faults") > 0
