"""The manifest of a firmware build: what a bench has to know about it, in TOML beside the ELF."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wattbench.bench.accepted import Accepted, entries, read_accepted
from wattbench.bench.flash_image import FLASH_BASE, FlashPart
from wattbench.bench.timing_points import TimingPoints
from wattbench.core.errors import SourceError, UsageError
from wattbench.core.names import did_you_mean

TYPES = {
    "u8": ("B", 1), "i8": ("b", 1), "u16": ("H", 2), "i16": ("h", 2), "u32": ("I", 4), "i32": ("i", 4),
    "u64": ("Q", 8), "i64": ("q", 8), "f32": ("f", 4), "f64": ("d", 8),
}  # fmt: skip
"""Types of registers: struct code and bytes."""


EXTENDS = "extends"
"""The key at the top of a manifest with the path of another one, whose tables it has where it says nothing else."""
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
"""The tables of a manifest, with their keys where no class below has them."""


@dataclass(frozen=True)
class Console:
    """The firmware's shell."""

    uart: str
    prompt: str
    ready: str


@dataclass(frozen=True)
class PulseOutput:
    """A metrology LED and the meter constant it flashes with: one of the two, the other is 0."""

    led: str
    constant_imp_per_kwh: float = 0.0
    constant_imp_per_kvarh: float = 0.0

    @property
    def per_kilo_hour(self) -> float:
        """Flashes per kWh or kvarh."""
        return self.constant_imp_per_kwh or self.constant_imp_per_kvarh


@dataclass(frozen=True)
class Booking:
    """How a meter's energy registers advance: at least every `period_s`, up to `jitter_s` after a portion's end."""

    period_s: float = 0.0
    jitter_s: float = 0.0

    @property
    def step_s(self) -> float:
        """How finely an advance is looked for."""
        return max(self.jitter_s / 16, 50e-6)


@dataclass(frozen=True)
class Metrology:
    """What the meter is made for."""

    nominal_voltage_v: float
    nominal_current_a: float
    maximum_current_a: float
    starting_current_a: float
    nominal_frequency_hz: float
    sample_rate_hz: float
    window_ms: float
    settle_ms: float
    register_period_ms: float = 0.0
    """Longest time between two advances of the energy registers."""
    register_jitter_ms: float = 0.0
    """How much later than the end of the energy it adds an advance may come."""
    connection: str = "direct"
    """`direct` or `transformer`."""
    accuracy_class: str = ""
    """For active energy: A, B or C (EN 50470-3), 0.2S to 2 (IEC 62053)."""
    reactive_class: str = ""
    """For reactive energy: 0.5S to 3 (IEC 62053)."""
    minimum_current_a: float = 0.0
    """Imin of EN 50470-3; 0 where it is not stated."""
    transitional_current_a: float = 0.0
    """Itr of EN 50470-3; 0 where it is not stated."""

    @property
    def booking(self) -> Booking:
        """How the energy registers advance."""
        return Booking(self.register_period_ms / 1000, self.register_jitter_ms / 1000)


@dataclass(frozen=True)
class TransformerDescription:
    """A current transformer and the burden across its secondary winding, where the converter's pins are."""

    turns: float
    """Of the secondary for one of the primary."""
    burden_ohm: float
    lead_deg: float
    """By which it leads at `nominal_hz`."""
    nominal_hz: float = 50.0
    knee_a: float = math.inf
    """Magnetising current (primary, peak) at which the core saturates."""
    burden_ppm_per_k: float = 0.0
    """How the burden changes with the temperature; 0 where it is not known."""


@dataclass(frozen=True)
class FrontEndDescription:
    """How one phase reaches its converter: the current through a shunt or a transformer, the voltage by a divider."""

    afe: str
    current_input: str
    voltage_input: str = ""
    divider_ratio: float = 0.0
    shunt_ohm: float = 0.0
    transformer: TransformerDescription | None = None
    shunt_ppm_per_k: float = 0.0
    """How the shunt changes with the temperature; 0 where it is not known."""
    divider_ppm_per_k: float = 0.0

    @property
    def sensor_ohm(self) -> float:
        """Volts at the converter's pins per ampere of the line."""
        return self.shunt_ohm if self.transformer is None else self.transformer.burden_ohm / self.transformer.turns

    @property
    def sensor_ppm_per_k(self) -> float:
        """How the current's sensor changes with the temperature; 0 where it is not known."""
        return self.shunt_ppm_per_k if self.transformer is None else self.transformer.burden_ppm_per_k


