"""USB controllers, their PHYs and charger detection: a driver starts, and nothing is plugged in."""

import logging

import pytest
from plain_state import state_of

from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.imxrt.usb import TABLE, Usb, UsbChargerDetector, UsbNonCore
from wattbench.hw.imxrt.usbphy import TABLE as PHY
from wattbench.hw.imxrt.usbphy import UsbPhy

DEVICE, HOST, RUN, RESET = 2, 3, 1, 2
AVV, BSV, BSE, ID = 1 << 9, 1 << 11, 1 << 12, 1 << 8
MS = 1_000_000


class Bench:
    def __init__(self):
        self.host = FakeHost()
        self.usb = Usb(self.host, "usb_otg1")
        self.phy = UsbPhy(self.host, "usbphy1", usb=self.usb)
        self.usb.reset()
        self.phy.reset()

    def read(self, name, size=4):
        return self.usb.read(TABLE[name].offset, size)

    def write(self, name, value):
        self.usb.write(TABLE[name].offset, 4, value)

    def phy_read(self, name):
        return self.phy.read(PHY[name].offset, 4)

    def phy_write(self, name, value):
        self.phy.write(PHY[name].offset, 4, value)

    def start(self, role):
        self.write("USBMODE", role)
        self.write("USBCMD", 0x80000 | RUN)


@pytest.fixture
def bench():
    return Bench()


