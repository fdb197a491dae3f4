"""Blocks of the i.MX RT1064: clocks as the Phoenix-RTOS loader sets them, resets, pads, variants."""

from __future__ import annotations

from fractions import Fraction

import pytest

from wattbench.core.clock import FixedClock
from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt106x.analog import CcmAnalog106x
from wattbench.hw.imxrt106x.ccm import BLOCKS, ROOTS, UNDIVIDED, Ccm106x
from wattbench.hw.imxrt106x.iomuxc import Iomuxc106x, IomuxcGpr106x, IomuxcSnvs106x, IomuxcSnvsGpr106x
from wattbench.hw.imxrt106x.src import CAUSE_INPUTS, CAUSES, Src106x
from wattbench.hw.imxrt106x.variants import (
    Aipstz,
    Dcdc106x,
    FlexRam106x,
    FlexSpi106x,
    Rtwdog106x,
    Usb106x,
    UsbPhy106x,
    XbarA106x,
    XbarB106x,
)

LOCK = 1 << 31
ARM, USB1, SYS, SYS_NUM, SYS_DENOM, AUDIO, AUDIO_NUM, AUDIO_DENOM, PFD_480, PFD_528, MISC0, MISC2 = (
    0x00, 0x10, 0x30, 0x50, 0x60, 0x70, 0x80, 0x90, 0xF0, 0x100, 0x150, 0x170,
)  # fmt: skip
SET, CLR, TOG = 4, 8, 12


@pytest.fixture
def ccm() -> Ccm106x:
    host = FakeHost()
    analog = CcmAnalog106x(host, "ccm_analog")
    block = Ccm106x(host, "ccm", analog)
    for model in (analog, block):
        model.reset()
    return block


def change(block, offset: int, clear: int = 0, put: int = 0) -> None:
    block.write(offset, 4, block.read(offset, 4) & ~clear | put)


def locked(ccm: Ccm106x, offset: int) -> bool:
    return bool(ccm.analog.read(offset, 4) & LOCK)


def start_pll(ccm: Ccm106x, offset: int, divider: int, mask: int, switch: int = 0) -> None:
    change(ccm.analog, offset, clear=mask | 1 << 12 | 1 << 16, put=divider | 1 << 13 | switch)
    assert locked(ccm, offset)


def loader(ccm: Ccm106x) -> None:
    """The clock set-up of the loader: ARM PLL at 1056 MHz, core at half of it, IPG at a quarter of the core."""
    change(ccm, 0x18, clear=3 << 12, put=1 << 12)
    change(ccm, 0x14, put=1 << 25)
    start_pll(ccm, ARM, 88, 0x7F)
    start_pll(ccm, SYS, 1, 1)
    start_pll(ccm, USB1, 0, 2, switch=1 << 12)
    ccm.write(0x10, 4, 1)
    change(ccm, 0x14, clear=7 << 10 | 3 << 8, put=3 << 8)
    change(ccm, 0x18, clear=3 << 18, put=3 << 18)
    change(ccm, 0x14, clear=1 << 25)
    assert ccm.read(0x48, 4) & 0x1002B == 0


def test_after_reset_everything_runs_from_the_crystal(ccm):
    assert {pll: locked(ccm, pll) for pll in (ARM, USB1, SYS)} == dict.fromkeys((ARM, USB1, SYS), False)
    assert (ccm.rate_hz("ARM"), ccm.rate_hz("AHB"), ccm.rate_hz("IPG")) == (12_000_000, 12_000_000, 3_000_000)
    assert ccm.analog.source_hz("PLL_ARM") == 24_000_000


def test_the_loaders_clocks(ccm):
    loader(ccm)
    assert ccm.rate_hz("ARM") == 528_000_000
    assert (ccm.rate_hz("AHB"), ccm.rate_hz("IPG")) == (528_000_000, 132_000_000)
    assert ccm.rate_hz("UART") == 80_000_000
    assert ccm.rate_hz("LPUART1") == 80_000_000
    change(ccm, 0x24, clear=0x3F, put=1 << 6 | 3)
    assert ccm.rate_hz("LPUART8") == 6_000_000
    assert ccm.rate_hz("LPI2C4") == 60_000_000
    assert not {key for key in ccm.host.unmodelled_accesses if "CSCDR1" in key[1]}


