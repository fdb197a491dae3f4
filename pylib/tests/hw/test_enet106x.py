"""The Ethernet MACs of the i.MX RT1064: what they lack, their clocks, and a frame each way."""

from enet_bench import OWN, PEER, Bench, frame

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt106x.analog import CcmAnalog106x
from wattbench.hw.imxrt106x.ccm import Ccm106x
from wattbench.hw.imxrt106x.variants import Enet106x

ANALOG_PLL_ENET, CCM_CCGR1, CCM_CCGR7 = 0xE0, 0x6C, 0x84
PLL_ON_25M = 1 << 21 | 1 << 13 | 1


def clocks():
    host = FakeHost()
    analog = CcmAnalog106x(host, "ccm_analog")
    ccm = Ccm106x(host, "ccm", analog)
    for block in (analog, ccm):
        block.reset()
    return ccm


def test_reset_values_and_absent_registers():
    mac = Enet106x(FakeHost(), "enet")
    mac.reset()
    assert (mac.read(0x24, 4), mac.read(0x84, 4), mac.read(0x1B0, 4)) == (0x7000_0000, 0x05EE_0001, 0x7FF)
    mac.write(0x190, 4, 0xFFFF_FFFF)
    assert mac.read(0x190, 4) == 0xFF
    mac.write(0x24, 4, 1 << 5)
    assert mac.read(0x24, 4) == 0x7000_0000
    assert not mac.host.unmodelled_accesses
    for offset in (0x160, 0x1E0, 0x1F0):
        mac.read(offset, 4)
    assert len(mac.host.unmodelled_accesses) == 3


def test_a_frame_each_way():
    bench = Bench(kind=Enet106x)
    sent = frame(b"to the peer" * 10, PEER)
    bench.put_frame(sent)
    bench.mac.port.send(frame(b"to the chip" * 10))
    bench.run_us(100)
    assert [item.data for item in bench.mac.port.frames] == [sent]
    flags, length, data = bench.received(0)
    assert (flags & 1 << 15, data) == (0, frame(b"to the chip" * 10))
    assert length == len(data)
    assert data[:6] == OWN
    assert bench.events() >= {"TXF", "RXF"}


def test_mdio_runs_from_the_peripheral_bus():
    ccm = clocks()
    bench = Bench(kind=Enet106x, clocks=ccm, start=False)
    bench.write("MSCR", 2 << 1)
    bench.write("MMFR", 1 << 30 | 2 << 28 | 2 << 16)
    us = 64 * 6 / (float(ccm.rate_hz("IPG")) / 1e6)  # 64 bits at a sixth of the bus
    bench.run_us(us - 0.1)
    assert "MII" not in bench.events()
    bench.run_us(0.2)
    assert "MII" in bench.events()


def test_time_stamps_run_from_25_mhz_of_the_ethernet_pll():
    ccm = clocks()
    for name, register, mask in (("ENET", CCM_CCGR1, 3 << 10), ("ENET2", CCM_CCGR7, 3)):
        assert ccm.rate_hz(name) == 0
        ccm.analog.write(ANALOG_PLL_ENET, 4, PLL_ON_25M)
        ccm.write(register, 4, ccm.read(register, 4) | mask)
        assert ccm.rate_hz(name) == 25_000_000
        ccm.write(register, 4, ccm.read(register, 4) & ~mask)
        assert ccm.rate_hz(name) == 0
        ccm.write(register, 4, ccm.read(register, 4) | mask)
        ccm.analog.write(ANALOG_PLL_ENET, 4, PLL_ON_25M & ~(1 << 21))
        assert ccm.rate_hz(name) == 0
        ccm.analog.write(ANALOG_PLL_ENET, 4, PLL_ON_25M | 1 << 16)
        assert ccm.rate_hz(name) == 24_000_000
        ccm.analog.write(ANALOG_PLL_ENET, 4, PLL_ON_25M | 1 << 12)
        assert ccm.rate_hz(name) == 0
    ccm.analog.write(ANALOG_PLL_ENET, 4, PLL_ON_25M)
    bench = Bench(kind=Enet106x, clocks=ccm)
    bench.write("ATINC", 40)
    bench.write("ATCR", 1)
    bench.run_us(1000)
    bench.write("ATCR", 1 << 11 | 1)
    assert bench.read("ATVR") == 1_000_000
