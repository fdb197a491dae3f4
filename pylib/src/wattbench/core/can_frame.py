"""CAN frames bit by bit: arbitration, stuffing, check sequences (ISO 11898-1:2015, Bosch CAN 2.0)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from wattbench.core.errors import UsageError

FD_LENGTHS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64)
"""Bytes of data by length code; classic frames end at 8."""
CRC_15, CRC_17, CRC_21 = (15, 0x4599), (17, 0x1685B), (21, 0x102899)
"""Width and generator without its top bit."""
STUFF_RUN = 5
ACK_SLOT_BITS, END_BITS = 2, 9
"""Bits from the check sequence to the end of the ACK slot, and from there to the end of the frame."""
INTERMISSION_BITS = 3
ERROR_FLAG_BITS, ERROR_DELIMITER_BITS = 6, 8
SUSPEND_BITS = 8
"""What an error-passive transmitter waits longer before its next frame."""
RECOVERY_BITS = 128 * 11
"""Recessive bits after which a node that was off the bus is back."""


@dataclass(frozen=True)
class CanFrame:
    """A frame. `identifier` has 11 bits, or 29 if `extended`.

    `fd` frames carry up to 64 bytes, if `switched` at a faster rate from their BRS bit on; `passive` is their ESI bit.
    A `remote` frame asks for `requested` bytes and carries none. Raises UsageError for what no frame can be.
    """

    identifier: int
    data: bytes = b""
    extended: bool = False
    remote: bool = False
    fd: bool = False
    switched: bool = False
    passive: bool = False
    requested: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.identifier < 1 << (29 if self.extended else 11):
            raise UsageError(
                f"A CAN identifier has {29 if self.extended else 11} bits, which 0x{self.identifier:X} does not fit."
            )
        if len(self.data) not in FD_LENGTHS or (not self.fd and len(self.data) > 8):
            raise UsageError(f"A CAN{' FD' if self.fd else ''} frame cannot carry {len(self.data)} bytes.")
        if self.remote and (self.fd or self.data):
            raise UsageError("A remote CAN frame is no FD frame and carries no data.")

    @property
    def length_code(self) -> int:
        """The DLC field."""
        return self.requested if self.remote else FD_LENGTHS.index(len(self.data))

    @property
    def priority(self) -> tuple[int, ...]:
        """Arbitration field as it meets others on the bus; the smaller wins."""
        if not self.extended:
            return (self.identifier, int(self.remote), 0)
        return (self.identifier >> 18, 1, 1, self.identifier & 0x3FFFF, int(self.remote))

    def _header(self) -> str:
        """Bits from the start of frame to BRS, or to the length code of a classic frame, unstuffed."""
        bits = "0"
        if self.extended:
            bits += f"{self.identifier >> 18:011b}11{self.identifier & 0x3FFFF:018b}"
        else:
            bits += f"{self.identifier:011b}"
        if self.fd:
            return bits + ("0" if self.extended else "00") + "10" + str(int(self.switched))
        return bits + str(int(self.remote)) + "00"

    def _body(self) -> str:
        """Bits from there to the last one of the data."""
        data = "".join(f"{byte:08b}" for byte in self.data)
        return (str(int(self.passive)) if self.fd else "") + f"{self.length_code:04b}" + data

    @cached_property
    def check(self) -> int:
        """The check sequence."""
        if not self.fd:
            return crc(self._header() + self._body(), *CRC_15)
        stuffed, count = _stuffed(self._header() + self._body(), open_end=True)
        return crc(stuffed + _stuff_count(count), *(CRC_17 if len(self.data) <= 16 else CRC_21), first_bit=1)

    @cached_property
    def bits(self) -> tuple[int, int]:
        """Bits on the bus from the start to the end of the check sequence, stuff bits included.

        First those at the nominal rate, then those at the data rate (0 unless `switched`). The bits in which the rate
        changes count as nominal.
        """
        header, body = self._header(), self._body()
        if not self.fd:
            return len(_stuffed(header + body + f"{self.check:015b}")[0]), 0
        stuffed, _ = _stuffed(header + body, open_end=True)
        width = 4 + (17 if len(self.data) <= 16 else 21)
        total = len(stuffed) + width + 1 + (width - 1) // 4
        if not self.switched:
            return total, 0
        # Stuff bits of the header come at its rate; the one that its last bits cause counts there, too.
        nominal = len(_stuffed(header)[0])
        return nominal, total - nominal


def crc(bits: str, width: int, generator: int, first_bit: int = 0) -> int:
    """Remainder of a bit string; the register begins with `first_bit` at its top."""
    register, top = first_bit << width - 1, 1 << width - 1
    for bit in bits:
        feedback = (register & top != 0) ^ (bit == "1")
        register = (register << 1 & (top << 1) - 1) ^ (generator if feedback else 0)
    return register


def _stuffed(bits: str, *, open_end: bool = False) -> tuple[str, int]:
    """The bits with an opposite one after each five alike, and how many were put in.

    With `open_end` none is put in behind the last bit, where a fixed one follows.
    """
    result, run, last, count = "", 0, "", 0
    for index, bit in enumerate(bits):
        run = run + 1 if bit == last else 1
        last = bit
        result += bit
        if run == STUFF_RUN and not (open_end and index == len(bits) - 1):
            last = "0" if bit == "1" else "1"
            result += last
            run = 1
            count += 1
    return result, count


def _stuff_count(count: int) -> str:
    """The stuff count field: number of stuff bits modulo 8 in Gray code, and even parity."""
    gray = count % 8 ^ count % 8 >> 1
    return f"{gray:03b}{gray.bit_count() & 1}"
