"""A model and its native twin side by side: one program of accesses, both records of what followed."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from hosts import FakeBus, MachineBus

from wattbench.core.host import FakeHost
from wattbench.core.wires import DmaRequest
from wattbench.engines.embedded.machine import Machine


class Clock:
    """A clock source that a program can change."""

    def __init__(self, hz: Fraction | int) -> None:
        self.hz = Fraction(hz)
        self.callbacks: list[Callable[[], None]] = []

    def rate_hz(self, root: str) -> Fraction:
        return self.hz

    def on_rate_change(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def set(self, hz: Fraction | int) -> None:
        self.hz = Fraction(hz)
        for callback in self.callbacks:
            callback()


class EchoPart:
    """An SPI part that answers with a function of what it got, and records everything."""

    def __init__(self, side: Side, number: int) -> None:
        self.side, self.number, self.asserted = side, number, False

    def chip_select(self, asserted: bool) -> None:
        self.asserted = asserted
        self.side.note("select", self.number, asserted)

    @property
    def selected(self) -> bool:
        return self.asserted

    def exchange(self, word: int, bits: int) -> int:
        self.side.note("exchange", self.number, word, bits)
        return (word * 2654435761 + self.number) >> 3 & (1 << bits) - 1


class Source:
    """A DMA request that goes away after `services` acknowledges."""

    def __init__(self, side: Side, number: int) -> None:
        self.side, self.number, self.left = side, number, 0
        self.line = DmaRequest()
        self.line.acknowledged = self._acknowledged

    def ask(self, services: int) -> None:
        self.left = services
        self.line.set(services > 0)

    def _acknowledged(self) -> None:
        self.side.note("acknowledged", self.number)
        self.left = max(0, self.left - 1)
        self.line.set(self.left > 0)


class Side:
    """One of the two: its host, its blocks by name, and the record."""

    def __init__(self, *, native: bool) -> None:
        self.native = native
        self.host: Any = Machine() if native else FakeHost()
        self.bus: Any = MachineBus(self.host) if native else FakeBus(self.host)
        self.record: list[tuple[Any, ...]] = []
        self.models: dict[str, Any] = {}
        self.clock = Clock(24_000_000)
        self.sources: dict[int, Source] = {}
        self.parts: list[EchoPart] = []
        self.saved: tuple[Any, dict[str, Any]] | None = None

    def note(self, *event: Any) -> None:
        self.record.append((self.host.now_ns(), *event))

    def add(self, name: str, model: Any, base: int | None = None) -> Any:
        self.models[name] = model
        if base is not None:
            self.bus.place(base, model)
        return model

    def watch(self, name: str, *keys: str | int) -> None:
        for key in keys:
            self.models[name].outputs[key].connect(lambda level, key=key: self.note(name, key, level), announce=False)

    def do(self, step: tuple[Any, ...]) -> None:
        """Carry out one step of a program."""
        match step:
            case ("write", address, size, value):
                self.host.bus_write(address, value.to_bytes(size, "little"))
            case ("read", address, size):
                self.note("read", address, int.from_bytes(self.host.bus_read(address, size), "little"))
            case ("ahead", counter, register, ticks):
                count = int.from_bytes(self.host.bus_read(counter, 4), "little")
                self.host.bus_write(register, (count + ticks & 0xFFFF_FFFF).to_bytes(4, "little"))
            case ("load", address, data):
                self.bus.load(address, data)
            case ("run", duration):
                self.bus.run_to(self.host.now_ns() + duration)
            case ("clock", hz):
                self.clock.set(hz)
            case ("ask", number, services):
                self.sources[number].ask(services)
            case ("input", name, number, level):
                self.models[name].on_input(number, level)
            case ("save",):
                self.saved = (self.bus.save(), {name: model.save() for name, model in self.models.items()})
            case ("restore",):
                self.restore()
            case ("reset", name):
                self.models[name].reset()
            case _:
                raise AssertionError(step)

    def restore(self) -> None:
        """Back to the last saved state, if there is one; time goes on from there."""
        if self.saved is None:
            return
        bus, models = self.saved
        self.bus.restore(bus)
        for name, model in self.models.items():
            model.restore(models[name])

    def unmodelled(self) -> dict[tuple[str, str], int]:
        """Counts by block, and access with the detail of the first one."""
        log = self.host.unmodelled_log if isinstance(self.host, FakeHost) else self.host.unmodelled_accesses
        return {(item.source, f"{item.access} {item.detail}".rstrip()): item.count for item in log.copy()}


def compare(build: Callable[[Side], None], program: list[tuple[Any, ...]]) -> Side:
    """Run a program on both and compare record, memory and unmodelled accesses; returns the Python side."""
    sides = [Side(native=False), Side(native=True)]
    for side in sides:
        build(side)
        for model in side.models.values():
            model.reset()
        side.record.clear()
        for step in program:
            side.do(step)
    first, second = sides
    for index, (mine, other) in enumerate(zip(first.record, second.record, strict=False)):
        assert mine == other, (index, first.record[max(0, index - 3) : index + 2], second.record[index : index + 2])
    assert len(first.record) == len(second.record)
    assert bytes(first.bus.memory) == bytes(second.bus.memory)
    assert first.unmodelled() == second.unmodelled()
    second.host.close()
    return first
