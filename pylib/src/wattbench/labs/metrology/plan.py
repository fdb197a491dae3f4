"""The test plan: from a product's rating and a class to a list of independent points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from wattbench.core.errors import UsageError
from wattbench.core.names import did_you_mean
from wattbench.labs.metrology.planner import Planner
from wattbench.labs.metrology.points import Point
from wattbench.labs.metrology.rating import Rating
from wattbench.labs.metrology.standards import Standard


@dataclass(frozen=True)
class Plan:
    """All points of a class for a product, those that cannot be run included. Plain data, like its points."""

    rating: Rating
    active_class: str
    reactive_class: str
    standards: tuple[Standard, ...]
    points: tuple[Point, ...]
    needed: tuple[tuple[str, str], ...] = ()
    """Standard and name of every point that can be run: only all of them show a class, also after a selection."""
    selection: str = ""
    """The patterns that the points were chosen by, empty for all of them."""

    @property
    def runnable(self) -> tuple[Point, ...]:
        """The points that can be run."""
        return tuple(point for point in self.points if not point.blocked)

    def asked(self, standard: Standard) -> str:
        """The class of a standard that was asked for."""
        return self.active_class if standard.quantity == "active" else self.reactive_class

    def select(self, *patterns: str) -> Plan:
        """The points whose name or kind matches one (`*unity*`, `influence`); raises UsageError for one without any."""
        chosen = set()
        for pattern in patterns:
            points = [p for p in self.points if fnmatchcase(p.name, pattern) or p.kind == pattern]
            if not any(not point.blocked for point in points):
                why = f": {points[0].name} cannot be run, {points[0].blocked}" if points else ""
                raise UsageError(f"no point of the plan that can be run is called or is a `{pattern}`{why}")
            chosen |= {point.name for point in points}
        points = [point for point in self.points if point.name in chosen]
        return replace(self, points=tuple(points), selection=", ".join(patterns))


def plan(
    rating: Rating,
    standards: Sequence[Standard],
    active_class: str = "",
    reactive_class: str = "",
    names: Sequence[str] = (),
) -> Plan:
    """The plan for the classes given, else for those that the product states.

    `names` of standards chooses among them; the laboratory's own requirements are always there. Raises UsageError where
    there is no class or standard of a name, or where the product's data contradict the class.
    """
    rating.require_sound()
    standards = _named(standards, names)
    if not active_class and not reactive_class:
        active_class, reactive_class = rating.active_class, rating.reactive_class
    if not active_class and not reactive_class:
        raise UsageError(
            f"{rating.product} states no class; give one, or `accuracy_class` in the table [metrology] of its manifest"
        )
    chosen = [
        *_of_class(rating, standards, "active", active_class),
        *_of_class(rating, standards, "reactive", reactive_class),
    ]
    points: list[Point] = []
    for standard in chosen:
        asked = active_class if standard.quantity == "active" else reactive_class
        rating = _with_minimum(rating, standard, asked)
    for standard in chosen:
        asked = active_class if standard.quantity == "active" else reactive_class
        points += Planner(rating, standard, asked).points()
    needed = tuple((point.limit.standard, point.name) for point in points if not point.blocked)
    return Plan(rating, active_class, reactive_class, tuple(chosen), tuple(points), needed)


def _named(standards: Sequence[Standard], names: Sequence[str]) -> list[Standard]:
    """The standards of these names, or all that need not be asked for, with the laboratory's own requirements."""
    known = [standard.name for standard in standards if not standard.own]
    for name in names:
        if name not in known:
            raise UsageError(f"there is no standard `{name}`{did_you_mean(name, known)}; there are {', '.join(known)}")
    return [item for item in standards if item.own or (item.name in names if names else not item.on_request)]


def _of_class(rating: Rating, standards: Sequence[Standard], quantity: str, asked: str) -> list[Standard]:
    if not asked:
        return []
    known = {name for item in standards if item.quantity == quantity and not item.own for name in item.classes}
    if asked not in known:
        hint = did_you_mean(asked, known)
        raise UsageError(f"there is no class {asked} for {quantity} energy{hint}; there are {', '.join(sorted(known))}")
    found = [item for item in standards if item.quantity == quantity and asked in item.classes]
    fitting = [item for item in found if rating.connection in item.connections]
    if all(item.own for item in fitting):
        raise UsageError(
            f"class {asked} contradicts {rating.product}: {found[0].name} has it for meters with "
            f"{' or '.join(found[0].connections)} connection only, and this one is for {rating.connection} connection"
        )
    return fitting


def _with_minimum(rating: Rating, standard: Standard, asked: str) -> Rating:
    """A rating that states no smallest current is taken at the largest that its class allows."""
    for row in standard.section("requires"):
        bound = row.data.get("at_most", {}).get(rating.connection, {}).get(asked)
        if row.data["current"] == "Imin" and not rating.minimum_a and bound:
            return replace(rating, minimum_a=rating.current(bound))
    return rating
