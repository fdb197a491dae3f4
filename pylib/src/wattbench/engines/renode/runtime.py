"""Renode inside this process, through pyrenode3: the only place that speaks to .NET on behalf of the engine.

There is one Renode in a process. An exception that leaves a Python function which .NET called from a thread of its own
ends the process, so every such function is wrapped by `Runtime.guarded`.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial, wraps
from pathlib import Path
from typing import Any

from wattbench.core.errors import (
    LockupError,
    MachineError,
    MonitorError,
    SetupError,
    UnmappedAccessError,
    UsageError,
)
from wattbench.engines.renode.contents import Contents
from wattbench.engines.renode.discovery import require_renode
from wattbench.engines.renode.log import Log, LogLine

SEED = 1
FAULT_NAMES = {3: "HardFault", 4: "MemManage", 5: "BusFault", 6: "UsageFault"}
FAULTS = set(FAULT_NAMES)
DEFAULT_QUANTUM_NS = 100_000
"""Renode's own: how long a core runs before time is synchronised, and how late a request to stop is at most."""

_PREAMBLE = "There was an error executing command"

_started: Runtime | None = None


class Stop(Exception):
    """Leaves a run; raised inside Renode's loop over virtual time and caught around it."""


def start_renode() -> Runtime:
    """The Renode of this process, started at the first call; raises SetupError with the next step."""
    global _started  # noqa: PLW0603 - .NET can be loaded once in a process
    if _started is None:
        _started = Runtime()
    return _started