def test_each_root_by_its_mux_and_dividers(ccm):
    loader(ccm)
    expected = {
        "PERCLK": (0x1C, [(0, 132_000_000), (1 << 6, 24_000_000), (1 << 6 | 3, 6_000_000)]),
        "LPSPI": (0x18, [(2 << 4 | 3 << 18, 528_000_000), (2 << 4 | 3 << 18 | 3 << 26, 132_000_000)]),
        "CAN": (0x20, [(0, 60_000_000), (1 << 8, 24_000_000), (2 << 8 | 3 << 2, 20_000_000)]),
        "SAI1": (0x1C, [(2 << 10, 0), (1 << 10, 0)]),
    }
    for root, (offset, cases) in expected.items():
        for value, hz in cases:
            ccm.write(offset, 4, value)
            if root == "SAI1":
                change(ccm.analog, AUDIO, put=1 << 12)
                change(ccm.analog, AUDIO, clear=1 << 16)
            assert ccm.rate_hz(root) == hz, (root, hex(value))


def test_fractions_and_post_dividers_of_the_audio_pll(ccm):
    ccm.analog.write(AUDIO_NUM, 4, 768)
    ccm.analog.write(AUDIO_DENOM, 4, 1000)
    change(ccm.analog, AUDIO, clear=0x7F | 1 << 12 | 1 << 16 | 3 << 19, put=32 | 1 << 13 | 1 << 19)
    assert locked(ccm, AUDIO)
    assert ccm.analog.source_hz("PLL4") == 24_000_000 * (32 + Fraction(768, 1000)) / 2
    change(ccm.analog, MISC2, put=1 << 23 | 1 << 15)
    assert ccm.analog.source_hz("PLL4") == 24_000_000 * (32 + Fraction(768, 1000)) / 8
    ccm.analog.write(SYS_NUM, 4, 1)
    ccm.analog.write(SYS_DENOM, 4, 3)
    start_pll(ccm, SYS, 0, 1)
    assert ccm.analog.source_hz("PLL2") == 24_000_000 * (20 + Fraction(1, 3))
    ccm.write(0x1C, 4, 2 << 10)
    ccm.write(0x28, 4, 3 << 6 | 1)
    assert ccm.rate_hz("SAI1") == ccm.analog.source_hz("PLL4") / 8


def test_phase_dividers(ccm):
    start_pll(ccm, USB1, 0, 2, switch=1 << 12)
    ccm.analog.write(PFD_480, 4, 16 | 0x80 << 8 | 12 << 8)
    assert ccm.analog.source_hz("PLL3_PFD0") == 540_000_000
    assert ccm.analog.source_hz("PLL3_PFD1") == 0
    assert ccm.analog.read(PFD_480, 4) & 0x4040 == 0x40
    change(ccm.analog, USB1, clear=1 << 12)
    assert ccm.analog.source_hz("PLL3_PFD0") == 0


def test_set_clear_and_toggle(ccm):
    told = []
    ccm.on_rate_change(lambda: told.append(ccm.analog.source_hz("PLL_ARM")))
    before = ccm.analog.read(ARM, 4)
    ccm.analog.write(ARM + CLR, 4, 1 << 16 | 1 << 12)
    ccm.analog.write(ARM + TOG, 4, 1)
    assert ccm.analog.read(ARM, 4) == (before & ~(1 << 16 | 1 << 12) ^ 1) | LOCK
    assert ccm.analog.read(ARM + SET, 4) == ccm.analog.read(ARM, 4)
    ccm.analog.write(ARM + SET, 4, 1 << 12)
    assert told[-1] == 0
    assert told[0] == 24_000_000 * Fraction(99, 2)


