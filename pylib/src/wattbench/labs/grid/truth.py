"""What was really injected between two virtual times, in closed form.

Active energy and the mean squares are integrals of products of the waveforms over exactly the given time, whole cycles
or not. Reactive quantities are defined over cycles, so each segment counts with its stationary value times its
duration: Q of an order is U I sin(angle); the reactive power is that of the fundamental (IEC 62053-24). Noise counts
in expectation: its variance adds to the mean squares, and nothing to powers, as no two channels share their noise.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction

from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import UsageError
from wattbench.labs.grid.channels import FUNDAMENTAL, NEUTRAL, PHASES, Channel
from wattbench.labs.grid.schedule import Schedule
from wattbench.labs.grid.segment import Segment
from wattbench.labs.grid.waveform import integral_of_product, mean_of_product

_JOULES_PER_WH = 3600.0


@dataclass(frozen=True)
class PhaseInjected:
    """Truth about one phase: energies over the time, means over it. Import is positive (see `schedule`)."""

    active_wh: float
    active_import_wh: float
    """Energy of the segments whose mean power is positive."""
    active_export_wh: float
    """Energy of the segments whose mean power is negative, as a positive number."""
    reactive_varh: float
    reactive_import_varh: float
    reactive_export_varh: float
    apparent_vah: float
    """U I of the whole time, times the time."""
    voltage_rms_v: float
    current_rms_a: float
    active_power_w: float
    reactive_power_var: float
    apparent_power_va: float
    power_factor: float
    """P / S; 0 without apparent power."""
    active_power_by_order_w: Mapping[Fraction, float]
    reactive_power_by_order_var: Mapping[Fraction, float]


@dataclass(frozen=True)
class Injected:
    """Truth about the mains from `from_ns` to `to_ns`, per phase and for all three.

    `active_import_wh` and its like split by the sign of the sum of the phases (a meter that adds before it sorts);
    `..._by_phase_...` split each phase by its own sign and add then.
    """

    from_ns: int
    to_ns: int
    frequency_hz: float
    """Turns of the oscillator over the time."""
    phases: Mapping[str, PhaseInjected]
    neutral_current_rms_a: float
    active_wh: float
    active_import_wh: float
    active_export_wh: float
    active_import_by_phase_wh: float
    active_export_by_phase_wh: float
    reactive_varh: float
    reactive_import_varh: float
    reactive_export_varh: float
    reactive_import_by_phase_varh: float
    reactive_export_by_phase_varh: float
    apparent_vah: float
    """Sum of the phases' apparent energies."""
    active_power_w: float
    reactive_power_var: float
    apparent_power_va: float
    power_factor: float

    @property
    def duration_s(self) -> float:
        """The time in seconds."""
        return (self.to_ns - self.from_ns) / NS_PER_S

    def value(self, quantity: str, phase: str | None = None) -> float:
        """A quantity by its name in this class (`phase` None) or in `PhaseInjected`; raises UsageError."""
        owner: Injected | PhaseInjected = self if phase is None else self._phase(phase)
        names = [entry.name for entry in fields(owner) if entry.type == "float"]
        if quantity not in names:
            where = "the three phases together" if phase is None else "a phase"
            raise UsageError(f"There is no quantity {quantity!r} of {where}; there are {', '.join(names)}.")
        return float(getattr(owner, quantity))

    def _phase(self, phase: str) -> PhaseInjected:
        if phase not in self.phases:
            raise UsageError(f"There is no phase {phase!r}; there are {', '.join(self.phases)}.")
        return self.phases[phase]


class _Split:
    """A signed energy that is collected by the sign of its power."""

    def __init__(self) -> None:
        self.parts: list[float] = []
        self.imported: list[float] = []
        self.exported: list[float] = []

    def add(self, joules: float, power: float) -> None:
        self.parts.append(joules)
        if power >= 0:
            self.imported.append(joules)
        else:
            self.exported.append(-joules)

    def hours(self) -> tuple[float, float, float]:
        """Net, import and export in Wh or varh."""
        net, imported, exported = map(math.fsum, (self.parts, self.imported, self.exported))
        return net / _JOULES_PER_WH, imported / _JOULES_PER_WH, exported / _JOULES_PER_WH


