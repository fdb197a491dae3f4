"""A block without a model: its registers keep what is written as the vendor's SVD allows, and nothing happens.

Every access is counted as not modelled, by the name of its register and the PC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from wattbench.core.host import Host
from wattbench.core.model import Model, model
from wattbench.hw.imxrt.svd_map import SvdRegister, SvdRegisters, svd_map

WORD = 4
DEFAULT_CHIP = "MIMXRT1176_cm7"


@dataclass(frozen=True)
class Part:
    """What of a register lies in a word: the register's bit 0 is bit `shift` of the word, or before it."""

    register: SvdRegister
    shift: int
    lanes: int

    def bits(self, mask: int) -> int:
        """Bits of the register at their place in the word."""
        return (mask << self.shift if self.shift >= 0 else mask >> -self.shift) & self.lanes

    def fields_in(self, bits: int) -> list[str]:
        """The fields that have any of the word's `bits`."""
        return [field.name for field in self.register.fields if self.bits(field.mask) & bits]


class Moved:
    """The registers of a block as they lie behind the base of another one; they are named with their block's name."""

    def __init__(self, block: str, registers: SvdRegisters, distance: int) -> None:
        self._block, self._registers, self._distance = block, registers, distance

    def at(self, offset: int) -> SvdRegister | None:
        """See `SvdRegisters.at`."""
        found = self._registers.at(offset - self._distance)
        return self._moved(found) if found is not None else None

    def without_mark(self, register: SvdRegister) -> SvdRegister:
        """See `SvdRegisters.without_mark`."""
        own = self._registers.at(register.offset - self._distance)
        return self._moved(self._registers.without_mark(own)) if own is not None else register

    def _moved(self, register: SvdRegister) -> SvdRegister:
        name, offset = f"{self._block}.{register.name}", register.offset + self._distance
        return replace(register, name=name, offset=offset)


class Word:
    """Four bytes of a block: what they hold after reset, and what a write does to them."""

    def __init__(self, blocks: Sequence[SvdRegisters | Moved], offset: int) -> None:
        """The first of `blocks` that has a register at a byte is asked about it."""
        self.target = offset
        self.reset = self.reserved = self.stored = self.write_only = 0
        self.clears = self.sets = self.toggles = self.zero_clears = 0
        covered: dict[SvdRegister, int] = {}
        for byte in range(WORD):
            register = next(filter(None, (block.at(offset + byte) for block in blocks)), None)
            if register is not None:
                covered[register] = covered.get(register, 0) | 0xFF << 8 * byte
        self.parts = [Part(register, 8 * (register.offset - offset), lanes) for register, lanes in covered.items()]
        for part in self.parts:
            masks = part.register.masks
            self.reset |= part.bits(part.register.reset)
            self.stored |= part.bits(masks["rw"] | masks["wo"])
            self.write_only |= part.bits(masks["wo"])
            self.clears |= part.bits(masks["w1c"])
            self.sets |= part.bits(masks["w1s"])
            self.toggles |= part.bits(masks["w1t"])
            self.zero_clears |= part.bits(masks["w0c"])
            self.reserved |= part.lanes & ~part.bits(sum(masks.values()))
        for part in self.parts:
            self._follow_mark(next(block for block in blocks if block.at(part.register.offset)), part.register)

    def _follow_mark(self, block: SvdRegisters | Moved, register: SvdRegister) -> None:
        """X_SET, X_CLR and X_TOG change X, whichever of two ways the SVD has to say so."""
        other = block.without_mark(register)
        if other == register or register.width != 8 * WORD:
            return
        bits = self.stored | self.clears | self.sets | self.toggles
        self.target, self.stored, self.clears, self.sets, self.toggles = other.offset, 0, 0, 0, 0
        setattr(self, {"_SET": "sets", "_CLR": "clears", "_TOG": "toggles"}[register.name[-4:]], bits)

    def written(self, old: int, value: int, lanes: int) -> int:
        """What the target holds after `value` was written to the bytes `lanes`."""
        value, stored = value & lanes, self.stored & lanes
        kept = old & ~stored & ~(value & self.clears) & ~(~value & lanes & self.zero_clears)
        return (kept | value & stored | value & self.sets) ^ value & self.toggles


