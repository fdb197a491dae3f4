"""The timing lab on recordings with known values: figures, worst instances, and no pass without evidence."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from timing_recording import (
    CONSUMER,
    MS,
    POINTS,
    RING,
    RING_BYTES,
    STAMP,
    US,
    WINDOW,
    buffers,
    edge,
    recording,
    samples,
)

from wattbench.core.errors import StimulusError, UsageError, VerdictError
from wattbench.engines.trace import UNKNOWN_NS, TraceKind
from wattbench.labs.timing import (
    Context,
    Series,
    cpu_load,
    deadline,
    deadline_holds,
    exception_load,
    jitter_stays_below,
    lies_within,
    load_by_function,
    load_by_partition,
    load_stays_below,
    measure,
    passages,
    preemptions,
    stays_below,
    write_perfetto,
    write_vcd,
)


class Mains:
    """50 Hz from time 0, and a power that doubles at one second."""

    def rising_crossings(self, phase, from_ns, to_ns):
        assert phase == "L1"
        return np.arange(math.ceil(from_ns / 20e6), math.floor(to_ns / 20e6) + 1) * 20e6

    def injected(self, from_ns, to_ns):
        def energy(at_ns):
            return (at_ns + max(at_ns - 1_000 * MS, 0)) / 1e9

        class Injected:
            def value(self, quantity):
                assert quantity == "active_import_wh"
                return energy(to_ns) - energy(from_ns)

        return Injected()


def context(rec):
    return Context(rec, Mains, lambda kind: 10_000.0)


def of(rec, quantity):
    return measure(context(rec), quantity)


# ---- series and judgements


def test_figures_of_a_series():
    series = of(recording([*samples(5), edge(5 * 125 * US + 300, 0, 0)]), "sample period")
    assert len(series) == 5
    assert (series.least_ns, series.most_ns) == (125_000, 125_300)
    assert series.mean_ns == pytest.approx(125_060)
    assert series.jitter_ns == pytest.approx(240)
    assert series.describe(series.farthest) == "125.3 us at 0.000625300 s, PC 0x00002010, other_work+0x10"
    edges, counts = series.histogram(3)
    assert counts == [4, 0, 1]
    assert edges == pytest.approx([125_000, 125_100, 125_200, 125_300])


def test_equal_values_are_one_bar():
    assert of(recording(samples(5)), "sample period").histogram() == ([124_999.5, 125_000.5], [4])


def test_judgements_pass_and_fail_at_their_limits():
    series = of(recording(samples(20, late={7: 9 * US})), "data ready to chip select")
    assert stays_below(series, 9_001).passed
    assert not stays_below(series, 9_000).passed
    assert not lies_within(series, 1_000, 7_999).passed
    assert lies_within(series, 1_000, 8_000).passed
    assert jitter_stays_below(series, 7_601).passed
    assert not jitter_stays_below(series, 7_600).passed
    with pytest.raises(
        VerdictError, match=r"longest 9 us, limit 5 us; the worst is 9 us at 0.000884000 s, PC .*consume\+0x10"
    ):
        stays_below(series, 5_000).require()


@pytest.mark.parametrize("judge", [stays_below, jitter_stays_below, deadline_holds])
def test_too_few_instances_are_an_error_that_says_what_to_do(judge):
    series = of(recording(samples(6)), "sample period")
    with pytest.raises(
        StimulusError, match=r"5 instances of sample period .* 10 are needed .*does the converter convert"
    ):
        judge(series, 10.0)
    assert judge(series, 1e9 if judge is not deadline_holds else 0, at_least=5).passed
    with pytest.raises(StimulusError, match="0 instances"):
        judge(of(recording([]), "sample period"), 10.0, at_least=0)


def test_a_sample_that_nobody_fetches_fails_whatever_the_limit():
    series = of(recording(samples(20, missing={7, 8, 19})), "data ready to chip select")
    finding = stays_below(series, 1e9)
    assert not finding.passed
    assert "2 of 20 samples were not fetched before the next one, first at 0.000875000 s" in finding.text
    assert len(of(recording(samples(20, missing=range(20))), "data ready to chip select")) == 0


def test_dma_answers_at_once():
    series = of(recording(samples(12)), "data ready to dma")
    assert (len(series), series.most_ns) == (12, 0)


# ---- buffers


@pytest.mark.parametrize("ring", ["", "edma_buffers"])
def test_buffers_with_their_deadline(ring):
    points = replace(POINTS, ring=ring, buffer_bytes=RING_BYTES if ring else 0)
    rec = recording(buffers(20, late={5: 2 * MS}), points=points)
    assert of(rec, "buffer period").most_ns == 3_750_000
    start = of(rec, "buffer to consumer")
    assert (start.most_ns, start.instance(start.longest).time_ns) == (2 * MS, 5 * 3_750_000)
    assert of(rec, "buffer to consumer end").least_ns == 21 * US
    slack = deadline(context(rec), "buffer")
    assert slack.least_ns == 11_250_000 - 2 * MS - 20 * US
    assert deadline_holds(slack, 9_229_000).passed
    finding = deadline_holds(slack, 9_230_000)
    assert "missed 1 times of 20" in finding.text
    assert "its consumer began after 2 ms and took 20 us" in finding.text


@pytest.mark.parametrize("ring", ["", "edma_buffers"])
def test_a_buffer_that_is_worked_off_too_late(ring):
    points = replace(POINTS, ring=ring, buffer_bytes=RING_BYTES if ring else 0)
    late = {5: 11_300 * US, 6: 7_600 * US, 7: 3_900 * US, 8: 200 * US}
    rec = recording(buffers(20, late=late, took_ns=10 * US), points=points)
    slack = deadline(context(rec), "buffer")
    worst = slack.instance(slack.shortest)
    assert worst.value_ns == 11_250_000 - 11_310_000
    assert worst.pc == 0x2020, "where the core was when the DMA came round"
    assert not deadline_holds(slack).passed


def test_a_buffer_that_nobody_works_off():
    points = replace(POINTS, ring="edma_buffers", buffer_bytes=RING_BYTES)
    rec = recording(buffers(20, skipped={9}), points=points, end_ns=21 * 3_750_000)
    found = passages(rec)
    lost = [item for item in found if item.begun_ns is None]
    assert [item.completed_ns for item in lost] == [9 * 3_750_000]
    assert lost[0].slack_ns < 0
    finding = deadline_holds(deadline(context(rec), "buffer"))
    assert not finding.passed
    assert "its consumer never began" in finding.text


def test_what_is_still_under_way_at_the_end_is_not_judged():
    rec = recording(buffers(20, skipped={19, 20}), end_ns=20 * 3_750_000 + MS)
    assert len(passages(rec)) == 18


def test_a_consumer_that_never_runs_is_no_pass():
    rec = recording(buffers(12, skipped=range(13)), end_ns=100 * MS)
    assert not deadline_holds(deadline(context(rec), "buffer")).passed
    with pytest.raises(StimulusError, match="is `consume` called for each of them"):
        stays_below(of(rec, "buffer to consumer"), 1e9)


def test_a_ring_that_lies_elsewhere_is_named():
    rec = recording(buffers(8), points=replace(POINTS, ring="edma_buffers", buffer_bytes=64))
    with pytest.raises(StimulusError, match="outside of the ring `edma_buffers` of 4 buffers of 64 bytes"):
        of(rec, "buffer slack")


# ---- windows and crossings


def stamp(n, offset_ns=0):
    return n * 20 * MS + 5 * MS, TraceKind.STORE, {"source": STAMP, "value": round((n * 20e6 + offset_ns) * 0.024)}


def test_window_latency_is_from_the_last_stamp():
    stores = [stamp(n) for n in range(50)]
    windows = [
        (n * 200 * MS + 6 * MS + (MS if n == 3 else 0), TraceKind.STORE, {"source": WINDOW, "value": n})
        for n in range(1, 5)
    ]
    rec = recording(stores + windows)
    latency = of(rec, "window latency")
    assert [round(value / MS) for value in latency.values_ns] == [6, 6, 7, 6]
    assert of(rec, "window period").most_ns == 201 * MS
    assert deadline(context(rec), "window").least_ns == pytest.approx(193 * MS, abs=US)


def test_window_latency_without_stamps_is_against_its_own_pace():
    late = {4: 30 * MS}
    windows = [(n * 200 * MS + late.get(n, 0), TraceKind.STORE, {"source": WINDOW, "value": n}) for n in range(1, 9)]
    rec = recording(windows, end_ns=2_000 * MS, points=replace(POINTS, crossing=""))
    assert [value / MS for value in of(rec, "window latency").values_ns] == [0, 0, 0, 30, 0, 0, 0, 0]


def test_zero_crossings_against_the_mains_less_the_delay():
    stores = [stamp(n, 5_000_000 + (3_000 if n == 20 else 0)) for n in range(1, 40)]
    rec = recording(stores, points=replace(POINTS, crossing_delay_us=5_000))
    series = of(rec, "zero crossing")
    assert len(series) == 39
    assert series.most_ns == pytest.approx(3_000, abs=42)
    assert series.instance(series.longest).time_ns == 20 * 20 * MS + 5 * MS
    assert jitter_stays_below(series, 4_000).passed


def test_what_is_too_early_is_no_short_latency():
    rec = recording([stamp(n, -4_000_000 if n == 7 else 0) for n in range(1, 40)])
    finding = stays_below(of(rec, "zero crossing"), 1_000_000)
    assert not finding.passed
    assert finding.found == pytest.approx(4_000_000, abs=42)


def test_stamps_wrap_with_the_counter():
    points = replace(POINTS, timebase_bits=16, timebase_hz=1e6)
    stores = [
        (n * 20 * MS, TraceKind.STORE, {"source": STAMP, "value": (n * 20_000 + 60_000) % 65536}) for n in range(1, 3)
    ]
    rec = recording(stores, points=points, anchor=((2 * 20_000 + 60_000 + 100) % 65536, 40_100_000), end_ns=100 * MS)
    assert list(of(rec, "zero crossing").values_ns) == [0, 0]


def test_crossings_without_voltage_are_an_error():
    class Dead(Mains):
        def rising_crossings(self, phase, from_ns, to_ns):
            return np.empty(0)

    with pytest.raises(StimulusError, match="no zero crossings"):
        measure(Context(recording([stamp(n) for n in range(9)]), Dead, float), "zero crossing")


# ---- pulses


def test_pulses_against_the_injected_energy():
    """10 000 per kWh: one each 0.1 Wh, so 0.1 s of the first power; the fourth is 2 ms late."""
    late = {4: 2 * MS}
    edges = [n * 100 * MS + 30 * MS + late.get(n, 0) for n in range(1, 10)]
    edges += [1_000 * MS + n * 50 * MS + 30 * MS for n in range(10)]
    rec = recording([], pulses_ns={"active": edges}, began_ns=150 * MS, end_ns=2_000 * MS)
    latency = of(rec, "pulse latency")
    assert len(latency) == 18
    assert latency.instance(latency.longest).value_ns == pytest.approx(32 * MS, abs=2)
    assert latency.least_ns == pytest.approx(30 * MS, abs=2)
    jitter = of(rec, "pulse jitter[active]")
    assert sorted(round(value / MS) for value in jitter.values_ns)[::16] == [-2, 2]
    assert of(rec, "pulse period[active]").least_ns == 50 * MS


def test_a_pulse_without_its_energy():
    rec = recording([], pulses_ns={"active": [1 * MS, 2 * MS]}, end_ns=10 * MS)
    with pytest.raises(StimulusError, match="energy was not injected"):
        of(rec, "pulse latency")


# ---- interrupts


def enter(time_ns, number, since_ns=UNKNOWN_NS, inside=0, pc=0x2010):
    return time_ns, TraceKind.ENTER, {"value": number, "since_ns": since_ns, "source": inside, "pc": pc}


def leave(time_ns, number, to=0):
    return time_ns, TraceKind.LEAVE, {"value": number, "source": to}


INTERRUPTS = [
    enter(1_000, 22, 900), leave(1_500, 22),
    enter(2_000, 14, 2_000), enter(2_100, 22, 2_100, 14), leave(2_400, 22, 14), leave(2_900, 14),
    enter(3_000, 14, 2_990), enter(4_000, 22, 3_100, 14), leave(4_100, 22, 14), leave(4_100, 14),
    enter(4_100, 15, 4_050), leave(4_200, 15), enter(5_000, 22),
]  # fmt: skip


def test_latency_by_source_with_what_it_waited_for():
    rec = recording(INTERRUPTS)
    every = of(rec, "interrupt latency")
    assert list(every.values_ns) == [100, 0, 900, 50], "those with a known rise; PendSV is no interrupt"
    assert (
        every.describe(2) == "900 ns at 0.000004000 s, PC 0x00002010, other_work+0x10 (buffer (IRQ 6), inside PendSV)"
    )
    assert every.instance(3).note == "SysTick, behind PendSV"
    for name in ("buffer", "IRQ 6", "6", "irq6"):
        assert list(of(rec, f"interrupt latency[{name}]").values_ns) == [100, 0, 900]
    assert list(of(rec, "interrupt latency[PendSV]").values_ns) == [0, 10]


def test_preemption_and_times():
    rec = recording(INTERRUPTS)
    assert list(of(rec, "interrupt time[buffer]").values_ns) == [500, 300, 100]
    held = of(rec, "preemption[pendsv]")
    assert list(held.values_ns) == [300, 100]
    assert held.instance(0).note == "buffer (IRQ 6) 300 ns"
    first = preemptions(rec)[0]
    assert (first.interrupted, first.by, first.count, first.longest_ns) == ("thread", "PendSV", 2, 1_100)
    share = exception_load(rec)["PendSV"]
    assert share == pytest.approx(100 * (600 + 1_000) / 1_000 / MS)


def test_unknown_sources_are_named():
    with pytest.raises(UsageError, match=r"no exception `bufer` \(did you mean `buffer`\?\)"):
        of(recording(INTERRUPTS), "interrupt latency[bufer]")
    with pytest.raises(UsageError, match=r"say whose preemption"):
        of(recording(INTERRUPTS), "preemption")


# ---- load


def load(window, bucket, instructions):
    return (
        (window + 1) * 10 * MS,
        TraceKind.LOAD,
        {"since_ns": window * 10 * MS, "source": bucket, "value": instructions},
    )


LOADS = [
    load(0, 0, 500_000),
    load(0, 2, 1_000_000),
    load(1, 0, 2_500_000),
    load(1, 0, 500_000),
    load(1, 0xFFFFFFFF, 50_000),
]
"""At 500 MIPS a window of 10 ms holds 5 000 000."""


def test_load_in_windows_by_function_and_partition():
    rec = recording(LOADS, end_ns=40 * MS)
    windows = cpu_load(rec, over_ns=10 * MS)
    assert [round(item.percent, 6) for item in windows.windows] == [30, 61, 0, 0]
    assert windows.worst.pc == 0x1000
    assert cpu_load(rec).mean_percent == pytest.approx(91 / 4)
    assert [round(item.percent, 6) for item in cpu_load(rec, "consume", 20 * MS).windows] == [35, 0]
    assert load_by_function(rec) == pytest.approx({"consume": 17.5, "other_work": 5, "0x00000000": 0.25})
    assert load_by_partition(rec) == pytest.approx({"metering": 22.5, "flash": 0, "the rest": 0.25})
    finding = load_stays_below(windows, 61)
    assert not finding.passed
    assert "61 % from 0.010000000 s on for 10 ms, most of it in the code at PC 0x00001000, consume" in finding.text
    assert load_stays_below(windows, 61.01).passed


def test_a_loop_that_nothing_can_end_is_load():
    loop = (35 * MS, TraceKind.LOOP, {"since_ns": 15 * MS, "pc": 0x2004, "value": 0})
    idle = (39 * MS, TraceKind.LOOP, {"since_ns": 36 * MS, "pc": 0x2004, "value": 1})
    windows = cpu_load(recording([loop, idle], end_ns=40 * MS), "other_work", 10 * MS).windows
    assert [item.percent for item in windows] == [0, 50, 100, 50]


@pytest.mark.parametrize(
    ("what", "over_ns", "error", "message"),
    [
        ("cosume", 0, UsageError, r"no partition, function, source .*did you mean `consume`"),
        ("", 15 * MS, UsageError, "recorded in windows of 10 ms; 15 ms is no multiple"),
        ("", 50 * MS, StimulusError, "40 ms were recorded, less than the window of 50 ms"),
        ("0x20-0x10", 0, UsageError, "are empty"),
    ],
)
def test_loads_that_cannot_be_judged(what, over_ns, error, message):
    with pytest.raises(error, match=message):
        cpu_load(recording(LOADS, end_ns=40 * MS), what, over_ns)


# ---- names, and what was not recorded


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        ("sample priod", r"no timing quantity `sample priod` \(did you mean `sample period`\?\)"),
        ("sample period[x]", "no timing quantity"),
        ("function", "say whose function"),
        ("function[consume", "no closing bracket"),
        ("function[nobody]", "`nobody` was not recorded.*recorded are: consume, window"),
        ("pulse latency[heat]", "no heat pulses|say what the heat pulses count"),
    ],
)
def test_quantities_that_do_not_exist(quantity, message):
    with pytest.raises(UsageError, match=message):
        of(recording([]), quantity)


@pytest.mark.parametrize(
    ("missing", "quantity"),
    [
        ("data_ready", "sample period"),
        ("consumer", "buffer slack"),
        ("window", "window period"),
        ("timebase", "zero crossing"),
    ],
)
def test_points_that_the_manifest_does_not_have(missing, quantity):
    rec = recording([], points=replace(POINTS, **{missing: ""}))
    with pytest.raises(UsageError, match=rf"do not say `{missing}`; name it in the table \[timing\]"):
        of(rec, quantity)


def test_parts_that_were_not_recorded():
    rec = recording([])
    rec = replace(rec, request=replace(rec.request, exceptions=False, load_window_ns=0, wires=(), dma=()))
    for quantity, message in (
        ("interrupt latency", "record the part `interrupts`"),
        ("sample period", "`adc.DREADY` was not recorded"),
        ("buffer period", "`dma.6` was not recorded"),
    ):
        with pytest.raises(UsageError, match=message):
            of(rec, quantity)
    with pytest.raises(UsageError, match="record the part `load`"):
        cpu_load(rec)


# ---- files


def test_files_hold_what_was_recorded(tmp_path):
    sleep = [(6_000, TraceKind.SLEEP, {}), (9_000, TraceKind.WAKE, {})]
    call = [(7_000, TraceKind.CALL, {"pc": CONSUMER}), (7_500, TraceKind.RETURN, {"pc": CONSUMER, "since_ns": 7_000})]
    stores = [(8_000, TraceKind.STORE, {"source": STAMP, "value": 77})]
    major = [(8_500, TraceKind.MAJOR, {"source": 0, "value": RING})]
    rec = recording([*INTERRUPTS, *samples(2), *sleep, *call, *stores, *major, *LOADS], end_ns=40 * MS)
    request = replace(rec.request, functions=(CONSUMER,), stores=((STAMP, 4),))
    rec = replace(rec, request=request)
    write_vcd(rec, tmp_path / "t.vcd")
    text = (tmp_path / "t.vcd").read_text(encoding="ascii")
    for line in (
        "$timescale 1 ns $end",
        "adc_DREADY $end",
        "exception $end",
        "consume $end",
        "asleep $end",
        "stamp $end",
    ):
        assert line in text
    assert "#8000\nb1001101 " in text
    assert text.count("\n#") > 10
    write_perfetto(rec, tmp_path / "t.json")
    events = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))["traceEvents"]
    slices = {(event["name"], event["ts"]): event for event in events if event["ph"] == "X"}
    assert slices["buffer (IRQ 6)", 1.0]["dur"] == 0.5
    assert slices["asleep", 6.0]["dur"] == 3.0
    assert slices["consume", 7.0]["dur"] == 0.5
    counters = [event for event in events if event["ph"] == "C" and event["name"] == "stamp"]
    assert [event["args"]["value"] for event in counters] == [77]
    loads = [event["args"]["load"] for event in events if event["ph"] == "C" and event["name"] == "load in %"]
    assert loads == [30.0, 61.0, 0.0, 0.0]


def test_series_of_nothing_has_a_summary():
    assert Series.of("x", (0, 1), [], hex, hint="wait").summary() == "x: none"
