"""Robot keywords that run points of a type test on the loaded meter."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from robot.api import logger
from robot.api.deco import keyword, library

from wattbench.core.clock import to_ns
from wattbench.core.errors import UsageError, VerdictError
from wattbench.labs.metrology.campaign import Product, process_pool, run_campaign
from wattbench.labs.metrology.conduct import Laboratory
from wattbench.labs.metrology.plan import Plan, plan
from wattbench.labs.metrology.points import Result
from wattbench.labs.metrology.rating import Rating
from wattbench.labs.metrology.standards import standards
from wattbench.robot.results import Judgement
from wattbench.robot.session import BenchLibrary

_COUNTS = ("starting", "no_load")


@library
class ClassTable(BenchLibrary):
    """Runs points of the type test of a class: limits of error, influence quantities, starting, no load, constant.

    `Plan Class Table` makes the points from the product's manifest and the limits of the standards, the other keywords
    run them. Each point goes to the report with its error, uncertainty and limit. A point that cannot be run yet is
    logged as a warning with its reason. `wattbench metrology --plan` lists the names of all points.
    """

    def __init__(self) -> None:
        """A new library has no plan."""
        self._plan: Plan | None = None

    @keyword
    def plan_class_table(
        self, active_class: str = "", reactive_class: str = "", corrections: str | None = None, *names: str
    ) -> list[str]:
        """Plans the test of the loaded product for a class, and returns the names of all points.

        Without a class it is the one that the manifest states. ``corrections`` is a file with corrected limits,
        ``names`` chooses standards such as ``OIML R46``. Fails where the product's data contradict the class.
        """
        path = Path(corrections) if corrections else None
        rating = Rating.of(self.session.bench.manifest)
        self._plan = plan(rating, standards(path), active_class, reactive_class, names)
        return [point.name for point in self._plan.points]

    @keyword
    def class_points_should_pass(self, *patterns: str) -> list[Result]:
        """Runs the points that match a pattern (a name such as ``* unity Imax *``, or a kind such as ``influence``).

        Each starts from the meter as it is now, which must be booted and without load; so it is afterwards. All points
        run, also after one that failed. Fails if one of them is outside its limit or could not be decided, and if a
        pattern matches none that can be run.
        """
        chosen = [self._planned().select(pattern) for pattern in patterns]
        if not chosen:
            raise UsageError("give at least one pattern of points, such as `influence`")
        points = dict.fromkeys(point for selected in chosen for point in selected.points)
        session = self.session
        session.save(_STATE)
        laboratory = Laboratory(session.bench)
        try:
            results = [laboratory.conduct(point) for point in points]
        finally:
            session.restore(_STATE)
        session.spend(sum(to_ns(result.virtual_s) for result in results))
        return self._keep(results)

    @keyword
    def whole_class_table_should_pass(self, jobs: int = 2) -> list[Result]:
        """Runs all points of the plan, spread over so many processes that each boot the meter by themselves."""
        manifest = self.session.bench.manifest
        with process_pool(jobs) as pool:
            results = run_campaign(self._planned(), Product(manifest.path, manifest.file), pool)
        self.session.spend(sum(to_ns(result.virtual_s) for result in results))
        return self._keep(results)

    def _planned(self) -> Plan:
        if self._plan is None:
            raise UsageError("there is no plan; call the keyword `Plan Class Table` first")
        return self._plan

    def _keep(self, results: Iterable[Result]) -> list[Result]:
        """Log and record all results, then fail if one of them is no pass."""
        kept = list(results)
        for result in kept:
            text = f"{result.point.name}: {result.verdict}, {result.reason}"
            if result.verdict == "not run":
                logger.warn(text)
                continue
            logger.info(text)
            if result.value is not None and math.isfinite(result.value):
                self.session.record(_judgement(self.session.test, result))
        bad = [result for result in kept if result.verdict not in ("passed", "not run")]
        if bad:
            lines = "\n".join(f"{result.point.name}: {result.verdict}, {result.reason}" for result in bad)
            raise VerdictError(f"{len(bad)} of {len(kept)} points did not pass:\n{lines}")
        return kept


_STATE = "class table"


def _judgement(test: str, result: Result) -> Judgement:
    point, value = result.point, result.value or 0.0
    unit, source = point.limit.unit or "%", "pulses" if point.kind == "steadiness" else "registers"
    judgement = Judgement(
        test, point.name, point.kind, unit, 0.0, value, value, point.limit.value, result.uncertainty, source,
        result.passed, unit,
    )  # fmt: skip
    if result.readings:
        first = result.readings[0]
        judgement = replace(judgement, source=first.source)
        if point.kind == "accuracy":
            return replace(judgement, injected=first.injected, measured=first.measured, unit=first.unit)
        if len(result.readings) == 2:
            before, after = result.readings
            return replace(judgement, injected=before.error_percent, measured=after.error_percent)
    if point.kind in _COUNTS:
        limit = float(point.pulses)
        return replace(judgement, unit="pulses", error_unit="pulses", source="pulses", limit=limit)
    return judgement
