"""One face over the two hosts that models and their native twins are tested under."""

from __future__ import annotations

from typing import Any, Protocol

from wattbench.core.host import FakeHost
from wattbench.engines.embedded import native
from wattbench.engines.embedded.machine import Machine

MEMORY_BYTES = 0x10000


class Bus(Protocol):
    """Memory from address 0 on, blocks, and time."""

    memory: Any

    def place(self, base: int, model: Any) -> None:
        """Put a block on the bus."""

    def load(self, address: int, data: bytes) -> None:
        """Write memory."""

    def run_to(self, time_ns: int) -> None:
        """Let time pass."""

    def save(self) -> Any:
        """Time and memory, and what the host keeps of native blocks."""

    def restore(self, saved: Any) -> None:
        """Take back what `save` gave."""


class FakeBus:
    """A FakeHost."""

    def __init__(self, host: FakeHost) -> None:
        self.host, self.memory = host, host.memory

    def place(self, base: int, model: Any) -> None:
        self.host.regions[base, model.size] = model

    def load(self, address: int, data: bytes) -> None:
        self.memory[address : address + len(data)] = data

    def run_to(self, time_ns: int) -> None:
        self.host.run_for(time_ns - self.host.time_ns)

    def save(self) -> Any:
        return self.host.time_ns, bytes(self.memory)

    def restore(self, saved: Any) -> None:
        self.host.time_ns, self.memory[:] = saved


class MachineBus:
    """The embedded engine's machine, without a core."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        block = native.Memory(MEMORY_BYTES)
        self.memory = block.bytes
        machine.map_memory(0, MEMORY_BYTES, block, False, 0xFF)

    def place(self, base: int, model: Any) -> None:
        model.map_native(base, model.size, 0xFF)

    def load(self, address: int, data: bytes) -> None:
        self.memory[address : address + len(data)] = data

    def run_to(self, time_ns: int) -> None:
        self.machine.run_to(time_ns)

    def save(self) -> Any:
        return self.machine.save()

    def restore(self, saved: Any) -> None:
        self.machine.restore(saved)
