"""Addresses at which one bus master of the chip finds nothing although others find something there."""

from __future__ import annotations

from wattbench.core.model import Model, model


@model("Wattbench.EmptySpace")
class EmptySpace(Model):
    """Nothing. Registered with `cpu:` it hides from that core what is there for everyone.

    An engine that keeps a map for each core answers with a bus error; this model answers with 0 and counts the access
    where an engine asks it.
    """

    def read(self, offset: int, size: int) -> int:
        """A bus read of 1, 2 or 4 bytes."""
        self.host.unmodelled(self.name, f"read +0x{offset:X}")
        return 0

    def write(self, offset: int, size: int, value: int) -> None:
        """A bus write of 1, 2 or 4 bytes."""
        self.host.unmodelled(self.name, f"write +0x{offset:X}", f"value 0x{value:X}")
