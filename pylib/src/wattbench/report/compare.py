"""Two runs of one suite side by side: verdicts, console, pulses and registers, test by test.

Reads the output folders of `wattbench run` only. Differences that are known and explained are listed with their reason.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from itertools import zip_longest
from pathlib import Path
from typing import Any

from wattbench.report.outcome import Outcome, read_outcome
from wattbench.robot.results import FILE_NAME, Seen, read_results

TIME_TOLERANCE_S = 1e-9
"""Times of equal things that lie this close count as equal."""
RELATIVE_TOLERANCE = 20e-6
"""Measured quantities of both engines agree within 20 ppm of the largest one of their family."""
FAMILIES = {"W": "power", "var": "power", "VA": "power", "Wh": "energy", "varh": "energy", "VAh": "energy"}
"""Units whose quantities are measured on one scale: 0.1 mvar beside 10 kW is nothing."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same in both runs; `reason` says why if that is known."""

    test: str
    kind: str
    name: str
    time_s: float | None
    first: str
    second: str
    amount: float = 0.0
    reason: str = ""

    @property
    def text(self) -> str:
        """One line that says it."""
        when = f" at {self.time_s:.9f} s" if self.time_s is not None else ""
        return f"{self.kind} {self.name}{when}: {self.first} / {self.second}"


@dataclass(frozen=True)
class Comparison:
    """Two runs compared."""

    engines: tuple[str, str]
    tests: int
    differences: tuple[Difference, ...]

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        """Differences for which no reason is known."""
        return tuple(item for item in self.differences if not item.reason)

    def to_json(self) -> dict[str, Any]:
        """With stable keys."""
        return {
            "engines": list(self.engines),
            "tests": self.tests,
            "differences": [asdict(item) for item in self.differences],
            "unexplained": len(self.unexplained),
        }


def compare(first: Path, second: Path) -> Comparison:
    """Compare two output folders; raises SetupError or SourceError for one that holds no complete run."""
    outcomes = read_outcome(first), read_outcome(second)
    engines = (_engine(outcomes[0]), _engine(outcomes[1]))
    seen = [
        {item.test: item for item in read_results(f / FILE_NAME) if isinstance(item, Seen)} for f in (first, second)
    ]
    found = list(_verdicts(*outcomes))
    for test in seen[0].keys() & seen[1].keys():
        found += _seen(seen[0][test], seen[1][test])
    explained = (_explain(item, engines) for item in found)
    ordered = sorted(explained, key=lambda item: (item.test, item.time_s or 0.0, item.kind, item.name))
    return Comparison(engines, len(outcomes[0].cases), tuple(ordered))


def _engine(outcome: Outcome) -> str:
    return outcome.runs[0].engine if outcome.runs else "unknown"


def _verdicts(first: Outcome, second: Outcome) -> Iterator[Difference]:
    statuses = [{case.long_name: case.status for case in outcome.cases} for outcome in (first, second)]
    for test in sorted(statuses[0].keys() | statuses[1].keys()):
        pair = [status.get(test, "not run") for status in statuses]
        if pair[0] != pair[1]:
            yield Difference(test, "verdict", "of the test", None, pair[0], pair[1])


def _seen(first: Seen, second: Seen) -> Iterator[Difference]:
    yield from _console(first, second)
    for kind in sorted(first.pulses.keys() | second.pulses.keys()):
        yield from _pulses(first, second, kind)
    scales = _scales(first, second)
    for name in sorted(first.registers.keys() | second.registers.keys()):
        tolerance = RELATIVE_TOLERANCE * scales.get(_family(first, name), 0.0)
        values = [(item.registers.get(name) or []) for item in (first, second)]
        for place, (one, other) in enumerate(zip_longest(*values)):
            if one is None and other is None:
                continue
            if one is None or other is None or abs(one - other) > tolerance:
                amount = abs(one - other) if one is not None and other is not None else 0.0
                label = f"{name}[{place}]"
                yield Difference(first.test, "register", label, first.instant_s, _shown(one), _shown(other), amount)


def _console(first: Seen, second: Seen) -> Iterator[Difference]:
    for one, other in zip_longest(first.console, second.console):
        if one is None or other is None or one[1] != other[1]:
            texts = [repr(line[1]) if line else "nothing" for line in (one, other)]
            yield Difference(first.test, "console", "line", (one or other)[0], texts[0], texts[1])
            return
        if abs(one[0] - other[0]) > TIME_TOLERANCE_S:
            times = [f"{line[0]:.9f} s" for line in (one, other)]
            yield Difference(
                first.test, "time", f"of line {one[1]!r}", one[0], times[0], times[1], abs(one[0] - other[0])
            )


def _pulses(first: Seen, second: Seen, kind: str) -> Iterator[Difference]:
    times = [item.pulses.get(kind, []) for item in (first, second)]
    if len(times[0]) != len(times[1]):
        yield Difference(
            first.test, "pulses", f"{kind}, number", first.instant_s, str(len(times[0])), str(len(times[1]))
        )
    apart = [(abs(one - other), one, other) for one, other in zip(*times, strict=False)]
    worst = max(apart, default=(0.0, 0.0, 0.0))
    if worst[0] > TIME_TOLERANCE_S:
        stamps = [f"{time_s:.9f} s" for time_s in worst[1:]]
        yield Difference(first.test, "time", f"of {kind} pulses, largest", worst[1], stamps[0], stamps[1], worst[0])


def _family(seen: Seen, name: str) -> str:
    unit = seen.units.get(name, "")
    return FAMILIES.get(unit, unit) or name


def _scales(first: Seen, second: Seen) -> dict[str, float]:
    """The largest number of each family of units in either run."""
    scales: dict[str, float] = {}
    for seen in (first, second):
        for name, values in seen.registers.items():
            family = _family(seen, name)
            numbers = (abs(value) for value in values if value is not None)
            scales[family] = max(scales.get(family, 0.0), *numbers, 0.0)
    return scales


def _shown(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.9g}"


@cache
def _known() -> list[dict[str, Any]]:
    text = files("wattbench.report").joinpath("known_differences.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["difference"])


def _explain(item: Difference, engines: tuple[str, str]) -> Difference:
    for known in _known():
        if set(known["engines"]) != set(engines) or not re.search(known["what"], f"{item.kind} {item.name}"):
            continue
        if item.amount <= known.get("within_s", float("inf")):
            return Difference(**{**asdict(item), "reason": known["reason"]})
    return item
