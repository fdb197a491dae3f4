"""FlexCAN: modes, sending, bit time, interrupts, state."""

import pytest
from flexcan_bench import (
    ABORT,
    AEN,
    BIT_NS,
    CLOCK_HZ,
    FRZ,
    FRZACK,
    FULL,
    HALT,
    IDE,
    INACTIVE,
    IRMQ,
    LPMACK,
    MDIS,
    NOTRDY,
    RTR,
    RX,
    SOFTRST,
    TIMING,
    TX,
    Bench,
    frame_ns,
)
from pairs import Clock
from plain_state import state_of

from wattbench.core.can_frame import CanFrame
from wattbench.core.clock import FixedClock
from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.imxrt.flexcan import Flexcan
from wattbench.hw.imxrt.flexcan_buffers import CTRL1, MCR, TABLE


@pytest.fixture
def bench():
    made = Bench()
    made.port.present = True
    return made


def test_names_and_reset_values():
    assert CATALOGUE["Wattbench.FlexCan"] is Flexcan
    can = Flexcan(FakeHost(), "can1")
    can.reset()
    for name, offset, register, number in TABLE.instances():
        assert can.read(offset, 4) == register.reset_of(number), name


def test_freeze_and_low_power_handshakes():
    bench = Bench(start=False)
    assert bench.read("MCR") & (FRZACK | NOTRDY) == FRZACK | NOTRDY
    bench.write("MCR", 63)
    assert not bench.read("MCR") & (FRZACK | NOTRDY)
    bench.write("MCR", 63 | HALT)
    assert not bench.read("MCR") & FRZACK
    bench.write("MCR", 63 | HALT | FRZ)
    assert bench.read("MCR") & FRZACK
    bench.write("MCR", MDIS | 63 | HALT | FRZ)
    assert bench.read("MCR") & (FRZACK | LPMACK | NOTRDY) == LPMACK | NOTRDY
    bench.write("MCR", 63)
    assert not bench.read("MCR") & (FRZACK | LPMACK | NOTRDY)


def test_soft_reset_keeps_the_bus_settings():
    bench = Bench()
    bench.write("IMASK1", 0xFF)
    bench.write("MCR", 63 | SOFTRST)
    assert bench.read("MCR") == TABLE["MCR"].reset
    assert bench.read("CTRL1") == TIMING
    assert bench.read("IMASK1") == 0


def test_freeze_waits_for_the_end_of_the_frame(bench):
    bench.put(8, 0x123, b"abcd")
    bench.run_bits(20)
    bench.write("MCR", 63 | FRZ | HALT)
    assert not bench.read("MCR") & FRZACK
    bench.run_bits(100)
    assert bench.read("MCR") & FRZACK
    assert bench.code(8) == INACTIVE


def test_settings_need_freeze_mode(bench):
    bench.write("CTRL1", 0)
    bench.write("RXMGMASK", 0)
    bench.write("ECR", 5)
    assert (bench.read("CTRL1"), bench.read("RXMGMASK"), bench.read("ECR")) == (TIMING, 0x3FFF_FFFF, 0)
    assert [message for *_, message in bench.host.messages] == [
        f"{name} is changed in freeze mode only; the write was ignored" for name in ("CTRL1", "RXMGMASK", "ECR")
    ]
    bench.write("CTRL1", TIMING | CTRL1["ERRMSK"].mask)
    assert bench.read("CTRL1") == TIMING | CTRL1["ERRMSK"].mask


def test_a_frame_is_sent_in_its_time(bench):
    start_ns = bench.host.now_ns()
    bench.write("IMASK1", 1 << 8)
    bench.put(8, 0x123, b"\x01\x02\x03\x04\x05")
    frame = CanFrame(0x123, b"\x01\x02\x03\x04\x05")
    bench.run_bits(1)
    assert (bench.field("ESR1", "TX"), bench.field("ESR1", "IDLE")) == (1, 0)
    bench.host.run_for(frame_ns(frame) - BIT_NS - 1)
    assert (bench.port.frames, bench.can.irq.level) == ([], False)
    bench.host.run_for(1)
    (record,) = bench.port.frames
    assert (record.frame, record.fate, record.sender) == (frame, "", "can1")
    assert record.time_ns == start_ns + frame_ns(frame)
    assert bench.port.received == [frame]
    assert bench.code(8) == INACTIVE
    assert bench.can.irq.level
    assert bench.read("CRCR") == 8 << 16 | frame.check
    bench.write("IFLAG1", 1 << 8)
    assert not bench.can.irq.level
    assert (bench.field("ESR1", "TX"), bench.field("ESR1", "IDLE")) == (0, 1)


