"""Fuses of the i.MX RT1064, as NXP's OCOTP driver and Phoenix-RTOS's Ethernet driver use them."""

import pytest

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt106x.ocotp import BLOW_NS, LOCKS, READ_NS, SHADOWS, UNREADABLE, Ocotp106x

CTRL, CTRL_SET, CTRL_CLR, TIMING, DATA, READ_CTRL, READ_DATA = 0x00, 0x04, 0x08, 0x10, 0x20, 0x30, 0x40
BUSY, ERROR, RELOAD, KEY = 1 << 8, 1 << 9, 1 << 10, 0x3E77 << 16
LOCK, CFG0, MAC0, MAC1, GP1, GP2, SW_GP20, GP43 = 0x400, 0x410, 0x620, 0x630, 0x660, 0x670, 0x690, 0x8F0
GP1_WORD, GP2_WORD = 0x26, 0x27


def made(**attributes):
    block = Ocotp106x(FakeHost(), "ocotp", **attributes)
    block.reset()
    return block


@pytest.fixture
def ocotp():
    return made()


def wait(block):
    """Poll BUSY as the driver does; fails if an access never ends."""
    for _ in range(100):
        if not block.read(CTRL, 4) & BUSY:
            return
        block.host.run_for(100_000)
    raise AssertionError("busy for ever")


def start_read(block, word):
    block.write(CTRL_CLR, 4, 0x3F)
    block.write(CTRL_SET, 4, word)
    block.write(READ_CTRL, 4, 1)


def read_fuse(block, word):
    wait(block)
    block.write(CTRL_CLR, 4, ERROR)
    start_read(block, word)
    wait(block)
    return block.read(READ_DATA, 4), bool(block.read(CTRL, 4) & ERROR)


def program(block, word, value):
    """The vendor's driver's write; whether it went well."""
    wait(block)
    block.write(CTRL_CLR, 4, ERROR | 0x3F)
    block.write(CTRL_SET, 4, KEY | word)
    block.write(DATA, 4, value)
    wait(block)
    return not block.read(CTRL, 4) & ERROR


def reload(block):
    block.write(CTRL_SET, 4, RELOAD)
    wait(block)
    assert not block.read(CTRL, 4) & RELOAD


def test_reset_values(ocotp):
    assert (ocotp.read(0x90, 4), ocotp.read(TIMING, 4), ocotp.read(CTRL, 4)) == (0x0300_0000, 0x0C0D_9755, 0)
    assert ocotp.read(CFG0, 4) << 32 | ocotp.read(CFG0 + 0x10, 4) == 0x57B0_2A6C_4E09_1D73
    assert not ocotp.host.unmodelled_accesses


def test_attributes_preset_fuses():
    block = made(fuses="0x5=0x10, 63 = 0xdeadbeef", mac_address="02:00:5E:00:53:01", unique_id=0x1122334455667788)
    assert (block.read(0x450, 4), block.read(GP43, 4)) == (0x10, 0xDEAD_BEEF)
    assert (block.read(MAC0, 4), block.read(MAC1, 4)) == (0x5E00_5301, 0x0200)
    assert block.read(CFG0, 4) == 0x1122_3344
    with pytest.raises(UsageError, match="0 to 0x3F"):
        made(fuses="64=1")


def test_a_fuse_is_programmed_and_shows_after_a_reload(ocotp):
    assert program(ocotp, GP1_WORD, 0b0101)
    assert program(ocotp, GP1_WORD, 0b0010)
    assert read_fuse(ocotp, GP1_WORD) == (0b0111, False)
    assert ocotp.read(GP1, 4) == 0
    reload(ocotp)
    assert ocotp.read(GP1, 4) == 0b0111
    ocotp.reset()
    assert (ocotp.read(GP1, 4), ocotp.fuse_word(GP1_WORD)) == (0b0111, 0b0111)


def test_without_the_key_nothing_is_programmed_and_the_key_opens_one_write(ocotp):
    ocotp.write(CTRL, 4, GP1_WORD)
    ocotp.write(DATA, 4, 1)
    assert not ocotp.read(CTRL, 4) & BUSY
    assert program(ocotp, GP1_WORD, 2)
    ocotp.write(DATA, 4, 4)
    wait(ocotp)
    assert ocotp.fuse_word(GP1_WORD) == 2


