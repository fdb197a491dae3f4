"""The keywords of power quality on the firmware's own code: they pass what is right, nothing without its stimulus."""

from types import SimpleNamespace

import pytest
from quality_bench import QualityBench
from robot.libdocpkg import LibraryDocumentation

from wattbench.report.page import to_page
from wattbench.robot import session

START = "T\n    Load Product    {product}\n    Set Balanced Load    230    0\n"
BEGIN = "    Begin Power Quality Observation\n"


@pytest.fixture(autouse=True)
def quality(monkeypatch, fakes, tmp_path):
    monkeypatch.setattr(QualityBench, "folder", tmp_path)
    monkeypatch.setattr(session, "Bench", SimpleNamespace(load=QualityBench))


def case(run, body, product="good"):
    outcome = run(START.format(product=product) + body)
    (result,) = outcome.cases
    return result, outcome


PASSING = {
    "a dip": BEGIN
    + "    Dip Voltage    all    40    200 ms    angle=30\n    ${s}=    Observe Power Quality For    0.5\n"
    "    ${e}=    Firmware Events Should Match Reference    ${s}    duration_cycles=0.25\n"
    "    Length Should Be    ${e}    1\n"
    "    Firmware Event Should Match    ${s}    dip    duration=200 ms    voltage_percent=40\n"
    "    Half Cycle Voltages Should Match Reference    ${s}",
    "a swell of class S": "    Use Power Quality Class    S\n" + BEGIN + "    Dip Voltage    L3    118    200 ms\n"
    "    ${s}=    Observe Power Quality For    0.5\n    Firmware Events Should Match Reference    ${s}\n"
    "    Firmware Event Should Match    ${s}    swell    voltage_percent=118    phase=L3",
    "nothing": BEGIN + "    ${s}=    Observe Power Quality For    0.5\n    Firmware Should Report No Event    ${s}",
    "states": BEGIN + "    Reverse Phase Sequence\n    Reverse Phase Sequence    at=2.6\n"
    "    ${s}=    Observe Power Quality For    3.5\n"
    "    Firmware State Should Have Lasted    ${s}    reversed sequence    2 s\n"
    "    Phase Sequence Should Be    forward",
    "reversed": "    Reverse Phase Sequence\n    Phase Sequence Should Be    reversed",
    "unbalance": "    Set Unbalance    230    3    2\n    Unbalance Should Be    3    2",
    "voltages": "    Set Phase    L2    voltage=200\n    Voltages Should Match Reference",
    "frequency": "    Set Frequency    50.7\n    Frequency Should Match Reference",
    "harmonics": "    Add Harmonic    L1    voltage    9    4    angle=77\n"
    "    Harmonics Should Match Reference    L1    voltage",
    "currents": "    Set Phase    L2    current=5\n    Add Harmonic    L2    current    5    20\n"
    "    Harmonics Should Match Reference    L2    current    highest=20",
    "signalling": "    Add Harmonic    L1    voltage    6.34    2\n    Run For    1\n"
    "    ${v}=    Reference Signalling Voltage    L1    317    0.8\n    Should Be True    4.3 < ${v} < 4.7",
    "rapid change": "    Run For    1.5\n" + BEGIN + "    Set Phase    L1    voltage=214    at=3.2\n"
    "    ${s}=    Observe Power Quality For    3.5\n    ${n}=    Reference Rapid Changes    ${s}\n"
    "    Should Be Equal As Integers    ${n}    1",
    "flicker": "    Set Flicker    all    1    600\n    Run For    40\n    ${v}=    Reference Flicker    L1    40\n"
    "    Reference Flicker Should Be    ${v}    L1    40",
}


@pytest.mark.parametrize("body", PASSING.values(), ids=PASSING.keys())
def test_right_is_passed(run, body):
    result, _ = case(run, body)
    assert result.status == "passed", result.message


