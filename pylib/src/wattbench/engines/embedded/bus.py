"""`sysbus` as Monitor, scripts and tests see it."""

from __future__ import annotations

import struct
from pathlib import Path

from wattbench.core.errors import FirmwareFileError, MonitorError
from wattbench.core.host import BusError
from wattbench.engines.embedded import native
from wattbench.engines.embedded.elf import Firmware, read_elf
from wattbench.engines.embedded.machine import Machine
from wattbench.platform.factory import Placement

UNHANDLED = {
    "ThrowException": native.UNMAPPED_FAULT,
    "Report": native.UNMAPPED_REPORT,
    "Stop": native.UNMAPPED_STOP,
}


class SystemBus:
    """The address space of a machine. Numbers are little endian; accesses are those of a debugger."""

    def __init__(self, machine: Machine, placements: list[Placement]) -> None:
        self._machine, self._placements = machine, placements
        self.firmware: list[Firmware] = []
        self._unhandled = "Stop"
        machine.lib.wb_unmapped_policy(machine.handle, UNHANDLED[self._unhandled])

    @property
    def unhandled_access_behaviour(self) -> str:
        """What an access to nothing does: `Stop` the run with an error, `ThrowException` (bus fault) or `Report`."""
        return self._unhandled

    @unhandled_access_behaviour.setter
    def unhandled_access_behaviour(self, value: str) -> None:
        if value not in UNHANDLED:
            raise ValueError(f"UnhandledAccessBehaviour is one of {', '.join(UNHANDLED)}, not {value}")
        self._unhandled = value
        self._machine.lib.wb_unmapped_policy(self._machine.handle, UNHANDLED[value])

    def load_elf(self, path: Path) -> None:
        """Load an ELF file's segments at their physical addresses, and its symbols."""
        firmware = read_elf(path)
        for segment in firmware.segments:
            self._fits(path, segment.address, len(segment.data))
        for segment in firmware.segments:
            self._machine.lib.wb_memory_write(self._machine.handle, segment.address, segment.data, len(segment.data))
        self.firmware = [item for item in self.firmware if item.path != path] + [firmware]

    def load_symbols_from(self, path: Path) -> None:
        """Take the symbols of an ELF file without loading it."""
        self.firmware.append(read_elf(path))

    def load_binary(self, path: Path, address: int) -> None:
        """Load a file's bytes at `address`."""
        if not path.is_file():
            raise FirmwareFileError(f"the file {path} does not exist")
        data = path.read_bytes()
        self._fits(path, address, len(data))
        self._machine.lib.wb_memory_write(self._machine.handle, address, data, len(data))

    def _fits(self, path: Path, address: int, size: int) -> None:
        end = address + size
        while address < end:
            for base, memory in self._machine.memories.items():
                if base <= address < base + memory.size:
                    address = base + memory.size
                    break
            else:
                memories = ", ".join(
                    f"<0x{base:08X}, 0x{base + memory.size:08X}>"
                    for base, memory in sorted(self._machine.memories.items())
                )
                raise FirmwareFileError(
                    f"{path} does not fit: 0x{size:X} bytes that end at 0x{end:08X} need memory at "
                    f"0x{address:08X}; the platform has memory at {memories or 'no address'}"
                )

    def read_byte(self, address: int) -> int:
        """One byte."""
        return self._read(address, 1)

    def read_word(self, address: int) -> int:
        """Two bytes."""
        return self._read(address, 2)

    def read_double_word(self, address: int) -> int:
        """Four bytes."""
        return self._read(address, 4)

    def read_quad_word(self, address: int) -> int:
        """Eight bytes."""
        return self._read(address, 4) | self._read(address + 4, 4) << 32

    def write_byte(self, address: int, value: int) -> None:
        """One byte."""
        self._write(address, value, 1)

    def write_word(self, address: int, value: int) -> None:
        """Two bytes."""
        self._write(address, value, 2)

    def write_double_word(self, address: int, value: int) -> None:
        """Four bytes."""
        self._write(address, value, 4)

    def write_quad_word(self, address: int, value: int) -> None:
        """Eight bytes."""
        self._write(address, value & 0xFFFFFFFF, 4)
        self._write(address + 4, value >> 32, 4)

    def read_bytes(self, address: int, count: int) -> list[int]:
        """`count` bytes of memory."""
        return list(self.read(address, count))

    def read(self, address: int, count: int) -> bytes:
        """`count` bytes of memory; raises MonitorError where there is none."""
        try:
            return self._machine.bus_read(address, count) if count else b""
        except BusError as error:
            raise MonitorError(f"there is nothing to read {count} bytes from at 0x{address:08X}") from error

    def write(self, address: int, data: bytes) -> None:
        """Bytes into memory; raises MonitorError where there is none."""
        if data and self._machine.lib.wb_memory_write(self._machine.handle, address, data, len(data)):
            raise MonitorError(f"there is no memory for {len(data)} bytes at 0x{address:08X}")

    def _read(self, address: int, size: int) -> int:
        return int.from_bytes(self.read(address, size), "little")

    def _write(self, address: int, value: int, size: int) -> None:
        try:
            data = struct.pack("<Q", value & 0xFFFFFFFFFFFFFFFF)[:size]
            if self._memory_at(address):
                self.write(address, data)
            else:
                self._machine.bus_write(address, data)
        except BusError as error:
            raise MonitorError(f"there is nothing to write to at 0x{address:08X}") from error

    def _memory_at(self, address: int) -> bool:
        return any(base <= address < base + memory.size for base, memory in self._machine.memories.items())

    def get_symbol_address(self, name: str) -> int:
        """Address of a symbol of the loaded firmware."""
        for firmware in reversed(self.firmware):
            if name in firmware.symbols:
                return firmware.symbols[name].address
        if not self.firmware:
            raise FirmwareFileError(f"no firmware is loaded, so there is no symbol `{name}`; use sysbus LoadELF @file")
        return self.firmware[-1].address(name)

    def find_symbol_at(self, address: int) -> str:
        """The function at a code address, empty outside of all."""
        for firmware in reversed(self.firmware):
            found = firmware.describe(address)
            if found:
                return found
        return ""

    def what_is_at(self, address: int) -> str:
        """Name of the object that answers at an address, empty for none."""
        for placement in self._placements:
            if placement.start <= address < placement.end:
                return placement.name
        return ""

    def tag(self, span: range, name: str, default: int = 0) -> None:
        """Answer reads of `span` (the Monitor's `<a, b>`) with `default` and take writes, under a name."""
        self._machine.map_target(span.start, len(span), Tagged(self._machine, name, default), 0xFF)

    def silence_range(self, span: range) -> None:
        """Answer reads of `span` with 0 and take writes without a word."""
        self._machine.map_target(span.start, len(span), Silent(), 0xFF)


class Tagged:
    """Addresses that have a name but no model: each access is counted."""

    def __init__(self, machine: Machine, name: str, default: int) -> None:
        self._machine, self.name, self.default = machine, name, default

    def read(self, offset: int, size: int) -> int:
        """The tag's default value."""
        self._machine.unmodelled(self.name, f"read at +0x{offset:X}")
        return self.default & (1 << 8 * size) - 1

    def write(self, offset: int, size: int, value: int) -> None:
        """Counted and dropped."""
        self._machine.unmodelled(self.name, f"write at +0x{offset:X}", f"value 0x{value:X}")


class Silent:
    """Addresses whose accesses nobody wants to hear about."""

    def read(self, offset: int, size: int) -> int:
        """Zero."""
        return 0

    def write(self, offset: int, size: int, value: int) -> None:
        """Dropped."""
