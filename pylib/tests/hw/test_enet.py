"""The Ethernet MACs as blocks: registers, MDIO, interrupts, clock for time stamps, reset, state."""

from fractions import Fraction

import pytest
from enet_bench import BUS_HZ, DBSWP, ETHEREN, OWN, PEER, RCR_RMII, Bench, frame
from pairs import Clock
from plain_state import state_of

from wattbench.core.clock import FixedClock
from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.imxrt.enet import Enet, Enet1G
from wattbench.hw.imxrt.enet_table import GIGABIT, MEGABIT
from wattbench.hw.parts.phy import EthernetPhy

MII = 1 << 23
DATA = frame(bytes(range(200)))


@pytest.mark.parametrize(("cls", "table"), [(Enet, MEGABIT), (Enet1G, GIGABIT)])
def test_names_and_reset_values(cls, table):
    assert CATALOGUE[cls.type_name] is cls
    mac = cls(FakeHost(), "mac")
    mac.reset()
    for name, offset, register, number in table.instances():
        assert mac.read(offset, 4) == register.reset_of(number), name
    assert mac.host.unmodelled_accesses == {}


def test_the_small_mac_lacks_what_the_big_one_has():
    mac = Enet(FakeHost(), "enet")
    mac.read(GIGABIT["RDSR1"].offset, 4)
    assert ("enet", "read +0x160") in mac.host.unmodelled_accesses
    mac.write(GIGABIT["ECR"].offset, 4, 1 << 5)
    assert mac.mbits == 100
    big = Enet1G(FakeHost(), "enet_1g")
    big.write(GIGABIT["ECR"].offset, 4, 1 << 5)
    assert big.mbits == 1000


def test_rings_1_and_2_are_counted():
    mac = Enet1G(FakeHost(), "enet_1g")
    mac.write(GIGABIT["TDAR1"].offset, 4, 1 << 24)
    assert mac.host.unmodelled_accesses == {("enet_1g", "write TDAR1 value 0x1000000"): 1}
    assert mac.read(GIGABIT["TDAR1"].offset, 4) == 0


def test_read_only_bits_stay():
    bench = Bench(start=False)
    for name in ("ATSTMP", "RMON_T_PACKETS"):
        bench.write(name, 0xFFFF_FFFF)
        assert bench.read(name) == 0
    bench.write("PAUR", 0)
    assert bench.read("PAUR") == 0x8808
    bench.write("OPD", 0)
    assert bench.read("OPD") == 0x0001_0000


def mdio(operation, phy, register, data=0):
    return 1 << 30 | operation << 28 | phy << 23 | register << 18 | 2 << 16 | data


def test_an_mdio_transfer_takes_64_bits():
    bench = Bench(start=False)
    phy = EthernetPhy(bench.host, "phy")
    bench.mac.attach(phy, 2)
    bench.write("EIMR", MII)
    bench.write("MSCR", 47 << 1)  # 240 MHz / 96 = 2.5 MHz
    bench.write("MMFR", mdio(2, 2, 2))
    bench.run_us(25.599)
    assert bench.read("EIR") == 0
    bench.run_us(0.001)
    assert bench.read("EIR") == MII
    assert bench.irq
    assert bench.read("MMFR") & 0xFFFF == 0x0022
    bench.write("EIR", MII)
    assert (bench.read("EIR"), bench.irq) == (0, False)
    bench.write("MSCR", 47 << 1 | 1 << 7)
    bench.write("MMFR", mdio(1, 2, 4, 0x0181))
    bench.run_us(12.8)
    assert bench.read("EIR") == MII
    assert phy.registers[4] == 0x0181


def test_nobody_at_an_address_reads_as_ones():
    bench = Bench(start=False)
    bench.write("MSCR", 47 << 1)
    bench.write("MMFR", mdio(2, 9, 2))
    bench.run_us(26)
    assert bench.read("MMFR") & 0xFFFF == 0xFFFF


def test_without_mdc_a_transfer_waits():
    bench = Bench(start=False)
    bench.write("MMFR", mdio(2, 9, 2))
    bench.run_us(1000)
    assert bench.read("EIR") == 0
    bench.write("MSCR", 47 << 1)
    bench.run_us(26)
    assert bench.read("EIR") == MII


def test_mdio_collisions_and_clause_45_are_told():
    bench = Bench(start=False)
    bench.write("MSCR", 47 << 1)
    bench.write("MMFR", 2 << 28)
    bench.write("MMFR", 2 << 28)
    assert "under way" in bench.host.messages[0][2]
    bench.run_us(26)
    assert ("enet", "MDIO frame of clause 45") in bench.host.unmodelled_accesses


def test_what_may_attach():
    mac = Enet(FakeHost(), "enet")
    for child, point in ((mac, 1), (EthernetPhy(FakeHost(), "phy"), 32), (EthernetPhy(FakeHost(), "phy"), None)):
        with pytest.raises(TypeError, match="takes PHYs"):
            mac.attach(child, point)


