"""Fuses and their controller, as Phoenix-RTOS's imxrt117x-otp and NXP's OCOTP driver use them."""

import pytest

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.ocotp import BLOW_NS, READ_NS, UNREADABLE, Ocotp

CTRL, CTRL_SET, CTRL_CLR, DATA, READ_CTRL, OUT_STATUS, OUT_STATUS_CLR = 0x00, 0x04, 0x08, 0x20, 0x30, 0x90, 0x98
READ_DATA, LOCKED, FUSE = 0x100, 0x600, 0x800
BUSY, ERROR, RELOAD, WORDLOCK, KEY = 1 << 10, 1 << 11, 1 << 12, 1 << 15, 0x3E77 << 16
WORD_LOCKED, PROGFAIL, READ_DONE, READ_ERROR, DED0 = 1 << 11, 1 << 12, 1 << 22, 1 << 23, 1 << 24
BT_FUSE_SEL_WORD, BT_FUSE_SEL = 0x16, 1 << 4
USER_WORD = 0x60


def made(**attributes):
    block = Ocotp(FakeHost(), "ocotp", **attributes)
    block.reset()
    return block


@pytest.fixture
def ocotp():
    return made()


def wait(block):
    """Poll BUSY as firmware does, 100 us at a time; fails if an access never ends."""
    for _ in range(100):
        if not block.read(CTRL, 4) & BUSY:
            return
        block.host.run_for(100_000)
    raise AssertionError("busy for ever")


def otp_read(block, address):
    """The read of imxrt117x-otp: value and whether it succeeded."""
    block.write(CTRL_CLR, 4, ERROR)
    block.write(OUT_STATUS_CLR, 4, 0xFFFF_FFFF)
    wait(block)
    block.write(CTRL, 4, block.read(CTRL, 4) & ~0x3FF | address - 0x800 >> 4)
    block.write(READ_CTRL, 4, block.read(READ_CTRL, 4) & ~0x1F | 7)
    wait(block)
    return block.read(READ_DATA, 4), not block.read(OUT_STATUS, 4) & DED0


def otp_write(block, address, value, more=0):
    """The write of imxrt117x-otp: the status bits it looks at."""
    block.write(CTRL_CLR, 4, ERROR)
    block.write(OUT_STATUS_CLR, 4, 0xFFFF_FFFF)
    wait(block)
    block.write(CTRL, 4, block.read(CTRL, 4) & ~0xFFFF_03FF | KEY | more | address - 0x800 >> 4)
    block.write(DATA, 4, value)
    wait(block)
    return block.read(OUT_STATUS, 4) & (WORD_LOCKED | PROGFAIL)


def test_reset_values(ocotp):
    assert ocotp.read(0xB0, 4) == 0x0A00_0000
    assert [ocotp.read(offset, 4) for offset in (CTRL, READ_CTRL, OUT_STATUS, READ_DATA)] == [0] * 4
    assert not ocotp.host.unmodelled_accesses


def test_a_part_has_a_unique_id_and_blank_boot_configuration(ocotp):
    identity = ocotp.read(FUSE + 0x100, 4) << 32 | ocotp.read(FUSE + 0x110, 4)
    assert identity == 0x57B0_2A6C_4E09_1D73
    assert made(unique_id=0x1234_5678_9ABC_DEF0).read(FUSE + 0x110, 4) == 0x9ABC_DEF0
    assert ocotp.read(FUSE + 0x10 * BT_FUSE_SEL_WORD, 4) == 0


def test_attributes_preset_fuses():
    block = made(fuses="0x16=0x10, 96 = 0xdeadbeef", mac_address="02:00:5E:00:53:01")
    assert block.read(FUSE + 0x160, 4) == 0x10
    assert block.fuse_word(96) == 0xDEAD_BEEF
    assert (block.read(FUSE + 0x280, 4), block.read(FUSE + 0x290, 4)) == (0x5E00_5301, 0x0200)
    assert otp_write(block, 0x960, 1) == 0
    assert otp_write(block, 0xA80, 1) == WORD_LOCKED


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"fuses": "0x16"}, 'takes words such as "0x16=0x10'),
        ({"fuses": "0x110=1"}, "0 to 0x10F"),
        ({"fuses": "0x20=0x100000000"}, "32 bits"),
        ({"mac_address": "02:00:5E"}, "takes six bytes"),
    ],
)
def test_bad_attributes_are_explained(attributes, message):
    with pytest.raises(UsageError, match=message):
        made(**attributes)


