"""A recording as trace events, the JSON that Perfetto and chrome://tracing open: slices, counters, instants."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wattbench.engines.trace import TraceKind, rows
from wattbench.labs.timing.interrupts import services
from wattbench.labs.timing.recording import Recording

_EXCEPTIONS, _SLEEP, _FUNCTIONS, _DMA = range(1, 5)
_TRACKS = {_EXCEPTIONS: "exceptions", _SLEEP: "sleep", _FUNCTIONS: "functions", _DMA: "DMA"}
_WIRES = 0
"""Process that wires and DMA belong to; a core is a process of its own."""
_NS_PER_US = 1000


def write_perfetto(recording: Recording, path: Path) -> None:
    """Write it; times are virtual since power-on, with ns behind the point."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{"displayTimeUnit":"ns","traceEvents":[\n')
        for number, event in enumerate(_events(recording)):
            file.write((",\n" if number else "") + json.dumps(event, separators=(",", ":")))
        file.write("\n]}\n")


def _us(ns: int) -> float:
    return ns / _NS_PER_US


def _slice(name: str, core: int, track: int, begin_ns: int, end_ns: int, **details: object) -> dict[str, Any]:
    event = {"ph": "X", "name": name, "pid": core + 1, "tid": track, "ts": _us(begin_ns), "dur": _us(end_ns - begin_ns)}
    return {**event, "args": details} if details else event


def _events(recording: Recording) -> Iterator[dict[str, Any]]:
    yield {"ph": "M", "name": "process_name", "pid": _WIRES, "args": {"name": "wires and DMA"}}
    for core in range(len(recording.mips)):
        yield {"ph": "M", "name": "process_name", "pid": core + 1, "args": {"name": f"core {core}"}}
        for track in (_EXCEPTIONS, _SLEEP, _FUNCTIONS):
            yield {
                "ph": "M", "name": "thread_name", "pid": core + 1, "tid": track, "args": {"name": _TRACKS[track]}
            }  # fmt: skip
    yield {"ph": "M", "name": "thread_name", "pid": _WIRES, "tid": _DMA, "args": {"name": _TRACKS[_DMA]}}
    if recording.request.exceptions:
        for service in services(recording):
            end_ns = recording.ended_ns if service.ended_ns is None else service.ended_ns
            name = recording.exception_name(service.number)
            place = recording.code.place(service.pc)
            yield _slice(name, service.core, _EXCEPTIONS, service.begun_ns, end_ns, interrupted=place)
    yield from _sleeps(recording)
    names = {address: name for name, address in recording.addresses.items()}
    for record in rows(recording.records):
        at, source, core = record.time_ns, record.source, record.core
        match record.kind:
            case TraceKind.RETURN:
                name = names.get(record.pc, recording.code.name(record.pc))
                yield _slice(name, core, _FUNCTIONS, record.since_ns, at)
            case TraceKind.LOOP:
                place = recording.code.place(record.pc)
                yield _slice("loop", core, _SLEEP, record.since_ns, at, at=place)
            case TraceKind.EDGE:
                name = recording.request.wires[source]
                yield {"ph": "C", "name": name, "pid": _WIRES, "ts": _us(at), "args": {"level": record.value}}
            case TraceKind.MAJOR:
                yield _instant(f"{recording.request.dma[source]} ends", at)
            case TraceKind.STORE:
                name = names.get(source, f"0x{source:08X}")
                yield {"ph": "C", "name": name, "pid": core + 1, "ts": _us(at), "args": {"value": record.value}}
    yield from _loads(recording)


def _instant(name: str, at_ns: int) -> dict[str, Any]:
    return {"ph": "i", "s": "t", "name": name, "pid": _WIRES, "tid": _DMA, "ts": _us(at_ns)}


def _sleeps(recording: Recording) -> Iterator[dict[str, Any]]:
    since: dict[int, int] = {}
    for record in rows(recording.of(TraceKind.SLEEP, TraceKind.WAKE)):
        core, at = record.core, record.time_ns
        if record.kind == TraceKind.SLEEP:
            since[core] = at
        elif core in since:
            yield _slice("asleep", core, _SLEEP, since.pop(core), at)
    for core, at in since.items():
        yield _slice("asleep", core, _SLEEP, at, recording.ended_ns)


def _loads(recording: Recording) -> Iterator[dict[str, Any]]:
    """A counter of the load of each window."""
    window_ns = recording.request.load_window_ns
    records = recording.of(TraceKind.LOAD)
    if not len(records):
        return
    busy: dict[tuple[int, int], float] = {}
    for record in rows(records):
        key = record.core, record.since_ns
        busy[key] = busy.get(key, 0.0) + record.value * 1000 / recording.mips[key[0]]
    for core in {core for core, _ in busy}:
        begin_ns = recording.began_ns
        while begin_ns < recording.ended_ns:
            percent = 100 * busy.get((core, begin_ns), 0.0) / window_ns
            args = {"load": round(percent, 4)}
            yield {"ph": "C", "name": "load in %", "pid": core + 1, "ts": _us(begin_ns), "args": args}
            begin_ns += window_ns
