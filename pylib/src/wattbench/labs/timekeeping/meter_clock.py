"""Ask and set a meter's clock by its shell, and find the virtual time of what it stamps.

Times of the meter are whole milliseconds of UTC since 1970. A clock that is set tells two stories about one moment, so
the trace keeps an epoch for each story: the edges of the test output as labels, from a time on.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from wattbench.bench.console import Console
from wattbench.bench.descriptions import ClockDescription
from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import LimitError, UsageError, VerdictError
from wattbench.engines.engine import EdgeTap

NS_PER_MS = 1_000_000
ANSWER_NS = 20 * NS_PER_MS
"""The shell answers within this time, so a clock read so close to a full second is read again."""
TIME = re.compile(r"^utc (\S+)$")


def utc_text(utc_ms: int) -> str:
    """`2026-03-29T00:59:50.000Z`."""
    moment = datetime.fromtimestamp(utc_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{utc_ms % 1000:03d}Z"


def parse_utc(text: str) -> int:
    """Milliseconds since 1970 of a time such as `2026-03-29T00:59:50Z`; raises UsageError, also for no `Z`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"`{text}` is no time; write it as 2026-03-29T00:59:50Z") from error
    if moment.utcoffset() != timedelta(0):
        raise UsageError(f"`{text}` is not in UTC; write it as 2026-03-29T00:59:50Z")
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


class MeterBench(Protocol):
    """What this needs of a bench."""

    @property
    def now_ns(self) -> int:
        """Virtual time."""

    @property
    def clock(self) -> ClockDescription:
        """How the meter keeps time."""

    @property
    def clock_output(self) -> EdgeTap:
        """The clock's test output."""

    @property
    def console(self) -> Console:
        """The shell."""

    def run_to_ns(self, time_ns: int) -> None:
        """Let virtual time pass."""


@dataclass(frozen=True)
class Epoch:
    """From virtual time `from_ns` on, the edge at `edge_ns` was the full second `second` of UTC."""

    from_ns: int
    edge_ns: int
    second: int


