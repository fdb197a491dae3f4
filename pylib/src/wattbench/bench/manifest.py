"""The manifest of a firmware build: what a bench has to know about it, in TOML beside the ELF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wattbench.bench.accepted import Accepted
from wattbench.bench.descriptions import (
    TYPES,
    ClockDescription,
    Console,
    FrontEndDescription,
    Metrology,
    PulseOutput,
    RegisterDescription,
)
from wattbench.bench.extends import read_tables
from wattbench.bench.flash_image import FLASH_BASE, FlashPart
from wattbench.bench.table_reader import TableReader
from wattbench.bench.timing_points import TimingPoints
from wattbench.core.errors import UsageError
from wattbench.core.names import did_you_mean


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
    data = read_tables(path)
    reader = TableReader(path, data)
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
