"""FlexCAN: receiving by buffers, masks and FIFO, and CAN FD frames."""

import pytest
from flexcan_bench import BIT_NS, BRS, EDL, FDEN, FRZ, FULL, HALT, IDE, IRMQ, OVERRUN, RFEN, RX, SRXDIS, Bench

from wattbench.core.can_frame import CanFrame
from wattbench.hw.imxrt.flexcan_buffers import CTRL1, CTRL2


@pytest.fixture
def bench():
    made = Bench()
    made.port.present = True
    return made


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


def test_only_buffers_up_to_maxmb_exist():
    bench = Bench(start=False)
    bench.port.present = True
    bench.put(10, 0x100)
    bench.put(11, 0x050)
    bench.write("MCR", 10)
    bench.run_bits(300)
    assert [item.frame.identifier for item in bench.port.frames] == [0x100]


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
