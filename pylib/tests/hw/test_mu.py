"""The messaging unit at the registers of both sides."""

import pytest

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.mu import Mu

TR, RR, SR, CR = 0x00, 0x10, 0x20, 0x24
EMPTY = 0x00F00000
MUR = 1 << 5


class Pair:
    """Both sides; a core is on each."""

    def __init__(self):
        self.host = FakeHost()
        self.a = Mu(self.host, "mua")
        self.b = Mu(self.host, "mub", other=self.a)
        for side in (self.a, self.b):
            side.reset()
        self.a.on_input(0, True)

    def irqs(self):
        return [side.outputs["IRQ"].level for side in (self.a, self.b)]


@pytest.fixture
def pair():
    return Pair()


def test_after_reset_everything_is_empty_and_silent(pair):
    assert [side.read(SR, 4) for side in (pair.a, pair.b)] == [EMPTY, EMPTY]
    assert [side.read(CR, 4) for side in (pair.a, pair.b)] == [0, 0]
    assert pair.irqs() == [False, False]


def test_side_a_sees_the_other_core_in_reset():
    a = Mu(FakeHost(), "mua")
    Mu(a.host, "mub", other=a)
    a.reset()
    assert a.read(SR, 4) == EMPTY | 1 << 7
    a.on_input(0, True)
    assert a.read(SR, 4) == EMPTY
    a.on_input(0, False)
    assert a.read(SR, 4) == EMPTY | 1 << 7
    with pytest.raises(TypeError, match="no input 1"):
        a.on_input(1, True)


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("sender", ["a", "b"])
def test_a_word_goes_over_and_its_reading_comes_back(pair, number, sender):
    source, target = (pair.a, pair.b) if sender == "a" else (pair.b, pair.a)
    source.write(TR + 4 * number, 4, 0x1234 + number)
    assert source.read(SR, 4) == EMPTY & ~(1 << 23 - number)
    assert target.read(SR, 4) == EMPTY | 1 << 27 - number
    assert source.read(TR + 4 * number, 4) == 0
    assert target.read(RR + 4 * number, 4) == 0x1234 + number
    assert source.read(SR, 4) == target.read(SR, 4) == EMPTY
    assert target.read(RR + 4 * number, 4) == 0x1234 + number


def test_receive_registers_cannot_be_written(pair):
    pair.a.write(RR, 4, 5)
    assert pair.a.read(RR, 4) == 0


@pytest.mark.parametrize("number", range(4))
def test_interrupts_of_words(pair, number):
    pair.a.write(CR, 4, 1 << 23 - number)
    assert pair.irqs() == [True, False]
    pair.a.write(TR + 4 * number, 4, 1)
    assert pair.irqs() == [False, False]
    pair.b.write(CR, 4, 1 << 27 - number)
    assert pair.irqs() == [False, True]
    pair.b.read(RR + 4 * number, 4)
    assert pair.irqs() == [True, False]


@pytest.mark.parametrize("number", range(4))
def test_general_purpose_interrupts(pair, number):
    request, pending = 1 << 19 - number, 1 << 31 - number
    pair.b.write(CR, 4, pending)
    pair.a.write(CR, 4, request)
    assert pair.irqs() == [False, True]
    assert pair.b.read(SR, 4) == EMPTY | pending
    pair.a.write(CR, 4, 0)
    assert pair.a.read(CR, 4) == request
    pair.b.write(SR, 4, pending)
    assert pair.irqs() == [False, False]
    assert pair.a.read(CR, 4) == 0
    assert pair.b.read(SR, 4) == EMPTY
    pair.a.write(CR, 4, request)
    assert pair.b.read(SR, 4) == EMPTY | pending


def test_flags(pair):
    pair.a.write(CR, 4, 5)
    pair.b.write(CR, 4, 2)
    assert (pair.b.read(SR, 4) & 7, pair.a.read(SR, 4) & 7) == (5, 2)
    pair.a.write(CR, 4, 0)
    assert pair.b.read(SR, 4) & 7 == 0


def test_status_bits_are_read_only(pair):
    pair.a.write(SR, 4, 0x0FFFFFFF)
    assert pair.a.read(SR, 4) == EMPTY


def test_the_reset_of_side_a_resets_both(pair):
    pair.a.write(TR, 4, 1)
    pair.b.write(CR, 4, 0xFF000007)
    pair.a.write(CR, 4, 0xF000000 | MUR)
    for side in (pair.a, pair.b):
        assert (side.read(SR, 4), side.read(CR, 4), side.read(RR, 4)) == (EMPTY, 0, 0)
    assert pair.irqs() == [False, False]


def test_side_b_has_no_reset(pair):
    pair.a.write(TR, 4, 1)
    pair.b.write(CR, 4, MUR)
    assert pair.b.read(SR, 4) == EMPTY | 1 << 27
    assert pair.b.read(CR, 4) == 0


def test_a_side_alone_sends_nowhere():
    alone = Mu(FakeHost(), "mua")
    alone.reset()
    alone.write(TR, 4, 1)
    assert alone.read(SR, 4) & EMPTY == EMPTY
    assert alone.host.unmodelled_accesses["mua", "write TR0 without another side"] == 1


def test_save_and_restore(pair):
    pair.a.write(TR + 4, 4, 77)
    pair.b.write(CR, 4, 1 << 26)
    saved = [side.save() for side in (pair.a, pair.b)]
    pair.b.read(RR + 4, 4)
    pair.a.on_input(0, False)
    for side, state in zip((pair.a, pair.b), saved, strict=True):
        side.restore(state)
    assert pair.irqs() == [False, True]
    pair.a.write(CR, 4, 0)
    assert pair.a.read(SR, 4) == EMPTY & ~(1 << 22)
    assert pair.b.read(RR + 4, 4) == 77
    assert pair.irqs() == [False, False]
