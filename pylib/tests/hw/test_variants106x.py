"""Card hosts, external memories, USB surroundings and comparators of the i.MX RT1064: what differs from other chips."""

import numpy as np
import pytest

from wattbench.core.clock import FixedClock
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt106x.variants import Cmp106x, Semc106x, UsbNonCore106x, Usdhc106x

CR0, CR1, FPR, SCR, DACCR, MUXCR = range(6)
EN, COS, INV, COUT, CFF, CFR, IEF, IER, DMAEN = 1, 4, 8, 1, 2, 4, 8, 16, 64
CONVERTER_ON, SECOND_REFERENCE, AGAINST_CONVERTER = 1 << 7, 1 << 6, 7
MS = 1_000_000


def test_a_card_host_without_a_card():
    host = Usdhc106x(FakeHost(), "usdhc1", clocks=FixedClock(200_000_000))
    host.reset()
    assert (host.read(0xC0, 4), host.read(0xC8, 4), host.read(0x04, 4)) == (0x2000_7809, 0x1006, 0)
    host.write(0xC0, 4, 0x2000_7809 | 2)
    host.write(0x34, 4, 0xFFFF_FFFF)
    host.write(0x2C, 4, 1 << 24 | 0x80 << 8)
    assert (host.read(0xC0, 4), host.read(0x34, 4)) == (0x2000_780B, 0)
    host.write(0x34, 4, 1 << 16)
    host.write(0x38, 4, 1 << 16)
    host.write(0x0C, 4, 8 << 24 | 2 << 16)
    host.host.run_for(10 * MS)
    assert host.read(0x30, 4) == 1 << 16
    assert host.irq.level
    assert not host.host.unmodelled_accesses
    host.write(0x70, 4, 1)
    host.read(0x74, 4)
    assert len(host.host.unmodelled_accesses) == 2


def test_windows_of_the_external_memories():
    semc = Semc106x(FakeHost(), "semc")
    semc.reset()
    assert [semc.read(0x10 + 4 * window, 4) for window in (0, 1, 4, 8)] == [0x8000_001D, 0x8400_001C, 0x9E00_001A, 0x26]
    semc.write(0x10, 4, 0x8000_001B)
    semc.write(0x00, 4, 1)
    assert (semc.read(0x10, 4), semc.read(0x00, 4)) == (0x8000_001D, 0x1000_0000)
    semc.write(0x9C, 4, 0xA55A_000F)
    assert semc.read(0x3C, 4) & 1
    assert not semc.host.unmodelled_accesses
    semc.read(0x100, 4)
    assert len(semc.host.unmodelled_accesses) == 1


def test_usb_surroundings_of_both_controllers():
    block = UsbNonCore106x(FakeHost(), "usbnc")
    block.reset()
    assert (block.read(0, 4), block.read(4, 4)) == (0x3000_1000, 0x3000_1000)
    block.write(4, 4, 0x3000_1080)
    block.write(0x1C, 4, 1 << 31)
    assert [block.read(offset, 4) for offset in (0, 4, 0x18, 0x1C)] == [0x3000_1000, 0x3000_1080, 0, 1 << 31]
    assert not block.host.unmodelled_accesses
    block.write(0, 4, 1 << 10)
    assert len(block.host.unmodelled_accesses) == 1


class Volts:
    def __init__(self, volts):
        self.of = volts

    def volts(self, name, times_s):
        return self.of(times_s) if name == "IN0" else np.zeros_like(times_s)


@pytest.fixture
def comparator():
    block = Cmp106x(FakeHost(), "cmp1", clocks=FixedClock(1_000_000), vin2=3.3)
    block.reset()
    block.port.connect(Volts(lambda times_s: 1.0 - np.abs(times_s * 1e3 - 1.0)), 0)
    return block


def test_the_converters_voltage(comparator):
    assert comparator.converter_v == 0
    comparator.write(DACCR, 1, CONVERTER_ON | 31)
    assert comparator.converter_v == pytest.approx(0.9)
    comparator.write(DACCR, 1, CONVERTER_ON | SECOND_REFERENCE | 63)
    assert comparator.converter_v == pytest.approx(3.3)


def test_a_threshold_is_crossed_twice(comparator):
    changes = []
    comparator.outputs["CMPO"].connect(lambda level: changes.append((comparator.host.now_ns(), level)), announce=False)
    comparator.write(DACCR, 1, CONVERTER_ON | 17)  # 18 / 64 of 1.8 V: 0.506 V
    comparator.write(MUXCR, 1, AGAINST_CONVERTER)
    comparator.write(SCR, 1, IEF | IER)
    comparator.write(CR1, 1, EN)
    comparator.host.run_for(MS)
    assert [level for _, level in changes] == [True]
    assert changes[0][0] == pytest.approx(0.50875 * MS, abs=1500)
    assert comparator.outputs["IRQ"].level
    assert comparator.read(SCR, 1) == IEF | IER | CFR | COUT
    comparator.write(SCR, 1, IEF | IER | CFR)
    assert not comparator.outputs["IRQ"].level
    comparator.host.run_for(MS)
    assert comparator.read(SCR, 1) == IEF | IER | CFF
    assert len(changes) == 2
    assert comparator.read(0, 4) == EN << 8 | (IEF | IER | CFF) << 24


def test_inverted_filtered_and_by_dma(comparator):
    comparator.write(DACCR, 1, CONVERTER_ON | 17)
    comparator.write(MUXCR, 1, AGAINST_CONVERTER)
    comparator.write(CR0, 1, 4 << 4)
    comparator.write(FPR, 1, 25)
    comparator.write(SCR, 1, IEF | DMAEN)
    comparator.write(CR1, 1, EN | INV)
    comparator.host.run_for(120_000)
    assert comparator.outputs["CMPO"].level  # inverted, and the filter of 100 us has let it through
    comparator.write(SCR, 1, IEF | DMAEN | CFR)
    comparator.host.run_for(487_000)
    assert comparator.outputs["CMPO"].level
    assert not comparator.outputs["Dma"].level
    comparator.host.run_for(4_000)
    assert not comparator.outputs["CMPO"].level
    assert comparator.outputs["Dma"].level
    assert not comparator.outputs["IRQ"].level
    comparator.outputs["Dma"].acknowledged()
    assert (comparator.outputs["Dma"].level, comparator.read(SCR, 1)) == (False, IEF | DMAEN)


def test_windowing_and_sampling_are_counted(comparator):
    comparator.write(CR1, 1, EN | 1 << 6)
    assert len(comparator.host.unmodelled_accesses) == 1
    saved = comparator.save()
    comparator.reset()
    assert comparator.read(CR1, 1) == 0
    comparator.restore(saved)
    assert comparator.read(CR1, 1) == EN | 1 << 6
