"""Conduct one point of a type test on a booted meter: a procedure for each kind of point, and the decision."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError, UsageError, WattbenchError
from wattbench.labs.metrology.judge import rising_edges
from wattbench.labs.metrology.measurement import error_percent
from wattbench.labs.metrology.points import Load, Point, Reading, Result, Verdict, decide
from wattbench.labs.metrology.rating import QUADRANT_REGISTERS
from wattbench.labs.metrology.stand import LEAST_S, MARGIN, Stand, kind_of, require_injected

DOUBLINGS = 3
"""An undecided point is measured again this often, twice as long each time."""
_STEP_S = 10.0
_LEAST_TIMES = 20
"""So many times between pulses show what is usual."""
_NS_PER_MS = 1_000_000


class Laboratory(Stand):
    """A test stand that runs the points of a plan."""

    def conduct(self, point: Point) -> Result:
        """Run a point and judge it; what goes wrong on the way is a failure with its reason, never a pass."""
        if point.blocked:
            return Result(point, "not run", point.blocked, booted=self.digest)
        self.spent_ns = 0
        try:
            result = _KINDS[point.kind](self, point)
        except WattbenchError as error:
            result = Result(point, "failed", str(error))
        return replace(result, virtual_s=self.spent_ns / NS_PER_S, booted=self.digest)


def _until_decided(measure: Callable[[int], Result]) -> Result:
    """Measure, twice as long each time, until the result is decided or the time is up."""
    result = measure(1)
    for doubling in range(1, DOUBLINGS + 1):
        if result.verdict != "undecided":
            break
        result = measure(2**doubling)
    return result


def _accuracy(laboratory: Laboratory, point: Point) -> Result:
    grid = laboratory.set_up(point.load)

    def measure(longer: int) -> Result:
        readings = laboratory.measure(grid, point.load, point.quantity, point.needed_uncertainty, longer)
        return _judged(point, readings[0].error_percent, readings[0].uncertainty_percent, readings)

    return _until_decided(measure)


def _influence(laboratory: Laboratory, point: Point) -> Result:
    """The variation of the error between the reference condition and the influenced one."""
    if point.reference is None:
        raise UsageError(f"{point.name} has no reference to be compared with")
    loads = (point.reference, point.load)

    def measure(longer: int) -> Result:
        pair = []
        for load in loads:
            grid = laboratory.set_up(load)
            pair.append(laboratory.measure(grid, load, point.quantity, point.needed_uncertainty / 2, longer)[0])
        per = loads[1].temperature_c - loads[0].temperature_c if point.limit.unit == "%/K" else 1.0
        variation = (pair[1].error_percent - pair[0].error_percent) / per
        uncertainty = (pair[0].uncertainty_percent + pair[1].uncertainty_percent) / abs(per)
        return _judged(point, variation, uncertainty, pair, "variation")

    return _until_decided(measure)


def _repeatability(laboratory: Laboratory, point: Point) -> Result:
    """The spread of several measurements one after the other."""
    grid = laboratory.set_up(point.load)
    readings = [
        laboratory.measure(grid, point.load, point.quantity, point.needed_uncertainty / 2)[0] for _ in range(point.runs)
    ]
    errors = [reading.error_percent for reading in readings]
    uncertainty = 2 * max(reading.uncertainty_percent for reading in readings)
    return _judged(point, max(errors) - min(errors), uncertainty, readings, "spread")


def _constant(laboratory: Laboratory, point: Point) -> Result:
    """The energy of the pulses against that of the register in the same time."""
    grid = laboratory.set_up(point.load)

    def measure(longer: int) -> Result:
        by_source = {reading.source: reading for reading in laboratory.measure_both(grid, point, longer)}
        difference = by_source["pulses"].error_percent - by_source["registers"].error_percent
        uncertainty = sum(reading.uncertainty_percent for reading in by_source.values())
        return _judged(point, difference, uncertainty, list(by_source.values()), "pulses against register")

    return _until_decided(measure)


def _starting(laboratory: Laboratory, point: Point) -> Result:
    """At the starting current the register advances all the time and, where there are pulses, they come in time."""
    grid = laboratory.set_up(point.load)
    bench, rating = laboratory.bench, laboratory.rating
    register, kind = rating.registers[point.quantity], kind_of(point.quantity)
    from_ns, before = bench.now_ns, bench.number(register)
    end_ns = from_ns + round(point.duration_s * NS_PER_S)
    tap = bench.pulses(kind) if kind in rating.constants else None
    edges: list[int] = []
    while bench.now_ns < end_ns and (tap is None or len(edges) < point.pulses):
        start_ns, start = bench.now_ns, bench.number(register)
        laboratory.run(min(_STEP_S, (end_ns - start_ns) / NS_PER_S))
        if bench.number(register) <= start:
            reason = f"the register {register} stood still from {start_ns / NS_PER_S:.4g} s on"
            return Result(point, "failed", reason, by_class=_every_class(point, "failed"))
        edges = rising_edges(tap, from_ns, bench.now_ns) if tap is not None else []
    require_injected(grid, point.load, rating, from_ns, bench.now_ns)
    injected = grid.injected(from_ns, bench.now_ns).value(point.quantity)
    advance = bench.number(register) - before
    waits = [(later - sooner) / NS_PER_S for sooner, later in pairwise([from_ns, *edges])]
    verdict: Verdict = "passed"
    reason = f"registered {advance:.4g} of {injected:.4g} Wh"
    if tap is not None:
        reason += f"; pulses after {', '.join(f'{wait:.1f}' for wait in waits)} s" if waits else "; no pulse came"
        due_s = point.duration_s / point.pulses
        if len(edges) < point.pulses or max(waits[: point.pulses]) > due_s:
            verdict, reason = "failed", f"{reason}, due within {due_s:.1f} s"
    reading = Reading(
        "registers", error_percent(advance, injected), 0.0, advance, injected, "Wh", from_ns, bench.now_ns
    )
    by_class = _every_class(point, verdict)
    return Result(point, verdict, reason, float(len(edges)), 0.0, "pulses", (reading,), by_class=by_class)


def _no_load(laboratory: Laboratory, point: Point) -> Result:
    """With voltage and open current circuits the test output gives no more pulses than are allowed."""
    grid = laboratory.set_up(point.load)
    bench = laboratory.bench
    tap, from_ns = bench.pulses(kind_of(point.quantity)), bench.now_ns
    laboratory.run(point.duration_s)
    truth = grid.injected(from_ns, bench.now_ns)
    if truth.apparent_vah:
        raise StimulusError(f"the mains brought {truth.apparent_vah:.6g} VAh in a test without load")
    require_injected(grid, point.load, laboratory.rating, from_ns, bench.now_ns)
    count = len(rising_edges(tap, from_ns, bench.now_ns))
    verdict: Verdict = "passed" if count <= point.pulses else "failed"
    reason = f"{count} pulses in {point.duration_s / 60:.4g} min, at most {point.pulses} allowed"
    return Result(point, verdict, reason, float(count), 0.0, "pulses", by_class=_every_class(point, verdict))


def _quadrants(laboratory: Laboratory, point: Point) -> Result:
    """Each register advances by the energy of its own quadrant; errors are in percent of the apparent energy."""
    grid, rating = laboratory.set_up(point.load), laboratory.rating
    kind = kind_of(point.quantity)
    late_s = rating.booking.jitter_s + rating.booking.step_s
    manifest = laboratory.bench.manifest
    step_s = 3600 * max(manifest.register(name).resolution for name in QUADRANT_REGISTERS[kind])
    step_s /= point.load.voltage_v * point.load.current_a
    # The power of one phase swings up to twice the apparent power, and its register has the coarsest step.
    doubt_s = 2 * late_s + step_s
    duration_s = max(LEAST_S, MARGIN * doubt_s / (point.needed_uncertainty / 100))

    def measure(longer: int) -> Result:
        span = laboratory.observe(grid, QUADRANT_REGISTERS[kind], duration_s * longer)
        require_injected(grid, point.load, rating, span.from_ns, span.to_ns)
        truth = grid.injected(span.from_ns, span.to_ns)
        worst, where, due = 0.0, "", _due_register(point.load, kind)
        for register in QUADRANT_REGISTERS[kind]:
            for element, before, after in zip(
                rating.quadrants[register], span.before[register], span.after[register], strict=True
            ):
                owner = truth if element == "total" else truth.phases[element]
                wanted = abs(owner.active_wh if kind == "active" else owner.reactive_varh) if register == due else 0.0
                error = 100 * (after - before - wanted) / owner.apparent_vah
                if abs(error) >= abs(worst):
                    worst, where = error, f"{register}[{element}]"
        uncertainty = 100 * doubt_s / truth.duration_s
        result = _judged(point, worst, uncertainty, [], "error")
        return replace(result, reason=f"{where}: {result.reason}")

    return _until_decided(measure)


def _due_register(load: Load, kind: str) -> str:
    """The register of `QUADRANT_REGISTERS` that a load belongs to; empty if it has no power of this kind."""
    if (load.factor.cosine if kind == "active" else load.factor.sine) < 1e-9:
        return ""
    if kind == "active":
        return "active_export" if load.export else "active_import"
    if load.factor.capacitive:
        return "reactive_q2" if load.export else "reactive_q4"
    return "reactive_q3" if load.export else "reactive_q1"


def _steadiness(laboratory: Laboratory, point: Point) -> Result:
    """Under a constant load each time from pulse to pulse is that of all the others."""
    grid = laboratory.set_up(point.load)
    bench, kind = laboratory.bench, kind_of(point.quantity)
    tap, from_ns = bench.pulses(kind), bench.now_ns
    laboratory.run(point.duration_s)
    require_injected(grid, point.load, laboratory.rating, from_ns, bench.now_ns)
    edges = rising_edges(tap, from_ns, bench.now_ns)
    times = [later - sooner for sooner, later in pairwise(edges)]
    if len(times) < _LEAST_TIMES:
        reason = f"{len(edges)} pulses in {point.duration_s:g} s are too few to see whether they are steady"
        return Result(point, "failed", reason, by_class=_every_class(point, "failed"))
    usual = statistics.median(times)
    place = max(range(len(times)), key=lambda number: abs(times[number] - usual))
    value = (times[place] - usual) / _NS_PER_MS
    uncertainty = 2 * laboratory.pulse_jitter_s(point.load) * 1000
    result = _judged(point, value, uncertainty, [], "time between pulses")
    return replace(
        result,
        reason=f"{result.reason}; of {len(times)} times of {usual / _NS_PER_MS:.6g} ms this one, until "
        f"{edges[place + 1] / NS_PER_S:.6f} s, differs most",
    )


_KINDS: dict[str, Callable[[Laboratory, Point], Result]] = {
    "accuracy": _accuracy,
    "influence": _influence,
    "repeatability": _repeatability,
    "constant": _constant,
    "starting": _starting,
    "no_load": _no_load,
    "quadrants": _quadrants,
    "steadiness": _steadiness,
}


def _judged(point: Point, value: float, uncertainty: float, readings: list[Reading], what: str = "error") -> Result:
    """The verdict for each class. For an error also the second way of measuring must not be certainly outside."""
    by_class: dict[str, Verdict] = {}
    others = readings[1:] if what == "error" else []
    for limit in point.limits:
        verdict = decide(value, uncertainty, limit.value)
        if any(decide(r.error_percent, r.uncertainty_percent, limit.value) == "failed" for r in others):
            verdict = "failed"
        by_class[limit.accuracy_class] = verdict
    verdict, unit = by_class[point.limit.accuracy_class], point.limit.unit
    text = f"{what} {value:+.4f} {unit} ± {uncertainty:.2g} {unit}, limit ±{point.limit.value:g} {unit}"
    if verdict == "failed":
        worst = max(others, key=lambda r: abs(r.error_percent) - r.uncertainty_percent, default=None)
        if worst is not None and decide(value, uncertainty, point.limit.value) != "failed":
            text = f"{text}; by {worst.source} {worst.error_percent:+.4f} %"
        text += ": outside"
    if verdict == "undecided":
        text += f": not decided after {2**DOUBLINGS} times the planned time"
    return Result(point, verdict, text, value, uncertainty, unit, tuple(readings), by_class=by_class)


def _every_class(point: Point, verdict: Verdict) -> dict[str, Verdict]:
    return {limit.accuracy_class: verdict for limit in point.limits}
