"""Read a meter before and after a stretch of virtual time.

A meter books energy in portions: after each buffer of samples, say. Its registers are therefore late by some latency.
Two readings of the same latency cancel it as long as the power before both is the same; what is left otherwise (and
the registers' resolution, and the jitter of pulse edges) becomes the uncertainty of the measurement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from wattbench.core.clock import NS_PER_S, to_ns
from wattbench.core.errors import UsageError
from wattbench.engines.engine import EdgeTap
from wattbench.labs.grid.truth import Injected


class MeterReader(Protocol):
    """What the judge needs of a bench."""

    @property
    def now_ns(self) -> int:
        """Virtual time."""

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
    """Readings of registers at two virtual times."""

    from_ns: int
    to_ns: int
    before: Mapping[str, list[float]]
    after: Mapping[str, list[float]]


def observe(
    bench: MeterReader, truth: Truth, registers: Sequence[str], duration_s: float, *, settle_s: float = 0.1
) -> Span:
    """Read registers, run for `duration_s` and read them again.

    Both readings are taken at least `settle_s` after the last change of the grid, so the machine may run a little
    before the span, and the span becomes longer when the grid changes at its end. Changes within it count fully.
    """
    if duration_s <= 0:
        raise UsageError(f"A measurement needs a duration above 0 s, not {duration_s}.")
    _settle(bench, truth, settle_s)
    from_ns, before = bench.now_ns, {name: bench.register(name) for name in registers}
    bench.run_for(duration_s)
    if truth.last_change_ns > from_ns:
        _settle(bench, truth, settle_s)
    return Span(from_ns, bench.now_ns, before, {name: bench.register(name) for name in registers})


def _settle(bench: MeterReader, truth: Truth, settle_s: float) -> None:
    while (wait_ns := truth.last_change_ns + to_ns(settle_s) - bench.now_ns) > 0:
        bench.run_for(wait_ns / NS_PER_S)
