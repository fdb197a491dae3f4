"""Renode's log: kept from the console, read for what the engine must know, and handed to whoever shows it."""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wattbench.core.unmodelled import UnmodelledLog

LOGGER = logging.getLogger(__name__)
LEVELS = {-1: logging.DEBUG, 0: logging.DEBUG, 1: logging.INFO, 2: logging.WARNING, 3: logging.ERROR}
"""Renode's levels (noisy, debug, info, warning, error) as those of `logging`."""

ACCESS_BYTES = {"Byte": 1, "Word": 2, "DoubleWord": 4, "QuadWord": 8}
_NOWHERE = re.compile(
    r"(?:\[\S+: (?P<pc>0x[0-9A-Fa-f]+)[^\]]*\] )?(?:\(tag: .*?\) )?(?P<access>Read|Write)(?P<width>[A-Z]\w+) "
    r"(?:from|to) non existing peripheral at (?P<address>0x[0-9A-Fa-f]+)"
)
_ABORT = re.compile(r"CPU abort \[PC=(?P<pc>0x[0-9A-Fa-f]+)\]: (?P<reason>.*?)\.?$")
_ANALYZER = re.compile(r"\[host: .*?\|virt: .*?\] ")


@dataclass(frozen=True)
class LogLine:
    """One entry of Renode's log; `level` is that of `logging`, `source` empty if nobody in the machine said it."""

    level: int
    source: str
    text: str

    @property
    def is_abort(self) -> bool:
        """Whether a core gave up."""
        return _ABORT.match(self.text) is not None

    @property
    def abort_pc(self) -> int:
        """Where a core gave up."""
        match = _ABORT.match(self.text)
        return int(match["pc"], 16) if match else 0

    @property
    def abort_reason(self) -> str:
        """Why a core gave up, in Renode's words."""
        match = _ABORT.match(self.text)
        return match["reason"] if match else self.text

    @property
    def is_fetch_from_nowhere(self) -> bool:
        """Whether a core gave up because there is no memory where it should run on."""
        return self.abort_reason.startswith("Trying to execute code outside RAM or ROM")

    @property
    def is_from_analyzer(self) -> bool:
        """Whether it is a line of text that a UART has sent."""
        return _ANALYZER.match(self.text) is not None

    def unmapped(self) -> tuple[str, int] | None:
        """An access to an address where the platform has nothing, and its PC (0 if no core did it)."""
        match = _NOWHERE.match(self.text)
        if match is None:
            return None
        what = f"{match['access'].lower()} of {ACCESS_BYTES.get(match['width'], 0)} bytes"
        return f"{what} at 0x{int(match['address'], 16):08X}", int(match["pc"] or "0", 16)

    def shown(self) -> str:
        """The line for people; what an analyzer of a UART saw has no level."""
        if self.is_from_analyzer:
            return f"{self.source}: {self.text}\n"
        return f"[{logging.getLevelName(self.level)}] {self.source or 'renode'}: {self.text}\n"


class Log:
    """What Renode has logged. `output` gets the lines that people want to see."""

    def __init__(self) -> None:
        self.unmapped = UnmodelledLog()
        """Accesses where the platform has nothing, as `Engine.unmodelled` counts them."""
        self.output: Callable[[str], None] = lambda text: None
        self._on_abort: Callable[[LogLine], None] = lambda line: None

    def clear(self) -> None:
        """Forget the counts, and show nothing to anybody."""
        self.unmapped.clear()
        self.output = lambda text: None

    def attach(self, on_abort: Callable[[LogLine], None]) -> None:
        """Read Renode's log from now on; `on_abort` gets the line in which a core gives up."""
        self._on_abort = on_abort
        net = importlib.import_module("Antmicro.Renode.Logging")
        take = self.take

        class Backend(net.LoggerBackend):  # type: ignore[misc, name-defined]  # .NET has no stubs
            __namespace__ = "Wattbench"

            def Log(self, entry: Any) -> None:
                try:
                    take(int(entry.Type.NumericLevel), str(entry.ObjectName or ""), str(entry.Message))
                except Exception:  # nothing may cross into .NET
                    LOGGER.exception("a line of Renode's log could not be read")

        net.Logger.AddBackend(Backend(), "wattbench", True)

    def take(self, level: int, source: str, text: str) -> None:
        """One entry, with Renode's number for its level."""
        line = LogLine(LEVELS.get(level, logging.INFO), source, text)
        access = line.unmapped()
        if access is not None:
            what, pc = access
            self.unmapped.note("sysbus", what, pc, "", None)
        if line.is_abort:
            self._on_abort(line)
        LOGGER.debug("%s: %s", line.source, line.text)
        if line.level >= logging.WARNING or line.is_from_analyzer:
            self.output(line.shown())
