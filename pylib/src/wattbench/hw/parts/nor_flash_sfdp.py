"""What a NOR flash tells of itself: the SFDP header and its basic parameter table (JESD216B)."""

from __future__ import annotations

import struct
from typing import Any

SIGNATURE = b"SFDP"
TABLE_OFFSET, TABLE_WORDS = 0x80, 16
ERASE_TYPES = ((12, 0x20, "erase_4k_us"), (15, 0x52, "erase_32k_us"), (16, 0xD8, "erase_64k_us"))
"""Size as a power of two, opcode, and the part's time."""
QUAD_ENABLE_CODES = {(1, 6): 2, (2, 1): 4}
"""JESD216B word 15: where the QE bit is, and how it is set (2: bit 6 of status 1; 4: bit 1 of status 2)."""
ERASE_UNITS_US = (1_000, 16_000, 128_000, 1_000_000)
CHIP_ERASE_UNITS_US = (16_000, 256_000, 4_000_000, 64_000_000)
PROGRAM_UNITS_US = (8, 64)


def sfdp(part: dict[str, Any]) -> bytes:
    """The SFDP area of a part of `nor_flash.toml`; bytes that no table uses are ones."""
    header = SIGNATURE + bytes([6, 1, 0, 0xFF])
    header += bytes([0x00, 6, 1, TABLE_WORDS]) + TABLE_OFFSET.to_bytes(3, "little") + b"\xff"
    return (header + b"\xff" * (TABLE_OFFSET - len(header))) + struct.pack(f"<{TABLE_WORDS}I", *_table(part))


def _table(part: dict[str, Any]) -> list[int]:
    words = [0] * TABLE_WORDS
    quad_read = 1 << 21 | 1 << 22
    words[0] = 0b01 | 1 << 2 | 0x20 << 8 | 1 << 16 | 1 << 20 | quad_read | 0xFF << 24 | 0b11100000
    words[1] = part["size"] * 8 - 1
    words[2] = 0x6B08_EB44
    words[3] = 0xBB80_3B08
    words[4] = 0xFFFF_FFEE
    words[5] = words[6] = 0x0000_FFFF
    for number, (power, opcode, time) in enumerate(ERASE_TYPES):
        words[7 + number // 2] |= (opcode << 8 | power) << 16 * (number % 2)
        words[9] |= _time(part[time], ERASE_UNITS_US, 5) << 4 + 7 * number
    words[9] |= 0b0010
    program = _time(part["page_program_us"], PROGRAM_UNITS_US, 5)
    words[10] = _time(part["erase_chip_us"], CHIP_ERASE_UNITS_US, 5) << 24 | program << 8 | 8 << 4 | 1
    words[11] = 0
    words[12] = 0x75 << 24 | 0x7A << 16 | 0x75 << 8 | 0x7A
    words[13] = 0xB9 << 23 | 0xAB << 15 | 0b1 << 2
    words[14] = QUAD_ENABLE_CODES.get(tuple(part["quad_enable"]), 0) << 20
    words[15] = 0b0001_0000 << 8
    return words


def _time(time_us: int, units_us: tuple[int, ...], count_bits: int) -> int:
    """A time as units and count less one, rounded up to the finest unit that holds it."""
    for unit, length_us in enumerate(units_us):
        count = -(-time_us // length_us)
        if count <= 1 << count_bits:
            return unit << count_bits | count - 1
    return len(units_us) - 1 << count_bits | (1 << count_bits) - 1
