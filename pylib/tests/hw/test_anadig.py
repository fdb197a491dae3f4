from fractions import Fraction

import pytest

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.anadig import Anadig

OSC_24M_CTRL, ARM_PLL, SYS_PLL3_CTRL, SYS_PLL1_CTRL = 0x020, 0x200, 0x210, 0x2C0
STABLE = 1 << 29


@pytest.fixture
def anadig():
    block = Anadig(FakeHost(), "anadig")
    block.reset()
    return block


def ai_write(block, address, data):
    """Write behind VDDSOC2PLL_AI the way firmware does; fails if the toggle is not answered."""
    done = block.read(0x850, 4) & 1 << 9
    block.write(0x850, 4, block.read(0x850, 4) & ~0x100FF | address)
    block.write(0x860, 4, data)
    block.write(0x850, 4, block.read(0x850, 4) ^ 1 << 8)
    assert block.read(0x850, 4) & 1 << 9 != done


def test_boot_rom_leaves_crystal_and_pll3_running(anadig):
    assert anadig.read(OSC_24M_CTRL, 4) >> 30 & 1
    assert anadig.read(SYS_PLL3_CTRL, 4) & (1 << 21 | STABLE) == 1 << 21 | STABLE
    assert anadig.source_hz("SYS_PLL3") == 480_000_000
    assert anadig.source_hz("SYS_PLL3_DIV2") == 240_000_000
    assert anadig.source_hz("SYS_PLL2") == 528_000_000
    assert anadig.source_hz("OSC_RC_48M_DIV2") == 24_000_000
    assert anadig.source_hz("OSC_RC_16M") == 16_000_000
    assert anadig.source_hz("OSC_RC_400M") == 400_000_000
    assert anadig.source_hz("ARM_PLL") == 0


@pytest.mark.parametrize(
    ("divider", "post", "hz"), [(133, 0, 798_000_000), (166, 0, 996_000_000), (200, 1, 600_000_000)]
)
def test_arm_pll(anadig, divider, post, hz):
    setting = divider | post << 15 | 1 << 30
    anadig.write(ARM_PLL, 4, setting | 1 << 13 | 1 << 12)
    assert not anadig.read(ARM_PLL, 4) & STABLE
    anadig.write(ARM_PLL, 4, setting | 1 << 13)
    assert anadig.read(ARM_PLL, 4) & STABLE
    assert anadig.source_hz("ARM_PLL") == 0
    anadig.write(ARM_PLL, 4, setting & ~(1 << 30) | 1 << 13 | 1 << 14)
    assert anadig.source_hz("ARM_PLL") == hz
    anadig.write(ARM_PLL, 4, setting & ~(1 << 30) | 1 << 13 | 1 << 14 | 1 << 17)
    assert anadig.source_hz("ARM_PLL") == 24_000_000


@pytest.mark.parametrize("pfd", [
    (0x230, 0x220, "SYS_PLL3", 480_000_000), (0x270, 0x250, "SYS_PLL2", 528_000_000),
])  # fmt: skip
@pytest.mark.parametrize("number", range(4))
def test_fractional_divider_answers_update_by_toggling_stable(anadig, pfd, number):
    control, update, pll, vco = pfd
    stable = 0x40 << 8 * number
    before = anadig.read(control, 4) & stable
    anadig.write(control, 4, anadig.read(control, 4) | 0x80 << 8 * number)
    anadig.write(control, 4, anadig.read(control, 4) & ~(0x3F << 8 * number) | 19 << 8 * number)
    anadig.write(update, 4, anadig.read(update, 4) ^ 2 << number)
    anadig.write(control, 4, anadig.read(control, 4) & ~(0x80 << 8 * number))
    assert anadig.read(control, 4) & stable != before
    assert anadig.source_hz(f"{pll}_PFD{number}") == Fraction(vco * 18, 19)


def test_fraction_waits_for_update(anadig):
    anadig.write(0x230, 4, 13)
    anadig.write(0x230, 4, 26)
    assert anadig.source_hz("SYS_PLL3_PFD0") == Fraction(480_000_000 * 18, 13)


def test_sys_pll1_through_analogue_interface(anadig):
    ai_write(anadig, 0x04, 41)
    ai_write(anadig, 0x30, 0x0FFFFFFF)
    ai_write(anadig, 0x20, 0x0AAAAAAA)
    ai_write(anadig, 0x04, 1 << 22 | 1 << 14 | 1 << 13)
    assert not anadig.read(SYS_PLL1_CTRL, 4) & STABLE
    ai_write(anadig, 0x08, 1 << 13)
    assert anadig.read(SYS_PLL1_CTRL, 4) & STABLE
    ai_write(anadig, 0x04, 1 << 15)
    anadig.write(SYS_PLL1_CTRL, 4, 1 << 13 | 1 << 26)
    assert anadig.source_hz("SYS_PLL1") == 24_000_000 * (41 + Fraction(0x0AAAAAAA, 0x0FFFFFFF))
    assert round(anadig.source_hz("SYS_PLL1_DIV5")) == 200_000_000
    assert anadig.source_hz("SYS_PLL1_DIV2") == 0