def test_the_link_decides_whether_frames_pass():
    bench = Bench()
    phy = EthernetPhy(bench.host, "phy", negotiate_ms=1)
    bench.mac.attach(phy, 0)
    bench.mac.port.send(DATA)
    bench.put_frame(DATA)
    bench.run_us(100)
    assert bench.mac.port.arrivals[0].fate == bench.mac.port.frames[0].fate == "the link is down"
    phy.reset()
    bench.run_us(1000)
    bench.mac.port.send(DATA)
    bench.run_us(100)
    assert bench.mac.port.arrivals[1].fate == ""
    phy.partner_speed = 10
    bench.run_us(1000)
    bench.mac.port.send(DATA)
    bench.run_us(1000)
    assert bench.mac.port.arrivals[2].fate == "the link runs at 10 Mbit/s, the MAC at 100"


def test_a_phy_may_loop_back():
    bench = Bench()
    phy = EthernetPhy(bench.host, "phy")
    bench.mac.attach(phy, 0)
    phy.mdio_write(0, 1 << 14)
    bench.put_frame(DATA)
    bench.run_us(100)
    assert bench.received(0)[2] == DATA
    assert bench.mac.port.frames[0].fate == "the PHY loops back"


def test_a_software_reset_clears_the_block():
    bench = Bench()
    bench.write("EIMR", 0xFFFF_FFFF)
    bench.put_frame(DATA)
    bench.run_us(5)
    bench.mac.port.send(DATA)
    bench.write("ECR", 1)
    assert bench.read("ECR") == 0x7000_0000
    assert bench.read("PALR") == bench.read("EIMR") == bench.read("RDAR") == 0
    assert not bench.irq
    bench.run_us(1000)
    assert "switched off" in bench.mac.port.frames[0].fate
    assert "is off" in bench.mac.port.arrivals[0].fate


def test_power_off_empties_the_line():
    bench = Bench()
    bench.mac.port.send(DATA)
    bench.mac.power_off()
    bench.run_us(1000)
    assert bench.mac.port.arrivals == []


def test_coalescing_is_stored_and_counted():
    bench = Bench()
    bench.mac.write(GIGABIT["TXIC{n}"].offset, 4, 1 << 31 | 4 << 20 | 10)
    assert bench.mac["TXIC0"] == 1 << 31 | 4 << 20 | 10
    assert [access for _, access in bench.host.unmodelled_accesses] == ["write TXIC0 value 0x8040000A"]


def test_the_clock_counts_ns_and_wraps_at_its_period():
    bench = Bench(clocks=FixedClock(100_000_000))
    bench.write("EIMR", 1 << 15)
    bench.write("ATPER", 1_000_000)
    bench.write("ATINC", 10)
    bench.write("ATCR", 1 << 4 | 1)
    bench.run_us(999)
    bench.write("ATCR", 1 << 11 | 1 << 4 | 1)
    assert bench.read("ATVR") == 999_000
    assert not bench.irq
    bench.run_us(1)
    assert bench.irq
    bench.write("EIR", 1 << 15)
    assert not bench.irq
    bench.run_us(500)
    bench.write("ATCR", 1 << 11 | 1 << 4 | 1)
    assert (bench.read("ATVR"), bench.read("ATCR")) == (500_000, 1 << 4 | 1)
    bench.run_us(500)
    assert bench.irq


def test_the_clock_is_corrected_set_and_restarted():
    bench = Bench(clocks=FixedClock(100_000_000))
    bench.write("ATINC", 11 << 8 | 10)
    bench.write("ATCOR", 1000)
    bench.write("ATCR", 1)
    bench.run_us(100)
    bench.write("ATCR", 1 << 11 | 1)
    assert bench.read("ATVR") == 100_000 + 10  # ten of ten thousand steps were 11 ns
    bench.write("ATVR", 5_000_000)
    bench.run_us(10)
    bench.write("ATCR", 1 << 11 | 1)
    assert bench.read("ATVR") == 5_010_001
    bench.write("ATCR", 1 << 9 | 1)
    bench.write("ATCR", 1 << 11 | 1)
    assert bench.read("ATVR") == 0
    bench.write("ATCR", 0)
    bench.run_us(50)
    bench.write("ATCR", 1 << 11)
    assert bench.read("ATVR") == 0


def test_the_clock_follows_its_root():
    clocks = Clock(100_000_000)
    bench = Bench(clocks=clocks)
    bench.write("ATINC", 10)
    bench.write("ATCR", 1)
    bench.run_us(10)
    clocks.set(Fraction(50_000_000))
    bench.run_us(10)
    bench.write("ATCR", 1 << 11 | 1)
    assert bench.read("ATVR") == 15_000
    clocks.set(Fraction(0))
    bench.run_us(10)
    bench.write("ATCR", 1 << 11 | 1)
    assert bench.read("ATVR") == 15_000


