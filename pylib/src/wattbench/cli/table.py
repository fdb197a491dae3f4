"""Outcomes as text for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from wattbench.report.numbers import amount, percent, seconds
from wattbench.report.outcome import Outcome
from wattbench.robot.results import Judgement

_GREEN, _RED, _OFF = "\033[32m", "\033[31m", "\033[0m"


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Rows with their cells in columns two blanks apart; the columns numbered in `right` end flush."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _row(item: Judgement) -> tuple[str, ...]:
    in_percent = item.error_unit == "%"
    return (
        "✓" if item.passed else "✗",
        item.point,
        item.source,
        amount(item.injected, item.unit),
        amount(item.measured, item.unit),
        amount(item.error, item.error_unit),
        f"{'±' if in_percent else ''}{percent(item.limit)} {item.error_unit}",
    )


def _skipped(outcome: Outcome) -> list[str]:
    """A line for each reason why tests did not run."""
    reasons = Counter(
        case.message.splitlines()[-1] for case in outcome.cases if case.status == "skipped" and case.message
    )
    return [f"- {count} skipped: {reason}" for reason, count in reasons.items()]


def outcome_text(outcome: Outcome, folder: Path, colour: bool) -> str:
    """Verdict, table of judgements, failures with their messages, and where the results are."""
    good, bad, off = (_GREEN, _RED, _OFF) if colour else ("", "", "")
    lines: list[str] = []
    if outcome.judgements:
        header = ("", "point", "source", "injected", "measured", "error", "limit")
        head, *rows = columns([header, *map(_row, outcome.judgements)], right=(3, 4, 5, 6))
        lines += [head, *(f"{good if row.startswith('✓') else bad}{row[0]}{off}{row[1:]}" for row in rows), ""]
    for case in outcome.cases:
        if case.status == "failed":
            lines.append(f"{bad}✗ {case.name}{off}")
            lines += [f"  {line}" for line in case.message.splitlines() if line]
    lines += [f"! {message}" for message in outcome.errors]
    lines += _skipped(outcome)
    verdict = f"{good}PASSED{off}" if outcome.passed else f"{bad}FAILED{off}"
    if outcome.cases and outcome.count("skipped") == len(outcome.cases):
        verdict = f"{bad}NOTHING RUN{off}"
    skipped = f", {outcome.count('skipped')} skipped" if outcome.count("skipped") else ""
    judged = [item.passed for item in outcome.judgements] + [item.passed for item in outcome.timings]
    lines += [
        f"{verdict}  {outcome.name}: {outcome.count('passed')} passed, {outcome.count('failed')} failed"
        f"{skipped}; "
        f"{sum(judged)} of {len(judged)} measurements within their limits; "
        f"{seconds(outcome.virtual_s)} virtual in {seconds(outcome.host_s)}",
        f"Report: {folder / 'report.html'}   Robot's log: {folder / 'log.html'}   JUnit: {folder / 'junit.xml'}",
    ]
    return "\n".join(lines)
