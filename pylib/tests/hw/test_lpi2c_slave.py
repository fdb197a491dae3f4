"""The slave half of an LPI2C: addresses, bytes each way, stalls, flags, interrupt and DMA, on another one's bus."""

import pytest
from test_lpi2c import OFFSETS, RESETS, START, STOP, Controller

from wattbench.core.clock import FixedClock
from wattbench.hw.imxrt.lpi2c import Lpi2c

TDF, RDF, AVF, RSF, SDF, FEF, AM0F, AM1F, GCF, SARF, SBF, BBF = (
    1 << bit for bit in (0, 1, 2, 8, 9, 11, 12, 13, 14, 15, 24, 25)
)
SEN, RST, RTF, RRF = 1, 2, 1 << 8, 1 << 9
ADRSTALL, RXSTALL, TXDSTALL, GCEN, SAEN, TXCFG, RXCFG, IGNACK = (1 << bit for bit in (0, 1, 2, 8, 9, 10, 11, 12))
EMPTY, FIRST = 1 << 14, 1 << 15
OWN, OTHER = 0x21, 0x35
TO, FROM = START | OWN << 1, START | OWN << 1 | 1
RECEIVE = 1 << 8


class Pair:
    """A controller that has a slave with address 0x21 on its bus."""

    def __init__(self, configuration=0):
        self.master = Controller()
        self.slave = Lpi2c(self.master.host, "lpi2c2", clocks=FixedClock(24_000_000))
        self.master.attach(self.slave, None)
        self.slave.reset()
        self.master.configure()
        self.put("SAMR", OWN << 1)
        self.put("SCFGR1", configuration)
        self.put("SCR", SEN)

    def put(self, name, value):
        self.slave.write(OFFSETS[name], 4, value)

    def get(self, name):
        return self.slave.read(OFFSETS[name], 4)

    def send(self, *entries):
        self.master.send(*entries)
        self.master.run()

    @property
    def events(self):
        return [event for _, event in self.master.seen]


@pytest.fixture
def pair():
    return Pair()


def test_reset_values_and_the_slaves_own_reset():
    pair = Pair()
    for name in ("SIER", "SDER", "SCFGR2", "SASR", "SRDR", "STAR", "SSR"):
        assert pair.get(name) == RESETS[name], name
    pair.put("SIER", RDF)
    pair.put("SCR", RST)
    assert (pair.get("SIER"), pair.get("SAMR"), pair.get("SCR")) == (0, 0, RST)
    assert not pair.master.host.unmodelled_accesses


def test_bytes_written_to_it(pair):
    pair.send(TO, 0x12)
    assert pair.get("SSR") == AVF | RDF | AM0F | SBF | BBF
    assert pair.get("SASR") == OWN << 1
    assert pair.get("SSR") == RDF | SBF | BBF
    assert (pair.get("SRDR"), pair.get("SRDR")) == (FIRST | 0x12, EMPTY)
    pair.send(0x34, STOP)
    assert pair.get("SRDR") == 0x34
    assert pair.get("SSR") == SDF
    pair.put("SSR", SDF)
    assert pair.get("SSR") == 0
    assert pair.events == ["S 42+", "W 12+", "W 34+", "P"]


def test_others_addresses_do_not_concern_it(pair):
    pair.send(START | OTHER << 1)
    pair.send(STOP)
    assert (pair.get("SSR"), pair.get("SASR")) == (0, EMPTY)
    assert pair.events == ["S 6A-", "P"]
    pair.put("SCR", 0)
    pair.master.put("MSR", 0x7F00)
    pair.send(TO)
    assert pair.events[2] == "S 42-"


@pytest.mark.parametrize(
    ("configuration", "byte", "flags"),
    [
        (2 << 16, OTHER << 1, AM1F),
        (2 << 16, OWN << 1, AM0F),
        (6 << 16, 0x30 << 1, AM0F),
        (6 << 16, 0x36 << 1, 0),
        (GCEN, 0x00, GCF),
        (0, 0x00, 0),
        (SAEN, 0x0C << 1 | 1, SARF),
        (0, 0x0C << 1 | 1, 0),
    ],
)
def test_address_rules(configuration, byte, flags):
    pair = Pair(configuration)
    pair.put("SAMR", OWN << 1 | OTHER << 17)
    pair.send(START | byte)
    assert pair.get("SSR") & (AM0F | AM1F | GCF | SARF) == flags
    assert pair.events[0][-1] == ("+" if flags else "-")


def test_bytes_read_from_it_wait_for_software(pair):
    pair.put("SCFGR1", TXDSTALL)
    pair.send(FROM, RECEIVE | 1)
    assert pair.get("SSR") & TDF
    assert pair.events == ["S 43+"]
    pair.put("STDR", 0xA5)
    assert not pair.get("SSR") & TDF
    pair.master.run()
    assert pair.events == ["S 43+", "R A5+"]
    pair.put("STDR", 0x5A)
    pair.send(STOP)
    assert pair.events == ["S 43+", "R A5+", "R 5A-", "P"]
    assert [pair.master.get("MRDR") for _ in range(2)] == [0xA5, 0x5A]
    assert pair.get("SSR") & (SDF | FEF | TDF) == SDF


