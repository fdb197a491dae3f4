"""A session with Renode's own Monitor for people at a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

from wattbench.core.errors import WattbenchError
from wattbench.engines.renode.engine import RenodeEngine

SLICE_NS = 10_000_000
_QUIT = re.compile(r"\s*(?:quit|q)(?:\s+(?P<code>\d+))?\s*$")
_PAUSE = re.compile(r"\s*(?:pause|p)\s*$")


class Session:
    """Commands in, text out. After `start` the owner calls `run_slice` while nobody types.

    Renode's own threads do not let time pass: `start`, also inside a script, is noted, and `run_slice` runs on. So an
    error of a model or of the machine comes out where it can be shown.
    """

    def __init__(self, output: Callable[[str], None], engine: RenodeEngine | None = None) -> None:
        """`output` takes what analyzers and the log have to say; raises SetupError without Renode."""
        self.engine = engine or RenodeEngine()
        self.engine.runtime.log.output = output
        self.leaving: int | None = None
        """The exit code once `quit` was given."""

    @property
    def prompt(self) -> str:
        """What to show before a command."""
        return self.engine.runtime.prompt

    @property
    def started(self) -> bool:
        """Whether virtual time is to run on."""
        return self.engine.started

    def execute(self, line: str) -> str:
        """Carry out one line and return what it prints."""
        leaving = _QUIT.match(line)
        if leaving:
            self.leaving = int(leaving["code"] or 0)
            return ""
        if _PAUSE.match(line):
            self.engine.started = False
        return self.engine.execute(line)

    def run_slice(self) -> None:
        """Let 10 ms of virtual time pass; an error of the machine pauses it."""
        try:
            self.engine.run_to(self.engine.now_ns + SLICE_NS)
        except WattbenchError:
            self.engine.started = False
            raise


def open_monitor(output: Callable[[str], None] | None = None) -> Session:
    """A new session; analyzers write to standard output unless told otherwise."""

    def show(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    return Session(output or show)
