"""wattbench's models inside Renode: their C# types, the models behind them, and the wires between both worlds.

Renode builds the machine from the same `.repl`. For each type of the catalogue it gets a small C# type that only notes
what the description says; after the load `ModelRoom.bind` makes the models and connects them. Wires between two models
are connected here and never cross into .NET; everything else is driven through Renode's GPIO.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet

from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import UsageError
from wattbench.core.model import CATALOGUE
from wattbench.core.unmodelled import UnmodelledAccess
from wattbench.core.wires import DmaRequest, Line, UartPort
from wattbench.engines.embedded import native, twins
from wattbench.engines.embedded.board import import_models
from wattbench.engines.renode.host import RoomMachine, SharedMemory
from wattbench.engines.renode.model_types import NAMESPACE, csharp_source, from_text
from wattbench.hw.parts.button import Button
from wattbench.hw.parts.led import Led
from wattbench.platform.types import parameters

SHIM = Path(__file__).with_name("shim")
SHIM_FILES = ("PythonModel.cs", "Room.cs", "FlashMemory.cs", "Parts.cs")
FRAME_BITS, NO_RATE = 10, 115200.0
DEFAULT_GRID_NS = 50_000
"""Native events that no Python timer waits for are carried out at least this often, so an interrupt of a native
block comes at most this much late when the CPU does not look at any block."""


class Runtime(Protocol):
    """What the room needs of a running Renode."""

    @property
    def machine(self) -> Any:
        """The .NET machine (`IMachine`)."""

    def execute(self, command: str) -> str:
        """One Monitor command; returns what it prints, raises MonitorError."""


_PREPARED: WeakSet[Runtime] = WeakSet()


def compiled_types() -> Any:
    """The .NET namespace that `ModelRoom.prepare` had compiled."""
    return importlib.import_module(NAMESPACE)


class ModelRoom:
    """All models of one Renode machine."""

    def __init__(self, runtime: Runtime, *, native_twins: bool = True, grid_ns: int = DEFAULT_GRID_NS) -> None:
        """Without `native_twins` every block runs as its Python model (slow; for comparison)."""
        import_models()
        self._runtime, self._native_twins, self._grid_ns = runtime, native_twins, grid_ns
        self.host = RoomMachine()
        self.models: dict[str, Any] = {}
        self._by_id: dict[int, Any] = {}
        self._shims: dict[int, Any] = {}
        self._mapped: set[int] = set()
        self._net: Any = None
        self._room: Any = None
        self._machine: Any = None
        self._count = -1
        self._gpios: dict[tuple[int, str | int], Any] = {}
        self._reset_is_noted = False
        self.host.on_reset_request(self._request_reset)

    # Before a platform is loaded

    def prepare(self) -> None:
        """Let Renode compile the types of the catalogue; one Renode does so once."""
        if self._runtime in _PREPARED:
            self._net = compiled_types()
            return
        native.library()
        with tempfile.TemporaryDirectory(prefix="wattbench-renode-") as folder:
            generated = Path(folder) / "Models.cs"
            generated.write_text(csharp_source(CATALOGUE, str(native.LIBRARY)), encoding="utf-8")
            sources = [*(SHIM / name for name in SHIM_FILES), generated]
            self._runtime.execute("include " + " ".join(f"@{path}" for path in sources))
        self._net = compiled_types()
        self._net.Parts.Announce()
        _PREPARED.add(self._runtime)

    def close(self) -> None:
        """Give the models up; Renode's machine must be gone or must not run again."""
        for shim in self._shims.values():
            shim.Room = None
        if self._net is not None:
            self._net.PythonModel.ForgetAll()
        self.host.close()

    # After a load

    def bind(self) -> bool:
        """Make and connect the models of everything that was loaded since the last call; false if that is nothing."""
        machine = self._runtime.machine
        if self._machine is None:
            self._enter(machine)
        elif self._machine != machine:
            self._take_over(machine)
        count = int(self._net.Parts.Count(machine))
        if count == self._count:
            return False
        self._count = count
        made = self._net.PythonModel.Made
        fresh = [shim for shim in made if shim.Id not in self._shims and shim.Machine == machine]
        self._map_memories(machine)
        for shim in fresh:
            self._make(shim, machine)
        wired = []
        for shim in fresh:
            self._place(shim)
            wired += self._wire(shim)
        self._mirror_parts(machine, wired)
        for shim in fresh:
            self._connect_shim(shim)
        for shim in fresh:
            item = self._by_id[shim.Id]
            item.reset()
            if isinstance(getattr(item, "reset_request", None), Line):
                item.reset_request.connect(self._device_asks_for_reset, announce=False)
        self._check()
        self._room.Synchronise()
        return True

    def _enter(self, machine: Any) -> None:
        self._machine = machine
        self._room = self._net.Room(machine, self._grid_ns)
        self.host.attach_room(self._room)

    def _take_over(self, machine: Any) -> None:
        """Renode has loaded a snapshot: its objects are new ones, the models stay."""
        self._enter(machine)
        self._mapped.clear()
        self._map_memories(machine)
        for shim in self._net.PythonModel.Loaded(machine):
            number = int(shim.Id)
            self._shims[number] = shim
            shim.Room = self._room
        for number, key in self._gpios:
            self._gpios[number, key] = self._shims[number].Output(key)
        for name, item in self.models.items():
            if isinstance(item, RenodeButton):
                item.button = self._net.Parts.Button(machine, name)

    def _map_memories(self, machine: Any) -> None:
        for base, address, size in self._net.Parts.Segments(machine):
            if base not in self._mapped:
                self._mapped.add(base)
                self.host.map_shared(base, SharedMemory(address, size))

    def _make(self, shim: Any, machine: Any) -> None:
        type_name, name = str(shim.TypeName), str(machine.GetLocalName(shim))
        found = (twins.native_twin(type_name) if self._native_twins else None) or CATALOGUE[type_name]
        known = parameters(found)
        given: dict[str, Any] = {key: from_text(str(shim.Value(key)), known[key].hint) for key in shim.ValueNames()}
        for key in shim.ReferenceNames():
            if self._net.Parts.IsCore(shim, key):
                given[str(key)] = HeldCore(self.host, name, partial(self._net.Parts.Halt, shim, key))
                continue
            target = int(shim.ReferenceId(key))
            if target not in self._by_id:
                raise UsageError(f"`{name}`: the attribute `{key}` must name a model of wattbench")
            given[str(key)] = self._by_id[target]
        self._shims[shim.Id] = shim
        self._by_id[shim.Id] = self.models[name] = found(self.host, name, **given)

    def _place(self, shim: Any) -> None:
        item = self._by_id[shim.Id]
        shim.Place()
        if shim.IsOnBus:
            size = item.size or int(shim.Length)
            if hasattr(item, "map_native"):
                item.map_native(int(shim.Base), size, 0xFF)
            else:
                self.host.map_target(int(shim.Base), size, item, 0xFF)
        for part in shim.PartIds():
            number = int(shim.PartNumber(part))
            item.attach(self._by_id[part], None if number < 0 else number)

    def _wire(self, shim: Any) -> list[tuple[Line, Any]]:
        """Connect the outputs; returns the (line, endpoint) pairs that end at something of Renode's."""
        item, others = self._by_id[shim.Id], []
        keys: list[str | int] = [*map(str, shim.OutputNames()), *map(int, shim.OutputNumbers())]
        for key in keys:
            line, gpio = item.outputs[key], shim.Output(key)
            for model, number in self._to_models(line, gpio):
                self._shims[model].DriveDirectly(number)
            endpoints = list(self._net.PythonModel.Others(gpio))
            if endpoints:
                self._gpios[shim.Id, key] = gpio
                line.connect(partial(self._drive, (shim.Id, key)))
            others += [(line, endpoint) for endpoint in endpoints]
        return others

    def _drive(self, output: tuple[int, str | int], level: bool) -> None:
        self._gpios[output].Set(level)

    def _to_models(self, line: Line, gpio: Any) -> list[tuple[int, int]]:
        """Connect `line` to every model at the other end of an output of Renode's."""
        pairs = list(map(int, self._net.PythonModel.Models(gpio)))
        ends = list(zip(pairs[::2], pairs[1::2], strict=True))
        for model, number in ends:
            _connect(line, self._by_id[model], number)
        return ends

    def _mirror_parts(self, machine: Any, wired: list[tuple[Line, Any]]) -> None:
        """LEDs and buttons are Renode's own; Python sees a model of the same name that follows them."""
        for line, endpoint in wired:
            name = str(self._net.Parts.NameOfLed(machine, endpoint))
            if not name:
                continue
            if name not in self.models:
                inverted = bool(self._net.Parts.IsLit(endpoint)) != bool(line.level)
                self.models[name] = Led(self.host, name, invert=inverted)
            line.connect(partial(self.models[name].on_input, int(endpoint.Number)))
        for name in map(str, self._net.Parts.Buttons(machine)):
            if name not in self.models:
                net = self._net.Parts.Button(machine, name)
                button = self.models[name] = RenodeButton(self.host, name, net)
                self._to_models(button.outputs["IRQ"], net.IRQ)

    def _connect_shim(self, shim: Any) -> None:
        """Let the C# object call its model from now on, beginning with levels that came too early."""
        item = self._by_id[shim.Id]
        if hasattr(item, "on_input"):
            self.host.inputs[shim.Id] = item.on_input
        self.host.resets[shim.Id] = partial(self._reset_one, item)
        port = getattr(item, "port", None)
        if isinstance(port, UartPort):
            self.host.characters[shim.Id] = Feeder(self.host, item.name, port).put
            port.listen(partial(self._sent, shim.Id, port))
        shim.Room = self._room
        for number in shim.LevelNumbers():
            if not shim.IsDirect(number):
                item.on_input(int(number), bool(shim.Level(number)))

    def _sent(self, shim: int, port: UartPort, character: int) -> None:
        net = self._shims[shim]
        net.BaudRate = round(port.bits_per_second())
        net.Sent(character & 0xFF)

    # Running

    @property
    def now_ns(self) -> int:
        """Virtual time of Renode's machine."""
        return int(self._room.NowNs)

    def advance(self) -> None:
        """Between runs: carry out what is due, and see to it that Renode comes back for what is next."""
        self._room.Synchronise()
        self._check()

    def _check(self) -> None:
        error = self.host.pending_error()
        if error is not None:
            raise error

    def pending_error(self) -> BaseException | None:
        """See `RoomMachine.pending_error`."""
        return self.host.pending_error()

    def model(self, name: str) -> Any:
        """The Python object of a model, `lpspi1` or `sysbus.lpspi1`; raises UsageError."""
        key = name.rpartition(".")[2]
        if key not in self.models:
            raise UsageError(f"the platform has no model `{key}`; it has {', '.join(self.models) or 'none yet'}")
        return self.models[key]

    def unmodelled(self) -> list[UnmodelledAccess]:
        """See `Engine.unmodelled`."""
        return self.host.unmodelled_accesses.copy()

    def forget_unmodelled(self) -> None:
        """See `Engine.forget_unmodelled`."""
        self.host.unmodelled_accesses.clear()

    # Reset

    def _reset_one(self, item: Any) -> None:
        if hasattr(item, "note_reset"):
            if not self._reset_is_noted:
                item.note_reset("m7_sysresetreq")
            self._reset_is_noted = False
        if item.on_chip:
            item.reset()

    def announce_reset(self) -> None:
        """The next reset comes from outside (the pin, the Monitor): nobody has to note that software asked for it."""
        self._reset_is_noted = True

    def _device_asks_for_reset(self, level: bool) -> None:
        if level:
            self._reset_is_noted = True
            self.host.request_reset()

    def _request_reset(self) -> None:
        self._runtime.machine.RequestReset()

    def reset(self) -> None:
        """Every model back to its state after power-on, without Renode's part."""
        for item in self.models.values():
            item.reset()

    # State

    def save(self) -> dict[str, Any]:
        """All models as plain data."""
        return {"host": self.host.save(), "models": {name: item.save() for name, item in self.models.items()}}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` gave, on a machine built the same way or loaded from Renode's snapshot."""
        if saved["models"].keys() != self.models.keys():
            raise UsageError("the saved state belongs to another platform")
        if self._machine != self._runtime.machine:
            self._take_over(self._runtime.machine)
        self.host.restore(saved["host"])
        for name, item in self.models.items():
            item.restore(saved["models"][name])
        self._room.Forget()
        self._room.Synchronise()


class HeldCore:
    """A core of Renode's that another one would start: it stays halted here. See `core.cores.ReleasedCore`."""

    def __init__(self, host: RoomMachine, name: str, halt: Callable[[], None]) -> None:
        self._host, self._name, self._halt = host, name, halt

    def hold_until_release(self) -> None:
        """Halt it."""
        self._halt()

    def release(self, vector_table: int) -> None:
        """Only noted."""
        self._host.unmodelled(self._name, "start of a second core under Renode", f"vector table 0x{vector_table:08X}")


class RenodeButton(Button):
    """A button of Renode's as wattbench has it.

    Renode lets the contact of a button change at its next point of synchronisation; models of ours see it at once.
    """

    def __init__(self, host: RoomMachine, name: str, button: Any) -> None:
        super().__init__(host, name, invert=bool(button.Inverted))
        self.button = button
        self._contact.level = bool(button.IRQ.IsSet)

    @property
    def pressed(self) -> bool:
        """Whether the button is pressed, from whichever side."""
        return bool(self.button.Pressed)

    def press(self) -> None:
        """See `Button.press`."""
        self.button.Press()
        super().press()

    def release(self) -> None:
        """See `Button.release`."""
        self.button.Release()
        super().release()

    def toggle(self) -> None:
        """See `Button.toggle`."""
        self.release() if self.pressed else self.press()

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        if (self._contact.level != self.invert) != self.pressed:
            self.button.Toggle()


class Feeder:
    """Characters that something of Renode's sends to a UART, one after the other at the speed of the line.

    Renode's terminals hand over a whole line at once; the FIFO of a real UART would lose most of it.
    """

    def __init__(self, host: RoomMachine, name: str, port: UartPort) -> None:
        self._host, self._port, self._queue = host, port, bytearray()
        self._timer = host.timer(self._arrived, f"{name}.from_renode")

    def put(self, character: int) -> None:
        """One more character for the chip."""
        self._queue.append(character)
        if len(self._queue) == 1:
            self._arm()

    def _arm(self) -> None:
        self._timer.arm(self._host.now_ns() + round(FRAME_BITS * NS_PER_S / (self._port.bits_per_second() or NO_RATE)))

    def _arrived(self) -> None:
        self._port.receive(self._queue.pop(0))
        if self._queue:
            self._arm()


def _connect(line: Line, receiver: Any, number: int) -> None:
    if hasattr(receiver, "connect_input"):
        receiver.connect_input(number, line)
    elif isinstance(line, DmaRequest) or hasattr(receiver, "on_input"):
        line.connect(partial(receiver.on_input, number))
