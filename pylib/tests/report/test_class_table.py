"""The report of a type test from plain data: nothing of it is judged anew."""

import json
import re
from xml.etree import ElementTree as ET

import pytest

from wattbench.report.class_table import FILE_NAMES, to_junit, to_page, write_class_table
from wattbench.report.curves import Curve, current_plot, level_plot

LIMIT = {
    "standard": "EN 50470-3", "edition": "2006", "clause": "8.1, table 4", "row": "unity", "accuracy_class": "C",
    "value": 0.5, "certainty": "memory", "note": "", "unit": "%", "source": "EN 50470-3:2006, 8.1, table 4",
}  # fmt: skip
LOAD = {
    "voltage_v": 230.0, "current_a": 5.0, "frequency_hz": 50.0, "factor": "PF 1", "phase": "", "missing": [],
    "waveform": "sine", "export": False, "where": "balanced", "temperature_c": 23.0,
}  # fmt: skip


def point(name, kind="accuracy", verdict="passed", value=0.1, **load):
    return {
        "name": name, "kind": kind, "title": f"title of {name}", "quantity": "active_import_wh",
        "subject": "", "condition": "", "load": {**LOAD, **load}, "limit": LIMIT,
        "limits": {"A": 2.0, "B": 1.0, "C": 0.5},
        "by_class": {} if verdict == "not run" else {"A": "passed", "B": "passed", "C": verdict},
        "verdict": verdict, "reason": f"reason of {name}", "value": None if verdict == "not run" else value,
        "uncertainty": 0.05, "unit": "pulses" if kind in ("starting", "no_load") else "%", "readings": [],
        "virtual_seconds": 1.0,
    }  # fmt: skip


@pytest.fixture
def table():
    points = [
        point("low", current_a=0.5),
        point("high", verdict="failed", value=0.7, current_a=100.0),
        point("single", phase="L2"),
        point("half", factor="PF 0.5 inductive", verdict="undecided", value=0.49),
        point("influence", "influence"),
        point("no load", "no_load", value=1.0),
        point("fields", "influence", "not run"),
    ]
    return {
        "schema": 1, "product": "meter", "verdict": "failed", "active_class": "C", "reactive_class": "",
        "selection": "",
        "rating": {
            "connection": "direct", "phases": ["L1", "L2", "L3"], "voltage_v": 230.0, "frequency_hz": 50.0,
            "currents_a": {"Itr": 0.5, "Imax": 100.0}, "constants": {"active": 1000.0},
        },
        "counts": {"passed": 4, "failed": 1, "undecided": 1, "not run": 1}, "virtual_seconds": 7.0, "booted": "ab12",
        "classes": [{"standard": "EN 50470-3", "asked": "C", "met": "B", "reasons": {"C": "high: failed"}}],
        "standards": [
            {
                "standard": "EN 50470-3", "edition": "2006", "title": "meters", "checked": "nothing",
                "quantity": "active", "classes": ["C", "B", "A"], "asked": "C", "own": False,
            }
        ],
        "points": points,
    }  # fmt: skip


def test_the_page_shows_class_curves_tables_and_what_was_not_run(table):
    page = to_page(table)
    assert "Failed" in page
    assert "C: high: failed" in page
    assert page.count("<svg") == 2
    for item in table["points"]:
        assert f"title of {item['name']}" in page
    assert "EN 50470-3, 8.1, table 4: limits of error" in page
    assert "EN 50470-3, 8.1, table 4: test without load" in page
    assert "to be compared with the purchased standard" in page
    not_run = page.partition("In the plan, not run")[2]
    assert "reason of fields" in not_run
    assert "reason of fields" not in page.partition("In the plan, not run")[0]


def test_a_table_of_one_standard_does_not_hold_the_points_of_another(table):
    other = "MID MI-003"
    table["standards"].append({**table["standards"][0], "standard": other})
    table["classes"].append({**table["classes"][0], "standard": other})
    table["points"].append({**point("directive"), "limit": {**LIMIT, "standard": other}})
    page = to_page(table).partition("In the plan, not run")[0]
    assert page.count("title of low") == page.count("title of directive") == 1
    assert page.index("title of low") < page.index("MID MI-003, 8.1") < page.index("title of directive")


def test_names_are_escaped(table):
    table["points"][0]["title"] = "<script>"
    assert "<script>" not in to_page(table)