def test_without_stalls_bytes_are_missing_or_lost(pair):
    pair.send(FROM, RECEIVE)
    pair.send(STOP)
    assert (pair.master.get("MRDR"), pair.get("SSR") & FEF) == (0xFF, FEF)
    pair.put("SSR", FEF | SDF)
    pair.send(TO, 0x11, 0x22)
    assert (pair.get("SSR") & FEF, pair.get("SRDR")) == (FEF, FIRST | 0x11)


def test_a_byte_that_was_not_read_holds_the_clock(pair):
    pair.put("SCFGR1", RXSTALL)
    pair.send(TO, 0x11, 0x22)
    assert pair.events == ["S 42+", "W 11+"]
    assert pair.get("SRDR") == FIRST | 0x11
    pair.send(STOP)
    assert pair.events == ["S 42+", "W 11+", "W 22+"]
    assert pair.get("SRDR") == 0x22
    pair.master.run()
    assert pair.events[-1] == "P"
    assert not pair.get("SSR") & FEF


def test_an_address_that_was_not_read_holds_the_clock(pair):
    pair.put("SCFGR1", ADRSTALL)
    pair.send(TO, 0x11)
    assert pair.events == ["S 42+"]
    assert pair.get("SASR") == OWN << 1
    pair.master.run()
    assert pair.events == ["S 42+", "W 11+"]


def test_a_repeated_start(pair):
    pair.put("SCFGR1", TXDSTALL)
    pair.put("STDR", 0x77)
    pair.send(TO, 0x01, FROM, RECEIVE)
    assert pair.get("SSR") & (RSF | AVF) == RSF | AVF
    assert pair.get("SASR") == OWN << 1 | 1
    pair.send(STOP)
    assert pair.events == ["S 42+", "W 01+", "S 43+", "R 77-", "P"]


def test_software_may_refuse_bytes(pair):
    pair.put("STAR", 1)
    pair.send(TO, 0x11)
    assert pair.events[:2] == ["S 42+", "W 11-"]
    assert pair.get("SRDR") == FIRST | 0x11


def test_interrupt_and_dma():
    pair = Pair(TXCFG)
    irq, dma = pair.slave.outputs["IRQ"], pair.slave.outputs["Dma"]
    pair.put("SDER", TDF)
    assert (irq.level, dma.level) == (False, True)
    pair.put("STDR", 1)
    assert not dma.level
    pair.put("SDER", RDF)
    pair.put("SIER", RDF | AVF)
    pair.send(TO)
    assert (irq.level, dma.level) == (True, False)
    pair.get("SASR")
    assert not irq.level
    pair.send(0x11)
    assert (irq.level, dma.level) == (True, True)
    pair.get("SRDR")
    assert (irq.level, dma.level) == (False, False)


def test_the_address_may_come_with_the_bytes():
    pair = Pair(RXCFG)
    pair.send(TO, 0x11)
    assert [pair.get("SRDR") for _ in range(3)] == [OWN << 1, FIRST | 0x11, EMPTY]


def test_registers_can_be_emptied(pair):
    pair.send(TO, 0x11)
    pair.put("SCR", SEN | RRF)
    assert (pair.get("SRDR"), pair.get("SCR")) == (EMPTY, SEN)
    pair.put("SCFGR1", TXCFG)
    pair.put("STDR", 1)
    assert not pair.get("SSR") & TDF
    pair.put("SCR", SEN | RTF)
    assert pair.get("SSR") & TDF


def test_a_reset_of_the_master_half_leaves_the_slave(pair):
    pair.send(TO, 0x11)
    pair.put("MCR", 2)
    pair.put("MCR", 0)
    assert pair.get("SSR") & RDF
    assert pair.get("SASR") == OWN << 1
    pair.slave.reset()
    assert (pair.get("SSR"), pair.get("SAMR")) == (0, 0)


def test_saved_while_it_holds_the_clock_it_goes_on_the_same(pair):
    pair.put("SCFGR1", RXSTALL)
    pair.send(TO, 0x11, 0x22)
    saved = pair.master.save(), pair.slave.save(), pair.master.host.now_ns()
    other = Pair()
    other.master.host.time_ns = saved[2]
    other.master.restore(saved[0])
    other.slave.restore(saved[1])
    other.master.run()
    assert other.events == []
    assert other.get("SRDR") == FIRST | 0x11
    other.master.run()
    assert other.events == ["W 22+"]


def test_a_test_may_be_the_controller(pair):
    slave = pair.slave.slave
    assert slave.start(OWN, False)
    assert slave.write(0x99)
    slave.stop()
    assert pair.get("SRDR") == FIRST | 0x99
    assert pair.get("SSR") & SDF