def test_frames_in_a_row_are_three_bits_apart(bench):
    bench.put(8, 0x123)
    bench.put(9, 0x124)
    bench.run_bits(200)
    first, second = bench.port.frames
    assert second.time_ns - first.time_ns == 3 * BIT_NS + frame_ns(CanFrame(0x124))


def test_odd_bit_rates_do_not_drift():
    bench = Bench(clocks=FixedClock(7_000_000))  # 145 833.33.. bit/s
    bench.port.present = True
    bench.host.run_for(100_000)
    start_ns = bench.host.now_ns()
    for number in range(8, 48):
        bench.put(number, 0x100 + number)
    bench.host.run_for(30_000_000)
    bits = sum(sum(item.frame.bits) + 10 for item in bench.port.frames) + 3 * 39
    assert len(bench.port.frames) == 40
    assert bench.port.frames[-1].time_ns - start_ns == pytest.approx(bits * 48e9 / 7e6, abs=2)


def test_extended_and_remote_frames(bench):
    bench.put(8, 0x1234_5678, b"x", flags=IDE)
    bench.put(9, 0x7, flags=RTR, length=4)
    bench.run_bits(300)
    assert [item.frame for item in bench.port.frames] == [
        CanFrame(0x7, remote=True, requested=4),
        CanFrame(0x1234_5678, b"x", extended=True),
    ]
    assert bench.code(9) == RX  # waits for the answer now
    bench.port.send(0x7, b"abcd")
    bench.run_bits(200)
    assert bench.code(9) == FULL


def test_the_highest_priority_goes_first_or_the_lowest_buffer():
    for ctrl1, order in ((0, [0x100, 0x200]), (CTRL1["LBUF"].mask, [0x200, 0x100])):
        bench = Bench(ctrl1=ctrl1, start=False)
        bench.port.present = True
        bench.put(8, 0x200)
        bench.put(9, 0x100)
        bench.start()
        bench.run_bits(300)
        assert [item.frame.identifier for item in bench.port.frames] == order


def test_local_priority_goes_before_the_identifier():
    bench = Bench(mode=MCR["LPRIOEN"].mask, start=False)
    bench.port.present = True
    bench.put(8, 0x100, priority=1)
    bench.put(9, 0x200)
    bench.start()
    bench.run_bits(300)
    assert [item.frame.identifier for item in bench.port.frames] == [0x200, 0x100]


def test_arbitration_against_another_node(bench):
    bench.port.send(0x50, b"low")
    bench.put(8, 0x100)
    bench.run_bits(400)
    assert [(item.frame.identifier, item.fate) for item in bench.port.frames] == [(0x50, ""), (0x100, "")]


def test_an_aborted_frame_is_not_sent(bench):
    bench.mode = AEN
    bench.write("MCR", 63 | AEN)
    bench.put(8, 0x100)
    bench.put(9, 0x200)
    bench.run_bits(5)
    for number in (8, 9):
        bench.can.write(0x80 + 16 * number, 4, ABORT << 24)
    assert bench.read("IFLAG1") == 1 << 9
    bench.run_bits(200)
    assert [item.frame.identifier for item in bench.port.frames] == [0x100]
    assert (bench.code(8), bench.code(9)) == (INACTIVE, ABORT)
    assert bench.read("IFLAG1") == 3 << 8


def test_an_abort_takes_effect_when_the_frame_fails():
    bench = Bench(mode=AEN)
    bench.put(8, 0x100)
    bench.run_bits(5)
    bench.can.write(0x80 + 16 * 8, 4, ABORT << 24)
    bench.run_bits(400)
    assert [item.fate for item in bench.port.frames] == ["not acknowledged"]
    assert (bench.code(8), bench.read("IFLAG1")) == (ABORT, 1 << 8)


