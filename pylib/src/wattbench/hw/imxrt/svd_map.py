"""The vendor's register description of a chip: every block, register and field by name.

The maps are made from the SVD when the package is built (pylib/generate_svd_maps.py), one file a chip. Its first line
is the index of the blocks; a further line holds a block, and is read when something asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from typing import Any

from wattbench.core.errors import SetupError
from wattbench.core.names import did_you_mean

FOLDER = Path(__file__).with_name("svd")
MARKS = ("_SET", "_CLR", "_TOG")
ACCESS_KINDS = ("rw", "ro", "wo", "w1c", "w1s", "w1t", "w0c")


@dataclass(frozen=True)
class SvdField:
    """A field: its bits in the register and its access, as `SvdRegister.access`."""

    name: str
    low: int
    width: int
    access: str

    @property
    def mask(self) -> int:
        """The field's bits at their place in the register."""
        return ((1 << self.width) - 1) << self.low


@dataclass(frozen=True)
class SvdRegister:
    """A single register; one of an array has its number in its name.

    `access` is `rw`, `ro`, `wo`, `w1c`, `w1s`, `w1t` (a written one clears, sets or toggles) or `w0c` (a zero clears).
    """

    name: str
    offset: int
    width: int
    access: str
    reset: int
    field_text: str

    @cached_property
    def fields(self) -> tuple[SvdField, ...]:
        """The fields from the lowest bit on."""
        result = []
        for text in self.field_text.split():
            name, low, *rest = text.split(":")
            width = int(rest[0]) if rest else 1
            result.append(SvdField(name, int(low), width, rest[1] if len(rest) > 1 else self.access))
        return tuple(result)

    @cached_property
    def masks(self) -> dict[str, int]:
        """Bits of each access; reserved bits of a register with fields have none."""
        result = dict.fromkeys(ACCESS_KINDS, 0)
        if not self.fields:
            result[self.access] = (1 << self.width) - 1
        for field in self.fields:
            result[field.access] |= field.mask
        return result


class SvdRegisters:
    """The registers of a block and of all blocks of its kind."""

    def __init__(self, line: bytes) -> None:
        # An entry is name, offset, width, access, reset, number of its text of fields, and for each dimension of an
        # array count, step and names of the members (none: they are counted).
        self._field_texts, self._entries = json.loads(line)
        self._arrays = [entry for entry in self._entries if entry[6]]
        self._singles: dict[int, list[Any]] = {entry[1]: entry for entry in reversed(self._entries) if not entry[6]}
        self._found: dict[int, SvdRegister | None] = {}

    def __iter__(self) -> Iterator[SvdRegister]:
        for entry in self._entries:
            for indices in product(*(range(count) for count, _, _ in entry[6])):
                yield self._member(entry, indices)

    def _member(self, entry: list[Any], indices: Sequence[int] = ()) -> SvdRegister:
        name, offset, width, access, reset, text, dimensions = entry
        for index, (_, step, names) in zip(indices, dimensions, strict=True):
            name = name.replace("{}", names[index] if names else str(index), 1)
            offset += index * step
        return SvdRegister(name, offset, width, access, reset, self._field_texts[text])

    def at(self, offset: int) -> SvdRegister | None:
        """The register that covers the byte `offset`; of several with one address the first."""
        if offset not in self._found:
            self._found[offset] = self._search(offset)
        return self._found[offset]

    def _search(self, offset: int) -> SvdRegister | None:
        for distance in range(8):
            single = self._singles.get(offset - distance)
            if single is not None and distance < single[2] // 8:
                return self._member(single)
        return next(filter(None, (self._in_array(entry, offset) for entry in self._arrays)), None)

    def _in_array(self, entry: list[Any], offset: int) -> SvdRegister | None:
        _, start, width, _, _, _, dimensions = entry
        indices, rest = [0] * len(dimensions), offset - start
        for place in sorted(range(len(dimensions)), key=lambda place: -dimensions[place][1]):
            count, step, _ = dimensions[place]
            indices[place] = min(max(rest, 0) // step, count - 1)
            rest -= indices[place] * step
        return self._member(entry, indices) if 0 <= rest < width // 8 else None

    def without_mark(self, register: SvdRegister) -> SvdRegister:
        """The register whose bits a `X_SET`, `X_CLR` or `X_TOG` changes, or the register itself."""
        stem = register.name[:-4]
        if register.name[-4:] in MARKS:
            for distance in (4, 8, 12):
                other = self.at(register.offset - distance)
                if other is not None and other.name == stem:
                    return other
        return register


@dataclass(frozen=True)
class SvdBlock:
    """A block of the chip; `family` is the block that it is an instance of, or itself."""

    name: str
    base: int
    size: int
    family: str
    start: int
    interrupts: tuple[int, ...]


class SvdMap:
    """All blocks of a chip."""

    def __init__(self, chip: str) -> None:
        """Raises SetupError for a chip without a map."""
        self.chip, self.path = chip, FOLDER / f"{chip}.jsonl"
        if not self.path.is_file():
            raise SetupError(f"there is no register map of the chip {chip!r}; there are {', '.join(chips())}")
        with self.path.open("rb") as file:
            self._first = len(head := file.readline())
        self.blocks = {
            name: SvdBlock(name, base, size, family, start, tuple(interrupts))
            for name, (base, size, family, start, interrupts) in json.loads(head)["blocks"].items()
        }
        self._registers: dict[str, SvdRegisters] = {}

    def block(self, name: str) -> SvdBlock:
        """A block by its name; raises ValueError."""
        if name not in self.blocks:
            raise ValueError(f"{self.chip} has no block {name!r}{did_you_mean(name, self.blocks)}")
        return self.blocks[name]

    def registers(self, name: str) -> SvdRegisters:
        """The registers of a block; raises ValueError."""
        block = self.block(name)
        if block.family not in self._registers:
            with self.path.open("rb") as file:
                file.seek(self._first + block.start)
                self._registers[block.family] = SvdRegisters(file.readline())
        return self._registers[block.family]


def chips() -> list[str]:
    """The chips that have a map; raises SetupError where none was built."""
    found = sorted(path.stem for path in FOLDER.glob("*.jsonl"))
    if not found:
        raise SetupError(
            "the register maps of the chips were not built: pip install --no-deps -r ci/requirements-data.txt, "
            "then pip install -e ./pylib builds them"
        )
    return found


@cache
def svd_map(chip: str) -> SvdMap:
    """The map of a chip (`MIMXRT1176_cm7`), its index read once; raises SetupError."""
    return SvdMap(chip)
