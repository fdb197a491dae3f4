"""One error tree for everything a user can run into.

Each message is one sentence that says what is wrong, where, and what to do. The class decides the
exit code of the command line: 1 a verdict failed, 2 wrong use or bad input, 3 the set-up is broken.
"""

from __future__ import annotations

from pathlib import Path


class WattbenchError(Exception):
    """Base of every error that wattbench raises on purpose."""

    exit_code = 2


class UsageError(WattbenchError):
    """A call, option or argument that makes no sense; nothing was done."""


class SetupError(WattbenchError):
    """Something that has to be installed or built is missing or broken."""

    exit_code = 3


class SourceError(WattbenchError):
    """A fault in a text file that a user wrote (.repl, .resc, manifest), with its place."""

    def __init__(self, message: str, file: str | Path, line: int = 0, column: int = 0, code: int | None = None) -> None:
        """`code` is Renode's number for the same fault (`Error E01`), where it has one."""
        self.message, self.file, self.line, self.column, self.code = message, str(file), line, column, code
        place = self.file + (f":{line}" if line else "") + (f":{column}" if line and column else "")
        number = f"Error E{code:02d}: " if code is not None else ""
        super().__init__(f"{place}: {number}{message}")


class FirmwareFileError(WattbenchError):
    """A firmware image that is missing, is no Arm ELF, or does not fit the machine's memory."""


class MonitorError(WattbenchError):
    """A Monitor command that cannot be carried out."""


class StimulusError(WattbenchError):
    """A waveform or traffic that cannot be injected, or that did not happen (clipped, unused)."""


class MachineError(WattbenchError):
    """The emulated machine came to a state it cannot go on from; carries PC and virtual time."""

    exit_code = 1

    def __init__(self, message: str, pc: int | None = None, time_ns: int | None = None) -> None:
        self.pc, self.time_ns = pc, time_ns
        place = [f"PC 0x{pc:08X}"] if pc is not None else []
        place += [f"virtual time {time_ns / 1e9:.9f} s"] if time_ns is not None else []
        super().__init__(f"{message} ({', '.join(place)})" if place else message)


class UnmappedAccessError(MachineError):
    """Firmware touched an address where the platform has nothing."""


class LockupError(MachineError):
    """The core locked up: a fault while it could not take one (ARMv7-M B1.5.15)."""


class BootError(LockupError):
    """The boot ROM found nothing that it could start, or firmware asked it for something that is not modelled."""


class LimitError(MachineError):
    """A limit in virtual time ran out before the awaited thing happened, or firmware never slept within it."""


class VerdictError(WattbenchError):
    """A judgement failed: the measured thing is outside its limit."""

    exit_code = 1


class UnmodelledAccessError(VerdictError):
    """Firmware used what no model does, and nobody has accepted that."""
