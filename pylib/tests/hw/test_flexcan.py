"""FlexCAN: modes, message buffers, bit time, errors, FIFO, CAN FD, interrupts, state."""

import pytest
from pairs import Clock
from plain_state import state_of

from wattbench.core.can_frame import CanFrame
from wattbench.core.clock import FixedClock
from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.imxrt.flexcan import Flexcan
from wattbench.hw.imxrt.flexcan_buffers import CTRL1, CTRL2, ESR1, MCR, TABLE

CLOCK_HZ, BIT_NS = 24_000_000, 2_000
TIMING = 2 << 24 | 4 << 19 | 3 << 16 | 5  # 24 MHz / 3 / (1 + 6 + 5 + 4) = 500 kbit/s
MDIS, FRZ, HALT, SOFTRST, FRZACK, NOTRDY, LPMACK = (
    MCR[name].mask for name in ("MDIS", "FRZ", "HALT", "SOFTRST", "FRZACK", "NOTRDY", "LPMACK")
)
IRMQ, RFEN, AEN, FDEN, SRXDIS, WRNEN = (MCR[name].mask for name in ("IRMQ", "RFEN", "AEN", "FDEN", "SRXDIS", "WRNEN"))
TX, RX, FULL, OVERRUN, INACTIVE, ABORT = 0xC, 0x4, 0x2, 0x6, 0x8, 0x9
IDE, RTR, EDL, BRS = 1 << 21, 1 << 20, 1 << 31, 1 << 30


class Bench:
    """A node at 500 kbit/s, on the bus unless `start` is false."""

    kind = Flexcan

    def __init__(self, *, mode=0, ctrl1=0, ctrl2=CTRL2["RRS"].mask, start=True, host=None, node="can1", clocks=None):
        self.host = host or FakeHost()
        self.can = self.kind(self.host, node, clocks=clocks or FixedClock(CLOCK_HZ))
        self.can.reset()
        self.mode = mode
        self.write("MCR", FRZ | HALT | 63 | mode)
        self.write("CTRL1", TIMING | ctrl1)
        self.write("CTRL2", ctrl2)
        for name in ("RXMGMASK", "RX14MASK", "RX15MASK", "RXFGMASK"):
            self.write(name, 0x3FFF_FFFF)
        if start:
            self.start()

    def start(self):
        self.write("MCR", 63 | self.mode)
        self.host.run_for(11 * BIT_NS)

    @property
    def port(self):
        return self.can.port

    def offset(self, name):
        return next(offset for known, offset, *_ in TABLE.instances() if known == name)

    def read(self, name):
        return self.can.read(self.offset(name), 4)

    def write(self, name, value):
        self.can.write(self.offset(name), 4, value)

    def field(self, register, name):
        return TABLE[register][name].get(self.read(register))

    def put(self, number, identifier, data=b"", *, code=TX, flags=0, length=None, at=None, priority=0):
        """Fill a buffer as a driver does: inactive, identifier, data, code."""
        base = 0x80 + 16 * number if at is None else at
        self.can.write(base, 4, (INACTIVE if code & 8 else 0) << 24)
        self.can.write(base + 4, 4, priority << 29 | (identifier if flags & IDE else identifier << 18))
        for word in range(0, len(data), 4):
            self.can.write(base + 8 + word, 4, int.from_bytes(data[word : word + 4].ljust(4, b"\0"), "big"))
        length = len(data) if length is None else length
        self.can.write(base, 4, code << 24 | flags | length << 16)

    def code(self, number):
        return self.can.word(4 * number) >> 24 & 0xF

    def run_bits(self, bits):
        self.host.run_for(round(bits * BIT_NS))


@pytest.fixture
def bench():
    made = Bench()
    made.port.present = True
    return made


def frame_ns(frame, extra=10):
    return (sum(frame.bits) + extra) * BIT_NS


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


