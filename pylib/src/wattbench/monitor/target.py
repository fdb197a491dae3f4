"""What the Monitor asks of the engine behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol


class Target(Protocol):
    """An engine as the Monitor sees it. Methods raise errors of `wattbench.core.errors`.

    Objects are plain Python: `cpu VectorTableOffset 0x30002000` sets the attribute `vector_table_offset` of the object
    that `find("sysbus.cpu")` gives, `sysbus LoadELF @f` calls its `load_elf(Path(...))`; see `members`.
    """

    @property
    def machines(self) -> Sequence[str]:
        """Names of the machines, in the order of their creation."""

    def create_machine(self, name: str) -> None:
        """Make an empty machine with `sysbus` and `machine`."""

    def remove_machine(self, name: str) -> None:
        """Take a machine away."""

    def select_machine(self, name: str | None) -> None:
        """The machine that `find`, `paths` and `load_platform` are about from now on; None for none."""

    def find(self, path: str) -> Any | None:
        """The object at a full path (`machine`, `emulation`, `sysbus.lpspi1.ade_l1`), None where there is none."""

    def paths(self) -> Sequence[str]:
        """Full paths of all objects of the selected machine."""

    def load_platform(self, path: Path) -> None:
        """Load a `.repl` file into the selected machine."""

    def start(self) -> None:
        """Let virtual time run."""

    def pause(self) -> None:
        """Stop virtual time."""

    def now_ns(self) -> int:
        """Virtual time."""

    def show_analyzer(self, path: str, kind: str | None) -> None:
        """Show what the object at `path` (a UART) sends; `kind` names the analyzer, None for the default."""

    def unmodelled(self) -> Sequence[str]:
        """What firmware has used that no model does, a line each."""

    def log(self, level: int, message: str) -> None:
        """A line of the script's own in the log; levels are those of `logging`."""

    def set_log_level(self, level: int, path: str | None) -> None:
        """Log what is at or above `level`, of the object at `path` or of everything."""
