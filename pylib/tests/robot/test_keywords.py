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


UNDER_LOAD = ("Set Balanced Load    230    20", "Run For    3")


def product(name, *lines):
    """A test that loads a product and runs it under load."""
    return f"Metering\n    Load Product    {name}\n" + "".join(f"    {line}\n" for line in lines)


def test_unmodelled_accesses_are_listed(run):
    message = run(product("touching", *UNDER_LOAD, "No Unmodelled Accesses Should Have Happened")).cases[0].message
    assert "22 x gpt1: write OCR3 value 0x5 at PC 0x00001234 (gpt_start+0x4), first at 0.001500000 s" in message
    assert "22 x dac: read CR at PC 0x00005678" in message


def test_accepted_accesses_are_none(run):
    lines = (*UNDER_LOAD, "No Unmodelled Accesses Should Have Happened")
    assert run(product("touching-accepting-quiet", *lines)).cases[0].status == "passed"
    assert "dac: read CR" in (message := run(product("touching-accepting", *lines)).cases[0].message)
    assert "gpt1" not in message


def test_a_test_fails_at_its_end_on_an_unmodelled_access(run):
    body = product(
        "touching",
        "Fail On Unmodelled Access",
        "Set Balanced Load    230    20",
        "Run For    3",
        "Set Test Message    here",
    )
    outcome = run(body + "Nothing More\n    Run For    0.1\nAgain\n    Run For    3\n")
    assert [item.status for item in outcome.cases] == ["failed", "passed", "failed"]
    message = outcome.cases[0].message
    assert message.startswith("firmware used what no model does and nobody accepts:\n22 x gpt1: write OCR3 value 0x5")
    assert "here" not in message


def test_what_an_earlier_fault_said_stays(run):
    body = product("touching", "Fail On Unmodelled Access", *UNDER_LOAD, "Fail    my fault")
    assert run(body).cases[0].message.startswith("my fault\n\nfirmware used what no model does")


def test_accesses_before_the_keyword_do_not_count(run):
    body = product("touching", *UNDER_LOAD, "Fail On Unmodelled Access")
    assert run(body).cases[0].status == "passed"


def test_accepted_accesses_fail_no_test(run):
    lines = ("Fail On Unmodelled Access", *UNDER_LOAD)
    assert run(product("touching-accepting-quiet", *lines)).cases[0].status == "passed"
    assert "gpt1" not in run(product("touching-accepting", *lines)).cases[0].message


def test_a_skipped_test_stays_skipped(run):
    body = product("touching", "Fail On Unmodelled Access", *UNDER_LOAD, "Skip    no matter")
    assert run(body).cases[0].status == "skipped"


def test_accesses_of_each_test_are_in_the_outcome_with_their_reasons(run):
    body = product("touching-accepting", *UNDER_LOAD) + "Again\n    Run For    3\n"
    outcome = run(body)
    assert [(item.model, item.access, item.symbol, item.first_s, item.reason) for item in outcome.unmodelled] == [
        ("dac", "read CR", "gpt_start+0x4", 0.0015, ""),
        ("gpt1", "write OCR3", "gpt_start+0x4", 0.0015, "nothing compares"),
    ]
    assert outcome.unmodelled[0].count == 44
    assert outcome.unmodelled[0].test.endswith("Metering")


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
