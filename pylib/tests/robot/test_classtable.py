"""Keywords of the class table on the emulated meter."""

import pytest
import robot

from wattbench.report.outcome import read_outcome
from wattbench.robot import ClassTable
from wattbench.robot.session import Session

SETTINGS = """\
*** Settings ***
Library    wattbench.robot.Emulation
Library    wattbench.robot.Grid
Library    wattbench.robot.ClassTable

*** Test Cases ***
T
"""
START = "    Load Product    {firmware}\n    Wait Until Ready\n"
TIGHT = """\
[[correction]]
standard = "EN 50470-3"
row = "unity"
class = "C"
percent = 0.1
source = "this test"
"""
UNITY = "EN * unity Imax PF 1 *"


@pytest.fixture
def run(tmp_path):
    """Runs the body of one test on a firmware; gives the outcome."""

    def run(body, firmware="edge_meter_3p", start=START):
        suite = tmp_path / "suite.robot"
        suite.write_text(SETTINGS + start.format(firmware=firmware) + body, encoding="utf-8")
        out = tmp_path / "out"
        robot.run(str(suite), outputdir=str(out), report="NONE", log="NONE", console="none")
        return read_outcome(out)

    return run


def test_points_pass_and_leave_the_meter_as_it_was(run):
    outcome = run(
        "    Plan Class Table    C\n"
        "    ${before}=    Virtual Time\n"
        f"    Class Points Should Pass    {UNITY}    EN * voltage Imax PF 1 * 0.9 Un\n"
        "    ${after}=    Virtual Time\n"
        "    Should Be Equal    ${before}    ${after}\n"
    )
    (case,) = outcome.cases
    assert (case.status, case.message) == ("passed", "")
    assert [item.passed for item in outcome.judgements] == [True, True]
    error, variation = outcome.judgements
    assert (error.unit, error.error_unit, error.limit) == ("Wh", "%", 0.5)
    assert variation.error == variation.measured - variation.injected
    assert case.virtual_s > 3 * 0.8 + 0.5 + 2 * 0.5


def test_a_wrong_meter_fails_with_all_its_points(run, tmp_path):
    (tmp_path / "tight.toml").write_text(TIGHT, encoding="utf-8")
    outcome = run(
        f"    Plan Class Table    C    corrections={tmp_path}/tight.toml\n"
        f"    Class Points Should Pass    {UNITY}    EN * unity 50 Itr PF 1 *\n",
        "edge_meter_3p_wrong_calibration",
    )
    (case,) = outcome.cases
    assert case.status == "failed"
    assert "2 of 2 points did not pass" in case.message
    assert [item.error for item in outcome.judgements] == pytest.approx([1 / 3, 1 / 3], abs=0.01)
    assert not any(item.passed for item in outcome.judgements)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    Class Points Should Pass    influence\n", "no plan"),
        ("    Whole Class Table Should Pass\n", "no plan"),
        ("    Plan Class Table    C\n    Class Points Should Pass    *no such*\n", "no point of the plan"),
        ("    Plan Class Table    C\n    Class Points Should Pass    *magnetic*\n", "no magnetic fields"),
        ("    Plan Class Table    C\n    Class Points Should Pass\n", "at least one pattern"),
        ("    Plan Class Table    0.2S\n", "contradicts"),
    ],
)
def test_wrong_use_fails_with_its_reason(run, body, message):
    (case,) = run(body).cases
    assert case.status == "failed"
    assert message in case.message


def test_all_libraries_share_one_session():
    assert isinstance(ClassTable.session, Session)
