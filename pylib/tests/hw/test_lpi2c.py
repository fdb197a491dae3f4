"""LPI2C: commands, flags and exact bit times, judged by what a bus monitor sees."""

from __future__ import annotations

from fractions import Fraction

import pytest
from plain_state import state_of

from wattbench.core.clock import FixedClock
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.lpi2c import TABLE, Lpi2c
from wattbench.hw.parts.i2c_registers import I2cRegisterFile

OFFSETS = {name: offset for name, offset, _, _ in TABLE.instances()}
RESETS = {name: register.reset for name, _, register, _ in TABLE.instances()}
MEN, RST, RTF, RRF = 1, 2, 1 << 8, 1 << 9
TDF, RDF, EPF, SDF, NDF, ALF, FEF, PLTF, DMF = 1, 2, *(1 << bit for bit in range(8, 15))
MBF, BBF = 1 << 24, 1 << 25
TRANSMIT, RECEIVE, STOP, DISCARD, START, START_NACK, FAST_START, _ = (kind << 8 for kind in range(8))
AUTOSTOP, IGNACK, TIMECFG = 1 << 8, 1 << 9, 1 << 10
WRITE_TO, READ_FROM = START | 0x48 << 1, START | 0x48 << 1 | 1
CLKLO, CLKHI, SETHOLD = 0x11, 0x0B, 0x07
"""Phoenix-RTOS at 400 kHz: prescaler 2, filters of 1."""


class Controller(Lpi2c):
    """An LPI2C with registers by name, a fake host, a register file at 0x48 and a bus monitor."""

    def __init__(self, hz=24_000_000, **attributes):
        self.rates = FixedClock(hz)
        super().__init__(FakeHost(), "lpi2c1", clocks=self.rates)
        self.part = I2cRegisterFile(self.host, "part", **attributes)
        self.attach(self.part, None)
        self.seen = []
        self.port.listen(lambda event: self.seen.append((self.host.now_ns(), event)))
        self.reset()

    def put(self, name, value):
        self.write(OFFSETS[name], 4, value)

    def get(self, name):
        return self.read(OFFSETS[name], 4)

    def configure(self):
        self.put("MCFGR1", 1)
        self.put("MCFGR2", 1 << 24 | 1 << 16)
        self.put("MCCR0", 0x03 << 24 | SETHOLD << 16 | CLKHI << 8 | CLKLO)
        self.put("MCR", MEN)

    def send(self, *entries):
        for entry in entries:
            self.put("MTDR", entry)
            self.host.run_for(0)

    def run(self, ns=1_000_000):
        self.host.run_for(ns)

    @property
    def events(self):
        return " ".join(event for _, event in self.seen)

    @property
    def irq(self):
        return self.outputs["IRQ"].level

    @property
    def dma(self):
        return self.outputs["Dma"].level


@pytest.fixture
def i2c():
    controller = Controller()
    controller.configure()
    return controller


