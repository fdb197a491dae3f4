"""What the semaphores of the i.MX RT1170 have in common: gates that one owner at a time may hold, and their reset.

Source: i.MX RT1170 reference manual, chapters SEMA4 and RDC SEMA42.
"""

from __future__ import annotations

GATE_PATTERNS = (0xE2, 0x1D)
NOTIFICATION_PATTERNS = (0x47, 0xB8)
ALL_GATES = 64


class ResetSequence:
    """Two writes of one master, the second of which names what is to be reset; `state` is plain data."""

    def __init__(self, patterns: tuple[int, int]) -> None:
        self._patterns = patterns
        self.waiting_for: int | None = None
        """The master that has to write the second pattern, None in the idle state."""

    def write(self, raw: int, master: int) -> int | None:
        """One write; the number in its upper byte when it completes the sequence."""
        pattern = raw & 0xFF
        if self.waiting_for is None:
            if pattern == self._patterns[0]:
                self.waiting_for = master
            return None
        if self.waiting_for != master:
            return None
        self.waiting_for = None
        return raw >> 8 if pattern == self._patterns[1] else None

    def read(self) -> int:
        """State machine in bits 5:4, master in bits 3:0."""
        return 0 if self.waiting_for is None else 1 << 4 | self.waiting_for


def opened(gate: int, number: int) -> bool:
    """Whether gate `gate` is meant by a reset's `number`."""
    return number >= ALL_GATES or gate == number
