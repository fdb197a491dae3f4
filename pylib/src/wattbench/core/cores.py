"""What models and engines agree on about cores that another core starts. No model knows an engine's core by more."""

from __future__ import annotations

from typing import Protocol


class ReleasedCore(Protocol):
    """A core that is kept in reset until something lets it go."""

    def hold_until_release(self) -> None:
        """Into reset, and stay there."""

    def release(self, vector_table: int) -> None:
        """Begin with stack pointer and handler from the vector table at this address, as this core sees it."""


class VectorTableSource(Protocol):
    """Registers that say where a core finds its vectors when it leaves reset."""

    def vector_table(self) -> int:
        """Address of the table."""
