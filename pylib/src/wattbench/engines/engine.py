"""The engine contract: what a bench may ask of a running machine, whichever engine runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from wattbench.core.unmodelled import UnmodelledAccess
from wattbench.engines.trace import TraceRequest, TraceTap


class UartTap(Protocol):
    """A UART of the machine seen from outside, as characters with virtual time stamps."""

    @property
    def data(self) -> bytes:
        """Everything the chip has sent since power-on of the bench, eight bits a character."""

    @property
    def times_ns(self) -> Sequence[int]:
        """For each byte of `data` the virtual time at which its stop bit ended."""

    def send(self, data: bytes) -> None:
        """Queue characters towards the chip; they arrive one after the other at the line's baud rate from now on."""

    def listen(self, listener: Callable[[int, int], None]) -> None:
        """Call `listener(time_ns, character)` with each character that the chip sends."""


class EdgeTap(Protocol):
    """The edges of one wire with virtual time stamps."""

    @property
    def times_ns(self) -> Sequence[int]:
        """Times of the changes since the tap was made."""

    @property
    def levels(self) -> Sequence[bool]:
        """For each of `times_ns` the level after the change."""

    def listen(self, listener: Callable[[int, bool], None]) -> None:
        """Call `listener(time_ns, level)` at each change."""


class Engine(Protocol):
    """A machine under an engine. Addresses are those the CPU sees; times are virtual ns since power-on."""

    name: str
    """`embedded` or `renode`."""

    @property
    def now_ns(self) -> int:
        """Virtual time."""

    def close(self) -> None:
        """Free the machine; nothing may be asked of it any more."""

    def execute(self, command: str) -> str:
        """Carry out one line of the Monitor language and return what it prints; raises MonitorError."""

    def run_script(self, path: Path, variables: Mapping[str, str] | None = None) -> str:
        """Run a `.resc` with variables such as `{"bin": "@/path/firmware.elf"}` set before; returns what it prints."""

    def limit_awake(self, limit_ns: int) -> None:
        """Fail a run when the firmware does not sleep within `limit_ns` (0: no limit).

        Sleep is WFI, WFE and sleep on exit, a place named by `wait_at`, and under the embedded engine a loop that
        changes nothing and that an enabled interrupt can end.
        """

    def wait_at(self, addresses: Sequence[int]) -> None:
        """Name the code addresses at which the firmware only waits for an interrupt without saying so by WFI.

        The first core then sleeps there until an interrupt would wake it. An engine that cannot do so goes on
        executing the firmware's loop; results are the same but for the phase in which an interrupt finds the loop.
        """

    def run_to(self, time_ns: int) -> None:
        """Run until virtual time reaches `time_ns`, or until a listener called `request_stop`.

        Raises LockupError, UnmappedAccessError or LimitError when the machine cannot or must not go on.
        """

    def request_stop(self) -> None:
        """For listeners inside `run_to`: return as soon as possible (the same instant in each equal run)."""

    def read_memory(self, address: int, size: int) -> bytes:
        """Memory as the debugger sees it, without side effects on time."""

    def write_memory(self, address: int, data: bytes) -> None:
        """Write memory as the debugger does."""

    def symbol(self, name: str) -> int:
        """Address of a symbol of the loaded firmware; raises FirmwareFileError."""

    def uart(self, name: str) -> UartTap:
        """The tap on UART `name` of the platform."""

    def edges(self, name: str, output: str | int | None = None) -> EdgeTap:
        """A tap on an output of a model, or on the input of a part such as a LED (`output` None)."""

    def trace(self, request: TraceRequest) -> TraceTap:
        """Begin to record what happens inside; a machine has one trace at a time.

        It changes no time and no result, and is no part of `digest`. Raises UsageError for what there is not, and for
        what this engine cannot see.
        """

    def model(self, name: str) -> Any:
        """The Python object of a model by its name in the platform."""

    def reset(self) -> None:
        """Reset as the chip's reset pin does; memory keeps its contents, virtual time goes on."""

    def power_off(self) -> None:
        """Cut the supply: volatile memory and registers are lost."""

    def power_on(self) -> None:
        """Supply back: boot again; virtual time goes on."""

    def save(self) -> Any:
        """The whole machine as plain data."""

    def restore(self, snapshot: Any) -> None:
        """Back to what `save` gave; the taps' records are cut to that moment."""

    def unmodelled(self) -> list[UnmodelledAccess]:
        """Counted accesses that no model covers, since power-on or the last `forget_unmodelled`."""

    def forget_unmodelled(self) -> None:
        """Count accesses that no model covers from 0 on again."""

    def describe(self, address: int) -> str:
        """The function of the loaded firmware at a code address (`main+0x12`), empty outside of all."""

    def digest(self) -> str:
        """SHA-256 over all UART bytes, recorded edges with their times, and memory."""
