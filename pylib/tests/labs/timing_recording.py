"""Recordings put together by hand, so that each quantity has a value that is known beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from wattbench.bench.code_map import CodeMap, Function
from wattbench.bench.timing_points import TimingPoints
from wattbench.engines.trace import RECORD, UNKNOWN_NS, TraceKind, TraceRequest
from wattbench.labs.timing import Recording

US, MS = 1_000, 1_000_000
CONSUMER, RING, WINDOW, STAMP = 0x1000, 0x20000000, 0x20001000, 0x20001004
RING_BYTES = 1920
POINTS = TimingPoints(
    data_ready="adc.DREADY",
    chip_select="spi.PCS0",
    dma_start="dma.5",
    buffer_complete="dma.6",
    buffer_count=4,
    buffer_period_ms=3.75,
    consumer="consume",
    window="window",
    window_period_ms=200.0,
    crossing="stamp",
    timebase="0x40000000",
    timebase_hz=24e6,
    interrupts={"buffer": 6},
    partitions={"metering": ("consume", "other_*"), "flash": ("0x4000-0x5000",)},
)
REQUEST = TraceRequest(
    exceptions=True,
    sleep=True,
    wires=("adc.DREADY", "spi.PCS0"),
    dma=("dma.6",),
    dma_services=("dma.5",),
    load_boundaries=(0x1000, 0x1100, 0x2000, 0x2100, 0x4000, 0x5000),
    load_window_ns=10 * MS,
)
ADDRESSES = {"consume": CONSUMER, "window": WINDOW, "stamp": STAMP, "edma_buffers": RING}


class Code(CodeMap):
    """Two functions without an ELF file."""

    def __init__(self) -> None:
        super().__init__([])

    functions = (
        Function("consume", 0x1000, 0x1100, Path("a.elf")),
        Function("other_work", 0x2000, 0x2100, Path("b.elf")),
    )


def recording(records, end_ns=1_000 * MS, points=POINTS, **changes) -> Recording:
    """Of (time, kind, fields) in any order."""
    array = np.zeros(len(records), RECORD)
    for row, (time_ns, kind, fields) in zip(array, records, strict=True):
        row["time_ns"], row["kind"], row["since_ns"] = time_ns, kind, UNKNOWN_NS
        for name, value in fields.items():
            row[name] = value
    array = array[np.argsort(array["time_ns"], kind="stable")]
    values = {"began_ns": 0, "mips": (500,), "code": Code(), "addresses": ADDRESSES, "anchor": (0, 0)} | changes
    return Recording(array, REQUEST, points, ended_ns=end_ns, **values)


def edge(time_ns, wire, value, pc=0x2010):
    return time_ns, TraceKind.EDGE, {"source": wire, "value": value, "pc": pc}


def samples(count, period_ns=125 * US, late=None, missing=()):
    """Data-ready falls, and a microsecond later the select is asserted."""
    found = []
    for n in range(count):
        at = n * period_ns
        found += [edge(at, 0, 0), edge(at + 10 * US, 0, 1), (at, TraceKind.SERVICE, {"source": 0})]
        if n not in missing:
            found += [edge(at + (late or {}).get(n, US), 1, 1, 0x1010), edge(at + 40 * US, 1, 0)]
    return found


def buffers(count, *, took_ns=20 * US, late=None, skipped=(), with_places=True, period_ns=3_750_000):
    """A ring of four that a consumer works off."""
    found = []
    for n in range(1, count + 1):
        at, place = n * period_ns, (n - 1) % 4
        found.append((at, TraceKind.MAJOR, {"source": 0, "value": RING + (place + 1) * RING_BYTES, "pc": 0x2020}))
        if n in skipped:
            continue
        begun = at + (late or {}).get(n, US)
        value = RING + place * RING_BYTES if with_places else 0
        found.append((begun, TraceKind.CALL, {"pc": CONSUMER, "value": value, "source": 0x2030}))
        found.append((begun + took_ns, TraceKind.RETURN, {"pc": CONSUMER, "since_ns": begun, "source": 0x2030}))
    return found
