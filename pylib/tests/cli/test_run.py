import json

import pytest

from wattbench.cli.main import main
from wattbench.report.write import FILE_NAMES
from wattbench.robot.results import FILE_NAME


def test_a_passing_suite_gives_0_and_all_results(wattbench, suite, tmp_path):
    code, out, err = wattbench("run", suite, "--out", tmp_path / "results")
    assert (code, err) == (0, "")
    assert "PASSED  Holds: 1 passed, 0 failed" in out
    assert all((tmp_path / "results" / name).is_file() for name in (*FILE_NAMES, "log.html", "output.xml"))


def test_a_failing_suite_gives_1_and_says_why(wattbench, suite):
    suite.write_text(suite.read_text(encoding="utf-8").replace("Log    fine", "Fail    too far off"), encoding="utf-8")
    code, out, err = wattbench("run", suite)
    assert (code, err) == (1, "")
    assert "✗ Holds\n  too far off\n" in out
    assert "FAILED" in out


def test_a_suite_that_only_skips_has_not_passed(wattbench, suite):
    suite.write_text(
        suite.read_text(encoding="utf-8").replace("Log    fine", "Skip    no image is given"), encoding="utf-8"
    )
    code, out, _ = wattbench("run", suite)
    assert code == 1
    assert "- 1 skipped: no image is given\nNOTHING RUN  Holds: 0 passed, 0 failed, 1 skipped;" in out


def test_json_is_the_summary(wattbench, suite, tmp_path):
    code, out, _ = wattbench("run", suite, "--json", "--out", tmp_path / "o")
    assert code == 0
    assert json.loads(out) == json.loads((tmp_path / "o" / "summary.json").read_text(encoding="utf-8"))


def test_variables_and_engine_reach_the_suite(wattbench, suite):
    text = "*** Test Cases ***\nT\n    Should Be Equal    ${ENGINE}-${X}    embedded-a:b\n"
    suite.write_text(text, encoding="utf-8")
    assert wattbench("run", suite, "--variable", "X:a:b")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.robot",), "there is no suite nowhere.robot"),
        ((".", "--variable", "X"), "--variable takes NAME:VALUE"),
        ((".", "--firmware", "no_such_meter"), "there is no product `no_such_meter`"),
        ((".", "--engine", "other"), "invalid choice"),
    ],
)
def test_wrong_use_gives_2_and_one_sentence(wattbench, suite, arguments, message):
    code, out, err = wattbench("run", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_a_suite_without_tests_gives_2(wattbench, suite):
    suite.write_text("*** Settings ***\nDocumentation    nothing\n", encoding="utf-8")
    code, _, err = wattbench("run", suite)
    assert code == 2
    assert "contains no tests" in err


def test_a_run_that_comes_to_nothing_leaves_no_old_report(wattbench, suite, tmp_path):
    out = tmp_path / "out"
    wattbench("run", suite, "--out", out)
    (out / FILE_NAME).write_text("old", encoding="utf-8")
    suite.write_text("", encoding="utf-8")
    assert wattbench("run", suite, "--out", out)[0] == 2
    assert list(out.iterdir()) == []


def test_an_output_folder_that_cannot_be_made_gives_2(wattbench, suite, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    code, _, err = wattbench("run", suite, "--out", tmp_path / "file" / "out")
    assert code == 2
    assert "cannot be written" in err


def test_tests_of_another_engine_are_left_out(tmp_path, capsys):
    suite = tmp_path / "tags.robot"
    suite.write_text(
        "*** Test Cases ***\nBoth\n    Log    x\n"
        "Here\n    [Tags]    engine:embedded\n    Log    x\n"
        "There\n    [Tags]    engine:renode\n    Fail    must not run\n"
    )
    assert main(["run", str(suite), "--out", str(tmp_path / "out")]) == 0
    assert "2 passed, 0 failed" in capsys.readouterr().out
