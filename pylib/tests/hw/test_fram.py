"""FM25V ferroelectric memory: commands on the bus, protection, sleep, power."""

from __future__ import annotations

import pytest

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.parts.fram_25v import TYPES, Fram25V

WREN, WRDI, RDSR, WRSR, READ, FSTRD, WRITE, SLEEP, RDID = 0x06, 0x04, 0x05, 0x01, 0x03, 0x0B, 0x02, 0xB9, 0x9F


@pytest.fixture
def part():
    made = Fram25V(FakeHost(), "fram")
    made.reset()
    return made


def transfer(part, data, width=8):
    """Bytes in and out with the chip selected once, in words of `width` bits."""
    part.chip_select(True)
    out, step = b"", width // 8
    for start in range(0, len(data), step):
        piece = data[start : start + step]
        answer = part.exchange(int.from_bytes(piece, "big"), 8 * len(piece))
        out += answer.to_bytes(len(piece), "big")
    part.chip_select(False)
    return out


def write(part, address, data, width=8):
    transfer(part, bytes([WREN]))
    transfer(part, bytes([WRITE]) + address.to_bytes(3, "big") + data, width)


def read(part, address, count, opcode=READ):
    lead = bytes([opcode]) + address.to_bytes(3, "big") + b"\0" * (opcode == FSTRD)
    return transfer(part, lead + b"\0" * count)[len(lead) :]


@pytest.mark.parametrize("width", [8, 16, 32])
def test_write_and_read(part, width):
    data = bytes(range(1, 13))
    write(part, 0x12345, data, width)
    assert part.cells[0x12345 : 0x12345 + 12] == data
    assert read(part, 0x12345, 12) == data
    assert read(part, 0x12346, 3, FSTRD) == data[1:4]
    assert part.writes == 1


def test_words_of_odd_width_are_bits_in_order(part):
    part.cells[0:2] = b"\xa5\x3c"
    part.chip_select(True)
    part.exchange(READ << 24, 32)
    assert part.exchange(0, 5) == 0b10100
    assert part.exchange(0, 11) == 0b10100111100
    part.chip_select(False)


def test_each_write_needs_its_enable(part):
    assert transfer(part, bytes([RDSR, 0]))[1] == 0x40
    transfer(part, bytes([WREN]))
    assert transfer(part, bytes([RDSR, 0]))[1] == 0x42
    transfer(part, bytes([WRITE, 0, 0, 5, 1]))
    assert transfer(part, bytes([RDSR, 0]))[1] == 0x40
    transfer(part, bytes([WRITE, 0, 0, 6, 1]))
    assert part.cells[5:7] == b"\x01\x00"
    transfer(part, bytes([WREN]))
    transfer(part, bytes([WRDI]))
    transfer(part, bytes([WRITE, 0, 0, 6, 1]))
    assert part.cells[6] == 0


def test_addresses_go_round(part):
    write(part, TYPES["FM25V20A"].size - 1, b"\x11\x22")
    assert part.cells[-1] == 0x11
    assert part.cells[0] == 0x22
    assert read(part, TYPES["FM25V20A"].size - 1, 2) == b"\x11\x22"


@pytest.mark.parametrize(("bits", "first"), [(0, 0x40000), (1, 0x30000), (2, 0x20000), (3, 0)])
def test_block_protection(part, bits, first):
    transfer(part, bytes([WREN]))
    transfer(part, bytes([WRSR, bits << 2]))
    assert transfer(part, bytes([RDSR, 0]))[1] == 0x40 | bits << 2
    for address in (0, 0x1FFFF, 0x20000, 0x2FFFF, 0x30000, 0x3FFFF):
        write(part, address, b"\x5a")
        assert (part.cells[address] == 0x5A) == (address < first)


def test_identity_and_unknown_command(part):
    assert transfer(part, bytes([RDID]) + bytes(9))[1:].hex() == "7f7f7f7f7f7fc22508"
    transfer(part, b"\x77")
    assert part.host.unmodelled_accesses["fram", "command 0x77"] == 1


def test_sleep_ends_with_the_next_select(part):
    part.cells[0] = 7
    transfer(part, bytes([SLEEP]))
    assert read(part, 0, 1) == b"\xff"
    assert read(part, 0, 1) == b"\x07"


def test_power_off_keeps_whole_bytes(part):
    transfer(part, bytes([WREN]))
    part.chip_select(True)
    for byte in (WRITE, 0, 0, 0, 1, 2):
        part.exchange(byte, 8)
    part.exchange(0b101, 3)
    part.power_off()
    part.reset()
    assert part.cells[:3] == b"\x01\x02\x00"
    assert not part.selected
    transfer(part, bytes([WRITE, 0, 0, 0, 9]))
    assert part.cells[0] == 1


def test_supply_that_breaks_down_in_a_write(part):
    part.lose_power_after(3)
    write(part, 16, b"\x01\x02\x03\x04\x05")
    write(part, 32, b"\x01")
    assert part.cells[16:22] == b"\x01\x02\x03\x00\x00\x00"
    assert part.cells[32] == 0
    part.reset()
    write(part, 32, b"\x01")
    assert part.cells[32] == 1


def test_state_goes_on_in_the_middle_of_a_byte(part):
    transfer(part, bytes([WREN]))
    part.chip_select(True)
    for byte in (WRITE, 0, 0, 4):
        part.exchange(byte, 8)
    part.exchange(0xA, 4)
    saved = part.save()
    part.exchange(0x5, 4)
    part.chip_select(False)
    assert part.cells[4] == 0xA5
    part.restore(saved)
    assert part.cells[4] == 0
    assert part.save() == saved
    part.exchange(0xB, 4)
    assert part.cells[4] == 0xAB


def test_unknown_part():
    with pytest.raises(UsageError, match="FM25V20A"):
        Fram25V(FakeHost(), "fram", part="FM1608")