def test_saved_in_the_middle_of_everything_it_goes_on_the_same():
    def busy():
        bench = Bench(enhanced=True, count=1)
        bench.write("ATINC", 4)
        bench.write("ATPER", 30_000)
        bench.write("ATCR", 1 << 4 | 1)
        bench.write("MSCR", 47 << 1)
        return bench

    def run(bench):
        seen = []
        for _ in range(40):
            bench.run_us(5)
            seen.append((bench.events(), bench.read("TDAR"), bench.read("RDAR"), bench.received(0)))
        return seen

    bench = busy()
    bench.put_frame(DATA, go=False)
    bench.put_frame(DATA[:120], control=1 << 30 | 1 << 29)
    for _ in range(3):
        bench.mac.port.send(DATA)
    bench.write("MMFR", mdio(2, 9, 2))
    bench.run_us(19)
    saved, memory, at_ns, before = bench.mac.save(), bytes(bench.host.memory), bench.host.time_ns, state_of(bench.mac)
    first = run(bench)

    other = busy()
    other.host.time_ns = at_ns
    other.host.memory[:] = memory
    other.mac.restore(saved)
    assert state_of(other.mac) == before
    assert run(other) == first
    assert other.mac.port.frames == bench.mac.port.frames
    assert other.mac.port.arrivals == bench.mac.port.arrivals
    assert len(bench.mac.port.frames) == 2
    assert len(bench.mac.port.arrivals) == 1


def test_the_driver_of_an_operating_system_as_it_goes():
    """Reset, address, RCR with pause and padding removal, two bytes in front, rings, start: as Phoenix-RTOS does."""
    bench = Bench(start=False)
    bench.write("ECR", 0x7000_0001)
    assert not bench.read("ECR") & ETHEREN
    bench.write("PALR", int.from_bytes(OWN[:4], "big"))
    bench.write("PAUR", int.from_bytes(OWN[4:], "big") << 16 | 0x8808)
    bench.write("RDSR", 0x1000)
    bench.write("TDSR", 0x1400)
    bench.write("MRBR", 0x600)
    bench.write("FTRL", (1 << 14) - 1)
    bench.write("RCR", RCR_RMII | 1 << 13 | 1 << 12 | 1 << 5)
    bench.write("RACC", 1 << 7 | 1 << 6 | 1 << 2 | 1 << 1 | 1)
    bench.write("TACC", 1)
    bench.write("TCR", 1 << 2)
    bench.write("EIMR", 1 << 22 | 1 << 25 | 1 << 27)
    bench.write("ECR", 0x7000_0000 | DBSWP | ETHEREN)
    bench.write("RDAR", 1 << 24)
    arp = b"\xff" * 6 + PEER + bytes.fromhex("0806000108000604000102000000000108090A0B0000000000000C0D0E0F")
    bench.mac.port.send(arp)
    bench.run_us(10)
    assert bench.irq
    assert bench.received(0)[2] == b"\0\0" + arp.ljust(60, b"\0")
    bench.put_frame(b"\0\0" + arp)
    bench.run_us(10)
    assert bench.events() >= {"RXF", "TXF"}
    assert bench.mac.port.frames[0].data == arp.ljust(60, b"\0")
    assert BUS_HZ == 240_000_000


def test_a_reset_forgets_a_pause_and_the_time():
    bench = Bench(rcr=RCR_RMII | 1 << 5)
    bench.write("ATINC", 10)
    bench.write("ATCR", 1)
    bench.mac.port.send(bytes.fromhex("0180C2000001") + PEER + bytes.fromhex("88080001FFFF"))
    bench.run_us(10)
    assert bench.read("TCR") & 1 << 4
    bench.mac.reset()
    assert not bench.read("TCR") & 1 << 4
    bench.run_us(10)
    bench.write("ATCR", 1 << 11)
    assert bench.read("ATVR") == 0


def test_a_write_to_ecr_while_on_does_not_begin_the_rings_anew():
    bench = Bench()
    bench.mac.port.send(DATA)
    bench.run_us(50)
    bench.write("ECR", bench.read("ECR") | 1 << 1)
    bench.mac.port.send(DATA)
    bench.run_us(50)
    assert bench.received(1)[2] == DATA


def test_statistics_clear_only_on_demand():
    bench = Bench()
    bench.put_frame(DATA)
    bench.run_us(50)
    bench.write("MIBC", 1 << 31)
    assert bench.read("RMON_T_PACKETS") == 1


def test_mdio_transfers_once_for_each_write():
    bench = Bench(start=False)
    bench.write("MSCR", 47 << 1)
    bench.write("MMFR", mdio(2, 9, 2))
    bench.run_us(26)
    bench.write("EIR", MII)
    bench.write("MSCR", 47 << 1)
    bench.run_us(26)
    assert bench.read("EIR") == 0


def test_the_period_is_no_event_unless_asked_for():
    bench = Bench(clocks=FixedClock(100_000_000))
    bench.write("ATPER", 1000)
    bench.write("ATINC", 10)
    bench.write("ATCR", 1)
    bench.run_us(10)
    assert bench.read("EIR") == 0


def test_a_changed_rate_goes_on_from_the_present_time():
    bench = Bench(clocks=FixedClock(100_000_000))
    bench.write("ATINC", 10)
    bench.write("ATCR", 1)
    bench.run_us(10)
    bench.write("ATINC", 20)
    bench.run_us(10)
    bench.write("ATCR", 1 << 11 | 1)
    assert bench.read("ATVR") == 30_000
