"""The embedded engine behind the Monitor: machines, `emulation`, and running in virtual time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from wattbench.core.errors import MonitorError
from wattbench.engines.embedded.board import Board
from wattbench.engines.embedded.taps import UartRecord
from wattbench.engines.embedded.terminals import Connector, PtyTerminal, SocketTerminal, Terminal
from wattbench.monitor.convert import TimeNs
from wattbench.monitor.monitor import Monitor
from wattbench.monitor.tokens import tokenize
from wattbench.platform.description import Description
from wattbench.platform.factory import Built

SERVICE_NS = 1_000_000
"""How often terminals outside are served, in virtual time."""


class Emulation:
    """The Monitor's `emulation` object and the `Target` of its commands. One machine at a time."""

    def __init__(self, *, native_twins: bool = True, idle_loops: bool = True) -> None:
        self._native_twins, self._idle_loops = native_twins, idle_loops
        self.board: Board | None = None
        self.monitor = Monitor(self)
        self.uart_records: dict[str, UartRecord] = {}
        self._analyzers: set[str] = set()
        self._log_levels: dict[str | None, int] = {None: logging.WARNING}
        self._reset_lines: dict[str, list[str]] = {}
        self.output: Callable[[str], None] = lambda text: None
        """Where analyzers and the log write; the command line sets it."""
        self.run_to: Callable[[int], None] = self._run_to
        self.started = False
        self.externals: dict[str, Terminal] = {}
        self.connector = Connector(self._uart_of)
        self._special = {"emulation": self, "connector": self.connector, "EmulationManager": Manager(self)}

    # Target

    @property
    def machines(self) -> Sequence[str]:
        """See `Target.machines`."""
        return [self.board.name] if self.board else []

    def create_machine(self, name: str) -> None:
        """See `Target.create_machine`."""
        if self.board is not None:
            raise MonitorError(f"the embedded engine runs one machine; `{self.board.name}` exists; `Clear` removes it")
        self.board = Board(name, native_twins=self._native_twins)
        self.board.machine.recognises_idle_loops = self._idle_loops
        self.board.run_preinit, self.board.run_init = self._run_preinit, self._run_init
        self.board.search = lambda: self.monitor.search.folders
        self.board.after_reset = self._after_reset
        self.board.machine.on_log.append(self._logged)

    def remove_machine(self, name: str) -> None:
        """See `Target.remove_machine`."""
        if self.board is not None:
            self.board.machine.close()
        self.board = None
        self.uart_records.clear()
        self._analyzers.clear()
        self.connector.clear()
        for terminal in self.externals.values():
            terminal.close()
        self.externals.clear()

    def select_machine(self, name: str | None) -> None:
        """See `Target.select_machine`; with one machine there is nothing to select."""

    def find(self, path: str) -> Any | None:
        """See `Target.find`."""
        if path in self._special:
            return self._special[path]
        if path in self.externals:
            return self.externals[path]
        if self.board is None:
            return None
        return self.board.platform.find(path)

    def paths(self) -> Sequence[str]:
        """See `Target.paths`."""
        return self.board.platform.paths() if self.board else []

    def load_platform(self, path: Path) -> None:
        """See `Target.load_platform`."""
        self.require_board().load_platform_description(path)

    def start(self) -> None:
        """See `Target.start`; an interactive session runs on between its commands."""
        self.started = True

    def pause(self) -> None:
        """See `Target.pause`."""
        self.started = False

    def now_ns(self) -> int:
        """See `Target.now_ns`."""
        return self.board.machine.now_ns() if self.board else 0

    def show_analyzer(self, path: str, kind: str | None) -> None:
        """See `Target.show_analyzer`: lines of a UART go to `output`."""
        name = path.rpartition(".")[2]
        if name in self._analyzers:
            return
        self._analyzers.add(name)
        line = bytearray()

        def show(time_ns: int, character: int) -> None:
            if character != ord("\n"):
                line.append(character & 0xFF)
                return
            text = line.decode("latin-1").rstrip("\r")
            line.clear()
            self.output(f"{time_ns / 1e9:12.6f}s {name}: {text}\n")

        self.uart(name).listen(show)

    def unmodelled(self) -> Sequence[str]:
        """See `Target.unmodelled`."""
        if self.board is None:
            return []
        find = self.board.sysbus.find_symbol_at
        return [
            item.line(find(item.pc) if item.pc else "") for item in self.board.machine.unmodelled_accesses.copy()
        ]  # fmt: skip

    def log(self, level: int, message: str) -> None:
        """See `Target.log`."""
        self._logged(level, "script", message)

    def set_log_level(self, level: int, path: str | None) -> None:
        """See `Target.set_log_level`; only what is said on `output`, counts are kept in any case."""
        if path is None:
            self._log_levels.clear()
        self._log_levels[path.rpartition(".")[2] if path else None] = level

    # Members of `emulation`

    def run_for(self, duration: TimeNs) -> None:
        """Run for a virtual time such as `"0.1"` or `"00:00:01.5"`."""
        end_ns = self.now_ns() + duration
        while self.now_ns() < end_ns:
            step_ns = SERVICE_NS if self.connector.is_used else duration
            self.run_to(min(self.now_ns() + step_ns, end_ns))
            self.connector.serve()

    def create_uart_pty_terminal(self, name: str, path: str) -> None:
        """A pseudo terminal under the link `path`; `connector Connect` joins it to a UART."""
        self._add(PtyTerminal(name, path))

    def create_server_socket_terminal(self, port: int, name: str) -> None:
        """A TCP server on the loopback address; `connector Connect` joins it to a UART."""
        self._add(SocketTerminal(port, name))

    def _add(self, terminal: Terminal) -> None:
        if self.find(terminal.name) is not None:
            terminal.close()
            raise MonitorError(f"there is already a `{terminal.name}`")
        self.externals[terminal.name] = terminal

    @property
    def is_started(self) -> bool:
        """Whether `start` was given."""
        return self.started

    # Inside the engine

    def require_board(self) -> Board:
        """The machine; raises MonitorError when there is none."""
        if self.board is None:
            raise MonitorError("there is no machine; `mach create` makes one")
        return self.board

    def uart(self, name: str) -> UartRecord:
        """The record of a UART, made at the first call."""
        if name not in self.uart_records:
            board = self.require_board()
            found = board.model(name)
            if not hasattr(found, "port"):
                raise MonitorError(f"`{name}` is no UART")
            self.uart_records[name] = UartRecord(board.machine, name, found.port, lambda: found.frame_bits)
        return self.uart_records[name]

    def _uart_of(self, peripheral: Any) -> UartRecord:
        for name, item in self.require_board().platform.objects.items():
            if item is peripheral:
                return self.uart(name)
        raise MonitorError("a terminal is connected to a UART of the machine")

    def _run_to(self, time_ns: int) -> None:
        board = self.require_board()
        board.start_cores()
        board.machine.run_to(time_ns)

    def _run_preinit(self, description: Description) -> None:
        for statement in description.preinit:
            self.monitor.execute(statement.text)

    def _run_init(self, built: Built) -> None:
        for line in built.init:
            self.monitor.on_object(line.target, line.name, tokenize(line.text))
        for name, statements in built.reset.items():
            self._reset_lines[name] = [f"{name} {statement.text}" for statement in statements]

    def _after_reset(self) -> None:
        for lines in self._reset_lines.values():
            for line in lines:
                self.monitor.execute(line)
        self.monitor.after_reset()

    def _logged(self, level: int, source: str, message: str) -> None:
        if level >= self._log_levels.get(source, self._log_levels[None]):
            self.output(f"[{logging.getLevelName(level)}] {source}: {message}\n")


class Manager:
    """The Monitor's `EmulationManager`: what is above a single machine."""

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation

    def clear(self) -> None:
        """Remove the machine, its terminals, and all variables and macros."""
        for name in self._emulation.machines:
            self._emulation.remove_machine(name)
        self._emulation.monitor.forget()