def test_shadow_registers_are_read_only(ocotp):
    ocotp.write(FUSE + 0x160, 4, 0xFFFF_FFFF)
    assert ocotp.read(FUSE + 0x160, 4) == 0


def test_firmware_burns_the_boot_fuse_and_reads_it_back(ocotp):
    assert otp_write(ocotp, 0x960, BT_FUSE_SEL) == 0
    assert otp_read(ocotp, 0x960) == (BT_FUSE_SEL, True)
    assert ocotp.read(FUSE + 0x160, 4) == 0, "shadow registers follow at the next load only"
    ocotp.reset()
    assert ocotp.read(FUSE + 0x160, 4) == BT_FUSE_SEL


def test_a_fuse_never_goes_back_to_zero(ocotp):
    otp_write(ocotp, 0x960, 0b0110)
    otp_write(ocotp, 0x960, 0b0011)
    assert ocotp.fuse_word(0x16) == 0b0111


def test_without_the_key_nothing_is_programmed(ocotp):
    ocotp.write(CTRL, 4, 0x1234 << 16 | USER_WORD)
    ocotp.write(DATA, 4, 1)
    assert not ocotp.read(CTRL, 4) & BUSY
    ocotp.host.run_for(1_000_000)
    assert ocotp.fuse_word(USER_WORD) == 0


def test_the_key_opens_one_write_only(ocotp):
    otp_write(ocotp, 0x960, 1)
    assert ocotp.read(CTRL, 4) >> 16 == 0
    ocotp.write(DATA, 4, 2)
    ocotp.host.run_for(1_000_000)
    assert ocotp.fuse_word(0x16) == 1


def test_a_word_with_check_bits_is_programmed_once(ocotp):
    assert otp_write(ocotp, 0x800 + 0x10 * USER_WORD, 0x55) == 0
    assert ocotp.read(LOCKED + 0x30, 4) == 1 << USER_WORD - 80
    assert otp_write(ocotp, 0x800 + 0x10 * USER_WORD, 0xAA) == WORD_LOCKED
    assert ocotp.read(CTRL, 4) & ERROR
    assert ocotp.fuse_word(USER_WORD) == 0x55


def test_wordlock_locks_a_word_of_the_boot_configuration(ocotp):
    assert otp_write(ocotp, 0x960, 1, WORDLOCK) == 0
    assert ocotp.read(LOCKED + 0x10, 4) == 1 << 0x16 - 16
    ocotp.write(CTRL_CLR, 4, WORDLOCK)
    assert otp_write(ocotp, 0x960, 2) == WORD_LOCKED
    assert ocotp.fuse_word(0x16) == 1


def test_lock_of_a_supplementary_word_shows_in_locked0(ocotp):
    otp_write(ocotp, 0x830, 1, WORDLOCK)
    assert ocotp.read(LOCKED, 4) == 1 << 3


def test_programming_takes_time_for_each_fuse(ocotp):
    ocotp.write(CTRL, 4, KEY | 0x16)
    ocotp.write(DATA, 4, 0b111)
    ocotp.host.run_for(3 * BLOW_NS - 1)
    assert ocotp.read(CTRL, 4) & BUSY
    assert ocotp.fuse_word(0x16) == 0
    ocotp.host.run_for(1)
    assert not ocotp.read(CTRL, 4) & BUSY
    assert ocotp.fuse_word(0x16) == 0b111


def test_reading_takes_time_and_fetches_up_to_four_words():
    block = made(fuses="0xB0=1, 0xB1=2, 0xB2=3, 0xB3=4")
    block.write(CTRL, 4, 0xB0)
    block.write(READ_CTRL, 4, 2 << 1 | 1)
    block.host.run_for(3 * READ_NS - 1)
    assert block.read(READ_DATA, 4) == 0
    assert block.read(READ_CTRL, 4) & 1
    block.host.run_for(1)
    assert [block.read(READ_DATA + 0x10 * place, 4) for place in range(4)] == [1, 2, 3, 0]
    assert not block.read(READ_CTRL, 4) & 1