@model("Wattbench.SvdBlock")
class SvdBlock(Model):
    """A block by its name in the SVD. It has no size of its own: a `.repl` gives it a range of addresses."""

    example: ClassVar[Mapping[str, Any]] = {"block": "DAC"}
    state_names = ("words",)
    missing = ("everything: registers only keep what is written",)

    def __init__(self, host: Host, name: str, *, block: str, chip: str = DEFAULT_CHIP, offset: int = 0) -> None:
        """`block` is a peripheral of the SVD of `chip`, or several whose registers lie between each other
        (`CAN1 CAN1_WRAPPER`); `offset` is what of the first one is at the first address.

        Raises SetupError for an unknown chip, ValueError for an unknown block.
        """
        super().__init__(host, name)
        self.blocks = tuple(block.replace(",", " ").split())
        if not self.blocks:
            raise ValueError("`block` names no peripheral")
        self.words: dict[int, int] = {}
        """What was written, by the offset of its word; a word that is not here has its reset value."""
        self._map, self._offset = svd_map(chip), offset
        for item in self.blocks:
            self._map.block(item)
        self._known: dict[int, Word] = {}
        self._reads: dict[tuple[int, int], str] = {}

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self.words = {}

    def _word(self, offset: int) -> Word:
        word = self._known.get(offset)
        if word is None:
            word = self._known[offset] = Word([self._registers(block) for block in self.blocks], offset)
        return word

    def _registers(self, block: str) -> SvdRegisters | Moved:
        distance = self._map.block(block).base - self._map.block(self.blocks[0]).base
        registers = self._map.registers(block)
        return Moved(block, registers, distance) if distance else registers

    def _held(self, offset: int) -> int:
        value = self.words.get(offset)
        return self._word(offset).reset if value is None else value

    def _spans(self, offset: int, size: int) -> Iterator[tuple[int, int, int]]:
        """Offset of each word that an access touches, its bytes as a mask, and where it begins in the access."""
        for start in range(offset & -WORD, offset + size, WORD):
            first, last = max(offset, start), min(offset + size, start + WORD)
            yield start, ((1 << 8 * (last - first)) - 1) << 8 * (first - start), start - offset

    def register_name(self, offset: int, size: int = 1) -> str:
        """The registers at `offset`, or `BLOCK+0x12`."""
        names = [
            part.register.name
            for start, lanes, _ in self._spans(offset, size)
            for part in self._word(start).parts
            if part.lanes & lanes
        ]
        return ", ".join(dict.fromkeys(names)) or f"{self.blocks[0]}+0x{offset:X}"

    def read(self, offset: int, size: int) -> int:
        """A bus read of 1, 2 or 4 bytes."""
        offset += self._offset
        access = self._reads.get((offset, size))
        if access is None:
            access = self._reads[offset, size] = f"read {self.register_name(offset, size)}"
        self.host.unmodelled(self.name, access)
        result = 0
        for start, lanes, position in self._spans(offset, size):
            word = self._word(start)
            value = self._held(word.target) & ~word.write_only & lanes
            result |= value << 8 * position if position >= 0 else value >> -8 * position
        return result

    def write(self, offset: int, size: int, value: int) -> None:
        """A bus write of 1, 2 or 4 bytes."""
        offset += self._offset
        changes: list[str] = []
        reserved = 0
        for start, lanes, position in self._spans(offset, size):
            word = self._word(start)
            part = (value >> 8 * position if position >= 0 else value << -8 * position) & lanes
            old = self._held(word.target)
            new = word.written(old, part, lanes)
            if new != old:
                self.words[word.target] = new
            changes += [name for item in word.parts for name in item.fields_in(old ^ new)]
            kept = old if word.target == start else 0
            reserved |= (part ^ kept) & word.reserved & lanes
        detail = f"value 0x{value:X}"
        if changes:
            detail += f", changes {', '.join(changes)}"
        if reserved:
            detail += f", reserved bits 0x{reserved:X}"
        self.host.unmodelled(self.name, f"write {self.register_name(offset, size)}", detail)
