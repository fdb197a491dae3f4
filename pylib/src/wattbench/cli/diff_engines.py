"""Run one suite on two engines and compare what they show.

example:
  wattbench diff-engines robot_tests/metrology/first_run.robot --out out/diff
Verdicts, console lines, pulses and final registers are compared; known differences stand beside their reason.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from itertools import groupby
from pathlib import Path

from wattbench.core.errors import SetupError, UsageError
from wattbench.report.compare import Comparison, compare

ENGINES = ("embedded", "renode")
_HAS_RESULT = (0, 1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of this verb."""
    parser.add_argument("suite", metavar="SUITE", help="suite file or folder")
    parser.add_argument("--engines", nargs=2, default=ENGINES, metavar=("A", "B"), help="default: embedded renode")
    parser.add_argument("--firmware", nargs="+", metavar="F", help="product or manifest; two of them for A and B")
    parser.add_argument("--out", type=Path, default=Path("out/diff"), metavar="DIR", help="results (default out/diff)")
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")


def main(options: argparse.Namespace) -> int:
    """0 if everything that differs is explained, else 1."""
    if not Path(options.suite).exists():
        raise UsageError(f"there is no suite {options.suite}; give a .robot file or a folder of them")
    firmware = options.firmware or [None]
    if len(firmware) > len(options.engines):
        raise UsageError("--firmware takes one or two products")
    folders = []
    for number, engine in enumerate(options.engines):
        folders.append(options.out / f"{'ab'[number]}-{engine}")
        _run(options.suite, engine, firmware[min(number, len(firmware) - 1)], folders[-1])
    result = compare(*folders)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "differences.json").write_text(json.dumps(result.to_json(), indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result.to_json(), indent=2) if options.json else _text(result, options.out))
    return 1 if result.unexplained else 0


def _run(suite: str, engine: str, firmware: str | None, folder: Path) -> None:
    """One engine in a process of its own; its progress goes to this terminal."""
    command = [sys.executable, "-m", "wattbench.cli.main", "run", suite, "--engine", engine, "--out", str(folder)]
    if firmware:
        command += ["--firmware", firmware]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=None, check=False)
    if done.returncode not in _HAS_RESULT:
        raise SetupError(f"the suite came to no result on the engine {engine}; its message is above")


def _text(result: Comparison, folder: Path) -> str:
    lines = []
    for test, items in groupby(result.differences, key=lambda item: item.test):
        lines.append(test)
        listed = list(items)
        lines += [f"  {item.text}" for item in listed if not item.reason]
        for reason in dict.fromkeys(item.reason for item in listed if item.reason):
            known = [item for item in listed if item.reason == reason]
            worst = max(known, key=lambda item: item.amount)
            lines += [f"  known, {len(known)} times, the largest: {worst.text}", f"    {reason}"]
    explained = len(result.differences) - len(result.unexplained)
    verdict = "DIFFERENT" if result.unexplained else "EQUAL"
    lines.append(
        f"{verdict}  {' / '.join(result.engines)}: {result.tests} tests, {len(result.unexplained)} differences, "
        f"{explained} known ones"
    )
    lines.append(f"Whole list: {folder / 'differences.json'}")
    return "\n".join(lines)
