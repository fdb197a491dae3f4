"""The outcome of a run as plain values: Robot's `output.xml` and the results file put together.

Everything a report shows comes from here; a report never asks a bench.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from robot.api import ExecutionResult
from robot.errors import DataError

from wattbench.core.errors import SetupError
from wattbench.robot.results import FILE_NAME, CaseFacts, Judgement, RunFacts, Timed, Trace, Unmodelled, read_results

STATUS = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}


@dataclass(frozen=True)
class Case:
    """One Robot test: `status` is passed, failed or skipped; virtual time and digest where a bench ran."""

    suite: str
    name: str
    long_name: str
    status: str
    message: str
    documentation: str
    host_s: float
    virtual_s: float | None
    digest: str | None


@dataclass(frozen=True)
class Outcome:
    """One run."""

    name: str
    started: str
    host_s: float
    version: str
    runs: tuple[RunFacts, ...]
    cases: tuple[Case, ...]
    judgements: tuple[Judgement, ...]
    traces: tuple[Trace, ...]
    errors: tuple[str, ...]
    unmodelled: tuple[Unmodelled, ...] = ()
    """What firmware used that no model does, over all tests; what is not accepted comes first."""
    timings: tuple[Timed, ...] = ()

    def count(self, status: str) -> int:
        """How many tests have this status."""
        return sum(case.status == status for case in self.cases)

    @property
    def passed(self) -> bool:
        """Whether something passed and nothing failed, neither a test nor a judgement."""
        judged = [item.passed for item in self.judgements] + [item.passed for item in self.timings]
        return self.count("passed") > 0 and self.count("failed") == 0 and all(judged)

    @property
    def virtual_s(self) -> float:
        """Virtual seconds of all tests."""
        return sum(case.virtual_s or 0.0 for case in self.cases)

    @property
    def digest(self) -> str | None:
        """Digest of the machine after the last test that ran one."""
        return next((case.digest for case in reversed(self.cases) if case.digest), None)


def _version() -> str:
    try:
        return version("wattbench")
    except PackageNotFoundError:
        return "from a source tree"


def _case(test: Any, facts: CaseFacts | None) -> Case:
    return Case(
        suite=test.parent.full_name,
        name=test.name,
        long_name=test.full_name,
        status=STATUS.get(test.status, "failed"),
        message=test.message,
        documentation=str(test.doc),
        host_s=test.elapsed_time.total_seconds(),
        virtual_s=facts.virtual_s if facts else None,
        digest=facts.digest if facts else None,
    )


def read_outcome(folder: Path) -> Outcome:
    """The outcome of the run whose output folder this is; raises SetupError where Robot left no whole result."""
    try:
        result = ExecutionResult(folder / "output.xml")
    except DataError as error:
        raise SetupError(f"{folder} holds no complete Robot result, so there is no report: {error.message}") from error
    records = list(read_results(folder / FILE_NAME))
    facts = {record.test: record for record in records if isinstance(record, CaseFacts)}
    suite = result.suite
    return Outcome(
        name=suite.name,
        started=suite.start_time.isoformat(sep=" ", timespec="seconds") if suite.start_time else "",
        host_s=suite.elapsed_time.total_seconds(),
        version=_version(),
        runs=tuple(record for record in records if isinstance(record, RunFacts)),
        cases=tuple(_case(test, facts.get(test.full_name)) for test in result.suite.all_tests),
        judgements=tuple(record for record in records if isinstance(record, Judgement)),
        traces=tuple(record for record in records if isinstance(record, Trace)),
        errors=tuple(message.message for message in result.errors if message.level == "ERROR"),
        timings=tuple(record for record in records if isinstance(record, Timed)),
        unmodelled=_unmodelled(record for record in records if isinstance(record, Unmodelled)),
    )


def _unmodelled(records: Iterable[Unmodelled]) -> tuple[Unmodelled, ...]:
    """The same access of several tests as one, with the first one's test, detail and time."""
    found: dict[tuple[str, str, int], Unmodelled] = {}
    for record in records:
        key = (record.model, record.access, record.pc)
        first = found.get(key)
        found[key] = replace(first, count=first.count + record.count) if first is not None else record
    return tuple(sorted(found.values(), key=lambda item: bool(item.reason)))