@pytest.mark.parametrize("cls", [Usb, UsbNonCore, UsbChargerDetector, UsbPhy])
def test_names_and_reset_values(cls):
    assert CATALOGUE[cls.type_name] is cls
    block = cls(FakeHost(), "block")
    block.reset()
    for name, offset, register, number in cls.table.instances():
        if name.rpartition("_")[2] not in ("SET", "CLR", "TOG") and name not in ("CTRL", "USB1_VBUS_DET_STAT"):
            assert block.read(offset, register.width // 8) == register.reset_of(number), name


def test_the_start_of_a_boot_loader_as_it_goes(bench):
    """Controller reset, PHY reset, PLL, device mode, endpoint 0 primed, run: as plo's usb-cdc does."""
    bench.write("USBCMD", bench.read("USBCMD") | RESET)
    assert not bench.read("USBCMD") & RESET
    bench.phy_write("CTRL_SET", 1 << 31)
    bench.phy_write("CTRL", bench.phy_read("CTRL") & ~(1 << 30))
    bench.phy_write("PLL_SIC", bench.phy_read("PLL_SIC") | 1 << 21)
    bench.phy_write("PLL_SIC", bench.phy_read("PLL_SIC") & ~(7 << 22) | 3 << 22)
    assert not bench.phy_read("PLL_SIC") >> 31
    bench.phy_write("PLL_SIC", bench.phy_read("PLL_SIC") | 1 << 13 | 1 << 12)
    assert bench.phy_read("PLL_SIC") >> 31
    bench.phy_write("PLL_SIC_CLR", 1 << 16)
    bench.phy_write("CTRL_CLR", 1 << 31 | 1 << 30)
    assert bench.phy_read("CTRL") >> 30 == 0
    bench.phy_write("PWD", 0)
    bench.write("USBMODE", DEVICE)
    bench.write("ENDPTLISTADDR" if "ENDPTLISTADDR" in TABLE.registers else "ASYNCLISTADDR", 0x2020_0000)
    bench.write("ENDPTPRIME", 1)
    bench.write("ENDPTPRIME", 1 << 16)
    assert (bench.read("ENDPTPRIME"), bench.read("ENDPTSTAT")) == (0, 1 << 16 | 1)
    bench.write("USBINTR", 0x57)
    bench.write("USBCMD", 0x80000 | RUN)
    assert not bench.usb.irq.level
    assert not bench.read("PORTSC1") & 1
    bench.write("ENDPTFLUSH", 0xFFFF_FFFF)
    assert (bench.read("ENDPTFLUSH"), bench.read("ENDPTSTAT")) == (0, 0)


def test_the_log_says_once_that_nobody_is_there(bench):
    for _ in range(2):
        bench.start(DEVICE)
        bench.write("USBCMD", RESET)
    assert [(level, text) for level, _, text in bench.host.messages] == [
        (logging.INFO, "started as a device; no host enumerates it, as the model has no other end")
    ]
    bench.start(HOST)
    assert "no device is plugged in" in bench.host.messages[1][2]


def test_the_role_is_chosen_once_after_a_reset(bench):
    bench.write("USBMODE", DEVICE)
    bench.write("USBMODE", HOST)
    assert bench.read("USBMODE") & 3 == DEVICE
    bench.write("USBCMD", RESET)
    bench.write("USBMODE", HOST)
    assert bench.read("USBMODE") & 3 == HOST


def test_a_host_runs_its_frames_and_schedules(bench):
    bench.write("USBMODE", HOST)
    assert bench.read("USBSTS") & 1 << 12
    bench.write("USBCMD", RUN | 1 << 4 | 1 << 5)
    assert bench.read("USBSTS") & (1 << 5 | 1 << 12 | 1 << 14 | 1 << 15) == 1 << 14 | 1 << 15
    bench.host.run_for(MS)
    assert bench.read("FRINDEX") == 8
    bench.write("USBINTR", 1 << 5)
    bench.write("USBCMD", RUN | 1 << 6)
    assert bench.usb.irq.level
    assert not bench.read("USBCMD") & 1 << 6
    bench.write("USBSTS", 1 << 5)
    assert not bench.usb.irq.level
    bench.write("USBCMD", 0)
    bench.host.run_for(MS)
    assert bench.read("FRINDEX") == 8
    assert bench.read("USBSTS") & 1 << 12


def test_an_empty_port_cannot_be_enabled_and_its_reset_ends(bench):
    bench.write("USBMODE", HOST)
    bench.write("PORTSC1", 1 << 12 | 1 << 8 | 1 << 7)
    assert bench.read("PORTSC1") & (1 << 12 | 1 << 8 | 1 << 7 | 1) == 1 << 12


def test_priming_needs_the_role_of_a_device(bench):
    bench.write("ENDPTPRIME", 1)
    assert (bench.read("ENDPTPRIME"), bench.read("ENDPTSTAT")) == (0, 0)


def test_the_connector_is_seen_and_interrupts(bench):
    assert bench.read("OTGSC") & (AVV | BSV | BSE | ID) == BSE | ID
    bench.write("OTGSC", 1 << 27)
    bench.usb.vbus = True
    assert bench.read("OTGSC") & (AVV | BSV | BSE | ID) == AVV | BSV | ID
    assert bench.usb.irq.level
    bench.write("OTGSC", 1 << 27 | 0x7F << 16)
    assert not bench.usb.irq.level
    bench.usb.id_pin = False
    assert bench.read("OTGSC") & (1 << 16 | ID) == 1 << 16
    assert not bench.usb.irq.level
    bench.write("OTGSC", 1 << 24)
    assert bench.usb.irq.level
    bench.usb.reset()
    assert bench.read("OTGSC") & (AVV | ID) == AVV
    assert (bench.usb.vbus, bench.usb.id_pin) == (True, False)


def test_a_bit_turns_each_millisecond(bench):
    first = bench.read("OTGSC") & 1 << 13
    bench.host.run_for(MS)
    assert bench.read("OTGSC") & 1 << 13 != first


def test_timers_count_microseconds(bench):
    bench.write("USBINTR", 1 << 24 | 1 << 25)
    bench.write("GPTIMER0LD", 99)
    bench.write("GPTIMER0CTRL", 1 << 31 | 1 << 30)
    bench.host.run_for(40_000)
    assert bench.read("GPTIMER0CTRL") == 1 << 31 | 59
    bench.host.run_for(59_999)
    assert not bench.usb.irq.level
    bench.host.run_for(1)
    assert bench.usb.irq.level
    assert bench.read("USBSTS") & 1 << 24
    assert bench.read("GPTIMER0CTRL") == 0
    bench.write("USBSTS", 1 << 24)
    bench.write("GPTIMER1LD", 9)
    bench.write("GPTIMER1CTRL", 1 << 31 | 1 << 30 | 1 << 24)
    for _ in range(3):
        bench.host.run_for(10_000)
        assert bench.read("USBSTS") & 1 << 25
        bench.write("USBSTS", 1 << 25)
    bench.write("GPTIMER1CTRL", 1 << 24)
    bench.host.run_for(100_000)
    assert not bench.read("USBSTS") & 1 << 25


def test_the_capability_word_reads_whole(bench):
    assert bench.read("CAPLENGTH") == 0x0100_0040
    assert bench.read("CAPLENGTH", 1) == 0x40
    assert bench.host.unmodelled_accesses == {}


def test_what_is_not_there_is_counted(bench):
    bench.write("PORTSC1", 3 << 16)
    assert [access for _, access in bench.host.unmodelled_accesses] == ["write PORTSC1 value 0x30000"]


def test_the_phy_sees_the_connector(bench):
    assert bench.phy_read("CTRL") & 1 << 27
    assert bench.phy_read("USB1_VBUS_DET_STAT") == 1
    bench.usb.vbus, bench.usb.id_pin = True, False
    assert not bench.phy_read("CTRL") & 1 << 27
    assert bench.phy_read("USB1_VBUS_DET_STAT") == 0b11110
    bench.phy_write("USB1_VBUS_DETECT_SET", 1 << 3 | 1 << 4 | 1 << 11 | 1 << 12)
    assert bench.phy_read("USB1_VBUS_DET_STAT") == 0b10001
    assert bench.phy_read("CTRL") & 1 << 27
    bench.phy_write("CTRL_SET", 1 << 7)
    assert bench.phy_read("STATUS") == 1 << 8


def test_a_phy_reset_leaves_the_pll(bench):
    bench.phy_write("PLL_SIC_SET", 1 << 12 | 1 << 21)
    bench.phy_write("PWD", 0)
    bench.phy_write("CTRL_CLR", 1 << 31)
    bench.phy_write("CTRL_SET", 1 << 31)
    assert bench.phy_read("PWD") == PHY["PWD"].reset
    assert bench.phy_read("PLL_SIC") >> 31


def test_no_charger_is_found():
    host = FakeHost()
    detector = UsbChargerDetector(host, "usbhsdcd1")
    detector.reset()
    detector.write(0, 4, 1 << 24 | 1 << 16)
    assert detector.read(8, 4) == 1 << 22
    host.run_for(999 * MS)
    assert detector.read(0x10, 4) & 0xFFF == 999
    assert not detector.read(0, 4) & 1 << 8
    host.run_for(MS)
    assert detector.read(8, 4) == 1 << 22 | 1 << 21 | 1 << 20
    assert detector.read(0, 4) == 1 << 16 | 1 << 8
    detector.write(0, 4, 1 << 16 | 1)
    assert detector.read(0, 4) == 1 << 16
    detector.write(0, 4, 1 << 25 | 1 << 17)
    assert (detector.read(0, 4), detector.read(8, 4)) == (1 << 17 | 1 << 16, 0)


def test_saved_with_running_timers_it_goes_on_the_same():
    def run(bench):
        return [bench.host.run_for(7_000) or (bench.read("USBSTS"), bench.read("FRINDEX")) for _ in range(30)]

    bench = Bench()
    bench.usb.vbus = True
    bench.start(HOST)
    bench.write("GPTIMER1LD", 9)
    bench.write("GPTIMER1CTRL", 1 << 31 | 1 << 30 | 1 << 24)
    bench.host.run_for(123_456)
    saved, at_ns, before = bench.usb.save(), bench.host.time_ns, state_of(bench.usb)
    first = run(bench)
    other = Bench()
    other.host.time_ns = at_ns
    other.usb.restore(saved)
    assert state_of(other.usb) == before
    assert run(other) == first
