"""FlexCAN: errors, states of a node, several nodes on a bus."""

import pytest
from flexcan_bench import BIT_NS, CLOCK_HZ, RX, TIMING, WRNEN, Bench

from wattbench.core.can_frame import CanFrame
from wattbench.core.clock import FixedClock
from wattbench.core.errors import UsageError
from wattbench.hw.imxrt.flexcan_buffers import CTRL1, CTRL2, ESR1


@pytest.fixture
def bench():
    made = Bench()
    made.port.present = True
    return made


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
