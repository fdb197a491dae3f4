"""Job descriptors of the CAAM, as far as its random number generator goes (IMXRT1170SRM "CAAM", job descriptors).

A job is a list of words. Everything but jobs for the random number generator ends with a status that names the command.
"""

from __future__ import annotations

from dataclasses import dataclass

from wattbench.core.host import Host

HEADER, JUMP = 0xB080, 0xA0
LOAD, OPERATION, FIFO_STORE = 0b00010, 0b10000, 0b01100
IMMEDIATE, EXTENDED = 1 << 23, 1 << 22
RANDOM_NUMBERS, SECURE_KEYS = 0x50, 1 << 12
DATA_SIZE, CONTEXT = 0x02, 0x20
"""Destinations of LOAD: register of the amount, and what is mixed into the generator's state."""
OUTPUTS = (0x30, 0x34)
"""Types of FIFO STORE: message data, and random numbers."""
GENERATE, INSTANTIATE, RESEED, UNINSTANTIATE = range(4)
DESCRIPTOR_ERROR, UNKNOWN_COMMAND = 0x4000_0000, 0x04


class RefusedJob(Exception):
    """A job that the model does not do; `status` is what its output ring entry says."""

    def __init__(self, index: int, word: int, what: str) -> None:
        self.status = DESCRIPTOR_ERROR | index << 8 | UNKNOWN_COMMAND
        super().__init__(f"{what} (word {index} of its descriptor, 0x{word:08X})")


@dataclass
class Plan:
    """What a job for the random number generator wants. `action` is one of the four of OPERATION."""

    action: int = GENERATE
    handle: int = 0
    secure_keys: bool = False
    prediction_resistance: bool = False
    outputs: tuple[tuple[int, int], ...] = ()
    """Addresses and sizes in bytes."""


def read_job(host: Host, address: int) -> Plan:
    """The plan of the job at `address`; raises RefusedJob for other jobs, BusError where there is none."""
    head = _word(host, address)
    if head >> 16 & 0xFF80 != HEADER & 0xFF80:
        raise RefusedJob(0, head, "a job with this header")
    words = [head, *(_word(host, address + 4 * index) for index in range(1, head & 0x7F))]
    plan, seen, index = Plan(), False, 1
    while index < len(words):
        word = words[index]
        command = word >> 27
        if word >> 24 == JUMP and 0 < word & 0xFF < 0x80:
            index += word & 0xFF
        elif command == LOAD and word >> 16 & 0x7F in (DATA_SIZE, CONTEXT):
            index += 1 + (-(-(word & 0xFF) // 4) if word & IMMEDIATE else 1)
        elif command == OPERATION and word >> 16 & 0xFF == RANDOM_NUMBERS:
            seen = True
            plan.action, plan.handle = word >> 2 & 3, word >> 4 & 1
            plan.secure_keys, plan.prediction_resistance = bool(word & SECURE_KEYS), bool(word & 1 << 1)
            index += 1
        elif command == FIFO_STORE and word >> 16 & 0x3F in OUTPUTS and seen and index + 1 < len(words):
            extended = bool(word & EXTENDED) and index + 2 < len(words)
            size = words[index + 2] if extended else word & 0xFFFF
            plan.outputs = (*plan.outputs, (words[index + 1], size))
            index += 3 if extended else 2
        else:
            raise RefusedJob(index, word, "a job with this command")
    if not seen:
        raise RefusedJob(0, head, "a job that is not for the random number generator")
    return plan


def _word(host: Host, address: int) -> int:
    return int.from_bytes(host.bus_read(address, 4), "little")
