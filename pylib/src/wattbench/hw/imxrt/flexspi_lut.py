"""Look-up table of the FlexSPI: what a sequence of instructions does on the flash (IMXRT1170RM "FlexSPI", LUT)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

STOP, COMMAND, ROW_ADDRESS, COLUMN_ADDRESS = 0x00, 0x01, 0x02, 0x03
WRITE, READ, LEARN, DATA_SIZE, DUMMY, DUMMY_RWDS, JUMP_ON_CS = 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1F
MODES = range(0x04, 0x08)
DOUBLE_RATE = 0x20
INSTRUCTIONS_PER_SEQUENCE = 8

UNKNOWN_INSTRUCTION, JUMP_IN_IP_COMMAND = 0x3, 0x2
"""Codes of STS1.IPCMDERRCODE."""


class SequenceError(Exception):
    """A sequence that the controller refuses; `code` is what STS1 shows."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"FlexSPI sequence error {code}")


@dataclass(frozen=True)
class Sequence:
    """One selection of the chip: an opcode, address bits if it has an address, and the direction of the data."""

    opcode: int
    address_bits: int
    reads: bool
    writes: bool


@lru_cache(maxsize=256)
def decode(words: tuple[int, ...]) -> Sequence:
    """The sequence in four LUT words; SequenceError if the controller would not run it."""
    opcode, address_bits, reads, writes, commands = 0, 0, False, False, 0
    for word in words:
        for instruction in (word & 0xFFFF, word >> 16):
            kind, operand = instruction >> 10, instruction & 0xFF
            if kind == STOP:
                return Sequence(opcode, address_bits, reads, writes)
            if kind == JUMP_ON_CS:
                raise SequenceError(JUMP_IN_IP_COMMAND)
            kind &= ~DOUBLE_RATE
            if kind == COMMAND:
                # An octal part repeats its opcode inverted; the first byte says it all.
                opcode, commands = (operand if not commands else opcode), commands + 1
            elif kind in (ROW_ADDRESS, COLUMN_ADDRESS):
                address_bits += operand
            elif kind == READ:
                reads = True
            elif kind == WRITE:
                writes = True
            elif kind not in (LEARN, DATA_SIZE, DUMMY, DUMMY_RWDS) and kind not in MODES:
                raise SequenceError(UNKNOWN_INSTRUCTION)
    return Sequence(opcode, address_bits, reads, writes)