def test_a_received_frame_lies_in_its_buffer(bench):
    bench.put(10, 0x123, code=RX)
    bench.write("IMASK1", 1 << 10)
    start_ns = bench.host.now_ns()
    bench.port.send(0x123, b"\x11\x22\x33\x44\x55")
    bench.port.send(0x124, b"other")
    bench.run_bits(300)
    assert bench.can.irq.level
    head = bench.read("CS10")
    assert head & 0xFFFF_0000 == FULL << 24 | 5 << 16
    assert head & 0xFFFF == (start_ns + BIT_NS) // BIT_NS
    assert (bench.read("ID10"), bench.read("WORD010"), bench.read("WORD110") >> 24) == (0x123 << 18, 0x1122_3344, 0x55)
    assert bench.read("IFLAG1") == 1 << 10


def test_masks_choose_what_must_match():
    bench = Bench(start=False)
    bench.write("RXMGMASK", 0x7F0 << 18)
    bench.write("RX14MASK", 0x00F << 18)
    bench.start()
    bench.put(10, 0x120, code=RX)
    bench.put(14, 0x005, code=RX)
    bench.port.send(0x12F, b"a")
    bench.port.send(0x7F5, b"b")
    bench.port.send(0x130, b"c")
    bench.run_bits(400)
    assert [bench.read(f"ID{number}") >> 18 for number in (10, 14)] == [0x12F, 0x7F5]


def test_a_standard_buffer_takes_no_extended_frame_unless_masked():
    bench = Bench(ctrl2=CTRL2["RRS"].mask | CTRL2["EACEN"].mask, start=False)
    bench.write("RXMGMASK", 0x3FFF_FFFF & ~(1 << 30) | 1 << 31)
    bench.put(10, 0x123, code=RX)
    bench.start()
    bench.port.send(0x123 << 18, b"e", extended=True)
    bench.port.send(0x123, remote=True)
    bench.run_bits(300)
    assert bench.code(10) == FULL  # the mask leaves the extended bit out, and asks for no remote frame
    assert bench.read("CS10") & IDE
    strict = Bench()
    strict.put(10, 0x123, code=RX)
    strict.port.send(0x123 << 18, b"e", extended=True)
    strict.run_bits(300)
    assert strict.code(10) == RX


def test_a_full_buffer_is_overrun_and_a_read_one_is_not(bench):
    bench.put(10, 0x123, code=RX)
    for letter in (b"a", b"b"):
        bench.port.send(0x123, letter)
    bench.run_bits(300)
    assert bench.code(10) == OVERRUN
    bench.read("CS10")
    bench.read("TIMER")
    bench.port.send(0x123, b"c")
    bench.run_bits(150)
    assert bench.code(10) == FULL
    assert bench.can["WORD010"] >> 24 == ord("c")


def test_a_locked_buffer_keeps_its_frame_until_it_is_let_go(bench):
    bench.put(10, 0x123, code=RX)
    bench.port.send(0x123, b"a")
    bench.run_bits(150)
    bench.read("CS10")
    bench.port.send(0x123, b"b")
    bench.run_bits(150)
    assert bench.read("WORD010") >> 24 == ord("a")
    bench.read("TIMER")
    assert bench.can["WORD010"] >> 24 == ord("b")


def test_with_own_masks_a_frame_goes_on_to_the_next_free_buffer():
    bench = Bench(mode=IRMQ, start=False)
    for number in range(64):
        bench.write(f"RXIMR{number}", 0x3FFF_FFFF)
    bench.put(10, 0x123, code=RX)
    bench.put(11, 0x123, code=RX)
    bench.start()
    for letter in (b"a", b"b", b"c"):
        bench.port.send(0x123, letter)
    bench.run_bits(400)
    assert [bench.can[f"WORD0{number}"] >> 24 for number in (10, 11)] == [ord("a"), ord("c")]
    assert [bench.code(number) for number in (10, 11)] == [FULL, OVERRUN]


def test_remote_frames_may_be_answered_by_the_chip():
    bench = Bench(ctrl2=0)
    bench.put(10, 0x123, b"answer", code=0xA)
    bench.port.send(0x123, remote=True, requested=6)
    bench.run_bits(300)
    assert [(item.sender, item.frame.data) for item in bench.port.frames][1] == ("can1", b"answer")
    assert bench.code(10) == 0xA