@dataclass(frozen=True)
class ClockDescription:
    """A meter that keeps time: its test output, what its clocks are made of, and how its shell is asked.

    In the commands `{utc}` stands for a time such as `2026-03-29T00:59:50.000Z`, `{ms}` for milliseconds, `{ppm}` for
    a correction of rate (positive: faster), `{count}` for a number of records. The answers are those of the reference
    firmware: a line `utc TIME`, `record NUMBER END FLAGS ENERGY...`, `event NUMBER TIME CODE NAME VALUE`.
    """

    output: str
    """The part (a LED) that begins to shine at each full second of the meter's clock."""
    rtc: str = ""
    """Model of the counter with the 32 kHz crystal."""
    oscillator: str = ""
    """Model with the processor's crystal."""
    supply: str = ""
    """Model of the power supply, where it warns of a failure."""
    set_command: str = "time set {utc}"
    shift_command: str = "time shift {ms}"
    trim_command: str = "time trim {ppm}"
    read_command: str = "time"
    profile_command: str = "profile {count}"
    events_command: str = "events {count}"


@dataclass(frozen=True)
class RegisterDescription:
    """A quantity in the firmware's memory: `count` numbers of `type` at `symbol`, each times `scale` in `unit`.

    `elements` names the numbers where there are several, such as total, L1, L2, L3. `sequence` is the symbol of a
    counter that is odd while the firmware writes them.
    """

    symbol: str
    type: str
    unit: str
    count: int = 1
    scale: float = 1.0
    elements: tuple[str, ...] = ()
    sequence: str = ""

    @property
    def first(self) -> str:
        """Name of the first number."""
        return self.elements[0] if self.elements else "0"

    @property
    def resolution(self) -> float:
        """The step of one number in `unit`; 0 for a floating-point one."""
        return 0.0 if self.type.startswith("f") else abs(self.scale)

    def index(self, element: str) -> int:
        """The place of an element by name or number; raises UsageError."""
        if element in self.elements:
            return self.elements.index(element)
        if element.isdecimal() and int(element) < self.count:
            return int(element)
        known = ", ".join(self.elements) or f"0 to {self.count - 1}"
        raise UsageError(f"the register at {self.symbol} has no element `{element}`; it has {known}")

    @property
    def size(self) -> int:
        """Bytes of one number."""
        return TYPES[self.type][1]

    @property
    def format(self) -> str:
        """The format of all numbers, for `struct`."""
        return f"<{self.count}{TYPES[self.type][0]}"


