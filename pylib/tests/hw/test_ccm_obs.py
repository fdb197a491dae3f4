import pytest

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.anadig import Anadig
from wattbench.hw.imxrt.ccm import ROOT_NUMBERS, Ccm
from wattbench.hw.imxrt.ccm_obs import CcmObs

CONTROL, SET, CLR, STATUS, CURRENT, LEAST, GREATEST = 0x00, 0x04, 0x08, 0x20, 0x40, 0x44, 0x48


@pytest.fixture
def observer():
    host = FakeHost()
    anadig = Anadig(host, "anadig")
    ccm = Ccm(host, "ccm", anadig=anadig)
    block = CcmObs(host, "ccm_obs", ccm=ccm)
    for model in (anadig, ccm, block):
        model.reset()
    return block


def observe(block, number, select, divide=3):
    """The steps of the vendor's own frequency meter."""
    at = 0x80 * number
    block.write(at + CONTROL, 4, 1 << 24)
    block.write(at + SET, 4, 1 << 15)
    block.write(at + CLR, 4, 1 << 12)
    block.write(at + CONTROL, 4, block.read(at + CONTROL, 4) | select | divide << 16)
    assert block.read(at + CURRENT, 4) == 0
    block.write(at + CLR, 4, 1 << 15 | 1 << 24)
    return block.read(at + CURRENT, 4) * (divide + 1)


@pytest.mark.parametrize(
    ("select", "hz"), [(224, 16_000_000), (226, 24_000_000), (227, 400_000_000), (239, 480_000_000), (128, 24_000_000)]
)
def test_sources_and_roots(observer, select, hz):
    assert observe(observer, 2, select) == hz
    assert observer.read(0x80 * 2 + STATUS, 4) == select | 3 << 16


def test_a_change_of_the_root_moves_the_limits(observer):
    assert observe(observer, 0, 128 + ROOT_NUMBERS["LPUART1"]) == 24_000_000
    observer.ccm.write(0x80 * ROOT_NUMBERS["LPUART1"], 4, 4 << 8 | 2)
    assert [observer.read(at, 4) * 4 for at in (CURRENT, LEAST, GREATEST)] == [80_000_000, 24_000_000, 80_000_000]
    saved = observer.save()
    observer.reset()
    assert observer.read(CURRENT, 4) == 0
    observer.restore(saved)
    assert observer.read(GREATEST, 4) * 4 == 80_000_000


def test_a_root_is_measured_in_front_of_the_gate(observer):
    observer.ccm.write(0x6000 + 0x20 * 86, 4, 0)
    assert observe(observer, 0, 128 + ROOT_NUMBERS["LPUART1"]) == 24_000_000


def test_other_signals_are_counted(observer):
    assert observe(observer, 1, 209) == 0
    assert observer.host.unmodelled_accesses["ccm_obs", "OBSERVE1 of signal 209"]
