"""The LPUART as a block: registers, requests, reset, clock and state."""

import logging

import pytest
from lpuart_bench import BAUD_115200, BIT_NS, RE, TE, Bench, bits, ceil
from plain_state import state_of

from wattbench.core.clock import FixedClock
from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.imxrt.anadig import Anadig
from wattbench.hw.imxrt.ccm import Ccm
from wattbench.hw.imxrt.lpuart import BAUD, CTRL, DATA, FIFO, STAT, TABLE, Lpuart


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
