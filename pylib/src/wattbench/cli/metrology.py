"""Run the type test of a class and write its report.

example:
  wattbench metrology --product edge-meter-3p --class C --out out/class_c
  wattbench metrology --product edge-meter-3p --class 1 --reactive-class 2 --select "*unity*"
  wattbench metrology --product edge-meter-3p --class C --plan
  wattbench metrology --product edge-meter-3p --class C --standard "OIML R46"
The plan follows from the product's manifest; limits are in the package, single values are corrected by --limits FILE.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from wattbench.bench import find_manifest, read_manifest
from wattbench.bench.products import home
from wattbench.cli.table import columns
from wattbench.core.errors import UsageError
from wattbench.labs.metrology.campaign import Product, process_pool, run_campaign
from wattbench.labs.metrology.plan import Plan, plan
from wattbench.labs.metrology.points import Result
from wattbench.labs.metrology.rating import Rating
from wattbench.labs.metrology.standards import standards
from wattbench.labs.metrology.verdict import to_table
from wattbench.report.class_table import write_class_table
from wattbench.report.numbers import seconds

CORRECTIONS = "limits.toml"
"""Corrections of limits in the checkout that hold without being named."""
_MARKS = {"passed": "✓", "failed": "✗", "undecided": "✗", "not run": "-"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of this verb."""
    parser.add_argument("--product", required=True, metavar="P", help="product or manifest")
    parser.add_argument("--class", dest="active_class", default="", metavar="C", help="A, B, C, D, 0.2S, 0.5S, 1 or 2")
    parser.add_argument("--reactive-class", default="", metavar="C", help="for reactive energy: 0.5S, 1S, 2 or 3")
    parser.add_argument(
        "--standard",
        action="append",
        default=[],
        metavar="NAME",
        help="only this standard, such as 'OIML R46'; repeatable",
    )
    parser.add_argument("--limits", type=Path, metavar="FILE", help=f"corrections of limits (default {CORRECTIONS})")
    parser.add_argument(
        "--select", action="append", default=[], metavar="PATTERN",
        help="only points of this name or kind, such as influence; repeatable",
    )  # fmt: skip
    parser.add_argument("--plan", action="store_true", help="print the points and limits, and run nothing")
    parser.add_argument("--image", type=Path, metavar="FILE", help="an ELF or a flash image instead of the product's")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (default: CPUs)")
    parser.add_argument("--out", type=Path, default=Path("out/metrology"), metavar="DIR", help="results")
    parser.add_argument("--json", action="store_true", help="print class_table.json instead of the table")


def main(options: argparse.Namespace) -> int:
    """Run the plan; 0 if all points that can be run passed, else 1."""
    if options.jobs < 1:
        raise UsageError(f"--jobs is a number from 1 on, not {options.jobs}")
    manifest = find_manifest(options.product)
    made = plan(
        Rating.of(read_manifest(manifest)),
        standards(_corrections(options.limits)),
        options.active_class,
        options.reactive_class,
        options.standard,
    )
    if options.select:
        made = made.select(*options.select)
    if options.plan:
        print(_plan_json(made) if options.json else _plan_text(made))
        return 0
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"results cannot be written to {options.out}: {error.strerror}") from error
    start = time.monotonic()
    image = options.image.resolve() if options.image else None
    with process_pool(min(options.jobs, len(made.points))) as pool, _Display(len(made.points)) as shown:
        results = run_campaign(made, Product(manifest, image), pool, shown)
    table = to_table(made, results)
    write_class_table(table, options.out)
    if options.json:
        print(json.dumps(table, indent=1, ensure_ascii=False))
    else:
        print(_text(table, options.out, time.monotonic() - start))
    return 0 if table["verdict"] == "passed" else 1


def _corrections(given: Path | None) -> Path | None:
    if given is not None:
        if not given.is_file():
            raise UsageError(f"there is no file of limits {given}")
        return given
    usual = home() / CORRECTIONS
    return usual if usual.is_file() else None


def _plan_text(made: Plan) -> str:
    rows = [("point", "limit", "certainty", "clause", "cannot be run yet, as")]
    for point in made.points:
        limit = f"±{point.limit.value:g} {point.limit.unit}" if point.limit.unit else ""
        rows.append((point.name, limit, point.limit.certainty, point.limit.source, point.blocked))
    count = len(made.points) - len(made.runnable)
    return "\n".join([*columns(rows), f"{len(made.runnable)} points to run, {count} that cannot be run yet"])


def _plan_json(made: Plan) -> str:
    nothing = [Result(point, "not run", point.blocked or "only planned") for point in made.points]
    return json.dumps(to_table(made, nothing), indent=1, ensure_ascii=False)


def _text(table: dict[str, Any], folder: Path, host_s: float) -> str:
    """Each point that is not passed, the class that is met, and where the results are."""
    counts = table["counts"]
    lines = [f"{_MARKS[item['verdict']]} {item['name']}: {item['reason']}" for item in table["points"]
             if item["verdict"] != "passed"]  # fmt: skip
    for item in table["classes"]:
        met = f"class {item['met']} is met" if item["met"] else "no class is met"
        lines.append(f"{item['standard']}: asked for class {item['asked']}, {met} by the points that were run")
        lines += [f"  not {name}: {reason}" for name, reason in item["reasons"].items()]
    lines += [
        f"{table['verdict'].upper()}  {table['product']}: {counts['passed']} points passed, {counts['failed']} failed, "
        f"{counts['undecided']} undecided, {counts['not run']} not run; {seconds(table['virtual_seconds'])} virtual in "
        f"{seconds(host_s)}",
        f"Report: {folder / 'class_table.html'}   JUnit: {folder / 'junit.xml'}   Data: {folder / 'class_table.json'}",
    ]
    return "\n".join(lines)


class _Display:
    """How far the campaign is, on stderr; silent unless that is a terminal."""

    def __init__(self, total: int) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console, transient=True, disable=not console.is_terminal, redirect_stdout=False,
        )  # fmt: skip
        self._task = self._progress.add_task("booting", total=total)

    def __enter__(self) -> Callable[[Result], None]:
        self._progress.start()
        return self._show

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _show(self, result: Result) -> None:
        self._progress.update(self._task, description=result.point.name[:60], advance=1)
