"""Run Robot suites and report.

example:
  wattbench run robot_tests/metrology/first_run.robot --out out/first_run
  wattbench run robot_tests/metrology --firmware edge_meter_3p_wrong_calibration
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path

import robot
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from wattbench.bench import find_manifest
from wattbench.bench.bench import ENGINES
from wattbench.cli.table import outcome_text
from wattbench.core.errors import SetupError, UsageError
from wattbench.engines.renode.discovery import require_renode
from wattbench.report.summary import to_summary
from wattbench.report.write import FILE_NAMES, write_reports
from wattbench.robot.results import FILE_NAME

DEFAULT_SUITE = "robot_tests"
_MOST_FAILURES, _BAD_DATA, _INTERRUPTED = 250, 252, 253


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of this verb."""
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"suite files or folders (default {DEFAULT_SUITE})")
    parser.add_argument("--firmware", metavar="F", help="product or manifest; sets the variable FIRMWARE")
    parser.add_argument("--engine", choices=list(ENGINES), default="embedded", help="sets the variable ENGINE")
    parser.add_argument("--out", type=Path, default=Path("out/run"), metavar="DIR", help="results (default out/run)")
    parser.add_argument("--variable", action="append", default=[], metavar="NAME:VALUE", help="a Robot variable")
    parser.add_argument("--json", action="store_true", help="print summary.json instead of the table")


def main(options: argparse.Namespace) -> int:
    """Run the suites; 0 if something passed and nothing failed, else 1."""
    suites = options.suites or [DEFAULT_SUITE]
    for suite in suites:
        if not Path(suite).exists():
            raise UsageError(f"there is no suite {suite}; give a .robot file or a folder of them")
    for variable in options.variable:
        if ":" not in variable:
            raise UsageError(f"--variable takes NAME:VALUE, not {variable}")
    if options.engine == "renode":
        require_renode()
    variables = [f"ENGINE:{options.engine}", *options.variable]
    if options.firmware:
        find_manifest(options.firmware)
        variables.append(f"FIRMWARE:{options.firmware}")
    _empty(options.out)
    _robot(suites, options.out, variables, [f"engine:{other}" for other in ENGINES if other != options.engine])
    outcome = write_reports(options.out)
    if options.json:
        print(json.dumps(to_summary(outcome), indent=2, ensure_ascii=False))
    else:
        print(outcome_text(outcome, options.out, colour=sys.stdout.isatty()))
    return 0 if outcome.passed else 1


def _empty(folder: Path) -> None:
    """Take away what an earlier run left, so that a run that dies shows no old report as its own."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (*FILE_NAMES, FILE_NAME, "output.xml", "log.html"):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"results cannot be written to {folder}: {error.strerror}") from error


def _robot(suites: list[str], folder: Path, variables: list[str], exclude: list[str]) -> None:
    """Run Robot Framework in this process; raises unless it came to a result.

    Tests tagged `engine:<name>` run on that engine only; `exclude` has the tags of the others.
    """
    messages = io.StringIO()
    with _Display() as display:
        code = robot.run(  # type: ignore[attr-defined]  # exported without being listed
            *suites,
            outputdir=str(folder),
            report="NONE",
            variable=variables,
            exclude=exclude,
            console="quiet",
            stderr=messages,
            listener=display,
        )
    if code == _INTERRUPTED:
        raise KeyboardInterrupt
    if code <= _MOST_FAILURES:
        return
    text = " ".join(messages.getvalue().replace("[ ERROR ]", "").split()) or f"exit code {code}"
    raise (UsageError if code == _BAD_DATA else SetupError)(f"Robot Framework stopped: {text}")


class _Display:
    """Robot listener that shows how far the run is; silent unless stderr is a terminal."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console, transient=True, disable=not console.is_terminal, redirect_stdout=False,
        )  # fmt: skip
        self._task = self._progress.add_task("starting", total=None)
        self._suites = 0

    def __enter__(self) -> _Display:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def start_suite(self, data: object, result: object) -> None:
        """Robot begins a suite; the first one holds all tests."""
        if not self._suites:
            self._progress.update(self._task, total=getattr(data, "test_count", None))
        self._suites += 1

    def start_test(self, data: object, result: object) -> None:
        """Robot begins a test."""
        self._progress.update(self._task, description=getattr(data, "name", ""))

    def end_test(self, data: object, result: object) -> None:
        """Robot has ended a test."""
        self._progress.advance(self._task)
