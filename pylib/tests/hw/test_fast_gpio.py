"""CM7_GPIO2 and CM7_GPIO3, and who of two ports has a pin."""

import pytest

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.fast_gpio import FastGpio
from wattbench.hw.imxrt.gpio import Gpio
from wattbench.hw.imxrt.iomuxc import IomuxcGpr

DR, GDIR, PSR, ICR1, IMR, ISR, DR_SET = 0x00, 0x04, 0x08, 0x0C, 0x14, 0x18, 0x84
GPR40, GPR41, GPR42 = 0xA0, 0xA4, 0xA8


@pytest.fixture
def ports():
    host = FakeHost()
    gpr, slow = IomuxcGpr(host, "gpr"), Gpio(host, "gpio2")
    fast = FastGpio(host, "cm7_gpio2", shared=slow, gpr=gpr, port=2)
    for block in (gpr, slow, fast):
        block.reset()
    return gpr, slow, fast


def test_pins_belong_to_the_slow_port_after_reset(ports):
    _, slow, fast = ports
    for port in (slow, fast):
        port.write(GDIR, 4, 0b11)
    fast.write(DR, 4, 0b10)
    slow.write(DR, 4, 0b01)
    assert (slow.outputs[0].level, slow.outputs[1].level) == (True, False)
    assert (slow.read(PSR, 4), fast.read(PSR, 4)) == (0b01, 0)


def test_pins_go_over_to_the_fast_port_one_by_one(ports):
    gpr, slow, fast = ports
    for port, data in ((slow, 0x1_0001), (fast, 0x2_0002)):
        port.write(GDIR, 4, 0x3_0003)
        port.write(DR, 4, data)
    gpr.write(GPR40, 4, 0b10)
    assert [slow.outputs[pin].level for pin in (0, 1, 16, 17)] == [True, True, True, False]
    gpr.write(GPR41, 4, 0b11)
    assert [slow.outputs[pin].level for pin in (0, 1, 16, 17)] == [True, True, False, True]
    assert (slow.read(PSR, 4), fast.read(PSR, 4)) == (0x0_0001, 0x2_0002)
    fast.write(DR_SET, 4, 0x1_0001)
    assert slow.outputs[16].level
    gpr.reset()
    assert [slow.outputs[pin].level for pin in (0, 1, 16, 17)] == [True, False, True, False]


def test_the_owner_of_a_pin_sees_it_and_interrupts(ports):
    gpr, slow, fast = ports
    slow.on_input(3, True)
    assert (slow.read(PSR, 4), fast.read(PSR, 4)) == (8, 0)
    gpr.write(GPR40, 4, 0xFFFF)
    assert (slow.read(PSR, 4), fast.read(PSR, 4)) == (0, 8)
    for port in (slow, fast):
        port.write(ICR1, 4, 2 << 2 * 4)
        port.write(IMR, 4, 1 << 4)
    slow.on_input(4, True)
    assert fast.outputs["IRQ_LOW"].level
    assert not slow.outputs["IRQ_LOW"].level
    assert fast.read(ISR, 4) & 1 << 4


def test_what_the_board_drove_before_is_known_to_the_fast_port():
    host = FakeHost()
    slow = Gpio(host, "gpio3", pull_ups=0b100)
    gpr = IomuxcGpr(host, "gpr")
    fast = FastGpio(host, "cm7_gpio3", shared=slow, gpr=gpr, port=3)
    gpr.write(GPR40, 4, 0xFFFF)
    assert fast.read(PSR, 4) == 0
    gpr.write(GPR42, 4, 0xFFFF)
    assert fast.read(PSR, 4) == 0b100


def test_only_ports_2_and_3_are_fast():
    host = FakeHost()
    with pytest.raises(UsageError, match="no port 4"):
        FastGpio(host, "cm7_gpio4", shared=Gpio(host, "gpio4"), gpr=IomuxcGpr(host, "gpr"), port=4)


def test_round_trip(ports):
    gpr, slow, fast = ports
    gpr.write(GPR40, 4, 1)
    fast.write(GDIR, 4, 1)
    fast.write(DR, 4, 1)
    saved = [block.save() for block in ports]
    for block in ports:
        block.reset()
    assert not slow.outputs[0].level
    for block, state in zip(ports, saved, strict=True):
        block.restore(state)
    assert slow.outputs[0].level
    assert fast.read(PSR, 4) == 1
    fast.write(DR, 4, 0)
    assert not slow.outputs[0].level
