"""The limits of the standards: one TOML file each in `limits/`, read, checked, and corrected by the user in one place.

A user who has the purchased standard corrects single values in one file, by standard, row and class:

    [[correction]]
    standard = "EN 50470-3"
    row = "unity"
    class = "C"
    percent = 0.5
    source = "EN 50470-3:2022, table 7"
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from wattbench.core.errors import SourceError, UsageError
from wattbench.core.names import did_you_mean
from wattbench.labs.metrology.factors import Factor
from wattbench.labs.metrology.rating import CONNECTIONS, current_parts

CERTAINTIES = ("verified", "memory", "own", "corrected")
"""Compared with a public text; still to be compared with the purchased standard; a requirement of the laboratory that
no standard has; corrected by the user."""
QUANTITIES = ("active", "reactive")
_SECTIONS = (
    "requires", "accuracy", "influence", "starting", "no_load", "constant", "repeatability", "quadrants", "steadiness",
)  # fmt: skip
_TOP = (
    "standard", "edition", "title", "quantity", "classes", "connections", "currents", "temperatures", "checked", "own",
    "on_request",
)  # fmt: skip
_COMMON = ("id", "clause", "certainty", "note")
_KEYS = {
    "requires": ("current", "at_most", "at_least"),
    "accuracy": (
        "load",
        "factors",
        "from",
        "to",
        "currents",
        "settings",
        "temperature_currents",
        "scaled_by",
        "percent",
    ),
    "influence": ("name", "connections", "factors", "currents", "settings", "percent", "percent_per_k"),
    "starting": ("directions", "pulses", "time_factor"),
    "no_load": ("voltage", "current", "numerator", "pulses"),
    "constant": ("current", "percent"),
    "repeatability": ("factors", "current", "runs", "percent"),
    "quadrants": ("current", "angles", "percent"),
    "steadiness": ("current", "seconds", "ms"),
}
_UNITS = {"percent": "%", "percent_per_k": "%/K", "ms": "ms", "numerator": ""}
"""The keys that hold the limits of a row, and the unit of each."""
_SETTING_KEYS = ("voltage", "frequency", "waveform", "missing", "load", "temperature")
_CORRECTION_KEYS = ("standard", "row", "class", "percent", "source")
LOADS = ("balanced", "single")


@dataclass(frozen=True)
class Limit:
    """One value of one standard for one class, in `unit`, and how sure it is."""

    standard: str
    edition: str
    clause: str
    row: str
    accuracy_class: str
    value: float
    certainty: str
    note: str = ""
    unit: str = "%"

    @property
    def source(self) -> str:
        """Where the value stands."""
        return f"{self.standard}:{self.edition}, {self.clause}"


@dataclass(frozen=True)
class Row:
    """One row of a standard: `section` says which kind of test, `data` holds what only this kind has."""

    section: str
    id: str
    clause: str
    certainty: Mapping[str, str]
    note: str
    data: Mapping[str, Any]
    values: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """For each class its limit, or one for each band of temperatures."""
    unit: str = "%"
    """Of the limits."""

    def of(self, name: str, connection: str, default: Any = None) -> Any:
        """What `data` holds under `name`, for this connection where it differs by connection."""
        return by_connection(self.data.get(name, default), connection)


@dataclass(frozen=True)
class Band:
    """A band of temperatures that limits hold for, and the temperatures at which it is tested, in °C."""

    name: str
    at_c: tuple[float, ...]


@dataclass(frozen=True)
class Standard:
    """One standard, or what the laboratory asks for itself."""

    name: str
    edition: str
    title: str
    quantity: str
    classes: tuple[str, ...]
    """The best one first."""
    connections: tuple[str, ...]
    currents: Any
    temperatures: tuple[Band, ...]
    checked: str
    rows: tuple[Row, ...]
    own: bool = False
    """The laboratory's own: no class of any standard is shown while one of its points is not passed."""
    on_request: bool = False
    """Planned only where it is asked for by its name."""

    def section(self, name: str) -> list[Row]:
        """The rows of one kind."""
        return [row for row in self.rows if row.section == name]

    def limit(self, row: Row, accuracy_class: str, band: int = 0) -> Limit:
        """The limit of a row for a class."""
        return Limit(
            self.name,
            self.edition,
            row.clause,
            row.id,
            accuracy_class,
            row.values[accuracy_class][band],
            row.certainty[accuracy_class],
            row.note,
            row.unit,
        )

    def limits(self, row: Row) -> tuple[Limit, ...]:
        """The limits of a row for all classes, at the reference temperature."""
        return tuple(self.limit(row, name) for name in self.classes)