def test_loop_back_needs_no_bus():
    bench = Bench(ctrl1=CTRL1["LPB"].mask)
    bench.put(10, 0x123, code=RX)
    bench.put(8, 0x123, b"me")
    bench.put(9, 0x124, b"too")
    bench.run_bits(300)
    assert bench.code(10) == FULL
    assert (bench.code(8), bench.code(9)) == (INACTIVE, INACTIVE)
    assert bench.port.frames == []


def test_the_timer_counts_bits(bench):
    at = bench.host.now_ns()
    assert bench.read("TIMER") == at // BIT_NS
    bench.write("TIMER", 0xFFFE)
    bench.run_bits(3)
    assert bench.read("TIMER") == 1
    bench.write("MCR", 63 | FRZ | HALT)
    before = bench.read("TIMER")
    bench.run_bits(50)
    assert bench.read("TIMER") == before


def test_the_longer_bit_timing_register():
    bench = Bench(start=False)
    bench.write("CBT", 1 << 31 | 1 << 21 | 9 << 10 | 4 << 5 | 3)  # 24 MHz / 2 / (1 + 10 + 5 + 4) = 600 kbit/s
    bench.start()
    assert bench.can.rates_hz()[0] == 600_000


def test_a_changed_clock_starts_what_waits():
    clocks = Clock(0)
    bench = Bench(clocks=clocks)
    bench.port.present = True
    bench.put(8, 0x123)
    bench.host.run_for(10_000_000)
    assert bench.port.frames == []
    clocks.set(CLOCK_HZ)
    bench.host.run_for(1_000_000)
    assert len(bench.port.frames) == 1


def test_memory_without_names_is_there_to_be_cleared(bench):
    bench.can.write(0xF28, 4, 0x1234)
    bench.can.write(0x4FC, 1, 0x56)
    assert (bench.can.read(0xF28, 4), bench.can.read(0x4FC, 1)) == (0x1234, 0x56)
    assert not [access for _, access in bench.host.unmodelled_accesses if "F28" in access or "4FC" in access]


def test_which_buffer_is_free_to_send(bench):
    assert bench.read("ESR2") == 0
    bench.can.write(0x80 + 16 * 9, 4, INACTIVE << 24)
    assert bench.read("ESR2") == 9 << 16 | 1 << 14 | 1 << 13


def test_saved_in_the_middle_of_a_frame_it_goes_on_the_same():
    def busy():
        bench = Bench(mode=IRMQ, start=False)
        bench.port.present = True
        for number in range(64):
            bench.write(f"RXIMR{number}", 0)
        bench.put(10, 0, code=RX)
        bench.start()
        return bench

    def run(bench):
        seen = []
        for _ in range(40):
            bench.run_bits(10)
            seen.append((bench.read("IFLAG1"), bench.can.word(40), bench.read("ECR"), bench.read("TIMER")))
        return seen

    bench = busy()
    bench.put(8, 0x100, b"abc")
    bench.put(9, 0x101, b"def")
    bench.port.send(0x050, b"zzz")
    bench.port.inject_errors(1)
    bench.run_bits(150)
    saved, at_ns, before = bench.can.save(), bench.host.time_ns, state_of(bench.can)
    first = run(bench)
    other = busy()
    other.host.time_ns = at_ns
    other.can.restore(saved)
    assert state_of(other.can) == before
    assert run(other) == first
    assert other.port.frames == bench.port.frames
    assert other.port.received == bench.port.received
    assert len(bench.port.frames) == 4


def test_local_priority_counts_only_where_it_is_used():
    bench = Bench(start=False)
    bench.port.present = True
    bench.put(8, 0x100, priority=1)
    bench.put(9, 0x200)
    bench.start()
    bench.run_bits(300)
    assert [item.frame.identifier for item in bench.port.frames] == [0x100, 0x200]


def test_a_loop_takes_the_time_of_the_frame():
    bench = Bench(ctrl1=CTRL1["LPB"].mask)
    bench.put(8, 0x123, b"me")
    bench.host.run_for(frame_ns(CanFrame(0x123, b"me")) - 1)
    assert bench.code(8) == TX
    bench.host.run_for(1)
    assert bench.code(8) == INACTIVE
