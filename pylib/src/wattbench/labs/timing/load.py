"""CPU load: instructions that ran, by function and by partition, over windows of virtual time.

Instructions are counted block by block, so sums are exact; a window's borders are exact to a block. A core that sleeps,
and a loop that changes nothing and that an interrupt can end, is no load.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wattbench.core.errors import StimulusError, UsageError
from wattbench.core.names import did_you_mean
from wattbench.engines.trace import BELOW_BOUNDARIES, TraceKind, rows
from wattbench.labs.timing.recording import Recording, address_range
from wattbench.labs.timing.series import duration, instant

ELF_PREFIX = "elf:"
EVERYTHING = ""
_PICO = 1000  # an instruction takes 1000 / MIPS ns


@dataclass(frozen=True)
class LoadWindow:
    """The load of one window: `percent` of it, most of it in the code at `pc`."""

    begin_ns: int
    end_ns: int
    percent: float
    pc: int


@dataclass(frozen=True)
class Load:
    """The load of something in each window of a recording."""

    of: str
    windows: tuple[LoadWindow, ...]
    place: Callable[[int], str]

    @property
    def mean_percent(self) -> float:
        """Over the whole time."""
        whole = sum(item.end_ns - item.begin_ns for item in self.windows)
        return sum(item.percent * (item.end_ns - item.begin_ns) for item in self.windows) / whole

    @property
    def worst(self) -> LoadWindow:
        """The first of the windows with the most load."""
        return max(self.windows, key=lambda item: item.percent)

    def describe(self) -> str:
        """The worst window with its time and the code that it was spent in."""
        worst = self.worst
        span = f"from {instant(worst.begin_ns)} on for {duration(worst.end_ns - worst.begin_ns)}"
        where = f", most of it in the code at PC {self.place(worst.pc)}" if worst.pc else ""
        return f"{worst.percent:.4g} % {span}{where}"


@dataclass(frozen=True)
class _Counts:
    """Busy ns (rows: windows, columns: stretches of code), and each stretch's first address."""

    busy_ns: NDArray[np.float64]
    starts: NDArray[np.int64]
    begins_ns: NDArray[np.int64]
    window_ns: int


