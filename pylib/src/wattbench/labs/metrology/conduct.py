"""Conduct one point of a type test on a booted meter."""

from __future__ import annotations

import hashlib
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from wattbench.bench import Bench
from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError, UsageError, VerdictError, WattbenchError
from wattbench.labs.grid import Grid
from wattbench.labs.grid.front_end import REFERENCE_C
from wattbench.labs.metrology.judge import SAMPLE_S, judge_pulses, judge_register, rising_edges
from wattbench.labs.metrology.measurement import Measurement, Origin, error_percent
from wattbench.labs.metrology.observe import Span, observe
from wattbench.labs.metrology.points import Load, Point, Reading, Result, Verdict, decide
from wattbench.labs.metrology.rating import QUADRANT_REGISTERS, Rating
from wattbench.labs.metrology.waveforms import waveform as named_waveform

LEAST_S = 0.5
"""Shortest measurement."""
MARGIN = 1.1
"""Times are this much longer than the uncertainty needs, so that the measured one stays below."""
LEAST_PULSES = 3
DOUBLINGS = 3
"""An undecided point is measured again this often, twice as long each time."""
NO_LIMIT_PERCENT = 1e6
"""The judge is asked for errors here; the decision is made with all of them together."""
_STEP_S = 10.0
_LEAST_TIMES = 20
"""So many times between pulses show what is usual."""
_NS_PER_MS = 1_000_000


