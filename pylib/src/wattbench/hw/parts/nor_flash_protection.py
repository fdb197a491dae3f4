"""Block protection of a NOR flash: which part of the array its status bits keep from being written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

SECTOR, MOST_SECTORS = 4096, 8


def bit_of(part: dict[str, Any], name: str, status: Sequence[int]) -> bool:
    """The status bit that the part calls `name`; false for a part without it."""
    if name not in part:
        return False
    register, bit = part[name]
    return bool(status[register - 1] >> bit & 1)


def protected_range(part: dict[str, Any], status: Sequence[int]) -> range:
    """Addresses that can be neither programmed nor erased; see `nor_flash.toml` for the rule."""
    size, count = part["size"], part["protect_bits"]
    level = status[0] >> part["protect_low"] & (1 << count) - 1
    everything = bool(part.get("protect_all")) and level == (1 << count) - 1
    if everything:
        length = size
    elif not level:
        length = 0
    elif bit_of(part, "protect_sectors", status):
        length = min(SECTOR << level - 1, SECTOR * MOST_SECTORS)
    else:
        length = min(part["protect_unit"] << level - 1, size)
    at_bottom = bit_of(part, "top_bottom", status)
    if bit_of(part, "protect_complement", status):
        length, at_bottom = size - length, not at_bottom
    return range(length) if at_bottom else range(size - length, size)
