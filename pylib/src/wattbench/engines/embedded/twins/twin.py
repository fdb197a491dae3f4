"""What all twins have in common."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar

from wattbench.core.clock import ClockInput
from wattbench.core.registers import RegisterTable
from wattbench.engines.embedded.machine import Machine
from wattbench.engines.embedded.twins.binding import MISSING, MISSING_BITS, MISSING_READ, MISSING_WRITE, library
from wattbench.engines.embedded.twins.lines import NativeLine


class Twin:
    """A block in the native core, as the engine and Python see it."""

    on_chip: ClassVar[bool] = True
    default_output: ClassVar[str | None] = None
    type_name: ClassVar[str] = ""
    size: ClassVar[int] = 0
    table: ClassVar[RegisterTable]

    def __init__(self, host: Machine, name: str, handle: int) -> None:
        self.host, self.name, self.handle = host, name, handle
        self.lib = library()
        self.outputs: dict[str | int, Any] = {}
        self._calls: list[Any] = []
        self.lib.wb_block_on_missing(handle, self.callback(MISSING, self._missing))
        weakref.finalize(self, self.lib.wb_block_free, handle).atexit = False

    def callback(self, kind: Any, function: Callable[..., Any], default: Any = None) -> Any:
        """`function` for calls from C; an exception in it stops the run and is raised outside."""
        self._calls.append(kind(self.host.callback(function, default)))
        return self._calls[-1]

    def line(self, key: str | int, number: Callable[[], int]) -> None:
        """Declare an output."""
        self.outputs[key] = NativeLine(self.host, number)

    def map_native(self, base: int, size: int, cores: int) -> None:
        """Put the block on the bus, for the engine."""
        self.lib.wb_block_map(self.handle, base, size, cores)

    def read(self, offset: int, size: int) -> int:
        """A bus read of 1, 2 or 4 bytes."""
        return int(self.lib.wb_block_host_read(self.handle, offset, size))

    def write(self, offset: int, size: int, value: int) -> None:
        """A bus write of 1, 2 or 4 bytes."""
        self.lib.wb_block_host_write(self.handle, offset, size, value)

    def reset(self) -> None:
        """See `Model.reset`."""
        self.lib.wb_block_host_reset(self.handle)

    def save(self) -> dict[str, Any]:
        """What is not in the machine's native state."""
        return {}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` gave, after the machine restored its native state."""

    def feature(self, number: int, which: int) -> str:
        """What a twin means by its missing feature `number`."""
        return f"feature {number} of {which}"

    def register_name(self, offset: int) -> str:
        """Name of the register at `offset` for messages."""
        for name, start, _, _ in self.table.instances():
            if start == offset:
                return name
        return f"+0x{offset:X}"

    def _missing(self, kind: int, offset: int, value: int) -> None:
        if kind not in (MISSING_READ, MISSING_WRITE, MISSING_BITS):
            self.host.unmodelled(self.name, self.feature(value, offset))
            return
        access = f"{'read' if kind == MISSING_READ else 'write'} {self.register_name(offset)}"
        self.host.unmodelled(self.name, access, f"value 0x{value:X}" if kind == MISSING_BITS else "")


class Clocked(Twin):
    """A twin with a clock root."""

    def __init__(self, host: Machine, name: str, handle: int, clock: ClockInput) -> None:
        super().__init__(host, name, handle)
        self._clock = clock
        clock.on_change(self._reclock)

    def set_clock(self, hz: Fraction) -> None:
        """Tell the native side its clock's frequency."""

    def _reclock(self) -> None:
        self.set_clock(self._clock.hz)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._reclock()
