"""The firmware's calendar against Python's, and its rules for summer time against the time zone database."""

from __future__ import annotations

import ctypes
import tempfile
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from native_records import Calendar, DstChange, DstRule, Steering, load

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = int((datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - EPOCH).total_seconds())
NS = 1_000_000_000


@pytest.fixture(scope="module")
def firmware():
    with tempfile.TemporaryDirectory() as folder:
        yield load(Path(folder))


def fields(calendar):
    return tuple(getattr(calendar, name) for name in ("year", "month", "day", "hour", "minute", "second"))


@given(st.integers(0, LAST))
@example(4_107_542_400)  # 2100-03-01, of a century without a leap day
@example(951_782_400)  # 2000-02-29
@example(13_574_563_200)  # 2400-02-29
def test_dates_are_those_of_python(firmware, seconds):
    calendar = Calendar()
    firmware.calendar_from_seconds(seconds, ctypes.byref(calendar))
    moment = EPOCH + timedelta(seconds=seconds)
    assert fields(calendar) == moment.timetuple()[:6]
    assert calendar.weekday == moment.isoweekday() % 7
    assert firmware.calendar_valid(ctypes.byref(calendar))
    assert firmware.calendar_to_seconds(ctypes.byref(calendar)) == seconds


PARTS = st.tuples(
    st.integers(1960, 10005), st.integers(0, 14), st.integers(0, 33), st.integers(0, 25), st.integers(0, 61),
    st.integers(0, 61),
)  # fmt: skip


@given(PARTS)
def test_what_is_no_date_is_refused(firmware, parts):
    try:
        valid = datetime(*parts, tzinfo=UTC).year >= 1970
    except ValueError:
        valid = False
    assert firmware.calendar_valid(ctypes.byref(Calendar(*parts))) == valid


RULES = {
    "Europe/Warsaw": (3600, 2000, DstRule(DstChange(3, 5, 0, 3600), DstChange(10, 5, 0, 3600), True, 3600)),
    "Europe/Lisbon": (0, 2000, DstRule(DstChange(3, 5, 0, 3600), DstChange(10, 5, 0, 3600), True, 3600)),
    "America/New_York": (-18000, 2008, DstRule(DstChange(3, 2, 0, 7200), DstChange(11, 1, 0, 3600), False, 3600)),
    "Australia/Sydney": (36000, 2009, DstRule(DstChange(10, 1, 0, 7200), DstChange(4, 1, 0, 7200), False, 3600)),
    "Asia/Kolkata": (19800, 2000, DstRule(DstChange(3, 5, 0, 0), DstChange(10, 5, 0, 0), True, 0)),
}


@pytest.mark.parametrize("zone", RULES)
def test_summer_time_is_that_of_the_time_zone_database(firmware, zone):
    """Every change of many years to the second, and every quarter of an hour of one."""
    offset_s, first, rule = RULES[zone]
    local = ZoneInfo(zone)

    def same(seconds):
        moment = EPOCH + timedelta(seconds=seconds)
        summer = bool(moment.astimezone(local).dst())
        assert firmware.calendar_is_summer(seconds, offset_s, ctypes.byref(rule)) == summer, moment

    begin = int((datetime(first, 1, 1, tzinfo=UTC) - EPOCH).total_seconds())
    before = None
    for hour in range(0, 24 * 366 * 37, 1):
        seconds = begin + 3600 * hour
        summer = bool((EPOCH + timedelta(seconds=seconds)).astimezone(local).dst())
        if before is not None and summer != before:
            for near in range(-2, 3):
                same(seconds + near)
            same(seconds - 3601)
        before = summer
    for quarter in range(4 * 24 * 366):
        same(begin + 900 * quarter)


COUNTS = st.integers(0, 2**42)


@given(COUNTS, st.integers(-500_000, 500_000), st.integers(0, 10**9))
def test_trimmed_clock_is_a_straight_line(firmware, count, ppb, extra_ns):
    steering = Steering(1 << 40, 10**18, 0, ppb, 1)
    shown = firmware.steering_ns(ctypes.byref(steering), (1 << 40) + count, extra_ns)
    exact = 10**18 + Fraction(count, 32768) * NS * (1 + Fraction(ppb, 10**9)) + extra_ns
    assert abs(shown - exact) < 3


@given(st.integers(-3 * NS, 3 * NS), st.lists(st.integers(1, 32768 * 60), min_size=1, max_size=40))
@settings(max_examples=60)
def test_shift_is_slewed_in_evenly_and_wholly(firmware, shift_ns, steps):
    """No step, never back, at one part in 50; what is left is none after 50 times the shift."""
    steering = Steering(0, 10**18, shift_ns, 0, 1)
    count, before = 0, 10**18
    for step in steps:
        count += step
        now = firmware.steering_ns(ctypes.byref(steering), count, 0)
        elapsed = Fraction(step, 32768) * NS
        assert elapsed * Fraction(49, 50) - 3 <= now - before <= elapsed * Fraction(51, 50) + 3
        before = now
        left = firmware.steering_left_ns(ctypes.byref(steering), count)
        assert now + left == pytest.approx(10**18 + count * NS / 32768 + shift_ns, abs=300)
    assert firmware.steering_left_ns(ctypes.byref(steering), 32768 * 151) == 0


@given(COUNTS, COUNTS, st.integers(-500_000, 500_000), st.integers(-3 * NS, 3 * NS))
def test_moving_the_anchor_changes_nothing(firmware, first, second, ppb, shift_ns):
    steering = Steering(0, 10**18, shift_ns, ppb, 7)
    moved = firmware.steering_anchored(ctypes.byref(steering), first)
    assert moved.session == 7
    one, other = (firmware.steering_ns(ctypes.byref(line), first + second, 0) for line in (steering, moved))
    assert abs(one - other) <= 4
