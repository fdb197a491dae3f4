"""What an LPUART sends, and when."""

import pytest
from lpuart_bench import BAUD_115200, BIT_NS, RE, TE, Bench, bits, ceil

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.lpuart import BAUD, CTRL, DATA, FIFO, STAT, TABLE, Lpuart


@pytest.fixture
def bench():
    return Bench()


def test_switching_on_sends_one_idle_character_first():
    host = FakeHost()
    uart = Lpuart(host, "lpuart1")
    uart.reset()
    times = []
    uart.port.listen(lambda character: times.append(host.now_ns()))
    uart.write(TABLE["BAUD"].offset, 4, BAUD_115200)
    uart.write(TABLE["CTRL"].offset, 4, TE)
    assert not uart.read(TABLE["STAT"].offset, 4) & STAT["TC"].mask
    uart.write(TABLE["DATA"].offset, 4, 0x55)
    host.run_for(1_000_000)
    assert times == [ceil(20 * BIT_NS)]


def test_characters_in_a_row_end_at_exact_instants_for_ever(bench):
    count, start = 5000, bench.host.now_ns()
    written = 0
    while len(bench.sent) < count:
        while written < count and bench.flag("TDRE"):
            bench.write("DATA", written & 0xFF)
            written += 1
        bench.host.run_for(20_000)
    assert [character for _, character in bench.sent] == [number & 0xFF for number in range(count)]
    assert [time for time, _ in bench.sent] == [start + ceil(10 * number * BIT_NS) for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("ctrl", "baud", "frame"),
    [
        (0, 0, 10),
        (CTRL["M7"].mask, 0, 9),
        (CTRL["M"].mask, 0, 11),
        (CTRL["PE"].mask, 0, 10),
        (0, BAUD["M10"].mask, 12),
        (CTRL["M"].mask | CTRL["PE"].mask, BAUD["SBNS"].mask, 12),
    ],
)
def test_frame_lengths(ctrl, baud, frame):
    bench = Bench(BAUD_115200 | baud, TE | RE | ctrl)
    start = bench.host.now_ns()
    bench.write("DATA", 0x41)
    bench.host.run_for(1_000_000)
    assert bench.sent == [(start + ceil(frame * BIT_NS), 0x41)]


def test_ten_bit_characters_and_the_upper_bits_of_a_byte_write():
    bench = Bench(BAUD_115200 | BAUD["M10"].mask, TE | RE)
    bench.write("DATA", 0x2AA)
    bench.write("CTRL", TE | RE | CTRL["R8T9"].mask)
    bench.write("DATA", 0x11, size=1)
    bench.write("CTRL", TE | RE | CTRL["R9T8"].mask)
    bench.write("DATA", 0x22, size=1)
    bench.host.run_for(1_000_000)
    assert [character for _, character in bench.sent] == [0x2AA, 0x211, 0x122]


def test_most_significant_bit_first_is_seen_mirrored(bench):
    bench.write("STAT", STAT["MSBF"].mask)
    bench.write("DATA", 0b0000_0001)
    bench.host.run_for(100_000)
    assert bench.sent[0][1] == 0b1000_0000
    bench.uart.port.receive(0b0100_0000)
    assert bench.read("DATA") & 0x3FF == 0b0000_0010


def test_transmit_fifo_watermark_and_completion(bench):
    bench.write("WATER", 1)
    for number in range(5):  # one goes to the shift register at once, four fill the FIFO
        bench.write("DATA", number)
    assert bench.read("WATER") >> 8 & 7 == 4
    assert not bench.flag("TDRE")
    bench.write("DATA", 99)
    assert bench.read("FIFO") & FIFO["TXOF"].mask
    bench.write("FIFO", bits(FIFO, "TXFE", "RXFE", "TXOF"))
    assert not bench.read("FIFO") & FIFO["TXOF"].mask
    bench.host.run_for(ceil(20 * BIT_NS))
    assert (bench.flag("TDRE"), bench.read("WATER") >> 8 & 7) == (False, 2)
    bench.host.run_for(ceil(10 * BIT_NS))
    assert (bench.flag("TDRE"), bench.flag("TC")) == (True, False)
    bench.host.run_for(ceil(20 * BIT_NS))
    assert bench.flag("TC")
    assert [character for _, character in bench.sent] == [0, 1, 2, 3, 4]


def test_flushing_the_transmit_fifo_lets_the_character_on_the_line_end(bench):
    for number in range(3):
        bench.write("DATA", number)
    bench.write("FIFO", bits(FIFO, "TXFE", "RXFE", "TXFLUSH"))
    bench.host.run_for(1_000_000)
    assert [character for _, character in bench.sent] == [0]
    assert bench.flag("TC")
    assert not bench.read("FIFO") & FIFO["TXFLUSH"].mask


def test_switching_the_transmitter_off_ends_after_the_character(bench):
    bench.write("DATA", 1)
    bench.write("DATA", 2)
    bench.write("CTRL", RE)
    bench.host.run_for(1_000_000)
    assert [character for _, character in bench.sent] == [1]
    bench.write("CTRL", RE | TE)
    bench.host.run_for(1_000_000)
    assert [character for _, character in bench.sent] == [1, 2]


def test_break_takes_its_time_and_is_counted(bench):
    bench.write("STAT", STAT["BRK13"].mask)
    start = bench.host.now_ns()
    bench.write("DATA", DATA["FRETSC"].mask)
    bench.write("DATA", 0x31)
    bench.host.run_for(1_000_000)
    assert bench.sent == [(start + ceil(23 * BIT_NS), 0x31)]
    assert any("break" in access for _, access in bench.host.unmodelled_accesses)