def test_own_frames_come_back_unless_switched_off():
    for mode, code in ((0, FULL), (SRXDIS, RX)):
        bench = Bench(mode=mode)
        bench.port.present = True
        bench.put(10, 0x123, code=RX)
        bench.put(8, 0x123, b"me")
        bench.run_bits(200)
        assert bench.code(10) == code


def test_listening_only():
    bench = Bench(ctrl1=CTRL1["LOM"].mask)
    bench.put(8, 0x100)
    bench.put(10, 0x123, code=RX)
    bench.port.send(0x123, b"x")
    bench.run_bits(100)
    assert bench.port.frames[0].fate == "not acknowledged"
    assert bench.code(10) == RX
    other = Bench(host=bench.host, node="can2")
    bench.port.bus.nodes.append(other.can)
    other.can.port.bus = bench.port.bus
    bench.run_bits(300)
    assert bench.code(10) == FULL
    assert {item.frame.identifier for item in bench.port.frames} == {0x123}


def test_loop_back_needs_no_bus():
    bench = Bench(ctrl1=CTRL1["LPB"].mask)
    bench.put(10, 0x123, code=RX)
    bench.put(8, 0x123, b"me")
    bench.put(9, 0x124, b"too")
    bench.run_bits(300)
    assert bench.code(10) == FULL
    assert (bench.code(8), bench.code(9)) == (INACTIVE, INACTIVE)
    assert bench.port.frames == []


def test_nobody_acknowledges_a_lonely_node():
    bench = Bench()
    start_ns = bench.host.now_ns()
    bench.put(8, 0x123)
    bench.run_bits(100)
    first = bench.port.frames[0]
    assert first.fate == "not acknowledged"
    assert first.time_ns - start_ns == (sum(CanFrame(0x123).bits) + 2 + 6 + 8) * BIT_NS
    assert bench.read("ECR") == 8
    errors = bench.read("ESR1")
    assert errors & ESR1["ACKERR"].mask
    assert errors & ESR1["ERRINT"].mask
    assert not bench.read("ESR1") & ESR1["ACKERR"].mask  # a read clears it
    bench.run_bits(5000)
    assert bench.read("ECR") == 128  # passive: such errors count no more
    assert bench.field("ESR1", "FLTCONF") == 1
    assert bench.field("ESR1", "TXWRN") == 1
    gap = bench.port.frames[-1].time_ns - bench.port.frames[-2].time_ns
    assert gap == (sum(CanFrame(0x123).bits) + 2 + 6 + 8 + 3 + 8) * BIT_NS
    bench.port.present = True
    bench.run_bits(200)
    assert bench.port.frames[-1].fate == ""
    assert bench.read("ECR") == 127
    assert bench.field("ESR1", "FLTCONF") == 0


def test_errors_take_it_off_the_bus_and_it_comes_back(bench):
    bench.write("MCR", 63 | WRNEN)
    bench.write("CTRL1", TIMING | CTRL1["BOFFMSK"].mask)
    bench.port.inject_errors(32)
    bench.put(8, 0x123)
    while bench.field("ESR1", "FLTCONF") != 2:
        bench.run_bits(1)
    off_ns = bench.host.now_ns()
    assert bench.can.irq.level
    assert bench.read("ESR1") & ESR1["TWRNINT"].mask
    assert len(bench.port.frames) == 32
    assert {item.fate for item in bench.port.frames} == {"destroyed by an error"}
    bench.write("ESR1", ESR1["BOFFINT"].mask)
    assert not bench.can.irq.level
    bench.write("CTRL2", CTRL2["BOFFDONEMSK"].mask)
    bench.run_bits(128 * 11 - 2)
    assert bench.field("ESR1", "FLTCONF") == 2
    bench.run_bits(2)
    assert bench.field("ESR1", "FLTCONF") == 0
    assert bench.can.irq.level
    bench.run_bits(100)
    assert bench.port.frames[-1].fate == ""
    assert bench.port.frames[-1].time_ns > off_ns + 128 * 11 * BIT_NS - BIT_NS


