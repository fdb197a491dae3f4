"""Keypad port: matrix, synchronizers and interrupts."""

from __future__ import annotations

import pytest
from plain_state import state_of

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.kpp import KDIE, KDSC, KPKD, KPKR, KRIE, KRSS, TABLE, Kpp

OFFSETS = {name: offset for name, offset, _, _ in TABLE.instances()}
SYNCHRONIZED_NS = -(-4 * 10**9 // 32_768)


class Keypad(Kpp):
    """A port with rows 0 to 3 and columns 0 to 3 set up as drivers do, columns low."""

    def __init__(self):
        super().__init__(FakeHost(), "kpp")
        self.reset()
        self.put("KPCR", 0x0F0F)
        self.put("KDDR", 0x0FF0)

    def put(self, name, value):
        self.write(OFFSETS[name], 2, value)

    def get(self, name):
        return self.read(OFFSETS[name], 2)

    @property
    def irq(self):
        return self.outputs["IRQ"].level


@pytest.fixture
def kpp():
    return Keypad()


def test_reset_values():
    kpp = Kpp(FakeHost(), "kpp")
    kpp.reset()
    assert [kpp.read(offset, 2) for offset in (0, 2, 4, 6)] == [0, 0x400, 0, 0xFFFF]


def test_scanning_finds_the_pressed_keys(kpp):
    kpp.press(2, 1)
    kpp.on_input(8 * 0 + 3, True)
    found = set()
    for column in range(4):
        kpp.put("KPDR", (0xFF & ~(1 << column)) << 8)
        found |= {(row, column) for row in range(4) if not kpp.get("KPDR") >> row & 1}
    assert found == {(2, 1), (0, 3)}
    kpp.release(2, 1)
    kpp.put("KPDR", 0)
    assert kpp.get("KPDR") == 0xF00E


def test_outputs_read_what_they_drive(kpp):
    kpp.put("KPDR", 0x05A0)
    assert kpp.get("KPDR") == 0xF5AF


def test_a_press_is_flagged_after_four_clocks(kpp):
    kpp.put("KPSR", KDIE)
    kpp.press(1, 1)
    kpp.host.run_for(SYNCHRONIZED_NS - 1)
    assert (kpp.get("KPSR") & KPKD, kpp.irq) == (0, False)
    kpp.host.run_for(1)
    assert (kpp.get("KPSR") & KPKD, kpp.irq) == (KPKD, True)
    kpp.put("KPSR", KDIE | KPKD)
    kpp.host.run_for(1_000_000)
    assert not kpp.irq
    kpp.put("KPSR", KDIE | KDSC)
    assert kpp.get("KPSR") & KDSC == 0
    kpp.host.run_for(SYNCHRONIZED_NS)
    assert kpp.irq


def test_a_release_is_flagged_when_all_keys_are_up(kpp):
    kpp.put("KPSR", KRIE)
    kpp.host.run_for(1_000_000)
    assert not kpp.irq
    kpp.press(0, 0)
    kpp.press(3, 3)
    kpp.host.run_for(1_000_000)
    kpp.release(0, 0)
    kpp.host.run_for(1_000_000)
    assert not kpp.irq
    kpp.release(3, 3)
    kpp.host.run_for(SYNCHRONIZED_NS)
    assert (kpp.irq, kpp.get("KPSR") & KPKR) == (True, KPKR)
    kpp.put("KPSR", KRIE | KPKR)
    assert not kpp.irq
    kpp.put("KPSR", KRIE | KRSS)
    kpp.host.run_for(SYNCHRONIZED_NS)
    assert kpp.irq


def test_bounces_and_rows_that_take_no_part_are_not_flagged(kpp):
    for _ in range(5):
        kpp.press(1, 1)
        kpp.host.run_for(SYNCHRONIZED_NS // 2)
        kpp.release(1, 1)
        kpp.host.run_for(SYNCHRONIZED_NS // 2)
    kpp.put("KPCR", 0x0F01)
    kpp.press(1, 1)
    kpp.host.run_for(1_000_000)
    assert kpp.get("KPSR") & KPKD == 0


def test_keys_that_are_not_there(kpp):
    with pytest.raises(UsageError, match="row 8, column 0"):
        kpp.press(8, 0)
    with pytest.raises(TypeError, match="keys 0 to 63"):
        kpp.on_input(64, True)


def test_saved_it_goes_on_the_same(kpp):
    kpp.press(1, 2)
    kpp.host.run_for(1000)
    other = Keypad()
    other.host.time_ns = kpp.host.time_ns
    other.restore(kpp.save())
    assert state_of(other) == state_of(kpp)
    other.host.run_for(SYNCHRONIZED_NS - 1000)
    assert other.get("KPSR") & KPKD
    assert other.get("KPDR") & 2 == 0
