"""Timing keywords on the reference meter, sound and with seeded bugs."""

from __future__ import annotations

import json

import pytest
import robot

from wattbench.report.outcome import read_outcome
from wattbench.robot.results import FILE_NAME

LIBRARIES = "".join(f"Library    wattbench.robot.{name}\n" for name in ("Emulation", "Grid", "Metering", "Timing"))
START = """
    Load Product    {product}
    Wait Until Ready
    Set Balanced Load    230    60
    Run For    1.5
"""


@pytest.fixture
def run(tmp_path):
    """Runs the body of a test on the meter, and gives its outcome."""

    def run(body, product="edge-meter-3p", start=START):
        text = f"*** Settings ***\n{LIBRARIES}\n*** Test Cases ***\nT\n{start.format(product=product)}{body}\n"
        suite, out = tmp_path / "suite.robot", tmp_path / "out"
        suite.write_text(text, encoding="utf-8")
        (out / FILE_NAME).unlink(missing_ok=True)
        robot.run(str(suite), outputdir=str(out), report="NONE", log="NONE", console="none")
        return read_outcome(out)

    return run


def test_judgements_go_to_the_report(run):
    outcome = run("""
    Start Timing Trace    buffers,interrupts,load,pulses
    Run For    0.5
    Jitter Should Stay Below    buffer period    2 us    at_least=100
    ${left}=    Deadline Should Hold    buffer    5 ms
    Should Be True    0.011 < ${left} < 0.01125
    ${latency}=    Interrupt Latency Should Stay Below    5 us    buffer
    Should Be True    ${latency} < 1e-6
    ${load}=    Cpu Load Should Stay Below    5    of=metrology    over=100 ms
    Should Be True    0 < ${load} < 1
    ${figures}=    Timing Of    buffer to consumer
    Should Be True    ${figures}[count] > 100
    Stop Timing Trace
    Latency Should Stay Below    buffer to consumer    1 ms
    ${pulses}=    Timing Of    pulse period[active]
    Should Be True    ${pulses}[mean] < 0.1
    ${by}=    Cpu Load By Function
    Should Be True    ${by}[metrology_process] > 0.1
    ${by}=    Cpu Load By Exception
    Should Be True    ${by}[PendSV] > 0.1
    Write Timing Trace    ${OUTPUT DIR}${/}t.vcd
""")
    (case,) = outcome.cases
    assert case.status == "passed", case.message
    assert [item.quantity for item in outcome.timings] == [
        "buffer period", "buffer slack", "interrupt latency[buffer]", "CPU load of metrology", "buffer to consumer",
    ]  # fmt: skip
    assert all(item.passed for item in outcome.timings)
    assert outcome.timings[0].count == sum(outcome.timings[0].counts) >= 100
    assert outcome.timings[3].unit == "%"


def test_seeded_bugs_are_convicted_with_time_and_place(run):
    outcome = run(
        """    [Tags]    robot:continue-on-failure
    Start Timing Trace    buffers,interrupts
    Run For    2
    Interrupt Latency Should Stay Below    5 us
    Deadline Should Hold    buffer    5 ms
""",
        "edge-meter-3p-timing-faults",
    )
    (case,) = outcome.cases
    assert case.status == "failed"
    assert not outcome.passed
    latency, slack = outcome.timings
    assert not latency.passed
    assert not slack.passed
    assert latency.found > 100_000
    assert slack.found < 0
    for item in (latency, slack):
        assert "timing_faults.c:" in item.worst
        assert "PC 0x3000" in item.worst
    assert "the deadline was missed" in case.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    Stop Timing Trace", "call the keyword `Start Timing Trace` before"),
        ("    Deadline Should Hold    buffer", "call the keyword `Start Timing Trace` first"),
        ("    Start Timing Trace    bufers", r"no part `bufers` (did you mean `buffers`?)"),
        ("    Start Timing Trace    load    wires=led_status,gpio77.1", "gpio77"),
        ("    Start Timing Trace    load    functions=nothing", "has no symbol `nothing`"),
        ("    Start Timing Trace\n    Latency Should Stay Below    buffer to consumer    1 ms", "0 instances of"),
        ("    Start Timing Trace\n    Latency Should Stay Below    buffer to consumer    fast", "fast"),
        ("    Start Timing Trace\n    Run For    1\n    Deadline Should Hold    lunch", "no deadline of `lunch`"),
        ("    Start Timing Trace    load\n    Run For    0.1\n    Deadline Should Hold    buffer", "was not recorded"),
        (
            "    Start Timing Trace    load\n    Write Timing Trace    ${OUTPUT DIR}${/}t.txt",
            "is written as .vcd or .json",
        ),
        ("    Start Timing Trace    load\n    Cpu Load Should Stay Below    5", "no virtual time was recorded"),
    ],
)
def test_wrong_use_is_one_sentence(run, body, message):
    (case,) = run(body, start="\n    Load Product    {product}\n    Wait Until Ready\n").cases
    assert case.status == "failed"
    assert message in case.message
    assert "Traceback" not in case.message


def test_nothing_passes_on_a_meter_without_load(run):
    outcome = run(
        """    [Tags]    robot:continue-on-failure
    Start Timing Trace
    Run For    0.5
    Latency Should Stay Below    pulse latency[active]    1
    Jitter Should Stay Below    zero crossing    1
    Jitter Should Stay Below    interrupt latency[IRQ 99]    1
""",
        start="\n    Load Product    {product}\n    Wait Until Ready\n",
    )
    (case,) = outcome.cases
    assert outcome.timings == ()
    for text in ("instances of pulse latency", "no zero crossings", "instances of interrupt latency[IRQ 99]"):
        assert text in case.message


def test_another_product_ends_the_trace(run):
    (case,) = run("""
    Start Timing Trace    buffers
    Load Product    edge-meter-3p
    Run Keyword And Expect Error    *no timing trace of this product*    Deadline Should Hold    buffer
    Start Timing Trace    buffers
    Start Timing Trace    load
    Run For    0.1
    Cpu Load Should Stay Below    100
""").cases
    assert case.status == "passed", case.message


def test_the_trace_changes_no_digest(run):
    digests = [run(body + "    Run For    0.2\n").digest for body in ("", "    Start Timing Trace\n")]
    assert digests[0] == digests[1]


def test_perfetto_opens(run, tmp_path):
    (case,) = run("""
    Start Timing Trace
    Run For    0.02
    Write Timing Trace    ${OUTPUT DIR}${/}t.json
""").cases
    assert case.status == "passed", case.message
    events = json.loads((tmp_path / "out" / "t.json").read_text(encoding="utf-8"))["traceEvents"]
    assert {"metrology_process", "buffer (IRQ 6)", "asleep"} <= {event["name"] for event in events}
