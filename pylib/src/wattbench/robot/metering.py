"""Robot keywords that measure with the meter and judge it against what was injected."""

from __future__ import annotations

from dataclasses import dataclass

from robot.api import logger
from robot.api.deco import keyword, library

from wattbench.core.clock import NS_PER_S, to_ns
from wattbench.core.errors import StimulusError, UsageError, VerdictError
from wattbench.labs.metrology import Measurement, Span, judge_pulses, judge_reading, judge_register, observe, record
from wattbench.labs.metrology.judge import rising_edges
from wattbench.robot.results import Judgement, Trace
from wattbench.robot.session import BenchLibrary, seconds


@dataclass(frozen=True)
class Window:
    """A stretch of virtual time with the registers' readings at its ends."""

    point: str
    span: Span


@library
class Metering(BenchLibrary):
    """Reads the meter's registers, counts its pulses, and judges both against the injected truth.

    `Measure Energy` runs a window of virtual time, the other keywords judge it. Each judgement logs its numbers, goes
    to the report, and fails where the error is outside its limit, where the mains did not do what was to be measured,
    or where the way of measuring is too coarse for the limit.

    Registers have their names in the firmware's manifest; ``active_import[total]`` is one number of an array.
    """

    @keyword
    def measure_energy(
        self,
        duration: str,
        *registers: str,
        point: str | None = None,
        settle: str | None = None,
        power_register: str | None = None,
        step: str = "0.2",
    ) -> Window:
        """Reads ``registers``, lets ``duration`` pass, reads them again, and returns that window.

        The window begins ``settle`` after the last change of the mains (default: as the meter's manifest says).
        ``point`` names it in the report (default: the test's name). With ``power_register`` this momentary register
        is read every ``step`` within the window, for the report's plot of injected and measured active power.
        """
        bench, grid = self.session.bench, self.session.grid
        whole_s, settle_s = float(seconds(duration)), bench.settle_s if settle is None else float(seconds(settle))
        name = point or self.session.test_name
        if power_register is None:
            return Window(name, observe(bench, grid, registers, whole_s, settle_s=settle_s))
        step_s = float(seconds(step))
        if whole_s < 4 * step_s:
            raise UsageError(f"a plot needs at least four steps of {step_s} s in the window of {whole_s} s")
        begin = observe(bench, grid, registers, step_s, settle_s=settle_s)
        middle_s = round(whole_s / step_s - 2) * step_s
        series = record(bench, grid, power_register, middle_s, step_s, quantity="active_power_w")
        rest_s = (begin.from_ns + to_ns(seconds(duration)) - bench.now_ns) / NS_PER_S
        end = observe(bench, grid, registers, rest_s, settle_s=settle_s)
        self.session.record(
            Trace(
                self.session.test, "Active power", series.unit,
                series.times_s, series.injected, series.times_s, series.measured,
            )
        )  # fmt: skip
        return Window(name, Span(begin.from_ns, end.to_ns, begin.before, end.after, begin.jitter_s))

    @keyword
    def energy_error_should_be_below(
        self,
        limit: float,
        window: Window,
        register: str,
        *,
        quantity: str = "active_import_wh",
        phase: str | None = None,
        latency: str = "0",
    ) -> Measurement:
        """Fails unless the advance of ``register`` in the window is within ``limit`` percent of the injected energy.

        ``quantity`` is that of `Injected`, ``latency`` how late the register is at most; that and the register's step
        become the uncertainty.
        """
        latency_s = float(seconds(latency))
        measurement = self._by_register(limit, window, register, quantity, phase=phase, latency_s=latency_s)
        return self._judge(measurement)

    @keyword
    def pulse_energy_error_should_be_below(
        self, limit: float, window: Window, kind: str = "active", *, quantity: str = "active_import_wh"
    ) -> Measurement:
        """Fails unless the pulses in the window are within ``limit`` percent of the energy between first and last.

        ``kind`` is the test output; its constant is in the manifest. Fails with less than two pulses.
        """
        return self._judge(self._by_pulses(limit, window, kind, quantity))

    @keyword
    def registers_and_pulses_should_agree(
        self, limit: float, window: Window, register: str, kind: str = "active", *, quantity: str = "active_import_wh"
    ) -> None:
        """Fails unless the errors of register and pulses in the window differ by at most ``limit`` percent points."""
        registers = self._by_register(limit, window, register, quantity)
        pulses = self._by_pulses(limit, window, kind, quantity)
        difference = pulses.error_percent - registers.error_percent
        judgement = Judgement(
            self.session.test,
            window.point,
            "pulses against registers",
            "%",
            registers.error_percent,
            pulses.error_percent,
            difference,
            limit,
            registers.uncertainty_percent + pulses.uncertainty_percent,
            "both",
            abs(difference) <= limit,
        )
        self._keep(judgement)

    @keyword
    def reading_should_be_within(
        self,
        limit: float,
        register: str,
        quantity: str,
        *,
        phase: str | None = None,
        period: str = "0.2",
        point: str | None = None,
    ) -> Measurement:
        """Fails unless a momentary register (voltage, power) is within ``limit`` percent of the truth of ``period``."""
        measurement = judge_reading(
            self.session.bench,
            self.session.grid,
            register,
            float(seconds(period)),
            point=point or self.session.test_name,
            limit_percent=limit,
            quantity=quantity,
            phase=phase,
            resolution=self.session.bench.resolution(register),
        )
        return self._judge(measurement)

    @keyword
    def meter_register(self, name: str) -> list[float]:
        """Returns the numbers of a register by its name in the firmware's manifest, or of one element of it."""
        values = self.session.bench.register(name)
        logger.info(f"{name} = {values}")
        return values

    @keyword
    def no_pulse_for(self, duration: str, kind: str = "active", at_most: int = 0) -> None:
        """Lets ``duration`` pass without a load and fails if the meter gives more than ``at_most`` pulses.

        Fails as well if the mains brings no voltage to the meter, or any power.
        """
        bench = self.session.bench
        tap, from_ns = bench.pulses(kind), bench.now_ns
        bench.run_for(seconds(duration))
        self._require_no_load(from_ns)
        count = len(rising_edges(tap, from_ns, bench.now_ns))
        self._keep(self._nothing(f"{kind} pulses", "pulses", count, at_most, "pulses"))

    @keyword
    def register_should_stand_still_for(self, duration: str, register: str, at_most: float = 0.0) -> None:
        """Lets ``duration`` pass without a load and fails if an energy register advances by more than ``at_most``.

        Fails as well if the mains brings no voltage to the meter, or any power.
        """
        bench = self.session.bench
        from_ns, before = bench.now_ns, bench.number(register)
        bench.run_for(seconds(duration))
        self._require_no_load(from_ns)
        advance = bench.number(register) - before
        self._keep(self._nothing(f"advance of {register}", "Wh", advance, at_most, "registers"))

    def _by_register(
        self,
        limit: float,
        window: Window,
        register: str,
        quantity: str,
        *,
        phase: str | None = None,
        latency_s: float = 0.0,
    ) -> Measurement:
        return judge_register(
            window.span,
            self.session.grid,
            register,
            point=window.point,
            limit_percent=limit,
            quantity=quantity,
            phase=phase,
            resolution=self.session.bench.resolution(register),
            latency_s=latency_s,
        )

    def _by_pulses(self, limit: float, window: Window, kind: str, quantity: str) -> Measurement:
        return judge_pulses(
            self.session.bench.pulses(kind),
            self.session.grid,
            window.span.from_ns,
            window.span.to_ns,
            point=window.point,
            limit_percent=limit,
            per_kilo_hour=self.session.bench.pulse_constant(kind),
            quantity=quantity,
        )

    def _require_no_load(self, from_ns: int) -> None:
        truth = self.session.grid.injected(from_ns, self.session.bench.now_ns)
        if not any(phase.voltage_rms_v > 0 for phase in truth.phases.values()):
            raise StimulusError("the mains brought no voltage to the meter, so a test without load says nothing")
        if truth.apparent_vah:
            raise StimulusError(f"the mains brought {truth.apparent_vah:.6g} VAh in a test without load")

    def _nothing(self, quantity: str, unit: str, measured: float, limit: float, source: str) -> Judgement:
        session, passed = self.session, 0 <= measured <= limit
        return Judgement(
            session.test, session.test_name, quantity, unit, 0.0, measured, measured, limit, 0.0, source, passed, unit
        )

    def _judge(self, measurement: Measurement) -> Measurement:
        self._keep(
            Judgement(
                self.session.test,
                measurement.point,
                _name(measurement),
                measurement.unit,
                measurement.injected,
                measurement.measured,
                measurement.error_percent,
                measurement.limit_percent,
                measurement.uncertainty_percent,
                measurement.source,
                measurement.passed,
            ),
            str(measurement),
        )
        return measurement

    def _keep(self, judgement: Judgement, text: str = "") -> None:
        """Log and record a judgement, then fail if it failed."""
        self.session.record(judgement)
        text = text or (
            f"{judgement.point}: {judgement.quantity} {judgement.measured:.9g} {judgement.unit}, expected "
            f"{judgement.injected:.9g} {judgement.unit}, limit {judgement.limit:g} {judgement.error_unit}"
        )
        logger.info(text)
        if not judgement.passed:
            raise VerdictError(f"{text}: outside its limit")


def _name(measurement: Measurement) -> str:
    """A quantity as people write it: `active_import_wh` is `active import`."""
    name = measurement.quantity.rpartition("_")[0] if measurement.unit else measurement.quantity
    return name.replace("_", " ")
