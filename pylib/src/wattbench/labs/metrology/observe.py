"""Read a meter before and after a stretch of virtual time.

A meter books energy in portions: a mains cycle at a time, say, once the buffer with its last sample is full. Readings
are therefore taken just after the registers have advanced, so that a whole number of portions lies between them. What
is left (how unequally late the portions are booked, the registers' resolution, the jitter of pulse edges, a latency
while the load differs) becomes the uncertainty of the measurement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from wattbench.bench.descriptions import Booking
from wattbench.core.clock import NS_PER_S, to_ns
from wattbench.core.errors import UsageError
from wattbench.engines.engine import EdgeTap
from wattbench.labs.grid.quantities import Injected


class MeterReader(Protocol):
    """What the judge needs of a bench."""

    @property
    def now_ns(self) -> int:
        """Virtual time."""

    @property
    def booking(self) -> Booking:
        """How its energy registers advance."""

    def run_for(self, seconds: float) -> None:
        """Let virtual time pass."""

    def register(self, name: str) -> list[float]:
        """A register by its name in the firmware's manifest, in the manifest's unit; several for L1, L2, L3."""

    def pulses(self, kind: str) -> EdgeTap:
        """The edges of a test output (`active`, `reactive`), recorded since the bench began."""


class Truth(Protocol):
    """What the judge needs of the grid."""

    @property
    def last_change_ns(self) -> int:
        """Virtual time of the last change up to now."""

    def injected(self, from_ns: int, to_ns: int) -> Injected:
        """The closed form between two virtual times; raises StimulusError if it was never sampled."""


@dataclass(frozen=True)
class Span:
    """Readings of registers at two virtual times; each may be late by up to `jitter_s` more than the other."""

    from_ns: int
    to_ns: int
    before: Mapping[str, list[float]]
    after: Mapping[str, list[float]]
    jitter_s: float = 0.0


def observe(
    bench: MeterReader, truth: Truth, registers: Sequence[str], duration_s: float, *, settle_s: float = 0.1
) -> Span:
    """Read registers, run for `duration_s` and read them again.

    Both readings are taken at least `settle_s` after the last change of the grid and just after the registers have
    advanced, so the machine may run a little before the span, and the span is a little longer than asked for. Changes
    within it count fully.
    """
    if duration_s <= 0:
        raise UsageError(f"A measurement needs a duration above 0 s, not {duration_s}.")
    _settle(bench, truth, settle_s)
    jitter_s = _await_advance(bench, registers)
    from_ns, before = bench.now_ns, {name: bench.register(name) for name in registers}
    bench.run_for(duration_s)
    if truth.last_change_ns > from_ns:
        _settle(bench, truth, settle_s)
    _await_advance(bench, registers)
    return Span(from_ns, bench.now_ns, before, {name: bench.register(name) for name in registers}, jitter_s)


def _await_advance(bench: MeterReader, registers: Sequence[str]) -> float:
    """Run until a register moves, or no energy is booked for longer than a period; the doubt that is left in s."""
    booking = bench.booking
    if not registers or not booking.period_s:
        return 0.0
    before = [bench.register(name) for name in registers]
    limit_ns = bench.now_ns + to_ns(1.5 * (booking.period_s + booking.jitter_s))
    while bench.now_ns < limit_ns and before == [bench.register(name) for name in registers]:
        bench.run_for(booking.step_s)
    return booking.jitter_s + booking.step_s


def _settle(bench: MeterReader, truth: Truth, settle_s: float) -> None:
    while (wait_ns := truth.last_change_ns + to_ns(settle_s) - bench.now_ns) > 0:
        bench.run_for(wait_ns / NS_PER_S)