def clocks_ns(clocks, hz=24_000_000, prescale=1):
    return -(-(clocks << prescale) * 1_000_000_000 // Fraction(hz))


BIT = CLKLO + 1 + CLKHI + 1 + 1  # the filter's latency is (2 + 1) >> 1
BEGIN, END, REST = SETHOLD + 1, CLKLO + 1 + SETHOLD + 1 + 1, CLKLO + 1 + 1
AGAIN = END + BEGIN


def test_reset_values_and_read_only_registers():
    i2c = Controller()
    assert {name: i2c.get(name) for name in OFFSETS} == {**RESETS, "MSR": TDF}
    for name in ("VERID", "PARAM", "MFSR", "MRDR", "SSR", "SASR", "SRDR"):
        i2c.put(name, 0xFFFF_FFFF)
        assert i2c.get(name) == RESETS[name]


def test_a_write_takes_its_bit_times(i2c):
    i2c.send(WRITE_TO, 0x12, 0x34, STOP)
    i2c.run()
    byte = 9 * BIT
    assert i2c.seen == [
        (clocks_ns(BEGIN + byte), "S 90+"),
        (clocks_ns(BEGIN + 2 * byte), "W 12+"),
        (clocks_ns(BEGIN + 3 * byte), "W 34+"),
        (clocks_ns(BEGIN + 3 * byte + END), "P"),
    ]
    assert i2c.part.registers[0x12] == 0x34
    assert i2c.get("MSR") == TDF | EPF | SDF


def test_busy_ends_with_the_stop_and_the_bus_rests_after_it(i2c):
    i2c.send(WRITE_TO, STOP)
    total = BEGIN + 9 * BIT + END
    i2c.run(clocks_ns(total) - 1)
    assert i2c.get("MSR") & (MBF | BBF | SDF) == MBF | BBF
    i2c.run(1)
    assert i2c.get("MSR") & (MBF | BBF | SDF) == BBF | SDF
    i2c.send(WRITE_TO)
    i2c.run(clocks_ns(total + REST) - clocks_ns(total) - 1)
    assert i2c.get("MSR") & MBF == 0
    i2c.run(1)
    assert i2c.get("MSR") & MBF


def test_times_of_no_whole_ns_do_not_drift():
    i2c = Controller(Fraction(60_000_000, 7))
    i2c.configure()
    i2c.send(WRITE_TO)
    for number in range(20):
        i2c.send(number)
        i2c.run(clocks_ns(9 * BIT, i2c._hz))
    assert [at for at, _ in i2c.seen] == [clocks_ns(BEGIN + n * 9 * BIT, i2c._hz) for n in range(1, len(i2c.seen) + 1)]
    assert len(i2c.seen) > 18


@pytest.mark.parametrize(("prescale", "scl_filter", "latency"), [(0, 0, 2), (0, 15, 17), (3, 6, 1), (3, 5, 0)])
def test_prescaler_and_filter_set_the_bit_time(prescale, scl_filter, latency):
    i2c = Controller()
    i2c.configure()
    i2c.put("MCFGR1", prescale)
    i2c.put("MCFGR2", scl_filter << 16)
    i2c.send(WRITE_TO)
    i2c.run()
    assert i2c.seen[0][0] == clocks_ns(BEGIN + 9 * (BIT - 1 + latency), prescale=prescale)


def test_a_register_read_with_repeated_start(i2c):
    i2c.part.registers[0x10:0x13] = b"\xab\xcd\xef"
    i2c.send(WRITE_TO, 0x10, READ_FROM, RECEIVE | 2)
    i2c.run()
    i2c.send(STOP)
    i2c.run()
    assert i2c.events == "S 90+ W 10+ S 91+ R AB+ R CD+ R EF- P"
    assert i2c.seen[2][0] == clocks_ns(BEGIN + 18 * BIT + AGAIN + 9 * BIT)
    assert i2c.get("MFSR") == 3 << 16
    assert [i2c.get("MRDR") for _ in range(4)] == [0xAB, 0xCD, 0xEF, 1 << 14]
    assert [access.register for access in i2c.part.accesses] == [0x10, 0x11, 0x12]


def test_receive_commands_in_a_row_acknowledge_between_them(i2c):
    i2c.send(READ_FROM, RECEIVE | 0, DISCARD | 1, STOP)
    i2c.run()
    assert i2c.events == "S 91+ R 00+ R 00+ R 00- P"
    assert i2c.get("MFSR") == 1 << 16


def test_a_full_receive_fifo_stalls_the_bus(i2c):
    i2c.send(READ_FROM, RECEIVE | 9, STOP)
    i2c.run()
    assert i2c.events.count("R") == 4
    assert i2c.get("MSR") & (RDF | MBF) == RDF | MBF
    i2c.get("MRDR")
    i2c.run()
    assert i2c.events.count("R") == 5


def test_the_bus_waits_for_commands_and_auto_stop_ends_it(i2c):
    i2c.send(WRITE_TO, 1)
    i2c.run(10_000_000)
    assert i2c.events == "S 90+ W 01+"
    assert i2c.get("MSR") & MBF
    i2c.put("MCFGR1", AUTOSTOP | 1)
    i2c.run()
    assert i2c.events.endswith("P")
    i2c.send(5)
    assert i2c.get("MSR") & FEF


def test_an_unanswered_address_ends_in_stop_and_holds_back_the_next_start(i2c):
    i2c.put("MIER", NDF)
    i2c.send(START | 0x10 << 1, 0x12, STOP)
    i2c.run()
    assert i2c.events == "S 20- P"
    assert i2c.irq
    assert i2c.get("MSR") & (NDF | SDF | EPF | MBF) == NDF | SDF | EPF
    assert i2c.get("MFSR") == 2
    i2c.put("MCR", MEN | RTF | RRF)
    assert (i2c.get("MCR"), i2c.get("MFSR")) == (MEN, 0)
    i2c.send(WRITE_TO, STOP)
    i2c.run()
    assert i2c.events == "S 20- P"
    i2c.put("MSR", NDF)
    assert not i2c.irq
    i2c.run()
    assert i2c.events == "S 20- P S 90+ P"


def test_an_unanswered_byte_ends_in_stop_unless_answers_are_ignored(i2c):
    i2c.part.refuse_data = 1
    i2c.send(WRITE_TO, 1, 2, 3)
    i2c.run()
    assert i2c.events == "S 90+ W 01+ W 02- P"
    i2c.put("MCR", MEN | RTF)
    i2c.put("MSR", NDF)
    i2c.put("MCFGR1", IGNACK | 1)
    i2c.part.refuse_data = 0
    i2c.send(WRITE_TO, 3, STOP)
    i2c.run()
    assert i2c.events.endswith("S 90+ W 03- P")
    assert i2c.get("MSR") & NDF == 0


def test_a_start_may_expect_nack(i2c):
    i2c.send(START_NACK | 0x10 << 1, STOP)
    i2c.run()
    assert i2c.get("MSR") & NDF == 0
    i2c.send(START_NACK | 0x48 << 1, STOP)
    i2c.run()
    assert i2c.get("MSR") & NDF
    assert i2c.events == "S 20- P S 90+ P"


def test_data_without_start_is_a_fifo_error_but_a_stop_is_not(i2c):
    i2c.send(STOP)
    assert i2c.get("MSR") & FEF == 0
    i2c.send(RECEIVE | 3)
    assert i2c.get("MSR") & FEF
    assert i2c.events == ""
    i2c.put("MSR", FEF)
    i2c.send(WRITE_TO, STOP)
    i2c.run()
    assert i2c.events == "S 90+ P"


def test_high_speed_commands_take_the_second_clock(i2c):
    i2c.put("MCCR1", 1 << 16 | 1 << 8 | 2)
    i2c.send(FAST_START | 0x48 << 1, STOP, WRITE_TO)
    address, stop = 2 + 9 * (3 + 2 + 1), 3 + 2 + 1
    i2c.run(clocks_ns(address + stop + REST + BEGIN + 9 * BIT) - 1)
    assert i2c.seen == [(clocks_ns(address), "S 90+"), (clocks_ns(address + stop), "P")]
    i2c.run(1)
    assert len(i2c.seen) == 3


@pytest.mark.parametrize(
    ("rule", "matches"),
    [(0, []), (2, [0]), (3, [0, 1, 3, 4]), (4, [1]), (5, [1, 4]), (6, [0]), (7, [0, 3])],
)
def test_data_match(i2c, rule, matches):
    i2c.part.registers[0:5] = b"\x11\x22\x33\x11\x22"
    i2c.put("MDMR", (0xF0 if rule in (6, 7) else 0x22) << 16 | 0x11)
    i2c.put("MCFGR1", rule << 16 | 1)
    i2c.send(READ_FROM, DISCARD | 4)
    found = []
    i2c.run(clocks_ns(BEGIN + 9 * BIT))
    for place in range(5):
        i2c.run(clocks_ns(9 * BIT))
        if i2c.get("MSR") & DMF:
            found.append(place)
            i2c.put("MSR", DMF)
    assert found == matches


def test_receive_only_after_a_match(i2c):
    i2c.part.registers[0:4] = b"\x11\x22\x33\x44"
    i2c.put("MDMR", 0x33)
    i2c.put("MCFGR0", 1 << 9)
    i2c.put("MCFGR1", 3 << 16 | 1)
    i2c.send(READ_FROM, RECEIVE | 3)
    i2c.run()
    assert [i2c.get("MRDR"), i2c.get("MRDR")] == [0x33, 0x44]


def test_watermarks_drive_flags_interrupt_and_dma(i2c):
    i2c.put("MFCR", 1 << 16 | 1)
    i2c.put("MIER", RDF)
    i2c.put("MDER", 1)
    assert i2c.dma
    i2c.send(READ_FROM, RECEIVE | 0, RECEIVE | 0)
    assert not i2c.dma
    i2c.put("MDER", 2)
    i2c.run(clocks_ns(BEGIN + 27 * BIT) - 1)
    assert (i2c.irq, i2c.dma, i2c.get("MSR") & RDF) == (False, False, 0)
    i2c.run(1)
    assert (i2c.irq, i2c.dma, i2c.get("MSR") & RDF) == (True, True, RDF)
    i2c.get("MRDR")
    assert (i2c.irq, i2c.dma) == (False, False)


def test_the_transmit_fifo_takes_four_entries(i2c):
    i2c.put("MCR", 0)
    i2c.send(*[WRITE_TO] * 6)
    assert i2c.get("MFSR") == 4
    assert i2c.get("MSR") & TDF == 0


def test_software_reset_leaves_only_the_control_register(i2c):
    i2c.put("SAMR", 0x22)
    i2c.send(WRITE_TO, 1)
    i2c.put("MCR", RST)
    assert (i2c.get("MCR"), i2c.get("MCCR0"), i2c.get("MFSR"), i2c.get("MSR"), i2c.get("SAMR")) == (
        RST,
        0,
        0,
        TDF,
        0x22,
    )
    i2c.send(WRITE_TO)
    i2c.run()
    assert (i2c.get("MFSR"), i2c.events) == (0, "")


def test_a_clock_held_low_stalls_and_times_out(i2c):
    i2c.put("MCFGR3", 2 << 8)
    i2c.send(WRITE_TO, 1, STOP)
    i2c.port.hold(scl_low=True)
    limit = clocks_ns(2 * 256)
    i2c.run(limit - 1)
    assert i2c.get("MSR") & PLTF == 0
    i2c.run(1)
    assert i2c.get("MSR") & (PLTF | BBF) == PLTF | BBF
    i2c.put("MSR", PLTF)
    assert i2c.get("MSR") & PLTF
    assert i2c.events == ""
    i2c.port.hold()
    i2c.put("MSR", PLTF)
    assert i2c.get("MSR") & PLTF == 0
    i2c.run()
    assert i2c.events == "S 90+ W 01+ P"


def test_data_held_low_loses_the_bus_and_times_out_when_asked(i2c):
    i2c.put("MCFGR1", TIMECFG | 1)
    i2c.put("MCFGR3", 1 << 8)
    i2c.send(WRITE_TO)
    i2c.run()
    i2c.port.hold(sda_low=True)
    i2c.send(0x55)
    i2c.run()
    assert i2c.get("MSR") & (ALF | PLTF | MBF | BBF) == ALF | PLTF | BBF
    i2c.put("MSR", ALF | PLTF)
    i2c.send(WRITE_TO, STOP)
    i2c.run()
    assert i2c.events == "S 90+"
    i2c.port.hold()
    i2c.run()
    assert i2c.events == "S 90+ S 90+ P"


def test_a_stopped_clock_holds_the_bus():
    i2c = Controller(hz=0)
    i2c.configure()
    i2c.send(WRITE_TO)
    i2c.run()
    assert i2c.seen == []
    assert i2c.get("MFSR") == 1
    i2c.rates.hz = 24_000_000
    i2c._reclock()
    i2c.run(1000)
    i2c.rates.hz = 0
    i2c._reclock()
    i2c.send(0x12, STOP)
    i2c.run()
    assert i2c.events == "S 90+"
    i2c.rates.hz = 24_000_000
    i2c._reclock()
    i2c.run()
    assert i2c.events == "S 90+ W 12+ P"
    i2c.send(WRITE_TO, STOP)
    while not i2c.events.endswith("S 90+"):
        i2c.run(100)
    i2c.rates.hz = 0
    i2c._reclock()
    i2c.run()
    assert i2c.events.endswith("S 90+ P")
    assert i2c.get("MSR") & BBF
    i2c.rates.hz = 24_000_000
    i2c._reclock()
    i2c.run()
    assert i2c.get("MSR") & BBF == 0


def test_what_is_not_modelled_is_counted(i2c):
    i2c.put("SCFGR1", 1 << 3)
    i2c.put("SCFGR1", 1 << 16)
    i2c.put("MCFGR0", 1)
    i2c.put("MCFGR1", 1 << 24)
    assert [access for _, access in i2c.host.unmodelled_accesses] == [
        "write SCFGR1 value 0x8",
        "write SCFGR1 value 0x10000",
        "slave address of 10 bits (SCFGR1.ADDRCFG)",
        "write MCFGR0 value 0x1",
        "ultra-fast mode (MCFGR1.PINCFG 1 or 5)",
    ]


def test_saved_in_a_transfer_it_goes_on_the_same(i2c):
    def run(controller):
        seen = len(controller.seen)
        controller.run()
        controller.send(STOP)
        controller.run()
        return controller.seen[seen:], controller.get("MRDR"), controller.get("MSR"), state_of(controller)

    i2c.part.registers[0] = 0x77
    i2c.send(READ_FROM, RECEIVE | 3)
    i2c.run(clocks_ns(BEGIN + 20 * BIT) + 3)
    saved, part, now = i2c.save(), i2c.part.save(), i2c.host.now_ns()
    other = Controller()
    other.host.time_ns = now
    other.restore(saved)
    other.part.restore(part)
    first = run(i2c)
    assert run(other) == first
    assert [event for _, event in first[0]] == ["R 00+", "R 00+", "R 00-", "P"]
    assert first[1] == 0x77