class Laboratory:
    """A booted meter that goes back to its first moment for each measurement, so that points do not depend on others.

    `prepare` is called with the grid of each measurement before the load is set, for sensors other than ideal ones.
    """

    def __init__(self, bench: Bench, prepare: Callable[[Grid], None] | None = None) -> None:
        """`bench` must be booted; it may not be connected to a grid of somebody else afterwards."""
        self.bench, self.rating, self._prepare = bench, Rating.of(bench.manifest), prepare
        self._booted = bench.save()
        self.digest = hashlib.sha256(f"{bench.digest()} {bench.firmware_sha256()}".encode()).hexdigest()
        self._spent_ns = 0

    def conduct(self, point: Point) -> Result:
        """Run a point and judge it; what goes wrong on the way is a failure with its reason, never a pass."""
        if point.blocked:
            return Result(point, "not run", point.blocked, booted=self.digest)
        self._spent_ns = 0
        try:
            result = _KINDS[point.kind](self, point)
        except WattbenchError as error:
            result = Result(point, "failed", str(error))
        return replace(result, virtual_s=self._spent_ns / NS_PER_S, booted=self.digest)

    # Measuring

    def set_up(self, load: Load) -> Grid:
        """Back to the booted meter, with `load` on it and settled."""
        self.bench.restore(self._booted)
        grid = Grid(self.bench)
        if self._prepare is not None:
            self._prepare(grid)
        apply(grid, load, self.rating)
        self._run(self.rating.settle_s)
        return grid

    def measure(self, grid: Grid, load: Load, quantity: str, needed_percent: float, longer: int = 1) -> list[Reading]:
        """Readings of one load: first the one whose way of measuring needs the least time, and that decides.

        The other one comes with it where the time is enough for it; it can convict, but not acquit.
        """
        ways = self._ways(load, quantity, needed_percent)
        if not ways:
            raise UsageError(f"the meter counts no {quantity.replace('_', ' ')}, neither in a register nor by pulses")
        first = min(ways, key=lambda way: ways[way])
        readings = self._readings(grid, load, quantity, ways[first] * longer, first)
        return sorted(readings.values(), key=lambda reading: reading.source != first)

    def measure_both(self, grid: Grid, point: Point, longer: int) -> list[Reading]:
        """A reading of the register and one of the pulses over the same time."""
        ways = self._ways(point.load, point.quantity, point.needed_uncertainty / 2)
        if len(ways) < 2:
            raise UsageError("this needs a register and pulses, and the meter has not both")
        duration_s = max(ways.values()) * longer
        return list(self._readings(grid, point.load, point.quantity, duration_s, "pulses").values())

    def _readings(
        self, grid: Grid, load: Load, quantity: str, duration_s: float, first: Origin
    ) -> dict[Origin, Reading]:
        register = self.rating.registers.get(quantity)
        span = self.observe(grid, [register] if register else [], duration_s)
        readings: dict[Origin, Reading] = {}
        if register:
            readings["registers"] = _reading(
                judge_register(
                    span, grid, register, point=quantity, limit_percent=NO_LIMIT_PERCENT, quantity=quantity,
                    resolution=self.rating.resolutions[register],
                )
            )  # fmt: skip
        expected = self._expected_pulses(load, quantity, duration_s)
        if first == "pulses" or expected >= 2 * LEAST_PULSES:
            measured = judge_pulses(
                self.bench.pulses(_kind(quantity)), grid, span.from_ns, span.to_ns, point=quantity,
                limit_percent=NO_LIMIT_PERCENT, per_kilo_hour=self.rating.constants[_kind(quantity)],
                quantity=quantity, jitter_s=self.pulse_jitter_s(load),
            )  # fmt: skip
            readings["pulses"] = _reading(measured)
        _require_injected(grid, load, self.rating, span.from_ns, span.to_ns)
        if register and readings["registers"].measured == 0:
            raise VerdictError(
                f"the meter reports nothing: its register {register} stood still for "
                f"{(span.to_ns - span.from_ns) / NS_PER_S:.4g} s while {readings['registers'].injected:.4g} "
                f"{readings['registers'].unit} were injected"
            )
        return readings

    def observe(self, grid: Grid, registers: Sequence[str], duration_s: float) -> Span:
        """See `observe`: registers before and after at least `duration_s`."""
        start_ns = self.bench.now_ns
        span = observe(self.bench, grid, registers, duration_s, settle_s=self.rating.settle_s)
        self._spent_ns += self.bench.now_ns - start_ns
        return span

    def run(self, seconds: float) -> None:
        """Let virtual time pass."""
        self._run(seconds)

    def _run(self, seconds: float) -> None:
        start_ns = self.bench.now_ns
        self.bench.run_for(seconds)
        self._spent_ns += self.bench.now_ns - start_ns

    def _ways(self, load: Load, quantity: str, needed_percent: float) -> dict[Origin, float]:
        """For each way of measuring the time in s after which its uncertainty is as needed."""
        needed = needed_percent / 100
        ways: dict[Origin, float] = {}
        if quantity in self.rating.registers:
            booking = self.rating.booking
            late_s = (booking.jitter_s + booking.step_s) * self._swing(load)
            step = self.rating.resolutions[self.rating.registers[quantity]] / (self._power(load, quantity) / 3600)
            ways["registers"] = max(LEAST_S, MARGIN * (late_s + step) / needed)
        if self.rating.constants.get(_kind(quantity)):
            one_s = 1 / self._expected_pulses(load, quantity, 1.0)
            jitter_s = self.pulse_jitter_s(load)
            # Up to one pulse's time passes before the first edge, and one after the last.
            ways["pulses"] = max(
                LEAST_S, (LEAST_PULSES + 1) * one_s, MARGIN * 2 * jitter_s * self._swing(load) / needed + one_s
            )
        return ways

    def _swing(self, load: Load) -> float:
        """How much larger than its mean the power of a load may be within a cycle, or a pattern of cycles."""
        waveform = named_waveform(load.waveform)
        if not (load.phase or load.missing) and waveform.balanced:
            return 1.0
        angle = max(load.factor.cosine if not load.factor.of_sine else load.factor.sine, 0.1)
        return (1 + 1 / angle) * (2 if waveform.power < 1 else 1)

    def pulse_jitter_s(self, load: Load) -> float:
        """How far a pulse may be from its energy: firmware spreads what it books evenly, where the power swings."""
        waveform = named_waveform(load.waveform)
        if waveform.pattern_cycles > 1:
            return waveform.pattern_cycles / load.frequency_hz
        if self._swing(load) == 1.0:
            return SAMPLE_S
        return max(SAMPLE_S, self.rating.booking.period_s / (2 * math.pi) * self._swing(load))

    def _power(self, load: Load, quantity: str) -> float:
        """Mean power of a load in W or var."""
        count = 1 if load.phase else len(self.rating.phases) - len(load.missing)
        angle = load.factor.cosine if _kind(quantity) == "active" else load.factor.sine
        return load.voltage_v * load.current_a * angle * count * named_waveform(load.waveform).power

    def _expected_pulses(self, load: Load, quantity: str, duration_s: float) -> float:
        constant = self.rating.constants.get(_kind(quantity), 0.0)
        return self._power(load, quantity) * constant * duration_s / 3.6e6


