import json
import re
from html.parser import HTMLParser

import pytest
from junitparser import JUnitXml

from wattbench.core.errors import SetupError, SourceError
from wattbench.report.write import FILE_NAMES, write_reports
from wattbench.robot.results import FILE_NAME, ResultsFile, Timed, Unmodelled


def timed(passed=True, **changes):
    values = {
        "test": "Suite.Holds Its Limits", "quantity": "interrupt latency", "unit": "ns", "judged": "longest",
        "found": 250_326.0, "limit": 5_000.0, "passed": passed, "worst": "250.326 us at 5.010487513 s, PC 0x30006FCE",
        "count": 2256, "mean": 891.6, "least": 0.0, "most": 250_326.0, "deviation": 14_879.0,
        "edges": [0.0, 125_163.0, 250_326.0], "counts": [2255, 1],
    }  # fmt: skip
    return Timed(**(values | changes))


def test_a_good_run_passes_everywhere(folder):
    where = folder()
    assert write_reports(where).passed
    summary = json.loads((where / "summary.json").read_text(encoding="utf-8"))
    assert summary["verdict"] == "passed"
    assert summary["tests"] == {"passed": 2, "failed": 0, "skipped": 1}
    assert "✓ Passed" in (where / "report.html").read_text(encoding="utf-8")


def test_summary_keys_stay(folder):
    where = folder()
    write_reports(where)
    summary = json.loads((where / "summary.json").read_text(encoding="utf-8"))
    assert list(summary) == [
        "schema", "wattbench", "name", "verdict", "started", "host_seconds", "virtual_seconds", "engine", "product",
        "firmware", "firmware_sha256", "digest", "versions", "tests", "cases", "measurements", "errors",
        "unmodelled", "timings",
    ]  # fmt: skip
    assert summary["virtual_seconds"] == 15.0
    assert summary["firmware_sha256"] == "ab" * 32
    assert summary["digest"] == "ef" * 32
    assert summary["measurements"][0]["error"] == 0.01


def test_junit_holds_suites_cases_failures_and_properties(folder):
    where = folder(failing=True)
    write_reports(where)
    xml = JUnitXml.fromfile(str(where / "junit.xml"))
    assert (xml.tests, xml.failures, xml.skipped) == (3, 1, 1)
    (suite,) = xml
    properties = {item.name: item.value for item in suite.properties()}
    assert properties["engine"] == "embedded"
    assert properties["firmware_sha256"] == "ab" * 32
    assert float(properties["virtual_seconds"]) == 15.0
    cases = {case.name: case for case in suite}
    assert cases["Turns Its Phase"].result[0].message == "error +0.7 %"
    assert cases["Left Out"].is_skipped
    assert cases["Holds Its Limits"].time > 0
    assert '<property name="virtual_seconds" value="10.5"' in (where / "junit.xml").read_text(encoding="utf-8")


def test_timings_are_in_page_and_summary_and_decide(folder):
    where = folder()
    file = ResultsFile(where)
    file.append(timed(found=4.0, most=4.0, mean=4.0, edges=[3.5, 4.5], counts=[2256]))
    file.append(timed(quantity="CPU load of all", unit="%", found=0.3, limit=5.0, count=0, edges=[0.0], counts=[0]))
    assert write_reports(where).passed
    page = (where / "report.html").read_text(encoding="utf-8")
    assert page.count('aria-label="Histogram of interrupt latency"') == 1
    assert "Histogram of CPU load" not in page
    file.append(timed(passed=False))
    assert not write_reports(where).passed
    page = (where / "report.html").read_text(encoding="utf-8")
    for text in ("<h2>Timing</h2>", "250.3", "250.326 us at 5.010487513 s, PC 0x30006FCE", "2256 instances"):
        assert text in page
    summary = json.loads((where / "summary.json").read_text(encoding="utf-8"))
    assert summary["verdict"] == "failed"
    assert [item["passed"] for item in summary["timings"]] == [True, True, False]
    assert summary["timings"][2]["counts"] == [2255, 1]


