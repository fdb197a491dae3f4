"""The words that an AD7779 clocks out for its samples: a header of eight bits and a code of 24 for each channel.

Header: alert, number of the channel (3 bits), then four bits: half of a CRC, or errors of the channel. The CRC
(x^8 + x^2 + x + 1, start 0) covers alert, number and code of an even channel and of the odd one after it; the even
header has its upper half. Its start value is an assumption that no public driver relies on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench.hw.parts.ad7779_front import CHANNELS
from wattbench.hw.parts.converter_front import CodeArray

WordArray = NDArray[np.uint32]
ALERT, RESET_DETECTED, MODULATOR_SATURATED = 1 << 31, 1 << 27, 1 << 26
_NUMBERS = np.arange(CHANNELS, dtype=np.uint32) << np.uint32(28)


def _crc_table() -> NDArray[np.uint8]:
    table = np.zeros(256, dtype=np.uint8)
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value << 1 ^ (0x107 if value & 0x80 else 0)
        table[byte] = value
    return table


CRC_TABLE = _crc_table()


def crc8(data: bytes) -> int:
    """CRC of an SPI access, and of two headers and codes packed without a gap."""
    crc = 0
    for byte in data:
        crc = int(CRC_TABLE[crc ^ byte])
    return crc


def words(codes: CodeArray, alert: NDArray[np.bool_], errors: WordArray | None) -> WordArray:
    """Words of samples, shape of `codes`; `errors` are the low header bits at their place, or None for a CRC."""
    result = (codes.astype(np.int64) & 0xFF_FFFF).astype(np.uint32) | _NUMBERS
    result |= np.where(alert, np.uint32(ALERT), np.uint32(0))[:, np.newaxis]
    if errors is not None:
        return result | errors
    even, odd = result[:, 0::2], result[:, 1::2]
    crc = np.zeros(even.shape, dtype=np.uint8)
    top_even, top_odd = even >> np.uint32(28), odd >> np.uint32(28)
    parts = (
        top_even << np.uint32(4) | even >> np.uint32(20) & np.uint32(15), even >> np.uint32(12), even >> np.uint32(4),
        (even & np.uint32(15)) << np.uint32(4) | top_odd, odd >> np.uint32(16), odd >> np.uint32(8), odd,
    )  # fmt: skip
    for part in parts:
        crc = CRC_TABLE[crc ^ (part & np.uint32(0xFF)).astype(np.uint8)]
    result[:, 0::2] |= (crc >> 4).astype(np.uint32) << np.uint32(24)
    result[:, 1::2] |= (crc & 15).astype(np.uint32) << np.uint32(24)
    return result
