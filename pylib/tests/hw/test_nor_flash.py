import struct

import pytest

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.parts.nor_flash import PARTS, NorFlash
from wattbench.hw.parts.nor_flash_protection import protected_range

SIZE = 0x800000
MS = 1_000_000


@pytest.fixture
def flash():
    part = NorFlash(FakeHost(), "nor")
    part.reset()
    return part


def command(part, opcode, address=None, data=b"", size=0):
    return part.execute(opcode, address, data, size)


def write(part, opcode, address=None, data=b""):
    """Write enable, the command, and time until the part is ready."""
    command(part, 0x06)
    command(part, opcode, address, data)
    while command(part, 0x05, size=1)[0] & 1:
        part.host.run_for(MS)


@pytest.mark.parametrize(("name", "jedec"), [("IS25WP064A", "9d7017"), ("W25Q64JV", "ef4017")])
def test_identity(name, jedec):
    part = NorFlash(FakeHost(), "nor", part=name)
    assert command(part, 0x9F, size=3).hex() == jedec
    assert command(part, 0x9F, size=4).hex() == jedec + jedec[:2]


def test_programming_clears_bits_only_and_wraps_in_its_page(flash):
    write(flash, 0x02, 0x10FE, b"\x0f\xf0\xaa")
    assert command(flash, 0x03, 0x10FE, size=2) == b"\x0f\xf0"
    assert command(flash, 0x0B, 0x1000, size=2) == b"\xaa\xff"
    write(flash, 0x02, 0x10FE, b"\xf1\xff")
    assert flash.contents[0x10FE:0x1100] == b"\x01\xf0"
    write(flash, 0x02, 0x2000, bytes(range(256)) + b"\x80\x81")
    assert flash.contents[0x2000:0x2004] == b"\x80\x81\x02\x03"


def test_nothing_is_written_without_write_enable(flash):
    command(flash, 0x02, 0, b"\x00")
    flash.host.run_for(10 * MS)
    assert flash.contents[0] == 0xFF
    command(flash, 0x06)
    assert command(flash, 0x05, size=1)[0] & 2
    command(flash, 0x04)
    command(flash, 0x20, 0)
    assert not flash.busy


