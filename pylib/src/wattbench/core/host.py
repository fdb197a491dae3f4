"""The host contract: what a model may ask of the engine that runs it, and nothing else.

The embedded engine implements it directly; under Renode an adapter does. Tests use `FakeHost`.
"""

from __future__ import annotations

import heapq
import logging
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from wattbench.core.unmodelled import UnmodelledLog


class Timer(Protocol):
    """One alarm of a model. Its whole state is its deadline, so it can be saved and restored."""

    @property
    def deadline_ns(self) -> int | None:
        """Virtual time at which it fires next, None while it is off."""

    def arm(self, at_ns: int) -> None:
        """Fire once at `at_ns` (replaces an earlier deadline); a time in the past fires as soon as possible."""

    def cancel(self) -> None:
        """Do not fire."""


class TimeSource(Protocol):
    """Virtual time and alarms."""

    def now_ns(self) -> int:
        """Virtual time, ns since power-on; inside a timer's callback exactly the time it was armed for."""

    def timer(self, callback: Callable[[], None], name: str) -> Timer:
        """A new alarm that calls `callback`; alarms due at the same ns fire in the order of their creation."""


class Host(TimeSource, Protocol):
    """Services of an engine to a model."""

    def bus_read(self, address: int, size: int) -> bytes:
        """Read as a bus master (no MPU); raises BusError where the bus answers with an error."""

    def bus_write(self, address: int, data: bytes) -> None:
        """Write as a bus master (no MPU); raises BusError where the bus answers with an error."""

    def accessing_core(self) -> int | None:
        """The core whose access the model is just now answering, by its place in the platform.

        None for another bus master or a debugger.
        """

    def limit_memory(self, base: int, size: int) -> None:
        """Of the memory mapped at `base` only the first `size` bytes are there; nothing answers behind them."""

    def close_memory(self, base: int, reason: str) -> None:
        """The memory mapped at `base` answers accesses with an error, for `reason`, until it is empty again."""

    def log(self, level: int, source: str, message: str) -> None:
        """One line for the machine's log; levels are those of `logging`."""

    def unmodelled(self, source: str, access: str, detail: str = "") -> None:
        """The model `source` was asked for something it does not do; counted by name, access and PC.

        `access` is `read NAME` or `write NAME` of a register, or the name of a feature. What differs from time to time
        belongs into `detail`, such as `value 0x12`: it is kept of the first access only.
        """


class BusError(Exception):
    """The bus answered a bus master with an error response."""

    def __init__(self, address: int) -> None:
        self.address = address
        super().__init__(f"bus error at 0x{address:08X}")


class FakeTimer:
    """Timer of `FakeHost`."""

    def __init__(self, host: FakeHost, callback: Callable[[], None], order: int) -> None:
        self._host, self.callback, self.order = host, callback, order
        self.deadline_ns: int | None = None

    def arm(self, at_ns: int) -> None:
        """See `Timer.arm`."""
        self.deadline_ns = max(at_ns, self._host.time_ns)
        heapq.heappush(self._host.queue, (self.deadline_ns, self.order))

    def cancel(self) -> None:
        """See `Timer.cancel`."""
        self.deadline_ns = None


class FakeHost:
    """A host without a CPU: time moves when the test says so, the bus is a bytearray and peripherals.

    `memory` answers addresses from 0 on; `regions` maps (base, size) to objects with `read(offset, size)` and
    `write(offset, size, value)`.
    """

    def __init__(self, memory_size: int = 0x10000) -> None:
        self.time_ns = 0
        self.queue: list[tuple[int, int]] = []
        self.timers: list[FakeTimer] = []
        self.memory = bytearray(memory_size)
        self.regions: dict[tuple[int, int], BusTarget] = {}
        self.memory_limits: dict[int, int] = {}
        self.closed_memories: dict[int, str] = {}
        self.core: int | None = 0
        """What `accessing_core` gives."""
        self.messages: list[tuple[int, str, str]] = []
        self.unmodelled_accesses: Counter[tuple[str, str]] = Counter()
        self.unmodelled_log = UnmodelledLog()

    def now_ns(self) -> int:
        """See `Host.now_ns`."""
        return self.time_ns

    def timer(self, callback: Callable[[], None], name: str) -> FakeTimer:
        """See `Host.timer`."""
        self.timers.append(FakeTimer(self, callback, len(self.timers)))
        return self.timers[-1]

    def bus_read(self, address: int, size: int) -> bytes:
        """See `Host.bus_read`."""
        for (base, length), target in self.regions.items():
            if base <= address < base + length:
                return target.read(address - base, size).to_bytes(size, "little")
        if address + size > len(self.memory):
            raise BusError(address)
        return bytes(self.memory[address : address + size])

    def bus_write(self, address: int, data: bytes) -> None:
        """See `Host.bus_write`."""
        for (base, length), target in self.regions.items():
            if base <= address < base + length:
                target.write(address - base, len(data), int.from_bytes(data, "little"))
                return
        if address + len(data) > len(self.memory):
            raise BusError(address)
        self.memory[address : address + len(data)] = data

    def accessing_core(self) -> int | None:
        """See `Host.accessing_core`."""
        return self.core

    def limit_memory(self, base: int, size: int) -> None:
        """See `Host.limit_memory`; kept in `memory_limits`, the bus does not ask for it."""
        self.memory_limits[base] = size

    def close_memory(self, base: int, reason: str) -> None:
        """See `Host.close_memory`; kept in `closed_memories`, the bus does not ask for it."""
        self.closed_memories[base] = reason

    def log(self, level: int, source: str, message: str) -> None:
        """See `Host.log`; kept in `messages`."""
        self.messages.append((level, source, message))
        logging.getLogger(source).log(level, message)

    def unmodelled(self, source: str, access: str, detail: str = "") -> None:
        """See `Host.unmodelled`; kept in `unmodelled_log`, and each with its detail in `unmodelled_accesses`."""
        self.unmodelled_log.note(source, access, 0, detail, self.time_ns)
        self.unmodelled_accesses[source, f"{access} {detail}" if detail else access] += 1

    def run_for(self, duration_ns: int) -> None:
        """Let `duration_ns` of virtual time pass, firing the timers that fall due."""
        end_ns = self.time_ns + duration_ns
        while self.queue and self.queue[0][0] <= end_ns:
            at_ns, order = heapq.heappop(self.queue)
            timer = self.timers[order]
            if timer.deadline_ns != at_ns:
                continue
            self.time_ns, timer.deadline_ns = at_ns, None
            timer.callback()
        self.time_ns = end_ns


class BusTarget(Protocol):
    """What sits behind a bus address: a register block or a memory."""

    def read(self, offset: int, size: int) -> int:
        """Value of `size` bytes (1, 2 or 4) at `offset`, little endian."""

    def write(self, offset: int, size: int, value: int) -> None:
        """Store `size` bytes (1, 2 or 4) at `offset`, little endian."""
