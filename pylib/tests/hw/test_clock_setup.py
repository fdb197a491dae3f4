"""The clock set-up of the Phoenix-RTOS loader, access by access: it must end, and with the clocks it means."""

import pytest

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.anadig import Anadig
from wattbench.hw.imxrt.ccm import ROOT_NUMBERS, Ccm

LIMIT = 10


@pytest.fixture
def ccm():
    host = FakeHost()
    anadig = Anadig(host, "anadig")
    block = Ccm(host, "ccm", anadig=anadig)
    for model in (anadig, block):
        model.reset()
    return block


class Firmware:
    def __init__(self, anadig):
        self.anadig = anadig

    def change(self, offset, clear=0, put=0, toggle=0):
        value = self.anadig.read(offset, 4)
        self.anadig.write(offset, 4, (value & ~clear | put) ^ toggle)

    def poll(self, offset, mask, old=0):
        assert any(self.anadig.read(offset, 4) & mask != old for _ in range(LIMIT))

    def pll1(self, address, data):
        done = self.anadig.read(0x850, 4) & 1 << 9
        self.change(0x850, clear=0x100FF, put=address)
        self.anadig.write(0x860, 4, data)
        self.change(0x850, toggle=1 << 8)
        self.poll(0x850, 1 << 9, done)

    def fraction(self, update, pfd, number, fraction):
        value = self.anadig.read(pfd, 4)
        if value >> 8 * number & 0xBF == fraction:
            return
        stable = value & 0x40 << 8 * number
        self.change(pfd, put=0x80 << 8 * number)
        self.change(pfd, clear=0x3F << 8 * number)
        self.change(pfd, put=fraction << 8 * number)
        self.change(update, toggle=2 << number)
        self.change(pfd, clear=0x80 << 8 * number)
        self.poll(pfd, 0x40 << 8 * number, stable)


def set_up(firmware):
    firmware.change(0x0C0, put=1 << 8 | 1 << 1)
    firmware.change(0x050, clear=1)
    firmware.change(0x060, put=1)
    firmware.change(0x050, put=1 << 1)
    firmware.change(0x010, put=1 << 1)
    firmware.change(0x010, put=1 << 24)
    firmware.change(0x020, put=1 << 4 | 1 << 2)
    firmware.poll(0x020, 1 << 30)
    firmware.change(0x820, put=1 << 16)
    firmware.change(0x500, toggle=1 << 16)
    if firmware.anadig.read(0x840, 4) != 0x105:
        firmware.change(0x820, clear=1 << 16)
        firmware.anadig.write(0x830, 4, 0x105)
        firmware.change(0x500, toggle=1 << 16)
        firmware.anadig.write(0x570, 4, 1 << 4)
    arm = firmware.anadig.read(0x200, 4) & ~(1 << 29 | 3 << 15 | 0xFF) | 133 | 1 << 30 | 1 << 13
    firmware.anadig.write(0x200, 4, arm)
    firmware.poll(0x200, 1 << 29)
    firmware.anadig.write(0x200, 4, arm & ~(1 << 30) | 1 << 14)
    firmware.pll1(0x04, 1 << 16)
    firmware.change(0x2C0, clear=1 << 26 | 1 << 25 | 1 << 13)
    firmware.change(0x2C0, put=1 << 14)
    for address, data in ((0x08, 1 << 15), (0x08, 1 << 14), (0x18, 1 << 15), (0x08, 1 << 22)):
        firmware.pll1(address, data)
    for number, fraction in enumerate((27, 16, 24, 32)):
        firmware.fraction(0x250, 0x270, number, fraction)
    assert firmware.anadig.read(0x210, 4) & 1 << 21
    for number, fraction in enumerate((13, 17, 32, 24)):
        firmware.fraction(0x220, 0x230, number, fraction)


def test_loader_clock_set_up(ccm):
    set_up(Firmware(ccm.anadig))
    roots = {
        "M7": (4, 1, 798_000_000),
        "M4": (4, 1, 360_000_000),
        "BUS": (4, 2, 240_000_000),
        "BUS_LPSR": (5, 3, 160_000_000),
        "GPT1": (1, 1, 24_000_000),
        "LPUART1": (1, 2, 12_000_000),
        "LPSPI1": (4, 1, 270_000_000),
        "CSTRACE": (7, 4, 132_000_000),
    }
    for root, (mux, divider, _) in roots.items():
        ccm.write(0x80 * ROOT_NUMBERS[root], 4, mux << 8 | divider - 1)
    assert {root: ccm.rate_hz(root) for root in roots} == {root: hz for root, (_, _, hz) in roots.items()}
    assert not ccm.host.unmodelled_accesses