OBSERVE = "    ${s}=    Observe Power Quality For    0.5\n"
FAILING = {
    "no observation": (OBSERVE, "no observation has begun"),
    "no event": (BEGIN + OBSERVE + "    Firmware Events Should Match Reference    ${s}", "no event to judge"),
    "no such event": (BEGIN + OBSERVE + "    Firmware Event Should Match    ${s}    dip", "0 events of kind dip"),
    "an event there": (
        BEGIN + "    Dip Voltage    all    50    100 ms\n" + OBSERVE + "    Firmware Should Report No Event    ${s}",
        "the mains made an event",
    ),
    "no voltage": ("    Set Balanced Load    0    0\n    Voltages Should Match Reference", "no voltage to the meter"),
    "in an event": ("    Set Phase    L1    voltage=100\n" + BEGIN, "in an event already"),
    "too early": ("    Begin Power Quality Observation    settle=0", "unchanged mains before"),
    "too short": (BEGIN + "    Dip Voltage    all    50    450 ms\n" + OBSERVE, "observe for longer"),
    "other unbalance": ("    Set Unbalance    230    3\n    Unbalance Should Be    2", "not of 2"),
    "no sequence": ("    Phase Sequence Should Be    reversed", "does not have a reversed sequence"),
    "no harmonics": ("    Harmonics Should Match Reference    L1    voltage", "no harmonic in the voltage"),
    "no current": ("    Harmonics Should Match Reference    L1    current", "no current to L1"),
    "no change": (
        BEGIN + OBSERVE + "    Firmware State Should Have Lasted    ${s}    phase loss    1 s",
        "did not change",
    ),
    "no class": ("    Use Power Quality Class    B", "A or S"),
    "at the threshold": (
        BEGIN + "    Dip Voltage    all    90    100 ms\n" + OBSERVE
        + "    Firmware Events Should Match Reference    ${s}",
        "away from the threshold",
    ),
    "other duration": (
        BEGIN + "    Dip Voltage    all    50    100 ms\n" + OBSERVE
        + "    Firmware Event Should Match    ${s}    dip    duration=0.2",
        "dip duration, as injected",
    ),
    "other phase": (
        BEGIN + "    Dip Voltage    L2    50    100 ms\n" + OBSERVE
        + "    Firmware Event Should Match    ${s}    dip    phase=L1",
        "was in L2, not in L1",
    ),
    "flicker": (
        "    Set Flicker    all    1    600\n    Run For    40\n    Reference Flicker Should Be    1    L1    40",
        "Pst L1",
    ),
    "not so long ago": ("    Run For    1\n    Reference Flicker    L1    40", "only 1 s have passed"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "message"), FAILING.values(), ids=FAILING.keys())
def test_nothing_passes_without_its_stimulus(run, body, message):
    result, _ = case(run, body)
    assert result.status == "failed"
    assert message in result.message


SLOWLY = (
    BEGIN + "    ${t}=    Virtual Time\n    Dip Voltage    all    70    200 ms    at=${t}\n"
    "    Dip Voltage    all    91    300 ms    at=${t + 0.2}\n    ${s}=    Observe Power Quality For    0.8\n"
    "    Firmware Events Should Match Reference    ${s}"
)


def test_a_meter_without_hysteresis_is_convicted(run):
    assert case(run, SLOWLY)[0].status == "passed"
    result, outcome = case(run, SLOWLY, "no hysteresis")
    assert result.status == "failed"
    assert [item.quantity for item in outcome.judgements if not item.passed] == ["dip L1 duration"]


def test_a_firmware_without_power_quality_is_named(run):
    result, _ = case(run, BEGIN, "silent")
    assert "computes no voltage events" in result.message
    result, _ = case(run, "    Run For    2\n    Reference Signalling Voltage    L1    317    1", "silent")
    assert result.status == "passed", result.message


def test_the_report_has_the_course_and_its_events(run):
    body = BEGIN + "    Dip Voltage    L1    60    200 ms    at=1\n    ${s}=    Observe Power Quality For    0.9\n"
    _, outcome = case(run, body)
    assert [trace.quantity for trace in outcome.traces] == ["Urms(1/2) L1"]
    trace = outcome.traces[0]
    (expected,), (found,) = trace.injected_events, trace.measured_events
    assert found[2] == expected[2] == "dip"
    assert found[:2] == pytest.approx(expected[:2], abs=2e-3)
    assert min(trace.measured) == pytest.approx(138, abs=0.5)
    page = to_page(outcome)
    assert "Shaded: events of the reference" in page
    assert ">dip<" in page


def test_every_keyword_is_documented():
    library = LibraryDocumentation("wattbench.robot.PowerQuality")
    assert len(library.keywords) >= 17
    assert all(keyword.doc for keyword in library.keywords)
