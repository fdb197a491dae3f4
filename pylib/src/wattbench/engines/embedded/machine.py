"""A machine of the embedded engine: cores, bus and time, as the host of its models."""

from __future__ import annotations

import ctypes as c
import heapq
import logging
from collections.abc import Callable
from typing import Any, Protocol

from wattbench.core.errors import LimitError, LockupError, MachineError, UnmappedAccessError
from wattbench.core.host import BusError, BusTarget
from wattbench.core.model import RegisterBlock
from wattbench.core.unmodelled import UnmodelledLog
from wattbench.engines.embedded import native

LOGGER = logging.getLogger("wattbench.machine")
LOGGER.addHandler(logging.NullHandler())
CFSR_NAMES = {
    0: "IACCVIOL", 1: "DACCVIOL", 3: "MUNSTKERR", 4: "MSTKERR", 8: "IBUSERR", 9: "PRECISERR", 11: "UNSTKERR",
    12: "STKERR", 16: "UNDEFINSTR", 17: "INVSTATE", 18: "INVPC", 19: "NOCP",
}  # fmt: skip
LOCKUP_VECTORS = 2
LOCKUP_STACK = 3


class AlarmTimer:
    """A model's alarm; see `core.host.Timer`."""

    __slots__ = ("_machine", "callback", "deadline_ns", "name", "order")

    def __init__(self, machine: Machine, callback: Callable[[], None], name: str, order: int) -> None:
        self._machine, self.callback, self.name, self.order = machine, callback, name, order
        self.deadline_ns: int | None = None

    def arm(self, at_ns: int) -> None:
        """See `Timer.arm`."""
        self.deadline_ns = at_ns
        self._machine.armed(at_ns, self.order)

    def cancel(self) -> None:
        """See `Timer.cancel`."""
        self.deadline_ns = None


class Resettable(Protocol):
    """What a machine reset reaches."""

    def reset(self) -> None:
        """Back to the state after reset."""


