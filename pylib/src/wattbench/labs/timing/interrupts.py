"""Exceptions: how long they waited, how long they took, and which of them held up which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from wattbench.core.errors import UsageError
from wattbench.engines.trace import UNKNOWN_NS, TraceKind, rows
from wattbench.labs.timing.recording import Recording
from wattbench.labs.timing.series import Instance, Series, duration

SYSTICK = 15


@dataclass
class Service:
    """One run of an exception's handler."""

    number: int
    core: int
    begun_ns: int
    pended_ns: int
    """UNKNOWN_NS where that is not known."""
    interrupted: int
    """The exception that it interrupted, 0 for none."""
    pc: int
    """Where the core was before."""
    behind: int = 0
    """The exception whose handler ended just before, 0 for none."""
    ended_ns: int | None = None
    held_ns: dict[int, int] = field(default_factory=dict)
    """How long other exceptions ran inside of it, by their number."""

    @property
    def took_ns(self) -> int:
        """From its beginning to its end, interruptions included."""
        return (self.ended_ns or self.begun_ns) - self.begun_ns

    @property
    def own_ns(self) -> int:
        """The same without what interrupted it."""
        return self.took_ns - sum(self.held_ns.values())


def services(recording: Recording) -> list[Service]:
    """All runs of handlers that began in the recording, in that order; what still runs at its end has no end."""
    if not recording.request.exceptions:
        raise UsageError("exceptions were not recorded; record the part `interrupts`")
    found: list[Service] = []
    nested: dict[int, list[Service]] = {}
    left: dict[int, tuple[int, int]] = {}
    for record in rows(recording.of(TraceKind.ENTER, TraceKind.LEAVE)):
        core, time_ns, number = record.core, record.time_ns, record.value
        stack = nested.setdefault(core, [])
        if record.kind == TraceKind.ENTER:
            behind = left[core][1] if left.get(core, (-1, 0))[0] == time_ns else 0
            found.append(Service(number, core, time_ns, record.since_ns, record.source, record.pc, behind))
            stack.append(found[-1])
            continue
        left[core] = (time_ns, number)
        while stack and stack[-1].number != number:
            stack.pop()  # a handler that was left by other ways than its return
        if not stack:
            continue
        ended = stack.pop()
        ended.ended_ns = time_ns
        if stack:
            held = stack[-1].held_ns
            held[number] = held.get(number, 0) + ended.took_ns
    return found


def _wanted(recording: Recording, source: str) -> Iterator[Service]:
    """Those of one source; of all interrupts and SysTick where none is named."""
    number = recording.exception_number(source) if source else 0
    for service in services(recording):
        if service.number == number or (not source and service.number >= SYSTICK):
            yield service


def _hint(source: str) -> str:
    return f"does {source or 'any interrupt'} happen, and is it enabled? Let more virtual time pass"


def _series(recording: Recording, name: str, source: str, instances: list[Instance]) -> Series:
    full = f"{name}[{source}]" if source else name
    return Series.of(full, recording.span, instances, recording.code.place, hint=_hint(source))


def interrupt_latency(recording: Recording, source: str = "") -> Series:
    """From the rise of an interrupt's line to its handler's first instruction.

    For PendSV and other exceptions without a line it begins when they are made pending; for an interrupt that was not
    enabled since the beginning, when it first is. The PC is where the core was when it let the interrupt in.
    """
    instances = []
    for service in _wanted(recording, source):
        if service.pended_ns == UNKNOWN_NS:
            continue
        name, behind = recording.exception_name(service.number), ""
        if service.behind:
            behind = f", behind {recording.exception_name(service.behind)}"
        elif service.interrupted:
            behind = f", inside {recording.exception_name(service.interrupted)}"
        value_ns = service.begun_ns - service.pended_ns
        instances.append(Instance(service.begun_ns, value_ns, service.pc, name + behind))
    return _series(recording, "interrupt latency", source, instances)


def interrupt_time(recording: Recording, source: str = "") -> Series:
    """From the first instruction of a handler to its return, interruptions included."""
    instances = []
    for service in _wanted(recording, source):
        if service.ended_ns is not None:
            note = recording.exception_name(service.number)
            instances.append(Instance(service.begun_ns, service.took_ns, service.pc, note))
    return _series(recording, "interrupt time", source, instances)


def preemption(recording: Recording, source: str) -> Series:
    """How long each run of a handler was held up by others, those included that were not held up."""
    instances = []
    for service in _wanted(recording, source):
        if service.ended_ns is not None:
            by = ", ".join(
                f"{recording.exception_name(number)} {duration(ns)}" for number, ns in sorted(service.held_ns.items())
            )
            instances.append(Instance(service.begun_ns, sum(service.held_ns.values()), service.pc, by))
    return _series(recording, "preemption", source, instances)


@dataclass(frozen=True)
class Preemption:
    """How often one exception interrupted another one, and how long at most and together."""

    interrupted: str
    by: str
    count: int
    longest_ns: int
    total_ns: int


def preemptions(recording: Recording) -> list[Preemption]:
    """Which exceptions interrupted which (`thread`: code outside of exceptions), the most time first."""
    found: dict[tuple[int, int], list[int]] = {}
    for service in services(recording):
        if service.ended_ns is not None:
            found.setdefault((service.interrupted, service.number), []).append(service.took_ns)
    name = recording.exception_name
    entries = [
        Preemption(name(inner), name(by), len(times), max(times), sum(times)) for (inner, by), times in found.items()
    ]
    return sorted(entries, key=lambda item: -item.total_ns)


def exception_load(recording: Recording) -> dict[str, float]:
    """Share of the time in percent that each exception's handler took by itself, the most first."""
    totals: dict[int, int] = {}
    for service in services(recording):
        totals[service.number] = totals.get(service.number, 0) + service.own_ns
    whole = max(recording.duration_ns, 1)
    shares = {recording.exception_name(number): 100 * ns / whole for number, ns in totals.items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))
