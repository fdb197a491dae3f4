"""Keywords one by one: what they do, and that judging ones fail without evidence."""

import json

import pytest
from robot.libdoc import LibDoc
from robot.libdocpkg import LibraryDocumentation

from wattbench.robot import Emulation

LOADED = "T\n    Load Product    good\n"


def case(run, body):
    (result,) = run(LOADED + body).cases
    return result


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    No Pulse For    1 s", "no voltage"),
        ("    Set Balanced Load    230    5\n    No Pulse For    1 s", "in a test without load"),
        ("    Register Should Stand Still For    1 s    active_import[0]", "no voltage"),
        ("    Uart Should Not Contain    panic", "has sent nothing"),
        ("    No Unmodelled Accesses Should Have Happened", "has not run yet"),
        (
            "    ${w}=    Measure Energy    6 s    active_import[0]\n"
            "    Energy Error Should Be Below    1    ${w}    active_import[0]",
            "Nothing was injected",
        ),
        (
            "    Set Balanced Load    230    0.1\n    ${w}=    Measure Energy    6 s    active_import[0]\n"
            "    Pulse Energy Error Should Be Below    1    ${w}",
            "gave 0 pulses",
        ),
        (
            "    Set Balanced Load    230    20\n    ${w}=    Measure Energy    6 s    active_import[0]\n"
            "    Energy Error Should Be Below    1e-9    ${w}    active_import[0]",
            "cannot be judged",
        ),
        ("    Run Until Register    active_import    >    1", "ask for one"),
        ("    Restore State    nowhere", "no saved state 'nowhere'"),
        ("    Run For    soon", "Invalid time string"),
        ("    Run For    -1", "from 0 on"),
        ("    Set Phase    L4    voltage=1", "L4"),
        ("    Run Until Register    active_import[0]    >    1    limit=1", "never came true"),
    ],
)
def test_fails_with_the_reason(run, body, message):
    result = case(run, body)
    assert result.status == "failed"
    assert message in result.message


def test_nothing_works_before_a_product_is_loaded(run, fakes):
    Emulation.session.close()
    (result,) = run("T\n    Run For    1").cases
    assert "Load Product" in result.message


@pytest.mark.parametrize(
    "body",
    [
        "    ${text}=    Execute Command    version\n    Should Be Equal    ${text}    did version",
        "    Run For    250 ms\n    ${now}=    Virtual Time\n    Should Be Equal    ${now}    ${0.25}",
        "    Wait For Prompt On Uart\n    ${line}=    Wait For Line On Uart    edge (\\\\w+)    treatAsRegex=True\n"
        "    Should Be Equal    ${line.groups}[0]    meter",
        "    Write Line To Uart    hello\n    Uart Should Not Contain    panic",
        "    ${count}=    Read Symbol    meter_window_count    uint16\n    Should Be Equal    ${count}    ${7}",
        "    Set Balanced Load    230    20\n    ${wh}=    Run Until Register    active_import[0]    >=    5\n"
        "    Should Be True    5 <= ${wh} < 5.5",
        "    Set Balanced Load    230    20    0.5\n    Run For    3600 ms\n    ${wh}=    Injected Energy    0    3.6\n"
        "    Should Be Equal As Numbers    ${wh}    6.9    precision=9",
        "    Set Balanced Load    230    20\n    Run For    1 s\n    Remove Load\n    Run For    1\n"
        "    ${w}=    Injected    active_power_w    1    2\n    Should Be Equal    ${w}    ${0.0}",
    ],
)
def test_does_what_it_says(run, body):
    result = case(run, body)
    assert result.message == ""
    assert result.status == "passed"


def test_a_failed_judgement_is_in_the_results_and_in_the_message(run):
    outcome = run("T\n    Load Product    wrong\n    Set Balanced Load    230    20\n"
                  "    ${w}=    Measure Energy    3 s    active_import[0]    point=P\n"
                  "    Energy Error Should Be Below    0.5    ${w}    active_import[0]")  # fmt: skip
    (item,) = outcome.judgements
    assert not item.passed
    assert item.error == pytest.approx(1.0, abs=1e-3)
    assert "error +1.0000 %" in outcome.cases[0].message


def test_unmodelled_accesses_are_listed(run):
    body = "    Set Balanced Load    230    20\n    Run For    3\n    No Unmodelled Accesses Should Have Happened"
    assert "2 x gpt1: write OCR3 at PC 0x00001234" in case(run, body).message


@pytest.mark.parametrize("name", ["Emulation", "Grid", "Metering"])
def test_every_keyword_is_documented_and_typed(name, tmp_path, capsys):
    documentation = LibraryDocumentation(f"wattbench.robot.{name}")
    assert documentation.doc
    for keyword in documentation.keywords:
        assert keyword.doc, keyword.name
        assert all(item.type for item in keyword.args if item.name), keyword.name
    assert LibDoc().execute(f"wattbench.robot.{name}", str(tmp_path / "doc.json")) in (None, 0)
    assert json.loads((tmp_path / "doc.json").read_text(encoding="utf-8"))["keywords"]
    assert capsys.readouterr().err == ""