def test_software_may_decide_when_it_comes_back(bench):
    bench.write("CTRL1", TIMING | CTRL1["BOFFREC"].mask)
    bench.port.inject_errors(32)
    bench.put(8, 0x123)
    bench.run_bits(20_000)
    assert bench.field("ESR1", "FLTCONF") == 2
    bench.write("CTRL1", TIMING)
    bench.run_bits(128 * 11)
    assert bench.field("ESR1", "FLTCONF") == 0


def test_receive_errors_make_it_passive_and_good_frames_active_again(bench):
    bench.port.inject_errors(130)
    bench.port.send(0x123, b"x")
    bench.run_bits(20_000)
    assert bench.field("ESR1", "RXWRN") == 1
    assert bench.read("ECR") == 120 << 8  # after the good frame
    assert bench.read("ESR1") & ESR1["RWRNINT"].mask
    assert len(bench.port.frames) == 131


def test_error_counters_may_be_set_while_frozen():
    bench = Bench(start=False)
    bench.write("ECR", 0x80_00)
    assert bench.field("ESR1", "FLTCONF") == 1
    bench.write("ECR", 0x00_05)
    assert (bench.read("ECR"), bench.field("ESR1", "FLTCONF")) == (5, 0)


def test_nodes_of_different_rates_do_not_understand_each_other():
    bench = Bench()
    slow = Bench(host=bench.host, node="can2", clocks=FixedClock(CLOCK_HZ // 2))
    bench.port.join(slow.port)
    slow.run_bits(20)
    bench.put(8, 0x123)
    bench.run_bits(80)
    assert "can2 runs at 250000 bit/s, the frame at 500000" in bench.port.frames[0].fate


def test_two_chips_on_one_bus():
    first = Bench()
    second = Bench(host=first.host, node="can2")
    first.port.join(second.port)
    second.put(10, 0x123, code=RX)
    first.put(8, 0x123, b"over")
    first.run_bits(150)
    assert second.can["WORD010"] == int.from_bytes(b"over", "big")
    assert first.read("ECR") == second.read("ECR") == 0
    second.put(8, 0x100)
    first.put(8, 0x0FF)
    first.run_bits(300)
    assert [item.sender for item in first.port.frames] == ["can1", "can1", "can2"]
    first.put(8, 0x0FF)
    first.run_bits(5)
    with pytest.raises(UsageError, match="idle"):
        first.port.join(Bench(host=first.host, node="can3").port)


def test_a_sender_that_is_reset_breaks_off():
    bench = Bench()
    other = Bench(host=bench.host, node="can2")
    bench.port.join(other.port)
    bench.put(8, 0x123)
    bench.run_bits(10)
    bench.can.reset()
    bench.run_bits(100)
    assert bench.port.frames[0].fate == "its sender was reset"
    assert other.read("ECR") == 1 << 8


def fifo_bench(**options):
    bench = Bench(mode=RFEN, start=False, **options)
    bench.port.present = True
    return bench


def test_the_fifo_takes_what_its_filters_let_through():
    bench = fifo_bench()
    for element in range(8):
        bench.can.write(0x80 + 16 * 6 + 4 * element, 4, (0x100 + element) << 19)
    bench.start()
    bench.write("IMASK1", 1 << 5)
    for identifier in (0x103, 0x200, 0x105):
        bench.port.send(identifier, b"%d" % (identifier & 7))
    bench.run_bits(500)
    assert bench.can.irq.level
    assert (bench.read("ID0") >> 18, bench.read("WORD00") >> 24, bench.read("RXFIR")) == (0x103, ord("3"), 3)
    bench.write("IFLAG1", 1 << 5)
    assert (bench.read("ID0") >> 18, bench.read("RXFIR")) == (0x105, 5)
    bench.write("IFLAG1", 1 << 5)
    assert not bench.can.irq.level


def test_the_fifo_warns_and_loses():
    bench = fifo_bench()
    bench.write("RXFGMASK", 0)
    bench.start()
    for number in range(8):
        bench.port.send(number, b"")
        bench.run_bits(100)
        expected = (1 << 5) | (1 << 6) * (number >= 4) | (1 << 7) * (number >= 6)
        assert bench.read("IFLAG1") == expected, number
    bench.write("MCR", 63 | RFEN | FRZ | HALT)
    bench.write("IFLAG1", 1)
    assert bench.read("IFLAG1") == 0


def test_filters_of_parts():
    for mode, word, hit in ((1, 0x200 << 3, 1), (2, 0x24, 3)):
        bench = fifo_bench()
        bench.mode = RFEN | mode << 8
        bench.write("MCR", FRZ | HALT | 63 | bench.mode)
        bench.write("RXFGMASK", 0xFFFF_FFFF)
        for element in range(8):
            bench.can.write(0x80 + 16 * 6 + 4 * element, 4, 0xFFFF_FFFF)
        identifier = 0x200 if mode == 1 else 0x120
        bench.can.write(0x80 + 16 * 6, 4, 0xFFFF_0000 | word if mode == 1 else 0xFFFF_FF00 | word)
        bench.start()
        bench.port.send(identifier, b"p")
        bench.port.send(0x7F0, b"q")
        bench.run_bits(300)
        assert (bench.read("ID0") >> 18, bench.read("RXFIR")) == (identifier, hit), mode
        bench.write("IFLAG1", 1 << 5)
        assert bench.read("IFLAG1") == 0


def test_fd_frames_with_two_rates():
    bench = Bench(mode=FDEN, ctrl2=CTRL2["RRS"].mask | CTRL2["ISOCANFDEN"].mask, start=False)
    bench.write("FDCBT", 0 << 20 | 5 << 10 | 3 << 5 | 1)  # 24 MHz / (1 + 5 + 4 + 2) = 2 Mbit/s
    bench.write("FDCTRL", 1 << 31 | 3 << 16 | 3 << 19)
    bench.port.present = True
    bench.start()
    data = bytes(range(64))
    start_ns = bench.host.now_ns()
    bench.put(0, 0x123, data, flags=EDL | BRS, length=15, at=0x80)
    bench.put(0, 0x321, code=RX, at=0x80 + 72)
    bench.port.send(0x321, bytes(range(20)), fd=True, switched=True)
    bench.run_bits(2000)
    sent = CanFrame(0x123, data, fd=True, switched=True)
    assert bench.port.frames[0].frame == sent
    nominal, fast = sent.bits
    assert bench.port.frames[0].time_ns - start_ns == (nominal + 10) * 2000 + fast * 500
    assert bench.read("FDCRC") == sent.check
    head = bench.can.word(18)
    assert head >> 16 == (EDL | BRS | FULL << 24 | 11 << 16) >> 16
    assert b"".join(bench.can.word(20 + n).to_bytes(4, "big") for n in range(5)) == bytes(range(20))


def test_a_classic_node_marks_fd_frames_as_errors_or_ignores_them():
    for prexcen, errors in ((0, 1), (CTRL2["PREXCEN"].mask, 0)):
        bench = Bench(ctrl2=prexcen)
        bench.port.send(0x123, bytes(12), fd=True)
        bench.run_bits(400)
        assert bench.read("ECR") >> 8 == errors


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


def test_only_buffers_up_to_maxmb_exist():
    bench = Bench(start=False)
    bench.port.present = True
    bench.put(10, 0x100)
    bench.put(11, 0x050)
    bench.write("MCR", 10)
    bench.run_bits(300)
    assert [item.frame.identifier for item in bench.port.frames] == [0x100]


def test_local_priority_counts_only_where_it_is_used():
    bench = Bench(start=False)
    bench.port.present = True
    bench.put(8, 0x100, priority=1)
    bench.put(9, 0x200)
    bench.start()
    bench.run_bits(300)
    assert [item.frame.identifier for item in bench.port.frames] == [0x100, 0x200]


def test_a_read_of_another_code_lets_the_locked_buffer_go(bench):
    bench.put(10, 0x123, code=RX)
    bench.put(11, 0x124, code=RX)
    bench.port.send(0x123, b"a")
    bench.run_bits(150)
    bench.read("CS10")
    bench.port.send(0x123, b"b")
    bench.run_bits(150)
    assert bench.can["WORD010"] >> 24 == ord("a")
    bench.read("CS11")
    assert bench.can["WORD010"] >> 24 == ord("b")


def test_buffers_may_go_before_the_fifo():
    for ctrl2, flag in ((CTRL2["RRS"].mask, 1 << 5), (CTRL2["RRS"].mask | CTRL2["MRP"].mask, 1 << 20)):
        bench = Bench(mode=RFEN, ctrl2=ctrl2, start=False)
        bench.write("RXFGMASK", 0)
        bench.put(20, 0x123, code=RX)
        bench.start()
        bench.port.send(0x123, b"a")
        bench.run_bits(150)
        assert bench.read("IFLAG1") == flag


def test_the_fifo_tells_remote_and_extended_frames_apart():
    bench = fifo_bench()
    bench.write("RXFGMASK", 0xFFFF_FFFF)
    for element in range(8):
        bench.can.write(0x80 + 16 * 6 + 4 * element, 4, 0xFFFF_FFFF)
    bench.can.write(0x80 + 16 * 6, 4, 1 << 31 | 0x123 << 19)
    bench.can.write(0x80 + 16 * 6 + 4, 4, 1 << 30 | 0x1234_5678 << 1)
    bench.start()
    bench.port.send(0x123, b"no")
    bench.port.send(0x123, remote=True)
    bench.port.send(0x1234_5678, b"yes", extended=True)
    bench.run_bits(500)
    assert (bench.read("RXFIR"), bench.read("CS0") >> 20 & 1) == (0, 1)
    bench.write("IFLAG1", 1 << 5)
    assert (bench.read("RXFIR"), bench.read("ID0")) == (1, 0x1234_5678)


def test_errors_interrupt_and_their_loss_is_noted(bench):
    bench.write("CTRL1", TIMING | CTRL1["ERRMSK"].mask)
    bench.port.inject_errors(1)
    bench.port.send(0x123, b"x")
    bench.run_bits(90)
    assert bench.can.irq.level
    assert bench.can["ESR1"] & (ESR1["STFERR"].mask | ESR1["ERROVR"].mask) == ESR1["STFERR"].mask
    bench.port.inject_errors(1)
    bench.port.send(0x124, b"x")
    bench.run_bits(300)
    assert bench.read("ESR1") & ESR1["ERROVR"].mask
    bench.write("ESR1", ESR1["ERRINT"].mask)
    assert not bench.can.irq.level


def test_an_error_frame_has_its_length(bench):
    start_ns = bench.host.now_ns()
    bench.port.inject_errors(1)
    bench.put(8, 0x123)
    bench.run_bits(100)
    assert bench.port.frames[0].time_ns - start_ns == (sum(CanFrame(0x123).bits) + 6 + 6 + 8) * BIT_NS


def test_a_loop_takes_the_time_of_the_frame():
    bench = Bench(ctrl1=CTRL1["LPB"].mask)
    bench.put(8, 0x123, b"me")
    bench.host.run_for(frame_ns(CanFrame(0x123, b"me")) - 1)
    assert bench.code(8) == TX
    bench.host.run_for(1)
    assert bench.code(8) == INACTIVE


def test_a_reset_of_another_node_does_not_break_a_frame():
    bench = Bench()
    other = Bench(host=bench.host, node="can2")
    third = Bench(host=bench.host, node="can3")
    bench.port.join(other.port)
    bench.port.join(third.port)
    bench.put(8, 0x123)
    bench.run_bits(10)
    other.can.reset()
    bench.run_bits(100)
    assert bench.port.frames[0].fate == ""


def test_going_off_the_bus_is_told(bench):
    bench.port.inject_errors(32)
    bench.put(8, 0x123)
    bench.run_bits(5000)
    assert "off the bus" in bench.host.messages[-1][2]


def test_endless_attempts_do_not_fill_the_record():
    bench = Bench()
    bench.put(8, 0x123)
    bench.run_bits(60_000)
    assert len(bench.port.frames) == 256
    assert bench.port.frames[-1].time_ns > bench.host.time_ns - 100 * BIT_NS
    bench.port.present = True
    bench.run_bits(200)
    assert [item.fate for item in bench.port.frames[-2:]] == ["not acknowledged", ""]
