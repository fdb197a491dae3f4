"""FlexCAN of the i.MX RT1064: what the classic controllers lack, and that the rest works as elsewhere."""

import pytest
from flexcan_bench import BIT_NS, CLOCK_HZ, FDEN, FRZ, HALT, TIMING, Bench

from wattbench.core.clock import FixedClock
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.flexcan_buffers import ESR1
from wattbench.hw.imxrt106x.flexcan import Flexcan106x, FlexcanFd106x

FDCTRL, MB8 = 0xC00, 0x80 + 8 * 16


class Classic(Bench):
    kind = Flexcan106x


class Fd(Bench):
    kind = FlexcanFd106x


@pytest.mark.parametrize("kind", [Flexcan106x, FlexcanFd106x])
def test_reset_values(kind):
    can = kind(FakeHost(), "can1", clocks=FixedClock(CLOCK_HZ))
    can.reset()
    expected = {
        offset: register.reset_of(number) for _, offset, register, number in kind.table.instances() if register.modelled
    }
    assert {offset: can.read(offset, 4) for offset in expected} == expected
    assert not can.host.unmodelled_accesses


def test_a_classic_controller_has_no_registers_of_can_fd():
    can = Classic(start=False).can
    assert can.read(0x10, 4) == 0x3FFF_FFFF
    can.write(FDCTRL, 4, 0x8003_0000)
    can.read(0x50, 4)
    can.read(0x480, 4)
    assert [key for _, key in can.host.unmodelled_accesses][-3:] == ["write +0xC00", "read +0x50", "read +0x480"]
    can.write(0x00, 4, FRZ | HALT | FDEN | 63)
    assert not can.read(0x00, 4) & FDEN


@pytest.mark.parametrize("kind", [Classic, Fd])
def test_frames_each_way(kind):
    bench = kind()
    bench.port.present = True
    bench.put(8, 0x123, b"abcd")
    bench.put(9, 0x456, code=4)
    bench.run_bits(120)
    assert [(record.frame.identifier, record.frame.data) for record in bench.port.frames] == [(0x123, b"abcd")]
    bench.port.send(0x456, b"back")
    bench.run_bits(150)
    assert bench.code(9) == 2
    assert bench.can.read(0x80 + 9 * 16 + 8, 4) == int.from_bytes(b"back", "big")
    assert bench.read("IFLAG1") == 1 << 8 | 1 << 9


def test_a_classic_controller_takes_no_fd_frame_and_shows_no_flags_of_can_fd():
    bench = Classic()
    bench.port.present = True
    bench.put(9, 0x456, code=4)
    for _ in range(2):
        bench.port.send(0x456, bytes(12), fd=True)
        bench.run_bits(2000)
    status = bench.read("ESR1")
    assert status & ESR1["ERRINT"].mask
    assert not status & ESR1["ERROVR"].mask
    assert bench.code(9) == 4


def test_fd_frames_reach_the_third_controller():
    bench = Fd(mode=FDEN, start=False)
    bench.can.write(FDCTRL, 4, 3 << 16 | 1 << 31)
    bench.can.write(0xC04, 4, 2 << 20 | 5 << 10 | 4 << 5 | 3)
    bench.can.write(0x34, 4, bench.can.read(0x34, 4) | 1 << 12)
    bench.start()
    bench.port.present = True
    bench.can.write(0x84, 4, 0x456 << 18)
    bench.can.write(0x80, 4, 4 << 24)
    data = bytes(range(48))
    bench.port.send(0x456, data, fd=True)
    bench.run_bits(2000)
    words = b"".join(bench.can.read(0x88 + 4 * word, 4).to_bytes(4, "big") for word in range(12))
    assert words == data
    bench.can.write(0x34, 4, bench.can.read(0x34, 4) | 1 << 13)
    bench.can.read(0xC14, 4)
    assert len(bench.host.unmodelled_accesses) >= 1


def test_the_bit_time_comes_from_ctrl1():
    bench = Classic()
    assert bench.read("CTRL1") == TIMING
    assert bench.can.rates_hz()[0] * BIT_NS == 1_000_000_000


def test_save_and_restore_in_the_middle_of_a_frame():
    bench = Classic()
    bench.port.present = True
    bench.put(8, 0x123, b"abcd")
    bench.run_bits(20)
    saved = bench.can.save()
    bench.run_bits(100)
    assert bench.code(8) == 8
    bench.can.reset()
    bench.can.restore(saved)
    assert bench.code(8) == 12
