"""The class table of a type test: `class_table.json`, `class_table.html` and `junit.xml`, from plain data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from jinja2 import Environment, FunctionLoader, StrictUndefined
from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite
from markupsafe import Markup

from wattbench.report import numbers
from wattbench.report.curves import Curve, curve_plot
from wattbench.report.files import replace_text

FILE_NAMES = ("class_table.json", "class_table.html", "junit.xml")
KINDS = {
    "accuracy": "Limits of error",
    "influence": "Influence quantities",
    "repeatability": "Repeatability",
    "constant": "Meter constant",
    "starting": "Starting current",
    "no_load": "Test without load",
}
CERTAINTY = {
    "verified": ("V", "compared with a public text"),
    "memory": ("M", "from memory: to be compared with the purchased standard"),
    "corrected": ("K", "corrected by the user"),
}
"""For each certainty of a limit its mark and what that means."""

Table = Mapping[str, Any]
Points = Sequence[Mapping[str, Any]]


def write_class_table(table: Table, folder: Path) -> None:
    """Write the three files, each whole or absent."""
    writers: tuple[Callable[[Table], str], ...] = (_to_json, to_page, to_junit)
    for name, writer in zip(FILE_NAMES, writers, strict=True):
        # The data come first: a fault in a later one must not cost the results of a long run.
        replace_text(folder / name, writer(table))


def _to_json(table: Table) -> str:
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def to_page(table: Table) -> str:
    """The page: class met, error curves, one table for each clause of each standard, and what was not run."""
    environment = Environment(
        loader=FunctionLoader(lambda name: files("wattbench.report").joinpath(name).read_text(encoding="utf-8")),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(
        amount=numbers.amount, percent=numbers.percent, seconds=numbers.seconds, doubt=numbers.doubt,
        signed=numbers.signed, plain=numbers.plain,
    )  # fmt: skip
    return environment.get_template("class_table.html").render(
        table=table,
        kinds=KINDS,
        certainty=CERTAINTY,
        css=Markup(files("wattbench.report").joinpath("page.css").read_text(encoding="utf-8")),
        standards=[
            {
                **standard,
                "plots": [(title, Markup(svg)) for title, svg in _plots(table, standard["standard"])],
                "sections": list(_sections(table, standard["standard"])),
                "met": next(item for item in table["classes"] if item["standard"] == standard["standard"]),
            }
            for standard in table["standards"]
        ],
        not_run=[point for point in table["points"] if point["verdict"] == "not run"],
    )


def _own(table: Table, standard: str, kind: str) -> Points:
    return [point for point in table["points"] if point["kind"] == kind and point["limit"]["standard"] == standard]


def _sections(table: Table, standard: str) -> Iterator[tuple[str, Points]]:
    for kind, title in KINDS.items():
        points = [point for point in _own(table, standard, kind) if point["verdict"] != "not run"]
        for clause, group in groupby(points, key=lambda point: str(point["limit"]["clause"])):
            yield f"{clause}: {title.lower()}", list(group)


def _plots(table: Table, standard: str) -> Iterator[tuple[str, str]]:
    """Error over current: one plot for balanced loads with a curve for each power factor, one for single phases."""
    points = [point for point in _own(table, standard, "accuracy") if point["value"] is not None]
    nominal = (table["rating"]["voltage_v"], table["rating"]["frequency_hz"])
    for single in (False, True):
        chosen = [point for point in points if bool(point["load"]["phase"]) == single]
        curves = [
            Curve(
                label,
                [item["load"]["current_a"] for item in group],
                [item["value"] for item in group],
                [item["uncertainty"] for item in group],
                [item["limit"]["value"] for item in group],
                [item["verdict"] == "passed" for item in group],
            )
            for label, group in _curves(chosen, nominal)
        ]
        if curves:
            number = f"{re.sub('[^a-z0-9]', '', standard.lower())}{'s' if single else 'b'}"
            yield "Load in one phase" if single else "Balanced load", curve_plot(curves, number)


def _curves(points: Points, nominal: tuple[float, float]) -> Iterator[tuple[str, Points]]:
    def label(point: Mapping[str, Any]) -> str:
        load = point["load"]
        parts = [load["factor"], load["phase"]]
        if load["voltage_v"] != nominal[0]:
            parts.append(f"{load['voltage_v']:g} V")
        if load["frequency_hz"] != nominal[1]:
            parts.append(f"{load['frequency_hz']:g} Hz")
        return ", ".join(filter(None, parts))

    ordered = sorted(points, key=lambda point: (label(point), point["load"]["current_a"]))
    for text, group in groupby(ordered, key=label):
        yield text, list(group)


def to_junit(table: Table) -> str:
    """One `testsuite` for each standard and kind of test, one case a point; what was not run is skipped, with why."""
    xml = JUnitXml(f"type test of {table['product']}")

    def key(point: dict[str, Any]) -> tuple[str, str]:
        return point["limit"]["standard"], point["kind"]

    for (standard, kind), group in groupby(table["points"], key=key):
        suite = TestSuite(f"{standard} {KINDS[kind].lower()}")
        cases = []
        for point in group:
            case = TestCase(point["name"], classname=f"{standard}.{kind}")
            if point["verdict"] == "not run":
                case.result = [Skipped(point["reason"])]
            elif point["verdict"] != "passed":
                failure = Failure(point["reason"], point["verdict"])
                failure.text = f"{point['limit']['source']}: {point['reason']}"
                case.result = [failure]
            cases.append(case)
        suite.add_testcases(cases)
        suite.add_property("product", table["product"])
        xml.add_testsuite(suite)
    xml.update_statistics()  # type: ignore[no-untyped-call]  # junitparser leaves it untyped
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(xml._elem, encoding="unicode") + "\n"
