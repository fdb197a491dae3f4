"""LPSPI: words, commands and exact times, on the Python model and on its native twin."""

from __future__ import annotations

from fractions import Fraction

import pytest
from afe_rig import SPI
from pairs import Side
from test_twins import build_spi

CR, SR, IER, DER, CFGR1, CCR, FCR, FSR, TCR, TDR, RSR, RDR = (
    0x10, 0x14, 0x18, 0x1C, 0x24, 0x40, 0x58, 0x5C, 0x60, 0x64, 0x70, 0x74,
)  # fmt: skip
TDF, RDF, WCF, FCF, TCF, TEF, REF, MBF = 1, 2, 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 24
CONT, CONTC, BYSW, LSBF, RXMSK, TXMSK = 1 << 21, 1 << 20, 1 << 22, 1 << 23, 1 << 19, 1 << 18


class Spi:
    """One side with an enabled master at 24 MHz: a clock cycle is 41.67 ns, SCK half of that."""

    def __init__(self, *, native: bool) -> None:
        self.side = Side(native=native)
        build_spi(self.side)
        self.side.models["spi"].reset()
        self.side.clock.set(24_000_000)
        self.write(CFGR1, 1)
        self.write(CR, 1)

    def write(self, offset: int, value: int, size: int = 4) -> None:
        self.side.host.bus_write(SPI + offset, value.to_bytes(size, "little"))

    def read(self, offset: int) -> int:
        return int.from_bytes(self.side.host.bus_read(SPI + offset, 4), "little")

    def run(self, ns: int = 1_000_000) -> None:
        self.side.do(("run", ns))

    def events(self, *kinds: str) -> list[tuple]:
        return [event for event in self.side.record if event[1] in kinds]

    def words(self) -> list[tuple[int, int]]:
        return [event[3:] for event in self.events("exchange")]