def test_accesses_take_their_time(ocotp):
    start_read(ocotp, 1)
    ocotp.host.run_for(READ_NS - 1)
    assert ocotp.read(CTRL, 4) & BUSY
    assert ocotp.read(READ_DATA, 4) == 0
    ocotp.host.run_for(1)
    assert (ocotp.read(CTRL, 4) & BUSY, ocotp.read(READ_DATA, 4), ocotp.read(READ_CTRL, 4)) == (0, 0x57B0_2A6C, 0)
    ocotp.write(CTRL_SET, 4, KEY)
    ocotp.write(CTRL_SET, 4, GP1_WORD)
    ocotp.write(DATA, 4, 0b111)
    ocotp.host.run_for(3 * BLOW_NS - 1)
    assert ocotp.read(CTRL, 4) & BUSY
    ocotp.host.run_for(1)
    assert not ocotp.read(CTRL, 4) & BUSY


@pytest.mark.parametrize("second", ["read", "program", "reload"])
def test_an_access_during_another_is_an_error(ocotp, second):
    start_read(ocotp, GP1_WORD)
    if second == "read":
        ocotp.write(READ_CTRL, 4, 0)
        ocotp.write(READ_CTRL, 4, 1)
    elif second == "program":
        ocotp.write(CTRL_SET, 4, KEY)
        ocotp.write(DATA, 4, 1)
    else:
        ocotp.write(CTRL_SET, 4, RELOAD)
    assert ocotp.read(CTRL, 4) & ERROR
    wait(ocotp)
    assert ocotp.fuse_word(GP1_WORD) == 0
    ocotp.write(CTRL_CLR, 4, ERROR)
    assert not ocotp.read(CTRL, 4) & ERROR


def test_software_may_write_a_shadow_register_until_the_fuses_are_loaded_again(ocotp):
    ocotp.write(GP2, 4, 0x1234)
    assert ocotp.read(GP2, 4) == 0x1234
    assert read_fuse(ocotp, GP2_WORD) == (0, False)
    reload(ocotp)
    assert ocotp.read(GP2, 4) == 0


@pytest.mark.parametrize(
    ("fuse", "programs", "writes"), [(0, True, True), (1 << 10, False, True), (1 << 11, True, False), (3 << 10, 0, 0)]
)
def test_locks_of_a_word(fuse, programs, writes):
    block = made(fuses=f"0={fuse}")
    assert program(block, GP1_WORD, 1) == programs
    assert block.fuse_word(GP1_WORD) == programs
    block.write(GP1, 4, 0x77)
    assert (block.read(GP1, 4) == 0x77) == writes
    assert program(block, GP2_WORD, 1)


def test_a_lock_holds_once_its_shadow_register_shows_it(ocotp):
    assert program(ocotp, 0, 1 << 10)
    assert program(ocotp, GP1_WORD, 1)
    reload(ocotp)
    assert not program(ocotp, GP1_WORD, 2)
    ocotp.write(LOCK, 4, 0)
    assert ocotp.read(LOCK, 4) == 1 << 10


def test_a_word_locked_for_reads():
    block = made(fuses="0=0x800000, 0x29=0xABCD")
    assert block.read(SW_GP20, 4) == 0xABCD
    assert read_fuse(block, 0x29) == (UNREADABLE, True)
    assert read_fuse(block, GP1_WORD) == (0, False)


def test_every_word_has_a_name_and_at_most_one_lock():
    assert len(SHADOWS) == len(set(SHADOWS)) == 64
    locked = [word for words in LOCKS.values() for word in words]
    assert len(locked) == len(set(locked))


def test_round_trip_in_the_middle_of_programming(ocotp):
    ocotp.write(CTRL_SET, 4, KEY | GP1_WORD)
    ocotp.write(DATA, 4, 1)
    ocotp.host.run_for(BLOW_NS // 2)
    saved = ocotp.save()
    other = made()
    other.host.run_for(BLOW_NS // 2)
    other.restore(saved)
    other.host.run_for(BLOW_NS // 2)
    assert (other.fuse_word(GP1_WORD), other.read(CTRL, 4) & (BUSY | 0xFFFF_0000)) == (1, 0)


def test_what_is_not_modelled_is_counted(ocotp):
    ocotp.write(CTRL_SET, 4, 1 << 11)
    ocotp.write(0x50, 4, 1)
    assert len(ocotp.host.unmodelled_accesses) == 2