class Machine:
    """Cores, memory and models under one virtual time. It is the `Host` of its models."""

    def __init__(self) -> None:
        self.lib = native.library()
        self._guard = native.Guard()
        guard = self._guard.wrap
        self._targets: dict[int, BusTarget] = {}
        read, write = self._guard.accesses(self._targets)
        self._calls = native.HostCalls(
            native.READ(read),
            native.WRITE(write),
            native.DUE(guard(self._due)),
            native.LINE(guard(self._line)),
            native.UNMAPPED(guard(self._unmapped)),
        )
        self.handle = c.c_void_p(self.lib.wb_machine_new(c.byref(self._calls)))
        self._guard.stop = self.request_stop
        self._now = c.c_int64.from_address(self.handle.value or 0)
        self._timers: list[AlarmTimer] = []
        self._queue: list[tuple[int, int]] = []
        self.watchers: dict[int, Callable[[bool], None]] = {}
        self.memories: dict[int, native.Memory] = {}
        """Memories by address as bus masters that are no core see them, and the debugger."""
        self._mapped: dict[int, native.Memory] = {}
        self._closed: dict[int, str] = {}
        self.core_names: list[str] = []
        self.recognises_idle_loops = True
        self.unmodelled_accesses = UnmodelledLog()
        self.last_unmapped: tuple[str, str, int] | None = None
        self.on_log: list[Callable[[int, str, str], None]] = []
        self._reset_request: Callable[[], None] = lambda: None
        self.stopping = False
        self._in_run = False

    def close(self) -> None:
        """Free the native side; the machine must not be used any more."""
        if self.handle.value:
            self.lib.wb_machine_free(self.handle)
            self.handle = c.c_void_p(None)

    # Host contract

    def now_ns(self) -> int:
        """See `Host.now_ns`."""
        return self._now.value

    def timer(self, callback: Callable[[], None], name: str) -> AlarmTimer:
        """See `Host.timer`."""
        self._timers.append(AlarmTimer(self, callback, name, len(self._timers)))
        return self._timers[-1]

    def armed(self, at_ns: int, order: int) -> None:
        """For AlarmTimer: note a deadline."""
        heapq.heappush(self._queue, (at_ns, order))
        if self._queue[0] == (at_ns, order):
            self.lib.wb_host_deadline(self.handle, at_ns)

    def bus_read(self, address: int, size: int) -> bytes:
        """See `Host.bus_read`."""
        if size <= 4:
            value = c.c_uint32()
            if self.lib.wb_device_access(self.handle, address, size, 0, c.byref(value)) == 0:
                return value.value.to_bytes(4, "little")[:size]
            raise BusError(address)
        buffer = c.create_string_buffer(size)
        if self.lib.wb_memory_read(self.handle, address, buffer, size):
            raise BusError(address)
        return buffer.raw

    def bus_write(self, address: int, data: bytes) -> None:
        """See `Host.bus_write`."""
        if len(data) in (1, 2, 4):
            value = c.c_uint32(int.from_bytes(data, "little"))
            failed = self.lib.wb_device_access(self.handle, address, len(data), 1, c.byref(value))
        else:
            failed = self.lib.wb_memory_write(self.handle, address, data, len(data))
        if failed:
            raise BusError(address)

    def limit_memory(self, base: int, size: int) -> None:
        """See `Host.limit_memory`."""
        self.lib.wb_memory_limit(self.handle, base, size)

    def close_memory(self, base: int, reason: str) -> None:
        """See `Host.close_memory`."""
        self._closed[base] = reason
        self.lib.wb_memory_close(self.handle, base, bool(reason))

    def log(self, level: int, source: str, message: str) -> None:
        """See `Host.log`."""
        LOGGER.log(level, "%s: %s", source, message)
        for listener in self.on_log:
            listener(level, source, message)

    def unmodelled(self, source: str, access: str, detail: str = "") -> None:
        """See `Host.unmodelled`."""
        pc = self.current_pc()
        core = int(self.lib.wb_current_core(self.handle))
        if self.unmodelled_accesses.note(source, access, pc, detail, self._now.value):
            what = f"{access} {detail}".rstrip()
            self.log(logging.INFO, source, f"not modelled: {what} (PC 0x{pc:08X}{self._of(core)})")

    def current_pc(self) -> int:
        """PC of the core that executes or executed last, 0 outside of a run."""
        return int(self.lib.wb_current_pc(self.handle)) if self._in_run else 0

    def accessing_core(self) -> int | None:
        """See `Host.accessing_core`."""
        core = int(self.lib.wb_accessing_core(self.handle))
        return None if core == native.SYSTEM_VIEW else core

    def _of(self, core: int) -> str:
        """` of` and the core's name where there are several."""
        return f" of `{self.core_names[core]}`" if len(self.core_names) > 1 else ""

    # Calls from the native core

    def _due(self) -> None:
        now = self._now.value
        queue = self._queue
        while queue and queue[0][0] <= now:
            at_ns, order = heapq.heappop(queue)
            timer = self._timers[order]
            if timer.deadline_ns is not None and timer.deadline_ns == at_ns:
                timer.deadline_ns = None
                timer.callback()
        while queue and self._timers[queue[0][1]].deadline_ns != queue[0][0]:
            heapq.heappop(queue)
        if queue:
            self.lib.wb_host_deadline(self.handle, queue[0][0])

    def _line(self, line: int, level: int) -> None:
        self.watchers[line](bool(level))

    def _unmapped(self, core: int, address: int, size: int, kind: int, pc: int) -> None:
        reason = self._why_closed(address)
        if kind == native.ACCESS_CLOSED_READ:
            self.unmodelled("sysbus", "read of a memory that cannot be read", reason)
            return
        access = f"{native.ACCESS_NAMES[kind]} of {size} bytes at 0x{address:08X}"
        nothing = f"where the platform has nothing{' for it' if len(self.core_names) > 1 else ''}"
        self.last_unmapped = (self._of(core), f"{access}, {reason or nothing}", pc)
        self.unmodelled_accesses.note("sysbus", access, pc, reason, self._now.value)
        self.log(logging.WARNING, "sysbus", f"{access}, {reason or 'where nothing is'} (PC 0x{pc:08X}{self._of(core)})")

    def _why_closed(self, address: int) -> str:
        for base, reason in self._closed.items():
            if reason and base <= address < base + self.memories[base].size:
                return f"where {reason}"
        return ""

    # Building

    def map_memory(self, base: int, size: int, memory: native.Memory, read_only: bool, views: int) -> None:
        """Put memory on the bus for those whose bit is in `views`; raises ValueError."""
        region = self.lib.wb_map_memory(self.handle, base, size, memory.address, int(read_only), views)
        if region == native.THIRD_PLACE:
            raise ValueError(f"the memory at 0x{base:08X} is at two other places already")
        if region < 0:
            raise ValueError(f"memory of 0x{size:X} bytes at 0x{base:08X} must be made of whole 4 KiB pages")
        if memory not in self._mapped.values():
            self._mapped[region] = memory
        if views >> native.SYSTEM_VIEW & 1:
            self.memories[base] = memory

    def map_nothing(self, base: int, size: int, views: int) -> None:
        """Let those whose bit is in `views` find nothing there; raises ValueError."""
        if self.lib.wb_map_nothing(self.handle, base, size, views) < 0:
            raise ValueError("too many devices on the bus")

    def map_target(self, base: int, size: int, target: BusTarget, views: int) -> None:
        """Put a Python model on the bus for those whose bit is in `views`."""
        region = self.lib.wb_map_host(self.handle, base, size, views)
        if region < 0:
            raise ValueError("too many devices on the bus")
        self._targets[region] = target
        if isinstance(target, RegisterBlock):
            words = target.timeless_words(size)
            self.lib.wb_host_timeless(self.handle, region, words, len(words))

    # Running

    def look(self, core: int = 0) -> native.CoreView:
        """A core at a glance."""
        view = native.CoreView()
        self.lib.wb_core_look(self.handle, core, c.byref(view))
        return view

    def stop_core(self) -> int:
        """The core that the last stop of a run was about."""
        return int(self.lib.wb_stop_core(self.handle))

    def request_stop(self) -> None:
        """Come back from `run_to` as soon as possible."""
        self.stopping = True
        self.lib.wb_request_stop(self.handle, native.STOP_REQUEST)

    def request_reset(self) -> None:
        """Reset the chip as soon as possible."""
        self.lib.wb_request_stop(self.handle, native.STOP_RESET)

    def callback(self, function: Callable[..., Any], default: Any = None) -> Callable[..., Any]:
        """`function` for calls from the native core: an exception in it stops the run and is raised outside."""
        return self._guard.wrap(function, default)

    def on_reset_request(self, action: Callable[[], None]) -> None:
        """What to do when firmware or a watchdog resets the chip."""
        self._reset_request = action

    def run_to(self, time_ns: int) -> None:
        """See `Engine.run_to`."""
        self.stopping = False
        while True:
            self._in_run = True
            try:
                reason = self.lib.wb_run(self.handle, time_ns)
            finally:
                self._in_run = False
            self._guard.check()
            if reason == native.STOP_RESET:
                self._reset_request()
                if self.stopping:
                    return
                continue
            if reason != native.STOP_TIME:
                self._explain(reason)
            return

    def _explain(self, reason: int) -> None:
        number = self.stop_core()
        view, of = self.look(number), self._of(number)
        at: dict[str, Any] = {"pc": view.pc, "time_ns": self.now_ns()}
        match reason:
            case native.STOP_LOCKUP:
                raise LockupError(f"the core{of.removeprefix(' of')} locked up: {_lockup_text(view)}", **at)
            case native.STOP_UNMAPPED:
                of, access, pc = self.last_unmapped or (of, "an access", view.pc)
                raise UnmappedAccessError(f"the firmware{of} tried a {access}", pc, self.now_ns())
            case native.STOP_AWAKE:
                raise LimitError(f"the firmware{of} ran without sleeping for longer than its limit", **at)
            case native.STOP_INTERNAL:
                raise MachineError(f"Unicorn{of} stopped with error {view.lockup_reason}", **at)

    # State

    def save(self) -> dict[str, Any]:
        """Cores, native devices, alarms' order and memories as plain data; models are saved by their owner."""
        self.lib.wb_trace_flush(self.handle)  # what a trace has counted up to here belongs to this state
        buffer = c.create_string_buffer(self.lib.wb_state_size(self.handle))
        self.lib.wb_state_save(self.handle, buffer)
        return {
            "native": buffer.raw,
            "memories": {region: memory.copy() for region, memory in self._mapped.items()},
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` gave."""
        for region, contents in saved["memories"].items():
            self.lib.wb_memory_restore(self.handle, region, contents)
        self._queue.clear()
        self.lib.wb_host_deadline(self.handle, native.NEVER)
        self.lib.wb_state_restore(self.handle, saved["native"])
        for timer in self._timers:
            timer.deadline_ns = None


def _lockup_text(view: native.CoreView) -> str:
    if view.lockup_reason == LOCKUP_VECTORS:
        return "its vector table gives no usable stack pointer or handler address"
    if view.lockup_reason == LOCKUP_STACK:
        return "more exceptions are nested than there are priorities"
    names = [name for bit, name in CFSR_NAMES.items() if view.cfsr >> bit & 1] or ["a fault"]
    where = "HardFault or NMI" if view.active else "FAULTMASK"
    address = ""
    if view.cfsr >> 15 & 1:
        address = f" at 0x{view.bfar:08X}"
    elif view.cfsr >> 7 & 1:
        address = f" at 0x{view.mmfar:08X}"
    return f"{', '.join(names)}{address} while in {where}"