def _counts(recording: Recording, core: int) -> _Counts:
    if not recording.request.load_window_ns:
        raise UsageError("the CPU load was not recorded; record the part `load`")
    window_ns, began_ns = recording.request.load_window_ns, recording.began_ns
    rows = max(-(-recording.duration_ns // window_ns), 1)
    starts = np.array([0, *recording.request.load_boundaries], np.int64)
    busy = np.zeros((rows, len(starts)))
    records = recording.of(TraceKind.LOAD)
    records = records[records["core"] == core]
    source = records["source"].astype(np.int64)
    column = np.where(source == BELOW_BOUNDARIES, 0, source + 1)
    row = np.clip((records["since_ns"] - began_ns) // window_ns, 0, rows - 1)
    np.add.at(busy, (row, column), records["value"] * (_PICO / recording.mips[core]))
    _add_hangs(recording, core, busy, starts, window_ns)
    return _Counts(busy, starts, began_ns + window_ns * np.arange(rows), window_ns)


def _add_hangs(
    recording: Recording, core: int, busy: NDArray[np.float64], starts: NDArray[np.int64], window_ns: int
) -> None:
    """Loops that were passed over and that nothing could have ended kept the core busy all the same."""
    for record in rows(recording.of(TraceKind.LOOP)):
        if record.core != core or record.value:
            continue
        column = int(np.searchsorted(starts, record.pc, "right")) - 1
        at, end = max(record.since_ns, recording.began_ns), record.time_ns
        while at < end:
            row = min((at - recording.began_ns) // window_ns, len(busy) - 1)
            upto = end if row == len(busy) - 1 else min(end, recording.began_ns + (row + 1) * window_ns)
            busy[row, column] += upto - at
            at = upto


def cpu_load(recording: Recording, of: str = EVERYTHING, over_ns: int = 0, core: int = 0) -> Load:
    """The load of everything, of a partition of the manifest, or of what such an entry may name; see `TimingPoints`.

    `over_ns` are the windows, whole multiples of the recorded ones; 0 makes one window of all. A last window that is
    not whole is left out, unless it is the only one.
    """
    counts = _counts(recording, core)
    step = over_ns // counts.window_ns if over_ns else 0
    if over_ns and (step < 1 or over_ns % counts.window_ns):
        recorded = duration(counts.window_ns)
        raise UsageError(f"the load was recorded in windows of {recorded}; {duration(over_ns)} is no multiple of it")
    chosen = _columns(recording, of, counts.starts)
    whole = recording.duration_ns // counts.window_ns
    spans = [(row, row + step) for row in range(0, whole - step + 1, step)] if step else []
    if step and not spans:
        raise StimulusError(
            f"{duration(recording.duration_ns)} were recorded, less than the window of {duration(over_ns)}; "
            "let more virtual time pass"
        )
    windows = []
    for first, last in spans or [(0, len(counts.busy_ns))]:
        begin_ns = int(counts.begins_ns[first])
        end_ns = begin_ns + (last - first) * counts.window_ns if spans else recording.ended_ns
        if end_ns <= begin_ns:
            raise StimulusError("no virtual time was recorded, so there is no load; let time pass")
        stretches = counts.busy_ns[first:last].sum(axis=0) * chosen
        total = float(stretches.sum())
        pc = int(counts.starts[int(stretches.argmax())]) if total else 0
        windows.append(LoadWindow(begin_ns, end_ns, 100 * total / (end_ns - begin_ns), pc))
    return Load(of or "everything", tuple(windows), recording.code.place)


def load_by_function(recording: Recording, core: int = 0) -> dict[str, float]:
    """Share of the time in percent of each function, the most first; code without a symbol goes by its address."""
    counts = _counts(recording, core)
    totals = counts.busy_ns.sum(axis=0)
    shares: dict[str, float] = {}
    for start, busy_ns in zip(counts.starts, totals, strict=True):
        if busy_ns:
            function = recording.code.function_at(int(start))
            name = function.name if function is not None else f"0x{int(start):08X}"
            shares[name] = shares.get(name, 0.0) + 100 * float(busy_ns) / max(recording.duration_ns, 1)
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def load_by_partition(recording: Recording, core: int = 0) -> dict[str, float]:
    """Share of the time in percent of each partition of the manifest and of `the rest`, which is in none of them."""
    counts = _counts(recording, core)
    totals, left = counts.busy_ns.sum(axis=0), np.ones(len(counts.starts), bool)
    whole = max(recording.duration_ns, 1)
    shares = {}
    for name in recording.points.partitions:
        chosen = _columns(recording, name, counts.starts)
        shares[name] = 100 * float((totals * chosen).sum()) / whole
        left &= ~chosen
    shares["the rest"] = 100 * float((totals * left).sum()) / whole
    return shares


def _columns(recording: Recording, of: str, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which stretches of code belong to something; raises UsageError where none does."""
    if of == EVERYTHING:
        return np.ones(len(starts), bool)
    members = recording.points.partitions.get(of, (of,))
    chosen = np.zeros(len(starts), bool)
    for member in members:
        spans = _spans(recording, member)
        if not spans:
            known = [*recording.points.partitions, *(function.name for function in recording.code.functions)]
            hint = did_you_mean(member, known)
            raise UsageError(f"`{member}` is no partition, function, source or address range of this firmware{hint}")
        for low, high in spans:
            chosen |= (starts >= low) & (starts < high)
    return chosen


def _spans(recording: Recording, member: str) -> list[tuple[int, int]]:
    span, code = address_range(member), recording.code
    if span:
        return [span]
    if member.startswith(ELF_PREFIX):
        file = member.removeprefix(ELF_PREFIX)
        return [(item.start, item.end) for item in code.functions if fnmatch.fnmatch(item.file.name, file)]
    found = [(item.start, item.end) for item in code.functions if fnmatch.fnmatchcase(item.name, member)]
    if found or "." not in member:
        return found
    units = [unit for unit in code.units if _is_source(unit.source, member)]
    return [span for unit in units for span in unit.ranges]


def _is_source(source: str, member: str) -> bool:
    return fnmatch.fnmatchcase(source, member) or fnmatch.fnmatchcase(Path(source).name, member)
