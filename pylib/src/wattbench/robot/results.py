"""What keywords leave behind for the report: one JSON object a line in `measurements.jsonl` of the output folder.

Robot's own `output.xml` tells which test passed; this file holds the numbers behind it. A line is written in one
piece when the thing happened, so a run that dies keeps everything up to that moment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from wattbench.core.errors import SourceError

FILE_NAME = "measurements.jsonl"


@dataclass(frozen=True)
class RunFacts:
    """What was run: engine, product, firmware file with its SHA-256, and the versions of what judged it."""

    engine: str
    product: str
    firmware: str
    sha256: str
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseFacts:
    """One test (by Robot's long name) in virtual time, and the machine's digest at its end."""

    test: str
    virtual_s: float
    digest: str


@dataclass(frozen=True)
class Judgement:
    """One measured number against the injected truth and its limit.

    `error`, `limit` and `uncertainty` are in `error_unit`, percent of the injected value unless the truth is zero.
    """

    test: str
    point: str
    quantity: str
    unit: str
    injected: float
    measured: float
    error: float
    limit: float
    uncertainty: float
    source: str
    passed: bool
    error_unit: str = "%"


@dataclass(frozen=True)
class Trace:
    """A quantity over virtual time, injected and measured, each with its own instants in s.

    Events are (begin, end, name), in s.
    """

    test: str
    quantity: str
    unit: str
    injected_s: list[float]
    injected: list[float]
    measured_s: list[float]
    measured: list[float]
    injected_events: list[tuple[float, float, str]] = field(default_factory=list)
    measured_events: list[tuple[float, float, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Seen:
    """What the bench had shown when a test ended: console lines as (s, text), pulse times in s, registers.

    A register of which firmware made no number (NaN, infinity) is None.
    """

    test: str
    instant_s: float
    console: list[tuple[float, str]]
    pulses: dict[str, list[float]]
    registers: dict[str, list[float | None]]
    units: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Unmodelled:
    """What firmware used in a test that no model does; `reason` says why that is accepted, empty if it is not."""

    test: str
    model: str
    access: str
    detail: str
    pc: int
    symbol: str
    count: int
    first_s: float | None
    reason: str


@dataclass(frozen=True)
class Timed:
    """A judged timing: what was `found` against its `limit`, and the figures of all instances, in `unit` (ns or %).

    `judged` says what of it was: longest, jitter, deviation, slack, load. `edges` and `counts` are a histogram.
    """

    test: str
    quantity: str
    unit: str
    judged: str
    found: float
    limit: float
    passed: bool
    worst: str
    count: int
    mean: float
    least: float
    most: float
    deviation: float
    edges: list[float]
    counts: list[int]


Record = RunFacts | CaseFacts | Judgement | Trace | Seen | Unmodelled | Timed
KINDS: dict[str, type[Record]] = {
    "run": RunFacts, "case": CaseFacts, "judgement": Judgement, "trace": Trace, "seen": Seen,
    "unmodelled": Unmodelled, "timed": Timed,
}  # fmt: skip
_NAMES = {kind: name for name, kind in KINDS.items()}


class ResultsFile:
    """Appends records to the results file of an output folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def append(self, record: Record) -> None:
        """Write one record as one line."""
        line = json.dumps({"kind": _NAMES[type(record)], **asdict(record)}, allow_nan=False)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def read_results(path: Path) -> Iterator[Record]:
    """The records of a results file in order; nothing if there is none. Raises SourceError with the line at fault."""
    if not path.exists():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            entry = json.loads(line)
            yield KINDS[entry.pop("kind")](**entry)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceError(
                f"this is no line of a results file ({error}); run the suite again", path, number
            ) from error