@dataclass(frozen=True)
class Manifest:
    """A firmware build and its board.

    The firmware is one `file`, an ELF or a flash image, or several `parts` of a flash image; a manifest may leave it to
    whoever loads it.
    """

    path: Path
    name: str
    description: str
    file: Path | None
    platform: Path
    console: Console
    meter: Metrology | None = None
    pulses: Mapping[str, PulseOutput] = field(default_factory=dict)
    front_ends: Mapping[str, FrontEndDescription] = field(default_factory=dict)
    registers: Mapping[str, RegisterDescription] = field(default_factory=dict)
    awake_ms: float = 0.0
    parts: tuple[FlashPart, ...] = ()
    flash_base: int = FLASH_BASE
    symbols: tuple[Path, ...] = ()
    """ELF files whose symbols belong to the firmware, beside `file`."""
    waits: tuple[str, ...] = ()
    """Functions (`name`, `name+0x10`) or addresses at which the firmware only waits for an interrupt."""
    clock: ClockDescription | None = None
    accepted: tuple[Accepted, ...] = ()
    """Accesses that no model covers and that are no failure: the manifest's own, and those of the lists it names."""
    timing_points: TimingPoints | None = None

    @property
    def timing(self) -> TimingPoints:
        """Where its timing is to be looked at; raises UsageError for a firmware whose manifest does not say."""
        if self.timing_points is None:
            raise UsageError(
                f"{self.name} has no timing points: say them in a table [timing] of {self.path.name} (docs/timing.md)"
            )
        return self.timing_points

    @property
    def firmware_name(self) -> str:
        """What the firmware is called in reports."""
        return self.file.name if self.file else ", ".join(part.file.name for part in self.parts) or "(none)"

    @property
    def metrology(self) -> Metrology:
        """What the meter is made for; raises UsageError for a firmware that is no meter."""
        if self.meter is None:
            raise UsageError(f"{self.name} measures nothing: its manifest {self.path.name} has no table [metrology]")
        return self.meter

    def register(self, name: str) -> RegisterDescription:
        """A register by name; raises UsageError with the closest name."""
        if name not in self.registers:
            hint = did_you_mean(name, self.registers)
            raise UsageError(f"{self.name} has no register `{name}`{hint}; it has {', '.join(self.registers)}")
        return self.registers[name]


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest and those it extends; raises SourceError with what is wrong in which table.

    Paths in a manifest are relative to the file that has them.
    """
    data = _with_base(path, ())
    reader = _Reader(path, data)
    reader.check_names()
    firmware = reader.table("firmware")
    registers = {name: reader.make(RegisterDescription, f"registers.{name}") for name in data.get("registers", {})}
    for name, register in registers.items():
        if register.elements and len(register.elements) != register.count:
            raise reader.error(f"[registers.{name}] names {len(register.elements)} elements of {register.count}")
        if register.type not in TYPES:
            raise reader.error(f"[registers.{name}] has the type `{register.type}`; known are {', '.join(TYPES)}")
    return Manifest(
        path,
        reader.text("firmware", "name"),
        str(firmware.get("description", "")),
        reader.file(firmware),
        (path.parent / reader.text("firmware", "platform")).resolve(),
        reader.make(Console, "console"),
        reader.make(Metrology, "metrology") if "metrology" in data else None,
        {kind: reader.make(PulseOutput, f"pulses.{kind}") for kind in data.get("pulses", {})},
        {phase.upper(): reader.front_end(f"front_end.{phase}") for phase in data.get("front_end", {})},
        registers,
        float(data.get("limits", {}).get("awake_ms", 0.0)),
        reader.parts(),
        int(firmware.get("flash_base", FLASH_BASE)),
        tuple((path.parent / name).resolve() for name in reader.texts("firmware", "symbols")),
        reader.texts("wait", "functions"),
        reader.make(ClockDescription, "clock") if "clock" in data else None,
        reader.accepted(),
        reader.timing(),
    )


def _with_base(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """The tables of a manifest over those of the one that it extends; `above` are the manifests that led here."""
    if not path.is_file():
        if above:
            raise SourceError(f"`{EXTENDS}` names {path}, which does not exist", above[-1])
        raise UsageError(f"the manifest {path} does not exist")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"this is no TOML: {error}", path) from error
    base = data.pop(EXTENDS, None)
    _make_paths_absolute(data, path.parent)
    if base is None:
        return data
    if not isinstance(base, str) or not base:
        raise SourceError(f"`{EXTENDS}` is the path of another manifest, not {base!r}", path)
    other = (path.parent / base).resolve()
    if other in (*above, path.resolve()):
        raise SourceError(f"`{EXTENDS}` leads back to {other.name}", path)
    below, firmware = _with_base(other, (*above, path.resolve())), data.get("firmware") or {}
    if "flash" in data or "elf" in firmware or "image" in firmware:
        below.pop("flash", None)
        for key in ("elf", "image"):
            below.get("firmware", {}).pop(key, None)
    return _merged(below, data)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Tables key by key, all else as `above` has it: a list replaces a list."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def _make_paths_absolute(data: dict[str, Any], folder: Path) -> None:
    """So that paths keep their meaning in a manifest of another folder; what is no path is reported by the reader."""

    def absolute(value: Any) -> Any:
        if isinstance(value, list):
            return [absolute(item) for item in value]
        return str((folder / value).resolve()) if isinstance(value, str) and value else value

    parts = data.get("flash")
    for table in (data.get("firmware"), *(parts if isinstance(parts, list) else ())):
        for key in ("elf", "image", "platform", "symbols", "accepted", "file") if isinstance(table, dict) else ():
            if key in table:
                table[key] = absolute(table[key])


class _Reader:
    def __init__(self, path: Path, data: dict[str, Any]) -> None:
        self._path, self._data = path, data

    def error(self, message: str) -> SourceError:
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
        found: Any = self._data
        for part in name.split("."):
            found = found.get(part, {}) if isinstance(found, dict) else {}
        if not isinstance(found, dict) or not found:
            raise self.error(f"the table [{name}] is missing")
        return found

    def text(self, table: str, key: str) -> str:
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