def by_connection(value: Any, connection: str) -> Any:
    """The part of a value for one connection, or the value itself where it is the same for both."""
    if isinstance(value, dict) and set(value) <= set(CONNECTIONS):
        return value.get(connection)
    return value


def standards(corrections: Path | None = None) -> tuple[Standard, ...]:
    """All standards, with the user's corrections; raises SourceError with what is wrong where."""
    folder = files("wattbench.labs.metrology").joinpath("limits")
    paths = sorted((Path(str(item)) for item in folder.iterdir()), key=lambda path: path.name)
    found = tuple(read_standard(path) for path in paths if path.suffix == ".toml")
    return found if corrections is None else corrected(found, corrections)


def read_standard(path: Path) -> Standard:
    """One file of limits; raises SourceError."""
    return _Reader(path, _toml(path)).standard()


def corrected(found: Sequence[Standard], path: Path) -> tuple[Standard, ...]:
    """The standards with the corrections of a user's file; raises SourceError for one that fits nowhere."""
    data = _toml(path)
    for name in data:
        if name != "correction":
            raise SourceError(f"corrections of limits are tables [[correction]], there is no {name}", path)
    by_name = {standard.name: standard for standard in found}
    for entry in data.get("correction", []):
        _keys(path, "correction", entry, _CORRECTION_KEYS, _CORRECTION_KEYS)
        standard = by_name.get(_choice(path, "standard", entry["standard"], by_name))
        assert standard is not None
        row_id = _choice(path, "row", entry["row"], [row.id for row in standard.rows if row.values])
        name = _choice(path, "class", str(entry["class"]), standard.classes)
        percent = entry["percent"]
        values = tuple(percent) if isinstance(percent, list) else (percent,)
        old = next(row for row in standard.rows if row.id == row_id)
        if len(values) != len(old.values[name]) or not all(map(_is_limit, values)):
            raise SourceError(
                f"[[correction]] of {standard.name} `{row_id}` needs {len(old.values[name])} percentages above 0, "
                f"not {percent}",
                path,
            )
        new = replace(
            old,
            values={**old.values, name: tuple(map(float, values))},
            certainty={**old.certainty, name: "corrected"},
            note="; ".join(filter(None, (old.note, f"class {name} corrected: {entry['source']}"))),
        )
        rows = tuple(new if row is old else row for row in standard.rows)
        by_name[standard.name] = replace(standard, rows=rows)
    return tuple(by_name.values())


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"the limits cannot be read: {error.strerror}", path) from error
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"this is no TOML: {error}", path) from error


def _keys(path: Path, where: str, entry: Any, known: Sequence[str], needed: Iterable[str]) -> None:
    if not isinstance(entry, dict):
        raise SourceError(f"[{where}] must be a table", path)
    for key in entry:
        if key not in known:
            raise SourceError(
                f"[{where}] has no key `{key}`{did_you_mean(key, known)}; it has {', '.join(known)}", path
            )
    for key in needed:
        if key not in entry:
            raise SourceError(f"[{where}] needs `{key}`", path)


def _choice(path: Path, what: str, value: Any, known: Iterable[str]) -> str:
    names = list(known)
    if value not in names:
        raise SourceError(f"`{what}` is one of {', '.join(names)}, not `{value}`", path)
    return str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_limit(value: Any) -> bool:
    return _is_number(value) and 0 < value < 100


