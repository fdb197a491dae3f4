"""The ring of DMA buffers: from a buffer's completion to its consumer, against the moment it is overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from wattbench.core.errors import StimulusError, UsageError
from wattbench.engines.trace import Records, TraceKind, rows
from wattbench.labs.timing.recording import Recording
from wattbench.labs.timing.series import Instance, Series, duration
from wattbench.labs.timing.signals import need, period


@dataclass(frozen=True)
class Passage:
    """A buffer from its completion to the end of its consumer; None where that never came."""

    completed_ns: int
    begun_ns: int | None
    ended_ns: int | None
    deadline_ns: int
    """From here on its ring place is overwritten."""
    pc: int
    """Where the core was when the consumer ended, or when the buffer began to be overwritten."""
    looked_ns: int
    """Until when its end was waited for."""

    @property
    def slack_ns(self) -> int:
        """How long before the overwriting the consumer ended; negative where it was later, or never came."""
        return self.deadline_ns - (self.looked_ns if self.ended_ns is None else self.ended_ns)


@dataclass(frozen=True)
class _Run:
    begun_ns: int
    ended_ns: int | None
    place: int
    back: int


def buffer_period(recording: Recording) -> Series:
    """From one buffer's completion to the next."""
    need(recording, "buffer_complete")
    return period(recording, "buffer period", _completions(recording), hint=_hint(recording))


def passages(recording: Recording) -> list[Passage]:
    """All buffers that were completed and whose fate is known at the end of the recording."""
    need(recording, "buffer_complete", "buffer_count", "consumer")
    points = recording.points
    if points.buffer_count < 2:
        raise UsageError("a ring has two buffers at least; correct `buffer_count` in the table [timing]")
    completions, runs = _completions(recording), _runs(recording)
    if len(completions) < 2:
        return []
    times = [int(time_ns) for time_ns in completions["time_ns"]]
    pace, ahead = int(np.median(np.diff(times))), points.buffer_count - 1
    matched = _match(recording, completions, runs)
    found = []
    for number, (completion, run) in enumerate(zip(completions, matched, strict=True)):
        later = number + ahead
        deadline_ns = times[later] if later < len(times) else times[number] + ahead * pace
        open_ended = run is None or run.ended_ns is None
        if open_ended and deadline_ns > recording.ended_ns:
            continue
        pc = int(completions[later]["pc"]) if later < len(times) else int(completion["pc"])
        if run is not None and run.ended_ns is not None and run.ended_ns <= deadline_ns:
            pc = run.back if run.back < 0xF0000000 else recording.address(points.consumer)
        begun_ns, ended_ns = (None, None) if run is None else (run.begun_ns, run.ended_ns)
        found.append(Passage(times[number], begun_ns, ended_ns, deadline_ns, pc, recording.ended_ns))
    return found


def buffer_to_consumer(recording: Recording) -> Series:
    """From a buffer's completion to the beginning of its consumer."""
    begun = [item for item in passages(recording) if item.begun_ns is not None]
    instances = [Instance(item.completed_ns, (item.begun_ns or 0) - item.completed_ns, item.pc) for item in begun]
    return _series(recording, "buffer to consumer", instances)


def buffer_to_consumer_end(recording: Recording) -> Series:
    """From a buffer's completion to the end of its consumer."""
    ended = [item for item in passages(recording) if item.ended_ns is not None]
    instances = [Instance(item.completed_ns, (item.ended_ns or 0) - item.completed_ns, item.pc) for item in ended]
    return _series(recording, "buffer to consumer end", instances)


def buffer_slack(recording: Recording) -> Series:
    """How long before a buffer is overwritten its consumer has ended; negative where it was too late."""
    return _series(recording, "buffer slack", [_slack(item) for item in passages(recording)])


def _slack(item: Passage) -> Instance:
    if item.begun_ns is None:
        note = "its consumer never began"
    elif item.ended_ns is None:
        note = f"its consumer began after {duration(item.begun_ns - item.completed_ns)} and did not end"
    else:
        began, took = item.begun_ns - item.completed_ns, item.ended_ns - item.begun_ns
        note = f"its consumer began after {duration(began)} and took {duration(took)}"
    return Instance(item.completed_ns, item.slack_ns, item.pc, note)


def _series(recording: Recording, name: str, instances: list[Instance]) -> Series:
    return Series.of(name, recording.span, instances, recording.code.place, hint=_hint(recording))


def _hint(recording: Recording) -> str:
    channel, consumer = recording.points.buffer_complete, recording.points.consumer
    return f"does DMA channel `{channel}` fill buffers, and is `{consumer}` called for each of them?"


def _completions(recording: Recording) -> Records:
    return recording.channel(TraceKind.MAJOR, recording.points.buffer_complete)


def _runs(recording: Recording) -> list[_Run]:
    """The consumer's calls with their ends; recursive calls are no runs of their own."""
    found: list[_Run] = []
    for record in rows(recording.calls(recording.points.consumer)):
        if record.kind == TraceKind.CALL:
            found.append(_Run(record.time_ns, None, record.value, record.source))
        elif found and found[-1].begun_ns == record.since_ns:
            found[-1] = _Run(found[-1].begun_ns, record.time_ns, found[-1].place, found[-1].back)
    return found


def _match(recording: Recording, completions: Records, runs: list[_Run]) -> list[_Run | None]:
    """For each completion the run that worked it off.

    Where the ring's addresses are known, the consumer's first argument tells the buffer. Else each run takes the
    oldest buffer that no run has taken and that is not overwritten yet.
    """
    points = recording.points
    if points.ring:
        need(recording, "buffer_bytes")
        return _match_by_place(recording, completions, runs)
    matched: list[_Run | None] = [None] * len(completions)
    times, first = completions["time_ns"], 0
    for run in _after_first(completions, runs):
        full = int(np.searchsorted(times, run.begun_ns, "right"))
        first = max(first, full - points.buffer_count)
        if first < full:
            matched[first] = run
            first += 1
    return matched


def _match_by_place(recording: Recording, completions: Records, runs: list[_Run]) -> list[_Run | None]:
    points = recording.points
    base, size = recording.address(points.ring), points.buffer_bytes
    places = (completions["value"].astype(np.int64) - 1 - base) // size
    if not bool(np.all((places >= 0) & (places < points.buffer_count))):
        raise StimulusError(
            f"DMA channel `{points.buffer_complete}` fills memory outside of the ring `{points.ring}` of "
            f"{points.buffer_count} buffers of {size} bytes; correct the table [timing] of the manifest"
        )
    matched: list[_Run | None] = [None] * len(completions)
    for run in _after_first(completions, runs):
        full = int(np.searchsorted(completions["time_ns"], run.begun_ns, "right"))
        for number in range(full - 1, max(full - 1 - points.buffer_count, -1), -1):
            if places[number] == (run.place - base) // size:
                matched[number] = matched[number] or run
                break
    return matched


def _after_first(completions: Records, runs: list[_Run]) -> Iterator[_Run]:
    first_ns = completions["time_ns"][0] if len(completions) else 0
    return (run for run in runs if run.begun_ns >= first_ns)