def test_oscillator_and_regulators(ccm):
    assert not ccm.analog.read(MISC0, 4) & 1 << 15
    ccm.analog.write(MISC0 + SET, 4, 1 << 16)
    assert ccm.analog.read(MISC0, 4) & 1 << 15
    assert ccm.analog.read(0x270, 4) & 1 << 16
    assert ccm.read(0x08, 4) & 1 << 5
    ccm.analog.write(MISC0 + SET, 4, 1 << 30)
    assert not ccm.analog.read(MISC0, 4) & 1 << 15
    assert ccm.analog.source_hz("OSC_24M") == 0
    assert ccm.analog.read(0x110, 4) & 1 << 17
    ccm.analog.write(0x110 + CLR, 4, 1)
    assert not ccm.analog.read(0x110, 4) & 1 << 17


def test_a_gate_stops_its_block_alone(ccm):
    ccm.analog.write(0xE0, 4, 1 << 21)
    change(ccm, 0x20, clear=3 << 8)
    for name, (root, register, number) in BLOCKS.items():
        offset = 0x68 + 4 * register
        assert ccm.rate_hz(name) == ccm.rate_hz(root)
        change(ccm, offset, clear=3 << 2 * number)
        off = [other for other in BLOCKS if not ccm.rate_hz(other) and ccm.rate_hz(BLOCKS[other][0])]
        assert off == [name] or root == name
        change(ccm, offset, put=3 << 2 * number)


def test_unknown_roots_name_the_known_ones(ccm):
    with pytest.raises(UsageError, match="no clock root 'LPUART9'; roots are ARM, AHB, IPG, PERCLK"):
        ccm.rate_hz("LPUART9")
    assert {root for root, _, _ in BLOCKS.values()} <= {*ROOTS, *UNDIVIDED, "IPG"}


def test_what_is_not_modelled_is_counted(ccm):
    ccm.write(0x20, 4, 0)
    ccm.analog.write(0x180, 4, 2)
    assert {name for name, _ in ccm.host.unmodelled_accesses} == {"ccm", "ccm_analog"}


# ---- resets


def test_causes_of_resets():
    src = Src106x(FakeHost(), "src")
    src.power_off()
    src.reset()
    assert src.read(0x08, 4) == 1
    src.write(0x08, 4, 0xFFFFFFFF)
    assert src.read(0x08, 4) & 0xFF == 0
    for bit, cause in CAUSE_INPUTS.items():
        src.on_input(bit, True)
        assert src.outputs["RESET"].level
        src.reset()
        assert not src.outputs["RESET"].level
        assert src.read(0x08, 4) >> bit & 1, cause
    src.write(0x20, 4, 0x1234)
    src.reset()
    assert src.read(0x20, 4) == 0x1234
    src.power_off()
    assert (src.read(0x20, 4), src.read(0x08, 4)) == (0, 1)
    src.write(0x00, 4, 1 << 13)
    assert not src.read(0x00, 4) & 1 << 13


def test_bad_causes():
    src = Src106x(FakeHost(), "src")
    with pytest.raises(UsageError, match="no reset cause 'cosmic rays'"):
        src.note_reset("cosmic rays")
    with pytest.raises(TypeError, match="no input 0"):
        src.on_input(0, True)
    for cause in CAUSES:
        src.note_reset(cause)
    assert src["SRSR"] == 0x1FF


def test_the_watchdog_comes_out_of_reset_unlocked_and_bites_soon():
    host = FakeHost()
    dog = Rtwdog106x(host, "rtwdog", FixedClock(132_000_000), "IPG")
    dog.reset()
    assert (dog.read(0, 4) & 0x2980, dog.read(8, 4)) == (0x2980, 0x400)
    host.run_for(32_000_000)
    assert dog.outputs["RESET"].level
    dog.reset()
    dog.write(4, 4, 0xD928C520)
    dog.write(8, 4, 0xFFFF)
    dog.write(0, 4, dog.read(0, 4) & ~(1 << 7) | 1 << 5)
    host.run_for(10_000_000_000)
    assert not dog.outputs["RESET"].level