class _Reader:
    def __init__(self, path: Path, data: dict[str, Any]) -> None:
        self.path, self.data = path, data

    def standard(self) -> Standard:
        data, path = self.data, self.path
        _keys(path, "top", data, (*_TOP, *_SECTIONS), ("standard", "edition", "title", "quantity", "classes"))
        _choice(path, "quantity", data["quantity"], QUANTITIES)
        self.classes = tuple(data["classes"])
        self.temperatures = tuple(map(self._band, data.get("temperatures", ())))
        for name in data.get("connections", ()):
            _choice(path, "connections", name, CONNECTIONS)
        rows = []
        for section in _SECTIONS:
            entries = data.get(section, [])
            rows += [self._row(section, entry) for entry in (entries if isinstance(entries, list) else [entries])]
        names = [row.id for row in rows]
        for name in names:
            if names.count(name) > 1:
                raise SourceError(f"two rows have the id `{name}`", path)
        self._currents(data.get("currents", []), "currents")
        return Standard(
            data["standard"],
            str(data["edition"]),
            data["title"],
            data["quantity"],
            self.classes,
            tuple(data.get("connections", CONNECTIONS)),
            data.get("currents", []),
            self.temperatures,
            data.get("checked", "nothing: all values are to be compared with the purchased standard"),
            tuple(rows),
            self._flag("own"),
            self._flag("on_request"),
        )

    def _flag(self, name: str) -> bool:
        value = self.data.get(name, False)
        if not isinstance(value, bool):
            raise SourceError(f"`{name}` is true or false, not {value!r}", self.path)
        return value

    def _band(self, entry: Any) -> Band:
        _keys(self.path, "temperatures", entry, ("name", "at"), ("name", "at"))
        at = entry["at"] if isinstance(entry["at"], list) else []
        if not at or not all(_is_number(value) and -273 < value < 300 for value in at):
            raise SourceError("`at` of a band of temperatures is a list of °C such as [-10, 40]", self.path)
        return Band(str(entry["name"]), tuple(map(float, at)))

    def _row(self, section: str, entry: Any) -> Row:
        path = self.path
        name = f"{section} {entry.get('id', '?')}" if isinstance(entry, dict) else section
        optional = {"currents", "settings", "connections", "at_most", "at_least", "certainty", "note", "scaled_by"}
        optional |= {"temperature_currents", *_UNITS}
        known = (*_COMMON, *_KEYS[section])
        _keys(path, name, entry, known, [key for key in (*known, "certainty") if key not in optional - {"certainty"}])
        data = {key: entry[key] for key in _KEYS[section] if key in entry}
        for key in ("from", "to", "current", "currents", "temperature_currents", "scaled_by"):
            self._currents(data.get(key, []), name)
        for bound in ("at_most", "at_least"):
            for connection, by_class in data.get(bound, {}).items():
                _choice(path, bound, connection, CONNECTIONS)
                self._classes(name, by_class)
                self._currents(list(by_class.values()), name)
        for text in data.get("factors", []):
            self._try(lambda text=text: Factor.of(text))
        if "load" in data:
            _choice(path, "load", data["load"], LOADS)
        for setting in data.get("settings", []):
            _keys(path, f"{name} settings", setting, _SETTING_KEYS, ())
        given = [key for key in _UNITS if key in data]
        wanted = [key for key in _UNITS if key in _KEYS[section]]
        if len(given) != min(1, len(wanted)):
            raise SourceError(f"[{name}] needs its limits as {' or '.join(f'`{key}`' for key in wanted)}", path)
        values, unit = {}, "%"
        for key in given:
            self._classes(name, data[key])
            values = {cls: self._values(name, key, value) for cls, value in data.pop(key).items()}
            unit = _UNITS[key]
        for angle in data.get("angles", []):
            if not _is_number(angle) or not 0 <= angle < 360:
                raise SourceError(f"[{name}] an angle is a number from 0 up to 360 degrees, not {angle}", path)
        if "seconds" in data and not (_is_number(data["seconds"]) and data["seconds"] > 0):
            raise SourceError(f"[{name}] `seconds` is a number above 0, not {data['seconds']}", path)
        return Row(
            section, entry["id"], entry["clause"], self._certainty(name, entry), entry.get("note", ""), data, values,
            unit,
        )  # fmt: skip

    def _values(self, name: str, key: str, value: Any) -> tuple[float, ...]:
        numbers = tuple(value) if isinstance(value, list) else (value,)
        good = _is_number if key == "numerator" else _is_limit
        if not all(map(good, numbers)) or (len(numbers) > 1 and len(numbers) != len(self.temperatures)):
            bands = f" or one for each of the {len(self.temperatures)} temperatures" if self.temperatures else ""
            raise SourceError(f"[{name}] `{key}` is one number above 0{bands}, not {value}", self.path)
        return tuple(map(float, numbers))

    def _certainty(self, name: str, entry: dict[str, Any]) -> dict[str, str]:
        given = entry["certainty"]
        by_class = given if isinstance(given, dict) else dict.fromkeys(self.classes, given)
        self._classes(name, by_class)
        for value in by_class.values():
            _choice(self.path, "certainty", value, CERTAINTIES[:3])
        return dict(by_class)

    def _classes(self, name: str, by_class: Any) -> None:
        if not isinstance(by_class, dict) or set(by_class) != set(self.classes):
            raise SourceError(f"[{name}] needs a value for each class: {', '.join(self.classes)}", self.path)

    def _currents(self, value: Any, name: str) -> None:
        """Check every current that may stand in a value."""
        if isinstance(value, dict):
            for part in value.values():
                self._currents(part, name)
        elif isinstance(value, list):
            for part in value:
                self._currents(part, name)
        else:
            self._try(lambda: current_parts(str(value)))

    def _try(self, check: Any) -> None:
        try:
            check()
        except UsageError as error:
            raise SourceError(str(error), self.path) from error
