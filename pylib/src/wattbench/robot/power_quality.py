"""Robot keywords for power quality by the methods of IEC 61000-4-30."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from robot.api import logger
from robot.api.deco import keyword, library

from wattbench.bench import Bench
from wattbench.core.clock import NS_PER_S, to_ns
from wattbench.core.errors import LimitError, StimulusError, UsageError, VerdictError
from wattbench.labs.grid.channels import PHASES
from wattbench.labs.grid.reference import HalfCycles, VoltageEvent
from wattbench.labs.power_quality import (
    Finding,
    HalfCycleReadings,
    PerformanceClass,
    QualityMeter,
    Reference,
    finding,
    judge_half_cycles,
    judge_harmonics,
    judged_events,
    performance_class,
)
from wattbench.labs.power_quality.meter import STATES
from wattbench.robot.results import Judgement, Trace
from wattbench.robot.session import BenchLibrary, seconds

Phase = Literal["L1", "L2", "L3"]
AnyPhase = Literal["L1", "L2", "L3", "N"]
_AFTER_CHANGE_NS = 100_000_000
_LEAD_NS = 100_000_000
"""So long before an observation the reference begins, so that the first half cycles have a value."""
_HARMONICS_LIMIT_S = 30.0
_PLOTTED_PART = 0.01
_WINDOW_NS = 300_000_000
_SEQUENCES = {"forward": 1, "reversed": 2}
_FLICKER = "reference, not the firmware"


@dataclass(frozen=True)
class Observation:
    """A stretch of virtual time with what the firmware showed of Urms(1/2), and its first event's number."""

    from_ns: int
    to_ns: int
    first_event: int
    readings: HalfCycleReadings


