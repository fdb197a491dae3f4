"""The test stand: a booted meter on a mains that is set anew for each measurement, and how long to measure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Any

from wattbench.bench import Bench
from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError, UsageError, VerdictError
from wattbench.labs.grid import Grid
from wattbench.labs.grid.front_end import REFERENCE_C
from wattbench.labs.metrology.judge import SAMPLE_S, judge_pulses, judge_register
from wattbench.labs.metrology.measurement import Measurement, Origin
from wattbench.labs.metrology.observe import Span, observe
from wattbench.labs.metrology.points import Load, Point, Reading
from wattbench.labs.metrology.rating import Rating
from wattbench.labs.metrology.waveforms import waveform as named_waveform

LEAST_S = 0.5
"""Shortest measurement."""
MARGIN = 1.1
"""Times are this much longer than the uncertainty needs, so that the measured one stays below."""
LEAST_PULSES = 3
NO_LIMIT_PERCENT = 1e6
"""The judge is asked for errors here; the decision is made with all of them together."""


class Stand:
    """A booted meter that goes back to its first moment for each measurement, so that points do not depend on others.

    `prepare` is called with the grid of each measurement before the load is set, for sensors other than ideal ones.
    """

    def __init__(self, bench: Bench, prepare: Callable[[Grid], None] | None = None) -> None:
        """`bench` must be booted; it may not be connected to a grid of somebody else afterwards."""
        self.bench, self.rating, self._prepare = bench, Rating.of(bench.manifest), prepare
        self._booted = bench.save()
        self.digest = hashlib.sha256(f"{bench.digest()} {bench.firmware_sha256()}".encode()).hexdigest()
        self.spent_ns = 0
        """Virtual time that measurements took."""

    def set_up(self, load: Load) -> Grid:
        """Back to the booted meter, with `load` on it and settled."""
        self.bench.restore(self._booted)
        grid = Grid(self.bench)
        if self._prepare is not None:
            self._prepare(grid)
        apply(grid, load, self.rating)
        self.run(self.rating.settle_s)
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
                self.bench.pulses(kind_of(quantity)), grid, span.from_ns, span.to_ns, point=quantity,
                limit_percent=NO_LIMIT_PERCENT, per_kilo_hour=self.rating.constants[kind_of(quantity)],
                quantity=quantity, jitter_s=self.pulse_jitter_s(load),
            )  # fmt: skip
            readings["pulses"] = _reading(measured)
        require_injected(grid, load, self.rating, span.from_ns, span.to_ns)
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
        self.spent_ns += self.bench.now_ns - start_ns
        return span

    def run(self, seconds: float) -> None:
        """Let virtual time pass."""
        start_ns = self.bench.now_ns
        self.bench.run_for(seconds)
        self.spent_ns += self.bench.now_ns - start_ns

    def _ways(self, load: Load, quantity: str, needed_percent: float) -> dict[Origin, float]:
        """For each way of measuring the time in s after which its uncertainty is as needed."""
        needed = needed_percent / 100
        ways: dict[Origin, float] = {}
        if quantity in self.rating.registers:
            booking = self.rating.booking
            late_s = (booking.jitter_s + booking.step_s) * self._swing(load)
            step = self.rating.resolutions[self.rating.registers[quantity]] / (self._power(load, quantity) / 3600)
            ways["registers"] = max(LEAST_S, MARGIN * (late_s + step) / needed)
        if self.rating.constants.get(kind_of(quantity)):
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
        angle = load.factor.cosine if kind_of(quantity) == "active" else load.factor.sine
        return load.voltage_v * load.current_a * angle * count * named_waveform(load.waveform).power

    def _expected_pulses(self, load: Load, quantity: str, duration_s: float) -> float:
        constant = self.rating.constants.get(kind_of(quantity), 0.0)
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


def kind_of(quantity: str) -> str:
    """`active` or `reactive`."""
    return quantity.partition("_")[0]


def require_injected(grid: Grid, load: Load, rating: Rating, from_ns: int, to_ns: int) -> None:
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
