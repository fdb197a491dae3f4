"""The embedded engine: the engine contract over one emulation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.core.errors import UsageError
from wattbench.core.unmodelled import UnmodelledAccess
from wattbench.core.wires import UartPort
from wattbench.engines.embedded.board import Board, MappedMemory
from wattbench.engines.embedded.emulation import Emulation
from wattbench.engines.embedded.taps import EdgeRecord, UartRecord
from wattbench.engines.embedded.trace import NativeTrace, TraceSources
from wattbench.engines.trace import TraceRequest


class EmbeddedEngine:
    """See `engines.engine.Engine`."""

    name = "embedded"

    def __init__(self, *, native_twins: bool = True, idle_loops: bool = True) -> None:
        """Two switches for comparisons, both slow, neither changes a result.

        Without `native_twins` every block runs as its Python model; without `idle_loops` loops that change nothing are
        executed turn by turn.
        """
        self.emulation = Emulation(native_twins=native_twins, idle_loops=idle_loops)
        self._edges: dict[tuple[str, str | int | None], EdgeRecord] = {}
        self._taps_open = False
        self._trace: NativeTrace | None = None
        self._trace_sources: TraceSources | None = None

    def close(self) -> None:
        """Free the machine."""
        if self.emulation.board is not None:
            self.emulation.remove_machine(self.emulation.board.name)

    def run_script(self, path: Path, variables: Mapping[str, str] | None = None) -> str:
        """Run a `.resc` with variables such as `{"bin": "@/path/firmware.elf"}` set before; returns what it prints."""
        for name, value in (variables or {}).items():
            self.emulation.monitor.execute(f"${name}={value}")
        return self.emulation.monitor.run_script(path)

    def limit_awake(self, limit_ns: int) -> None:
        """Fail a run when the firmware does not sleep within `limit_ns` (0: no limit)."""
        machine = self.board.machine
        for core in self.board.cores:
            machine.lib.wb_core_awake_limit(machine.handle, core.number, limit_ns)

    def wait_at(self, addresses: Sequence[int]) -> None:
        """See `Engine.wait_at`; the Monitor's `cpu AddWaitPoint` does the same for any core."""
        core = self.board.cores[0]
        for address in addresses:
            core.add_wait_point(address)

    @property
    def board(self) -> Board:
        """The machine; raises MonitorError before one was created."""
        return self.emulation.require_board()

    @property
    def now_ns(self) -> int:
        """See `Engine.now_ns`."""
        return self.emulation.now_ns()

    def execute(self, command: str) -> str:
        """See `Engine.execute`."""
        return self.emulation.monitor.execute(command)

    def run_to(self, time_ns: int) -> None:
        """See `Engine.run_to`."""
        if not self._taps_open:
            self._open_taps()
        self.emulation.run_to(time_ns)

    def request_stop(self) -> None:
        """See `Engine.request_stop`."""
        self.board.machine.request_stop()

    def read_memory(self, address: int, size: int) -> bytes:
        """See `Engine.read_memory`."""
        return self.board.sysbus.read(address, size)

    def write_memory(self, address: int, data: bytes) -> None:
        """See `Engine.write_memory`."""
        self.board.sysbus.write(address, data)

    def symbol(self, name: str) -> int:
        """See `Engine.symbol`."""
        return self.board.sysbus.get_symbol_address(name)

    def uart(self, name: str) -> UartRecord:
        """See `Engine.uart`."""
        return self.emulation.uart(name.rpartition(".")[2])

    def edges(self, name: str, output: str | int | None = None) -> EdgeRecord:
        """See `Engine.edges`."""
        key = (name.rpartition(".")[2], output)
        if key not in self._edges:
            found = self.board.model(key[0])
            outputs = getattr(found, "outputs", {})
            chosen = getattr(found, "default_output", None) if output is None else output
            if chosen not in outputs:
                raise UsageError(f"`{name}` has no output `{output}`; it has {', '.join(map(str, outputs)) or 'none'}")
            self._edges[key] = EdgeRecord(self.board.machine, outputs[chosen])
        return self._edges[key]

    def trace(self, request: TraceRequest) -> NativeTrace:
        """See `Engine.trace`."""
        if self._trace is not None and self._trace.runs:
            raise UsageError("a trace runs already; stop it before another one begins")
        board = self.board
        if self._trace_sources is None:
            self._trace_sources = TraceSources(board.machine, board.model, lambda: board.platform.objects)
        mips = [core.performance_in_mips for core in board.cores]
        self._trace = NativeTrace(board.machine, self._trace_sources, request, mips)
        return self._trace

    def model(self, name: str) -> Any:
        """See `Engine.model`."""
        return self.board.model(name)

    def reset(self) -> None:
        """See `Engine.reset`."""
        self.board.reset()

    def power_off(self) -> None:
        """See `Engine.power_off`."""
        self.board.power_off()

    def power_on(self) -> None:
        """See `Engine.power_on`."""
        self.board.power_on()

    def save(self) -> dict[str, Any]:
        """See `Engine.save`."""
        if not self._taps_open:
            self._open_taps()
        uarts = {name: record.save() for name, record in self.emulation.uart_records.items()}
        return {"board": self.board.save(), "uarts": uarts}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """See `Engine.restore`."""
        self.board.restore(snapshot["board"])
        for name, state in snapshot["uarts"].items():
            self.uart(name).restore(state)
        for record in self._edges.values():
            record.cut(self.now_ns)
        if self._trace is not None and self._trace.runs:
            self._trace.restored()

    def unmodelled(self) -> list[UnmodelledAccess]:
        """See `Engine.unmodelled`."""
        return self.board.machine.unmodelled_accesses.copy()

    def forget_unmodelled(self) -> None:
        """See `Engine.forget_unmodelled`."""
        self.board.machine.unmodelled_accesses.clear()

    def describe(self, address: int) -> str:
        """See `Engine.describe`."""
        return self.board.sysbus.find_symbol_at(address)

    def digest(self) -> str:
        """See `Engine.digest`."""
        total = hashlib.sha256()
        for name, uart in sorted(self.emulation.uart_records.items()):
            total.update(name.encode() + uart.data)
        for (name, output), edges in sorted(self._edges.items(), key=lambda item: str(item[0])):
            total.update(f"{name} {output} {list(edges.times_ns)} {list(edges.levels)}".encode())
        for name, item in sorted(self.board.platform.objects.items()):
            if isinstance(item, MappedMemory):
                total.update(name.encode())
                total.update(item.memory.bytes)
        return total.hexdigest()

    def _open_taps(self) -> None:
        """From the first moment on everything that leaves the board is recorded: UARTs and LEDs."""
        self._taps_open = True
        for name, item in list(self.board.platform.objects.items()):
            if isinstance(getattr(item, "port", None), UartPort):
                self.uart(name)
            elif getattr(type(item), "type_name", "") == "Miscellaneous.LED":
                self.edges(name)
