"""A timed quantity: all its instances in a stretch of virtual time, and the worst of them with its place."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError

Times = NDArray[np.int64]

LEAST_INSTANCES = 10
"""Fewer than so many instances judge nothing, unless the caller says otherwise."""


def duration(ns: float) -> str:
    """A duration as people write it: `3.75 ms`, `12.5 us`, `40 ns`."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if abs(ns) >= size:
            return f"{ns / size:.6g} {unit}"
    return f"{ns:.6g} ns"


def instant(ns: int) -> str:
    """A virtual time: `12.345678901 s`."""
    return f"{ns / NS_PER_S:.9f} s"


@dataclass(frozen=True)
class Instance:
    """One instance: when it was, how long, where the core was, and what else there is to say of it."""

    time_ns: int
    value_ns: int
    pc: int = 0
    note: str = ""


@dataclass(frozen=True)
class Series:
    """All instances of one quantity from `from_ns` to `to_ns`, in the order of time."""

    name: str
    from_ns: int
    to_ns: int
    times_ns: Times
    values_ns: Times
    pcs: NDArray[np.uint32]
    notes: dict[int, str] = field(default_factory=dict)
    """What there is to say of some instances, by their number."""
    faults: tuple[str, ...] = ()
    """Instances that should be there and are not; nothing that has faults passes."""
    place: Callable[[int], str] = hex
    """Names a code address."""
    hint: str = "let more virtual time pass"
    """What to do where there are too few instances."""

    @staticmethod
    def of(
        name: str, span: tuple[int, int], instances: Iterable[Instance], place: Callable[[int], str], *, hint: str
    ) -> Series:
        """A series of instances."""
        found = list(instances)
        return Series(
            name, *span,
            np.array([item.time_ns for item in found], np.int64),
            np.array([item.value_ns for item in found], np.int64),
            np.array([item.pc for item in found], np.uint32),
            {number: item.note for number, item in enumerate(found) if item.note},
            place=place, hint=hint,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.values_ns)

    def require(self, at_least: int = LEAST_INSTANCES) -> Series:
        """Itself; raises StimulusError where there are too few instances to judge it."""
        if len(self) < max(at_least, 1):
            raise StimulusError(
                f"there are {len(self)} instances of {self.name} from {instant(self.from_ns)} to "
                f"{instant(self.to_ns)}, and {max(at_least, 1)} are needed to judge it; {self.hint}"
            )
        return self

    @property
    def mean_ns(self) -> float:
        """Mean of the values."""
        return float(np.mean(self.values_ns))

    @property
    def deviation_ns(self) -> float:
        """Standard deviation of the values."""
        return float(np.std(self.values_ns))

    @property
    def least_ns(self) -> int:
        """Smallest value."""
        return int(self.values_ns.min())

    @property
    def most_ns(self) -> int:
        """Largest value."""
        return int(self.values_ns.max())

    @property
    def jitter_ns(self) -> float:
        """How far the value farthest from the mean lies from it."""
        return abs(float(self.values_ns[self.farthest]) - self.mean_ns)

    @property
    def longest(self) -> int:
        """Number of the largest value, the first of several."""
        return int(np.argmax(self.values_ns))

    @property
    def shortest(self) -> int:
        """Number of the smallest value, the first of several."""
        return int(np.argmin(self.values_ns))

    @property
    def farthest(self) -> int:
        """Number of the value farthest from the mean, the first of several."""
        return int(np.argmax(np.abs(self.values_ns - self.mean_ns)))

    def instance(self, number: int) -> Instance:
        """One instance."""
        note = self.notes.get(number, "")
        return Instance(int(self.times_ns[number]), int(self.values_ns[number]), int(self.pcs[number]), note)

    def describe(self, number: int) -> str:
        """One instance with its virtual time and PC, for a message."""
        item = self.instance(number)
        where = f", PC {self.place(item.pc)}" if item.pc else ""
        return f"{duration(item.value_ns)} at {instant(item.time_ns)}{where}{f' ({item.note})' if item.note else ''}"

    def summary(self) -> str:
        """The series in one line."""
        if not len(self):
            return f"{self.name}: none"
        return (
            f"{self.name}: {len(self)} instances, mean {duration(self.mean_ns)}, {duration(self.least_ns)} to "
            f"{duration(self.most_ns)}, standard deviation {duration(self.deviation_ns)}"
        )

    def histogram(self, bins: int = 40) -> tuple[list[float], list[int]]:
        """Edges in ns and counts; equal values are one bar."""
        low, high = float(self.least_ns), float(self.most_ns)
        if low == high:
            return [low - 0.5, high + 0.5], [len(self)]
        count = min(bins, math.ceil(high - low))
        counts, edges = np.histogram(self.values_ns, bins=count, range=(low, high))
        return edges.tolist(), counts.tolist()
