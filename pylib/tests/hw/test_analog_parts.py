"""PLLs, oscillator tuning, regulator and bandgap through the analogue interfaces, as NXP's drivers reach them."""

from fractions import Fraction

import pytest

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.anadig import Anadig

CTRL0, CTRL0_SET, CTRL0_CLR, CTRL0_TOG, CTRL2, CTRL3 = 0x00, 0x04, 0x08, 0x0C, 0x20, 0x30
RING_HELD, POWERUP, ENABLE, BYPASS, REG_EN = 1 << 13, 1 << 14, 1 << 15, 1 << 16, 1 << 22
STABLE, GATE, ENABLE_CLK = 1 << 29, 1 << 14, 1 << 13
READ = 1 << 16
PLLS = {"AUDIO_PLL": (0x880, 0x300), "VIDEO_PLL": (0x8B0, 0x350), "SYS_PLL1": (0x850, 0x2C0)}
OSC_400M = 0x920


@pytest.fixture
def anadig():
    block = Anadig(FakeHost(), "anadig")
    block.reset()
    return block


def toggled(block, interface, address, data=None):
    """One transfer of an interface with toggle (bit 8) and answer (bit 9); fails if there is no answer."""
    done = block.read(interface, 4) & 1 << 9
    command = block.read(interface, 4) & ~(READ | 0xFF)
    block.write(interface, 4, command | address | (READ if data is None else 0))
    if data is not None:
        block.write(interface + 0x10, 4, data)
    block.write(interface, 4, block.read(interface, 4) ^ 1 << 8)
    assert block.read(interface, 4) & 1 << 9 != done
    return block.read(interface + 0x20, 4)


def bandgap(block, address, data=None):
    """One transfer to or from the bandgap, whose toggle bit is in PMU_REF_CTRL."""
    block.write(0x8E0, 4, address | (READ if data is None else 0))
    if data is not None:
        block.write(0x8F0, 4, data)
    block.write(0x570, 4, block.read(0x570, 4) ^ 1)
    return block.read(0x900, 4)


@pytest.mark.parametrize("pll", PLLS)
def test_start_up_of_a_fractional_pll_as_the_vendors_driver_does_it(anadig, pll):
    interface, control = PLLS[pll]
    toggled(anadig, interface, CTRL0_SET, BYPASS)
    anadig.write(control, 4, anadig.read(control, 4) | ENABLE_CLK)
    toggled(anadig, interface, CTRL3, 960_000)
    toggled(anadig, interface, CTRL2, 300_000)
    toggled(anadig, interface, CTRL0, toggled(anadig, interface, CTRL0) & ~0x7F | 32 | 2 << 25)
    toggled(anadig, interface, CTRL0_SET, REG_EN)
    toggled(anadig, interface, CTRL0_SET, POWERUP | RING_HELD)
    assert not anadig.read(control, 4) & STABLE
    toggled(anadig, interface, CTRL0_CLR, RING_HELD)
    assert anadig.read(control, 4) & STABLE
    assert anadig.source_hz(pll) == 0, "still behind its gate"
    anadig.write(control, 4, anadig.read(control, 4) & ~GATE)
    assert anadig.source_hz(pll) == 24_000_000, "bypassed"
    toggled(anadig, interface, CTRL0_CLR, BYPASS)
    assert anadig.source_hz(pll) == 0
    toggled(anadig, interface, CTRL0_SET, ENABLE)
    assert anadig.source_hz(pll) == 24_000_000 * (32 + Fraction(300_000, 960_000)) / 4
    assert anadig.source_hz("SYS_PLL2") == 528_000_000
    toggled(anadig, interface, CTRL0_CLR, POWERUP)
    assert not anadig.read(control, 4) & STABLE
    assert anadig.source_hz(pll) == 0
    assert not anadig.host.unmodelled_accesses


def test_a_loop_without_fraction_and_with_the_largest_post_divider(anadig):
    anadig.write(0x300, 4, ENABLE_CLK)
    toggled(anadig, 0x880, CTRL0, 40 | POWERUP | ENABLE | 7 << 25)
    assert anadig.source_hz("AUDIO_PLL") == 30_000_000


def test_plls_are_told_apart_and_their_change_is_announced(anadig):
    calls = []
    anadig.on_change(lambda: calls.append(1))
    toggled(anadig, 0x880, CTRL2, 7)
    assert calls
    assert toggled(anadig, 0x880, CTRL2) == 7
    assert toggled(anadig, 0x8B0, CTRL2) == 0
    toggled(anadig, 0x880, CTRL0_TOG, ENABLE)
    assert toggled(anadig, 0x880, CTRL0) == ENABLE


def test_400_mhz_oscillator_is_in_tune(anadig):
    toggled(anadig, OSC_400M, 0x10, 400 << 16)
    toggled(anadig, OSC_400M, 0x20, 167 << 24 | 1 << 14)
    assert toggled(anadig, OSC_400M, 0x60) == 400 << 16
    assert toggled(anadig, OSC_400M, 0x70) == 167 << 24
    assert toggled(anadig, OSC_400M, 0x50) == 0
    assert anadig.source_hz("OSC_RC_400M") == 400_000_000


def test_bandgap_is_up_unless_it_is_off(anadig):
    assert bandgap(anadig, 0x50) == 0b1111
    bandgap(anadig, 0x00, 1)
    assert bandgap(anadig, 0x50) == 0b1110
    assert bandgap(anadig, 0x00) == 1


def test_nothing_moves_without_a_toggle(anadig):
    anadig.write(0x880, 4, CTRL2)
    anadig.write(0x890, 4, 7)
    anadig.write(0x8E0, 4, READ | 0x50)
    anadig.write(0x570, 4, 1 << 4)
    anadig.write(0x500, 4, anadig.read(0x500, 4) | 1 << 1)
    anadig.write(0x400, 4, 0)
    assert toggled(anadig, 0x880, CTRL2) == 0
    assert [anadig.read(result, 4) for result in (0x840, 0x900, 0x910)] == [0, 0, 0]


def test_what_lies_nowhere_is_counted(anadig):
    toggled(anadig, 0x880, 0x80)
    assert anadig.host.unmodelled_accesses["anadig.AUDIO_PLL", "read +0x80"] == 1


def test_round_trip_and_reset(anadig):
    toggled(anadig, 0x8B0, CTRL0_SET, POWERUP)
    saved = anadig.save()
    anadig.reset()
    assert not anadig.read(0x350, 4) & STABLE
    anadig.restore(saved)
    assert anadig.read(0x350, 4) & STABLE
    assert toggled(anadig, 0x8B0, CTRL0) == POWERUP
