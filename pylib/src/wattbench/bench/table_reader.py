"""Reads and checks the tables of a manifest; every error names the table and the key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from wattbench.bench.accepted import Accepted, entries, read_accepted
from wattbench.bench.descriptions import FrontEndDescription, TransformerDescription
from wattbench.bench.flash_image import FlashPart
from wattbench.bench.timing_points import TimingPoints
from wattbench.core.errors import SourceError
from wattbench.core.names import did_you_mean

TABLES: dict[str, tuple[str, ...] | None] = {
    "firmware": ("name", "description", "elf", "image", "platform", "flash_base", "symbols", "accepted"),
    "accepted": ("model", "register", "access", "reason"),
    "flash": ("file", "offset"),
    "console": None,
    "pulses": None,
    "metrology": None,
    "front_end": None,
    "clock": None,
    "registers": None,
    "timing": None,
    "limits": ("awake_ms",),
    "wait": ("functions",),
}
"""The tables of a manifest, with their keys where no description has them."""


class TableReader:
    """The tables of one manifest. All methods raise SourceError."""

    def __init__(self, path: Path, data: dict[str, Any]) -> None:
        self._path, self._data = path, data

    def error(self, message: str) -> SourceError:
        """An error of this manifest, to be raised."""
        return SourceError(message, self._path)

    def check_names(self) -> None:
        """Every table and key must be one that is read."""
        for name, table in self._data.items():
            if name not in TABLES:
                raise self.error(
                    f"there is no table [{name}]{did_you_mean(name, TABLES)}; known are {', '.join(TABLES)}"
                )
            known = TABLES[name]
            for entry in table if isinstance(table, list) else [table]:
                for key in entry if known and isinstance(entry, dict) else ():
                    self._check_key(name, key, known or ())

    def _check_key(self, table: str, key: str, known: Iterable[str]) -> None:
        if key not in known:
            raise self.error(f"[{table}] has no key `{key}`{did_you_mean(key, known)}; it has {', '.join(known)}")

    def table(self, name: str) -> dict[str, Any]:
        """A table that has to be there."""
        found: Any = self._data
        for part in name.split("."):
            found = found.get(part, {}) if isinstance(found, dict) else {}
        if not isinstance(found, dict) or not found:
            raise self.error(f"the table [{name}] is missing")
        return found

    def text(self, table: str, key: str) -> str:
        """A text that has to be there."""
        found = self.table(table).get(key)
        if not isinstance(found, str) or not found:
            raise self.error(f"[{table}] needs `{key}`")
        return found

    def texts(self, table: str, key: str) -> tuple[str, ...]:
        """A list of texts, empty where it is not given."""
        found = self._data.get(table, {}).get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, str) and item for item in found):
            raise self.error(f"[{table}] `{key}` must be a list of texts")
        return tuple(found)

    def timing(self) -> TimingPoints | None:
        """The table [timing]: None where there is none, checked where there is."""
        if "timing" not in self._data:
            return None
        points: TimingPoints = self.make(TimingPoints, "timing")
        for key in ("data_ready_edge", "chip_select_edge"):
            if getattr(points, key) not in ("falling", "rising"):
                raise self.error(f"[timing] `{key}` must be `falling` or `rising`, not {getattr(points, key)!r}")
        for name, number in points.interrupts.items():
            if isinstance(number, bool) or not isinstance(number, int) or number < 0:
                raise self.error(f"[timing.interrupts] `{name}` must be an interrupt's number, not {number!r}")
        for name, members in points.partitions.items():
            if not isinstance(members, list) or not members or not all(isinstance(item, str) for item in members):
                raise self.error(f"[timing.partitions] `{name}` must be a list of functions, sources or addresses")
        return replace(points, partitions={name: tuple(members) for name, members in points.partitions.items()})

    def accepted(self) -> tuple[Accepted, ...]:
        """The manifest's own entries first, so that their reasons are the ones that are shown."""
        lists = [read_accepted(self._path.parent / name) for name in self.texts("firmware", "accepted")]
        return (*entries(self._data.get("accepted", []), self._path), *(entry for found in lists for entry in found))

    def file(self, firmware: dict[str, Any]) -> Path | None:
        """The firmware's one file, None where there are parts or nothing is said."""
        given = [key for key in ("elf", "image") if key in firmware] + ["[[flash]]"] * ("flash" in self._data)
        if len(given) > 1:
            raise self.error(f"the firmware is given by {' and by '.join(given)}; one of them is enough")
        if not given or given[0] == "[[flash]]":
            return None
        return (self._path.parent / self.text("firmware", given[0])).resolve()

    def parts(self) -> tuple[FlashPart, ...]:
        """The parts of a flash image, in the order of the manifest."""
        found = self._data.get("flash", [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise self.error("the parts of a flash image are tables [[flash]]")
        for item in found:
            if not isinstance(item.get("file"), str) or not isinstance(item.get("offset", 0), int):
                raise self.error("a [[flash]] part needs `file`, and may have an `offset`, a whole number of bytes")
        return tuple(FlashPart((self._path.parent / item["file"]).resolve(), item.get("offset")) for item in found)

    def front_end(self, table: str) -> FrontEndDescription:
        """A phase's way to its converter; one sensor for its current, and a divider where it has a voltage."""
        made: FrontEndDescription
        if "transformer" in self.table(table):
            transformer = self.make(TransformerDescription, f"{table}.transformer")
            if transformer.turns <= 0:
                raise self.error(f"[{table}.transformer] `turns` must be above 0, not {transformer.turns:g}")
            made = self.make(FrontEndDescription, table, transformer=transformer)
        else:
            made = self.make(FrontEndDescription, table)
        if bool(made.shunt_ohm) == (made.transformer is not None):
            raise self.error(f"[{table}] needs `shunt_ohm` or `transformer` for its current, one of them")
        if bool(made.voltage_input) != bool(made.divider_ratio):
            missing = "divider_ratio" if made.voltage_input else "voltage_input"
            raise self.error(f"[{table}] needs `{missing}` for its voltage, or neither input nor divider")
        return made

    def make(self, kind: Any, table: str, **made_before: Any) -> Any:
        """A dataclass out of a table; `made_before` are parts of it that are made of tables inside."""
        given = {**self.table(table), **made_before}
        known = kind.__dataclass_fields__
        for key in given:
            self._check_key(table, key, known)
        try:
            made = kind(**{key: tuple(item) if isinstance(item, list) else item for key, item in given.items()})
        except TypeError as error:
            missing = [key for key, item in known.items() if key not in given and _required(item)]
            raise self.error(f"[{table}] needs {', '.join(f'`{key}`' for key in missing)}") from error
        for key, item in known.items():
            value = getattr(made, key)
            if item.type == "float" and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise self.error(f"[{table}] `{key}` must be a number, not {value!r}")
            if item.type == "int" and (isinstance(value, bool) or not isinstance(value, int)):
                raise self.error(f"[{table}] `{key}` must be a whole number, not {value!r}")
            if item.type == "str" and not isinstance(value, str):
                raise self.error(f"[{table}] `{key}` must be text, not {value!r}")
        return made


def _required(item: Any) -> bool:
    missing = type(item.default).__name__ == "_MISSING_TYPE"
    return missing and type(item.default_factory).__name__ == "_MISSING_TYPE"
