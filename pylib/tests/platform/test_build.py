"""Objects out of descriptions: arguments, properties, wires, places, and what is wrong with them."""

from collections.abc import Sequence
from enum import Enum
from fractions import Fraction
from textwrap import dedent
from typing import Literal, Protocol, runtime_checkable

import pytest

from wattbench.core.errors import SourceError, UsageError
from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE, Model
from wattbench.core.wires import DmaRequest
from wattbench.platform import parse_platform
from wattbench.platform.build import build
from wattbench.platform.factory import Platform


class Parity(Enum):
    NONE = 0
    EVEN_ONE = 1


class Clock(Model):
    def __init__(self, host, name, hz: int = 1):
        super().__init__(host, name)
        self.hz = hz


@runtime_checkable
class HasBaud(Protocol):
    baud: int


class Uart(Model):
    size = 0x1000
    default_output = "IRQ"

    def __init__(
        self,
        host,
        name,
        clock: Clock | None = None,
        *,
        fifo_size: int = 4,
        parity: Parity = Parity.NONE,
        gain: float = 1.0,
        ratio: Fraction = Fraction(1),
        label: str = "",
        mode: Literal["fast", "slow"] = "fast",
        taps: Sequence[int] = (),
        window: range = range(0),
        names: dict[str, int] | None = None,
        peer: HasBaud | None = None,
    ):
        super().__init__(host, name)
        if fifo_size > 16:
            raise UsageError("a FIFO has 16 words at most")
        self.arguments = locals()
        self.clock, self.baud = clock, 9600
        self._speed = 0
        self.output("IRQ")
        self.output("Tx", DmaRequest())
        for pin in range(4):
            self.output(pin)

    @property
    def speed(self) -> int:
        return self._speed

    @speed.setter
    def speed(self, value: int) -> None:
        self._speed = value

    @property
    def fixed(self) -> int:
        return 1


class Nvic(Model):
    size = 0x1000

    def __init__(self, host, name):
        super().__init__(host, name)
        self.levels = {}

    def on_input(self, number, level):
        if number > 100:
            super().on_input(number, level)
        self.levels.setdefault(number, []).append(level)


class Mux(Model):
    def __init__(self, host, name):
        super().__init__(host, name)
        self.lines = {}

    def connect_input(self, number, line):
        self.lines[number] = line


class Bus(Model):
    def __init__(self, host, name):
        super().__init__(host, name)
        self.children = {}

    def attach(self, child, point):
        if point == 9:
            raise UsageError("no point 9")
        self.children[point] = child


class Memory(Model):
    def __init__(self, host, name, size: int):
        super().__init__(host, name)
        self.size = size


class FakeFactory:
    def __init__(self):
        self.placements = []

    def find_type(self, type_name):
        return Memory if type_name == "Memory.MappedMemory" else None

    def host(self, name):
        return FakeHost()

    def place(self, placement):
        if placement.size % 4:
            raise ValueError(f"{placement.name} has an odd size")
        self.placements.append(placement)


@pytest.fixture(autouse=True)
def _catalogue(monkeypatch):
    for name, cls in {
        "T.Uart": Uart,
        "T.Nvic": Nvic,
        "T.Mux": Mux,
        "T.Bus": Bus,
        "T.Clock": Clock,
    }.items():
        monkeypatch.setitem(CATALOGUE, name, cls)
        cls.type_name = name


def made(text, factory=None):
    platform = Platform({"sysbus": Bus(FakeHost(), "sysbus"), "machine": object()})
    built = build(parse_platform(dedent(text)), factory or FakeFactory(), platform)
    return platform, built


def test_arguments_are_converted_to_the_parameters_types():
    platform, _ = made("""\
        u: T.Uart @ sysbus 0x1000
            fifoSize: 0x10
            parity: Parity.EvenOne
            gain: 2
            ratio: 0.125
            label: "a"
            mode: "slow"
            taps: [1, 2]
            window: <0x10, +2>
            names: { "a": 1 }
            clock: c
        c: T.Clock { hz: 50 }
        """)
    arguments = platform.objects["u"].arguments
    assert {key: arguments[key] for key in ("fifo_size", "parity", "gain", "ratio", "label", "mode", "taps")} == {
        "fifo_size": 16, "parity": Parity.EVEN_ONE, "gain": 2.0, "ratio": Fraction(1, 8), "label": "a", "mode": "slow",
        "taps": [1, 2],
    }  # fmt: skip
    assert (arguments["window"], arguments["names"]) == (range(0x10, 0x12), {"a": 1})
    assert arguments["clock"] is platform.objects["c"]
    assert type(arguments["gain"]) is float


