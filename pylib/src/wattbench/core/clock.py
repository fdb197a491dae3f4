"""Virtual time: whole nanoseconds since power-on, and exact arithmetic between clocks.

No clock accumulates rounding: tick counts and tick instants are computed from an anchor each time, so
28 800 000 periods of 125 us are exactly one hour.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import gcd
from typing import Protocol

NS_PER_S = 1_000_000_000


def to_ns(seconds: float | int | str | Fraction) -> int:
    """Virtual time in ns of a time in seconds; text such as `"0.1"` is taken exactly."""
    return round(Fraction(seconds) * NS_PER_S)


class TickClock:
    """A counter clock of `hz` ticks per second that starts at `anchor_ns`; hz may be a Fraction."""

    __slots__ = ("_den", "_num", "anchor_ns", "hz")

    def __init__(self, hz: int | Fraction, anchor_ns: int = 0) -> None:
        self.hz = hz if isinstance(hz, Fraction) else Fraction(hz)
        self.anchor_ns = anchor_ns
        # Whole numbers rather than a division of fractions: clocks are made at every change of a counter.
        numerator, denominator = self.hz.numerator, self.hz.denominator * NS_PER_S
        if numerator <= 0:
            raise ValueError(f"a clock needs a frequency above 0 Hz, not {hz}")
        shared = gcd(numerator, denominator)
        self._num, self._den = numerator // shared, denominator // shared

    def ticks_at(self, time_ns: int) -> int:
        """Whole ticks that have passed from the anchor to `time_ns`."""
        return (time_ns - self.anchor_ns) * self._num // self._den

    def time_of(self, tick: int) -> int:
        """First whole ns at which `ticks_at` reaches `tick`."""
        return self.anchor_ns - (-tick * self._den // self._num)


class ClockSource(Protocol):
    """Where a block takes its clock from: the clock controller, or a fixed oscillator in a test."""

    def rate_hz(self, root: str) -> Fraction | int:
        """Present frequency of clock root `root` (`"GPT1"`, `"LPUART1"`, ...); 0 while it is off."""

    def on_rate_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each change of any root's frequency."""


class FixedClock:
    """A clock source whose every root runs at one frequency for ever."""

    def __init__(self, hz: int | Fraction) -> None:
        self.hz = hz

    def rate_hz(self, root: str) -> Fraction | int:
        """See `ClockSource.rate_hz`."""
        return self.hz

    def on_rate_change(self, callback: Callable[[], None]) -> None:
        """See `ClockSource.on_rate_change`; never called."""


class ClockInput:
    """Where a block's clock comes from: a root of the platform's clock source, or an oscillator of its own.

    `root` is the root's name (`root_of` knows the usual one), `oscillator_hz` the frequency where the platform names no
    `source`. The source's error shows at once if it has no such root.
    """

    __slots__ = ("_source", "root")

    def __init__(self, source: ClockSource | None, root: str, oscillator_hz: int) -> None:
        self._source = source or FixedClock(oscillator_hz)
        self.root = root
        self._source.rate_hz(root)

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each change of the source's frequencies."""
        self._source.on_rate_change(callback)

    @property
    def hz(self) -> Fraction:
        """Present frequency; 0 while it is off."""
        return Fraction(self._source.rate_hz(self.root))


def root_of(clock_root: str, block: str) -> str:
    """`clock_root`, or where it is empty the root named as the block `block` is: `lpuart1` has `LPUART1`."""
    return clock_root or block.rpartition(".")[2].upper()
