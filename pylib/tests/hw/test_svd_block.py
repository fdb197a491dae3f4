"""Blocks without a model: their registers keep what the vendor's SVD lets them keep, and each access has a name."""

from __future__ import annotations

import pytest
import svd
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.core.errors import SetupError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.svd_block import Moved, SvdBlock, Word
from wattbench.hw.imxrt.svd_map import svd_map

BLOCKS = ("DAC", "EWM", "SEMC", "TMR1", "USDHC1", "ENC1", "SPDIF", "FLEXIO1", "RDC_SEMAPHORE1", "EMVSIM1")
SETTINGS = settings(max_examples=60, deadline=None)


class Bits:
    """The same block bit by bit, out of the tests' own reading of the SVD."""

    def __init__(self, name: str) -> None:
        self.access: dict[tuple[int, int], str] = {}
        self.value: dict[tuple[int, int], int] = {}
        for register in svd.registers(name):
            for bit in range(register.width):
                place = (register.offset + bit // 8, bit % 8)
                if place in self.access:
                    continue
                kinds = [field.access for field in register.fields if field.mask >> bit & 1]
                self.access[place] = kinds[0] if kinds else "rw" if not register.fields else "ro"
                self.value[place] = register.reset >> bit & 1

    def read(self, offset: int, size: int) -> int:
        result = 0
        for number in range(8 * size):
            place = (offset + number // 8, number % 8)
            if self.access.get(place, "wo") != "wo":
                result |= self.value[place] << number
        return result

    def write(self, offset: int, size: int, value: int) -> None:
        for number in range(8 * size):
            place, bit = (offset + number // 8, number % 8), value >> number & 1
            match self.access.get(place):
                case "rw" | "wo":
                    self.value[place] = bit
                case "w1c":
                    self.value[place] &= ~bit


ACCESSES = st.lists(
    st.tuples(st.integers(0, 0x3F), st.sampled_from((1, 2, 4)), st.none() | st.integers(0, 0xFFFFFFFF)), max_size=12
)


@SETTINGS
@given(st.sampled_from(BLOCKS), st.integers(0, 0x3C), ACCESSES)
def test_bits_follow_the_access_of_the_svd(name, start, accesses):
    host = FakeHost()
    block, bits = SvdBlock(host, "block", block=name), Bits(name)
    for place, size, value in accesses:
        offset = start + place & -size
        if value is None:
            assert block.read(offset, size) == bits.read(offset, size)
        else:
            written = value & (1 << 8 * size) - 1
            block.write(offset, size, written)
            bits.write(offset, size, written)
    for offset in range(0, 0x80, 4):
        assert block.read(offset, 4) == bits.read(offset, 4)
    assert sum(host.unmodelled_accesses.values()) == len(accesses) + 0x80 // 4


@SETTINGS
@given(st.sampled_from(BLOCKS), ACCESSES)
def test_a_narrow_access_is_a_part_of_a_wide_one(name, accesses):
    """What a core never does either: bytes that lie across words."""
    block = SvdBlock(FakeHost(), "block", block=name)
    for offset, size, value in accesses:
        if value is not None:
            block.write(offset, size, value & (1 << 8 * size) - 1)
    whole = b"".join(block.read(offset, 4).to_bytes(4, "little") for offset in range(0, 0x48, 4))
    for offset, size, _ in accesses:
        assert block.read(offset, size).to_bytes(size, "little") == whole[offset : offset + size]


@pytest.fixture
def host():
    return FakeHost()


def make(host, name="block", **attributes):
    return SvdBlock(host, name, **attributes)


def test_registers_read_their_reset_values(host):
    usdhc = make(host, block="USDHC1")
    assert usdhc.read(0x28, 4) == 0x08800020  # PROT_CTRL
    assert make(host, block="OCOTP").read(0, 4) == 0


def test_accesses_are_counted_by_register_and_written_fields(host):
    dac = make(host, "dac", block="DAC")
    dac.read(0x0, 4)
    dac.read(0x0, 4)
    dac.write(0xC, 4, 0x8001)  # after reset NEMPTF is set
    dac.write(0xC, 4, 0x8001)
    assert dict(host.unmodelled_accesses) == {
        ("dac", "read VERID"): 2,
        ("dac", "write CR value 0x8001, changes FULLF, NEMPTF, DACEN"): 1,
        ("dac", "write CR value 0x8001"): 1,
    }
    assert [(item.access, item.detail, item.count) for item in host.unmodelled_log.copy()] == [
        ("read VERID", "", 2),
        ("write CR", "value 0x8001, changes FULLF, NEMPTF, DACEN", 2),
    ]


def test_two_registers_in_one_access_have_both_their_names(host):
    make(host, "tmr", block="TMR1").read(0, 4)
    assert ("tmr", "read COMP10, COMP20") in host.unmodelled_accesses


def test_bits_that_the_svd_does_not_know_are_noted_and_not_kept(host):
    dac = make(host, "dac", block="DAC")
    dac.write(0x14, 4, 0xFFFFFF81)  # CR2 has 7 bits
    assert dict(host.unmodelled_accesses) == {
        ("dac", "write CR2 value 0xFFFFFF81, changes BFEN, reserved bits 0xFFFFFF80"): 1
    }
    assert dac.read(0x14, 4) == 1


def test_offsets_without_a_register_are_named_by_their_block(host):
    dac = make(host, "dac", block="DAC")
    assert dac.read(0x100, 4) == 0
    dac.write(0x102, 2, 0xBEEF)
    assert dict(host.unmodelled_accesses) == {("dac", "read DAC+0x100"): 1, ("dac", "write DAC+0x102 value 0xBEEF"): 1}
    assert dac.read(0x100, 4) == 0


@pytest.mark.parametrize("block", ["LCDIFV2", "LCDIF"])
def test_set_clear_and_toggle_registers_change_their_register(host, block):
    """One block whose SVD says so by the fields' way of being written, and one that says it by the names only."""
    lcdif = make(host, block=block)
    writable = 0x3 if block == "LCDIFV2" else 0x0002_0300
    plain = lcdif.read(0, 4)
    lcdif.write(4, 4, writable)
    assert lcdif.read(0, 4) == plain | writable
    lcdif.write(8, 4, writable & -writable)
    assert lcdif.read(0, 4) == (plain | writable) & ~(writable & -writable)
    lcdif.write(0xC, 4, writable)
    assert lcdif.read(0, 4) & writable == writable & -writable
    for mark in (4, 8, 0xC):
        assert lcdif.read(mark, 4) == lcdif.read(0, 4)


def test_write_only_registers_read_as_zero_and_show_what_changed(host):
    dac = make(host, "dac", block="DAC")
    dac.write(0x8, 4, 0x123)
    assert ("dac", "write DATA value 0x123, changes DATA0") in host.unmodelled_accesses
    assert dac.read(0x8, 4) == 0
    assert dac.words == {0x8: 0x123}


def test_a_written_zero_clears_where_the_svd_says_so():
    """DONE of the RT1064's eDMA; nothing in a block without a model would ever set it."""
    control = Word([svd_map("MIMXRT1064").registers("DMA0")], 0x101C)
    assert control.written(0x80, 0x80, 0xFFFF) == 0x80
    assert control.written(0x80, 0x00, 0xFFFF) == 0
    assert control.written(0x80, 0x00, 0xFF00) == 0x80
    assert control.written(0x00, 0x80, 0xFFFF) == 0


def test_blocks_that_share_addresses_answer_together(host):
    can = make(host, "can", block="CAN1 CAN1_WRAPPER")
    can.read(0, 4)
    can.read(0x9E0, 4)
    assert set(host.unmodelled_accesses) == {("can", "read MCR"), ("can", "read GFWR")}


def test_blocks_between_each_other_have_their_own_names(host):
    usbnc = make(host, "usbnc", chip="MIMXRT1064", block="USBNC1 USBNC2", offset=0x800)
    usbnc.write(0x4, 4, 0x30001080)
    assert (usbnc.read(0x0, 4), usbnc.read(0x4, 4)) == (0x30001000, 0x30001080)
    assert usbnc.read(0x18, 4) == usbnc.read(0x1C, 4)
    assert dict(host.unmodelled_accesses) == {
        ("usbnc", "write USBNC2.USB_OTG1_CTRL value 0x30001080, changes OVER_CUR_DIS"): 1,
        ("usbnc", "read USB_OTG1_CTRL"): 1,
        ("usbnc", "read USBNC2.USB_OTG1_CTRL"): 1,
        ("usbnc", "read USB_OTG1_PHY_CTRL_0"): 1,
        ("usbnc", "read USBNC2.USB_OTG1_PHY_CTRL_0"): 1,
    }


def test_a_moved_block_sets_and_clears_its_own_registers():
    lcdif = Moved("LCDIFV2", svd_map("MIMXRT1176_cm7").registers("LCDIFV2"), 0x100)
    setting, clearing = Word([lcdif], 0x104), Word([lcdif], 0x108)
    assert setting.target == clearing.target == 0x100
    assert setting.sets == clearing.clears != 0


def test_a_block_may_begin_behind_another_ones_registers(host):
    make(host, "otfad", block="OTFAD1", offset=0xC00).read(0, 4)
    assert ("otfad", "read CR") in host.unmodelled_accesses


def test_the_other_chip_and_the_other_core_have_their_own_blocks(host):
    make(host, "mub", chip="MIMXRT1176_cm4", block="MUB").read(0, 4)
    make(host, "trng", chip="MIMXRT1064", block="TRNG").read(0, 4)
    assert set(host.unmodelled_accesses) == {("mub", "read TR0"), ("trng", "read MCTL")}


def test_reset_save_and_restore(host):
    dac = make(host, block="DAC")
    dac.write(0x14, 4, 0x12)
    saved = dac.save()
    for _ in range(2):
        dac.write(0x14, 4, 0x45)
        dac.restore(saved)
        assert dac.read(0x14, 4) == 0x12
    dac.reset()
    assert dac.read(0x14, 4) == 0


def test_nothing_is_stored_where_nothing_was_changed(host):
    dac = make(host, block="DAC")
    dac.write(0x0, 4, 0xFFFFFFFF)  # read-only
    assert dac.save()["state"] == {"words": {}}


@pytest.mark.parametrize(
    ("attributes", "error", "message"),
    [
        ({"block": "NOPE"}, ValueError, "MIMXRT1176_cm7 has no block 'NOPE'"),
        ({"block": " "}, ValueError, "names no peripheral"),
        ({"block": "DAC", "chip": "Z80"}, SetupError, "no register map of the chip 'Z80'"),
    ],
)
def test_bad_attributes_are_refused(host, attributes, error, message):
    with pytest.raises(error, match=message):
        make(host, **attributes)
