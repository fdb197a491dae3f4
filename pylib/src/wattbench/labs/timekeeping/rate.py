"""How fast a clock runs, from the edges of its test output.

The output rises at each full second of the clock, and its edges have exact virtual times: a straight line through n
seconds gives the rate. The edges' own jitter, the largest distance of one from the line on either side, divided by the
time is the uncertainty; 30 us (a period of the 32 kHz crystal) over 100 s are 0.3 ppm, a twentieth of 0.5 s/day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from wattbench.core.clock import NS_PER_S, to_ns
from wattbench.core.errors import StimulusError, UsageError, VerdictError
from wattbench.engines.engine import EdgeTap

S_PER_DAY = 86_400
FEWEST_SECONDS = 10
LARGEST_ERROR = 0.1
"""A second that is longer or shorter by more than this part is none."""
SETTLE_S = 2
RTC_PERIOD_NS = 30_518
"""A period of 32 768 Hz."""
EDGE_NS = 1
"""Virtual time is in whole ns."""


class ClockBench(Protocol):
    """What the clock's rate needs of a bench."""

    @property
    def now_ns(self) -> int:
        """Virtual time."""

    @property
    def clock_output(self) -> EdgeTap:
        """The clock's test output."""

    def run_to_ns(self, time_ns: int) -> None:
        """Let virtual time pass."""


@dataclass(frozen=True)
class Rate:
    """A clock's rate over `seconds` of its own between two virtual times; positive errors are fast."""

    seconds: int
    from_ns: int
    to_ns: int
    error_ppm: float
    jitter_ns: float
    """From the earliest edge to the latest one, each compared with the straight line."""

    @property
    def uncertainty_ppm(self) -> float:
        """What the jitter of the edges may have done to the rate."""
        return (self.jitter_ns + 2 * EDGE_NS) / (self.to_ns - self.from_ns) * 1e6

    @property
    def s_per_day(self) -> float:
        """Seconds that the clock gains in a day."""
        return self.error_ppm * 1e-6 * S_PER_DAY

    @property
    def uncertainty_s_per_day(self) -> float:
        """See `uncertainty_ppm`."""
        return self.uncertainty_ppm * 1e-6 * S_PER_DAY

    def __str__(self) -> str:
        return (
            f"{self.s_per_day:+.4f} s/day ({self.error_ppm:+.4f} ppm) over {self.seconds} s, uncertainty "
            f"{self.uncertainty_s_per_day:.2g} s/day, edges within {self.jitter_ns / 1e3:.3g} us"
        )


def rate_of(times_ns: Sequence[int]) -> Rate:
    """The rate of a clock whose full seconds came at `times_ns`; raises for too few or for a second that is none."""
    if len(times_ns) < FEWEST_SECONDS + 1:
        raise StimulusError(
            f"the clock's output has shown {len(times_ns)} full seconds; a rate needs {FEWEST_SECONDS + 1}: run longer"
        )
    edges = np.array(times_ns, dtype=np.int64)
    lengths = np.diff(edges)
    worst = int(np.argmax(np.abs(lengths - NS_PER_S)))
    if abs(int(lengths[worst]) - NS_PER_S) > LARGEST_ERROR * NS_PER_S:
        raise VerdictError(
            f"a second of the clock lasts {lengths[worst] / NS_PER_S:.6f} s from {times_ns[worst] / NS_PER_S:.6f} s on"
        )
    count = np.arange(len(edges), dtype=np.float64)
    late = (edges - edges[0]) - count * NS_PER_S
    slope, offset = np.polyfit(count, late.astype(np.float64), 1)
    residual = late - (slope * count + offset)
    period_s = 1.0 + float(slope) / NS_PER_S
    return Rate(
        len(edges) - 1, times_ns[0], times_ns[-1], (1.0 / period_s - 1.0) * 1e6, float(residual.max() - residual.min())
    )


def full_seconds(tap: EdgeTap, from_ns: int, to_ns: int) -> list[int]:
    """Virtual times of the full seconds in a stretch."""
    pairs = zip(tap.times_ns, tap.levels, strict=True)
    return [time_ns for time_ns, level in pairs if level and from_ns <= time_ns <= to_ns]


def measure_rate(bench: ClockBench, duration_s: float | str) -> Rate:
    """Let two seconds and `duration_s` pass and judge the seconds that came in the latter.

    In the first two the output may still follow what was before a change. 100 s give 0.3 ppm with edges that jitter by
    a period of the 32 kHz crystal, and much more where they do not.
    """
    if to_ns(duration_s) < FEWEST_SECONDS * NS_PER_S:
        raise UsageError(f"a clock's rate is measured over {FEWEST_SECONDS} s at least, not {duration_s} s")
    tap, from_ns = bench.clock_output, bench.now_ns + SETTLE_S * NS_PER_S
    # The first edge may be nearly a second away, and the last one at the very end.
    bench.run_to_ns(from_ns + to_ns(duration_s) + NS_PER_S)
    return rate_of(full_seconds(tap, from_ns, bench.now_ns))
