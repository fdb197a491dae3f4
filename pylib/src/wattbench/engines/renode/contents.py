"""What is in Renode's machine: cores, peripherals by name, memories and symbols."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

from wattbench.core.errors import FirmwareFileError, UsageError


class Contents:
    """The part of `Runtime` that looks into the machine; it finds and reads, and runs nothing."""

    _known: dict[str, Any]
    """What was looked up in the machine; a command may change the machine and empties it."""
    _to_class: Callable[[Any], Any]
    _system: Any

    @property
    def machine(self) -> Any:
        """The .NET machine; see `Runtime.machine`."""
        raise AttributeError("a runtime has the machine")

    def _once(self, what: str, look: Callable[[], Any]) -> Any:
        if what not in self._known:
            self._known[what] = look()
        return self._known[what]

    def cpus(self) -> list[Any]:
        """The cores of the machine."""
        cpus: list[Any] = self._once("cpus", lambda: list(map(self._to_class, self.machine.SystemBus.GetCPUs())))
        return cpus

    def peripherals(self, type_name: str) -> Iterator[Any]:
        """Registered peripherals of a class such as `NVIC`."""
        machine = self.machine
        for path in machine.GetAllNames():
            item = machine[str(path)]
            if item is not None and str(item.GetType().Name) == type_name:
                yield self._to_class(item)

    def find(self, name: str) -> Any:
        """A peripheral by name, with or without `sysbus.` before it; raises UsageError."""
        machine = self.machine
        key = name.removeprefix("sysbus.")
        names = [str(path) for path in machine.GetAllNames()]
        for path in names:
            if path in (key, f"sysbus.{key}") or path.rpartition(".")[2] == key:
                return self._to_class(machine[path])
        known = ", ".join(path.removeprefix("sysbus.") for path in names if path != "sysbus")
        raise UsageError(f"the platform has no `{name}`; it has {known or 'nothing yet'}")

    def names_of(self, interface: str) -> list[str]:
        """Names of the peripherals that implement an interface (`IUART`, `ILed`)."""
        machine, result = self.machine, []
        for path in machine.GetAllNames():
            item = machine[str(path)]
            if item is not None and any(str(kind.Name) == interface for kind in item.GetType().GetInterfaces()):
                result.append(str(path).rpartition(".")[2])
        return result

    def read(self, address: int, size: int) -> bytes:
        """Bytes as the bus gives them."""
        for base, pointer, length in self._once("pieces", lambda: list(self._pieces())):
            if base <= address and address + size <= base + length:
                return ctypes.string_at(pointer + address - base, size)
        return bytes(self.machine.SystemBus.ReadBytes(address, size))

    def write(self, address: int, data: bytes) -> None:
        """Write to the bus; code that was translated from there is forgotten."""
        self.machine.SystemBus.WriteBytes(self._system.Array[self._system.Byte](data), address)

    def memory(self, name: str) -> bytes:
        """Contents of one memory."""
        return b"".join(ctypes.string_at(pointer, size) for _, pointer, size in self._segments(self.find(name)))

    def clear_memory(self, name: str) -> None:
        """Fill one memory with zeros."""
        for _, pointer, size in self._segments(self.find(name)):
            ctypes.memset(pointer, 0, size)
        for cpu in self.cpus():
            cpu.ClearTranslationCache()

    def memories(self) -> list[str]:
        """Names of the memories, volatile or not."""
        return self.names_of("IMapped")

    def is_volatile(self, name: str) -> bool:
        """Whether a memory loses its contents with the supply: RAM does, a flash does not."""
        return str(self.find(name).GetType().Name) in ("MappedMemory", "ArrayMemory")

    def _pieces(self) -> Iterator[tuple[int, int, int]]:
        bus = self.machine.SystemBus
        for name in self.memories():
            memory = self.find(name)
            for point in map(self._to_class, bus.GetRegistrationPoints(memory)):
                if (getattr(point, "Initiator", None) or getattr(point, "CPU", None)) is not None:
                    continue  # only one core sees it there
                start = int(point.Range.StartAddress)
                for offset, pointer, size in self._segments(memory):
                    yield start + offset, pointer, size

    @staticmethod
    def _segments(memory: Any) -> Iterator[tuple[int, int, int]]:
        for segment in memory.MappedSegments:
            segment.Touch()
            yield int(segment.StartingOffset), int(segment.Pointer.ToInt64()), int(segment.Size)

    def symbol(self, name: str) -> int:
        """Address of a symbol; raises FirmwareFileError."""
        found, addresses = self.machine.SystemBus.TryGetAllSymbolAddresses(name)
        if not found:
            raise FirmwareFileError(f"the loaded firmware has no symbol `{name}`")
        return int(next(iter(addresses)))
