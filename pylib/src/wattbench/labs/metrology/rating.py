"""What a product says of itself, and the currents that standards derive from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from wattbench.bench.descriptions import Booking
from wattbench.bench.manifest import Manifest
from wattbench.core.errors import UsageError
from wattbench.core.names import did_you_mean

CONNECTIONS = ("direct", "transformer")
REGISTERS = {
    "active_import_wh": "active_import",
    "active_export_wh": "active_export",
    "reactive_import_varh": "reactive_q1",
    "reactive_export_varh": "reactive_q4",
}
"""Injected quantities of the points, and the register of a manifest that counts each: consumers, so quadrants I, IV."""
QUADRANT_REGISTERS = {
    "active": ("active_import", "active_export"),
    "reactive": ("reactive_q1", "reactive_q2", "reactive_q3", "reactive_q4"),
}
"""For each kind of energy the registers of a manifest among which it is sorted by its sign or quadrant."""
_NOT_PHASES = ("N",)


@dataclass(frozen=True)
class Rating:
    """The rated values of a meter (IEC 62052-11), as plain data. Currents that it does not state are 0."""

    product: str
    connection: str
    phases: tuple[str, ...]
    voltage_v: float
    frequency_hz: float
    nominal_a: float
    maximum_a: float
    starting_a: float
    minimum_a: float = 0.0
    transitional_a: float = 0.0
    active_class: str = ""
    reactive_class: str = ""
    settle_s: float = 0.0
    booking: Booking = field(default_factory=Booking)
    constants: Mapping[str, float] = field(default_factory=dict)
    """Pulses per kWh or kvarh of each test output."""
    registers: Mapping[str, str] = field(default_factory=dict)
    """For each injected quantity that the meter counts the register that has it."""
    resolutions: Mapping[str, float] = field(default_factory=dict)
    """The step in Wh or varh of each of these registers."""
    quadrants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each register of `QUADRANT_REGISTERS` that the meter has the elements of it: total, L1, L2, L3."""
    temperature_ppm_per_k: float = 0.0
    """The largest change of a phase's sensors together with the temperature; 0 where the manifest states none."""

    @staticmethod
    def of(manifest: Manifest) -> Rating:
        """The rating that a manifest states; raises UsageError where a rated value makes no sense."""
        meter = manifest.metrology
        registers = {
            quantity: f"{name}[total]" if "total" in manifest.registers[name].elements else name
            for quantity, name in REGISTERS.items()
            if name in manifest.registers
        }
        rating = Rating(
            product=manifest.name,
            connection=meter.connection,
            phases=tuple(phase for phase in manifest.front_ends if phase not in _NOT_PHASES),
            voltage_v=meter.nominal_voltage_v,
            frequency_hz=meter.nominal_frequency_hz,
            nominal_a=meter.nominal_current_a,
            maximum_a=meter.maximum_current_a,
            starting_a=meter.starting_current_a,
            minimum_a=meter.minimum_current_a,
            transitional_a=meter.transitional_current_a,
            active_class=meter.accuracy_class,
            reactive_class=meter.reactive_class,
            settle_s=meter.settle_ms / 1000,
            booking=meter.booking,
            constants={kind: output.per_kilo_hour for kind, output in manifest.pulses.items()},
            registers=registers,
            resolutions={name: manifest.register(name.partition("[")[0]).resolution for name in registers.values()},
            quadrants={
                name: manifest.registers[name].elements or ("total",)
                for names in QUADRANT_REGISTERS.values()
                for name in names
                if name in manifest.registers
            },
            temperature_ppm_per_k=max(
                (
                    abs(sensors.sensor_ppm_per_k) + abs(sensors.divider_ppm_per_k)
                    for phase, sensors in manifest.front_ends.items()
                    if phase not in _NOT_PHASES
                ),
                default=0.0,
            ),
        )
        rating.require_sound()
        return rating

    def require_sound(self) -> None:
        """Raise UsageError where the rated values contradict each other."""
        values = {
            "nominal_voltage_v": self.voltage_v,
            "nominal_frequency_hz": self.frequency_hz,
            "nominal_current_a": self.nominal_a,
            "maximum_current_a": self.maximum_a,
            "starting_current_a": self.starting_a,
        }
        for name, value in values.items():
            if not 0 < value < math.inf:
                raise UsageError(f"{self.product}: `{name}` of its manifest must be above 0, not {value:g}")
        if self.connection not in CONNECTIONS:
            hint = did_you_mean(self.connection, CONNECTIONS)
            raise UsageError(
                f"{self.product}: `connection` of its manifest is {' or '.join(CONNECTIONS)}, not "
                f"`{self.connection}`{hint}"
            )
        if not self.phases:
            raise UsageError(f"{self.product}: its manifest has no [front_end] of a phase, so nothing can be injected")
        order = [("starting", self.starting_a), ("minimum", self.minimum_a), ("transitional", self.transitional_a)]
        order += [("nominal", self.nominal_a), ("maximum", self.maximum_a)]
        stated = [(name, value) for name, value in order if value]
        for (low, smaller), (high, larger) in pairwise(stated):
            if smaller > larger:
                raise UsageError(
                    f"{self.product}: the {low} current of {smaller:g} A is above the {high} current of {larger:g} A; "
                    f"correct the table [metrology] of its manifest"
                )

    def currents(self) -> dict[str, float]:
        """Every current that standards name, in A; those that this connection does not have are missing."""
        direct = self.connection == "direct"
        transitional = self.transitional_a or self.nominal_a / (10 if direct else 20)
        known = {
            "Ist": self.starting_a,
            "Itr": transitional,
            "Iref": transitional * (10 if direct else 20),
            "Ib" if direct else "In": self.nominal_a,
            "Imax": self.maximum_a,
        }
        if self.minimum_a:
            known["Imin"] = self.minimum_a
        return known

    def current(self, text: str) -> float:
        """The current in A that `0.1 Ib` or `Imax` means for this meter; raises UsageError."""
        factor, name = current_parts(text)
        known = self.currents()
        if name not in known:
            raise UsageError(
                f"{self.product} states no {name}, which `{text}` needs; a meter for {self.connection} connection with "
                f"this manifest has {', '.join(known)}"
            )
        return factor * known[name]


CURRENT_NAMES = ("Ist", "Imin", "Itr", "Iref", "Ib", "In", "Imax")


def current_parts(text: str) -> tuple[float, str]:
    """Factor and name of `0.1 Ib` or `Imax`; raises UsageError."""
    factor, _, name = text.rpartition(" ")
    try:
        value = float(factor) if factor else 1.0
    except ValueError:
        value = math.nan
    if name not in CURRENT_NAMES or not 0 < value < math.inf:
        raise UsageError(f"`{text}` is no current; it is one of {', '.join(CURRENT_NAMES)} with a factor before it")
    return value, name