class MeterClock:
    """A meter's clock. Make it when the meter is ready, and `mark` it after each start of the meter."""

    def __init__(self, bench: MeterBench) -> None:
        self._bench, self._tap = bench, bench.clock_output
        self._epochs: list[Epoch] = []
        self.mark()

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """The clock's stories, in the order of virtual time."""
        return tuple(self._epochs)

    @epochs.setter
    def epochs(self, epochs: tuple[Epoch, ...]) -> None:
        """Take back what `epochs` gave, for a bench that was restored to the same moment."""
        self._epochs = list(epochs)

    @property
    def is_current(self) -> bool:
        """Whether the edges it was marked by are still those of the bench; not after a restore of an older state."""
        return self._epochs[-1].edge_ns in self._tap.times_ns

    def command(self, command: str, **values: str) -> list[str]:
        """Give a shell command, filled in; returns the lines of the answer, raises VerdictError for an error."""
        text = command.format(**values)
        answer = self._bench.console.command(text)
        if any(line.startswith("error") for line in answer):
            raise VerdictError(f"the meter answers `{text}` with `{' '.join(answer)}`")
        return answer

    def read(self) -> tuple[int, int]:
        """The clock in ms, and the virtual time at which it showed that, which is up to `ANSWER_NS` earlier."""
        for line in self.command(self._bench.clock.read_command):
            match = TIME.match(line)
            if match:
                return parse_utc(match[1]), self._bench.now_ns
        raise VerdictError(f"the meter's answer to `{self._bench.clock.read_command}` has no line `utc TIME`")

    def mark(self) -> None:
        """Note which second of UTC the edges of the output are from now on."""
        from_ns = self._bench.now_ns
        for _ in range(4):
            before = self._edges()
            utc_ms, _ = self.read()
            edges = self._edges()
            # An edge while the meter answers would leave open which second was read.
            if edges and len(edges) == len(before) and edges[-1] >= from_ns:
                self._epochs.append(Epoch(from_ns, edges[-1], utc_ms // 1000))
                return
            if not edges or edges[-1] < from_ns:
                self._bench.run_to_ns(self._next_edge_ns() + NS_PER_S // 10)
            else:
                self._bench.run_to_ns(self._bench.now_ns + NS_PER_S // 10)
        raise LimitError("the clock's output shows no full seconds", time_ns=self._bench.now_ns)

    def _next_edge_ns(self) -> int:
        """Run until the output rises, 2.5 s at most; now."""
        seen, end_ns = len(self._edges()), self._bench.now_ns + 5 * NS_PER_S // 2
        while len(self._edges()) == seen:
            if self._bench.now_ns >= end_ns:
                raise LimitError("the clock's output shows no full seconds", time_ns=self._bench.now_ns)
            self._bench.run_to_ns(self._bench.now_ns + NS_PER_S // 20)
        return self._bench.now_ns

    def _edges(self) -> list[int]:
        return [time_ns for time_ns, level in zip(self._tap.times_ns, self._tap.levels, strict=True) if level]

    # Changing it

    def set(self, utc_ms: int) -> None:
        """Set the clock; a new epoch begins."""
        self.command(self._bench.clock.set_command, utc=utc_text(utc_ms))
        self.mark()

    def shift(self, ms: int) -> None:
        """Have the clock corrected without setting it; the epoch goes on."""
        self.command(self._bench.clock.shift_command, ms=str(ms))

    def trim(self, ppm: float) -> None:
        """Correct the clock's rate: positive is faster."""
        self.command(self._bench.clock.trim_command, ppm=f"{ppm:.3f}")

    # Virtual time and the meter's

    def last_full_second(self) -> tuple[int, int]:
        """The newest edge of the output: its virtual time in ns, and which second of UTC it was."""
        return self._labels(len(self._epochs) - 1)[-1]

    def now_ms(self) -> float:
        """What the clock shows now, from its edges."""
        return self.utc_ms(self._bench.now_ns)

    def utc_ms(self, time_ns: int) -> float:
        """What the clock showed at a virtual time."""
        index = bisect.bisect_right([epoch.from_ns for epoch in self._epochs], time_ns) - 1
        labels = self._labels(max(index, 0))
        times = [edge_ns for edge_ns, _ in labels]
        at = min(max(bisect.bisect_right(times, time_ns) - 1, 0), max(len(labels) - 2, 0))
        edge_ns, second = labels[at]
        length_ns = labels[at + 1][0] - edge_ns if len(labels) > at + 1 else NS_PER_S
        return second * 1000 + (time_ns - edge_ns) / length_ns * 1000

    def instant_ns(self, utc_ms: int, not_before_ns: int = 0) -> int:
        """The first virtual time from `not_before_ns` on at which the clock showed `utc_ms`; raises VerdictError.

        Between the edges of its output the clock is taken to run evenly, and so while the meter has no power.
        """
        for index, epoch in enumerate(self._epochs):
            labels = self._labels(index)
            end_ns = self._epochs[index + 1].from_ns if index + 1 < len(self._epochs) else self._bench.now_ns
            at = min(max(utc_ms // 1000 - labels[0][1], 0), max(len(labels) - 2, 0))
            edge_ns, second = labels[at]
            length_ns = labels[at + 1][0] - edge_ns if len(labels) > at + 1 else NS_PER_S
            instant = edge_ns + round((utc_ms - second * 1000) / 1000 * length_ns)
            # The command that begins an epoch takes effect a little before the epoch is noted.
            begin_ns = epoch.from_ns - ANSWER_NS if index else instant
            if instant >= not_before_ns and begin_ns <= instant <= end_ns:
                return instant
        raise VerdictError(f"the meter's clock has not shown {utc_text(utc_ms)} since {not_before_ns / NS_PER_S:.6f} s")

    def _labels(self, index: int) -> list[tuple[int, int]]:
        """Edges of an epoch with their seconds."""
        epoch = self._epochs[index]
        end_ns = self._epochs[index + 1].from_ns if index + 1 < len(self._epochs) else self._bench.now_ns
        edges = [edge_ns for edge_ns in self._edges() if epoch.from_ns <= edge_ns <= end_ns]
        anchor = edges.index(epoch.edge_ns)
        return [(edge_ns, epoch.second + place - anchor) for place, edge_ns in enumerate(edges)]

    def run_until(self, utc_ms: int) -> None:
        """Run until the clock shows `utc_ms`, as long as it is not set meanwhile."""
        while (left_ms := utc_ms - self.now_ms()) > 0:
            self._bench.run_to_ns(self._bench.now_ns + max(int(left_ms * NS_PER_MS * 0.95), NS_PER_MS))
