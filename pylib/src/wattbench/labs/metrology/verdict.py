"""The verdict over a whole class table, and the table as plain data for reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wattbench.labs.metrology.plan import Part, Plan
from wattbench.labs.metrology.points import Result
from wattbench.labs.metrology.standards import Standard

SCHEMA = 1


@dataclass(frozen=True)
class ClassMet:
    """The best class of a standard that the results show, empty if they show none, and why not a better one."""

    standard: str
    asked: str
    met: str
    reasons: dict[str, str]
    """For each class that is not shown the first thing that speaks against it."""


def classes_met(plan: Plan, results: Sequence[Result]) -> tuple[ClassMet, ...]:
    """What the results show, for each standard of the plan."""
    return tuple(_met(plan, standard, results) for standard in plan.standards)


def _met(plan: Plan, standard: Standard, results: Sequence[Result]) -> ClassMet:
    ran = [r for r in results if r.point.limit.standard == standard.name and r.verdict != "not run"]
    parts = [part for part in plan.parts if part.standard == standard.name]
    reasons: dict[str, str] = {}
    met = ""
    for name in standard.classes:
        reason = _against(parts, ran, name)
        if not reason:
            met = name
            break
        reasons[name] = reason
    return ClassMet(standard.name, plan.asked(standard), met, reasons)


def _against(parts: Sequence[Part], ran: Sequence[Result], name: str) -> str:
    """Why results do not show a class; it needs every power factor of its tables, not only points that pass."""
    for result in ran:
        verdict = result.by_class.get(name, result.verdict)
        if verdict != "passed":
            return f"{result.point.name}: {verdict}"
    measured = {Part.of(result.point) for result in ran}
    for part in parts:
        if part not in measured:
            return f"no point of {part.row} at {part.factor} was measured"
    return "" if parts else "nothing of the standard can be measured"


def passed(results: Sequence[Result]) -> bool:
    """Whether something ran and all that ran passed."""
    ran = [result for result in results if result.verdict != "not run"]
    return bool(ran) and all(result.passed for result in ran)


def to_table(plan: Plan, results: Sequence[Result]) -> dict[str, Any]:
    """Plan and results as plain data with stable keys; nothing in it depends on the host."""
    return {
        "schema": SCHEMA,
        "product": plan.rating.product,
        "verdict": "passed" if passed(results) else "failed",
        "active_class": plan.active_class,
        "reactive_class": plan.reactive_class,
        "selection": plan.selection,
        "rating": _rating(plan),
        "counts": {
            verdict: sum(result.verdict == verdict for result in results)
            for verdict in ("passed", "failed", "undecided", "not run")
        },
        "virtual_seconds": sum(result.virtual_s for result in results),
        "booted": next((result.booted for result in results if result.booted), ""),
        "classes": [asdict(item) for item in classes_met(plan, results)],
        "standards": [
            {
                "standard": item.name,
                "edition": item.edition,
                "title": item.title,
                "checked": item.checked,
                "quantity": item.quantity,
                "classes": list(item.classes),
                "asked": plan.asked(item),
            }
            for item in plan.standards
        ],
        "points": [_point(result) for result in results],
    }


def _rating(plan: Plan) -> dict[str, Any]:
    rating = plan.rating
    return {
        "connection": rating.connection,
        "phases": list(rating.phases),
        "voltage_v": rating.voltage_v,
        "frequency_hz": rating.frequency_hz,
        "currents_a": rating.currents(),
        "constants": dict(rating.constants),
    }


def _point(result: Result) -> dict[str, Any]:
    point = result.point
    return {
        "name": point.name,
        "kind": point.kind,
        "title": point.title,
        "quantity": point.quantity,
        "load": {**asdict(point.load), "factor": str(point.load.factor), "where": point.load.where},
        "limit": {**asdict(point.limit), "source": point.limit.source},
        "limits": {limit.accuracy_class: limit.value for limit in point.limits},
        "by_class": dict(result.by_class),
        "verdict": result.verdict,
        "reason": result.reason,
        "value": result.value,
        "uncertainty": result.uncertainty,
        "unit": result.unit,
        "readings": [asdict(reading) for reading in result.readings],
        "virtual_seconds": result.virtual_s,
    }
