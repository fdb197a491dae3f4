"""What a firmware publishes about power quality, by the names of its manifest's registers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import LimitError, UsageError
from wattbench.labs.grid.reference import Thresholds, VoltageEvent
from wattbench.labs.grid.reference.events import EventKind

_EVENTS: dict[int, EventKind] = {1: "dip", 2: "swell", 3: "interruption"}
STATES = {4: "phase loss", 5: "reversed sequence"}
_STEP_S, _LIMIT_S = 50e-6, 0.1
_REGISTERS = ("event_count", "event_kind", "event_phase", "event_start", "event_duration", "event_extreme")


class QualityBench(Protocol):
    """What is needed of a bench."""

    @property
    def now_ns(self) -> int:
        """Virtual time."""

    @property
    def manifest(self) -> Any:
        """Its registers and what the meter is made for."""

    def run_for(self, seconds: float) -> None:
        """Let virtual time pass."""

    def register(self, name: str) -> list[float]:
        """A register by its name in the manifest, in its unit."""


class QualityMeter:
    """The power quality of a bench's firmware. Times are virtual seconds."""

    def __init__(self, bench: QualityBench) -> None:
        self._bench = bench
        self._offset_s: float | None = None

    @property
    def declared_v(self) -> float:
        """Udin: the nominal voltage of the manifest."""
        return float(self._bench.manifest.metrology.nominal_voltage_v)

    @property
    def nominal_a(self) -> float:
        """The nominal current of the manifest."""
        return float(self._bench.manifest.metrology.nominal_current_a)

    def require(self, names: Sequence[str], what: str) -> None:
        """Raise UsageError unless the firmware publishes what is asked for."""
        registers: Mapping[str, Any] = self._bench.manifest.registers
        missing = [name for name in names if name not in registers]
        if missing:
            raise UsageError(
                f"{self._bench.manifest.name} computes no {what}: its manifest has no register "
                f"{', '.join(missing)}; the keywords that begin with `Reference` give the lab's own values"
            )

    def values(self, register: str, what: str) -> list[float]:
        """All numbers of a register; raises UsageError where the firmware does not have it."""
        self.require([register], what)
        return self._bench.register(register)

    def thresholds(self) -> Thresholds:
        """Those that the firmware says it uses."""
        percent = self.values("event_thresholds", "voltage events")
        return Thresholds(self.declared_v, *percent)

    @property
    def event_count(self) -> int:
        """Events since start that are over."""
        return int(self.values("event_count", "voltage events")[0])

    @property
    def running(self) -> list[str]:
        """Events that go on."""
        bits = int(self.values("events_running", "voltage events")[0])
        return [name for number, name in {**_EVENTS, **STATES}.items() if bits & 1 << number - 1]

    def clock_offset_s(self) -> float:
        """Virtual time less the firmware's own, seen when it has worked off a buffer of samples; runs the machine."""
        if self._offset_s is None:
            before = self.values("quality_time", "voltage events")
            end_ns = self._bench.now_ns + round(_LIMIT_S * NS_PER_S)
            while self._bench.register("quality_time") == before:
                if self._bench.now_ns >= end_ns:
                    raise LimitError("the firmware works off no samples", time_ns=self._bench.now_ns)
                self._bench.run_for(_STEP_S)
            self._offset_s = self._bench.now_ns / NS_PER_S - self._bench.register("quality_time")[0]
        return self._offset_s

    def events(self, first: int) -> tuple[list[VoltageEvent], list[tuple[str, float, float]]]:
        """Events from number `first` on: dips, swells and interruptions by their begin; and states as (name, begin,
        end). Raises UsageError if some of them were overwritten by later ones."""
        self.require(_REGISTERS, "voltage events")
        columns = {name: self._bench.register(name) for name in _REGISTERS}
        count, size = int(columns["event_count"][0]), len(columns["event_kind"])
        if count - first > size:
            raise UsageError(f"the firmware keeps {size} events, and {count - first} came: observe for a shorter time")
        offset_s, found, states = self.clock_offset_s(), list[VoltageEvent](), list[tuple[str, float, float]]()
        for number in range(first, count):
            kind, phase, start_s, duration_s, extreme_v = (columns[name][number % size] for name in _REGISTERS[1:])
            start_s += offset_s
            if int(kind) in _EVENTS:
                name = f"L{int(phase)}"
                found.append(VoltageEvent(_EVENTS[int(kind)], start_s, start_s + duration_s, extreme_v, name, name))
            else:
                states.append((STATES.get(int(kind), f"event {int(kind)}"), start_s, start_s + duration_s))
        return sorted(found, key=lambda event: event.start_s), states
