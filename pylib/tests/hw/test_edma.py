"""eDMA and its multiplexer against what the manual says, on the Python model and on its native twin."""

from __future__ import annotations

import pytest
from afe_rig import DMA, MUX, tcd, tcd_words
from pairs import Side, Source
from test_twins import build_dma

ERQ, CINT, SERQ, SSRT, INT, ERR, HRS, ES = 0x0C, 0x1F, 0x1B, 0x1D, 0x24, 0x2C, 0x34, 0x04
INTMAJOR, INTHALF, DREQ, ESG, LINK, DONE = 2, 4, 8, 0x10, 0x20, 0x80


class Dma:
    """One side with shorthands."""

    def __init__(self, *, native: bool) -> None:
        self.side = Side(native=native)
        build_dma(self.side)
        for model in self.side.models.values():
            model.reset()
        self.memory = self.side.bus.memory

    def write(self, offset: int, value: int, size: int = 1) -> None:
        self.side.host.bus_write(DMA + offset, value.to_bytes(size, "little"))

    def read(self, offset: int, size: int = 4) -> int:
        return int.from_bytes(self.side.host.bus_read(DMA + offset, size), "little")

    def install(self, channel: int, image: bytes) -> None:
        for offset, size, value in tcd_words(image):
            self.write(0x1000 + 32 * channel + offset, value, size)

    def csr(self, channel: int) -> int:
        return self.read(0x101C + 32 * channel, 2)

    def route(self, channel: int, source: int) -> Source:
        self.side.host.bus_write(MUX + 4 * channel, (1 << 31 | source).to_bytes(4, "little"))
        return self.side.sources[source]


@pytest.fixture(params=[False, True], ids=["python", "native"])
def dma(request) -> Dma:
    return Dma(native=request.param)


def test_one_start_is_one_minor_loop_and_the_last_completes_the_major_loop(dma):
    dma.memory[0x100:0x108] = b"ABCDEFGH"
    dma.install(2, tcd(0x100, 0x200, 4, soff=1, doff=1, size=0, slast=-8, dlast=-8, count=2, csr=INTMAJOR))
    dma.write(SSRT, 2)
    assert bytes(dma.memory[0x200:0x208]) == b"ABCD\0\0\0\0"
    assert dma.csr(2) & DONE == 0
    dma.write(SSRT, 2)
    assert bytes(dma.memory[0x200:0x208]) == b"ABCDEFGH"
    assert dma.csr(2) & DONE
    assert dma.read(0x1000 + 64) == 0x100
    assert dma.read(0x1016 + 64, 2) == 2
    assert dma.side.record == [(0, "dma", 2, True)]
    dma.write(CINT, 2)
    assert dma.side.record[1:] == [(0, "dma", 2, False)]


def test_channels_16_apart_share_an_interrupt(dma):
    for channel in (3, 19):
        dma.install(channel, tcd(0x100, 0x200, 1, size=0, count=1, csr=INTMAJOR))
        dma.write(SSRT, channel)
    assert dma.read(INT) == 1 << 3 | 1 << 19
    dma.write(CINT, 3)
    assert dma.side.models["dma"].outputs[3].level
    dma.write(CINT, 19)
    assert not dma.side.models["dma"].outputs[3].level


def test_hardware_request_is_served_until_it_goes_away(dma):
    source = dma.route(1, 200)
    dma.install(1, tcd(0x100, 0x200, 1, size=0, doff=1, count=5))
    source.ask(3)
    assert dma.read(HRS) == 2
    assert dma.read(0x1016 + 32, 2) == 5
    dma.write(SERQ, 1)
    assert dma.read(0x1016 + 32, 2) == 2
    assert [event[1:] for event in dma.side.record] == [("acknowledged", 200)] * 3


def test_a_request_that_never_goes_away_lets_time_go_on(dma):
    source = dma.route(1, 200)
    dma.install(1, tcd(0x100, 0x200, 1, size=0, count=0x7FFF))
    dma.write(SERQ, 1)
    source.ask(10_000)
    dma.side.bus.run_to(2_500)
    assert len(dma.side.record) == 3 * 64
    assert {event[0] for event in dma.side.record} == {0, 1000, 2000}


