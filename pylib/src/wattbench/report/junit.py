"""JUnit XML that Jenkins and GitLab read."""

from __future__ import annotations

import re
from itertools import groupby
from xml.etree import ElementTree as ET

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from wattbench.report.outcome import Case, Outcome

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _clean(text: str) -> str:
    """Text without the characters that XML 1.0 cannot hold (a UART may send any byte)."""
    return _NOT_XML.sub("\ufffd", text)


def _test_case(case: Case) -> TestCase:
    element = TestCase(_clean(case.name), classname=_clean(case.suite), time=round(case.host_s, 3))
    message = _clean(case.message)
    if case.status == "failed":
        failure = Failure(message.partition("\n")[0], "failed")
        failure.text = message
        element.result = [failure]
    elif case.status == "skipped":
        element.result = [Skipped(message)]
    facts = {"virtual_seconds": case.virtual_s, "digest": case.digest}
    known = {name: str(value) for name, value in facts.items() if value is not None}
    if known:
        properties = ET.Element("properties")
        for name, value in known.items():
            ET.SubElement(properties, "property", name=name, value=value)
        element._elem.insert(0, properties)
    return element


def to_junit(outcome: Outcome) -> str:
    """The run as JUnit XML: one `testsuite` a Robot suite, `time` in host seconds, the rest as properties."""
    xml = JUnitXml(outcome.name)
    for suite_name, group in groupby(outcome.cases, key=lambda case: case.suite):
        cases = list(group)
        suite = TestSuite(_clean(suite_name))
        suite.timestamp = outcome.started.replace(" ", "T")
        for run in outcome.runs[-1:]:
            suite.add_property("engine", run.engine)
            suite.add_property("firmware", run.firmware)
            suite.add_property("firmware_sha256", run.sha256)
        suite.add_testcases([_test_case(case) for case in cases])
        suite.add_property("virtual_seconds", str(sum(case.virtual_s or 0.0 for case in cases)))
        if outcome.digest:
            suite.add_property("digest", outcome.digest)
        xml.add_testsuite(suite)
    xml.update_statistics()  # type: ignore[no-untyped-call]  # junitparser leaves it untyped
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(xml._elem, encoding="unicode") + "\n"