def test_junit_has_a_case_for_each_point(table):
    root = ET.fromstring(to_junit(table).encode())
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert set(cases) == {item["name"] for item in table["points"]}
    assert cases["high"].find("failure").get("message") == "reason of high"
    assert cases["half"].find("failure").get("type") == "undecided"
    assert cases["fields"].find("skipped").get("message") == "reason of fields"
    assert list(cases["low"]) == []
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("7", "2", "1")


def test_all_files_are_written(table, tmp_path):
    write_class_table(table, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILE_NAMES)
    assert json.loads((tmp_path / "class_table.json").read_text(encoding="utf-8")) == table


def over_factors(curves, prefix):
    return level_plot(curves, [(0.5, "0.8 capacitive"), (100.0, "0.5 inductive")], "power factor", prefix)


@pytest.mark.parametrize("plot", [current_plot, over_factors])
def test_a_curve_is_drawn_the_same_each_time_and_marks_what_failed(plot):
    good = Curve("PF 1", [0.5, 100.0], [0.1, 0.2], [0.01, 0.01], [1.0, 0.5], [True, True])
    bad = Curve("PF 1", [0.5, 100.0], [0.1, 9.0], [0.01, 0.01], [1.0, 0.5], [True, False])
    assert plot([good], "a") == plot([good], "a")
    assert "var(--bad)" not in plot([good], "a")
    assert "var(--bad)" in plot([bad], "a")


def text_of(html):
    return " ".join(re.sub("<[^>]*>", " ", html).split())


def test_limits_of_error_are_a_matrix_of_currents_and_power_factors(table):
    table["points"][0] = {**point("cold", current_a=0.5), "condition": "-10 °C"}
    page = to_page(table)
    matrix = page.partition("limits of error")[2].partition("</table>")[0]
    assert text_of(matrix.partition("</thead>")[0]).endswith("Current PF 1 PF 1, L2 PF 0.5 inductive")
    rows = [text_of(row) for row in matrix.partition("<tbody>")[2].split("</tr>")]
    assert rows[0].startswith("0.5 A, -10 °C +0.1000 ±0.05 ±0.5 M, class C")
    assert rows[1] == "5 A +0.1000 ±0.05 ±0.5 M, class C +0.4900 ±0.05 ±0.5 M, class B ✗ undecided"
    assert "✗ failed" in rows[2]


def test_errors_over_the_power_factor_are_a_plot_of_their_own(table):
    more = [point(factor, factor=factor) for factor in ("PF 0.8 capacitive", "PF 0.5 inductive", "PF 1")]
    table["points"] = more
    page = to_page(table)
    assert "error over power factor" in page
    assert page.index(">0.8 capacitive<") < page.index(">1<") < page.index(">0.5 inductive<")


def test_errors_over_the_temperature_are_a_plot_of_their_own(table):
    at = [-40.0, 55.0]
    table["points"] = [{**point(f"{at:g}", temperature_c=at), "condition": f"{at:g} °C"} for at in at]
    page = to_page(table)
    assert page.count("<svg") == 1
    assert "Error over temperature" in page
    assert page.index(">-40<") < page.index(">55<")


def test_an_influence_shows_both_errors_and_its_condition(table):
    reading = {"source": "registers", "error_percent": 0.1}
    table["points"][4] |= {"condition": "0.9 Un", "readings": [reading, {**reading, "error_percent": 0.25}]}
    row = to_page(table).partition("title of influence")[2].partition("</tr>")[0]
    assert text_of(row).startswith("0.9 Un +0.1000 +0.2500 +0.1000 % ±0.05")


def test_influences_are_grouped_by_their_names(table):
    more = [{**point(name, "influence"), "subject": subject, "condition": "0.9 Un"}
            for name, subject in (("a", "voltage"), ("b", "voltage"), ("c", "frequency"))]  # fmt: skip
    for item in more:
        item["title"] = f"{item['subject']}, {item['name']} A, 0.9 Un"
    table["points"] = more
    text = text_of(to_page(table).partition("influence quantities")[2])
    assert text.count("voltage") == 1
    assert text.index("voltage a A 0.9 Un") < text.index(" b A 0.9 Un") < text.index("frequency c A 0.9 Un")


def test_what_is_in_no_standard_is_marked(table):
    table["points"][4]["limit"] = {**LIMIT, "certainty": "own", "unit": "ms"}
    row = to_page(table).partition("title of influence")[2].partition("</tr>")[0]
    assert "in no standard" in row
    assert "±0.5" in row
