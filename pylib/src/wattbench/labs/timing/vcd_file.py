"""A recording as a VCD file for wave viewers: wires, exceptions, functions, sleep, variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vcd import VCDWriter

from wattbench.engines.trace import TraceKind, rows
from wattbench.labs.timing.recording import Recording


def write_vcd(recording: Recording, path: Path) -> None:
    """Write it; times are virtual ns since the beginning of the recording."""
    with path.open("w", encoding="ascii", errors="replace") as file:
        _write(recording, VCDWriter(file, timescale="1 ns", date=""))


def _write(recording: Recording, writer: VCDWriter) -> None:
    request = recording.request
    cores = range(len(recording.mips))

    def variable(scope: str, name: str, size: int = 1, init: int = 0) -> Any:
        kind = "wire" if size == 1 else "reg"
        return writer.register_var(scope, _identifier(name), kind, size=size, init=init)

    wires = [variable("wires", name, init=_before(recording, number)) for number, name in enumerate(request.wires)]
    majors = [variable("dma", f"{name}_ends") for name in request.dma]
    services = [variable("dma", f"{name}_serves") for name in request.dma_services]
    exceptions = [variable(f"core{core}", "exception", 16) for core in cores] if request.exceptions else []
    asleep = [variable(f"core{core}", "asleep") for core in cores] if request.sleep else []
    names = {address: name for name, address in recording.addresses.items()}
    functions = {
        address: variable("functions", names.get(address, f"f_{address:08X}")) for address in request.functions
    }
    stores = {
        address: variable("variables", names.get(address, f"v_{address:08X}"), 32) for address, _ in request.stores
    }
    events: list[tuple[int, Any, int]] = []
    for record in rows(recording.records):
        at, source, value, core = record.time_ns - recording.began_ns, record.source, record.value, record.core
        match record.kind:
            case TraceKind.EDGE:
                events.append((at, wires[source], value))
            case TraceKind.MAJOR:
                events += [(at, majors[source], 1), (at + 1, majors[source], 0)]
            case TraceKind.SERVICE:
                events += [(at, services[source], 1), (at + 1, services[source], 0)]
            case TraceKind.ENTER:
                events.append((at, exceptions[core], value))
            case TraceKind.LEAVE:
                events.append((at, exceptions[core], source))
            case TraceKind.SLEEP | TraceKind.WAKE:
                events.append((at, asleep[core], int(record.kind == TraceKind.SLEEP)))
            case TraceKind.CALL | TraceKind.RETURN:
                events.append((at, functions[record.pc], int(record.kind == TraceKind.CALL)))
            case TraceKind.STORE if source in stores:
                events.append((at, stores[source], value))
    for at, changed, value in sorted((event for event in events if event[0] >= 0), key=lambda event: event[0]):
        writer.change(changed, at, value)
    writer.close(recording.duration_ns)


def _before(recording: Recording, wire: int) -> int:
    """A wire's level before its first recorded edge."""
    edges = recording.of(TraceKind.EDGE)
    edges = edges[edges["source"] == wire]
    return 1 - int(edges[0]["value"]) if len(edges) else 0


def _identifier(name: str) -> str:
    return "".join(character if character.isalnum() or character in "_[]" else "_" for character in name)