@library
class PowerQuality(BenchLibrary):
    """Judges what the firmware measures of power quality against the lab's reference, by the limits of a class.

    The reference comes from the closed form of what the mains injected, by the methods of IEC 61000-4-30, 61000-4-7 and
    61000-4-15. Limits are those of class A, or of what `Use Power Quality Class` says. Every judgement goes to the
    report. Nothing passes where the mains did not do what is to be judged.

    What the firmware does not compute is an error that says so. Keywords that begin with ``Reference`` judge nothing of
    the firmware: they give the lab's own values of the same mains.
    """

    def __init__(self) -> None:
        """Class A, nothing observed."""
        self._class: PerformanceClass | None = None
        self._begun: tuple[int, int] | None = None
        self._known: tuple[Bench, QualityMeter] | None = None

    # What is judged by

    @keyword
    def use_power_quality_class(self, name: str = "A", corrections: str | None = None) -> None:
        """Sets the class, ``A`` or ``S``, whose limits hold; ``corrections`` is a file with corrected values."""
        self._class = performance_class(name, Path(corrections) if corrections else None)

    # Events

    @keyword
    def begin_power_quality_observation(self, settle: str | None = None) -> None:
        """Lets the mains settle and begins to observe; fails if the firmware is in an event already.

        ``settle`` is the time after the last change of the mains (default: as the meter's manifest says).
        """
        settle_s = self.session.bench.settle_s if settle is None else float(seconds(settle))
        if to_ns(settle_s) < _LEAD_NS:
            raise UsageError(f"an observation needs at least {_LEAD_NS / NS_PER_S} s of unchanged mains before it")
        self._settle(to_ns(settle_s))
        self._known = None  # the firmware's clock may have started anew
        meter = self._meter
        meter.clock_offset_s()
        if meter.running:
            raise StimulusError(
                f"the firmware is in an event already ({', '.join(meter.running)}): give it its nominal voltages first"
            )
        self._begun = self.session.bench.now_ns, meter.event_count

    @keyword
    def observe_power_quality_for(self, duration: str, *, step: str = "0.005") -> Observation:
        """Lets ``duration`` pass, reads Urms(1/2) each ``step``, and returns what was seen since the observation began.

        The mains must be quiet again 0.1 s before its end. The report shows Urms(1/2) with all events over time.
        """
        if self._begun is None:
            raise UsageError("no observation has begun; call the keyword `Begin Power Quality Observation` first")
        bench, meter = self.session.bench, self._meter
        (from_ns, first), self._begun = self._begun, None
        step_ns, end_ns = to_ns(seconds(step)), bench.now_ns + to_ns(seconds(duration))
        times_s: list[float] = []
        values: dict[str, list[float]] = {phase: [] for phase in self._phases}
        while bench.now_ns < end_ns:
            bench.run_for(min(step_ns, end_ns - bench.now_ns) / NS_PER_S)
            times_s.append(bench.now_ns / NS_PER_S)
            for phase, value in zip(values, meter.values("half_cycle_voltage", "Urms(1/2)"), strict=False):
                values[phase].append(value)
        if bench.now_ns - self.session.grid.last_change_ns < _AFTER_CHANGE_NS:
            raise UsageError("the mains has changed in the last 0.1 s of the observation: observe for longer")
        seen = Observation(from_ns, bench.now_ns, first, HalfCycleReadings(times_s, values))
        self._plot(seen)
        return seen

    @keyword
    def firmware_events_should_match_reference(
        self, observation: Observation, *, duration_cycles: float | None = None
    ) -> list[VoltageEvent]:
        """Fails unless the firmware reports the dips, swells and interruptions of the reference, and no others.

        Begin, duration and voltage of each are judged by the class; ``duration_cycles`` is a tighter limit of the
        durations. Returns the firmware's events.
        """
        findings, found, _ = judged_events(
            self._meter,
            self._reference(observation),
            observation.first_event,
            self._quality,
            hz=self._frequency_hz(observation),
            duration_cycles=duration_cycles,
        )
        self._keep(findings)
        return found

    @keyword
    def firmware_event_should_match(
        self,
        observation: Observation,
        kind: Literal["dip", "swell", "interruption"],
        *,
        duration: str | None = None,
        voltage_percent: float | None = None,
        phase: Phase | None = None,
    ) -> VoltageEvent:
        """Fails unless the firmware reports one event of ``kind`` that has what is given.

        ``duration`` may differ by the class' limit and by the cycle that the method leaves open, ``voltage_percent``
        (residual or maximum, in percent of the nominal voltage) by the class' limit. Fails if the reference has no such
        event.
        """
        meter, quality = self._meter, self._quality
        expected = [event for event in self._reference(observation).events(meter.thresholds()) if event.kind == kind]
        if len(expected) != 1:
            raise StimulusError(f"the mains made {len(expected)} events of kind {kind}, so there is not one to judge")
        found = [event for event in meter.events(observation.first_event)[0] if event.kind == kind]
        if len(found) != 1:
            raise VerdictError(f"the firmware reports {len(found)} events of kind {kind}, the reference has one")
        event, findings = found[0], []
        if duration is not None:
            cycle_s = 1 / self._frequency_hz(observation)
            allowed = (quality.limit("event-duration").value + 1) * cycle_s
            findings.append(
                finding(f"{kind} duration, as injected", "s", float(seconds(duration)), event.duration_s, allowed)
            )
        if voltage_percent is not None:
            volts = meter.declared_v * voltage_percent / 100
            allowed = quality.limit("half-cycle-voltage").allowed(volts, meter.declared_v)
            findings.append(
                finding(f"{kind} voltage, as injected", "V", volts, event.extreme_v, allowed, nominal=meter.declared_v)
            )
        if phase is not None and event.worst_phase != phase:
            raise VerdictError(f"the firmware's {kind} was in {event.worst_phase}, not in {phase}")
        self._keep(findings)
        return event

    @keyword
    def firmware_should_report_no_event(self, observation: Observation) -> None:
        """Fails if the firmware reports an event, or if the reference has one, or if there was no voltage."""
        meter, reference = self._meter, self._reference(observation)
        if reference.events(meter.thresholds()):
            raise StimulusError("the mains made an event, so that the firmware reports none says nothing")
        truth = self.session.grid.injected(observation.from_ns, observation.to_ns)
        if not any(phase.voltage_rms_v > 0 for phase in truth.phases.values()):
            raise StimulusError("the mains brought no voltage to the meter, so that there is no event says nothing")
        found, states = meter.events(observation.first_event)
        names = [event.kind for event in found] + [name for name, _, _ in states] + meter.running
        if names:
            raise VerdictError(f"the firmware reports {', '.join(names)}, the reference has no event")

    @keyword
    def firmware_state_should_have_lasted(
        self,
        observation: Observation,
        state: Literal["phase loss", "reversed sequence"],
        duration: str,
        *,
        tolerance: str = "0.5",
    ) -> None:
        """Fails unless the firmware reports one phase loss or reversed sequence of ``duration``.

        It finds them in windows of ten cycles, hence the ``tolerance``.
        """
        if state not in STATES.values():
            raise UsageError(f"a state is {' or '.join(STATES.values())}, not {state}")
        if self.session.grid.last_change_ns <= observation.from_ns:
            raise StimulusError("the mains did not change while it was observed, so there was no such state")
        found = [item for item in self._meter.events(observation.first_event)[1] if item[0] == state]
        if len(found) != 1:
            raise VerdictError(f"the firmware reports {len(found)} times {state}, not once")
        _, start_s, end_s = found[0]
        self._keep(
            [finding(f"{state} duration", "s", float(seconds(duration)), end_s - start_s, float(seconds(tolerance)))]
        )

    # Voltages, symmetry, frequency

    @keyword
    def half_cycle_voltages_should_match_reference(self, observation: Observation) -> None:
        """Fails unless every reading of Urms(1/2) is one of the reference's last values, within the class' limit."""
        reference = self._reference(observation)
        self._keep(judge_half_cycles(observation.readings, reference, self._quality, self._meter.declared_v))

    @keyword
    def voltages_should_match_reference(self) -> None:
        """Fails unless the voltages over 10/12 cycles are within the class' limit of the injected ones."""
        self._settle()
        grid, meter = self.session.grid, self._meter
        measured = meter.values("voltage", "voltage")
        truth = grid.injected(
            max(grid.last_change_ns, self.session.bench.now_ns - _WINDOW_NS), self.session.bench.now_ns
        )
        self._require_voltage(truth.phases[phase].voltage_rms_v for phase in self._phases)
        limit = self._quality.limit("voltage")
        self._keep(
            finding(
                f"voltage {phase}", "V", truth.phases[phase].voltage_rms_v, value,
                limit.allowed(truth.phases[phase].voltage_rms_v, meter.declared_v), nominal=meter.declared_v,
            )
            for phase, value in zip(self._phases, measured, strict=False)
        )  # fmt: skip

    @keyword
    def unbalance_should_be(self, negative: float, zero: float = 0.0) -> None:
        """Fails unless negative and zero sequence in percent of the positive one are as given, by the class' limit.

        Fails as well if the mains has another unbalance than that.
        """
        self._settle()
        grid, now_ns = self.session.grid, self.session.bench.now_ns
        truth = grid.injected(max(grid.last_change_ns, now_ns - _WINDOW_NS), now_ns)
        self._require_voltage([truth.voltage_positive_sequence_v])
        injected = truth.voltage_negative_unbalance_percent, truth.voltage_zero_unbalance_percent
        if abs(injected[0] - negative) > 1e-3 or abs(injected[1] - zero) > 1e-3:
            raise StimulusError(
                f"the mains has an unbalance of {injected[0]:.4f} % and {injected[1]:.4f} %, "
                f"not of {negative} % and {zero} %"
            )
        limit = self._quality.limit("unbalance").value
        measured = self._meter.values("unbalance", "unbalance")
        self._keep(
            finding(f"{name} sequence unbalance", "%", reference, value, limit)
            for name, reference, value in zip(("negative", "zero"), injected, measured, strict=True)
        )

    @keyword
    def phase_sequence_should_be(self, sequence: Literal["forward", "reversed"]) -> None:
        """Fails unless firmware and mains have this sequence of the phases."""
        self._settle()
        grid, now_ns = self.session.grid, self.session.bench.now_ns
        truth = grid.injected(max(grid.last_change_ns, now_ns - _WINDOW_NS), now_ns)
        reversed_v = truth.voltage_negative_sequence_v - truth.voltage_positive_sequence_v
        self._require_voltage([abs(reversed_v)])
        if (reversed_v > 0) != (sequence == "reversed"):
            raise StimulusError(f"the mains does not have a {sequence} sequence, so there is nothing to judge")
        measured = int(self._meter.values("phase_sequence", "phase sequence")[0])
        if measured != _SEQUENCES[sequence]:
            names = {number: name for name, number in _SEQUENCES.items()}
            raise VerdictError(f"the firmware reports the sequence {names.get(measured, 'unknown')}, not {sequence}")

    @keyword
    def frequency_should_match_reference(self, limit: str = "25") -> None:
        """Waits for the firmware's next whole 10 s and fails unless its frequency is that of the mains in this time.

        ``limit`` is how long it may take in virtual s.
        """
        bench, grid, meter = self.session.bench, self.session.grid, self._meter
        self._settle()
        quiet_ns = max(grid.last_change_ns, 0)
        end_ns = bench.now_ns + to_ns(seconds(limit))
        whole_ns = 10 * NS_PER_S
        while True:
            before = meter.values("frequency_10s_count", "frequency over 10 s")
            while meter.values("frequency_10s_count", "frequency over 10 s") == before:
                if bench.now_ns >= end_ns:
                    raise LimitError(f"no frequency over 10 s came within {limit} s", time_ns=bench.now_ns)
                bench.run_for(0.02)
            if bench.now_ns - whole_ns - _AFTER_CHANGE_NS >= quiet_ns:
                break
        injected = grid.injected(bench.now_ns - whole_ns, bench.now_ns).frequency_hz
        measured = meter.values("frequency_10s", "frequency over 10 s")[0]
        self._keep([finding("frequency over 10 s", "Hz", injected, measured, self._quality.limit("frequency").value)])

    # Harmonics

    @keyword
    def harmonics_should_match_reference(
        self,
        phase: AnyPhase,
        quantity: Literal["voltage", "current"] = "voltage",
        *,
        highest: int = 40,
        angle_limit: float = 5.0,
    ) -> None:
        """Fails unless all harmonics up to order ``highest`` are those of the mains, by the limits of IEC 61000-4-7.

        Angles are judged by ``angle_limit`` in degrees, of the orders that are large enough. Waits until the firmware
        has worked out a window of this channel.
        """
        bench, grid, meter = self.session.bench, self.session.grid, self._meter
        channel = "n" if phase == "N" else f"{'u' if quantity == 'voltage' else 'i'}{phase[1]}"
        count, registers = f"harmonics_count[{channel}]", (f"harmonics_{channel}", f"harmonics_{channel}_angle")
        meter.require(["harmonics_count", *registers], "harmonics")
        self._settle()
        bench.run_for(_WINDOW_NS / NS_PER_S)
        before = bench.register(count)
        bench.run_until(lambda: bench.register(count) != before, _HARMONICS_LIMIT_S, 0.02)
        rms, angles = (bench.register(name) for name in registers)
        now_ns = bench.now_ns
        reference = Reference(grid, max(grid.last_change_ns, now_ns - 2 * _WINDOW_NS), now_ns, self._phases)
        nominal = meter.declared_v if quantity == "voltage" else meter.nominal_a
        nominal_hz = float(bench.manifest.metrology.nominal_frequency_hz)
        self._keep(
            judge_harmonics(
                rms,
                angles,
                reference.harmonics(phase, quantity, nominal_hz),
                quality=self._quality,
                quantity=quantity,
                nominal=nominal,
                highest=highest,
                angle_limit_deg=angle_limit,
            )
        )

    # What only the reference has

    @keyword
    def reference_flicker(self, phase: Phase, duration: str) -> float:
        """Returns the reference's Pst of the last ``duration`` of a voltage. This judges nothing of the firmware.

        The first 30 s of it are those in which the filters settle; the standard's interval is 10 minutes.
        """
        return self._reference_flicker(phase, duration)

    @keyword
    def reference_flicker_should_be(
        self, expected: float, phase: Phase, duration: str, *, limit_percent: float = 5.0
    ) -> float:
        """Fails unless the reference's Pst of the last ``duration`` is ``expected``. No judgement of the firmware."""
        value = self._reference_flicker(phase, duration)
        allowed = expected * limit_percent / 100
        self._keep([finding(f"Pst {phase}", "Pst", expected, value, allowed, source=_FLICKER)])
        return value

    @keyword
    def reference_rapid_changes(self, observation: Observation, threshold_percent: float | None = None) -> int:
        """Returns how many rapid voltage changes the reference has. This judges nothing of the firmware."""
        quality = self._quality
        if threshold_percent is None:
            threshold_percent = quality.parameters["rapid-change-threshold"].value
        limits = quality.thresholds(self._meter.declared_v)
        nominal_hz = float(self.session.bench.manifest.metrology.nominal_frequency_hz)
        found = self._reference(observation).rapid_changes(limits, threshold_percent, nominal_hz)
        for change in found:
            logger.info(
                f"rapid change from {change.start_s:.4f} s to {change.end_s:.4f} s: "
                f"steady {change.steady_change_v:.3f} V, largest {change.largest_change_v:.3f} V"
            )
        return len(found)

    @keyword
    def reference_signalling_voltage(self, phase: Phase, frequency: float, duration: str = "3") -> float:
        """Returns the reference's mains signalling voltage in V. This judges nothing of the firmware.

        It is the largest of the windows in the last ``duration``.
        """
        now_ns = self.session.bench.now_ns
        reference = Reference(self.session.grid, now_ns - to_ns(seconds(duration)), now_ns, self._phases)
        nominal_hz = float(self.session.bench.manifest.metrology.nominal_frequency_hz)
        value = reference.signalling_v(phase, frequency, nominal_hz)
        logger.info(f"signalling voltage of {phase} at {frequency:g} Hz: {value:.6g} V")
        return value

    @property
    def _meter(self) -> QualityMeter:
        bench = self.session.bench
        if self._known is None or self._known[0] is not bench:
            self._known = bench, QualityMeter(bench)
        return self._known[1]

    @property
    def _quality(self) -> PerformanceClass:
        if self._class is None:
            self._class = performance_class("A")
        return self._class

    @property
    def _phases(self) -> list[str]:
        return [phase for phase in PHASES if phase in self.session.bench.front_ends]

    def _settle(self, settle_ns: int | None = None) -> None:
        """Run until the last change is long enough ago."""
        bench = self.session.bench
        wait_ns = to_ns(bench.settle_s) if settle_ns is None else settle_ns
        while (left_ns := self.session.grid.last_change_ns + wait_ns - bench.now_ns) > 0:
            bench.run_for(left_ns / NS_PER_S)

    def _require_voltage(self, volts: Iterable[float]) -> None:
        if not any(value > 1e-3 for value in volts):
            raise StimulusError("the mains brought no voltage to the meter, so there is nothing to judge")

    def _reference(self, observation: Observation) -> Reference:
        rate_hz = float(self.session.bench.manifest.metrology.sample_rate_hz)
        lead_ns = observation.from_ns - _LEAD_NS
        return Reference(self.session.grid, lead_ns, observation.to_ns, self._phases, sample_rate_hz=rate_hz)

    def _frequency_hz(self, observation: Observation) -> float:
        return self.session.grid.injected(observation.from_ns, observation.to_ns).frequency_hz

    def _reference_flicker(self, phase: Phase, duration: str) -> float:
        now_ns, bench = self.session.bench.now_ns, self.session.bench
        from_ns = now_ns - to_ns(seconds(duration))
        if from_ns < 0:
            raise UsageError(f"only {now_ns / NS_PER_S:.6g} s have passed, less than {duration}")
        declared_v = float(bench.manifest.metrology.nominal_voltage_v)
        value = Reference(self.session.grid, from_ns, now_ns).short_term_flicker(phase, declared_v)
        logger.info(f"Pst of {phase}, {_FLICKER}: {value:.4f}")
        return value

    def _plot(self, seen: Observation) -> None:
        """Urms(1/2) with the events of both sides, for the report: of each phase that changes, or of the first."""
        meter, reference = self._meter, self._reference(seen)
        courses: Mapping[str, HalfCycles] = reference.half_cycles
        expected = _spans(reference.events(meter.thresholds()), seen)
        found = _spans(meter.events(seen.first_event)[0], seen)
        changing = [phase for phase, known in courses.items() if np.ptp(known.rms_v) > _PLOTTED_PART * meter.declared_v]
        for phase in changing or self._phases[:1]:
            known, values = courses[phase], seen.readings.values_v[phase]
            self.session.record(
                Trace(
                    self.session.test, f"Urms(1/2) {phase}", "V",
                    known.ends_s.tolist(), known.rms_v.tolist(), seen.readings.times_s, values, expected, found,
                )
            )  # fmt: skip

    def _keep(self, findings: Iterable[Finding]) -> None:
        """Log and record all findings, then fail if one of them is outside of its limit."""
        kept = list(findings)
        for item in kept:
            logger.info(str(item))
            self.session.record(self._judgement(item))
        bad = [str(item) for item in kept if not item.passed]
        if bad:
            raise VerdictError(f"{len(bad)} of {len(kept)} values are outside their limits: {'; '.join(bad)}")

    def _judgement(self, item: Finding) -> Judgement:
        session = self.session
        return Judgement(
            session.test, session.test_name, item.quantity, item.unit, item.reference, item.measured, item.error,
            item.limit, item.uncertainty, item.source, item.passed and math.isfinite(item.error), item.error_unit,
        )  # fmt: skip


def _spans(events: Sequence[VoltageEvent], seen: Observation) -> list[tuple[float, float, str]]:
    end_s = seen.to_ns / NS_PER_S
    return [(event.start_s, end_s if event.end_s is None else event.end_s, event.kind) for event in events]