def test_regulator_interface_reads_back_what_was_written(anadig):
    anadig.write(0x830, 4, 0x105)
    anadig.write(0x500, 4, anadig.read(0x500, 4) ^ 1 << 16)
    anadig.write(0x820, 4, 1 << 16)
    anadig.write(0x500, 4, anadig.read(0x500, 4) ^ 1 << 16)
    assert anadig.read(0x840, 4) == 0x105


def test_spread_spectrum_and_set_points_are_counted_as_not_modelled(anadig):
    anadig.write(0x300, 4, 1 << 31)
    anadig.write(0x310, 4, 1 << 15)
    assert anadig.host.unmodelled_accesses["anadig", "write PLL_AUDIO_CTRL value 0x80000000"] == 1
    assert anadig.host.unmodelled_accesses["anadig", "write PLL_AUDIO_SS value 0x8000"] == 1


def test_16_mhz_clock_may_come_from_the_crystal(anadig):
    anadig.write(0x0C0, 4, 1 << 1)
    assert anadig.source_hz("OSC_RC_16M") == 16_000_000
    anadig.write(0x0C0, 4, 1 << 8 | 1 << 1)
    assert anadig.source_hz("OSC_RC_16M") == 24_000_000
    anadig.write(0x0C0, 4, 1 << 8)
    assert anadig.source_hz("OSC_RC_16M") == 0


@pytest.mark.parametrize("bit", [10, 11, 12])
def test_body_bias_settles_while_it_is_on(anadig, bit):
    anadig.write(0x560, 4, 1 << 24 | 1 << bit)
    assert anadig.read(0x560, 4) == 1 << 26 | 1 << 24 | 1 << bit
    anadig.write(0x560, 4, 0)
    assert anadig.read(0x560, 4) == 0
    assert not anadig.host.unmodelled_accesses


def test_sys_pll2_shows_its_lock_and_may_be_bypassed(anadig):
    assert anadig.read(0x240, 4) & STABLE
    anadig.write(0x240, 4, anadig.read(0x240, 4) & ~(1 << 23))
    assert not anadig.read(0x240, 4) & STABLE
    assert anadig.source_hz("SYS_PLL2") == 0
    anadig.write(0x240, 4, anadig.read(0x240, 4) | 1 << 16)
    assert anadig.source_hz("SYS_PLL2") == 24_000_000


def test_reset_brings_back_what_the_boot_rom_left_and_says_so(anadig):
    anadig.write(0x210, 4, 0)
    anadig.write(0x230, 4, 26)
    anadig.write(0x220, 4, 2)
    calls = []
    anadig.on_change(lambda: calls.append(anadig.source_hz("SYS_PLL3")))
    anadig.reset()
    assert calls[-1] == 480_000_000
    anadig.write(0x230, 4, anadig.read(0x230, 4) & ~(1 << 7))
    assert anadig.source_hz("SYS_PLL3_PFD0") == Fraction(480_000_000 * 18, 13)


def test_change_is_announced_and_state_survives_a_round_trip(anadig):
    calls = []
    anadig.on_change(lambda: calls.append(1))
    anadig.write(0x230, 4, 26)
    assert calls
    ai_write(anadig, 0x04, 1 << 14)
    saved = anadig.save()
    anadig.write(0x220, 4, 2)
    ai_write(anadig, 0x08, 1 << 14)
    assert anadig.fractions["SYS_PLL3"][0] == 26
    anadig.restore(saved)
    assert anadig.fractions["SYS_PLL3"][0] == 13
    assert anadig.read(SYS_PLL1_CTRL, 4) & STABLE


def test_everything_follows_an_error_of_the_crystal(anadig):
    told = []
    anadig.on_change(lambda: told.append(anadig.source_hz("OSC_24M")))
    anadig.crystal_error_ppm = 12.5
    assert told == [24_000_300]
    assert anadig.source_hz("SYS_PLL3") == 480_006_000
    assert anadig.source_hz("OSC_RC_16M") == 16_000_000
    assert anadig.crystal_error_ppm == Fraction("12.5")
    saved = anadig.save()
    anadig.crystal_error_ppm = 0
    anadig.reset()
    assert anadig.source_hz("OSC_24M") == 24_000_000
    anadig.restore(saved)
    assert anadig.source_hz("OSC_24M") == 24_000_300