def test_an_access_during_another_is_an_error(ocotp):
    ocotp.write(CTRL, 4, KEY | 0x16)
    ocotp.write(DATA, 4, 1)
    ocotp.write(DATA, 4, 6)
    ocotp.write(READ_CTRL, 4, 1)
    assert ocotp.read(CTRL, 4) & ERROR
    assert not ocotp.read(READ_CTRL, 4) & 1
    wait(ocotp)
    assert ocotp.fuse_word(0x16) == 1


def test_reload_follows_programming_as_in_the_vendors_driver(ocotp):
    otp_write(ocotp, 0x960, BT_FUSE_SEL)
    ocotp.write(CTRL_SET, 4, RELOAD)
    assert ocotp.read(CTRL, 4) & (RELOAD | BUSY) == RELOAD | BUSY
    ocotp.host.run_for(144 * READ_NS)
    assert not ocotp.read(CTRL, 4) & (RELOAD | BUSY)
    assert ocotp.read(FUSE + 0x160, 4) == BT_FUSE_SEL


def test_interrupts(ocotp):
    ocotp.write(CTRL, 4, 0x10F)
    ocotp.write(READ_CTRL, 4, 1 << 4 | 1 << 3 | 1 << 1 | 1)
    assert not ocotp.outputs["READ_DONE"].level
    wait(ocotp)
    assert ocotp.outputs["READ_DONE"].level
    assert ocotp.outputs["READ_ERROR"].level, "word 0x110 does not exist"
    assert ocotp.read(READ_DATA + 0x10, 4) == UNREADABLE
    assert ocotp.read(CTRL, 4) & ERROR
    ocotp.write(OUT_STATUS_CLR, 4, READ_DONE)
    assert not ocotp.outputs["READ_DONE"].level
    assert ocotp.outputs["READ_ERROR"].level
    ocotp.write(READ_CTRL, 4, 0)
    assert not ocotp.outputs["READ_ERROR"].level
    ocotp.write(READ_CTRL, 4, 1 << 4)
    assert ocotp.outputs["READ_ERROR"].level
    ocotp.reset()
    assert not ocotp.outputs["READ_ERROR"].level


def test_programming_a_word_that_is_not_there_fails(ocotp):
    ocotp.write(CTRL, 4, KEY | 0x110)
    ocotp.write(DATA, 4, 1)
    wait(ocotp)
    assert ocotp.read(OUT_STATUS, 4) & PROGFAIL
    assert ocotp.read(CTRL, 4) & ERROR


def test_a_damaged_word_cannot_be_read(ocotp):
    ocotp.damage(0x15)
    assert otp_read(ocotp, 0x950) == (0, False)
    assert ocotp.read(OUT_STATUS, 4) & READ_ERROR
    assert otp_read(ocotp, 0x960) == (0, True)
    ocotp.write(CTRL_SET, 4, RELOAD)
    wait(ocotp)
    assert ocotp.read(OUT_STATUS, 4) & 1 << 20


def test_fuses_outlive_resets_and_can_be_blown_from_outside(ocotp):
    ocotp.blow(0x15, 0x2)
    ocotp.reset()
    assert ocotp.read(FUSE + 0x150, 4) == 0x2
    with pytest.raises(ValueError, match="0 to 0x10F"):
        ocotp.blow(0x110, 1)
    with pytest.raises(ValueError, match="0 to 0x10F"):
        ocotp.fuse_word(-1)


def test_reset_ends_an_access_without_its_effect(ocotp):
    ocotp.write(CTRL, 4, KEY | 0x16)
    ocotp.write(DATA, 4, 1)
    ocotp.reset()
    ocotp.host.run_for(1_000_000)
    assert ocotp.fuse_word(0x16) == 0
    assert ocotp.read(CTRL, 4) == 0


def test_round_trip_in_the_middle_of_programming(ocotp):
    ocotp.write(CTRL, 4, KEY | USER_WORD)
    ocotp.write(DATA, 4, 0xF)
    ocotp.host.run_for(BLOW_NS)
    saved = ocotp.save()
    wait(ocotp)
    ocotp.reset()
    other = made()
    other.host.time_ns = BLOW_NS
    other.restore(saved)
    assert other.fuse_word(USER_WORD) == 0
    other.host.run_for(3 * BLOW_NS)
    assert other.fuse_word(USER_WORD) == 0xF
    assert other.locked[USER_WORD]


def test_what_is_not_modelled_is_counted(ocotp):
    ocotp.write(0x140, 4, 1)
    assert ocotp.host.unmodelled_accesses["ocotp", "write SW_LOCK value 0x1"] == 1
