"""From the rows of one standard to points: currents, power factors, settings, times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from wattbench.core.errors import UsageError
from wattbench.labs.grid.front_end import REFERENCE_C
from wattbench.labs.metrology.factors import UNITY, Factor
from wattbench.labs.metrology.points import UNCERTAINTY_PART, Kind, Load, Point
from wattbench.labs.metrology.rating import QUADRANT_REGISTERS, REGISTERS, Rating
from wattbench.labs.metrology.standards import Limit, Row, Standard
from wattbench.labs.metrology.waveforms import blocked

_REFERENCE_SETTINGS: list[dict[str, Any]] = [{}]
_SAME = 1e-9
"""Currents that lie this close are the same."""


class Planner:
    """Makes the points of one standard for the class that is asked for."""

    def __init__(self, rating: Rating, standard: Standard, asked: str) -> None:
        self.rating, self.standard, self.asked = rating, standard, asked

    def points(self) -> list[Point]:
        """All of them; raises UsageError where the rating contradicts the class."""
        self._require()
        made = [*self._accuracy(), *self._influences(), *self._repeatability(), *self._constant()]
        return [*made, *self._starting(), *self._no_load(), *self._quadrants(), *self._steadiness()]

    # What the class demands of the rating

    def _require(self) -> None:
        for row in self.standard.section("requires"):
            name = row.data["current"]
            value = self.rating.current(name)
            for bound, sign in (("at_most", 1), ("at_least", -1)):
                text = row.data.get(bound, {}).get(self.rating.connection, {}).get(self.asked)
                wanted = f"{bound.replace('_', ' ')} {text}"
                if text and sign * (value - self.rating.current(text)) > _SAME * value:
                    raise UsageError(
                        f"class {self.asked} contradicts {self.rating.product}: its {name} is {value:g} A, and "
                        f"{self.standard.name}:{self.standard.edition}, {row.clause} wants {wanted}, "
                        f"{self.rating.current(text):g} A; correct the table [metrology] of its manifest"
                    )

    # Points

    def _accuracy(self) -> Iterator[Point]:
        for row in self.standard.section("accuracy"):
            for text in row.data["factors"]:
                factor = Factor.of(text)
                for setting in row.data.get("settings", _REFERENCE_SETTINGS):
                    for label, current_a in self._ladder(row):
                        limits = self._scaled(row, self.standard.limits(row), current_a)
                        for load in self._loads(row.data["load"], factor, current_a, setting):
                            yield self._point("accuracy", row, label, load, setting=setting, limits=limits)
                yield from self._temperatures(row, factor)

    def _scaled(self, row: Row, limits: tuple[Limit, ...], current_a: float) -> tuple[Limit, ...]:
        """Limits that grow as the current becomes smaller than the one that the row names."""
        if "scaled_by" not in row.data:
            return limits
        part = self.rating.current(row.of("scaled_by", self.rating.connection)) / current_a
        return tuple(replace(limit, value=limit.value * part) for limit in limits)

    def _temperatures(self, row: Row, factor: Factor) -> Iterator[Point]:
        """The ends of each band of temperatures that the row has limits for."""
        if len(row.values[self.asked]) == 1:
            return
        for number, band in enumerate(self.standard.temperatures):
            limits = tuple(self.standard.limit(row, name, number) for name in self.standard.classes)
            for celsius in band.at_c:
                setting = {"temperature": celsius}
                for label in row.of("temperature_currents", self.rating.connection, ()):
                    for load in self._loads(row.data["load"], factor, self.rating.current(label), setting):
                        yield self._point("accuracy", row, label, load, setting=setting, limits=limits)

    def _influences(self) -> Iterator[Point]:
        for row in self.standard.section("influence"):
            if self.rating.connection not in row.data.get("connections", self.standard.connections):
                continue
            for text in row.data["factors"]:
                for setting in row.data["settings"]:
                    for label in row.of("currents", self.rating.connection):
                        current_a = self.rating.current(label)
                        for load in self._loads(setting.get("load", "balanced"), Factor.of(text), current_a, setting):
                            (reference,) = self._loads("balanced", Factor.of(text), current_a, {})
                            made = self._point("influence", row, label, load, setting=setting)
                            if row.unit == "%/K":
                                kelvin = abs(load.temperature_c - reference.temperature_c)
                                made = replace(made, needed_uncertainty=made.needed_uncertainty * kelvin)
                            yield replace(made, reference=reference, blocked=made.blocked or self._pointless(setting))

    def _pointless(self, setting: dict[str, Any]) -> str:
        if setting.get("missing", 0) >= len(self.rating.phases) or (
            len(self.rating.phases) == 1 and (setting.get("load") or setting.get("waveform") == "reversed_sequence")
        ):
            return f"a meter with {len(self.rating.phases)} phases has no such state"
        return ""

    def _repeatability(self) -> Iterator[Point]:
        for row in self.standard.section("repeatability"):
            label = row.of("current", self.rating.connection)
            for text in row.data["factors"]:
                (load,) = self._loads("balanced", Factor.of(text), self.rating.current(label), {})
                made = self._point("repeatability", row, label, load)
                yield replace(made, runs=int(row.data["runs"]))

    def _constant(self) -> Iterator[Point]:
        for row in self.standard.section("constant"):
            label = row.of("current", self.rating.connection)
            (load,) = self._loads("balanced", self._unity, self.rating.current(label), {})
            made = self._point("constant", row, label, load)
            yield replace(made, blocked=made.blocked or self._no_pulses)

    def _starting(self) -> Iterator[Point]:
        for row in self.standard.section("starting"):
            for direction in row.data["directions"]:
                export = direction == "export"
                load = Load(self.rating.voltage_v, self.rating.starting_a, self.rating.frequency_hz)
                if self._kind == "active":
                    load = replace(load, export=export)
                    quantity = "active_export_wh" if export else "active_import_wh"
                else:
                    load = replace(load, factor=replace(self._unity, capacitive=export))
                    quantity = "reactive_export_varh" if export else "reactive_import_varh"
                power_w = load.voltage_v * load.current_a * len(self.rating.phases)
                per_pulse_s = 3.6e6 / (self.rating.constants[self._kind] * power_w) if self._has_pulses else 60.0
                limits = tuple(
                    Limit(self.standard.name, self.standard.edition, row.clause, row.id, name, row.data["time_factor"],
                          row.certainty[name], row.note, "")
                    for name in self.standard.classes
                )  # fmt: skip
                made = self._point("starting", row, "Ist", load, limits=limits)
                counted = self._no_register(quantity)
                yield replace(
                    made,
                    name=f"{self.standard.name} {row.id} {direction}",
                    title=f"starts at {load.current_a:g} A, {direction}",
                    quantity=quantity,
                    duration_s=row.data["pulses"] * row.data["time_factor"] * per_pulse_s,
                    pulses=int(row.data["pulses"]),
                    blocked=counted,
                )

    def _no_load(self) -> Iterator[Point]:
        for row in self.standard.section("no_load"):
            load = Load(self.rating.voltage_v * row.data["voltage"], 0.0, self.rating.frequency_hz)
            made = self._point("no_load", row, "", load)
            constant = self.rating.constants.get(self._kind, 0.0)
            current_a = self.rating.current(row.of("current", self.rating.connection))
            product = constant * len(self.rating.phases) * self.rating.voltage_v * current_a
            yield replace(
                made,
                name=f"{self.standard.name} {row.id}",
                title=f"no load at {row.data['voltage']:g} Un",
                duration_s=60 * made.limit.value / product if product else 0.0,
                pulses=int(row.data["pulses"]),
                blocked="" if constant else f"the meter has no {self._kind} pulses that could be counted",
            )

    def _quadrants(self) -> Iterator[Point]:
        """Loads all round the circle: each counts in the register of its quadrant, and in no other."""
        for row in self.standard.section("quadrants"):
            label = row.of("current", self.rating.connection)
            for angle_deg in row.data["angles"]:
                factor, export = Factor.at(angle_deg)
                (load,) = self._loads("balanced", factor, self.rating.current(label), {})
                made = self._point("quadrants", row, label, replace(load, export=export))
                lacking = [name for name in QUADRANT_REGISTERS[self._kind] if name not in self.rating.quadrants]
                yield replace(
                    made,
                    name=f"{self.standard.name} {row.id} {label} {angle_deg:g} degrees",
                    title=f"{load.current_a:g} A, {'export' if export else 'import'}, lag {angle_deg:g}°",
                    blocked=f"the manifest has no register `{lacking[0]}`" if lacking else "",
                )

    def _steadiness(self) -> Iterator[Point]:
        """A constant load for minutes: nothing may be lost in between."""
        for row in self.standard.section("steadiness"):
            label = row.of("current", self.rating.connection)
            (load,) = self._loads("balanced", self._unity, self.rating.current(label), {})
            made = self._point("steadiness", row, label, load)
            yield replace(made, duration_s=float(row.data["seconds"]), blocked=made.blocked or self._no_pulses)

    # Parts of a point

    @property
    def _kind(self) -> str:
        return self.standard.quantity

    @property
    def _unity(self) -> Factor:
        """The factor at which all current counts."""
        return UNITY if self._kind == "active" else Factor(1.0, of_sine=True)

    @property
    def _no_pulses(self) -> str:
        return "" if self._has_pulses else f"the meter has no {self._kind} pulses"

    @property
    def _has_pulses(self) -> bool:
        return bool(self.rating.constants.get(self._kind))

    def _ladder(self, row: Row) -> list[tuple[str, float]]:
        """The currents of a row: those of the ladder within its range, and where it begins."""
        connection = self.rating.connection
        from_text, to_text = row.of("from", connection), row.of("to", connection)
        from_a, to_a = self.rating.current(from_text), self.rating.current(to_text)
        ladder = row.of("currents", connection) or self._standard_currents()
        found: dict[float, str] = {}
        for text in (from_text, *ladder, *((to_text,) if to_text == "Imax" else ())):
            current_a = self.rating.current(text)
            inside = from_a * (1 - _SAME) <= current_a < to_a * (1 - _SAME)
            inside |= to_text == "Imax" and abs(current_a - to_a) <= _SAME * to_a
            if inside and not any(abs(current_a - other) <= _SAME * current_a for other in found):
                found[current_a] = text
        return [(found[current_a], current_a) for current_a in sorted(found)]

    def _standard_currents(self) -> list[str]:
        value = self.standard.currents
        return list(value[self.rating.connection] if isinstance(value, dict) else value)

    def _loads(self, where: str, factor: Factor, current_a: float, setting: dict[str, Any]) -> Iterator[Load]:
        missing = self.rating.phases[: setting.get("missing", 0)]
        phases = self.rating.phases if where == "single" and len(self.rating.phases) > 1 else ("",)
        if where == "single" and phases == ("",):
            return
        for phase in phases:
            yield Load(
                self.rating.voltage_v * setting.get("voltage", 1.0),
                current_a,
                self.rating.frequency_hz * setting.get("frequency", 1.0),
                factor,
                phase,
                missing,
                setting.get("waveform", "sine"),
                temperature_c=setting.get("temperature", REFERENCE_C),
            )

    def _no_register(self, quantity: str) -> str:
        if quantity in self.rating.registers:
            return ""
        return f"the manifest has no register `{REGISTERS[quantity]}`, which counts {quantity.replace('_', ' ')}"

    def _point(
        self,
        kind: Kind,
        row: Row,
        label: str,
        load: Load,
        *,
        setting: dict[str, Any] | None = None,
        limits: tuple[Limit, ...] = (),
    ) -> Point:
        setting, limits = setting or {}, limits or self.standard.limits(row)
        limit = limits[self.standard.classes.index(self.asked)]
        quantity = "active_import_wh"
        if self._kind == "reactive":
            quantity = "reactive_export_varh" if load.factor.capacitive else "reactive_import_varh"
        why = "" if quantity in self.rating.registers or self._has_pulses else self._no_register(quantity)
        words = [self.standard.name, row.id, label, str(load.factor), load.where, _setting_text(setting, load)]
        title = [row.data.get("name", ""), f"{load.current_a:g} A", str(load.factor), load.where]
        return Point(
            name=" ".join(filter(None, words)),
            kind=kind,
            title=", ".join(filter(None, [*title, _setting_text(setting, load)])),
            load=load,
            limit=limit,
            limits=limits,
            quantity=quantity,
            subject=row.data.get("name", ""),
            condition=_setting_text(setting, load),
            needed_uncertainty=UNCERTAINTY_PART * limit.value if kind not in ("starting", "no_load") else 0.0,
            blocked=why or blocked(load.waveform) or self._no_drift(load),
        )

    def _no_drift(self, load: Load) -> str:
        if load.temperature_c == REFERENCE_C or self.rating.temperature_ppm_per_k:
            return ""
        return (
            f"the manifest states no shunt_ppm_per_k, burden_ppm_per_k or divider_ppm_per_k, so nothing would differ "
            f"from {REFERENCE_C:g} °C"
        )


def _setting_text(setting: dict[str, Any], load: Load) -> str:
    parts = [f"{setting['voltage']:g} Un"] if "voltage" in setting else []
    parts += [f"{setting['frequency']:g} fn"] if "frequency" in setting else []
    parts += [setting["waveform"].replace("_", " ")] if "waveform" in setting else []
    parts += [f"{setting['temperature']:g} °C"] if "temperature" in setting else []
    if "missing" in setting:
        parts.append(f"{setting['missing']} without voltage: {', '.join(load.missing)}")
    return ", ".join(parts)