def test_short_and_numeric_enums_and_empty():
    platform, _ = made("u: T.Uart { parity: .evenone; clock: empty }\nv: T.Uart { parity: 1; fifoSize: empty }")
    assert platform.objects["u"].arguments["parity"] is platform.objects["v"].arguments["parity"] is Parity.EVEN_ONE
    assert (platform.objects["u"].clock, platform.objects["v"].arguments["fifo_size"]) == (None, 0)


def test_inline_objects_are_made_set_and_wired():
    platform, built = made("""\
        u: T.Uart
            clock: new T.Clock { hz: 7; Hz: 8; init: { go } }
        """)
    assert platform.objects["u"].clock.hz == 8
    assert [(line.target, line.name, line.text) for line in built.init] == [(platform.objects["u"].clock, "", "go")]


def test_types_with_renodes_prefix_and_of_the_engine():
    factory = FakeFactory()
    platform, built = made(
        "ram: Antmicro.Renode.Peripherals.Memory.MappedMemory @ sysbus 0x2000 { size: 0x100 }\n"
        "u: Antmicro.Renode.Peripherals.T.Uart @ sysbus <0x3000, +0x20>\n"
        "cpu: T.Bus @ sysbus\n"
        "v: T.Uart @ sysbus new Bus.BusPointRegistration { address: 0x3000; cpu: cpu; offset: 4 }",
        factory,
    )
    placed = [(item.name, item.start, item.size, item.offset) for item in factory.placements]
    assert placed == [("ram", 0x2000, 0x100, 0), ("u", 0x3000, 0x20, 0), ("v", 0x3000, 0x1000, 4)]
    assert factory.placements[2].cpu is platform.objects["cpu"]
    assert built.names == ("ram", "u", "cpu", "v")


def test_properties_are_set_and_updates_reach_earlier_loads():
    platform, _ = made("u: T.Uart @ sysbus 0 { Speed: 3; Baud: 300 }")
    uart = platform.objects["u"]
    assert (uart.speed, uart.baud) == (3, 300)
    text = "u:\n    Speed: 4\n    init: { Go }\n    reset: { Stop }"
    built = build(parse_platform(text, existing=platform.objects), FakeFactory(), platform)
    assert uart.speed == 4
    assert [(line.name, line.text) for line in built.init] == [("u", "Go")]
    assert [item.text for item in built.reset["u"]] == ["Stop"]
    assert built.names == ()


def test_interrupts_by_default_name_and_number():
    platform, _ = made("u: T.Uart { -> nvic@3; 1-2 -> nvic@[11, 12]; Tx -> mux@5 }\nnvic: T.Nvic\nmux: T.Mux")
    uart, nvic = platform.objects["u"], platform.objects["nvic"]
    uart.outputs["IRQ"].set(True)
    uart.outputs[2].set(True)
    assert nvic.levels == {3: [False, True], 11: [False], 12: [False, True]}
    assert platform.objects["mux"].lines == {5: uart.outputs["Tx"]}


def test_two_drivers_of_one_input_are_ored():
    platform, _ = made("u: T.Uart { 0-1 -> nvic@[3, 3] }\nv: T.Uart { -> nvic@3 }\nnvic: T.Nvic")
    u, v, nvic = (platform.objects[name] for name in ("u", "v", "nvic"))
    for line, level in ((u.outputs[0], True), (v.outputs["IRQ"], True), (u.outputs[0], False)):
        line.set(level)
    assert nvic.levels[3] == [False, True]
    v.outputs["IRQ"].set(False)
    assert nvic.levels[3] == [False, True, False]
    u.outputs[1].level = True
    platform.restored()
    assert platform.gates[0].output.level
    assert nvic.levels[3] == [False, True, False]


def test_parts_are_attached_and_have_paths():
    platform, _ = made("part: T.Clock @ bus 2\nbus: T.Bus @ sysbus")
    assert platform.objects["bus"].children == {2: platform.objects["part"]}
    assert platform.paths() == ["sysbus", "machine", "sysbus.bus.part", "sysbus.bus"]
    assert platform.find("sysbus.bus.part") is platform.objects["part"]
    assert platform.find("bus.part") is platform.find("part") is None


