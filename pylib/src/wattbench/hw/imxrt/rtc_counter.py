"""The 47-bit counter behind both real-time clocks of the SNVS block."""

from __future__ import annotations

import math
from fractions import Fraction

from wattbench.core.clock import NS_PER_S

COUNTER_BITS = 47
COUNT_MASK = (1 << COUNTER_BITS) - 1
NOMINAL_HZ = 32_768


class RtcCounter:
    """Counts `hz` ticks a second while it runs; a change of frequency keeps the part of a tick that has passed."""

    def __init__(self) -> None:
        self.hz = Fraction(NOMINAL_HZ)
        self.position = Fraction(0)
        self.anchor_ns = 0
        self.running = False

    @property
    def state(self) -> tuple[Fraction, Fraction, int, bool]:
        """Frequency, position at the anchor, anchor, running: all there is to save."""
        return self.hz, self.position, self.anchor_ns, self.running

    @state.setter
    def state(self, saved: tuple[Fraction, Fraction, int, bool]) -> None:
        self.hz, self.position, self.anchor_ns, self.running = saved

    def _at(self, now_ns: int) -> Fraction:
        return self.position + self.hz * (now_ns - self.anchor_ns) / NS_PER_S if self.running else self.position

    def count(self, now_ns: int) -> int:
        """The 47-bit count at `now_ns`."""
        return math.floor(self._at(now_ns)) & COUNT_MASK

    def change(self, now_ns: int, *, count: int | None = None, hz: Fraction | None = None, running: bool) -> None:
        """From `now_ns` on, go on from `count`, with `hz`, running or not; None keeps what is."""
        here = self._at(now_ns)
        self.position = Fraction(count) if count is not None else here - (math.floor(here) & ~COUNT_MASK)
        self.anchor_ns, self.running = now_ns, running
        if hz is not None:
            self.hz = hz

    def time_of(self, count: int, now_ns: int, period: int = COUNT_MASK + 1) -> int | None:
        """First ns after `now_ns` at which the count becomes `count` modulo `period`; None while it stands still."""
        if not self.running:
            return None
        now = math.floor(self._at(now_ns))
        target = now + ((count - now - 1) % period + 1)
        return self.anchor_ns + math.ceil((target - self.position) / self.hz * NS_PER_S)
