"""The .NET side of the model room in Python: the members of shim/*.cs that `ModelRoom` uses, without Renode."""

from __future__ import annotations

import copy
import ctypes
from types import SimpleNamespace
from typing import ClassVar

from wattbench.engines.renode.host import CHARACTER, INPUT, RESET


class FakeGpio:
    def __init__(self):
        self.Endpoints, self.IsSet = [], False

    def Connect(self, receiver, number):
        self.Endpoints.append(SimpleNamespace(Receiver=receiver, Number=number))
        receiver.OnGPIO(number, self.IsSet)

    def Set(self, level):
        if level != self.IsSet:
            self.IsSet = level
            for end in self.Endpoints:
                end.Receiver.OnGPIO(end.Number, level)


class FakeCore:
    """A CPU of Renode's."""

    def __init__(self):
        self.IsHalted = False

    def halt(self):
        self.IsHalted = True


class FakeShim:
    """A generated C# type: notes what the description says."""

    Made: ClassVar[list[FakeShim]] = []

    def __init__(self, machine, type_name, name, base=None, outputs=(), *, numbers=(), values=None, references=None):
        self.Machine, self.TypeName, self.name, self.address = machine, type_name, name, base
        self.outputs = {key: FakeGpio() for key in (*outputs, *numbers)}
        self.values, self.references, self.parts = values or {}, references or {}, {}
        self.levels, self.direct, self.Room, self.sent = {}, set(), None, bytearray()
        self.Id = len(FakeShim.Made)
        FakeShim.Made.append(self)

    def ValueNames(self):
        return list(self.values)

    def Value(self, name):
        return self.values[name]

    def ReferenceNames(self):
        return list(self.references)

    def ReferenceId(self, name):
        return getattr(self.references[name], "Id", -1)

    def OutputNames(self):
        return [key for key in self.outputs if isinstance(key, str)]

    def OutputNumbers(self):
        return [key for key in self.outputs if isinstance(key, int)]

    def Output(self, key):
        return self.outputs[key]

    def PartIds(self):
        return [part.Id for part in self.parts]

    def PartNumber(self, number):
        return self.parts[FakeShim.Made[number]]

    def LevelNumbers(self):
        return list(self.levels)

    def Level(self, number):
        return self.levels[number]

    def IsDirect(self, number):
        return number in self.direct

    def DriveDirectly(self, number):
        self.direct.add(number)

    def Place(self):
        self.IsOnBus, self.Base, self.Length = self.address is not None, self.address or 0, 0x1000

    def OnGPIO(self, number, level):
        self.levels[number] = level
        if number not in self.direct and self.Room is not None:
            self.Room.input(self.Id, number, level)

    def Sent(self, character):
        self.sent.append(character)

    @staticmethod
    def ForgetAll():
        FakeShim.Made.clear()

    @staticmethod
    def Loaded(machine):
        """What a snapshot gives: new objects in the places of the saved ones."""
        for shim in list(FakeShim.Made):
            copied = copy.copy(shim)
            copied.Machine, copied.Room, copied.outputs = machine, None, {key: FakeGpio() for key in shim.outputs}
            FakeShim.Made[shim.Id] = copied
        return list(FakeShim.Made)

    @staticmethod
    def Models(gpio):
        ends = [(end.Receiver.Id, end.Number) for end in gpio.Endpoints if isinstance(end.Receiver, FakeShim)]
        return [item for pair in ends for item in pair]

    @staticmethod
    def Others(gpio):
        return [end for end in gpio.Endpoints if not isinstance(end.Receiver, FakeShim)]


class FakeRoom:
    """The C# class Room: moves the device machine to the time of the fake Renode."""

    def __init__(self, machine, grid_ns):
        self.machine, self.messages, self.stale_code = machine, [], []
        self.accesses = 0

    def Attach(self, native, on_input, character, reset):
        self.native, self.input = native, INPUT(on_input)
        self.character, self.reset = CHARACTER(character), RESET(reset)

    @property
    def NowNs(self):
        return self.machine.now_ns

    def Synchronise(self):
        self.machine.lib.wb_run(self.native, self.machine.now_ns)

    def Forget(self):
        pass

    def CurrentPc(self):
        return 0x3000_1234

    def LogLine(self, level, text):
        self.messages.append((level, text))

    def CodeChanged(self, first, size):
        self.stale_code.append((first, size))


class FakeNvic:
    def __init__(self):
        self.levels = {}

    def OnGPIO(self, number, level):
        self.levels[number] = level


class FakeLed:
    def __init__(self, name, invert=False):
        self.name, self.invert, self.State = name, invert, invert

    def OnGPIO(self, number, level):
        self.State = level != self.invert


class FakeButton:
    def __init__(self, invert=False):
        self.Inverted, self.Pressed, self.IRQ = invert, False, FakeGpio()
        self.IRQ.IsSet = invert

    def Press(self):
        self.Pressed = True

    def Release(self):
        self.Pressed = False

    def Toggle(self):
        self.Pressed = not self.Pressed


class FakeMachine:
    """Renode's machine with memory; the test moves its time."""

    def __init__(self, lib):
        self.lib, self.now_ns, self.resets, self.buttons = lib, 0, 0, {}
        self.memory = ctypes.create_string_buffer(0x3000)
        aligned = -(-ctypes.addressof(self.memory) // 4096) * 4096
        self.segments = [(0x2000_0000, aligned, 0x2000)]

    def GetLocalName(self, shim):
        return shim.name

    def RequestReset(self):
        self.resets += 1


class FakeRuntime:
    """The runtime and, as `net`, the compiled namespace."""

    def __init__(self, machine):
        self.machine, self.commands = machine, []
        FakeShim.Made.clear()
        parts = SimpleNamespace(
            Announce=lambda: None,
            Count=lambda machine: len(FakeShim.Made) + len(machine.buttons),
            Segments=lambda machine: machine.segments,
            NameOfLed=lambda machine, end: end.Receiver.name if isinstance(end.Receiver, FakeLed) else "",
            IsLit=lambda end: end.Receiver.State,
            Buttons=lambda machine: list(machine.buttons),
            Button=lambda machine, name: machine.buttons[name],
            IsCore=lambda shim, name: isinstance(shim.references[name], FakeCore),
            Halt=lambda shim, name: shim.references[name].halt(),
        )
        self.net = SimpleNamespace(Room=FakeRoom, PythonModel=FakeShim, Parts=parts)

    def execute(self, command):
        self.commands.append(command)
        return ""
