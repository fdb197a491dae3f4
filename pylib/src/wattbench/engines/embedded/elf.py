"""Firmware files: ELF images and their symbols."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from wattbench.core.errors import FirmwareFileError
from wattbench.core.names import did_you_mean


@dataclass(frozen=True)
class Segment:
    """Bytes to load at a physical address."""

    address: int
    data: bytes


@dataclass(frozen=True)
class Symbol:
    """A named place in the firmware."""

    name: str
    address: int
    size: int
    is_function: bool


@dataclass(frozen=True)
class Firmware:
    """A parsed ELF file."""

    path: Path
    entry: int
    segments: tuple[Segment, ...]
    symbols: dict[str, Symbol] = field(repr=False)

    def address(self, name: str) -> int:
        """Address of a symbol; raises FirmwareFileError with the closest name."""
        if name not in self.symbols:
            hint = did_you_mean(name, self.symbols)
            raise FirmwareFileError(f"{self.path.name} has no symbol `{name}`{hint}")
        return self.symbols[name].address

    @cached_property
    def _functions(self) -> list[Symbol]:
        return sorted((s for s in self.symbols.values() if s.is_function), key=lambda symbol: symbol.address)

    def describe(self, address: int) -> str | None:
        """`function+0x12` for a code address, None outside of all functions."""
        starts = [symbol.address for symbol in self._functions]
        index = bisect.bisect_right(starts, address) - 1
        if index < 0:
            return None
        symbol = self._functions[index]
        if address >= symbol.address + max(symbol.size, 1):
            return None
        distance = address - symbol.address
        return f"{symbol.name}+0x{distance:X}" if distance else symbol.name


def read_elf(path: Path) -> Firmware:
    """Parse a 32-bit little-endian Arm ELF; raises FirmwareFileError with one sentence that says what is wrong."""
    if not path.is_file():
        raise FirmwareFileError(f"the firmware {path} does not exist; build it or give another path")
    try:
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            if elf["e_machine"] != "EM_ARM" or elf.elfclass != 32 or not elf.little_endian:
                raise FirmwareFileError(
                    f"{path} is an ELF file for {elf.get_machine_arch()}, not for a 32-bit little-endian Arm"
                )
            segments = tuple(
                Segment(segment["p_paddr"], segment.data())
                for segment in elf.iter_segments("PT_LOAD")
                if segment["p_filesz"]
            )
            symbols = _symbols(elf)
            entry = elf["e_entry"]
    except (ELFError, OSError, ValueError, KeyError) as error:
        raise FirmwareFileError(f"{path} is not a usable ELF file: {error or 'it is damaged'}") from error
    if not segments:
        raise FirmwareFileError(f"{path} has nothing to load (no PT_LOAD segment with contents)")
    return Firmware(path, entry, segments, symbols)


def _symbols(elf: ELFFile) -> dict[str, Symbol]:
    table = elf.get_section_by_name(".symtab")
    result: dict[str, Symbol] = {}
    if not isinstance(table, SymbolTableSection):
        return result
    for entry in table.iter_symbols():
        kind = entry["st_info"]["type"]
        if not entry.name or entry["st_shndx"] == "SHN_UNDEF" or kind in ("STT_FILE", "STT_SECTION"):
            continue
        if entry.name.startswith("$"):
            continue
        is_function = kind == "STT_FUNC"
        address = entry["st_value"] & ~1 if is_function else entry["st_value"]
        if entry.name not in result or entry["st_info"]["bind"] == "STB_GLOBAL":
            result[entry.name] = Symbol(entry.name, address, entry["st_size"], is_function)
    return result
