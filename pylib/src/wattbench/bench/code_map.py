"""What lies where in a firmware's code: functions from the symbol tables, source lines from the DWARF sections."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from elftools.dwarf.compileunit import CompileUnit
from elftools.dwarf.dwarfinfo import DWARFInfo
from elftools.dwarf.ranges import BaseAddressEntry
from elftools.elf.elffile import ELFFile

from wattbench.core.errors import FirmwareFileError
from wattbench.engines.embedded.elf import read_elf

ELF_MAGIC = b"\x7fELF"


@dataclass(frozen=True)
class Function:
    """A function of the firmware, from `start` up to but without `end`."""

    name: str
    start: int
    end: int
    file: Path
    """The ELF file that has it."""


@dataclass(frozen=True)
class Unit:
    """A compile unit: a source file and the addresses of its code."""

    source: str
    ranges: tuple[tuple[int, int], ...]
    file: Path


class CodeMap:
    """The code of several ELF files of one address space; of two at one address the earlier file counts."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Files that are no ELF, such as flash images, say nothing and are passed over; raises FirmwareFileError."""
        self.files = tuple(file for file in files if _is_elf(file))
        self._lines: dict[int, list[tuple[int, int, str, int]]] = {}

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """All functions by address; one that has several names has the one that comes first in the alphabet."""
        found: dict[int, Function] = {}
        for file in self.files:
            symbols = sorted(read_elf(file).symbols.values(), key=lambda symbol: symbol.name)
            for symbol in symbols:
                if symbol.is_function and symbol.address not in found:
                    end = symbol.address + max(symbol.size, 2)
                    found[symbol.address] = Function(symbol.name, symbol.address, end, file)
        return tuple(found[address] for address in sorted(found))

    @cached_property
    def _starts(self) -> list[int]:
        return [function.start for function in self.functions]

    def function_at(self, address: int) -> Function | None:
        """The function that an instruction belongs to."""
        index = bisect.bisect_right(self._starts, address) - 1
        if index < 0 or address >= self.functions[index].end:
            return None
        return self.functions[index]

    def name(self, address: int) -> str:
        """`function+0x12`, or the address where there is no symbol."""
        function = self.function_at(address)
        if function is None:
            return f"0x{address:08X}"
        distance = address - function.start
        return f"{function.name}+0x{distance:X}" if distance else function.name

    def place(self, address: int) -> str:
        """`0x30001234, function+0x12, file.c:34` as far as it is known."""
        parts = [f"0x{address:08X}"]
        if self.function_at(address) is not None:
            parts.append(self.name(address))
        line = self.line(address)
        return ", ".join([*parts, line] if line else parts)

    def line(self, address: int) -> str:
        """`file.c:34` of an instruction, empty where the firmware was built without debug information."""
        for number, unit in enumerate(self.units):
            if not any(low <= address < high for low, high in unit.ranges):
                continue
            for low, high, source, line in self._lines_of(number):
                if low <= address < high:
                    return f"{source}:{line}"
        return ""

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """The compile units with code, of files that have debug information."""
        return tuple(unit for unit, _ in self._units)

    @cached_property
    def _units(self) -> list[tuple[Unit, int]]:
        """Each with the place of its header in the debug information."""
        units = []
        for file in self.files:
            with file.open("rb") as stream:
                info = _debug_information(stream, file)
                if info is None:
                    continue
                for unit in info.iter_CUs():
                    ranges = tuple(_ranges(info, unit))
                    if ranges:
                        name = unit.get_top_DIE().attributes.get("DW_AT_name")
                        source = name.value.decode("utf-8", "replace") if name else ""
                        units.append((Unit(source, ranges, file), unit.cu_offset))
        return units

    def _lines_of(self, number: int) -> list[tuple[int, int, str, int]]:
        """From and to address, source file and line of a unit's code."""
        if number not in self._lines:
            unit, offset = self._units[number]
            with unit.file.open("rb") as stream:
                info = _debug_information(stream, unit.file)
                self._lines[number] = list(_rows(info, info.get_CU_at(offset))) if info else []
        return self._lines[number]


def _is_elf(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return stream.read(len(ELF_MAGIC)) == ELF_MAGIC
    except OSError as error:
        raise FirmwareFileError(f"the firmware {file} cannot be read: {error.strerror}") from error


def _debug_information(stream: Any, file: Path) -> DWARFInfo | None:
    try:
        elf = ELFFile(stream)
        return elf.get_dwarf_info(follow_links=False) if elf.has_dwarf_info(strict=True) else None
    except Exception as error:
        raise FirmwareFileError(
            f"the debug information of {file} is damaged: {error}; build the firmware anew"
        ) from error


def _ranges(info: DWARFInfo, unit: CompileUnit) -> Iterator[tuple[int, int]]:
    """Where the code of a unit lies; sections that the linker left out have moved to address 0 or above all."""
    attributes = unit.get_top_DIE().attributes
    low = attributes["DW_AT_low_pc"].value if "DW_AT_low_pc" in attributes else 0
    if "DW_AT_ranges" in attributes:
        lists = info.range_lists()
        entries = lists.get_range_list_at_offset(attributes["DW_AT_ranges"].value, unit) if lists else ()
        for entry in entries:
            if isinstance(entry, BaseAddressEntry):
                low = entry.base_address
                continue
            base = 0 if getattr(entry, "is_absolute", False) else low
            if entry.begin_offset + base and entry.end_offset > entry.begin_offset:
                yield entry.begin_offset + base, entry.end_offset + base
    elif "DW_AT_high_pc" in attributes:
        high = attributes["DW_AT_high_pc"]
        end = high.value if high.form == "DW_FORM_addr" else low + high.value
        if low and end > low:
            yield low, end


def _rows(info: Any, unit: CompileUnit) -> Iterator[tuple[int, int, str, int]]:
    program = info.line_program_for_CU(unit)
    if program is None:
        return
    files = program["file_entry"]
    first = 0 if program["version"] >= 5 else 1
    before, line = None, 0
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if before is not None and state.address > before.address:
            index = before.file - first
            source = files[index].name.decode("utf-8", "replace") if 0 <= index < len(files) else "?"
            line = before.line or line  # 0: code that the compiler made of several lines
            yield before.address, state.address, source, line
        before = None if state.end_sequence else state