def test_accesses_that_no_model_covers_are_in_page_and_summary(folder):
    where = folder()
    file = ResultsFile(where)
    place = ("gpt1", "write CR", "value 0x24A", 0x30002A34, "timebase_init+0x34", 3, 0.00001106)
    file.append(Unmodelled("Suite.A", *place, "counts in wait mode anyway"))
    file.append(Unmodelled("Suite.B", *place, "counts in wait mode anyway"))
    for number in range(20):
        file.append(Unmodelled("Suite.A", "dac", f"read R{number}", "", 0, "", 1, None, ""))
    write_reports(where)
    summary = json.loads((where / "summary.json").read_text(encoding="utf-8"))
    assert len(summary["unmodelled"]) == 21
    assert summary["unmodelled"][-1]["count"] == 6
    assert [item["reason"] for item in summary["unmodelled"]] == [""] * 20 + ["counts in wait mode anyway"]
    page = (where / "report.html").read_text(encoding="utf-8")
    assert "Used by the firmware, not modelled" in page
    assert page.count("not accepted</td>") == 20
    assert "1 more are in summary.json" in page


def test_a_page_without_such_accesses_has_no_table_of_them(folder):
    write_reports(where := folder())
    assert "not modelled" not in (where / "report.html").read_text(encoding="utf-8")


def test_a_failed_run_fails_everywhere(folder):
    where = folder(failing=True)
    assert not write_reports(where).passed
    page = (where / "report.html").read_text(encoding="utf-8")
    assert "✗ Failed" in page
    assert "error +0.7 %" in page
    assert "+0.7000 %" in page


def test_a_judgement_out_of_its_limit_fails_a_run_whose_tests_passed(folder):
    where = folder()
    line = (where / FILE_NAME).read_text(encoding="utf-8").splitlines()[1].replace('"passed": true', '"passed": false')
    with (where / FILE_NAME).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    assert not write_reports(where).passed


def test_text_from_a_uart_harms_neither_xml_nor_html(folder):
    where = folder(failing=True, message=r"sent \x00\x1b<script>alert(1)</script> & more")
    write_reports(where)
    (suite,) = JUnitXml.fromfile(str(where / "junit.xml"))
    assert any("<script>" in case.result[0].message for case in suite if case.is_failure)
    assert "<script" not in (where / "report.html").read_text(encoding="utf-8")


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.ids, self.links, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "src", "xlink:href"):
                self.links.append(value)


def test_the_page_needs_nothing_from_outside(folder):
    where = folder()
    write_reports(where)
    text = (where / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert {link for link in page.links if not link.startswith("#")} == {"log.html", "summary.json", "junit.xml"}
    assert not re.search(r"url\((?!#)|@import", text)
    assert len(page.ids) == len(set(page.ids))


def test_plots_take_their_colours_from_the_page(folder):
    where = folder()
    write_reports(where)
    svgs = re.findall(r"<svg.*?</svg>", (where / "report.html").read_text(encoding="utf-8"), re.DOTALL)
    assert len(svgs) == 3
    assert not any(re.search(r"#0[0-9]0[0-9]0[0-9]", svg) for svg in svgs)
    assert all("var(--" in svg for svg in svgs)


def test_equal_runs_give_equal_plots(folder):
    where = folder()
    pages = []
    for _ in range(2):
        write_reports(where)
        pages.append((where / "report.html").read_bytes())
    assert pages[0] == pages[1]


@pytest.mark.parametrize("cut", [0, 200])
def test_without_a_whole_robot_result_there_is_no_report(folder, cut):
    where = folder()
    output = (where / "output.xml").read_bytes()
    (where / "output.xml").write_bytes(output[:cut])
    with pytest.raises(SetupError, match="no complete Robot result"):
        write_reports(where)
    assert not any((where / name).exists() for name in FILE_NAMES)
    assert not list(where.glob("*.part"))


def test_a_broken_line_of_results_is_named(folder):
    where = folder()
    with (where / FILE_NAME).open("a", encoding="utf-8") as file:
        file.write('{"kind": "judgement", "poi')
    with pytest.raises(SourceError, match=rf"{FILE_NAME}:7"):
        write_reports(where)