def test_dreq_disables_requests_after_the_major_loop(dma):
    source = dma.route(1, 200)
    dma.install(1, tcd(0x100, 0x200, 1, size=0, count=2, csr=DREQ | INTHALF))
    dma.write(SERQ, 1)
    source.ask(5)
    assert dma.read(ERQ) == 0
    assert source.left == 3
    assert dma.read(INT) == 2


def test_scatter_gather_loads_the_next_descriptor(dma):
    second = tcd(0x110, 0x210, 2, size=1, count=1, csr=INTMAJOR)
    dma.memory[0x400:0x420] = second
    dma.install(4, tcd(0x100, 0x200, 1, size=0, count=1, dlast=0x400, csr=ESG))
    dma.memory[0x100], dma.memory[0x110] = 7, 9
    dma.write(SSRT, 4)
    assert [dma.read(0x1080 + n) for n in range(0, 32, 4)] == [
        int.from_bytes(second[n : n + 4], "little") for n in range(0, 32, 4)
    ]
    dma.write(SSRT, 4)
    assert (dma.memory[0x200], dma.memory[0x210]) == (7, 9)
    assert dma.read(INT) == 1 << 4


def test_minor_and_major_links_start_other_channels_without_erq(dma):
    dma.install(5, tcd(0x100, 0x200, 1, size=0, count=0x8000 | 6 << 9 | 2, csr=LINK | 7 << 8))
    dma.install(6, tcd(0x100, 0x300, 1, size=0, doff=1, count=9))
    dma.install(7, tcd(0x100, 0x301, 1, size=0, count=1))
    dma.write(SSRT, 5)
    assert dma.read(0x1016 + 6 * 32, 2) == 8
    dma.write(SSRT, 5)
    assert dma.read(0x1016 + 6 * 32, 2) == 8
    assert dma.csr(7) & DONE


@pytest.mark.parametrize(
    ("image", "bits"),
    [
        (tcd(0x101, 0x200, 4, count=1), 1 << 7),
        (tcd(0x100, 0x202, 4, count=1), 1 << 5),
        (tcd(0x100, 0x200, 4, soff=2, count=1), 1 << 6),
        (tcd(0x100, 0x200, 4, doff=1, count=1), 1 << 4),
        (tcd(0x100, 0x200, 6, count=1), 1 << 3),
        (tcd(0x100, 0x200, 4, count=0), 1 << 3),
        (tcd(0x100, 0x200, 4, size=6, count=1), 1 << 7 | 1 << 5),
        (tcd(0x100, 0x200, 4, count=1, dlast=0x404, csr=ESG), 1 << 2),
        (tcd(0x0200_0000, 0x200, 4, count=1), 1 << 1),
        (tcd(0x100, 0x0200_0000, 4, count=1), 1),
    ],
    ids=["saddr", "daddr", "soff", "doff", "nbytes", "citer", "size", "sga", "source-bus", "destination-bus"],
)
def test_errors_say_what_was_wrong_and_interrupt_when_enabled(dma, image, bits):
    dma.install(9, image)
    dma.write(0x19, 9)
    dma.write(SSRT, 9)
    assert dma.read(ES) == 1 << 31 | 9 << 8 | bits
    assert dma.read(ERR) == 1 << 9
    assert dma.side.record == [(0, "dma", "ERROR", True)]
    dma.write(0x1E, 9)
    assert dma.read(ES) == 9 << 8 | bits
    assert dma.side.record[1:] == [(0, "dma", "ERROR", False)]


def test_equal_priorities_are_an_error_only_with_fixed_priorities(dma):
    dma.install(2, tcd(0x100, 0x200, 1, size=0, count=3))
    dma.write(0x103, 5)
    dma.write(SSRT, 2)
    assert dma.read(ES) == 1 << 31 | 2 << 8 | 1 << 14
    dma.write(ERR, 0xFFFF_FFFF, 4)
    dma.write(0, 0x404, 4)
    dma.write(SSRT, 2)
    assert dma.read(ERR) == 0


