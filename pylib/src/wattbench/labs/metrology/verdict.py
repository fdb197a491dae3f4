"""The verdict over a whole class table, and the table as plain data for reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wattbench.labs.metrology.factors import CHARACTERS
from wattbench.labs.metrology.plan import Plan
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
    own = [item.name for item in plan.standards if item.own and item.quantity == standard.quantity]
    names = list(dict.fromkeys([standard.name, *own]))
    reasons: dict[str, str] = {}
    met = ""
    # The laboratory's own requirements are no classification: nothing better than what was asked for.
    for name in [plan.asked(standard)] if standard.own else standard.classes:
        reason = next(filter(None, (_against(plan, item, results, name) for item in names)), "")
        if not reason:
            met = name
            break
        reasons[name] = reason
    return ClassMet(standard.name, plan.asked(standard), met, reasons)


def _against(plan: Plan, standard: str, results: Sequence[Result], name: str) -> str:
    """Why results of a standard do not show a class: it takes all points that can be run, and loads of every kind."""
    ran = [item for item in results if item.point.limit.standard == standard and item.verdict != "not run"]
    for result in ran:
        verdict = result.by_class.get(name, "undecided")
        if verdict != "passed":
            return f"{result.point.name}: {verdict}"
    measured = {result.point.name for result in ran}
    needed = [point for owner, point in plan.needed if owner == standard]
    missing = [point for point in needed if point not in measured]
    if missing:
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        return f"{missing[0]} was not measured{more}"
    return _blind(ran) if needed else f"nothing of {standard} can be measured"


def _blind(ran: Sequence[Result]) -> str:
    """What no table of limits may leave out: at a power factor of 1 an error of the phase does not show."""
    characters = {load.factor.character for load in (result.point.load for result in ran) if load.factor.value < 1}
    for character in CHARACTERS:
        if character not in characters:
            return f"no {character} load was measured: a phase error does not show at a factor of 1"
    return ""


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
                "own": item.own,
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
        "subject": point.subject,
        "condition": point.condition,
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
