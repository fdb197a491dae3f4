"""The model room against a fake .NET side: models, wires, time and state without Renode."""

import pytest
from engines_renode.fake_renode import FakeButton, FakeCore, FakeLed, FakeMachine, FakeNvic, FakeRuntime, FakeShim

from wattbench.core.errors import UsageError
from wattbench.engines.embedded import native
from wattbench.engines.embedded.trace import NativeTrace, TraceSources
from wattbench.engines.renode import models
from wattbench.engines.renode.models import ModelRoom
from wattbench.engines.trace import TraceKind, TraceRequest, rows

PSR, GDIR, DR, ICR1, IMR, ISR = 8, 4, 0, 12, 20, 24
MS = 1_000_000


@pytest.fixture
def renode(monkeypatch):
    runtime = FakeRuntime(FakeMachine(native.library()))
    monkeypatch.setattr(models, "compiled_types", lambda: runtime.net)
    return runtime


@pytest.fixture
def room(renode):
    made = ModelRoom(renode)
    made.prepare()
    return made


def gpio(renode, name="gpio3", base=0x4013_4000):
    return FakeShim(renode.machine, "Wattbench.Gpio", name, base, ("IRQ_LOW", "IRQ_HIGH"), numbers=range(32))


def test_prepare_compiles_the_shim_and_the_types_once_before_any_platform(renode, room):
    (command,) = renode.commands
    assert command.startswith("include @")
    assert "PythonModel.cs" in command
    assert "Models.cs" in command


def test_the_bus_reaches_the_model_and_the_model_reaches_renode(renode, room):
    shim, nvic = gpio(renode), FakeNvic()
    shim.Output("IRQ_LOW").Connect(nvic, 104)
    room.bind()
    assert nvic.levels == {104: False}
    port = room.model("sysbus.gpio3")
    room.host.bus_write(0x4013_4000 + IMR, (1 << 8).to_bytes(4, "little"))
    room.host.bus_write(0x4013_4000 + ICR1, (1 << 16).to_bytes(4, "little"))
    shim.OnGPIO(8, True)
    assert port.read(PSR, 4) >> 8 & 1
    assert nvic.levels == {104: True}
    room.host.bus_write(0x4013_4000 + IMR, bytes(4))
    assert nvic.levels == {104: False}


def test_a_level_that_came_before_the_model_existed_is_not_lost(renode, room):
    gpio(renode).OnGPIO(5, True)
    room.bind()
    assert room.model("gpio3").read(PSR, 4) == 1 << 5


def test_two_models_are_wired_without_renode(renode, room):
    one, two = gpio(renode), gpio(renode, "gpio4", 0x4013_8000)
    one.Output(3).Connect(two, 7)
    room.bind()
    one.Output(3).Endpoints.clear()
    room.model("gpio3").write(GDIR, 4, 1 << 3)
    room.model("gpio3").write(DR, 4, 1 << 3)
    assert room.model("gpio4").read(PSR, 4) == 1 << 7
    two.OnGPIO(7, False)
    assert room.model("gpio4").read(PSR, 4) == 1 << 7, "Renode must not drive what Python drives"


def test_attributes_and_references_reach_the_model(renode, room):
    anadig = FakeShim(renode.machine, "Wattbench.Anadig", "anadig", 0x40C8_4000)
    ccm = FakeShim(renode.machine, "Wattbench.Ccm", "ccm", 0x40CC_0000, references={"anadig": anadig})
    FakeShim(
        renode.machine, "Wattbench.Lpuart", "lpuart1", 0x4007_C000, ("IRQ", "TxDma", "RxDma"),
        values={"fifo_size": "1"}, references={"clocks": ccm},
    )  # fmt: skip
    room.bind()
    assert room.model("lpuart1").fifo_size == 1


def test_a_reference_to_something_of_renodes_is_refused(renode, room):
    FakeShim(renode.machine, "Wattbench.Ccm", "ccm", 0x40CC_0000, references={"anadig": FakeNvic()})
    with pytest.raises(UsageError, match="`ccm`: the attribute `anadig` must name a model of wattbench"):
        room.bind()


