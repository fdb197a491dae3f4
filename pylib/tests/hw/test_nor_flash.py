import pytest

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.parts.nor_flash import NorFlash

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
