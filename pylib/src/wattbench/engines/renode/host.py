"""The host of models that run beside Renode: a machine of the native core without CPU, under Renode's time.

Native blocks and Python models live in it exactly as they do in the embedded engine, so that what costs most, the path
of the samples, crosses neither Python nor .NET. Memories are Renode's own bytes.
"""

from __future__ import annotations

import ctypes as c
import logging
from collections.abc import Callable
from typing import Any

from wattbench.engines.embedded.machine import Machine

INPUT = c.CFUNCTYPE(None, c.c_uint32, c.c_uint32, c.c_uint32)
CHARACTER = c.CFUNCTYPE(None, c.c_uint32, c.c_uint32)
RESET = c.CFUNCTYPE(None, c.c_uint32)

RENODE_LEVELS = {logging.DEBUG: 0, logging.INFO: 1, logging.WARNING: 2, logging.ERROR: 3}


class SharedMemory:
    """Memory that Renode allocated; what `native.Memory` is to the embedded engine."""

    def __init__(self, address: int, size: int) -> None:
        self.address, self.size = address, size

    def copy(self) -> bytes:
        """Renode saves its memories itself."""
        return b""


class RoomMachine(Machine):
    """`Machine` without cores. `room` is the C# object that brings it to Renode's time."""

    def __init__(self) -> None:
        super().__init__()
        self.room: Any = None
        self.inputs: dict[int, Callable[[int, bool], None]] = {}
        self.characters: dict[int, Callable[[int], None]] = {}
        self.resets: dict[int, Callable[[], None]] = {}
        guard = self.callback
        self._room_calls = (
            INPUT(guard(lambda model, number, level: self.inputs[model](number, bool(level)))),
            CHARACTER(guard(lambda model, value: self.characters[model](value))),
            RESET(guard(lambda model: self.resets[model]())),
        )
        self._reset_request = lambda: None

    def attach_room(self, room: Any) -> None:
        """Hand the machine to the C# side of the room."""
        self.room = room
        room.Attach(self.handle.value, *(c.cast(call, c.c_void_p).value for call in self._room_calls))

    def map_shared(self, base: int, memory: SharedMemory) -> None:
        """Show a piece of Renode's memory to native blocks and models; raises ValueError."""
        if self.lib.wb_map_memory(self.handle, base, memory.size, memory.address, 0, 0xFF) < 0:
            raise ValueError(f"memory of 0x{memory.size:X} bytes at 0x{base:08X} must be made of whole 4 KiB pages")

    def bus_write(self, address: int, data: bytes) -> None:
        """See `Host.bus_write`; code that Renode translated from there is dropped."""
        super().bus_write(address, data)
        if self.room is not None and len(data) > 4:
            self.room.CodeChanged(address, len(data))

    def accessing_core(self) -> int | None:
        """See `Host.accessing_core`; only the first core runs here, and bus masters' accesses are taken for its own."""
        return 0

    def limit_memory(self, base: int, size: int) -> None:
        """See `Host.limit_memory`; Renode's memories keep their sizes."""

    def close_memory(self, base: int, reason: str) -> None:
        """See `Host.close_memory`; Renode's memories cannot be closed."""

    def log(self, level: int, source: str, message: str) -> None:
        """See `Host.log`; the line is also in Renode's log."""
        super().log(level, source, message)
        if self.room is not None:
            self.room.LogLine(RENODE_LEVELS.get(level, 1), f"{source}: {message}")

    def current_pc(self) -> int:
        """See `Machine.current_pc`."""
        return int(self.room.CurrentPc()) if self.room is not None else 0

    def request_reset(self) -> None:
        """Reset the chip as soon as possible."""
        self._reset_request()

    def pending_error(self) -> BaseException | None:
        """The first exception that a model raised and a call from .NET had to swallow; asking forgets it."""
        error, self._guard.exception = self._guard.exception, None
        return error

    def save(self) -> dict[str, Any]:
        """Native blocks and events as plain data; memories are Renode's."""
        buffer = c.create_string_buffer(self.lib.wb_state_size(self.handle))
        self.lib.wb_state_save(self.handle, buffer)
        return {"native": buffer.raw}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` gave."""
        super().restore({**saved, "memories": {}})
