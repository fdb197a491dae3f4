"""The clock of the Ethernet MAC for time stamps (IMXRT1170RM "ENET", adjustable timer).

Its time is computed from an anchor: steps of INC ns, each COR-th of them INC_CORR ns, modulo the period.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from wattbench.core.clock import TickClock


class EnetClock:
    """Time of one MAC; the MAC tells it of each change of its registers by `set`."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self.clear()

    def clear(self) -> None:
        """Stopped at zero."""
        self.anchor_ns = self.base = 0
        self.hz = Fraction(0)
        self.step = self.corrected_step = self.correction = 0
        self.period = 0

    def save(self) -> tuple[int | Fraction, ...]:
        """The whole state."""
        return (self.anchor_ns, self.base, self.hz, self.step, self.corrected_step, self.correction, self.period)

    def restore(self, saved: tuple[int | Fraction, ...]) -> None:
        """Take back what `save` gave."""
        anchor_ns, base, hz, *rest = saved
        self.anchor_ns, self.base, self.hz = int(anchor_ns), int(base), Fraction(hz)
        self.step, self.corrected_step, self.correction, self.period = map(int, rest)

    def set(
        self, *, hz: Fraction, step: int, corrected_step: int, correction: int, period: int, time: int | None = None
    ) -> None:
        """Go on from the present time, or from `time`, with this rate; `hz` 0 stops it."""
        self.base = self.time_at(self._now_ns()) if time is None else time
        self.anchor_ns, self.hz = self._now_ns(), hz
        self.step, self.corrected_step, self.correction, self.period = step, corrected_step, correction, period

    def _advance(self, ticks: int) -> int:
        corrected = ticks // self.correction if self.correction else 0
        return (ticks - corrected) * self.step + corrected * self.corrected_step

    def time_at(self, time_ns: int) -> int:
        """The clock's time at a virtual time; before its last change it stands where it then was."""
        if not self.hz:
            return self.base
        ticks = TickClock(self.hz, self.anchor_ns).ticks_at(max(time_ns, self.anchor_ns))
        time = self.base + self._advance(ticks)
        return time % self.period if self.period else time & 0xFFFF_FFFF

    def next_wrap_ns(self) -> int | None:
        """Virtual time at which the next period is full; None while the clock stands or has no period."""
        if not (self.hz and self.step and self.period):
            return None
        clock = TickClock(self.hz, self.anchor_ns)
        done = clock.ticks_at(self._now_ns())
        goal = ((self.base + self._advance(done)) // self.period + 1) * self.period - self.base
        low, high = done, done + 1
        while self._advance(high) < goal:
            low, high = high, done + 2 * (high - done)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._advance(middle) < goal else (low, middle)
        return clock.time_of(high)