def test_native_blocks_share_renodes_memory(renode, room):
    dma = FakeShim(renode.machine, "Wattbench.Edma", "edma0", 0x4007_0000, ("ERROR",), numbers=range(16))
    nvic = FakeNvic()
    dma.Output(0).Connect(nvic, 0)
    room.bind()
    room.host.bus_write(0x2000_0100, b"\x11\x22\x33\x44")
    base = 0x4007_1000
    for offset, size, value in (
        (0x00, 4, 0x2000_0100), (0x06, 2, 0x0202), (0x08, 4, 4), (0x10, 4, 0x2000_0200),
        (0x16, 2, 1), (0x1E, 2, 1), (0x1C, 2, 2),
    ):  # fmt: skip
        room.host.bus_write(base + offset, value.to_bytes(size, "little"))
    room.host.bus_write(0x4007_001D, b"\x00")
    assert room.host.bus_read(0x2000_0200, 4) == b"\x11\x22\x33\x44"
    assert nvic.levels == {0: True}


def test_characters_go_both_ways_at_the_speed_of_the_line(renode, room):
    shim = FakeShim(renode.machine, "Wattbench.Lpuart", "lpuart1", 0x4007_C000, ("IRQ",))
    room.bind()
    uart = room.model("lpuart1")
    uart.write(0x18, 4, 3 << 18)
    taken = []
    uart.port.receive = taken.append
    room.host.characters[shim.Id](ord("a"))
    room.host.characters[shim.Id](ord("b"))
    character_ns = round(10e9 / uart.port.bits_per_second())
    renode.machine.now_ns = character_ns - 1
    room.advance()
    assert uart.read(0x14, 4) >> 21 & 1 == 0
    renode.machine.now_ns = character_ns * 2 + 1
    room.advance()
    uart.port.transmitted(ord("x"))
    assert shim.sent == b"x"


def test_leds_and_buttons_of_renode_are_seen_as_models(renode, room):
    shim = gpio(renode)
    led = FakeLed("led", invert=True)
    shim.Output(3).Connect(led, 0)
    button = renode.machine.buttons["button"] = FakeButton(invert=True)
    button.IRQ.Connect(shim, 8)
    room.bind()
    assert room.model("led").state
    room.model("gpio3").write(GDIR, 4, 1 << 3)
    room.model("gpio3").write(DR, 4, 1 << 3)
    assert (room.model("led").state, led.State) == (False, False)
    assert room.model("gpio3").read(PSR, 4) >> 8 & 1
    room.model("button").press()
    assert button.Pressed
    assert not room.model("gpio3").read(PSR, 4) >> 8 & 1


def test_an_exception_in_a_model_is_kept_and_raised_outside(renode, room):
    shim = gpio(renode)
    room.bind()
    shim.OnGPIO(40, True)
    with pytest.raises(TypeError, match="gpio3 has no pin 40"):
        room.advance()
    assert room.pending_error() is None


def test_reset_reaches_the_chip_only(renode, room):
    shim = gpio(renode)
    led = FakeLed("led")
    shim.Output(3).Connect(led, 0)
    room.bind()
    room.model("gpio3").write(GDIR, 4, 1)
    room.host.resets[shim.Id]()
    assert room.model("gpio3").read(GDIR, 4) == 0


def test_a_device_that_asks_for_a_reset_gets_renode_to_do_it(renode, room):
    shim = FakeShim(renode.machine, "Wattbench.Src", "src", 0x40C0_4000, ("RESET",))
    room.bind()
    shim.OnGPIO(5, True)
    assert renode.machine.resets == 1


@pytest.mark.parametrize(("announced", "cause"), [(False, 1), (True, 0)])
def test_software_is_noted_as_the_cause_of_a_reset_that_nobody_else_caused(renode, room, announced, cause):
    shim = FakeShim(renode.machine, "Wattbench.Src", "src", 0x40C0_4000, ("RESET",))
    room.bind()
    src = room.model("src")
    noted = []
    src.note_reset = noted.append
    if announced:
        room.announce_reset()
    room.host.resets[shim.Id]()
    assert noted == ["m7_sysresetreq"] * cause


def test_save_and_restore(renode, room):
    gpio(renode)
    FakeShim(renode.machine, "Wattbench.Edma", "edma0", 0x4007_0000, ("ERROR",), numbers=range(16))
    room.bind()
    port, dma = room.model("gpio3"), room.model("edma0")
    port.write(GDIR, 4, 0x55)
    dma.write(0x1C, 1, 3)
    renode.machine.now_ns = 5 * MS
    room.advance()
    saved = room.save()
    port.write(GDIR, 4, 0xAA)
    before = dma.read(0, 4)
    dma.write(0, 4, 0x80)
    room.restore(saved)
    assert port.read(GDIR, 4) == 0x55
    assert dma.read(0, 4) == before
    assert room.host.now_ns() == 5 * MS


