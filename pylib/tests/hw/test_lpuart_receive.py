"""What an LPUART makes of the characters that arrive, and of a line at rest."""

import pytest
from lpuart_bench import BIT_NS, RE, TE, Bench, bits

from wattbench.hw.imxrt.lpuart import CTRL, DATA, FIFO, STAT


@pytest.fixture
def bench():
    return Bench()


def test_receive_fifo_watermark_flush_and_underflow(bench):
    bench.write("WATER", 2 << 16)
    for character in (0x10, 0x20):
        bench.uart.port.receive(character)
    assert not bench.flag("RDRF")
    bench.uart.port.receive(0x30)
    assert bench.flag("RDRF")
    assert bench.read("WATER") >> 24 == 3
    assert bench.read("DATA") & 0x3FF == 0x10
    assert not bench.flag("RDRF")
    bench.write("FIFO", bits(FIFO, "TXFE", "RXFE", "RXFLUSH"))
    assert bench.read("WATER") >> 24 == 0
    assert bench.read("DATA") == DATA["RXEMPT"].mask
    assert bench.read("FIFO") & FIFO["RXUF"].mask


def test_overrun_loses_characters_until_cleared(bench):
    for character in range(5):
        bench.uart.port.receive(character)
    assert bench.flag("OR")
    assert [bench.read("DATA") & 0xFF for _ in range(2)] == [0, 1]
    bench.uart.port.receive(77)
    assert bench.read("WATER") >> 24 == 2
    bench.write("STAT", STAT["OR"].mask)
    bench.uart.port.receive(78)
    assert [bench.read("DATA") & 0xFF for _ in range(3)] == [2, 3, 78]


def test_without_its_fifo_the_receiver_holds_one_character():
    bench = Bench(fifo=0)
    bench.uart.port.receive(1)
    assert bench.flag("RDRF")
    bench.uart.port.receive(2)
    assert bench.flag("OR")


def test_a_receiver_that_is_off_hears_nothing():
    bench = Bench(ctrl=TE)
    bench.uart.port.receive(1)
    assert bench.read("WATER") >> 24 == 0


def test_line_faults_show_when_their_character_is_next():
    bench = Bench(ctrl=TE | RE | bits(CTRL, "PE", "PT", "M"))
    bench.uart.receive_frame(0x41)
    bench.uart.receive_frame(0x42, parity_error=True, noise=True)
    bench.uart.receive_frame(0x43, framing_error=True)
    assert not bench.flag("PF")
    assert bench.read("DATA") & 0x3FF == 0x141  # two ones, odd parity: bit 8 set
    assert (bench.flag("PF"), bench.flag("NF"), bench.flag("FE")) == (True, True, False)
    word = bench.read("DATA")
    assert word & bits(DATA, "PARITYE", "NOISY", "FRETSC") == bits(DATA, "PARITYE", "NOISY")
    assert word & 0x3FF == 0x042  # the wrong one
    assert bench.flag("FE")
    bench.write("STAT", bits(STAT, "PF", "NF", "FE"))
    assert (bench.flag("PF"), bench.flag("NF"), bench.flag("FE")) == (False, False, False)
    assert bench.read("DATA") & DATA["FRETSC"].mask


@pytest.mark.parametrize(
    ("ctrl", "character", "idle_bits"),
    [
        (CTRL["ILT"].mask, 0xFF, 10),
        (CTRL["ILT"].mask | 2 << CTRL["IDLECFG"].low, 0xFF, 40),
        (0, 0x7F, 9),  # the stop bit counts
        (0, 0xF0, 5),  # and the ones before it
    ],
)
def test_idle_comes_one_character_after_the_idle_time(ctrl, character, idle_bits):
    bench = Bench(ctrl=TE | RE | CTRL["ILIE"].mask | ctrl)
    bench.uart.port.receive(character)
    due = round(idle_bits * BIT_NS) + round(10 * BIT_NS)
    bench.host.run_for(due - 1)
    assert not bench.flag("IDLE")
    bench.host.run_for(1)
    assert bench.flag("IDLE")
    assert bench.irq
    bench.write("STAT", STAT["IDLE"].mask)
    bench.host.run_for(10_000_000)
    assert not bench.flag("IDLE")
    bench.read("DATA")
    bench.uart.port.receive(0x41)
    assert bench.read("DATA") & DATA["IDLINE"].mask


def test_characters_in_a_row_are_not_idle_but_a_gap_is(bench):
    character_ns = round(10 * BIT_NS)
    for _ in range(4):
        bench.host.run_for(character_ns)
        bench.uart.port.receive(0xFF)
    assert not bench.flag("IDLE")
    assert [bool(bench.read("DATA") & DATA["IDLINE"].mask) for _ in range(4)] == [True, False, False, False]
    bench.host.run_for(character_ns + round(2 * BIT_NS))  # with all ones, idle time is over at the stop bit
    bench.uart.port.receive(0x00)
    assert bench.flag("IDLE")


def test_a_partly_filled_fifo_is_announced_when_the_line_rests():
    bench = Bench(fifo=bits(FIFO, "TXFE", "RXFE") | 2 << FIFO["RXIDEN"].low)
    bench.write("WATER", 3 << 16)
    bench.uart.port.receive(0x41)
    bench.host.run_for(round(30 * BIT_NS) - 1)
    assert not bench.flag("RDRF")
    bench.host.run_for(1)
    assert bench.flag("RDRF")
    bench.read("DATA")
    assert not bench.flag("RDRF")
