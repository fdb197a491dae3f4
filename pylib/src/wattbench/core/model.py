"""Base classes of every hardware model, and the catalogue by which a `.repl` names them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from wattbench.core.host import Host, Timer
from wattbench.core.registers import Register, RegisterTable
from wattbench.core.wires import Line

CATALOGUE: dict[str, type[Model]] = {}
M = TypeVar("M", bound="type[Model]")


def model(*type_names: str) -> Callable[[M], M]:
    """Class decorator: a `.repl` may create this model under each of `type_names`."""

    def register(cls: M) -> M:
        for type_name in type_names:
            CATALOGUE[type_name] = cls
        cls.type_name = type_names[0]
        return cls

    return register


class Model:
    """A chip block, part or device.

    Constructor parameters after `host` and `name` are the `.repl` attributes in lower case (`fifoSize: 4` is
    `fifo_size=4`); public writable Python properties are those with a capital (`Speed: 3` sets `speed`).
    Outputs are `Line`s by name or pin number; inputs arrive at `on_input`. What makes up a model's state is in its
    attributes listed in `state_names` and in its timers; both are plain data.
    """

    type_name: ClassVar[str] = ""
    size: ClassVar[int] = 0
    """Bytes of address space; 0 for a model that is not on the bus."""
    on_chip: ClassVar[bool] = True
    """Whether the chip's reset reaches it; parts outside are reset by their own pins and by power."""
    default_output: ClassVar[str | None] = None
    """Output meant by a bare `-> nvic@5`."""
    example: ClassVar[Mapping[str, Any]] = {}
    """Values of required attributes that are no references, with which one can be made to be looked at."""
    state_names: ClassVar[tuple[str, ...]] = ()
    missing: ClassVar[tuple[str, ...]] = ()
    """What the real thing does and this model does not, a short phrase each, for docs/fidelity.md.

    Fields that a register table marks as not modelled need not be repeated here.
    """

    def __init__(self, host: Host, name: str) -> None:
        self.host, self.name = host, name
        self.outputs: dict[str | int, Line] = {}
        self._timers: dict[str, Timer] = {}

    def output(self, key: str | int, line: Line | None = None) -> Line:
        """Declare an output, for the constructor."""
        self.outputs[key] = line or Line()
        return self.outputs[key]

    def timer(self, name: str, callback: Callable[[], None]) -> Timer:
        """Declare an alarm, for the constructor."""
        self._timers[name] = self.host.timer(callback, f"{self.name}.{name}")
        return self._timers[name]

    def attach(self, child: Model, point: int | None) -> None:
        """A `.repl` registers `child` at this model (`@ lpspi1 2`). Models that have a bus override this."""
        raise TypeError(f"{self.name} ({self.type_name}) takes no parts")

    def on_input(self, number: int, level: bool) -> None:
        """Input pin `number` changes to `level`."""
        raise TypeError(f"{self.name} ({self.type_name}) has no input {number}")

    def reset(self) -> None:
        """Back to the state after power-on; called once all wires are connected and on each reset."""
        for timer in self._timers.values():
            timer.cancel()

    def save(self) -> dict[str, Any]:
        """The whole state as plain data."""
        state = {name: copy.deepcopy(getattr(self, name)) for name in self.state_names}
        timers = {name: timer.deadline_ns for name, timer in self._timers.items()}
        lines = {key: line.level for key, line in self.outputs.items()}
        return {"state": state, "timers": timers, "lines": lines}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` gave. Lines are set without calling their receivers, which restore themselves."""
        for name, value in saved["state"].items():
            setattr(self, name, copy.deepcopy(value))
        for name, deadline_ns in saved["timers"].items():
            timer = self._timers[name]
            timer.cancel() if deadline_ns is None else timer.arm(deadline_ns)
        for key, level in saved["lines"].items():
            self.outputs[key].level = level


def on_read(*names: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Method decorator: the value read from these registers. Arrays (`X{n}`) pass their number."""
    return _handler("_reads", names)


def on_write(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Method decorator: called after a write to these registers was stored, as `(raw, old)`.

    `raw` is what was written, zero outside the written bytes; `old` the stored value before. Arrays (`X{n}`) pass
    their number first.
    """
    return _handler("_writes", names)


def _handler(kind: str, names: tuple[str, ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        setattr(function, kind, (*getattr(function, kind, ()), *names))
        return function

    return mark


class RegisterBlock(Model):
    """A block of registers described by `table`; subclasses hang behaviour on its entries."""

    table: ClassVar[RegisterTable]
    timeless: ClassVar[tuple[str, ...]] = ()
    """Registers with a read handler that has no effect and whose answer only writes and events change, not time.

    Firmware that polls such a register is passed over to the next event. A register without a handler is one, but in a
    class with a `read` of its own only if the class names others.
    """
    _slots: ClassVar[dict[int, tuple[int, Register, int]]]
    _index: ClassVar[dict[str, int]]
    _offsets: ClassVar[list[tuple[str, int, Register]]]
    _resets: ClassVar[list[int]]
    _read_names: ClassVar[dict[str, str]]
    _write_names: ClassVar[dict[str, str]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not hasattr(cls, "table"):
            return
        cls._slots, cls._index, cls._offsets, cls._resets = {}, {}, [], []
        for index, (name, offset, register, number) in enumerate(cls.table.instances()):
            cls._index[name] = index
            cls._offsets.append((name, offset, register))
            cls._resets.append(register.reset_of(number))
            for byte in range(register.width // 8):
                cls._slots.setdefault(offset + byte, (index, register, number))
        cls._read_names, cls._write_names = {}, {}
        for base in reversed(cls.__mro__):
            for attribute, function in vars(base).items():
                for name in getattr(function, "_reads", ()):
                    cls._read_names[cls.table[name].name] = attribute
                for name in getattr(function, "_writes", ()):
                    cls._write_names[cls.table[name].name] = attribute

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.values = list(self._resets)
        self._readers = {key: getattr(self, method) for key, method in self._read_names.items()}
        self._writers = {key: getattr(self, method) for key, method in self._write_names.items()}

    def __getitem__(self, name: str) -> int:
        """The stored value of a register, without any effect."""
        return self.values[self._index[name]]

    def __setitem__(self, name: str, value: int) -> None:
        self.values[self._index[name]] = value

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self.values = list(self._resets)

    def save(self) -> dict[str, Any]:
        """See `Model.save`."""
        return {**super().save(), "values": list(self.values)}

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        self.values = list(saved["values"])

    @classmethod
    def timeless_words(cls, size: int) -> bytes:
        """For each word of the first `size` bytes a bit, lowest first: all registers in it are `timeless`."""
        words = bytearray(-(-size // 32))
        if cls.read is not RegisterBlock.read and not cls.timeless:
            return bytes(words)
        timed = {name for name in cls._read_names if name not in cls.timeless}
        known = {offset // 4 for offset in cls._slots if offset < size}
        timed_words = {offset // 4 for offset, (_, register, _) in cls._slots.items() if register.name in timed}
        for word in known - timed_words:
            words[word // 8] |= 1 << word % 8
        return bytes(words)

    def register_name(self, offset: int) -> str:
        """Name of the register at `offset`, with the distance into it, for messages."""
        slot = self._slots.get(offset)
        if slot is None:
            return f"+0x{offset:X}"
        name, start, _ = self._offsets[slot[0]]
        return name if start == offset else f"{name}+{offset - start}"

    def read(self, offset: int, size: int) -> int:
        """A bus read of 1, 2 or 4 bytes; bytes without a register are counted once, by the first of them."""
        slot = self._slots.get(offset)
        if slot is not None and size * 8 == slot[1].width and offset == self._offsets[slot[0]][1]:
            return self._value(*slot)
        result, position, told = 0, 0, False
        while position < size:
            slot = self._slots.get(offset + position)
            if slot is None:
                if not told:
                    self.host.unmodelled(self.name, f"read {self.register_name(offset + position)}")
                told, position = True, position + 1
                continue
            index, register, number = slot
            skipped = offset + position - self._offsets[index][1]
            value = self._value(index, register, number) >> 8 * skipped
            result |= value << 8 * position
            position += register.width // 8 - skipped
        return result & (1 << 8 * size) - 1

    def _value(self, index: int, register: Register, number: int) -> int:
        reader = self._readers.get(register.name)
        if reader is not None:
            return int(reader(number) if register.count > 1 else reader())
        return self.values[index] & ~register.masks["wo"]

    def write(self, offset: int, size: int, value: int) -> None:
        """A bus write of 1, 2 or 4 bytes; bytes without a register are counted once, by the first of them."""
        slot = self._slots.get(offset)
        if slot is not None and size * 8 == slot[1].width and offset == self._offsets[slot[0]][1]:
            lanes = (1 << 8 * size) - 1
            self._store(*slot, value & lanes, lanes)
            return
        position, told = 0, False
        while position < size:
            slot = self._slots.get(offset + position)
            if slot is None:
                if not told:
                    self.host.unmodelled(self.name, f"write {self.register_name(offset + position)}")
                told, position = True, position + 1
                continue
            index, register, number = slot
            skipped = offset + position - self._offsets[index][1]
            length = min(size - position, register.width // 8 - skipped)
            lanes = (1 << 8 * length) - 1
            self._store(index, register, number, (value >> 8 * position & lanes) << 8 * skipped, lanes << 8 * skipped)
            position += length

    def _store(self, index: int, register: Register, number: int, raw: int, lanes: int) -> None:
        masks, old = register.masks, self.values[index]
        stored = (masks["rw"] | masks["wo"] | masks["sc"]) & lanes
        self.values[index] = (old & ~stored | raw & stored) & ~(raw & masks["w1c"]) ^ raw & masks["w1t"]
        if (old ^ self.values[index]) & register.unmodelled_mask:
            self.host.unmodelled(self.name, f"write {self._offsets[index][0]}", f"value 0x{raw:X}")
        writer = self._writers.get(register.name)
        if writer is not None:
            writer(number, raw, old) if register.count > 1 else writer(raw, old)