@pytest.mark.parametrize(("opcode", "size", "time_ms"), [(0x20, 4096, 70), (0x52, 32768, 100), (0xD8, 65536, 150)])
def test_erase_takes_its_block_and_its_time(flash, opcode, size, time_ms):
    flash.contents[0:0x20000] = bytes(0x20000)
    command(flash, 0x06)
    command(flash, opcode, 0x10000 + size // 2)
    flash.host.run_for(time_ms * MS - 1)
    assert command(flash, 0x05, size=1)[0] & 3 == 3
    assert command(flash, 0x03, 0, size=1) == b"\xff"
    flash.host.run_for(1)
    assert command(flash, 0x05, size=1)[0] & 3 == 0
    assert bytes(flash.contents[0x10000 : 0x10000 + size]) == b"\xff" * size
    assert command(flash, 0x03, 0xFFFF, size=1) == b"\0"
    assert bytes(flash.contents[0x10000 + size : 0x20000]) == bytes(0x10000 - size)


def test_chip_erase(flash):
    flash.contents[SIZE - 1] = 0
    write(flash, 0xC7)
    assert flash.contents[SIZE - 1] == 0xFF
    assert flash.host.time_ns >= 16_000 * MS


def test_quad_commands_need_the_quad_enable_bit(flash):
    flash.contents[0:2] = b"\x12\x34"
    assert command(flash, 0xEB, 0, size=2) == b"\xff\xff"
    write(flash, 0x01, data=b"\x40")
    assert command(flash, 0x05, size=1) == b"\x40"
    assert command(flash, 0xEB, 0, size=2) == b"\x12\x34"
    write(flash, 0x32, 0, b"\x02")
    assert flash.contents[0] == 0x02


def test_power_down_and_software_reset(flash):
    command(flash, 0x63, data=b"\xe0")
    assert command(flash, 0x61, size=1) == b"\xe0"
    command(flash, 0xB9)
    assert command(flash, 0x9F, size=3) == b"\xff\xff\xff"
    command(flash, 0xAB)
    command(flash, 0x99)
    assert command(flash, 0x61, size=1) == b"\xe0"
    command(flash, 0x66)
    command(flash, 0x99)
    assert command(flash, 0x61, size=1) == b"\0"


def test_unknown_command_is_counted(flash):
    assert command(flash, 0x77, size=1) == b"\xff"
    assert flash.host.unmodelled_accesses["nor", "command 0x77"] == 1


def test_lost_power_leaves_an_erase_half_done(flash):
    flash.contents[0:4096] = bytes(4096)
    command(flash, 0x06)
    command(flash, 0x20, 0)
    flash.host.run_for(35 * MS)
    flash.power_off()
    assert not flash.busy
    assert bytes(flash.contents[:4096]) == b"\xff" * 2048 + bytes(2048)


def test_processor_reset_does_not_stop_an_erase(flash):
    flash.contents[0] = 0
    command(flash, 0x06)
    command(flash, 0x20, 0)
    flash.reset()
    flash.host.run_for(70 * MS)
    assert flash.contents[0] == 0xFF


def test_array_in_the_memory_that_the_cpu_executes():
    host = FakeHost(memory_size=2 * SIZE)
    host.memory[:] = b"\xff" * (2 * SIZE)
    part = NorFlash(host, "nor", base=SIZE)
    write(part, 0x02, 0x3F1, b"\x55\x66")
    assert host.memory[SIZE + 0x3F0 : SIZE + 0x3F4] == b"\xff\x55\x66\xff"
    assert command(part, 0x03, 0x3F1, size=1) == b"\x55"
    assert command(part, 0x03, 0x3F2, size=300) == b"\x66" + b"\xff" * 299
    assert command(part, 0x03, SIZE - 1, size=2) == b"\xff\xff"
    command(part, 0x06)
    command(part, 0x02, 0x300, bytes(256))
    host.run_for(50_000)
    part.power_off()
    assert host.memory[SIZE + 0x300 : SIZE + 0x400] == bytes(64) + b"\xff" * 177 + b"\x55\x66" + b"\xff" * 13
    assert part.save()["state"]["own_contents"] is None


def test_unknown_part_is_named():
    with pytest.raises(UsageError, match="no NOR flash 'M25P80' is known"):
        NorFlash(FakeHost(), "nor", part="M25P80")


def test_round_trip_in_mid_erase(flash):
    flash.contents[0:2] = b"\0\0"
    command(flash, 0x06)
    command(flash, 0x20, 0)
    flash.host.run_for(30 * MS)
    saved = flash.save()
    flash.host.run_for(50 * MS)
    other = NorFlash(FakeHost(), "other")
    other.host.time_ns = 30 * MS
    other.restore(saved)
    assert other.busy
    assert other.contents[0] == 0
    other.host.run_for(40 * MS)
    assert not other.busy
    assert other.contents[0] == 0xFF


@pytest.mark.parametrize(
    ("part", "level", "extra", "protected"),
    [
        ("IS25WP064A", 0, (), range(0)),
        ("IS25WP064A", 1, (), range(0x7F0000, 0x800000)),
        ("IS25WP064A", 7, (), range(0x400000, 0x800000)),
        ("IS25WP064A", 8, (), range(0, 0x800000)),
        ("IS25WP128", 8, (), range(0x800000, 0x1000000)),
        ("IS25WP064A", 2, ((1, 1),), range(0, 0x20000)),
        ("W25Q64JV", 1, (), range(0x7E0000, 0x800000)),
        ("W25Q64JV", 6, (), range(0x400000, 0x800000)),
        ("W25Q64JV", 7, (), range(0, 0x800000)),
        ("W25Q32JV", 1, ((0, 5),), range(0, 0x10000)),
        ("W25Q32JV", 2, ((0, 6),), range(0x3FE000, 0x400000)),
        ("W25Q32JV", 5, ((0, 6),), range(0x3F8000, 0x400000)),
        ("W25Q32JV", 1, ((1, 6),), range(0, 0x3F0000)),
        ("W25Q32JV", 7, ((1, 6),), range(0)),
    ],
)
def test_block_protection(part, level, extra, protected):
    flash = NorFlash(FakeHost(), "nor", part=part)
    flash.status[0] = level << 2
    for register, bit in extra:
        flash.status[register] |= 1 << bit
    assert list(protected_range(flash.data, flash.status)[:1]) == list(protected[:1])
    assert len(protected_range(flash.data, flash.status)) == len(protected)
    for address, inside in {(at, at in protected) for at in (protected.start, protected.stop - 1, protected.stop)}:
        if 0 <= address < flash.size_bytes:
            write(flash, 0x02, address, b"\0")
            assert flash.contents[address] == (0xFF if inside else 0), hex(address)


def test_a_refused_write_leaves_its_mark_where_the_part_has_one(flash):
    write(flash, 0x01, data=bytes([0x0F << 2]))
    assert command(flash, 0x81, size=1) == b"\xe0"
    write(flash, 0x20, 0)
    assert command(flash, 0x81, size=1) == bytes([0xE0 | 1 << 1 | 1 << 3])
    write(flash, 0x02, 0, b"\0")
    assert command(flash, 0x81, size=1) == bytes([0xE0 | 1 << 1 | 1 << 2 | 1 << 3])
    command(flash, 0x82)
    assert command(flash, 0x81, size=1) == b"\xe0"
    assert not command(flash, 0x05, size=1)[0] & 2


def test_an_erase_that_reaches_into_a_protected_block_is_refused(flash):
    flash.contents[0x7E0000] = 0
    write(flash, 0x01, data=bytes([1 << 2]))
    write(flash, 0xC7)
    assert flash.contents[0x7E0000] == 0
    write(flash, 0xD8, 0x7E0000)
    assert flash.contents[0x7E0000] == 0xFF


def test_an_erase_can_be_suspended_read_past_and_resumed(flash):
    flash.contents[0:2], flash.contents[0x1000] = b"\0\0", 0x5A
    command(flash, 0x06)
    command(flash, 0x20, 0)
    flash.host.run_for(30 * MS)
    command(flash, 0x75)
    assert not flash.busy
    assert command(flash, 0x48, size=1)[0] >> 2 & 1
    flash.host.run_for(500 * MS)
    assert command(flash, 0x03, 0x1000, size=1) == b"\x5a"
    command(flash, 0x7A)
    assert not command(flash, 0x48, size=1)[0] >> 2 & 1
    flash.host.run_for(40 * MS - 1)
    assert flash.busy
    flash.host.run_for(1)
    assert not flash.busy
    assert bytes(flash.contents[0:2]) == b"\xff\xff"


def test_a_chip_erase_cannot_be_suspended(flash):
    command(flash, 0x06)
    command(flash, 0xC7)
    command(flash, 0x75)
    assert flash.busy


@pytest.mark.parametrize("name", PARTS)
def test_sfdp_tells_the_parts_geometry(name):
    part = NorFlash(FakeHost(), "nor", part=name)
    header = command(part, 0x5A, 0, size=16)
    assert header[:4] == b"SFDP"
    offset, words = int.from_bytes(header[12:15], "little"), header[11]
    table = struct.unpack(f"<{words}I", command(part, 0x5A, offset, size=4 * words))
    assert table[1] + 1 == 8 * part.size_bytes
    types = [(table[7 + n // 2] >> 16 * (n % 2) & 0xFFFF) for n in range(3)]
    assert [(1 << (kind & 0xFF), kind >> 8) for kind in types] == [(4096, 0x20), (32768, 0x52), (65536, 0xD8)]
    assert table[8] >> 16 == 0
    for number, key in enumerate(("erase_4k_us", "erase_32k_us", "erase_64k_us")):
        field = table[9] >> 4 + 7 * number & 0x7F
        shown_us = ((field & 0x1F) + 1) * (1_000, 16_000, 128_000, 1_000_000)[field >> 5]
        assert part.data[key] <= shown_us < part.data[key] + 16_000
    page = table[10] >> 8 & 0x3F
    assert 1 << (table[10] >> 4 & 0xF) == 256
    assert ((page & 0x1F) + 1) * (8, 64)[page >> 5] >= part.data["page_program_us"]
    assert table[14] >> 20 & 7 == (2 if part.data["quad_enable"] == [1, 6] else 4)


def test_manufacturer_and_device_by_the_old_command(flash):
    assert command(flash, 0x90, 0, size=3).hex() == "9d169d"
    assert command(flash, 0x90, 1, size=2).hex() == "169d"


def test_the_array_is_closed_to_the_core_while_it_cannot_be_read():
    host = FakeHost(memory_size=SIZE)
    part = NorFlash(host, "nor", base=0)
    command(part, 0x06)
    command(part, 0x20, 0x1000)
    assert host.closed_memories[0] == "nor cannot be read while it erases 4 KiB at 0x00001000"
    host.run_for(70 * MS)
    assert host.closed_memories[0] == ""
    command(part, 0xB9)
    assert host.closed_memories[0] == "nor cannot be read while it is powered down"
    saved = part.save()
    command(part, 0xAB)
    assert host.closed_memories[0] == ""
    part.restore(saved)
    assert "powered down" in host.closed_memories[0]
    command(part, 0xAB)
    part.read_access("its controller is off")
    assert host.closed_memories[0] == "nor cannot be read while its controller is off"


@pytest.mark.parametrize(("part", "status"), [("IS25WP128", [0x40, 0, 0]), ("W25Q64JV", [0, 2, 0])])
def test_quad_reads_can_be_enabled_by_the_boards_maker(part, status):
    assert not NorFlash(FakeHost(), "nor", part=part).quad_enabled
    flash = NorFlash(FakeHost(), "nor", part=part, quad_enabled=True)
    assert flash.quad_enabled
    assert flash.status == status
