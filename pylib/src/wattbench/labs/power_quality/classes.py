"""The performance classes of IEC 61000-4-30, as data in `limits/`, and the user's corrections of single values.

[[correction]]
row = "unbalance"
class = "A"        # left out for a parameter
value = 0.15
source = "IEC 61000-4-30:2015, 5.7.3"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from wattbench.core.errors import SourceError, UsageError
from wattbench.core.names import did_you_mean
from wattbench.labs.grid.reference import Thresholds

CLASSES = ("A", "S")
_LIMIT_KEYS = ("id", "clause", "unit", *CLASSES, "certainty")
_PARAMETER_KEYS = ("id", "clause", "unit", "value", "certainty")
_OPTIONAL = ("note", "from_percent", "below_percent")
_CORRECTION_KEYS = ("row", "class", "value", "source")
CERTAINTIES = ("verified", "memory")


@dataclass(frozen=True)
class Limit:
    """One value for one class, with its origin and how sure it is.

    Where `below_percent` is given, `value` holds from `from_percent` of the nominal value on.
    """

    row: str
    clause: str
    value: float
    unit: str
    certainty: str
    note: str = ""
    from_percent: float = 0.0
    below_percent: float = 0.0

    def allowed(self, reference: float, nominal: float) -> float:
        """The largest error in the unit of a quantity, at its reference value and the nominal one."""
        if self.unit == "% reading":
            if abs(reference) >= self.from_percent / 100 * nominal:
                return self.value / 100 * abs(reference)
            return self.below_percent / 100 * nominal
        return self.value / 100 * nominal if self.unit == "% Udin" else self.value


@dataclass(frozen=True)
class PerformanceClass:
    """All limits of a class, and the parameters of the methods."""

    name: str
    standard: str
    limits: Mapping[str, Limit]
    parameters: Mapping[str, Limit]

    def limit(self, row: str) -> Limit:
        """A limit by its row; raises UsageError."""
        if row not in self.limits:
            raise UsageError(
                f"there is no limit `{row}`{did_you_mean(row, self.limits)}; there are {', '.join(self.limits)}"
            )
        return self.limits[row]

    def thresholds(self, declared_v: float) -> Thresholds:
        """Thresholds of events by the parameters."""
        rows = ("dip-threshold", "swell-threshold", "interruption-threshold", "hysteresis")
        return Thresholds(declared_v, *(self.parameters[row].value for row in rows))


def performance_class(name: str, corrections: Path | None = None) -> PerformanceClass:
    """Class `A` or `S` with the user's corrections; raises UsageError, or SourceError with what is wrong where."""
    if name not in CLASSES:
        raise UsageError(f"a class of power quality instruments is {' or '.join(CLASSES)}, not `{name}`")
    path = Path(str(files("wattbench.labs.power_quality").joinpath("limits", "iec_61000_4_30.toml")))
    data = _toml(path)
    limits = {entry["id"]: _limit(path, entry, name) for entry in data["limit"]}
    parameters = {entry["id"]: _parameter(path, entry) for entry in data["parameter"]}
    found = PerformanceClass(name, f"{data['standard']}:{data['edition']}", limits, parameters)
    return found if corrections is None else _corrected(found, corrections)


def _corrected(found: PerformanceClass, path: Path) -> PerformanceClass:
    data = _toml(path)
    for key in data:
        if key != "correction":
            raise SourceError(f"corrections of limits are tables [[correction]], there is no {key}", path)
    limits, parameters = dict(found.limits), dict(found.parameters)
    for entry in data.get("correction", []):
        for key in entry:
            if key not in _CORRECTION_KEYS:
                raise SourceError(f"[[correction]] has no key `{key}`{did_you_mean(key, _CORRECTION_KEYS)}", path)
        row, value = entry.get("row"), entry.get("value")
        if not _is_number(value) or value <= 0 or not entry.get("source"):
            raise SourceError("[[correction]] needs a `row`, a `value` above 0 and its `source`", path)
        rows = limits if row in limits else parameters
        if row not in rows:
            raise SourceError(f"there is no row `{row}`; there are {', '.join([*limits, *parameters])}", path)
        if rows is limits and entry.get("class") not in CLASSES:
            raise SourceError(f"[[correction]] of `{row}` needs a `class`, {' or '.join(CLASSES)}", path)
        if rows is parameters or entry["class"] == found.name:
            rows[row] = replace(rows[row], value=float(value), certainty="corrected", note=str(entry["source"]))
    return replace(found, limits=limits, parameters=parameters)


def _limit(path: Path, entry: dict[str, Any], name: str) -> Limit:
    _check(path, entry, _LIMIT_KEYS)
    from_percent, below_percent = (entry.get(key, {}).get(name, 0.0) for key in ("from_percent", "below_percent"))
    certainty = entry["certainty"] if isinstance(entry["certainty"], str) else entry["certainty"][name]
    return _made(path, entry, entry[name], certainty, from_percent=from_percent, below_percent=below_percent)


def _parameter(path: Path, entry: dict[str, Any]) -> Limit:
    _check(path, entry, _PARAMETER_KEYS)
    return _made(path, entry, entry["value"], entry["certainty"], from_percent=0.0, below_percent=0.0)


def _made(
    path: Path, entry: dict[str, Any], value: Any, certainty: str, *, from_percent: float, below_percent: float
) -> Limit:
    if not _is_number(value) or value <= 0 or certainty not in CERTAINTIES:
        raise SourceError(f"[{entry['id']}] needs a value above 0 and a certainty, {' or '.join(CERTAINTIES)}", path)
    return Limit(
        entry["id"], entry["clause"], float(value), entry["unit"], certainty, entry.get("note", ""),
        float(from_percent), float(below_percent),
    )  # fmt: skip


def _check(path: Path, entry: dict[str, Any], needed: tuple[str, ...]) -> None:
    for key in needed:
        if key not in entry:
            raise SourceError(f"[{entry.get('id', '?')}] needs `{key}`", path)
    for key in entry:
        if key not in (*needed, *_OPTIONAL):
            raise SourceError(f"[{entry['id']}] has no key `{key}`{did_you_mean(key, needed)}", path)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"the limits cannot be read: {error.strerror}", path) from error
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"this is no TOML: {error}", path) from error
