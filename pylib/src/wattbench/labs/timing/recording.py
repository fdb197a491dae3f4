"""A trace of a meter at the timing points of its manifest, and what is recorded of it for measuring afterwards."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from wattbench.bench.code_map import CodeMap
from wattbench.bench.timing_points import TimingPoints
from wattbench.core.clock import NS_PER_S, to_ns
from wattbench.core.errors import StimulusError, UsageError
from wattbench.core.names import did_you_mean
from wattbench.engines.engine import EdgeTap
from wattbench.engines.trace import Records, TraceKind, TraceRequest, TraceTap
from wattbench.labs.timing.series import instant

LOAD_WINDOW_S = 0.01
"""How finely the CPU load is resolved in time unless told otherwise."""

PARTS = ("samples", "buffers", "window", "crossings", "pulses", "interrupts", "load", "functions")
"""What a recording may hold. `samples` are the most records, two wires and a DMA channel at the sample rate."""

FIRST_INTERRUPT = 16
SYSTEM_EXCEPTIONS = {
    2: "NMI", 3: "HardFault", 4: "MemManage", 5: "BusFault", 6: "UsageFault", 11: "SVCall", 12: "DebugMonitor",
    14: "PendSV", 15: "SysTick",
}  # fmt: skip
"""Exceptions below the interrupts by their number (ARMv7-M B1.5.2)."""


class TimingBench(Protocol):
    """What is asked of a bench."""

    @property
    def now_ns(self) -> int:
        """Virtual time."""

    @property
    def engine(self) -> Any:
        """The engine, for memory."""

    @property
    def manifest(self) -> Any:
        """The manifest, for pulse outputs."""

    @property
    def code(self) -> CodeMap:
        """Functions and lines."""

    def code_address(self, place: str) -> int:
        """Address of a symbol or number."""

    def trace(self, request: TraceRequest) -> TraceTap:
        """Begin a trace."""

    def pulses(self, kind: str) -> EdgeTap:
        """Edges of a metrology LED."""


@dataclass(frozen=True)
class Recording:
    """What a trace has seen from `began_ns` to `ended_ns`, with the names for it. Everything is plain data."""

    records: Records
    request: TraceRequest
    points: TimingPoints
    began_ns: int
    ended_ns: int
    mips: tuple[int, ...]
    code: CodeMap
    addresses: Mapping[str, int] = field(default_factory=dict)
    """Of functions and variables that were asked for, by the names that were used."""
    anchor: tuple[int, int] | None = None
    """A value of the firmware's time base and the virtual time of it."""
    pulses_ns: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Rising edges of the metrology LEDs since power-on."""
    leds: Mapping[str, str] = field(default_factory=dict)
    """Their wires."""

    @property
    def span(self) -> tuple[int, int]:
        """From and to virtual time in ns."""
        return self.began_ns, self.ended_ns

    @property
    def duration_ns(self) -> int:
        """How long it is."""
        return self.ended_ns - self.began_ns

    def of(self, *kinds: TraceKind) -> Records:
        """The records of some kinds."""
        return _where(self.records, np.isin(self.records["kind"], kinds))

    def edges(self, wire: str, edge: str) -> Records:
        """The `rising` or `falling` edges of a wire; raises UsageError where it was not recorded."""
        if wire not in self.request.wires:
            known = ", ".join(self.request.wires) or "none"
            raise UsageError(f"the wire `{wire}` was not recorded; recorded are: {known}")
        found, number = self.of(TraceKind.EDGE), self.request.wires.index(wire)
        return _where(found, (found["source"] == number) & (found["value"] == int(edge == "rising")))

    def channel(self, kind: TraceKind, name: str) -> Records:
        """The major loops (MAJOR) or minor loops (SERVICE) of a DMA channel."""
        asked = self.request.dma if kind == TraceKind.MAJOR else self.request.dma_services
        if name not in asked:
            raise UsageError(f"the DMA channel `{name}` was not recorded; recorded are: {', '.join(asked) or 'none'}")
        found = self.of(kind)
        return _where(found, found["source"] == asked.index(name))

    def stores(self, variable: str) -> Records:
        """Stores to the first word of a variable."""
        address = self.address(variable)
        found = self.of(TraceKind.STORE)
        return _where(found, found["source"] == address)

    def calls(self, function: str) -> Records:
        """CALL and RETURN records of a function."""
        address = self.address(function)
        found = self.of(TraceKind.CALL, TraceKind.RETURN)
        return _where(found, found["pc"] == address)

    def address(self, name: str) -> int:
        """Of a function or variable that was asked for; raises UsageError."""
        if name not in self.addresses:
            hint = did_you_mean(name, self.addresses)
            known = ", ".join(self.addresses) or "none"
            raise UsageError(f"`{name}` was not recorded{hint}; recorded are: {known}")
        return self.addresses[name]

    def exception_name(self, number: int) -> str:
        """`SysTick`, the name that the manifest gives an interrupt, `IRQ 6`, or `thread` for 0."""
        if number < FIRST_INTERRUPT:
            return SYSTEM_EXCEPTIONS.get(number, "thread" if number == 0 else f"exception {number}")
        irq = number - FIRST_INTERRUPT
        named = next((name for name, known in self.points.interrupts.items() if known == irq), "")
        return f"{named} (IRQ {irq})" if named else f"IRQ {irq}"

    def exception_number(self, name: str) -> int:
        """The other way round; an interrupt may also be given by its number alone. Raises UsageError."""
        wanted = name.strip().lower()
        known = {text.lower(): number for number, text in SYSTEM_EXCEPTIONS.items()}
        known |= {text.lower(): irq + FIRST_INTERRUPT for text, irq in self.points.interrupts.items()}
        digits = wanted.removeprefix("irq").strip()
        if digits.isdecimal():
            return int(digits) + FIRST_INTERRUPT
        if wanted not in known:
            hint = did_you_mean(wanted, known)
            raise UsageError(f"there is no exception `{name}`{hint}; known are {', '.join(known)}, and such as `IRQ 6`")
        return known[wanted]


def _where(records: Records, chosen: NDArray[np.bool_]) -> Records:
    found: Records = records[chosen]
    return found


class Recorder:
    """Records a meter. Making one begins; `recording` gives what there is up to now, `stop` ends it."""

    def __init__(
        self,
        bench: TimingBench,
        points: TimingPoints | None = None,
        *,
        parts: Sequence[str] = PARTS,
        wires: Sequence[str] = (),
        functions: Sequence[str] = (),
        variables: Sequence[str] = (),
        load_window_s: float | str = LOAD_WINDOW_S,
    ) -> None:
        """Record the timing points (None: those of the manifest) that belong to `parts`, and what else is named.

        Raises UsageError and FirmwareFileError for what the product or its firmware does not have.
        """
        for part in parts:
            if part not in PARTS:
                raise UsageError(f"there is no part `{part}`{did_you_mean(part, PARTS)}; there are {', '.join(PARTS)}")
        self._bench, self.points = bench, bench.manifest.timing if points is None else points
        self._addresses: dict[str, int] = {}
        self._tap = bench.trace(self._request(set(parts), wires, functions, variables, to_ns(load_window_s)))

    def _address(self, name: str) -> int:
        self._addresses[name] = self._bench.code_address(name)
        return self._addresses[name]

    def _request(
        self, parts: set[str], wires: Sequence[str], functions: Sequence[str], variables: Sequence[str], window_ns: int
    ) -> TraceRequest:
        points = self.points
        called = [points.consumer] if "buffers" in parts else []
        called += points.functions if "functions" in parts else []
        stored = [points.window] if "window" in parts else []
        stored += [points.crossing] if "crossings" in parts else []
        followed = [points.data_ready, points.chip_select] if "samples" in parts else []
        leds = [pulse.led for pulse in self._bench.manifest.pulses.values()] if "pulses" in parts else []
        services = [points.dma_start] if "samples" in parts else []
        majors = [points.buffer_complete] if "buffers" in parts else []
        watched = filter(None, (*stored, *variables))
        if points.ring and majors:
            self._address(points.ring)
        return TraceRequest(
            exceptions="interrupts" in parts,
            sleep="load" in parts or "interrupts" in parts,
            functions=tuple(dict.fromkeys(self._address(name) for name in (*called, *functions) if name)),
            stores=tuple((address, 4) for address in dict.fromkeys(map(self._address, watched))),
            wires=tuple(dict.fromkeys(filter(None, [*followed, *leds, *wires]))),
            dma=tuple(filter(None, majors)),
            dma_services=tuple(filter(None, services)),
            load_boundaries=self._boundaries() if "load" in parts else (),
            load_window_ns=window_ns if "load" in parts else 0,
        )

    def _boundaries(self) -> tuple[int, ...]:
        """Where functions and named ranges begin and end."""
        found: set[int] = set()
        for function in self._bench.code.functions:
            found |= {function.start, function.end}
        for members in self.points.partitions.values():
            for member in members:
                span = address_range(member)
                found |= set(span) if span else set()
        return tuple(sorted(found - {0}))

    @property
    def recording(self) -> Recording:
        """Everything up to now; raises StimulusError where there was no room for all of it."""
        tap, bench = self._tap, self._bench
        records = tap.records()
        if tap.lost:
            raise StimulusError(
                f"the trace is full with {len(records)} records at {instant(bench.now_ns)} and {tap.lost} were lost; "
                "record fewer parts, or a shorter time"
            )
        return Recording(
            records,
            tap.request,
            self.points,
            tap.began_ns,
            bench.now_ns,
            tuple(tap.mips),
            bench.code,
            dict(self._addresses),
            self._anchor(),
            {kind: _rising(bench.pulses(kind)) for kind in bench.manifest.pulses},
            {kind: pulse.led for kind, pulse in bench.manifest.pulses.items()},
        )

    def _anchor(self) -> tuple[int, int] | None:
        if not self.points.timebase:
            return None
        raw = self._bench.engine.read_memory(self._bench.code_address(self.points.timebase), 4)
        return struct.unpack("<I", raw)[0], self._bench.now_ns

    def cancel(self) -> None:
        """End the trace and drop what it has seen."""
        self._tap.stop()

    def stop(self) -> Recording:
        """End the trace and give what it has seen."""
        try:
            return self.recording
        finally:
            self._tap.stop()


def _rising(tap: EdgeTap) -> tuple[int, ...]:
    return tuple(time_ns for time_ns, level in zip(tap.times_ns, tap.levels, strict=True) if level)


def address_range(text: str) -> tuple[int, int] | None:
    """`0x30080000-0x30090000` as numbers, None for anything else; raises UsageError for one that is empty."""
    first, dash, last = text.partition("-")
    try:
        span = int(first, 0), int(last, 0)
    except ValueError:
        return None
    if not dash or span[1] <= span[0]:
        raise UsageError(f"the addresses `{text}` are empty; write the first one, `-`, and the one behind the last")
    return span


def ticks_to_ns(ticks: NDArray[Any], anchor: tuple[int, int], hz: float, bits: int) -> NDArray[np.int64]:
    """Virtual times of stamps in ticks of a counter of so many bits, each less than half a turn from the anchor."""
    turn = 1 << bits
    distance = (ticks.astype(np.int64) - anchor[0]) % turn
    distance = np.where(distance >= turn // 2, distance - turn, distance)
    times: NDArray[np.int64] = anchor[1] + np.rint(distance * (NS_PER_S / hz)).astype(np.int64)
    return times
