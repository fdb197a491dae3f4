import pytest
from plain_state import state_of

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.gpio import Gpio
from wattbench.hw.parts.button import Button
from wattbench.hw.parts.led import Led

OFFSETS = {name: offset for name, offset, _, _ in Gpio.table.instances()}
LOW_LEVEL, HIGH_LEVEL, RISING, FALLING = range(4)


class Port(Gpio):
    """A port with registers by name."""

    def put(self, name, value):
        self.write(OFFSETS[name], 4, value)

    def get(self, name):
        return self.read(OFFSETS[name], 4)

    @property
    def irqs(self):
        return self.outputs["IRQ_LOW"].level, self.outputs["IRQ_HIGH"].level

    def condition(self, pin, kind):
        self.put("ICR1" if pin < 16 else "ICR2", kind << 2 * (pin % 16))


@pytest.fixture
def port():
    block = Port(FakeHost(), "gpio3")
    block.reset()
    return block


def test_reset_values(port):
    assert [port.get(name) for name in OFFSETS] == [0] * len(OFFSETS)
    assert port.irqs == (False, False)


def test_outputs_drive_their_lines(port):
    edges = []
    port.outputs[5].connect(lambda level: edges.append((5, level)), announce=False)
    port.outputs[31].connect(lambda level: edges.append((31, level)), announce=False)
    port.put("DR", 1 << 5)
    assert edges == []
    port.put("GDIR", 1 << 5 | 1 << 31)
    port.put("DR_SET", 1 << 31)
    port.put("DR_CLEAR", 1 << 5)
    port.put("DR_TOGGLE", 1 << 5 | 1 << 31)
    assert edges == [(5, True), (31, True), (5, False), (5, True), (31, False)]
    assert port.get("DR") == port.get("PSR") == 1 << 5
    assert port.get("DR_SET") == 0
    port.put("GDIR", 0)
    assert edges[-1] == (5, False)


def test_inputs_read_their_pads_and_outputs_what_they_drive(port):
    port.put("GDIR", 0b01)
    port.put("DR", 0b01)
    port.on_input(0, False)
    port.on_input(1, True)
    assert port.get("PSR") == port.get("DR") == 0b11
    port.put("PSR", 0)
    port.put("GDIR", 0b10)
    assert port.get("PSR") == 0b00
    port.put("GDIR", 0)
    assert port.get("PSR") == 0b10


def test_undriven_pads_with_a_pull_up_are_high():
    port = Port(FakeHost(), "gpio3", pull_ups=1 << 28)
    port.reset()
    assert port.outputs[28].level
    assert port.get("PSR") == 1 << 28
    port.put("GDIR", 1 << 28)
    assert not port.outputs[28].level


@pytest.mark.parametrize("pin", [0, 15, 16, 31])
@pytest.mark.parametrize(("kind", "active"), [(RISING, True), (FALLING, False)])
def test_edges_interrupt_once(port, pin, kind, active):
    port.on_input(pin, not active)
    port.condition(pin, kind)
    port.put("ISR", 0xFFFF_FFFF)
    port.put("IMR", 1 << pin)
    port.on_input(pin, active)
    assert port.irqs == (pin < 16, pin >= 16)
    port.put("ISR", 1 << pin)
    assert port.irqs == (False, False)
    port.on_input(pin, not active)
    assert port.irqs == (False, False)


@pytest.mark.parametrize(("kind", "active"), [(LOW_LEVEL, False), (HIGH_LEVEL, True)])
def test_levels_interrupt_for_as_long_as_they_last(port, kind, active):
    port.on_input(20, not active)
    port.condition(20, kind)
    port.put("ISR", 0xFFFF_FFFF)
    port.put("IMR", 1 << 20)
    assert port.irqs == (False, False)
    port.on_input(20, active)
    assert port.irqs == (False, True)
    port.put("ISR", 1 << 20)
    assert port.get("ISR") >> 20 & 1
    assert port.irqs == (False, True)
    port.on_input(20, not active)
    assert port.irqs == (False, True)
    port.put("ISR", 1 << 20)
    assert port.irqs == (False, False)


def test_edge_select_takes_any_edge(port):
    port.put("EDGE_SEL", 1 << 3)
    port.put("ISR", 0xFFFF_FFFF)
    port.put("IMR", 1 << 3)
    for level in (True, False):
        port.on_input(3, level)
        assert port.irqs == (True, False)
        port.put("ISR", 1 << 3)
        assert port.irqs == (False, False)


def test_the_mask_gates_the_interrupt_not_the_status(port):
    port.condition(2, RISING)
    port.put("ISR", 0xFFFF_FFFF)
    port.on_input(2, True)
    assert port.get("ISR") >> 2 & 1
    assert port.irqs == (False, False)
    port.put("IMR", 1 << 2)
    assert port.irqs == (True, False)


def test_parts_hang_on_pins(port):
    led, button = Led(port.host, "led"), Button(port.host, "button", invert=True)
    port.attach(led, 5)
    port.attach(button, 6)
    assert port.get("PSR") == 1 << 6
    port.put("GDIR", 1 << 5)
    port.put("DR", 1 << 5)
    assert led.state
    button.press()
    assert port.get("PSR") == 1 << 5
    port.attach(Led(port.host, "spare"), None)
    with pytest.raises(UsageError, match="0 to 31"):
        port.attach(led, 32)


def test_there_are_no_other_pins(port):
    with pytest.raises(TypeError, match="no pin 32"):
        port.on_input(32, True)


def test_reset_lets_go_of_the_pins_but_not_of_the_board(port):
    port.on_input(7, True)
    port.put("GDIR", 1)
    port.put("DR", 1)
    port.put("IMR", 0xFFFF_FFFF)
    assert port.irqs == (True, True)
    port.reset()
    assert not port.outputs[0].level
    assert port.get("PSR") == 1 << 7
    assert port.irqs == (False, False)


def test_saved_state_comes_back_with_pads_and_lines(port):
    port.condition(9, RISING)
    port.put("ISR", 0xFFFF_FFFF)
    port.put("IMR", 1 << 9)
    port.put("GDIR", 1)
    port.put("DR", 1)
    port.on_input(9, True)
    other = Port(FakeHost(), "gpio3")
    other.restore(port.save())
    assert state_of(other) == state_of(port)
    assert (other.get("PSR"), other.get("ISR"), other.irqs) == (port.get("PSR"), port.get("ISR"), (True, False))
    assert other.outputs[0].level
    other.on_input(9, True)
    other.put("ISR", 1 << 9)
    assert other.irqs == (False, False)
