"""A Monitor session of the embedded engine for people at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable

from wattbench.core.errors import MachineError
from wattbench.engines.embedded.emulation import Emulation
from wattbench.monitor.convert import TimeNs

SLICE_NS = 10_000_000


class Session:
    """Commands in, text out. After `start` the owner calls `run_slice` while nobody types."""

    def __init__(self, output: Callable[[str], None]) -> None:
        """`output` takes what analyzers and the log have to say, whenever they say it."""
        self.emulation = Emulation()
        self.emulation.output = output

    @property
    def prompt(self) -> str:
        """What to show before a command."""
        return self.emulation.monitor.prompt

    @property
    def leaving(self) -> int | None:
        """The exit code once `quit` was given."""
        return self.emulation.monitor.leaving

    @property
    def started(self) -> bool:
        """Whether virtual time is to run on."""
        return self.emulation.started

    def execute(self, line: str) -> str:
        """Carry out one line and return what it prints."""
        return self.emulation.monitor.execute(line)

    def run_slice(self) -> None:
        """Let 10 ms of virtual time pass; an error of the machine pauses it."""
        try:
            self.emulation.run_for(TimeNs(SLICE_NS))
        except MachineError:
            self.emulation.pause()
            raise


def open_monitor(output: Callable[[str], None] | None = None) -> Session:
    """A new session; analyzers write to standard output unless told otherwise."""

    def show(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    return Session(output or show)
