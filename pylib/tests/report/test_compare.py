"""Two runs side by side: what differs is found, what is known is explained."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import robot

from wattbench.cli import main as command
from wattbench.core.errors import SetupError
from wattbench.report.compare import compare
from wattbench.robot.results import ResultsFile, RunFacts, Seen

SUITE = "*** Test Cases ***\nMeters\n    Should Be Equal    ${GOOD}    yes\n"
SEEN = Seen(
    "Suite.Meters",
    2.0,
    [(0.1, "hello"), (0.5, "ready")],
    {"active": [1.0, 1.5]},
    {"energy": [1.5, 0.5], "count": [2]},
    {"energy": "Wh", "reactive": "varh"},
)


@pytest.fixture
def run(tmp_path):
    suite = tmp_path / "suite.robot"
    suite.write_text(SUITE)

    def run(name, seen=SEEN, engine="embedded", good=True):
        folder = tmp_path / name
        value = "yes" if good else "no"
        robot.run(str(suite), outputdir=str(folder), variable=[f"GOOD:{value}"], console="none", report=None, log=None)
        results = ResultsFile(folder)
        results.append(RunFacts(engine, "meter", "meter.elf", "00" * 32))
        results.append(seen)
        return folder

    return run


def texts(comparison):
    return [item.text for item in comparison.differences]


def test_equal_runs_are_equal(run):
    result = compare(run("a"), run("b"))
    assert (result.tests, result.differences) == (1, ())


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"console": [(0.1, "hello"), (0.5, "redy")]}, "console line at 0.500000000 s: 'ready' / 'redy'"),
        ({"console": [(0.1, "hello")]}, "console line at 0.500000000 s: 'ready' / nothing"),
        ({"console": [(0.1, "hello"), (0.6, "ready")]}, "time of line 'ready' at 0.500000000 s: 0.5"),
        ({"pulses": {"active": [1.0]}}, "pulses active, number at 2.000000000 s: 2 / 1"),
        ({"pulses": {"active": [1.0, 1.501]}}, "time of active pulses, largest at 1.500000000 s: 1.5"),
        ({"registers": {"energy": [1.50004, 0.5], "count": [2]}}, "register energy[0] at 2.000000000 s: 1.5 / 1.50004"),
        ({"registers": {"energy": [1.5], "count": [2]}}, "register energy[1] at 2.000000000 s: 0.5 / nothing"),
        ({"registers": {"energy": [1.5, None], "count": [2]}}, "register energy[1] at 2.000000000 s: 0.5 / nothing"),
    ],
)
def test_each_difference_is_found_once(run, changes, text):
    (found,) = texts(compare(run("a"), run("b", replace(SEEN, **changes))))
    assert found.startswith(text)


def test_what_is_no_number_twice_is_equal(run):
    seen = replace(SEEN, registers={"energy": [1.5, None], "count": [2]})
    assert not compare(run("a", seen), run("b", seen)).differences


def test_twenty_ppm_are_equal(run):
    close = replace(SEEN, registers={"energy": [1.50002, 0.5], "count": [2]})
    assert not compare(run("a"), run("b", close)).differences


def test_next_to_nothing_beside_a_large_quantity_is_equal(run):
    def with_reactive(value):
        return replace(SEEN, registers={"energy": [1000.0], "reactive": [value]})

    assert not compare(run("a", with_reactive(0.0001)), run("b", with_reactive(0.01))).differences
    assert compare(run("c", with_reactive(0.0001)), run("d", with_reactive(0.1))).differences


def test_verdicts_are_compared(run):
    (found,) = compare(run("a"), run("b", good=False)).unexplained
    assert (found.kind, found.first, found.second) == ("verdict", "passed", "failed")


def test_known_differences_have_their_reason_between_these_engines_only(run):
    late = replace(SEEN, console=[(0.1, "hello"), (0.50015, "ready")])
    other = compare(run("a"), run("b", late, engine="renode"))
    assert not other.unexplained
    assert "quanta" in other.differences[0].reason
    assert compare(run("c"), run("d", late)).unexplained
    too_late = replace(SEEN, console=[(0.1, "hello"), (0.5003, "ready")])
    assert compare(run("e"), run("f", too_late, engine="renode")).unexplained


def test_a_folder_without_a_run_is_named(run, tmp_path):
    with pytest.raises(SetupError, match="nothing"):
        compare(run("a"), tmp_path / "nothing")


def test_the_verb_ends_with_1_for_a_wrong_firmware(tmp_path, capsys):
    suite = tmp_path / "s.robot"
    suite.write_text(
        "*** Settings ***\nLibrary    wattbench.robot.Emulation\nLibrary    wattbench.robot.Grid\n"
        "*** Variables ***\n${FIRMWARE}    edge_meter_3p\n"
        "*** Test Cases ***\nA\n    Load Product    ${FIRMWARE}\n    Wait Until Ready\n"
        "    Set Balanced Load    230    20\n    Run For    1 s\n"
    )
    words = ["diff-engines", str(suite), "--engines", "embedded", "embedded", "--out", str(tmp_path / "out"), "--json"]
    assert command.main(words) == 0
    assert json.loads(capsys.readouterr().out)["differences"] == []
    assert command.main([*words, "--firmware", "edge_meter_3p", "edge_meter_3p_wrong_calibration"]) == 1
    assert any(item["name"] == "current[1]" for item in json.loads(capsys.readouterr().out)["differences"])


def test_a_suite_that_does_not_exist(capsys):
    assert command.main(["diff-engines", "nowhere.robot"]) == 2
    assert "there is no suite nowhere.robot" in capsys.readouterr().err
