"""External watchdog: window, keys, input, and registers that can be written once."""

from __future__ import annotations

import pytest
from plain_state import state_of

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.ewm import ASSIN, EWMEN, INEN, INTEN, TABLE, Ewm

OFFSETS = {name: offset for name, offset, _, _ in TABLE.instances()}
RESETS = {name: register.reset for name, _, register, _ in TABLE.instances()}
MS = 1_000_000


class Watchdog(Ewm):
    """An EWM with a clock of 1 kHz, registers by name and a fake host."""

    def __init__(self):
        super().__init__(FakeHost(), "ewm", frequency=1000)
        self.reset()

    def put(self, name, value):
        self.write(OFFSETS[name], 1, value)

    def get(self, name):
        return self.read(OFFSETS[name], 1)

    def service(self):
        self.put("SERV", 0xB4)
        self.put("SERV", 0x2C)

    @property
    def asserted(self):
        return not self.outputs["EWM_OUT_B"].level

    @property
    def irq(self):
        return self.outputs["IRQ"].level


@pytest.fixture
def ewm():
    watchdog = Watchdog()
    watchdog.put("CMPL", 10)
    watchdog.put("CMPH", 20)
    watchdog.put("CTRL", EWMEN | INTEN)
    return watchdog


def test_reset_values():
    ewm = Watchdog()
    assert {name: ewm.get(name) for name in OFFSETS} == RESETS
    assert not ewm.asserted
    ewm.host.run_for(1000 * MS)
    assert not ewm.asserted


def test_without_service_the_output_asserts_after_the_window(ewm):
    ewm.host.run_for(21 * MS - 1)
    assert (ewm.asserted, ewm.irq) == (False, False)
    ewm.host.run_for(1)
    assert (ewm.asserted, ewm.irq) == (True, True)
    ewm.put("CTRL", EWMEN)
    assert (ewm.asserted, ewm.irq) == (True, False)
    ewm.service()
    assert ewm.asserted
    ewm.reset()
    assert not ewm.asserted


@pytest.mark.parametrize(("after_ms", "in_time"), [(9.999, False), (10, True), (20.999, True)])
def test_a_service_counts_inside_the_window(ewm, after_ms, in_time):
    ewm.host.run_for(round(after_ms * MS))
    ewm.service()
    assert ewm.asserted != in_time
    if in_time:
        ewm.host.run_for(21 * MS - 1)
        assert not ewm.asserted
        ewm.host.run_for(1)
        assert ewm.asserted


@pytest.mark.parametrize("keys", [(0x2C, 0xB4), (0xB4, 0, 0x2C), (0x2C,), (0xB4, 0xB4)])
def test_only_the_keys_in_order_are_a_service(ewm, keys):
    ewm.host.run_for(15 * MS)
    for key in keys:
        ewm.put("SERV", key)
    ewm.host.run_for(6 * MS)
    assert ewm.asserted


def test_the_divider(ewm):
    slow = Watchdog()
    slow.put("CLKPRESCALER", 3)
    slow.put("CMPH", 4)
    slow.put("CTRL", EWMEN)
    slow.host.run_for(20 * MS - 1)
    assert (slow.count, slow.asserted) == (4, False)
    slow.host.run_for(1)
    assert slow.asserted


@pytest.mark.parametrize(
    ("flags", "level", "asserts"),
    [
        (INEN, True, True),
        (INEN, False, False),
        (INEN | ASSIN, False, True),
        (INEN | ASSIN, True, False),
        (0, True, False),
    ],
)
def test_the_input_asserts_the_output(flags, level, asserts):
    ewm = Watchdog()
    ewm.on_input(0, not asserts and level)
    ewm.put("CTRL", EWMEN | flags)
    ewm.on_input(0, level)
    assert ewm.asserted == asserts
    with pytest.raises(TypeError, match="input 0"):
        ewm.on_input(1, True)


def test_registers_that_can_be_written_once(ewm):
    for name in ("CMPL", "CMPH"):
        before = ewm.get(name)
        ewm.put(name, 99)
        assert ewm.get(name) == before
    for name in ("CLKCTRL", "CLKPRESCALER"):
        ewm.put(name, 1)
        ewm.put(name, 2)
        assert ewm.get(name) == 1
    ewm.put("CTRL", INEN)
    assert ewm.get("CTRL") == EWMEN
    assert len(ewm.host.messages) == 5
    assert "can be written once" in ewm.host.messages[0][2]


def test_a_bad_frequency_is_named():
    with pytest.raises(UsageError, match="above 0 Hz"):
        Ewm(FakeHost(), "ewm", frequency=0)


def test_saved_it_goes_on_the_same(ewm):
    ewm.host.run_for(15 * MS)
    ewm.put("SERV", 0xB4)
    other = Watchdog()
    other.host.time_ns = ewm.host.time_ns
    other.restore(ewm.save())
    assert state_of(other) == state_of(ewm)
    for each in (ewm, other):
        each.put("SERV", 0x2C)
        each.host.run_for(20 * MS)
    assert not other.asserted
    other.host.run_for(1 * MS)
    assert (other.asserted, other.irq) == (True, True)