def cycles_ns(cycles: int, hz: Fraction | int = 24_000_000) -> int:
    return -(-cycles * 1_000_000_000 // Fraction(hz))


@pytest.fixture(params=[False, True], ids=["python", "native"])
def spi(request) -> Spi:
    return Spi(native=request.param)


def test_frame_times_are_exact(spi):
    spi.write(CCR, 5 << 24 | 7 << 16 | 9 << 8 | 2)
    spi.write(TCR, 2 << 24 | 1 << 27 | 63)
    spi.write(TDR, 0x11223344)
    spi.write(TDR, 0x55667788)
    lead, word, trail, gap = 2 * 8, 2 * 32 * 4, 2 * 6, 2 * 11
    spi.run(cycles_ns(lead + 2 * word + trail + gap) - 1)
    assert spi.read(SR) & (MBF | TCF) == MBF
    spi.run(1)
    assert spi.read(SR) & (MBF | TCF) == TCF
    assert spi.side.record == [
        (0, "select", 2, True),
        (cycles_ns(lead + word), "exchange", 2, 0x11223344, 32),
        (cycles_ns(lead + 2 * word), "exchange", 2, 0x55667788, 32),
        (cycles_ns(lead + 2 * word + trail), "select", 2, False),
    ]


def test_back_to_back_frames_do_not_drift(spi):
    hz = Fraction(133_333_333, 7)
    spi.side.clock.set(hz)
    spi.write(TCR, 7)
    for _ in range(16):
        spi.write(TDR, 0xA5)
    spi.run()
    ends = [event[0] for event in spi.events("exchange")]
    slot = 1 + 8 * 2 + 1 + 2
    assert ends == [cycles_ns(n * slot + 1 + 16, hz) for n in range(16)]


@pytest.mark.parametrize(
    ("flags", "bits", "written", "sent"),
    [
        (0, 16, 0xAABBCCDD, 0xCCDD),
        (BYSW, 16, 0x0258FFFF, 0x5802),
        (BYSW, 32, 0xFFFFFF04, 0x04FFFFFF),
        (LSBF, 8, 0x01, 0x80),
        (LSBF | BYSW, 32, 0x01000000, 0x80000000),
    ],
)
def test_order_of_bytes_and_bits(spi, flags, bits, written, sent):
    spi.write(TCR, flags | bits - 1)
    spi.write(TDR, written)
    spi.run()
    assert spi.words() == [(sent, bits)]


def test_received_words_come_back_in_the_same_order(spi):
    spi.write(TCR, BYSW | 31)
    spi.write(TDR, 0)
    spi.run()
    assert spi.read(RSR) == 1
    assert spi.read(RDR) == 0
    spi.write(TCR, BYSW | 1 << 24 | 31)
    spi.write(TDR, 0x78563412)
    spi.run()
    answer = (0x12345678 * 2654435761 + 1) >> 3 & 0xFFFFFFFF
    assert spi.read(RSR) == 1
    assert spi.read(RDR).to_bytes(4, "little") == answer.to_bytes(4, "big")
    assert spi.read(RSR) == 2


def test_a_long_frame_ends_with_a_right_aligned_rest(spi):
    spi.write(TCR, 39)
    spi.write(TDR, 0x01020304)
    spi.write(TDR, 0x05)
    spi.run()
    assert spi.words() == [(0x01020304, 32), (0x05, 8)]
    assert spi.read(FSR) == 2 << 16
    assert spi.read(RSR) == 1
    spi.read(RDR)
    assert spi.read(RSR) == 0


def test_a_command_leaves_the_fifo_at_once_and_applies_to_what_follows(spi):
    spi.write(TCR, 7)
    assert spi.read(FSR) & 0x1F == 0
    assert spi.read(TCR) == 7
    spi.write(TDR, 1)
    spi.write(TCR, 1 << 24 | 15)
    spi.write(TDR, 2)
    assert spi.read(TCR) == 7
    assert spi.read(FSR) & 0x1F == 2
    spi.run()
    assert [event[2:] for event in spi.events("exchange")] == [(0, 1, 8), (1, 2, 16)]
    assert spi.read(TCR) == 1 << 24 | 15


def test_continuous_transfer_keeps_the_select(spi):
    spi.write(TCR, CONT | 7)
    spi.write(TDR, 1)
    spi.run()
    assert spi.read(SR) & (MBF | FCF) == MBF
    spi.write(TCR, CONT | CONTC | RXMSK | 7)
    spi.write(TDR, 2)
    spi.run()
    assert spi.read(FSR) >> 16 == 1
    spi.write(TCR, 7)
    spi.run()
    assert spi.read(SR) & (MBF | FCF) == FCF
    assert [event[2:] for event in spi.events("select")] == [(0, True), (0, False)]


def test_receive_only_frame_needs_no_words(spi):
    spi.write(TCR, TXMSK | 63)
    spi.run()
    assert spi.words() == [(0xFFFFFFFF, 32)] * 2
    assert spi.read(FSR) == 2 << 16
    assert spi.read(TCR) == 63


def test_an_empty_fifo_stalls_the_frame_and_a_full_one_too(spi):
    spi.write(TCR, 63)
    spi.write(TDR, 1)
    spi.run()
    assert spi.read(SR) & MBF
    spi.write(TDR, 2)
    spi.run()
    assert len(spi.words()) == 2
    spi.write(TCR, 7)
    for _ in range(16):
        spi.write(TDR, 3)
        spi.run()
    assert spi.read(FSR) == 16 << 16 | 2
    assert len(spi.words()) == 16
    spi.read(RDR)
    spi.run()
    assert len(spi.words()) == 17


def test_without_stall_words_are_lost_and_missing_words_are_ones(spi):
    spi.write(CFGR1, 9)
    spi.write(TCR, 63)
    spi.write(TDR, 1)
    spi.run()
    assert spi.words() == [(1, 32), (0xFFFFFFFF, 32)]
    assert spi.read(SR) & TEF
    spi.write(TCR, 7)
    for _ in range(15):
        spi.write(TDR, 3)
        spi.run()
    assert spi.read(SR) & REF
    assert spi.read(FSR) >> 16 == 16


def test_watermarks_drive_flags_interrupt_and_dma(spi):
    spi.write(FCR, 1 << 16 | 2)
    spi.write(IER, RDF)
    spi.write(DER, 3)
    spi.write(TCR, RXMSK | CONT | 7)
    spi.write(CR, 0)
    for _ in range(3):
        spi.write(TDR, 0)
    assert spi.read(SR) & TDF == 0
    spi.write(CR, 1)
    assert spi.read(SR) & TDF
    spi.write(TCR, CONT | CONTC | 7)
    spi.write(TDR, 0)
    spi.write(TDR, 0)
    spi.run()
    last = spi.events("exchange")[-1][0]
    assert [event[1:] for event in spi.side.record if event[0] == last and event[1] == "spi"] == [
        ("spi", "RxDma", True),
        ("spi", "IRQ", True),
    ]
    spi.read(RDR)
    assert [event[2:] for event in spi.side.record[-2:]] == [("RxDma", False), ("IRQ", False)]


def test_flags_are_cleared_by_ones(spi):
    spi.write(TCR, 7)
    spi.write(TDR, 0)
    spi.run()
    assert spi.read(SR) & 0x3F00 == WCF | FCF | TCF
    spi.write(SR, FCF)
    assert spi.read(SR) & 0x3F00 == WCF | TCF


def test_reset_bit_empties_everything_but_itself(spi):
    spi.write(CCR, 5)
    spi.write(TCR, 63)
    spi.write(TDR, 1)
    spi.write(CR, 2)
    assert (spi.read(CR), spi.read(CCR), spi.read(FSR), spi.read(SR), spi.read(TCR)) == (2, 0, 0, TDF, 0x1F)
    assert [event[2:] for event in spi.events("select")] == [(0, True), (0, False)]
    spi.write(TDR, 1)
    assert spi.read(FSR) == 0


def test_a_stopped_clock_holds_the_frame_and_it_goes_on_later(spi):
    spi.write(TCR, 7)
    spi.write(TDR, 1)
    spi.side.clock.set(0)
    spi.run()
    assert len(spi.words()) == 1
    assert spi.read(SR) & MBF
    spi.side.clock.set(24_000_000)
    spi.run()
    assert spi.read(SR) & (MBF | FCF) == FCF


def test_slave_mode_is_reported(spi):
    spi.write(CFGR1, 0)
    spi.write(CR, 1)
    assert spi.side.unmodelled() == {("spi", "slave mode"): 1}