class _Stretch:
    """A part of one segment: durations and integrals over it."""

    def __init__(self, segment: Segment, from_ns: int, to_ns: int) -> None:
        self.segment, self.seconds = segment, (to_ns - from_ns) / NS_PER_S
        self.start, self.stop = segment.turns_at(from_ns), segment.turns_at(to_ns)

    def energy(self, phase: str) -> tuple[float, float]:
        """Active energy of a phase in J, and the mean power of the segment in W."""
        u, i = (self.segment.waveform(Channel(phase, quantity)) for quantity in ("voltage", "current"))
        joules = integral_of_product(u, i, self.start, self.stop) / self.segment.frequency_hz
        return joules, mean_of_product(u, i)

    def powers(self, phase: str) -> dict[Fraction, complex]:
        """P + jQ of each order that voltage and current have in common, in W and var."""
        u, i = (self.segment.waveform(Channel(phase, quantity)) for quantity in ("voltage", "current"))
        orders = sorted({FUNDAMENTAL, *(set(u.orders) & set(i.orders))})
        return {order: u.phasor(order) * i.phasor(order).conjugate() for order in orders}

    def squares(self, channel: Channel) -> float:
        """Integral of the square over time, with the noise in expectation."""
        waveform, noise = self.segment.waveform(channel), self.segment.noise(channel)
        ideal = integral_of_product(waveform, waveform, self.start, self.stop) / self.segment.frequency_hz
        return ideal + noise.rms**2 * self.seconds


def _rms(stretches: Iterable[_Stretch], channel: Channel, duration_s: float) -> float:
    return math.sqrt(max(0.0, math.fsum(stretch.squares(channel) for stretch in stretches) / duration_s))


def injected(schedule: Schedule, from_ns: int, to_ns: int) -> Injected:
    """The closed form of what `schedule` injects from `from_ns` to `to_ns` (virtual ns); raises UsageError."""
    if not 0 <= from_ns < to_ns:
        raise UsageError(f"Energy needs a time that begins at or after 0 and ends later, not {from_ns} to {to_ns} ns.")
    stretches = [_Stretch(*part) for part in schedule.between(from_ns, to_ns)]
    duration_s = (to_ns - from_ns) / NS_PER_S
    active, reactive = {phase: _Split() for phase in PHASES}, {phase: _Split() for phase in PHASES}
    total_active, total_reactive = _Split(), _Split()
    by_order: dict[str, defaultdict[Fraction, complex]] = {phase: defaultdict(complex) for phase in PHASES}
    for stretch in stretches:
        energies = {phase: stretch.energy(phase) for phase in PHASES}
        powers = {phase: stretch.powers(phase) for phase in PHASES}
        for phase in PHASES:
            active[phase].add(*energies[phase])
            reactive_power = powers[phase][FUNDAMENTAL].imag
            reactive[phase].add(reactive_power * stretch.seconds, reactive_power)
            for order, power in powers[phase].items():
                by_order[phase][order] += power * stretch.seconds / duration_s
        joules, watts = (math.fsum(column) for column in zip(*energies.values(), strict=True))
        total_active.add(joules, watts)
        total_var = math.fsum(powers[phase][FUNDAMENTAL].imag for phase in PHASES)
        total_reactive.add(total_var * stretch.seconds, total_var)

    hours = duration_s / 3600
    phases: dict[str, PhaseInjected] = {}
    for phase in PHASES:
        voltage, current = (
            _rms(stretches, Channel(phase, quantity), duration_s) for quantity in ("voltage", "current")
        )
        active_wh, reactive_varh = active[phase].hours(), reactive[phase].hours()
        apparent, watts = voltage * current, active_wh[0] / hours
        phases[phase] = PhaseInjected(
            *active_wh,
            *reactive_varh,
            apparent * hours,
            voltage,
            current,
            watts,
            reactive_varh[0] / hours,
            apparent,
            watts / apparent if apparent else 0.0,
            {order: power.real for order, power in by_order[phase].items()},
            {order: power.imag for order, power in by_order[phase].items()},
        )
    active_wh, reactive_varh = total_active.hours(), total_reactive.hours()
    apparent_vah = math.fsum(phase.apparent_vah for phase in phases.values())
    return Injected(
        from_ns=from_ns,
        to_ns=to_ns,
        frequency_hz=float(sum(stretch.stop - stretch.start for stretch in stretches)) / duration_s,
        phases=phases,
        neutral_current_rms_a=_rms(stretches, Channel(NEUTRAL, "current"), duration_s),
        active_wh=active_wh[0],
        active_import_wh=active_wh[1],
        active_export_wh=active_wh[2],
        active_import_by_phase_wh=math.fsum(phase.active_import_wh for phase in phases.values()),
        active_export_by_phase_wh=math.fsum(phase.active_export_wh for phase in phases.values()),
        reactive_varh=reactive_varh[0],
        reactive_import_varh=reactive_varh[1],
        reactive_export_varh=reactive_varh[2],
        reactive_import_by_phase_varh=math.fsum(phase.reactive_import_varh for phase in phases.values()),
        reactive_export_by_phase_varh=math.fsum(phase.reactive_export_varh for phase in phases.values()),
        apparent_vah=apparent_vah,
        active_power_w=active_wh[0] / hours,
        reactive_power_var=reactive_varh[0] / hours,
        apparent_power_va=apparent_vah / hours,
        power_factor=active_wh[0] / apparent_vah if apparent_vah else 0.0,
    )
