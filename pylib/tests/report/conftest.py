from pathlib import Path

import pytest
import robot

from wattbench.robot.results import CaseFacts, Judgement, ResultsFile, RunFacts, Trace

SUITE = """\
*** Test Cases ***
Holds Its Limits
    [Documentation]    Five amperes & a <tag>.
    Log    fine
{second}
    {keyword}    {message}
Left Out
    Skip    not on this product
"""
NAMES = ("Holds Its Limits", "Turns Its Phase", "Left Out")


def judgement(error=0.01, limit=0.05, **changes):
    values = {
        "test": "Suite.Holds Its Limits", "point": "3 x 230 V, 5 A, PF 1", "quantity": "active energy", "unit": "Wh",
        "injected": 10.0, "measured": 10.0 * (1 + error / 100), "error": error, "limit": limit, "uncertainty": 0.002,
        "source": "register", "passed": abs(error) <= limit,
    }  # fmt: skip
    return Judgement(**(values | changes))


def records(failing=False):
    times = [step / 10 for step in range(101)]
    return [
        RunFacts("embedded", "edge_meter_3p", "edge_meter_3p.elf", "ab" * 32, {"Python": "3.11.7"}),
        judgement(),
        judgement(point="3 x 264 V, 0 A", quantity="pulses", unit="pulses", injected=0, measured=0, error=0, limit=1,
                  uncertainty=0, passed=True, error_unit="pulses"),
        Trace("Suite.Holds Its Limits", "Active power", "W", times, [3450.0] * 101, times, [3451.0] * 101),
        CaseFacts("Suite.Holds Its Limits", 10.5, "cd" * 32),
        *([judgement(0.7, 0.1, test="Suite.Turns Its Phase", point="PF 0.5 inductive")] if failing else []),
        CaseFacts("Suite.Turns Its Phase", 4.5, "ef" * 32),
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """Makes the output folder of a Robot run, as `wattbench run` leaves it for the report."""

    def make(failing=False, message="error +0.7 %") -> Path:
        suite = tmp_path / "suite.robot"
        keyword = "Fail" if failing else "Log"
        suite.write_text(SUITE.format(keyword=keyword, message=message, second=NAMES[1]), encoding="utf-8")
        robot.run(str(suite), outputdir=str(tmp_path), report="NONE", log="NONE", console="none")
        file = ResultsFile(tmp_path)
        for record in records(failing):
            file.append(record)
        return tmp_path

    return make
