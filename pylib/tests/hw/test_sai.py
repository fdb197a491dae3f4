"""SAI: words between wire and FIFO, flags, requests and exact times, on every kind that there is of it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from sai_bench import (
    BCD,
    BIT_HZ,
    BYP,
    ENABLE,
    FEF,
    FEIE,
    FOLLOW,
    FR,
    FRDE,
    FRF,
    FRIE,
    FSD,
    FWDE,
    FWF,
    FWIE,
    HELD,
    KINDS,
    MF,
    RCR2,
    RCR3,
    RCR4,
    RCR5,
    RCSR,
    RDR0,
    RFR0,
    RMR,
    SEF,
    SEIE,
    TCR1,
    TCR2,
    TCR3,
    TCR4,
    TCR5,
    TCSR,
    TDR0,
    TFR0,
    TMR,
    WSF,
    WSIE,
    SaiBench,
)  # fmt: skip

from wattbench.core.clock import FixedClock
from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.core.wires import AudioFrame, AudioWire, DmaRequest, Line
from wattbench.hw.imxrt.sai import Sai

WORD_NS = 32 * 1_000_000_000 // BIT_HZ


@pytest.fixture(params=KINDS, ids=[kind.__name__ for kind in KINDS])
def sai(request) -> SaiBench:
    return SaiBench(request.param)


# ---- receiver, clocked by a device


def test_words_arrive_at_the_end_of_their_last_bit(sai):
    sai.receive_8_words()
    sai.frame(range(1, 9))
    for word in range(8):
        sai.run_to(sai.start_ns + (word + 1) * WORD_NS - 1)
        assert sai.read(RFR0) >> 16 == word
        sai.run_to(sai.start_ns + (word + 1) * WORD_NS)
        assert sai.read(RFR0) >> 16 == word + 1
    assert [sai.read(RDR0) for _ in range(9)] == [1, 2, 3, 4, 5, 6, 7, 8, 0]
    assert sai.read(RFR0) == 8 << 16 | 8


def test_the_request_rises_with_the_word_above_the_watermark_and_falls_with_a_read(sai):
    sai.receive_8_words(watermark=8)
    sai.write(RCSR, ENABLE | FRDE)
    sai.frame(range(8))
    sai.run_to(sai.start_ns + 8 * WORD_NS)
    assert not sai.level("RxDma")
    sai.frame(range(8))
    sai.run_to(sai.start_ns + WORD_NS - 1)
    assert not sai.level("RxDma")
    sai.run_to(sai.start_ns + WORD_NS)
    assert sai.level("RxDma")
    assert sai.changes("RxDma") == [(sai.start_ns + WORD_NS, True)]
    assert sai.read(RCSR) & FRF
    sai.read(RDR0)
    assert not sai.level("RxDma")
    assert not sai.read(RCSR) & FRF


def test_each_flag_interrupts_by_its_own_enable(sai):
    sai.receive_8_words(watermark=31)
    for enable, flag, words in ((FRIE, FRF, 32), (FWIE, FWF, 32), (FEIE, FEF, 33), (WSIE, WSF, 1), (SEIE, SEF, 1)):
        sai.write(RCSR, HELD)
        sai.write(RCSR, ENABLE | enable)
        at_ns = None
        for number in range(-(-words // 8)):
            sai.frame(range(8))
            at_ns = sai.start_ns + (words - 8 * number) * WORD_NS
            assert not sai.level("IRQ") or flag == WSF
            if flag == SEF:
                sai.run(WORD_NS)
                sai.frame(range(8))
                at_ns = sai.start_ns
            elif flag == WSF:
                at_ns = sai.start_ns
            sai.run_to(max(sai.now, at_ns - 1) if at_ns < sai.start_ns + 8 * WORD_NS else sai.start_ns + 8 * WORD_NS)
        assert at_ns is not None
        sai.run_to(max(at_ns, sai.now))
        assert sai.level("IRQ"), hex(flag)
        assert sai.changes("IRQ")[-1] == (at_ns, True)
        assert sai.read(RCSR) & flag
        if flag in (FRF, FWF):
            sai.read(RDR0)
        else:
            sai.write(RCSR, ENABLE | enable | flag)
            assert not sai.read(RCSR) & flag
        assert not sai.level("IRQ")


def test_a_warning_asks_for_dma(sai):
    sai.receive_8_words()
    sai.write(RCSR, ENABLE | FWDE)
    for _ in range(4):
        assert not sai.level("RxDma")
        sai.frame(range(8))
        sai.run(8 * WORD_NS)
    assert sai.level("RxDma")


def test_a_word_for_a_full_fifo_stops_the_receiver_until_the_flag_is_cleared(sai):
    sai.receive_8_words()
    for number in range(5):
        sai.frame(range(8 * number, 8 * number + 8))
        sai.run(8 * WORD_NS)
    assert sai.read(RCSR) & FEF
    assert [sai.read(RDR0) for _ in range(33)] == [*range(32), 0]
    sai.frame(range(100, 108))
    sai.run(2 * WORD_NS)
    assert sai.read(RFR0) >> 16 == 32
    sai.write(RCSR, ENABLE | FEF)
    sai.run(6 * WORD_NS)
    assert sai.read(RFR0) >> 16 == 32, "it goes on with the next frame"
    sai.frame(range(200, 208))
    sai.run(8 * WORD_NS)
    assert [sai.read(RDR0) for _ in range(8)] == [*range(200, 208)]


def test_with_fcont_it_goes_on_at_the_word_that_was_lost(sai):
    sai.receive_8_words()
    sai.write(RCR4, 7 << 16 | MF | 1 << 28)
    sai.frame(range(8))
    sai.run(8 * WORD_NS)
    for _ in range(3):
        sai.frame(range(8))
        sai.run(8 * WORD_NS)
    assert [sai.read(RDR0) for _ in range(3)] == [0, 1, 2]
    sai.frame(range(50, 58))
    sai.run(8 * WORD_NS)
    assert sai.read(RCSR) & FEF
    while sai.read(RFR0) & 0x3F != sai.read(RFR0) >> 16:
        sai.read(RDR0)
    sai.write(RCSR, ENABLE | FEF)
    sai.frame(range(60, 68))
    sai.run(8 * WORD_NS)
    assert [sai.read(RDR0) for _ in range(6)] == [63, 64, 65, 66, 67, 0]


def test_masked_words_are_not_stored(sai):
    sai.receive_8_words(watermark=1)
    sai.write(RMR, 0b1010_0101)
    sai.write(RCSR, ENABLE | FRDE)
    sai.frame(range(8))
    sai.run_to(sai.start_ns + 4 * WORD_NS - 1)
    assert not sai.level("RxDma")
    sai.run(1)
    assert sai.level("RxDma")
    sai.run(4 * WORD_NS)
    assert [sai.read(RDR0) for _ in range(5)] == [1, 3, 4, 6, 0]


def test_words_of_another_width_than_the_device_sends(sai):
    sai.receive_8_words()
    sai.write(RCR4, 3 << 16 | MF)
    sai.write(RCR5, 15 << 24 | 7 << 16 | 31 << 8)
    sai.frame([0x12345678, 0x9ABCDEF0])
    sai.run(8 * WORD_NS)
    assert [sai.read(RDR0) for _ in range(5)] == [0x1200_0000, 0x3456_0000, 0x789A_0000, 0xBCDE_0000, 0]


def test_the_line_is_low_after_the_words_that_the_device_has(sai):
    sai.receive_8_words()
    sai.frame([0xFFFF_FFFF])
    sai.run(8 * WORD_NS)
    assert [sai.read(RDR0) for _ in range(8)] == [0xFFFF_FFFF, 0, 0, 0, 0, 0, 0, 0]
    assert sai.read(RFR0) >> 16 == 8


@pytest.mark.parametrize(
    ("msb_first", "first_bit", "bits", "stored"),
    [(1, 31, 24, 0xA1B2C300), (1, 23, 24, 0xA1B2C3), (1, 15, 24, 0xA1B2), (0, 0, 24, 0xC34D85), (0, 8, 24, 0xC34D8500)],
)
def test_where_the_bits_of_a_word_go(sai, msb_first, first_bit, bits, stored):
    sai.receive_8_words()
    sai.write(RCR4, msb_first << 4)
    sai.write(RCR5, bits - 1 << 24 | bits - 1 << 16 | first_bit << 8)
    sai.frame([0xA1B2C3], bits)
    sai.run(WORD_NS)
    assert sai.read(RDR0) == stored


def test_data_lines_have_fifos_of_their_own(sai):
    sai.receive_8_words()
    sai.write(RCR3, 0b1001 << 16)
    sai.write(RCR4, 1 << 16 | MF)
    sai.lines([[10, 11], [20, 21], [30, 31], [40, 41]])
    sai.run(2 * WORD_NS)
    assert [[sai.read(RDR0 + 4 * line) for _ in range(3)] for line in range(4)] == [
        [10, 11, 0], [0, 0, 0], [0, 0, 0], [40, 41, 0],
    ]  # fmt: skip
    sai.lines([[10, 11], [20, 21], [30, 31], [40, 41]])
    sai.run(2 * WORD_NS)
    sai.write(RCR3, 0b1001 << 16 | 0b1000 << 24)
    assert sai.read(RCR3) == 0b1001 << 16
    assert (sai.read(RFR0), sai.read(RFR0 + 12)) == (2 | 4 << 16, 0)


def test_a_frame_sync_too_early_is_an_error_and_begins_a_frame(sai):
    sai.receive_8_words()
    sai.frame(range(8))
    sai.run(3 * WORD_NS)
    assert not sai.read(RCSR) & SEF
    sai.frame(range(20, 28))
    sai.run(8 * WORD_NS)
    assert sai.read(RCSR) & SEF
    assert [sai.read(RDR0) for _ in range(12)] == [0, 1, 2, *range(20, 28), 0]


def test_enabling_waits_for_a_frame_and_disabling_for_its_end(sai):
    sai.receive_8_words(enable=False)
    sai.frame(range(8))
    sai.run(2 * WORD_NS)
    sai.write(RCSR, ENABLE)
    sai.run(6 * WORD_NS)
    assert sai.read(RFR0) == 0
    sai.frame(range(8))
    sai.run(2 * WORD_NS)
    sai.write(RCSR, 0)
    sai.run(6 * WORD_NS - 1)
    assert sai.read(RCSR) & ENABLE
    sai.run(1)
    assert not sai.read(RCSR) & ENABLE
    assert sai.read(RFR0) >> 16 == 8
    sai.frame(range(8))
    sai.run(8 * WORD_NS)
    assert sai.read(RFR0) >> 16 == 8


def test_software_reset_and_fifo_reset(sai):
    sai.receive_8_words()
    sai.frame(range(8))
    sai.run(4 * WORD_NS)
    sai.write(RCSR, ENABLE | FR)
    assert sai.read(RFR0) == 0
    assert not sai.read(RCSR) & FR
    sai.run(4 * WORD_NS)
    assert [sai.read(RDR0) for _ in range(5)] == [4, 5, 6, 7, 0]
    sai.frame(range(8))
    sai.run(WORD_NS)
    sai.write(RCSR, HELD)
    assert (sai.read(RCSR), sai.read(RFR0)) == (HELD, 0)
    sai.frame(range(8))
    sai.run(8 * WORD_NS)
    assert sai.read(RFR0) == 0


# ---- transmitter and clocks made here


def test_a_master_sends_frame_after_frame_at_the_divided_clock(sai):
    sai.send_2_words(divider=3)
    for word in (0x1111_1111, 0x2222_2222, 0x3333_3333, 0x4444_4444):
        sai.write(TDR0, word)
    started = sai.now
    sai.write(TCSR, ENABLE)
    bit = Fraction(1_000_000_000, 24_000_000 // 8)
    sai.run(10 * round(64 * bit))
    frames = sai.sent[:2]
    assert [frame.lines[0] for frame in frames] == [(0x1111_1111, 0x2222_2222), (0x3333_3333, 0x4444_4444)]
    assert [frame.start_ns for frame in frames] == [started, started - -64 * bit // 1]
    assert frames[0].bit_hz == 3_000_000
    assert frames[0].widths == (32, 32)


def test_the_transmitter_asks_at_its_watermark_and_says_when_it_ran_empty(sai):
    sai.send_2_words()
    sai.write(TCR1, 1)
    assert sai.read(TCSR) & (FRF | FWF) == FRF | FWF
    for word in range(4):
        sai.write(TDR0, word)
    assert not sai.read(TCSR) & (FRF | FWF)
    sai.write(TCSR, ENABLE | FRDE)
    word_ns = Fraction(32 * 2 * 1_000_000_000, 24_000_000)
    assert not sai.level("TxDma")
    sai.run(-(-2 * word_ns // 1))
    assert sai.changes("TxDma") == [(-(-2 * word_ns // 1), True)]
    sai.run(3 * word_ns // 1)
    assert sai.read(TCSR) & FEF
    assert sai.read(TFR0) == 4 | 4 << 16
    sai.write(TDR0, 9)
    sai.write(TCSR, ENABLE | FEF)
    sai.run(4 * word_ns // 1)
    assert (9, 0) in [frame.lines[0] for frame in sai.sent]


def test_a_full_transmit_fifo_takes_no_more(sai):
    sai.send_2_words()
    for word in range(40):
        sai.write(TDR0, word)
    assert sai.read(TFR0) == 32 << 16


def test_masked_words_are_sent_as_zeros_without_taking_one(sai):
    sai.send_2_words()
    sai.write(TMR, 1)
    sai.write(TDR0, 7)
    sai.write(TCSR, ENABLE)
    sai.run(2 * 64 * 84)
    assert sai.sent[0].lines[0] == (0, 7)


def test_lsb_first_words_are_mirrored(sai):
    sai.send_2_words()
    sai.write(TCR4, FSD)
    sai.write(TCR5, 7 << 24 | 7 << 16 | 4 << 8)
    sai.write(TDR0, 0xC10)
    sai.write(TCSR, ENABLE)
    sai.run(2000)
    assert sai.sent[0].lines[0] == (0b1000_0011,)


def test_bypass_and_bus_clock(sai):
    sai.send_2_words()
    sai.write(TCR2, BCD | BYP | 1 << 26)
    sai.write(TDR0, 1)
    sai.write(TCSR, ENABLE)
    sai.run(64 * 42)
    assert sai.sent[0].bit_hz == 24_000_000


def test_a_master_waits_for_its_clock(sai):
    sai.send_2_words()
    sai.clock.set(0)
    sai.write(TDR0, 5)
    sai.write(TCSR, ENABLE)
    sai.run(1_000_000)
    assert not sai.sent
    sai.clock.set(12_000_000)
    sai.run(64 * 167)
    assert sai.sent[0].bit_hz == 6_000_000


def test_a_device_may_clock_the_transmitter(sai):
    sai.send_2_words()
    sai.write(TCR2, 0)
    sai.write(TCR4, 1 << 16 | MF)
    sai.write(TDR0, 0xAA)
    sai.write(TDR0, 0xBB)
    sai.write(TCSR, ENABLE)
    sai.run(100_000)
    assert not sai.sent
    sai.bench_port("tx").begin(AudioFrame(sai.now, Fraction(BIT_HZ), (32, 32)))
    sai.run(2 * WORD_NS)
    assert [frame.lines[0] for frame in sai.sent] == [(0xAA, 0xBB)]


def test_the_receiver_may_follow_the_transmitter(sai):
    sai.send_2_words()
    sai.write(RCR2, FOLLOW)
    sai.write(RCR3, 1 << 16)
    sai.write(RCR4, 1 << 16 | MF)
    sai.write(RCR5, 31 << 24 | 31 << 16 | 31 << 8)
    sai.bench_port("rx").supply = lambda frame: (tuple(range(70, 70 + len(frame.widths))),)
    sai.write(RCSR, ENABLE)
    sai.run(10_000)
    assert sai.read(RFR0) == 0
    sai.write(TCSR, ENABLE)
    sai.run(64 * 84)
    assert [sai.read(RDR0) for _ in range(2)] == [70, 71]


def test_a_master_receiver_asks_the_device_for_its_words(sai):
    sai.receive_8_words(enable=False)
    sai.write(RCR2, BCD | 1 << 26)
    sai.write(RCR4, 7 << 16 | MF | FSD)
    sai.bench_port("rx").supply = lambda frame: (tuple(range(30, 30 + len(frame.widths))),)
    sai.write(RCSR, ENABLE)
    sai.run(-(-256 * 1_000_000_000 // 12_000_000))
    assert [sai.read(RDR0) for _ in range(8)] == [*range(30, 38)]


# ---- the block


def test_reset_values_and_what_an_instance_has():
    plain, small = Sai(FakeHost(), "sai1"), Sai(FakeHost(), "sai2", lines=1, version=0x0300_0000)
    for model in (plain, small):
        model.reset()
    assert [plain.read(offset, 4) for offset in (0, 4, TCSR, RCSR)] == [0x0301_0000, 0x50504, 0, 0]
    assert [small.read(offset, 4) for offset in (0, 4)] == [0x0300_0000, 0x50501]


def test_bad_attributes_and_wires():
    with pytest.raises(UsageError, match="1 to 4 data lines"):
        Sai(FakeHost(), "sai1", lines=5)
    sai = Sai(FakeHost(), "sai1")
    with pytest.raises(TypeError, match="inputs 0 and 1"):
        sai.connect_input(2, AudioWire())
    with pytest.raises(TypeError, match="audio wires"):
        sai.connect_input(0, Line())  # type: ignore[arg-type]  # the wrong wire is what is tested
    assert isinstance(sai.outputs["RxDma"], DmaRequest)


def test_a_wire_ends_at_the_port(sai):
    wire = AudioWire()
    sai.model.connect_input(0, wire)
    sai.receive_8_words()
    wire.port.begin(AudioFrame(sai.now, Fraction(BIT_HZ), (32,) * 8, (tuple(range(8)),)))
    sai.run(8 * WORD_NS)
    assert sai.read(RFR0) >> 16 == 8


def test_what_is_not_modelled_is_counted(sai):
    sai.receive_8_words(enable=False)
    sai.write(RCR2, BCD)
    sai.write(RCSR, ENABLE)
    sai.write(RCSR, 0)
    sai.write(RCR2, BCD | 2 << 26)
    sai.write(RCR4, 7 << 16 | MF | FSD)
    sai.write(RCSR, ENABLE)
    sai.write(RCR4, 7 << 16 | MF | FSD | 1 << 26)
    assert sai.unmodelled() == {"RCR4.FSD 0 with RCR2.BCD 1", "RCR2.MSEL 2", "write RCR4 value 0x4070011"}


def test_save_in_the_middle_of_a_frame_and_restore(sai):
    sai.receive_8_words(watermark=3)
    sai.write(RCSR, ENABLE | FRDE)
    sai.frame(range(8))
    sai.run(2 * WORD_NS + 5)
    saved = sai.save()
    sai.run(10 * WORD_NS)
    first = sai.changes("RxDma"), [sai.read(RDR0) for _ in range(9)]
    sai.restore(saved)
    sai.record.clear()
    assert not sai.level("RxDma")
    sai.run(10 * WORD_NS)
    assert (sai.changes("RxDma"), [sai.read(RDR0) for _ in range(9)]) == first


def test_chip_reset_ends_everything(sai):
    sai.receive_8_words(watermark=0)
    sai.write(RCSR, ENABLE | FRDE | FRIE)
    sai.frame(range(8))
    sai.run(2 * WORD_NS)
    assert sai.level("IRQ")
    sai.model.reset()
    assert not sai.level("IRQ")
    assert not sai.level("RxDma")
    sai.run(8 * WORD_NS)
    assert (sai.read(RCSR), sai.read(RFR0), sai.read(RCR5), sai.read(TCR3)) == (0, 0, 0, 0)


def test_roots_are_looked_up_when_it_is_made():
    class Roots(FixedClock):
        def rate_hz(self, root: str) -> int:
            if root not in ("SAI7", "IPG"):
                raise UsageError(root)
            return 1

    Sai(FakeHost(), "x.sai7", clocks=Roots(1), bus_root="IPG")
    with pytest.raises(UsageError, match="BUS"):
        Sai(FakeHost(), "sai7", clocks=Roots(1))


def test_each_direction_has_an_interrupt_of_its_own(sai):
    sai.write(TCR3, 1 << 16)
    sai.write(TCSR, FWIE)
    assert [sai.level(output) for output in ("IRQ", "TX_IRQ", "RX_IRQ")] == [True, True, False]
    sai.write(TCSR, 0)
    sai.receive_8_words(watermark=0)
    sai.write(RCSR, ENABLE | FRIE)
    sai.frame([1])
    sai.run(WORD_NS)
    assert [sai.level(output) for output in ("IRQ", "TX_IRQ", "RX_IRQ")] == [True, False, True]


def test_a_word_has_no_more_bits_than_the_device_clocks(sai):
    sai.receive_8_words()
    sai.write(RCR5, 15 << 24 | 15 << 16 | 31 << 8)
    sai.write(RCR4, 1 << 16 | MF)
    sai.frame([0x9_1234, 0x5678], 16)
    sai.run(2 * WORD_NS)
    assert [sai.read(RDR0) for _ in range(2)] == [0x1234_0000, 0x5678_0000]