class Runtime(Contents):
    """A running Renode: its Monitor, its one emulation and the machine in it. Times are virtual ns."""

    def __init__(self) -> None:
        """Raises SetupError."""
        self._held: list[Any] = []
        installation = require_renode()
        try:
            wrappers = importlib.import_module("pyrenode3.wrappers")
            self._system = importlib.import_module("System")
            self._core = importlib.import_module("Antmicro.Renode.Core")
            self._time = importlib.import_module("Antmicro.Renode.Time")
            self._ui = importlib.import_module("Antmicro.Renode.UserInterface")
            self._to_class = importlib.import_module("pyrenode3.conversion").interface_to_class
            folder = Path.cwd()
            wrappers.Emulation()
            self._monitor = wrappers.Monitor().internal
            os.chdir(folder)
        except (ImportError, OSError, RuntimeError, SystemExit) as error:
            raise SetupError(f"Renode does not start ({installation.summary}): {error}") from error
        self.installation = installation
        self.quantum_ns = DEFAULT_QUANTUM_NS
        self.error: BaseException | None = None
        """The first exception of a Python function that .NET called; `run_for` and `execute` raise it."""
        self.before_run: Callable[[], None] = lambda: None
        """Called when the machine is about to run, whoever lets it."""
        self.uses: Any = None
        """Who has the emulation at present."""
        self.log = Log()
        self.log.attach(self._aborted)
        self._aborting: LogLine | None = None
        self._running = self._stopping = False
        self._leave = self._system.Action(self._leave_run)
        states = self._core.MachineStateChangedEventArgs
        self._added = self._system.Action[self._core.IMachine](self.guarded(self._machine_added))
        self._changed = self._system.Action[self._core.IMachine, states](self.guarded(self._state_changed))
        self._beginning = states.State.Started
        self._entered: Any = None
        self._known = {}
        self._ticks = int(self._time.TimeInterval.TicksPerSecond)
        self.clear()

    # Emulation

    @property
    def _emulation(self) -> Any:
        return self._core.EmulationManager.Instance.CurrentEmulation

    @property
    def machine(self) -> Any:
        """The .NET machine of the emulation; raises MonitorError before one was created or if there are several."""
        return self._once("machine", self._only_machine)

    def _only_machine(self) -> Any:
        machines = list(self._emulation.Machines)
        if len(machines) != 1:
            raise MonitorError(
                "there is no machine; `mach create` makes one" if not machines else "wattbench drives one machine only"
            )
        return self._to_class(machines[0])

    @property
    def has_machine(self) -> bool:
        """Whether a machine was created."""
        return len(list(self._emulation.Machines)) == 1

    def clear(self) -> None:
        """Remove everything and set up an empty emulation; the log is empty too."""
        self._core.EmulationManager.Instance.Clear()
        self._known.clear()
        self.log.clear()
        self.error = self._aborting = None
        self.before_run = lambda: None
        self.configure()
        self._emulation.MachineAdded += self._added

    def configure(self) -> None:
        """What makes runs repeatable: no host clock, one core after the other, a fixed seed."""
        self.execute("emulation SetGlobalAdvanceImmediately true")
        self.execute("emulation SetGlobalSerialExecution true")
        self.execute(f"emulation SetSeed {SEED}")
        self.set_quantum(self.quantum_ns)
        analyzers = importlib.import_module("Antmicro.Renode.Analyzers")
        uart = importlib.import_module("Antmicro.Renode.Peripherals.UART")
        self._emulation.BackendManager.SetPreferredAnalyzer(uart.UARTBackend, analyzers.LoggingUartAnalyzer)

    def set_quantum(self, quantum_ns: int) -> None:
        """How long cores run between two synchronisations of time."""
        if quantum_ns <= 0:
            raise UsageError(f"the quantum must be a positive number of ns, not {quantum_ns}")
        self.quantum_ns = quantum_ns
        self.execute(f'emulation SetGlobalQuantum "{quantum_ns / 1e9:.9f}"')

    # Monitor

    @property
    def prompt(self) -> str:
        """What Renode shows before a command."""
        selected = self._monitor.Machine
        name = self._emulation[selected] if selected is not None else "monitor"
        return f"({name}) "

    def execute(self, command: str) -> str:
        """One line of the Monitor language; returns what it prints, with plain line ends; raises MonitorError."""
        return self._captured(partial(self._monitor.HandleCommand, command))[0]

    def run_script(self, path: Path) -> str:
        """Run a script; returns what it prints; raises MonitorError at its first line that fails."""
        if not path.is_file():
            raise MonitorError(f"there is no script {path}")
        try:
            text, worked = self._captured(partial(self._monitor.TryExecuteScript, str(path.resolve())))
        except MonitorError as error:
            raise MonitorError(f"{path}: {error}") from None
        if not worked:
            raise MonitorError(f"{path} could not be carried out")
        return text

    def _captured(self, action: Callable[[Any], Any]) -> tuple[str, Any]:
        """What is printed while `action` talks to the Monitor, also by scripts that it includes, and its result."""
        interaction, result = self._ui.CommandInteractionEater(), None
        outer, self._monitor.Interaction = self._monitor.Interaction, interaction
        try:
            with suppress(Stop):
                result = action(interaction)
        finally:
            self._monitor.Interaction = outer
            self._known.clear()
        self._raise_error()
        if self._aborting is not None:
            self._emulation.PauseAll()
            raise self._explain_abort(self._aborting)
        fault = str(interaction.GetError()).strip()
        if fault:
            reasons = [line.strip() for line in fault.splitlines() if not line.startswith(_PREAMBLE)]
            raise MonitorError(" ".join(reasons) or fault)
        return str(interaction.GetContents()).replace("\r", ""), result

    # Running

    @property
    def now_ns(self) -> int:
        """Virtual time between runs, or at the last synchronisation inside one."""
        return self._ns(self._emulation.MasterTimeSource.ElapsedVirtualTime)

    def exact_now_ns(self) -> int:
        """Virtual time of the instruction that is being carried out, for functions called from inside a run."""
        machine = self.machine
        present = self.cpu_on_this_thread()
        if present is not None:
            present.SyncTime()
        return self._ns(machine.ElapsedVirtualTime.TimeElapsed)

    def cpu_on_this_thread(self) -> Any | None:
        """The core whose thread calls, None outside of the cores' threads."""
        found, cpu = self.machine.SystemBus.TryGetCurrentCPU()
        return cpu if found else None

    def run_for(self, duration_ns: int) -> bool:
        """Let time pass; true if `request_stop` ended it early, at the end of a quantum.

        Raises what a guarded function raised, LockupError or UnmappedAccessError when a core gave up.
        """
        self._running, self._stopping = True, False
        left = False
        try:
            self._emulation.RunFor(self._interval(duration_ns))
        except Exception as error:  # .NET hands the exception back under a type of its own
            if not isinstance(error, Stop) and not self._stopping and self._aborting is None and self.error is None:
                raise
            left = True
        finally:
            if left:
                self._emulation.PauseAll()
            self._unhook_leave()
            self._running = False
        self._raise_error()
        if self._aborting is not None:
            raise self._explain_abort(self._aborting)
        return self._stopping

    def request_stop(self) -> None:
        """End the run at the next synchronisation of time; nothing happens outside of `run_for`."""
        if self._running and not self._stopping:
            self._stopping = True
            self._hook_leave()

    @property
    def is_started(self) -> bool:
        """Whether a `start` lets Renode run on its own."""
        return bool(self._emulation.IsStarted)

    def pause(self) -> None:
        """End what `start` began."""
        self._emulation.PauseAll()

    def _hook_leave(self) -> None:
        if self._entered is None:
            self._entered = self._emulation.MasterTimeSource
            self._entered.SinksReportedHook += self._leave

    def _unhook_leave(self) -> None:
        if self._entered is not None:
            self._entered.SinksReportedHook -= self._leave
            self._entered = None

    def _leave_run(self) -> None:
        """Called by Renode on the thread that runs virtual time, whenever the cores have come to a rest.

        In the middle of a quantum only an abort may leave: the next run could not be shorter than the rest of it.
        """
        time = self._emulation.MasterTimeSource
        if self._aborting is not None or time.ElapsedVirtualTime == time.NearestSyncPoint:
            raise Stop

    def _aborted(self, line: LogLine) -> None:
        """A core gave up; without help Renode would wait for it forever."""
        self._aborting = line
        self._hook_leave()

    def _explain_abort(self, line: LogLine) -> MachineError:
        self._aborting = None
        self._unhook_leave()
        kind = UnmappedAccessError if line.is_fetch_from_nowhere else LockupError
        return kind(f"Renode's core gave up: {line.abort_reason}", line.abort_pc, self.now_ns)

    def _machine_added(self, machine: Any) -> None:
        self._known.clear()
        machine.StateChanged += self._changed

    def _state_changed(self, machine: Any, change: Any) -> None:
        if change.CurrentState == self._beginning:
            self.before_run()

    def guarded(self, function: Callable[..., Any], default: Any = None) -> Callable[..., Any]:
        """`function` for calls from .NET: an exception in it is kept, ends the run, and is raised outside."""

        @wraps(function)
        def call(*arguments: Any) -> Any:
            if self.error is not None:
                return default
            try:
                return function(*arguments)
            except BaseException as error:  # nothing may cross into .NET
                self.error = error
                self.request_stop()
                return default

        return call

    def _raise_error(self) -> None:
        error, self.error = self.error, None
        if error is not None:
            raise error

    # Cores

    def lockup(self) -> str | None:
        """Why the machine is locked up, None if it is not.

        Renode 1.16.1 knows no lock-up: a fault inside of a fault's handler stays pending, and its instruction is
        tried forever. Later versions say it themselves.
        """
        for cpu in self.cpus():
            if bool(getattr(cpu, "IsLockedUp", False)):
                return "a fault while it could not take one"
        for nvic in self._once("nvics", lambda: list(self.peripherals("NVIC"))):
            pending = FAULTS & self._exceptions(nvic, "pendingIRQs")
            if pending and FAULTS & self._exceptions(nvic, "activeIRQs"):
                return f"{FAULT_NAMES[min(pending)]} while the handler of a fault runs"
        return None

    def _exceptions(self, nvic: Any, field_name: str) -> set[int]:
        flags = importlib.import_module("System.Reflection").BindingFlags
        field = nvic.GetType().GetField(field_name, flags.NonPublic | flags.Instance)
        return set() if field is None else {int(number) for number in field.GetValue(nvic)}

    def pc(self) -> int:
        """Program counter of the first core."""
        return int(self.cpus()[0].PC.RawValue)

    def executed_instructions(self) -> list[tuple[int, int]]:
        """For each core that is not halted: instructions carried out, and how many of them fit in 1 us."""
        return [(int(cpu.ExecutedInstructions), int(cpu.PerformanceInMips)) for cpu in self.cpus() if not cpu.IsHalted]

    def halt(self, halted: bool) -> None:
        """Hold all cores, or let those go that were held so."""
        if halted:
            self._held = [cpu for cpu in self.cpus() if not cpu.IsHalted]
        for cpu in self._held:
            cpu.IsHalted = halted

    def reset(self) -> None:
        """Reset the machine; its macro `reset` follows."""
        self.machine.Reset()
        self._raise_error()

    # Wires

    def listen_uart(self, uart: Any, listener: Callable[[int], None]) -> None:
        """Call `listener(character)` with what a UART of Renode's sends."""
        action = self._system.Action[self._system.Byte](self.guarded(lambda character: listener(int(character))))
        uart.CharReceived += action

    def listen_led(self, led: Any, listener: Callable[[bool], None]) -> None:
        """Call `listener(level)` at each change of a LED of Renode's."""
        kind = importlib.import_module("Antmicro.Renode.Peripherals.Miscellaneous").ILed
        action = self._system.Action[kind, self._system.Boolean](self.guarded(lambda _, level: listener(bool(level))))
        led.StateChanged += action

    def schedule(self, delay_ns: int, action: Callable[[], None]) -> None:
        """Call `action` after a virtual time; it cannot be called off."""
        call = self._system.Action[self._time.TimeInterval](self.guarded(lambda _: action()))
        self.machine.ScheduleAction(self._interval(max(delay_ns, 1)), call, "wattbench")

    # Snapshots

    def save(self, path: Path) -> None:
        """Renode's own snapshot; raises MonitorError where something in the machine cannot be saved."""
        self.execute(f"Save @{path}")

    def load(self, path: Path) -> None:
        """Back to a snapshot; every .NET object is a new one."""
        hook = self.before_run
        self.execute(f"Load @{path}")
        self.execute("mach set 0")
        self.before_run = hook
        self.configure()
        self._emulation.MachineAdded += self._added
        self._machine_added(self.machine)

    def _interval(self, duration_ns: int) -> Any:
        return self._time.TimeInterval.FromTicks(duration_ns * self._ticks // 1_000_000_000)

    def _ns(self, interval: Any) -> int:
        return int(interval.Ticks) * 1_000_000_000 // self._ticks