def test_the_higher_priority_goes_first(dma):
    for channel, value in ((1, 0xA1), (2, 0xA2)):
        dma.memory[0x100 + channel] = value
        dma.install(channel, tcd(0x100 + channel, 0x200, 1, size=0, count=1))
    dma.write(0, 0x420, 4)
    dma.write(SSRT, 1)
    dma.write(SSRT, 2)
    assert dma.memory[0x200] == 0
    dma.write(0, 0x400, 4)
    assert dma.memory[0x200] == 0xA1


def test_rings_of_addresses_wrap(dma):
    image = bytearray(tcd(0x100, 0x300, 6, soff=1, doff=1, size=0, count=1))
    image[7] |= 2 << 3
    dma.memory[0x100:0x108] = b"abcdefgh"
    dma.install(0, bytes(image))
    dma.write(SSRT, 0)
    assert bytes(dma.memory[0x300:0x306]) == b"abcdab"


def test_minor_loop_offsets_apply_between_minor_loops_only(dma):
    dma.write(0, 0x480, 4)
    offset = 1 << 31 | 0x10 << 10
    dma.install(0, tcd(0x100, 0x300, offset | 4, soff=4, doff=4, slast=0x40, count=2))
    dma.write(SSRT, 0)
    assert dma.read(0x1000) == 0x114
    dma.write(SSRT, 0)
    assert dma.read(0x1000) == 0x118 + 0x40


def test_copy_between_address_0_and_1_does_not_fault(dma):
    dma.install(8, tcd(0, 1, 1, size=0, count=1))
    dma.memory[0] = 0x5A
    dma.write(SSRT, 8)
    assert (dma.read(ERR), dma.memory[1]) == (0, 0x5A)


def test_a_pulse_of_the_timer_lets_one_request_through(dma):
    source = dma.route(0, 200)
    dma.side.host.bus_write(MUX, (3 << 30 | 200).to_bytes(4, "little"))
    dma.install(0, tcd(0x100, 0x200, 1, size=0, count=9))
    dma.write(SERQ, 0)
    dma.side.do(("input", "mux", 0, True))
    assert source.left == 0
    source.ask(5)
    for _ in range(2):
        dma.side.do(("input", "mux", 0, True))
        dma.side.do(("input", "mux", 0, False))
    assert source.left == 3


@pytest.mark.parametrize(("control", "seen"), [(0x400, b"a\0\0\0"), (0x440, b"ab\0\0")])
def test_continuous_links_skip_arbitration(dma, control, seen):
    """Channel 2 links to itself and has a lower priority than channel 3, which it starts with its first byte."""
    dma.memory[0x100:0x102] = b"ab"
    dma.install(2, tcd(0x100, 0x300, 1, soff=1, doff=1, size=0, count=0x8000 | 2 << 9 | 2))
    dma.install(3, tcd(0x300, 0x400, 4, size=2, count=1))
    trigger = dma.route(3, 200)
    dma.write(SERQ, 3)
    other = dma.route(2, 3)
    asked = []

    def served() -> None:
        other.line.set(False)
        if not asked:
            asked.append(True)
            trigger.ask(1)

    other.line.acknowledged = served
    dma.write(0, control, 4)
    dma.write(SERQ, 2)
    other.ask(1)
    dma.side.bus.run_to(1)
    assert bytes(dma.memory[0x300:0x302]) == b"ab"
    assert bytes(dma.memory[0x400:0x404]) == seen


def test_a_flag_that_is_cleared_while_an_earlier_output_rises_stays_down(dma):
    dma.side.models["dma"].outputs[1].connect(lambda level: level and dma.write(CINT, 0x40), announce=False)
    dma.write(0, 0x420, 4)
    for channel in (1, 5):
        dma.install(channel, tcd(0x100, 0x200, 1, size=0, count=1, csr=INTMAJOR))
        dma.write(SSRT, channel)
    dma.write(0, 0x400, 4)
    assert dma.read(INT) == 0
    assert not dma.side.models["dma"].outputs[5].level
