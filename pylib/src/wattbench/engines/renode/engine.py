"""The engine contract over a real Renode in this process."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.core.errors import LimitError, LockupError, MonitorError, UsageError
from wattbench.core.unmodelled import UnmodelledAccess
from wattbench.core.wires import Line, UartPort
from wattbench.engines.embedded.taps import EdgeRecord, UartRecord
from wattbench.engines.embedded.trace import NativeTrace, TraceSources
from wattbench.engines.renode.models import ModelRoom
from wattbench.engines.renode.runtime import DEFAULT_QUANTUM_NS, Runtime, start_renode
from wattbench.engines.renode.taps import RenodeClock, connect_led, connect_uart, frame_bits
from wattbench.engines.trace import TraceRequest

CHUNK_NS = 10_000_000
"""How often a run is looked at from outside: a lock-up, an error of a model and the awake limit are noticed so late."""


class RenodeEngine:
    """See `engines.engine.Engine`. There is one at a time, because there is one Renode in a process."""

    name = "renode"

    def __init__(
        self, *, native_twins: bool = True, quantum_ns: int = DEFAULT_QUANTUM_NS, runtime: Runtime | None = None
    ) -> None:
        """Start Renode, or take it over empty; raises SetupError when there is none, UsageError when it is in use.

        `quantum_ns` is how late a listener's request to stop is at most. Without `native_twins` every block of
        wattbench runs as its Python model. `runtime` stands for Renode in tests.
        """
        self.runtime = runtime or start_renode()
        if self.runtime.uses is not None:
            raise UsageError("there is one Renode in a process and it is in use; close the other bench first")
        self.runtime.uses = self
        self._closed = False
        self._uarts: dict[str, UartRecord] = {}
        self._edges: dict[tuple[str, str | int | None], EdgeRecord] = {}
        self._ports: dict[str, UartPort] = {}
        self._lines: dict[str, Line] = {}
        self._clock = RenodeClock(self.runtime)
        self.started = False
        """Whether a command said `start`: an interactive session lets time run on."""
        self._trace: NativeTrace | None = None
        self._trace_sources: TraceSources | None = None
        self._powered, self._stopped = True, False
        self._awake_limit_ns = 0
        self._awake: list[int] = []
        self._instructions: list[int] = []
        try:
            self.runtime.clear()
            self.runtime.set_quantum(quantum_ns)
            self.room = ModelRoom(self.runtime, native_twins=native_twins)
            self.room.prepare()
            self.runtime.before_run = self._before_run
        except BaseException:
            self.runtime.uses = None
            raise

    def close(self) -> None:
        """Empty Renode for the next engine of this process."""
        if not self._closed:
            self._closed = True
            self.runtime.clear()
            self.room.close()
            self.runtime.uses = None

    # Monitor

    def execute(self, command: str) -> str:
        """See `Engine.execute`."""
        text = self.runtime.execute(command)
        self._after_command()
        return text

    def run_script(self, path: Path, variables: Mapping[str, str] | None = None) -> str:
        """Run a `.resc` with variables such as `{"bin": "@/path/firmware.elf"}` set before; returns what it prints."""
        for name, value in (variables or {}).items():
            self.runtime.execute(f"${name}={value}")
        text = self.runtime.run_script(path)
        self._after_command()
        return text

    def _after_command(self) -> None:
        """What a command has loaded is bound, and whatever it has let start waits for the next run."""
        if self.runtime.is_started:
            self.runtime.pause()
            self.started = True
        if self.runtime.has_machine:
            self._before_run()

    def _before_run(self) -> None:
        """Called when the machine is about to run: models get wired, and taps are open from the first moment on."""
        if not self.room.bind():
            return
        for name, item in self.room.models.items():
            if isinstance(getattr(item, "port", None), UartPort):
                self.uart(name)
            elif getattr(type(item), "type_name", "") == "Miscellaneous.LED":
                self.edges(name)
        for name in self.runtime.names_of("IUART"):
            self.uart(name)
        for name in self.runtime.names_of("ILed"):
            self.edges(name)

    # Running

    @property
    def now_ns(self) -> int:
        """See `Engine.now_ns`."""
        return self.runtime.now_ns

    def run_to(self, time_ns: int) -> None:
        """See `Engine.run_to`. A request to stop is obeyed at the end of the quantum it comes in."""
        if not self.runtime.has_machine or not self.runtime.cpus():
            raise MonitorError("the machine has no CPU; load a platform first")
        self._stopped = False
        self.room.advance()
        while self.now_ns < time_ns and not self._stopped:
            before_ns = self.now_ns
            stopped = self.runtime.run_for(min(CHUNK_NS, time_ns - before_ns))
            error = self.room.pending_error()
            if error is not None:
                raise error
            reason = self.runtime.lockup()
            if reason is not None:
                raise LockupError(f"the core locked up: {reason}", self.runtime.pc(), self.now_ns)
            self._watch_sleep(self.now_ns - before_ns)
            if stopped:
                return

    def request_stop(self) -> None:
        """See `Engine.request_stop`."""
        self._stopped = True
        self.runtime.request_stop()

    def limit_awake(self, limit_ns: int) -> None:
        """Fail a run when the firmware does not sleep within `limit_ns` (0: no limit), looked at every 10 ms."""
        self._awake_limit_ns = limit_ns

    def wait_at(self, addresses: Sequence[int]) -> None:
        """See `Engine.wait_at`; Renode has nothing like it, so the loops there are executed."""

    def _watch_sleep(self, duration_ns: int) -> None:
        """A core that was awake all the time has carried out as many instructions as fit in it."""
        present = self.runtime.executed_instructions()
        counts = [count for count, _ in present]
        if len(counts) != len(self._instructions):
            self._instructions, self._awake = counts, [0] * len(counts)
            return
        for number, (count, mips) in enumerate(present):
            awake = (count - self._instructions[number]) * 1000 >= (duration_ns - self.runtime.quantum_ns) * mips
            self._awake[number] = self._awake[number] + duration_ns if awake else 0
        self._instructions = counts
        if self._awake_limit_ns and any(awake_ns > self._awake_limit_ns for awake_ns in self._awake):
            raise LimitError(
                "the firmware ran without sleeping for longer than its limit", self.runtime.pc(), self.now_ns
            )

    # Memory

    def read_memory(self, address: int, size: int) -> bytes:
        """See `Engine.read_memory`."""
        return self.runtime.read(address, size)

    def write_memory(self, address: int, data: bytes) -> None:
        """See `Engine.write_memory`."""
        self.runtime.write(address, data)

    def symbol(self, name: str) -> int:
        """See `Engine.symbol`."""
        return self.runtime.symbol(name)

    # Wires

    def uart(self, name: str) -> UartRecord:
        """See `Engine.uart`."""
        key = name.rpartition(".")[2]
        if key not in self._uarts:
            item = self.room.models.get(key)
            if isinstance(getattr(item, "port", None), UartPort):
                assert item is not None
                self._uarts[key] = UartRecord(item.host, key, item.port, lambda: int(item.frame_bits))
            elif key in self.runtime.names_of("IUART"):
                port = self._ports[key] = UartPort()
                connect_uart(port, self.runtime.find(key), self.runtime.listen_uart)
                self._uarts[key] = UartRecord(self._clock, key, port, lambda: frame_bits(self.runtime.find(key)))
            else:
                self.runtime.find(key)
                raise MonitorError(f"`{key}` is no UART")
        return self._uarts[key]

    def edges(self, name: str, output: str | int | None = None) -> EdgeRecord:
        """See `Engine.edges`."""
        key = (name.rpartition(".")[2], output)
        if key not in self._edges:
            item = self.room.models.get(key[0])
            outputs = getattr(item, "outputs", {})
            chosen = getattr(item, "default_output", None) if output is None else output
            if chosen in outputs:
                assert item is not None
                self._edges[key] = EdgeRecord(item.host, outputs[chosen])
            elif output is None and key[0] in self.runtime.names_of("ILed"):
                line = self._lines[key[0]] = Line()
                connect_led(line, self.runtime.find(key[0]), self.runtime.listen_led)
                self._edges[key] = EdgeRecord(self._clock, line)
            else:
                if item is None:
                    self.runtime.find(key[0])
                raise UsageError(f"`{name}` has no output `{output}`; it has {', '.join(map(str, outputs)) or 'none'}")
        return self._edges[key]

    def trace(self, request: TraceRequest) -> NativeTrace:
        """See `Engine.trace`: wires and DMA of wattbench's own models, and nothing of a core."""
        asked = {
            "exceptions": request.exceptions,
            "sleep": request.sleep,
            "calls of functions": request.functions,
            "stores to variables": request.stores,
            "CPU load": request.load_window_ns,
        }
        unseen = [what for what, wanted in asked.items() if wanted]
        if unseen:
            raise UsageError(
                f"the engine renode cannot trace {', '.join(unseen)}: trace wires and DMA only (part `samples` of a "
                "timing recording), or use the engine embedded"
            )
        if self._trace is not None and self._trace.runs:
            raise UsageError("a trace runs already; stop it before another one begins")
        if self._trace_sources is None:
            self._trace_sources = TraceSources(self.room.host, self._traced_model, lambda: self.room.models)
        self._trace = NativeTrace(self.room.host, self._trace_sources, request, ())
        return self._trace

    def _traced_model(self, name: str) -> Any:
        key = name.rpartition(".")[2]
        if key not in self.room.models:
            known = ", ".join(self.room.models) or "none"
            raise UsageError(
                f"`{name}` is no model of wattbench, whose wires can be traced in Renode; there are {known}"
            )
        return self.room.models[key]

    def model(self, name: str) -> Any:
        """See `Engine.model`; for a model of Renode's own its .NET object."""
        key = name.rpartition(".")[2]
        return self.room.models[key] if key in self.room.models else self.runtime.find(name)

    # Reset and supply

    def reset(self) -> None:
        """See `Engine.reset`."""
        self.room.announce_reset()
        self.runtime.reset()

    def power_off(self) -> None:
        """See `Engine.power_off`."""
        self.runtime.halt(True)
        for item in self.room.models.values():
            (getattr(item, "power_off", None) or item.reset)()
        for name in self.runtime.memories():
            if self.runtime.is_volatile(name):
                self.runtime.clear_memory(name)
        self._powered = False

    def power_on(self) -> None:
        """See `Engine.power_on`. The macro `reset` is carried out: it stands for what the boot ROM does."""
        self._powered = True
        self.room.announce_reset()
        self.runtime.reset()
        self.room.reset()
        self.runtime.halt(False)

    # State

    def save(self) -> dict[str, Any]:
        """See `Engine.save`: Renode's own snapshot with the state of the models and taps beside it.

        Raises UsageError when something in the machine cannot be saved, such as what connects a terminal or a pending
        character on its way to a UART of Renode's.
        """
        self._before_run()
        with tempfile.TemporaryDirectory(prefix="wattbench-") as folder:
            file = Path(folder) / "renode.save"
            try:
                self.runtime.save(file)
            except MonitorError as error:
                raise UsageError(f"Renode cannot save this machine; load the product anew instead ({error})") from error
            snapshot = file.read_bytes()
        return {
            "renode": snapshot,
            "room": self.room.save(),
            "uarts": {name: record.save() for name, record in self._uarts.items()},
            "powered": self._powered,
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """See `Engine.restore`; .NET objects that `model` gave before belong to a machine that is gone."""
        with tempfile.TemporaryDirectory(prefix="wattbench-") as folder:
            file = Path(folder) / "renode.save"
            file.write_bytes(snapshot["renode"])
            self.runtime.load(file)
        self.room.bind()
        self.room.restore(snapshot["room"])
        for name, port in self._ports.items():
            connect_uart(port, self.runtime.find(name), self.runtime.listen_uart)
        for name, line in self._lines.items():
            connect_led(line, self.runtime.find(name), self.runtime.listen_led)
        for name, state in snapshot["uarts"].items():
            self.uart(name).restore(state)
        for edges in self._edges.values():
            edges.cut(self.now_ns)
        if self._trace is not None and self._trace.runs:
            self._trace.restored()
        self._powered = snapshot["powered"]
        self._instructions = []

    def unmodelled(self) -> list[UnmodelledAccess]:
        """See `Engine.unmodelled`."""
        return self.room.unmodelled() + self.runtime.log.unmapped.copy()

    def forget_unmodelled(self) -> None:
        """See `Engine.forget_unmodelled`."""
        self.room.forget_unmodelled()
        self.runtime.log.unmapped.clear()

    def describe(self, address: int) -> str:
        """See `Engine.describe`."""
        try:
            return self.runtime.execute(f"sysbus FindSymbolAt 0x{address:X}").strip()
        except MonitorError:
            return ""

    def digest(self) -> str:
        """See `Engine.digest`."""
        total = hashlib.sha256()
        for name, uart in sorted(self._uarts.items()):
            total.update(name.encode() + uart.data)
        for (name, output), edges in sorted(self._edges.items(), key=lambda item: str(item[0])):
            total.update(f"{name} {output} {list(edges.times_ns)} {list(edges.levels)}".encode())
        for name in sorted(self.runtime.memories()):
            total.update(name.encode())
            total.update(self.runtime.memory(name))
        return total.hexdigest()