def apply(grid: Grid, load: Load, rating: Rating) -> None:
    """Put a load on the mains; raises StimulusError where the mains or a converter cannot have it."""
    if load.temperature_c != REFERENCE_C:
        grid.set_temperature(load.temperature_c)
    grid.set_frequency(load.frequency_hz)
    angle_deg = math.degrees(math.atan2(load.factor.sine, load.factor.cosine)) * (-1 if load.factor.capacitive else 1)
    for number, phase in enumerate(rating.phases):
        grid.set_phase(
            phase,
            0.0 if phase in load.missing else load.voltage_v,
            load.current_a if load.phase in ("", phase) else 0.0,
            angle_deg=angle_deg,
            voltage_angle_deg=-120.0 * number,
            reversed=load.export,
        )
        if load.current_a == 0:
            grid.open_current(phase)
    named_waveform(load.waveform).apply(grid, [load.phase] if load.phase else rating.phases)


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
    register, kind = rating.registers[point.quantity], _kind(point.quantity)
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
    _require_injected(grid, point.load, rating, from_ns, bench.now_ns)
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
    tap, from_ns = bench.pulses(_kind(point.quantity)), bench.now_ns
    laboratory.run(point.duration_s)
    truth = grid.injected(from_ns, bench.now_ns)
    if truth.apparent_vah:
        raise StimulusError(f"the mains brought {truth.apparent_vah:.6g} VAh in a test without load")
    _require_injected(grid, point.load, laboratory.rating, from_ns, bench.now_ns)
    count = len(rising_edges(tap, from_ns, bench.now_ns))
    verdict: Verdict = "passed" if count <= point.pulses else "failed"
    reason = f"{count} pulses in {point.duration_s / 60:.4g} min, at most {point.pulses} allowed"
    return Result(point, verdict, reason, float(count), 0.0, "pulses", by_class=_every_class(point, verdict))


def _quadrants(laboratory: Laboratory, point: Point) -> Result:
    """Each register advances by the energy of its own quadrant; errors are in percent of the apparent energy."""
    grid, rating = laboratory.set_up(point.load), laboratory.rating
    kind = _kind(point.quantity)
    late_s = rating.booking.jitter_s + rating.booking.step_s
    # The power of one phase swings up to twice the apparent power.
    duration_s = max(LEAST_S, MARGIN * 2 * late_s / (point.needed_uncertainty / 100))

    def measure(longer: int) -> Result:
        span = laboratory.observe(grid, QUADRANT_REGISTERS[kind], duration_s * longer)
        _require_injected(grid, point.load, rating, span.from_ns, span.to_ns)
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
        uncertainty = 100 * 2 * late_s / truth.duration_s
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
    bench, kind = laboratory.bench, _kind(point.quantity)
    tap, from_ns = bench.pulses(kind), bench.now_ns
    laboratory.run(point.duration_s)
    _require_injected(grid, point.load, laboratory.rating, from_ns, bench.now_ns)
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


def _reading(measured: Measurement) -> Reading:
    return Reading(
        measured.source,
        measured.error_percent,
        measured.uncertainty_percent,
        measured.measured,
        measured.injected,
        measured.unit,
        measured.from_ns,
        measured.to_ns,
    )


def _kind(quantity: str) -> str:
    return quantity.partition("_")[0]


def _require_injected(grid: Grid, load: Load, rating: Rating, from_ns: int, to_ns: int) -> None:
    """Raise StimulusError unless the mains really did what the point is about, and no sensor clipped it."""
    truth: Any = grid.injected(from_ns, to_ns)
    waveform = named_waveform(load.waveform)
    # The RMS of a sine over a time that is no whole number of half cycles may be this much off.
    part_of_cycle = 1e-6 + NS_PER_S / (4 * math.pi * load.frequency_hz * (to_ns - from_ns))
    if abs(truth.frequency_hz - load.frequency_hz) > 1e-6 * load.frequency_hz:
        raise StimulusError(f"the mains had {truth.frequency_hz:.6g} Hz, not {load.frequency_hz:.6g} Hz")
    for phase in rating.phases:
        for quantity in ("voltage", "current"):
            found_c = grid.front_end(phase, quantity).temperature_c
            if found_c != load.temperature_c:
                raise StimulusError(
                    f"the sensor of the {quantity} of {phase} had {found_c:g} °C, not {load.temperature_c:g} °C"
                )
        wanted_v = 0.0 if phase in load.missing else load.voltage_v
        wanted_a = load.current_a if load.phase in ("", phase) else 0.0
        found = truth.phases[phase]
        pairs = [("voltage", found.voltage_rms_v, wanted_v), ("current", found.current_rms_a, wanted_a)]
        for quantity, value, wanted in pairs:
            same = math.isclose(value, wanted, rel_tol=part_of_cycle, abs_tol=1e-9)
            if waveform.needs == "set_phase" and not same:
                raise StimulusError(f"the {quantity} of {phase} was {value:.6g}, not {wanted:.6g} as the point needs")
            if waveform.needs != "set_phase" and wanted and (same or not value) and quantity == "current":
                raise StimulusError(f"the current of {phase} is a sine, not the waveform {load.waveform}")
        for quantity in ("voltage", "current"):
            clipped = sum(getattr(item, "clipped", 0) for item in grid.evidence(phase, quantity).values())
            if clipped:
                raise StimulusError(
                    f"the sensor of the {quantity} of {phase} clipped {clipped} samples, so nothing can be judged"
                )