@pytest.mark.parametrize(
    ("text", "code", "line", "words"),
    [
        ("u: T.Uarrt", 4, 1, "did you mean `T.Uart`"),
        ("u: T.Uart { fifoSzie: 3 }", 25, 1, "did you mean `fifoSize`.*it has: clock, fifoSize, parity"),
        ("m: Memory.MappedMemory", 25, 1, "needs the attribute `size`"),
        ("u: T.Uart\n    fifoSize: 1.5", 6, 2, r"`fifoSize` expects a whole number, not a number \(1.5\)"),
        ('u: T.Uart { gain: "1" }', 6, 1, "expects a number, not a string"),
        ("u: T.Uart { label: 3 }", 6, 1, "expects a string"),
        ('u: T.Uart { mode: "medium" }', 6, 1, 'one of "fast", "slow"'),
        ("u: T.Uart { taps: [1, true] }", 6, 1, "expects a list"),
        ("u: T.Uart { clock: n }\nn: T.Nvic", 6, 1, "expects T.Clock or empty, not `n`"),
        ("u: T.Uart { peer: n }\nn: T.Nvic", 6, 1, "expects HasBaud or empty, not `n`"),
        ("u: T.Uart { clock: clok }\nclock: T.Clock", 20, 1, "did you mean `clock`"),
        ("u: T.Uart { parity: .Odd }", 23, 1, "it has NONE, EVEN_ONE"),
        ("u: T.Uart { parity: Stop.None }", 23, 1, "not the type Parity"),
        ("u: T.Uart { Fixed: 3 }", 7, 1, "can only be read"),
        ("u: T.Uart { Sped: 3 }", 10, 1, "did you mean `speed`"),
        ("u: T.Uart { fifoSize: 17 }", 38, 1, "16 words at most"),
        ("u: T.Uart { clock: v }\nv: T.Uart { clock: u }", 24, 1, "u -> v -> u"),
        ("u: T.Uart { IRK -> n@1 }\nn: T.Nvic", 13, 1, "did you mean `IRQ`"),
        ("u: T.Uart { 4 -> n@1 }\nn: T.Nvic", 43, 1, "it has 0-3"),
        ("c: T.Clock { 4 -> n@1 }\nn: T.Nvic", 14, 1, "not numbered"),
        ("c: T.Clock { -> n@1 }\nn: T.Nvic", 15, 1, "no default output"),
        ("u: T.Uart { -> x@1 }", 11, 1, "`x` is not declared"),
        ("u: T.Uart { -> machine@1 }", 12, 1, "has no inputs"),
        ("u: T.Uart { -> n@101 }\nn: T.Nvic", 12, 1, "has no input 101"),
        ("u: T.Uart { -> n#0@1 }\nn: T.Nvic", 18, 1, "no local receivers"),
        ("u: T.Uart { Tx -> m@1 }\nv: T.Uart { Tx -> m@1 }\nm: T.Mux", 12, 1, "one DMA request"),
        ("c: T.Clock @ n 1\nn: T.Nvic", 5, 1, "takes no parts"),
        ("c: T.Clock @ machine 1", 5, 1, "takes no parts"),
        ("c: T.Clock @ sysbus 1", 5, 1, "has no size"),
        ("c: T.Clock @ b 9\nb: T.Bus", 39, 1, "no point 9"),
        ("c: T.Clock @ nobody", 20, 1, "`nobody` is not declared"),
        ("a: T.Bus @ b\nb: T.Bus @ a", 45, 1, "a -> b -> a"),
        ("u: T.Uart @ sysbus", 21, 1, "needs an address"),
        ('u: T.Uart @ sysbus "x"', 21, 1, "with an address, a range or"),
        ("u: T.Uart @ sysbus new Bus.BusMultiRegistration { address: 1 }", 21, 1, "new Bus.BusPointRegistration"),
        ('u: T.Uart @ sysbus new Bus.BusPointRegistration { condition: "x" }', 21, 1, "takes address, offset, cpu"),
        ("u: T.Uart @ sysbus 0x1000\nv: T.Uart @ sysbus 0x1FFF", 39, 2, "`v` at <0x00001FFF, 0x00002FFF> overlaps `u`"),
        ("u: T.Uart @ sysbus <0, +3>", 39, 1, "odd size"),
        ('u: T.Uart @ sysbus 0\nv: T.Clock @ sysbus as "u"', 41, 2, "already has an object `u`"),
    ],
)
def test_faults_name_the_place_and_what_to_do(text, code, line, words):
    with pytest.raises(SourceError, match=words) as caught:
        made(text)
    assert (caught.value.code, caught.value.line) == (code, line)
