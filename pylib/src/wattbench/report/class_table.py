"""The class table of a type test: `class_table.json`, `class_table.html` and `junit.xml`, from plain data."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from jinja2 import Environment, FunctionLoader, StrictUndefined
from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite
from markupsafe import Markup

from wattbench.report import numbers
from wattbench.report.curves import Curve, current_plot, level_plot
from wattbench.report.files import replace_text

FILE_NAMES = ("class_table.json", "class_table.html", "junit.xml")
KINDS = {
    "accuracy": "Limits of error",
    "influence": "Influence quantities",
    "repeatability": "Repeatability",
    "constant": "Meter constant",
    "starting": "Starting current",
    "no_load": "Test without load",
    "quadrants": "Four quadrants",
    "steadiness": "Steadiness",
}
CERTAINTY = {
    "verified": ("V", "compared with a public text"),
    "memory": ("M", "from memory: to be compared with the purchased standard"),
    "own": ("L", "the laboratory's own, in no standard"),
    "corrected": ("K", "corrected by the user"),
}
"""For each certainty of a limit its mark and what that means."""

REFERENCE_C = 23.0
"""Points at other temperatures have a plot of their own (IEC 62052-11)."""

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
        signed=numbers.signed, plain=numbers.plain, kept=_kept, shortly=_shortly,
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


@dataclass(frozen=True)
class Section:
    """One table of the page: a matrix of errors where `columns` has the loads of its columns, else a list of points."""

    title: str
    kind: str
    points: Points
    columns: Sequence[str] = ()
    rows: Sequence[tuple[str, Sequence[Mapping[str, Any] | None]]] = ()
    """Of a matrix: the current and condition of each row, and its points below the columns."""


def _sections(table: Table, standard: str) -> Iterator[Section]:
    for kind, title in KINDS.items():
        points = [point for point in _own(table, standard, kind) if point["verdict"] != "not run"]
        for clause, group in groupby(points, key=lambda point: str(point["limit"]["clause"])):
            yield _section(f"{clause}: {title.lower()}", kind, list(group))


def _section(title: str, kind: str, points: Points) -> Section:
    if kind != "accuracy":
        return Section(title, kind, points)
    columns = list(dict.fromkeys(_column(point) for point in points))
    places: dict[tuple[str, float], dict[str, Mapping[str, Any]]] = {}
    for point in points:
        places.setdefault((point["condition"], point["load"]["current_a"]), {})[_column(point)] = point
    conditions = list(dict.fromkeys(condition for condition, _ in places))
    rows = [
        (", ".join(filter(None, (f"{current_a:g} A", condition))), [found.get(column) for column in columns])
        for (condition, current_a), found in sorted(
            places.items(), key=lambda item: (conditions.index(item[0][0]), item[0][1])
        )
    ]
    return Section(title, kind, points, columns, rows)


def _column(point: Mapping[str, Any]) -> str:
    """The power factor, and the phase where only one has current."""
    return ", ".join(filter(None, (point["load"]["factor"], point["load"]["phase"])))


def _shortly(point: Mapping[str, Any]) -> str:
    """The title without what stands beside it: the influence quantity and the condition."""
    title = str(point["title"]).removeprefix(f"{point['subject']}, ")
    return title.removesuffix(f", {point['condition']}")


def _kept(point: Mapping[str, Any], classes: Sequence[str]) -> str:
    """The best class that a point keeps, empty if it keeps none; `classes` has the best one first."""
    return next((name for name in classes if point["by_class"].get(name) == "passed"), "")


def _plots(table: Table, standard: str) -> Iterator[tuple[str, str]]:
    """Over current for balanced loads and for single phases; over power factor; over temperature."""
    every = [point for point in _own(table, standard, "accuracy") if point["value"] is not None]
    points = [point for point in every if not point["condition"]]
    prefix = re.sub("[^a-z0-9]", "", standard.lower())
    for single in (False, True):
        chosen = [point for point in points if bool(point["load"]["phase"]) == single]
        where = "Load in one phase" if single else "Balanced load"
        curves = [_curve(label, group, lambda point: float(point["load"]["current_a"]))
                  for label, group in _grouped(chosen, _column)]  # fmt: skip
        if curves:
            yield f"{where}: error over current", current_plot(curves, f"{prefix}{'s' if single else 'b'}")
        if not single:
            over = [_curve(label, group, _angle) for label, group in _grouped(chosen, _current) if len(group) > 2]
            names = sorted({(_angle(point), str(point["load"]["factor"]).removeprefix("PF ")) for point in chosen})
            if over:
                yield f"{where}: error over power factor", level_plot(over[-7:], names, "power factor", f"{prefix}f")
    warm = [point for point in every if point["load"]["temperature_c"] != REFERENCE_C]
    over = [_curve(label, group, _celsius) for label, group in _grouped(warm, _place)]
    if over:
        ticks = [(celsius, f"{celsius:g}") for celsius in sorted({_celsius(point) for point in warm})]
        yield "Error over temperature", level_plot(over, ticks, "temperature in °C", f"{prefix}t")


def _celsius(point: Mapping[str, Any]) -> float:
    return float(point["load"]["temperature_c"])


def _place(point: Mapping[str, Any]) -> str:
    return f"{_current(point)}, {_column(point)}"


def _angle(point: Mapping[str, Any]) -> float:
    """The lag of the current in degrees, of a factor such as `PF 0.5 inductive` or `sin 0.5 capacitive`."""
    kind, number, *character = str(point["load"]["factor"]).split()
    angle = math.degrees((math.asin if kind == "sin" else math.acos)(float(number)))
    return -angle if character == ["capacitive"] else angle


def _current(point: Mapping[str, Any]) -> str:
    return f"{point['load']['current_a']:g} A"


def _grouped(points: Points, label: Callable[[Mapping[str, Any]], str]) -> Iterator[tuple[str, Points]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for point in sorted(points, key=lambda point: float(point["load"]["current_a"])):
        groups.setdefault(label(point), []).append(point)
    yield from groups.items()


def _curve(label: str, points: Points, place: Callable[[Mapping[str, Any]], float]) -> Curve:
    ordered = sorted(points, key=place)
    return Curve(
        label,
        [place(item) for item in ordered],
        [item["value"] for item in ordered],
        [item["uncertainty"] for item in ordered],
        [item["limit"]["value"] for item in ordered],
        [item["verdict"] == "passed" for item in ordered],
    )


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