# ---- pads


def test_a_pad_that_is_a_gpio_says_so():
    pads = Iomuxc106x(FakeHost(), "iomuxc")
    pads.reset()
    assert pads.outputs["GPIO_B0_04"].level
    pads.write(0x14C, 4, 3)
    assert pads.register_name(0x14C) == "SW_MUX_CTL_PAD_GPIO_B0_04"
    assert not pads.outputs["GPIO_B0_04"].level
    pads.write(0x14C, 4, 5)
    assert pads.outputs["GPIO_B0_04"].level
    assert IomuxcSnvs106x(FakeHost(), "iomuxc_snvs").outputs["WAKEUP"].level


def test_pads_to_the_internal_flash_are_set_up_as_the_loader_does():
    pads = Iomuxc106x(FakeHost(), "iomuxc")
    pads.reset()
    for offset, value in ((0x65C, 0x15), (0x6A8, 0x10), (0x6B0, 0x15), (0x72C, 2), (0x750, 2), (0x754, 1)):
        pads.write(offset, 4, value)
        assert pads.read(offset, 4) == value
    assert pads.register_name(0x6A8) == "SW_MUX_CTL_PAD_GPIO_SPI_B1_05"
    assert pads.register_name(0x750) == "FLEXSPI2_IPP_IND_SCK_FA_SELECT_INPUT"
    assert not pads.host.unmodelled_accesses


def test_an_access_where_no_register_is_counts_once():
    pads = Iomuxc106x(FakeHost(), "iomuxc")
    pads.reset()
    pads.write(0x7F0, 4, 1)
    pads.write(0x7F2, 1, 1)
    assert pads.read(0x7F0, 4) == 0
    assert pads.host.unmodelled_accesses == {
        ("iomuxc", "write +0x7F0"): 1,
        ("iomuxc", "write +0x7F2"): 1,
        ("iomuxc", "read +0x7F0"): 1,
    }


def test_memories_follow_the_share_of_flexram():
    gpr = IomuxcGpr106x(FakeHost(), "iomuxc_gpr")
    gpr.reset()
    assert gpr.host.memory_limits == {0: 0x20000, 0x20000000: 0x20000, 0x20280000: 0x40000}
    gpr.write(0x44, 4, 0xAAAAFFFF)
    assert gpr.host.memory_limits[0x20280000] == 0x40000
    gpr.write(0x40, 4, gpr.read(0x40, 4) | 4)
    assert gpr.bank_config == 0xAAAAFFFF
    assert gpr.host.memory_limits == {0: 0x40000, 0x20000000: 0x40000, 0x20280000: 0}
    saved = gpr.save()
    gpr.write(0x44, 4, 0x5557AAFF)
    assert gpr.host.memory_limits == {0: 160 << 10, 0x20000000: 128 << 10, 0x20280000: 224 << 10}
    gpr.restore(saved)
    assert gpr.host.memory_limits == {0: 0x40000, 0x20000000: 0x40000, 0x20280000: 0}


def test_other_variants_have_their_own_reset_values():
    dcdc, flexspi = Dcdc106x(FakeHost(), "x"), FlexSpi106x(FakeHost(), "x")
    for block in (dcdc, flexspi, IomuxcSnvsGpr106x(FakeHost(), "y")):
        block.reset()
    assert dcdc.read(0, 4) >> 31
    assert flexspi.read(0x24, 4) == 0x80010020
    assert flexspi.read(0xE0, 4) & 3 == 3
    flexspi.read(0x30, 4)
    assert ("x", "read +0x30") in flexspi.host.unmodelled_accesses


