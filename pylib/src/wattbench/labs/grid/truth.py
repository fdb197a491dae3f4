"""What was really injected between two virtual times; the definitions are in `quantities`."""

from __future__ import annotations

import cmath
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import UsageError
from wattbench.labs.grid.channels import FUNDAMENTAL, NEUTRAL, PHASES, Channel
from wattbench.labs.grid.course import UNIT, Course
from wattbench.labs.grid.integrate import fourier, integral, integral_of_factors
from wattbench.labs.grid.quantities import Injected, PhaseInjected
from wattbench.labs.grid.schedule import Schedule
from wattbench.labs.grid.segment import Segment
from wattbench.labs.grid.waveform import Sinusoids, Waveform, mean_of_product

_JOULES_PER_WH = 3600.0
_HARMONICS = [Fraction(order) for order in range(1, 51)]
_NO_SEQUENCE = 1e-9
"""A positive sequence below this part of the others is none."""
_TURN = cmath.rect(1.0, 2 * math.pi / 3)


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
        self.segment, self.seconds, self.span = segment, (to_ns - from_ns) / NS_PER_S, (from_ns, to_ns)
        self.turns = segment.turns_at(to_ns) - segment.turns_at(from_ns)
        self._recorded: dict[Channel, dict[Fraction, complex]] = {}

    def course(self, channel: Channel) -> Course:
        """The closed form of a channel."""
        return self.segment.course(channel)

    def energy(self, phase: str) -> tuple[float, float]:
        """Active energy of a phase in J, and a power in W whose sign says whether it is imported.

        Of stationary waveforms that is their mean power, else the mean of the stretch.
        """
        u, i = (self.course(Channel(phase, quantity)) for quantity in ("voltage", "current"))
        joules = integral(self.segment, u, i, self.span)
        if u.plain is not None and i.plain is not None:
            return joules, mean_of_product(u.plain, i.plain)
        return joules, joules / self.seconds

    def orders(self, channel: Channel) -> set[Fraction]:
        """Orders from the fundamental on at which a channel has, or may have, content; up to the 50th if cut."""
        course = self.course(channel)
        if course.is_recorded:
            return set(_HARMONICS)
        found = {order for part in course.parts for order in part.waveform.orders}
        return {FUNDAMENTAL, *(found - {Fraction(0)})}

    def phasor(self, channel: Channel, order: Fraction) -> complex:
        """RMS phasor of an order, without the factors."""
        course = self.course(channel)
        if course.is_recorded:
            if channel not in self._recorded:
                self._recorded[channel] = fourier(self.segment, course, len(_HARMONICS), self.span)
            return self._recorded[channel].get(order, complex(0))
        return sum((part.waveform.phasor(order) for part in course.parts), complex(0))

    def weight(self, *channels: Channel) -> float:
        """Integral over time of the product of the channels' factors, in s."""
        factors = [part.factors for channel in channels for part in self.course(channel).parts]
        return integral_of_factors(tuple(factor for group in factors for factor in group), self.segment, self.span)

    def powers(self, phase: str) -> dict[Fraction, complex]:
        """P + jQ of each order that voltage and current have in common, in Ws and vars over the stretch."""
        channels = Channel(phase, "voltage"), Channel(phase, "current")
        orders = self.orders(channels[0]) & self.orders(channels[1])
        if not any(_is_tonal(self.course(channel)) for channel in channels):
            orders &= set(_HARMONICS)
        weight = self.weight(*channels)
        return {
            order: self.phasor(channels[0], order) * self.phasor(channels[1], order).conjugate() * weight
            for order in sorted(orders)
        }

    def squares(self, channel: Channel) -> float:
        """Integral of the square over time, with the noise in expectation."""
        course, noise = self.course(channel), self.segment.noise(channel)
        return integral(self.segment, course, course, self.span) + noise.rms**2 * self.seconds

    def mean(self, channel: Channel) -> float:
        """Integral over time."""
        course = self.course(channel)
        if isinstance(course.plain, Sinusoids) and self.segment.is_steady:
            whole = self.turns.denominator == 1 and course.plain.period_turns == 1
            if whole or not course.plain.tones:
                return course.plain.dc * self.seconds
        return integral(self.segment, course, UNIT, self.span)


def _is_tonal(course: Course) -> bool:
    """Whether it consists of a finite number of tones."""
    waveforms: list[Waveform] = [part.waveform for part in course.parts]
    return not course.is_recorded and all(isinstance(waveform, Sinusoids) for waveform in waveforms)


