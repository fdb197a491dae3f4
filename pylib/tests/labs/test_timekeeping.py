"""The laboratory of clocks: what it computes, and what it finds on the reference meter and on one with seeded bugs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.bench import Bench
from wattbench.core.errors import LimitError, StimulusError, UsageError, VerdictError
from wattbench.labs.grid import Grid
from wattbench.labs.timekeeping import (
    LIMITS,
    ClockVerdict,
    MeterClock,
    Status,
    crystal_error_ppm,
    cut_power,
    interrupt_power,
    judge_profile,
    judge_rate,
    judge_temperature,
    measure_rate,
    measure_reserve,
    parse_utc,
    rate_of,
    read_events,
    read_profile,
    return_power,
    set_clock_temperature,
    set_crystal_error,
    stop_converters,
    utc_text,
)

BUILDS = Path(__file__).resolve().parents[3] / "firmware" / "builds"
NS = 1_000_000_000


# ---- the arithmetic


@given(st.floats(-400, 400), st.integers(10, 400), st.integers(0, 10**12))
def test_rate_of_even_edges_is_exact(ppm, seconds, start):
    period = NS / (1 + ppm * 1e-6)
    rate = rate_of([start + round(n * period) for n in range(seconds + 1)])
    assert rate.seconds == seconds
    assert abs(rate.error_ppm - ppm) <= rate.uncertainty_ppm
    assert rate.s_per_day == pytest.approx(rate.error_ppm * 0.0864)


@given(st.integers(0, 2**32), st.floats(-100, 100), st.integers(20, 200), st.sampled_from([1_000, 30_518, 1_000_000]))
def test_uncertainty_holds_for_jittering_edges(seed, ppm, seconds, jitter_ns):
    """Whatever the edges do within their jitter, the true rate is within the stated uncertainty."""
    noise = np.random.default_rng(seed).integers(0, jitter_ns, seconds + 1)
    period = NS / (1 + ppm * 1e-6)
    rate = rate_of([round(n * period) + int(noise[n]) for n in range(seconds + 1)])
    assert rate.jitter_ns <= 2 * jitter_ns
    assert abs(rate.error_ppm - ppm) <= rate.uncertainty_ppm


def test_a_missing_second_is_no_rate():
    edges = [n * NS for n in range(20) if n != 7]
    with pytest.raises(VerdictError, match=r"lasts 2\.000000 s from 6\.0"):
        rate_of(edges)
    with pytest.raises(StimulusError, match="run longer"):
        rate_of(edges[:5])


def test_a_verdict_needs_an_uncertainty_below_its_limit():
    rate = rate_of([n * NS + (n % 2) * 100_000 for n in range(12)])
    assert rate.uncertainty_s_per_day > 0.5
    with pytest.raises(UsageError, match="measure longer"):
        judge_rate(rate, 0.5)
    exact = rate_of([n * (NS - 5_700) for n in range(12)])
    assert judge_rate(exact, 0.5).passed
    assert not judge_rate(rate_of([n * (NS - 5_900) for n in range(12)]), 0.5).passed


def test_influence_of_temperature_is_judged_per_kelvin():
    rates = {
        celsius: rate_of([round(n * NS / (1 + ppm * 1e-6)) for n in range(60)])
        for celsius, ppm in ((23.0, 1.0), (43.0, -30.0), (-17.0, 75.0))
    }
    verdicts = judge_temperature(rates, 23.0, LIMITS["temperature"].limit)
    assert verdicts[43.0].error == pytest.approx(-31 * 0.0864 / 20, rel=1e-3)
    assert verdicts[43.0].passed
    assert verdicts[-17.0].error == pytest.approx(74 * 0.0864 / 40, rel=1e-3)
    assert not verdicts[-17.0].passed
    with pytest.raises(UsageError, match="23"):
        judge_temperature({43.0: rates[43.0]}, 23.0, 0.15)


@given(st.integers(0, 4_102_444_800_000))
def test_times_are_read_as_they_are_written(ms):
    assert parse_utc(utc_text(ms)) == ms


@pytest.mark.parametrize("text", ["2026-03-29T00:59:50", "2026-03-29T00:59:50+01:00", "noon", "2026-13-01T00:00:00Z"])
def test_only_utc_is_a_time(text):
    with pytest.raises(UsageError, match="2026-03-29T00:59:50Z"):
        parse_utc(text)


def test_limits_say_where_they_come_from():
    assert LIMITS["error"].limit == 0.5
    assert all(limit.standard.startswith("IEC") and limit.certainty in "VM" for limit in LIMITS.values())


# ---- on the reference meter, without metering unless there is a load


@pytest.fixture(scope="module")
def booted():
    with Bench.load(BUILDS / "edge_meter_3p.toml") as bench:
        bench.boot()
        yield bench, bench.save()


@pytest.fixture
def bench(booted):
    loaded, state = booted
    loaded.restore(state)
    return loaded


@pytest.fixture
def still(bench):
    stop_converters(bench)
    return bench


def command(bench, text):
    assert bench.console.command(text) == ["ok"]


def test_crystal_and_temperature_show_in_the_rate(still):
    for ppm, celsius in (("12.5", 25), ("-80", 25), ("0", 65), ("3", -40)):
        set_crystal_error(still, "rtc", ppm)
        set_clock_temperature(still, celsius)
        rate = measure_rate(still, 20)
        expected = float(ppm) - 0.034 * (celsius - 25) ** 2
        assert crystal_error_ppm(still) == pytest.approx(expected)
        assert abs(rate.error_ppm - expected) <= rate.uncertainty_ppm + 1e-3
        assert rate.uncertainty_s_per_day < 0.002
    assert still.model("anadig").temperature == -40


def test_the_processors_crystal_is_no_clock(still):
    set_crystal_error(still, "processor", 500)
    assert abs(measure_rate(still, 30).error_ppm) < 0.1
    still.console.command("status")
    assert still.console.bit_rate_hz(16) == pytest.approx(24e6 * 1.0005 / 16 / 13, rel=20e-6)


def test_trim_and_its_steps(still):
    set_crystal_error(still, "rtc", 37)
    clock = MeterClock(still)
    clock.trim(-36.998632)
    assert still.number("clock_trim") == pytest.approx(-36.999)
    assert abs(measure_rate(still, 60).error_ppm) < 0.01
    with pytest.raises(VerdictError, match=r"time trim 500\.001"):
        clock.trim(500.001)


def test_the_clock_is_followed_over_settings(still):
    clock = MeterClock(still)
    clock.set(parse_utc("2026-03-29T00:59:50.250Z"))
    first_ns = still.now_ns
    clock.run_until(parse_utc("2026-03-29T01:00:03.5Z"))
    assert clock.now_ms() == pytest.approx(parse_utc("2026-03-29T01:00:03.5Z"), abs=1.5)
    shown_ns = clock.instant_ns(parse_utc("2026-03-29T01:00:00Z"))
    assert clock.utc_ms(shown_ns) == pytest.approx(parse_utc("2026-03-29T01:00:00Z"), abs=1e-3)
    clock.set(parse_utc("2026-03-29T00:59:58Z"))
    clock.run_until(parse_utc("2026-03-29T01:00:02Z"))
    again_ns = clock.instant_ns(parse_utc("2026-03-29T01:00:00Z"), shown_ns + 1)
    assert first_ns < shown_ns < again_ns < still.now_ns
    with pytest.raises(VerdictError, match="has not shown 2026-03-29T02"):
        clock.instant_ns(parse_utc("2026-03-29T02:00:00Z"))
    utc_ms, read_ns = clock.read()
    assert clock.utc_ms(read_ns) - utc_ms == pytest.approx(10, abs=11)


def test_a_followed_clock_notices_a_restore(bench, booted):
    stop_converters(bench)
    clock = MeterClock(bench)
    assert clock.is_current
    bench.restore(booted[1])
    assert not clock.is_current


def test_a_clock_without_output_is_named(still):
    still.model("gpio3").outputs[11].set(False)
    still.engine.execute("gpt2 Reset")
    with pytest.raises(LimitError, match="no full seconds"):
        MeterClock(still)


def test_power_failures(still):
    clock = MeterClock(still)
    clock.set(parse_utc("2026-06-01T11:59:30Z"))
    begin = still.now_ns
    interrupt_power(still, 7)
    assert still.now_ns - begin == pytest.approx(7 * NS, abs=0.5 * NS)
    clock.mark()
    utc_ms, _ = clock.read()
    events = read_events(clock, still.clock.events_command, 2)
    assert [event.name for event in events] == ["power_down", "power_up"]
    assert events[1].value == 7
    assert still.number("supply_failures") == 0, "counted since the start"
    interrupt_power(still, 2, warned=False)
    clock.mark()
    assert [event.name for event in read_events(clock, still.clock.events_command, 2)] == ["power_up", "power_up"]
    assert clock.read()[0] > utc_ms
    with pytest.raises(UsageError, match="outlasts"):
        interrupt_power(still, "0.01")


def test_short_dip_of_the_supply_is_an_event_and_no_restart(still):
    supply = still.model("supply")
    supply.fail()
    still.run_for("0.03")
    supply.recover()
    still.run_for("0.03")
    clock = MeterClock(still)
    assert [event.name for event in read_events(clock, "events {count}", 2)] == ["power_down", "power_up"]
    assert still.number("supply_failures") == 1
    assert still.number("buffers_completed") > 0


def test_the_clock_on_its_reserve(still):
    clock = MeterClock(still)
    clock.trim(2)
    set_crystal_error(still, "rtc", 11)
    rate = measure_reserve(still, clock, 86_400)
    assert abs(rate.error_ppm - 13) <= rate.uncertainty_ppm + 1e-4
    assert rate.seconds == pytest.approx(86_401, abs=2)
    assert judge_rate(rate, LIMITS["reserve_error"].limit).error == pytest.approx(13 * 0.0864, abs=1e-3)
    assert not judge_rate(rate, LIMITS["reserve_error"].limit).passed


def test_records_of_a_day_without_power(still):
    clock = MeterClock(still)
    clock.set(parse_utc("2026-06-01T11:59:30Z"))
    cut_power(still)
    still.run_for(86_400)
    return_power(still)
    clock.mark()
    assert utc_text(clock.read()[0]).startswith("2026-06-02T11:59:3")
    assert read_events(clock, "events {count}", 1)[0].value == pytest.approx(86_400, abs=1)
    record = read_profile(clock, "profile {count}", 1)[0]
    assert record.end == "2026-06-01T12:00:00.000Z"
    assert record.status == Status.INCOMPLETE | Status.POWER_FAIL | Status.SUMMER | Status.CLOCK_SET


def test_periods_are_judged_by_the_records_own_stamps(bench):
    grid = Grid(bench)
    grid.set_balanced_load(230, 20, 0.5)
    command(bench, "profile period 1")
    clock = MeterClock(bench)
    clock.set(parse_utc("2026-01-15T11:59:57Z"))
    clock.run_until(parse_utc("2026-01-15T12:01:01Z"))
    records = read_profile(clock, bench.clock.profile_command, 2)
    verdicts = judge_profile(records, clock, grid, 0.001)
    assert all(verdict.passed for verdict in verdicts)
    active = next(verdict for verdict in verdicts if verdict.quantity == "active_import_wh")
    assert active.injected == pytest.approx(115.0, rel=1e-6)
    assert active.error / active.injected == pytest.approx(0, abs=2e-6)
    late = [records[0], records[1].__class__(records[1].number, records[1].utc_ms - 500, *vars_of(records[1]))]
    assert not all(verdict.passed for verdict in judge_profile(late, clock, grid, 0.05))
    with pytest.raises(StimulusError, match="two records"):
        judge_profile(records[:1], clock, grid, 0.05)


def vars_of(record):
    return record.status, record.energies


def test_nothing_injected_says_nothing(still):
    grid = Grid(still)
    command(still, "profile period 1")
    clock = MeterClock(still)
    clock.set(parse_utc("2026-01-15T11:59:57Z"))
    clock.run_until(parse_utc("2026-01-15T12:01:01Z"))
    with pytest.raises(StimulusError, match="nothing was injected"):
        judge_profile(read_profile(clock, "profile {count}", 2), clock, grid, 0.05)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("time set 2026-02-29T00:00:00Z", "error not possible"),
        ("time set 2026-02-28T24:00:00Z", "error not possible"),
        ("time set 2026-02-28T12:00:00", "error not possible"),
        ("time set 2200-01-01T00:00:00Z", "error not possible"),
        ("time shift 1000", "error not possible"),
        ("time trim x", "error not possible"),
        ("time zone 50", "error not possible"),
        ("time nonsense", "error not possible"),
        ("demand period 7", "error not possible"),
        ("demand period 15 16", "error not possible"),
        ("demand reset now", "error not possible"),
        ("profile -1", "error not possible"),
        ("profile period 0", "error not possible"),
        ("events many", "error not possible"),
        ("timer", "error unknown command, try help"),
        ("time zone 19800", "ok"),
        ("time dst off", "ok"),
        ("demand period 60 4", "ok"),
        ("demand period 15 15", "ok"),
    ],
)
def test_shell(still, line, answer):
    assert still.console.command(line) == [answer]


def test_bad_use_is_named(bench):
    with pytest.raises(UsageError, match="did you mean `processor`"):
        set_crystal_error(bench, "procesor", 1)
    with pytest.raises(UsageError, match="ppm"):
        set_crystal_error(bench, "rtc", 1e6)
    with pytest.raises(UsageError, match="not at 200"):
        set_clock_temperature(bench, 200)
    with pytest.raises(UsageError, match="10 s at least"):
        measure_rate(bench, 5)
    assert math.isclose(float(ClockVerdict("q", "s", 0.1, 1.0, 0.0).error), 0.1)


# ---- the seeded bugs


def test_seeded_bugs_are_convicted():
    with Bench.load(BUILDS / "edge_meter_3p_wrong_time.toml") as bench:
        grid = Grid(bench)
        bench.boot()
        grid.set_balanced_load(230, 20)
        command(bench, "profile period 1")
        command(bench, "demand period 1")
        clock = MeterClock(bench)
        clock.set(parse_utc("2026-03-29T00:59:35Z"))
        clock.run_until(parse_utc("2026-03-29T00:59:58Z"))
        clock.set(parse_utc("2026-03-29T00:59:40Z"))
        clock.run_until(parse_utc("2026-03-29T01:00:01Z"))
        assert bench.number("demand_last[active_import]") > 13800 * 0.65, "43 s and 20 s in a period of a minute"
        assert read_profile(clock, "profile {count}", 1)[0].end == "2026-03-29T03:00:00.000Z"
        assert "dst" not in [event.name for event in read_events(clock, "events {count}", 50)]