def test_the_loader_brings_up_the_usb_port():
    host = FakeHost()
    usb = Usb106x(host, "usb1")
    phy = UsbPhy106x(host, "usbphy1", usb=usb)
    for block in (usb, phy):
        block.reset()
    assert (usb.read(0x004, 4), usb.read(0x1A4, 4) & 0x3F00, usb.read(0x184, 4)) == (0x35, 0x1100, 0x1000_0000)
    assert phy.read(0x30, 4) & 0xC820_0000 == 0xC820_0000
    phy.write(0x00, 4, 0)
    phy.write(0x34, 4, 1 << 31)
    phy.write(0x38, 4, 3 << 30)
    assert phy.read(0x30, 4) >> 29 == 1
    phy.write(0x04, 4, 1 << 10)
    phy.write(0x34, 4, 1 << 31)
    assert phy.read(0x00, 4) == 0x001E_1C00
    usb.write(0x140, 4, 1 << 1)
    assert usb.read(0x140, 4) == 0x0008_0000
    usb.write(0x140, 4, 1 << 12)
    assert usb.read(0x140, 4) & 1 << 12
    usb.id_pin = False
    assert not phy.read(0x30, 4) & 1 << 27
    assert not host.unmodelled_accesses


def test_reserved_bits_of_the_usb_phy_stay_as_they_are():
    phy = UsbPhy106x(FakeHost(), "usbphy1")
    phy.reset()
    for offset in range(0, 0x30, 0x10):
        before = phy.read(offset, 4)
        phy.write(offset + 12, 4, 0xFFFF_FFFF)
        turned = phy.read(offset, 4) ^ before
        assert turned == phy.table[("PWD", "TX", "RX")[offset >> 4]].masks["rw"]
        assert turned != 0xFFFF_FFFF


def test_crossbars_have_the_signals_of_the_chip():
    a, b = XbarA106x(FakeHost(), "xbara1"), XbarB106x(FakeHost(), "xbarb2")
    for block in (a, b):
        block.reset()
    a.write(0x56, 2, 56)
    a.on_input(56, True)
    assert a.outputs[86].level
    a.write(0x00, 2, 1)
    a.write(0x84, 2, 1 << 1 | 1 << 2)
    a.write(0x00, 2, 0)
    a.write(0x00, 2, 1)
    assert a.outputs["IRQ01"].level
    with pytest.raises(TypeError, match="no signal at input 30"):
        a.on_input(30, True)
    b.write(0, 2, 15)
    b.on_input(15, True)
    assert b.outputs[0].level
    assert not a.host.unmodelled_accesses
    a.write(0x02, 2, 64)
    assert ("xbara1", "output 2 from input 64 (DMA_DONE0)") in a.host.unmodelled_accesses


def test_only_protection_that_keeps_somebody_out_is_counted():
    bridge = Aipstz(FakeHost(), "aipstz1")
    bridge.reset()
    for offset in range(0x40, 0x54, 4):
        assert bridge.read(offset, 4) == 0x4444_4444
        bridge.write(offset, 4, 0x8000_0000)
        assert bridge.read(offset, 4) == 0x8000_0000
    assert not bridge.host.unmodelled_accesses
    bridge.write(0x48, 4, 0x0000_0200)
    assert bridge.host.unmodelled_accesses == {("aipstz1", "protection of peripherals value 0x200"): 1}


def test_flexram_keeps_its_settings_and_counts_them():
    flexram = FlexRam106x(FakeHost(), "flexram")
    flexram.reset()
    flexram.write(0x00, 4, 0xFFFF_FFFF)
    flexram.write(0x10, 4, 0xFFFF_FFFF)
    assert (flexram.read(0x00, 4), flexram.read(0x10, 4)) == (7, 0)
    assert [key for _, key in flexram.host.unmodelled_accesses] == ["write TCM_CTRL value 0xFFFFFFFF"]


def test_save_and_restore(ccm):
    loader(ccm)
    saved = ccm.analog.save(), ccm.save()
    ccm.analog.reset()
    ccm.reset()
    assert ccm.rate_hz("ARM") != 528_000_000
    ccm.analog.restore(saved[0])
    ccm.restore(saved[1])
    assert ccm.rate_hz("ARM") == 528_000_000