def test_after_a_load_the_models_work_with_renodes_new_objects(renode, room):
    gpio(renode).Output(0).Connect(FakeNvic(), 3)
    FakeShim(renode.machine, "Wattbench.Edma", "edma0", 0x4007_0000, ("ERROR",), numbers=range(16))
    room.bind()
    port = room.model("gpio3")
    port.write(GDIR, 4, 1)
    saved = room.save()
    renode.machine = FakeMachine(native.library())
    room.restore(saved)
    loaded, nvic = FakeShim.Made[0], FakeNvic()
    loaded.Output(0).Connect(nvic, 3)
    port.write(DR, 4, 1)
    assert nvic.levels == {3: True}
    room.host.bus_write(0x2000_0000, b"new!")
    assert renode.machine.memory.raw.find(b"new!") >= 0
    assert room.model("gpio3") is port


def test_closing_forgets_the_objects_of_this_machine(renode, room):
    shim = gpio(renode)
    room.bind()
    room.close()
    assert shim.Room is None
    assert not FakeShim.Made


def test_a_second_room_of_the_same_renode_compiles_nothing(renode, room):
    ModelRoom(renode).prepare()
    assert len(renode.commands) == 1


def test_a_state_of_another_platform_is_refused(renode, room):
    gpio(renode)
    room.bind()
    saved = room.save()
    saved["models"]["other"] = {}
    with pytest.raises(UsageError, match="another platform"):
        room.restore(saved)


def test_what_is_not_modelled_is_counted_by_the_cpus_pc(renode, room):
    gpio(renode)
    room.bind()
    room.model("gpio3").read(0x3F0, 4)
    assert {item.pc for item in room.unmodelled()} == {0x3000_1234}


def test_big_writes_of_a_model_drop_translated_code(renode, room):
    gpio(renode)
    room.bind()
    room.host.bus_write(0x2000_0000, bytes(256))
    assert room._room.stale_code == [(0x2000_0000, 256)]


def test_an_unknown_model_is_named_with_those_there_are(renode, room):
    gpio(renode)
    room.bind()
    with pytest.raises(UsageError, match="no model `gpio9`; it has gpio3"):
        room.model("gpio9")


def test_a_core_that_another_one_would_start_stays_halted_and_its_start_is_counted(renode, room):
    core = FakeCore()
    registers = FakeShim(renode.machine, "Wattbench.IomuxcLpsrGpr", "gpr", 0x40C0_C000)
    controller = FakeShim(renode.machine, "Wattbench.Src", "src", 0x40C0_4000, ("RESET", "M4_RUN"))
    references = {"core": core, "vectors": registers}
    start = FakeShim(renode.machine, "Wattbench.CoreStart", "m4_start", references=references)
    controller.Output("M4_RUN").Connect(start, 0)
    room.bind()
    assert core.IsHalted
    room.host.bus_write(0x40C0_4000, (3).to_bytes(4, "little"))
    assert core.IsHalted
    (entry,) = room.unmodelled()
    assert str(entry) == "m4_start: start of a second core under Renode vector table 0x00200400"


def test_wires_and_dma_of_models_can_be_traced(renode, room):
    gpio(renode)
    dma = FakeShim(renode.machine, "Wattbench.Edma", "edma0", 0x4007_0000, ("ERROR",), numbers=range(16))
    dma.Output(0).Connect(FakeNvic(), 0)
    room.bind()
    sources = TraceSources(room.host, room.model, lambda: room.models)
    trace = NativeTrace(room.host, sources, TraceRequest(wires=("gpio3.3",), dma=("edma0.0",)), ())
    room.model("gpio3").write(GDIR, 4, 1 << 3)
    room.model("gpio3").write(DR, 4, 1 << 3)
    for offset, size, value in (
        (0x00, 4, 0x2000_0100), (0x06, 2, 0x0202), (0x08, 4, 4), (0x10, 4, 0x2000_0200), (0x14, 2, 4),
        (0x16, 2, 1), (0x1E, 2, 1),
    ):  # fmt: skip
        room.host.bus_write(0x4007_1000 + offset, value.to_bytes(size, "little"))
    room.host.bus_write(0x4007_001D, b"\x00")
    found = [(row.kind, row.source, row.value, row.pc) for row in rows(trace.records())]
    assert found == [(TraceKind.EDGE, 0, 1, 0), (TraceKind.MAJOR, 0, 0x2000_0204, 0)]
    trace.stop()