@dataclass(frozen=True)
class _Spectrum:
    """RMS by order over several stretches."""

    by_order: dict[Fraction, float] = field(default_factory=dict)

    @staticmethod
    def of(stretches: Iterable[_Stretch], channel: Channel, duration_s: float) -> _Spectrum:
        squares: defaultdict[Fraction, float] = defaultdict(float)
        for stretch in stretches:
            weight = stretch.weight(channel, channel)
            for order in stretch.orders(channel):
                if order <= _HARMONICS[-1]:
                    squares[order] += abs(stretch.phasor(channel, order)) ** 2 * weight / duration_s
        return _Spectrum({order: math.sqrt(max(0.0, square)) for order, square in sorted(squares.items()) if square})

    @property
    def fundamental(self) -> float:
        return self.by_order.get(FUNDAMENTAL, 0.0)

    @property
    def thd_percent(self) -> float:
        harmonics = [rms for order, rms in self.by_order.items() if order > 1 and order.denominator == 1]
        return math.hypot(*harmonics) / self.fundamental * 100 if self.fundamental else 0.0


def _rms(stretches: Iterable[_Stretch], channel: Channel, duration_s: float) -> float:
    return math.sqrt(max(0.0, math.fsum(stretch.squares(channel) for stretch in stretches) / duration_s))


def _sequences(stretches: list[_Stretch], duration_s: float) -> tuple[float, float, float]:
    """Zero, positive and negative sequence of the fundamental voltages, RMS over time."""
    squares = [0.0, 0.0, 0.0]
    for stretch in stretches:
        channels = [Channel(phase, "voltage") for phase in PHASES]
        one, two, three = (
            stretch.phasor(channel, FUNDAMENTAL) * stretch.weight(channel) / stretch.seconds for channel in channels
        )
        values = (one + two + three, one + two * _TURN + three * _TURN**2, one + two * _TURN**2 + three * _TURN)
        for number, value in enumerate(values):
            squares[number] += abs(value / 3) ** 2 * stretch.seconds / duration_s
    zero, positive, negative = map(math.sqrt, squares)
    return zero, positive, negative


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
            reactive_joules = powers[phase][FUNDAMENTAL].imag
            reactive[phase].add(reactive_joules, reactive_joules)
            for order, power in powers[phase].items():
                by_order[phase][order] += power / duration_s
        joules, watts = (math.fsum(column) for column in zip(*energies.values(), strict=True))
        total_active.add(joules, watts)
        total_var = math.fsum(powers[phase][FUNDAMENTAL].imag for phase in PHASES)
        total_reactive.add(total_var, total_var)
    phases = {phase: _phase(phase, stretches, (active[phase], reactive[phase]), by_order[phase]) for phase in PHASES}
    hours = duration_s / 3600
    active_wh, reactive_varh = total_active.hours(), total_reactive.hours()
    apparent_vah = math.fsum(phase.apparent_vah for phase in phases.values())
    zero, positive, negative = _sequences(stretches, duration_s)
    percent = 100 / positive if positive > _NO_SEQUENCE * (zero + negative) else 0.0
    return Injected(
        from_ns=from_ns,
        to_ns=to_ns,
        frequency_hz=float(sum(stretch.turns for stretch in stretches)) / duration_s,
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
        voltage_positive_sequence_v=positive,
        voltage_negative_sequence_v=negative,
        voltage_zero_sequence_v=zero,
        voltage_negative_unbalance_percent=negative * percent,
        voltage_zero_unbalance_percent=zero * percent,
    )


def _phase(
    phase: str, stretches: list[_Stretch], splits: tuple[_Split, _Split], by_order: dict[Fraction, complex]
) -> PhaseInjected:
    duration_s = math.fsum(stretch.seconds for stretch in stretches)
    channels = Channel(phase, "voltage"), Channel(phase, "current")
    voltage, current = (_rms(stretches, channel, duration_s) for channel in channels)
    spectra = [_Spectrum.of(stretches, channel, duration_s) for channel in channels]
    means = [math.fsum(stretch.mean(channel) for stretch in stretches) / duration_s for channel in channels]
    hours = duration_s / 3600
    active_wh, reactive_varh = (split.hours() for split in splits)
    apparent, watts = voltage * current, active_wh[0] / hours
    budeanu = math.fsum(power.imag for power in by_order.values())
    return PhaseInjected(
        *active_wh,
        *reactive_varh,
        apparent_vah=apparent * hours,
        voltage_rms_v=voltage,
        current_rms_a=current,
        active_power_w=watts,
        reactive_power_var=reactive_varh[0] / hours,
        apparent_power_va=apparent,
        power_factor=watts / apparent if apparent else 0.0,
        voltage_fundamental_v=spectra[0].fundamental,
        current_fundamental_a=spectra[1].fundamental,
        voltage_dc_v=means[0],
        current_dc_a=means[1],
        voltage_thd_percent=spectra[0].thd_percent,
        current_thd_percent=spectra[1].thd_percent,
        reactive_budeanu_var=budeanu,
        nonactive_power_var=math.sqrt(max(0.0, apparent**2 - watts**2)),
        distortion_power_va=math.sqrt(max(0.0, apparent**2 - watts**2 - budeanu**2)),
        voltage_by_order_v=spectra[0].by_order,
        current_by_order_a=spectra[1].by_order,
        active_power_by_order_w={order: power.real for order, power in by_order.items()},
        reactive_power_by_order_var={order: power.imag for order, power in by_order.items()},
    )
