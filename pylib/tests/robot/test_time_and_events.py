"""The suite of clock and records on firmware with seeded bugs, and what its keywords say of wrong use."""

from __future__ import annotations

from pathlib import Path

import pytest
import robot

from wattbench.report.outcome import read_outcome

SUITE = Path(__file__).parents[3] / "robot_tests" / "metrology" / "time_and_events.robot"
SETTINGS = """\
*** Settings ***
Library    wattbench.robot.Emulation
Library    wattbench.robot.Grid
Library    wattbench.robot.Timekeeping

*** Test Cases ***
T
    Load Product    edge_meter_3p
    Wait Until Ready
    Stop Converters
"""


@pytest.fixture
def run(tmp_path):
    """Runs a suite and gives its outcome."""

    def run(suite, **options):
        out = tmp_path / "out"
        robot.run(str(suite), outputdir=str(out), report="NONE", log="NONE", console="none", **options)
        return read_outcome(out)

    return run


CONVICTED = {
    "Demand Is Not Stretched By A Setting": "demand_maximum active_import 18",
    "Changes Of Summer Time Are Events": "the event log has no dst at 2026-03-29T01:00:00Z with 7200",
    "Phases And Cover Are Watched": "no record that ends at 2026-01-15T12:00:00Z",
}


def test_the_seeded_bugs_are_convicted_by_their_tests(run):
    outcome = run(SUITE, variable=["FIRMWARE:edge_meter_3p_wrong_time"], test=["*Clock And Temperature", *CONVICTED])
    messages = {case.name: case.message for case in outcome.cases}
    assert messages.pop("Clock And Temperature") == ""
    assert messages.keys() == CONVICTED.keys()
    for name, message in CONVICTED.items():
        assert message in messages[name]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    Set Meter Clock    2026-03-29 01:00\n", "2026-03-29T00:59:50Z"),
        ("    Clock Error Should Be Within    duration=3\n", "10 s at least"),
        ("    Clock Error Should Be    1\n", "outside of its limit"),
        ("    Set Crystal Error    rtc    10\n    Clock Error Should Be Within    duration=20\n", "+0.86"),
        ("    Event Should Be Logged    power_up    value=7\n", "events of that name: 2026"),
        ("    Event Should Be Logged    dst\n", "events of that name: none"),
        ("    Event Should Not Be Logged    power_up\n", "has power_up at 2026"),
        ("    Load Profile Should Match Injected    1\n", "has 0 records; 1 periods need 2"),
        ("    Load Profile Flags Should Be    2026-01-01T00:15:00Z    NONE\n", "no record that ends at"),
        ("    Shift Meter Clock    100\n", "`time shift 100` with `error not possible`"),
        ("    Interrupt Power    10 ms\n", "outlasts"),
        ("    Set Crystal Error    rtc    fast\n", "`fast` is no number of ppm"),
    ],
)
def test_wrong_use_and_wrong_clocks_fail_with_their_reason(run, tmp_path, body, message):
    suite = tmp_path / "suite.robot"
    suite.write_text(SETTINGS + body, encoding="utf-8")
    (case,) = run(suite).cases
    assert case.status == "failed"
    assert message in case.message


def test_judgements_go_to_the_report(run, tmp_path):
    suite = tmp_path / "suite.robot"
    suite.write_text(
        SETTINGS + "    Set Crystal Error    rtc    5\n    Clock Error Should Be Within    duration=20\n"
        "    Clock Should Keep Time Over Temperature    -10    50    duration=15\n",
        encoding="utf-8",
    )
    outcome = run(suite)
    (case,) = outcome.cases
    assert (case.status, case.message) == ("passed", "")
    assert [item.error_unit for item in outcome.judgements] == ["s/day", "s/day/K", "s/day/K"]
    assert outcome.judgements[0].error == pytest.approx(5 * 0.0864, abs=1e-3)
    assert all(0 < item.uncertainty < item.limit / 100 for item in outcome.judgements)
