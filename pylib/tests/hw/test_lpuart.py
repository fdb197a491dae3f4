import logging
from fractions import Fraction

import pytest
from plain_state import state_of

from wattbench.core.clock import FixedClock
from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.imxrt.anadig import Anadig
from wattbench.hw.imxrt.ccm import Ccm
from wattbench.hw.imxrt.lpuart import BAUD, CTRL, DATA, FIFO, STAT, TABLE, Lpuart

TE, RE = CTRL["TE"].mask, CTRL["RE"].mask
BAUD_115200 = 0x0302_0034
"""24 MHz / (4 * 52), both edges: 115384.6 bits per second."""
BIT_NS = Fraction(208 * 1000, 24)


def bits(register, *names):
    return sum(register[name].mask for name in names)


FIFOS_ON = bits(FIFO, "TXFE", "RXFE")


def ceil(value):
    return -int(-value // 1)


class Bench:
    """An LPUART on a fake host, with what it sent and when."""

    def __init__(self, baud=BAUD_115200, ctrl=TE | RE, fifo=FIFOS_ON, **attributes):
        self.host = FakeHost()
        self.uart = Lpuart(self.host, "lpuart1", **attributes)
        self.uart.reset()
        self.sent = []
        self.uart.port.listen(lambda character: self.sent.append((self.host.now_ns(), character)))
        self.write("BAUD", baud)
        self.write("FIFO", fifo)
        self.write("CTRL", ctrl)
        self.host.run_for(1_000_000)  # the idle character that switching on sends

    def write(self, name, value, size=4):
        self.uart.write(TABLE[name].offset, size, value)

    def read(self, name, size=4):
        return self.uart.read(TABLE[name].offset, size)

    def flag(self, name):
        return bool(self.read("STAT") & STAT[name].mask)

    @property
    def irq(self):
        return self.uart.outputs["IRQ"].level


@pytest.fixture
def bench():
    return Bench()


def test_names_and_reset_values():
    assert CATALOGUE["Wattbench.Lpuart"] is CATALOGUE["UART.NXP_LPUART"] is Lpuart
    uart = Lpuart(FakeHost(), "lpuart1")
    uart.reset()
    for name, offset, register, number in TABLE.instances():
        if name != "DATA":
            assert uart.read(offset, 4) == register.reset_of(number), name
    assert uart.read(TABLE["DATA"].offset, 4) == DATA["RXEMPT"].mask


def test_a_fifo_of_one_says_so_and_other_sizes_are_refused():
    uart = Lpuart(FakeHost(), "lpuart1", fifo_size=1)
    uart.reset()
    assert uart.read(TABLE["PARAM"].offset, 4) == 0
    assert uart.read(TABLE["FIFO"].offset, 4) == 0x00C0_0000
    with pytest.raises(UsageError, match="fifoSize"):
        Lpuart(FakeHost(), "lpuart1", fifo_size=16)


def test_read_only_registers_and_bits_stay():
    bench = Bench()
    before = {name: bench.read(name) for name in ("VERID", "PARAM", "WATER", "FIFO")}
    bench.write("VERID", 0xFFFF_FFFF)
    bench.write("PARAM", 0xFFFF_FFFF)
    bench.write("WATER", 0xFF00_FF00)
    bench.write("FIFO", before["FIFO"] ^ 0x77)
    assert {name: bench.read(name) for name in before} == before


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


def test_interrupts_follow_flags_and_enables(bench):
    assert not bench.irq
    bench.write("CTRL", TE | RE | CTRL["TIE"].mask)
    assert bench.irq
    bench.write("CTRL", TE | RE | CTRL["RIE"].mask)
    assert not bench.irq
    bench.uart.port.receive(1)
    assert bench.irq
    bench.read("DATA")
    assert not bench.irq
    bench.write("CTRL", TE | RE | CTRL["TCIE"].mask)
    assert bench.irq
    bench.write("DATA", 1)
    assert not bench.irq
    bench.host.run_for(100_000)
    assert bench.irq
    bench.write("CTRL", TE | RE | CTRL["ORIE"].mask)
    for _ in range(5):
        bench.uart.port.receive(1)
    assert bench.irq
    bench.write("STAT", STAT["OR"].mask)
    assert not bench.irq
    bench.write("FIFO", bits(FIFO, "TXFE", "RXFE", "RXUFE", "RXFLUSH"))
    bench.read("DATA")
    assert bench.irq


def test_dma_requests_are_levels(bench):
    tx, rx = bench.uart.outputs["TxDma"], bench.uart.outputs["RxDma"]
    assert bench.uart.outputs["TransmitDMA"] is tx
    assert bench.uart.outputs["ReceiveDMA"] is rx
    bench.write("BAUD", BAUD_115200 | bits(BAUD, "TDMAE", "RDMAE"))
    assert (tx.level, rx.level) == (True, False)
    served = 0
    while tx.level:
        bench.write("DATA", served)
        served += 1
    assert served == 2  # watermark 0: one in the shift register, one in the FIFO
    bench.host.run_for(ceil(10 * BIT_NS))
    assert tx.level
    bench.uart.port.receive(5)
    assert rx.level
    bench.read("DATA")
    assert not rx.level


def test_loop_back_and_single_wire(bench):
    bench.write("CTRL", TE | RE | CTRL["LOOPS"].mask)
    bench.write("DATA", 0x5A)
    bench.uart.port.receive(0x11)
    bench.host.run_for(100_000)
    assert bench.read("DATA") & 0x3FF == 0x5A
    bench.write("CTRL", TE | RE | bits(CTRL, "LOOPS", "RSRC"))
    bench.uart.port.receive(0x12)
    assert bench.read("DATA") & 0x3FF == 0x12


def test_software_reset_holds_the_block(bench):
    bench.write("DATA", 1)
    bench.write("GLOBAL", TABLE["GLOBAL"]["RST"].mask)
    bench.write("CTRL", TE)
    assert bench.read("CTRL") == 0
    bench.write("GLOBAL", 0)
    bench.write("CTRL", TE)
    assert bench.read("CTRL") == TE
    bench.host.run_for(1_000_000)
    assert bench.sent == []


def test_settings_the_receiver_cannot_work_with_are_reported():
    bench = Bench(0x0300_0034)
    assert bench.host.messages[0][0] == logging.WARNING
    assert "BOTHEDGE" in bench.host.messages[0][2]


def test_stored_without_effect_is_counted(bench):
    bench.write("MATCH", 0x12)
    bench.write("MODIR", 1)
    assert [access.split()[1] for _, access in bench.host.unmodelled_accesses] == ["MATCH", "MODIR"]


class Gate(FixedClock):
    """A root that is switched on late."""

    def on_rate_change(self, callback):
        self.callback = callback

    def rate_hz(self, root):
        assert root == "LPUART7"
        return self.hz


def test_the_clock_source_decides_the_baud_rate():
    gate, host = Gate(0), FakeHost()
    uart = Lpuart(host, "lpuart7", clocks=gate)
    uart.reset()
    times = []
    uart.port.listen(lambda character: times.append(host.now_ns()))
    uart.write(TABLE["BAUD"].offset, 4, 0x0F00_0001)
    uart.write(TABLE["CTRL"].offset, 4, TE)
    uart.write(TABLE["DATA"].offset, 4, 1)
    host.run_for(1_000_000)
    assert times == []
    assert uart.port.bits_per_second() == 0.0
    gate.hz = 16_000_000
    gate.callback()
    assert uart.port.bits_per_second() == 1e6
    host.run_for(1_000_000)
    assert times == [1_020_000]


def test_a_wrong_clock_root_is_found_when_the_platform_is_built():
    host = FakeHost()
    ccm = Ccm(host, "ccm", Anadig(host, "anadig"))
    with pytest.raises(UsageError, match="no clock root 'UART0'"):
        Lpuart(host, "uart0", clocks=ccm)
    assert Lpuart(host, "uart0", clocks=ccm, clock_root="LPUART1").line_hz == 24_000_000 / 64


def test_saved_in_the_middle_of_a_character_it_goes_on_the_same():
    def run(bench):
        return [bench.host.run_for(50_000) or (bench.read("STAT"), bench.read("WATER")) for _ in range(20)]

    bench = Bench(ctrl=TE | RE | bits(CTRL, "TCIE", "ILIE", "RIE"))
    for character in (1, 2, 3):
        bench.write("DATA", character)
    bench.uart.port.receive(0x99)
    bench.host.run_for(100_000)
    saved, at_ns, before = bench.uart.save(), bench.host.now_ns(), state_of(bench.uart)
    first = run(bench)
    sent = bench.sent[1:]

    other = Bench()
    other.host.time_ns = at_ns
    other.uart.restore(saved)
    assert state_of(other.uart) == before
    assert run(other) == first
    assert other.sent == sent
    assert other.irq == bench.irq
    assert other.read("DATA") == bench.read("DATA")
