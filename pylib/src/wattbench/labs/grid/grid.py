"""The mains of a bench: set it at exact virtual times, and ask what was injected."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from wattbench.core.analog import AnalogPort, FloatArray
from wattbench.core.clock import NS_PER_S, to_ns
from wattbench.core.errors import StimulusError, UsageError
from wattbench.labs.grid.channels import NEUTRAL, PHASES, QUANTITIES, Change, Channel, Harmonic
from wattbench.labs.grid.crossings import rising_crossings
from wattbench.labs.grid.disturbances import Disturbances
from wattbench.labs.grid.front_end import FrontEnd
from wattbench.labs.grid.loads import Loads
from wattbench.labs.grid.noise import Noise
from wattbench.labs.grid.playback import Playback
from wattbench.labs.grid.quantities import Injected
from wattbench.labs.grid.schedule import Schedule
from wattbench.labs.grid.segment import Segment
from wattbench.labs.grid.settable import Time, checked_rms, given, lag_degrees, require_finite
from wattbench.labs.grid.source import AfeSource, Pin, Sampled, require_in_range
from wattbench.labs.grid.symmetry import Symmetry
from wattbench.labs.grid.truth import injected
from wattbench.labs.grid.wiring import AfeModel, GridBench, wired_pins

_LARGEST_DENOMINATOR = 100


@dataclass(frozen=True)
class GridState:
    """Everything the grid knows, as plain data, for saving and restoring a bench."""

    frequency_hz: float
    changes: tuple[Change, ...]
    front_ends: Mapping[Channel, FrontEnd]
    evidence: Mapping[str, Mapping[str, Mapping[int, Sampled]]]


class Grid(Loads, Disturbances, Symmetry, Playback):
    """Three phases and neutral on one oscillator, wired to the converters of a bench.

    Angles, signs and the phase sequence are those of `wattbench.labs.grid.channels`. All methods that set something
    take `at`, an absolute virtual time in seconds that is not in the past (None: now); what was not set before stays.
    They raise StimulusError, and change nothing, when the mains cannot do it or a converter would be overdriven.
    """

    def __init__(self, bench: GridBench, frequency_hz: float = 50.0) -> None:
        """Connect to every converter that `bench.front_ends` names; all voltages and currents are 0."""
        self._bench, self._nominal_hz = bench, frequency_hz
        self._schedule = Schedule.idle(frequency_hz)
        pins: dict[str, list[Pin]] = {}
        for phase, description in bench.front_ends.items():
            for pin in wired_pins(phase, description, bench.model(description.afe)):
                pins.setdefault(pin.afe, []).append(pin)
        self._sources = {afe: AfeSource(self._schedule, wired) for afe, wired in pins.items()}
        self._pins = {pin.channel: pin for wired in pins.values() for pin in wired}
        for afe, source in self._sources.items():
            self._port(afe).connect(source, bench.now_ns)

    def set_phase(
        self,
        phase: str,
        voltage_v: float | None = None,
        current_a: float | None = None,
        *,
        power_factor: float | None = None,
        angle_deg: float | None = None,
        capacitive: bool = False,
        reversed: bool | None = None,
        voltage_angle_deg: float | None = None,
        at: Time = None,
    ) -> None:
        """Set RMS voltage and current of the fundamentals of `phase` and the angle between them.

        `angle_deg` is the lag of the current (inductive positive); instead of it `power_factor` from 0 to 1 is that
        of a consumer, inductive unless `capacitive`. `reversed` swaps the current's connections, so a consumer
        exports. `voltage_angle_deg` moves voltage and current on the oscillator (L1 0, L2 -120, L3 -240 at first).
        A current closes a circuit that was open. Phase N carries the sum of the phases until it is given a current.
        """
        angle_deg = lag_degrees(phase, power_factor, angle_deg, capacitive)
        voltage = given(rms=checked_rms(phase, "voltage", voltage_v), angle_deg=voltage_angle_deg)
        current = given(rms=checked_rms(phase, "current", current_a), angle_deg=angle_deg, reversed=reversed)
        for fields in (voltage, current):
            if "rms" in fields:
                fields["ramp"] = None
        if current_a is not None:
            current["is_open"] = False
        self._set({Channel(phase, "voltage"): voltage, Channel(phase, "current"): current}, at)

    def set_balanced_load(
        self,
        voltage_v: float,
        current_a: float,
        power_factor: float = 1.0,
        *,
        capacitive: bool = False,
        reversed: bool = False,
        at: Time = None,
    ) -> None:
        """Set all measured phases alike, 120 degrees apart in the sequence L1 L2 L3; see `set_phase`."""
        fields: dict[Channel, dict[str, Any]] = {}
        lag_deg = lag_degrees("all phases", power_factor, None, capacitive)
        for number, phase in enumerate(PHASES):
            if Channel(phase, "current") in self._pins:
                voltage = {"rms": checked_rms(phase, "voltage", voltage_v), "angle_deg": -120.0 * number, "ramp": None}
                current = {"rms": checked_rms(phase, "current", current_a), "angle_deg": lag_deg, "ramp": None}
                fields[Channel(phase, "voltage")] = voltage
                fields[Channel(phase, "current")] = {**current, "reversed": reversed, "is_open": False}
        self._set(fields, at)

    def set_frequency(self, frequency_hz: float, at: Time = None) -> None:
        """Set the frequency of all phases; the oscillator's phase goes on without a step."""
        if not 0 < frequency_hz < math.inf:
            raise StimulusError(f"The mains needs a frequency above 0 Hz, not {frequency_hz}.")
        fields = {"frequency_hz": float(frequency_hz), "ramp": None}
        self._change([Change(self._at_ns(at), None, fields)])

    def add_harmonic(
        self,
        phase: str,
        quantity: str,
        order: float | Fraction,
        percent: float,
        *,
        phase_deg: float = 0.0,
        at: Time = None,
    ) -> None:
        """Add a harmonic of `percent` of the fundamental's RMS to the `voltage` or `current` of `phase`.

        At `phase_deg` 0 it goes through zero upwards together with its fundamental. `order` may be broken
        (interharmonics, to hundredths) or below 1 (sub-harmonics). A second one of the same order replaces the first.
        """
        if not all(map(math.isfinite, (order, percent, phase_deg))):
            raise StimulusError(f"A harmonic needs finite numbers, not order {order}, {percent} %, {phase_deg} deg.")
        exact = Fraction(order).limit_denominator(_LARGEST_DENOMINATOR)
        if exact <= 0 or exact == 1:
            raise StimulusError(f"A harmonic needs an order above 0 other than 1, not {order}; see set_phase, set_dc.")
        harmonic = Harmonic(percent / 100, phase_deg)
        self._set({Channel(phase, quantity): {"harmonics": {exact: harmonic}}}, at)

    def remove_harmonic(self, phase: str, quantity: str, order: float | Fraction, at: Time = None) -> None:
        """Take a harmonic away."""
        self.add_harmonic(phase, quantity, order, 0.0, at=at)

    def set_dc(self, phase: str, quantity: str, value: float, at: Time = None) -> None:
        """Add a constant in V or A to a channel (0: none)."""
        self._set({Channel(phase, quantity): {"dc": float(value)}}, at)

    def set_noise(self, phase: str, quantity: str, rms: float, *, seed: int = 0, at: Time = None) -> None:
        """Add white noise of `rms` V or A to a channel (0: none); each channel has its own for the same seed."""
        channel = Channel(phase, quantity)
        if not 0 <= rms < math.inf:
            raise StimulusError(f"The RMS of the noise on the {channel} is a finite number from 0 on, not {rms}.")
        number = (*PHASES, NEUTRAL).index(phase) * 2 + QUANTITIES.index(quantity) if channel in self._pins else 0
        self._set({channel: {"noise": Noise(float(rms), seed * 8 + number)}}, at)

    def open_current(self, phase: str, at: Time = None) -> None:
        """Open the current circuit of `phase` until `set_phase` gives it a current."""
        self._set({Channel(phase, "current"): {"is_open": True}}, at)

    def front_end(self, phase: str, quantity: str) -> FrontEnd:
        """The sensor of a channel, ideal at first."""
        return self._pin(Channel(phase, quantity)).front_end

    def set_front_end(self, phase: str, quantity: str, front_end: FrontEnd) -> None:
        """Replace the sensor of a channel from now on; derive it from `front_end` with `dataclasses.replace`."""
        pin, now_ns = self._pin(Channel(phase, quantity)), self._bench.now_ns
        changed = dataclasses.replace(pin, front_end=front_end)
        for segment in self._schedule.segments[self._schedule.index_at(now_ns) :]:
            require_in_range(changed, segment)
        pin.front_end = front_end
        self._port(pin.afe).changed(now_ns)

    def injected(self, from_ns: int, to_ns: int) -> Injected:
        """What was injected between two virtual times that have passed, in closed form, before the sensors.

        Raises StimulusError if part of it was never sampled by the converter it is wired to.
        """
        if to_ns > self._bench.now_ns:
            raise UsageError(f"The mains at {to_ns / NS_PER_S:.9g} s lies in the future; run the machine until then.")
        for segment, _, _ in self._schedule.between(from_ns, to_ns):
            for source in self._sources.values():
                source.require_sampled(segment, self._bench.now_ns)
        return injected(self._schedule, from_ns, to_ns)

    def rising_crossings(self, phase: str, from_ns: int, to_ns: int) -> FloatArray:
        """Virtual times (ns) at which the fundamental of a phase's voltage goes upwards through zero; closed form."""
        return rising_crossings(self._schedule, self._wired(Channel(phase, "voltage")), from_ns, to_ns)

    @property
    def last_change_ns(self) -> int:
        """Virtual time of the last change up to now, 0 before the first."""
        return self._schedule.segments[self._schedule.index_at(self._bench.now_ns)].start_ns

    def evidence(self, phase: str, quantity: str) -> Mapping[int, Sampled]:
        """What the converter asked of a channel, by the virtual time (ns) of the change it belongs to."""
        pin = self._pin(Channel(phase, quantity))
        return self._sources[pin.afe].evidence[pin.input_name]

    def save(self) -> GridState:
        """Everything that was set and asked, as plain data."""
        evidence = copy.deepcopy({afe: source.evidence for afe, source in self._sources.items()})
        front_ends = {channel: pin.front_end for channel, pin in self._pins.items()}
        return GridState(self._nominal_hz, self._schedule.changes, front_ends, evidence)

    def restore(self, state: GridState) -> None:
        """Back to what `save` gave, for a bench that was restored to the same moment."""
        self._nominal_hz = state.frequency_hz
        self._schedule = Schedule.idle(state.frequency_hz).with_changes(list(state.changes))
        for channel, front_end in state.front_ends.items():
            self._pins[channel].front_end = front_end
        for afe, source in self._sources.items():
            source.schedule = self._schedule
            source.evidence = {name: dict(entries) for name, entries in copy.deepcopy(state.evidence[afe]).items()}
            self._port(afe).changed(self._bench.now_ns)

    def set_temperature(self, celsius: float) -> None:
        """Bring all sensors to a temperature from now on; see `FrontEnd.temperature_coefficient_ppm`."""
        for channel, pin in self._pins.items():
            self.set_front_end(*channel, dataclasses.replace(pin.front_end, temperature_c=float(celsius)))

    def _at_ns(self, at: Time) -> int:
        now_ns = self._bench.now_ns
        at_ns = now_ns if at is None else to_ns(at)
        if at_ns < now_ns:
            raise StimulusError(
                f"The mains cannot be changed at {at_ns / NS_PER_S:.9g} s, it is {now_ns / NS_PER_S:.9g} s already."
            )
        return at_ns

    def _pin(self, channel: Channel) -> Pin:
        if channel not in self._pins:
            wired = ", ".join(str(known) for known in self._pins) or "nothing"
            raise StimulusError(f"The {channel} is not wired to a converter of this product; wired: {wired}.")
        return self._pins[channel]

    def _set(self, fields: Mapping[Channel, Mapping[str, Any]], at: Time) -> None:
        at_ns = self._at_ns(at)
        changes = [Change(at_ns, self._pin(channel).channel, values) for channel, values in fields.items() if values]
        for change in changes:
            require_finite(change)
        self._change(changes)

    def _change(self, changes: list[Change]) -> None:
        if not changes:
            return
        at_ns = min(change.at_ns for change in changes)
        schedule = self._schedule.with_changes(changes)
        for segment in schedule.segments[schedule.index_at(at_ns) :]:
            if segment.lowest_hz <= 0:
                raise StimulusError(f"The mains would come to {segment.lowest_hz:.6g} Hz; it needs more than 0 Hz.")
            for pin in self._pins.values():
                require_in_range(pin, segment)
        self._schedule = schedule
        for afe, source in self._sources.items():
            source.change(schedule, at_ns)
            first_ns = at_ns + min(pin.front_end.first_effect_ns for pin in source.pins.values())
            self._port(afe).changed(max(first_ns, self._bench.now_ns))

    def _wired(self, channel: Channel) -> Channel:
        return self._pin(channel).channel

    def _has(self, channel: Channel) -> bool:
        return channel in self._pins

    def _channels(self) -> list[Channel]:
        return list(self._pins)

    def _values(self, channel: Channel, times_s: FloatArray) -> FloatArray:
        return self._schedule.value(channel, times_s)

    def _segment_at(self, at_ns: int) -> Segment:
        return self._schedule.segments[self._schedule.index_at(at_ns)]

    def _port(self, afe: str) -> AnalogPort:
        model: AfeModel = self._bench.model(afe)
        return model.analog
