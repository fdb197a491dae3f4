"""Register tables: the only description of a block's registers, as TOML beside the models.

A table names each register with offset, width, access, reset value and a line of meaning, and its fields with
their bits. `{n}` in a name makes an array (`count`, `step`; `first` is the number of its first member, 0 unless
given; `names` lists words that stand there instead, one for each member; `resets` lists reset values that differ
between members; `name` is given where several arrays share one, so that their keys differ). Field and register
`access` is one of

    rw    stored                     ro    written bits are ignored
    wo    reads as zero              w1c   a written one clears the bit
    w1t   a written one toggles      sc    stored, then cleared by the model (self-clearing)

`modelled = false` on a field means: stored, but nothing happens; a write that changes it is counted. On a register
it holds for every bit or, where fields are listed, for the fields that do not say otherwise. A field with nothing
but bits and meaning may be one text, `EN = "0 Counter runs"`, which loads faster in big tables.

`svd` names the vendor's peripheral, with the chip before a colon if it is not the i.MX RT1170 (`MIMXRT1064:CCM`). A
block that another chip has too says so in `[also.CHIP]`, with `svd` and, in `differences`, a reason for each register
or field (`CR.EN`) in which that chip departs from the table; `[differences]` is the same for the table's own chip. A
table that departs in more names the other one as its `base`, as `package:name`: registers it lists take the place of
those of the same name or offset, `without` drops some.
A register with `aliases = true` is followed by X_SET, X_CLR and X_TOG with the same fields.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

ACCESS_KINDS = ("rw", "ro", "wo", "w1c", "w1t", "sc")


@dataclass(frozen=True)
class Field:
    """Bits `low + width - 1` to `low` of a register."""

    name: str
    low: int
    width: int
    access: str
    meaning: str
    modelled: bool = True

    @cached_property
    def mask(self) -> int:
        """The field's bits at their place in the register."""
        return ((1 << self.width) - 1) << self.low

    def get(self, value: int) -> int:
        """The field's number out of a register value."""
        return value >> self.low & (1 << self.width) - 1

    def put(self, value: int, number: int) -> int:
        """`value` with the field set to `number` (cut to its width)."""
        return value & ~self.mask | number << self.low & self.mask


@dataclass(frozen=True)
class Register:
    """One register or, with `count` above 1, an array of equal registers `step` bytes apart."""

    name: str
    offset: int
    width: int
    access: str
    reset: int
    meaning: str
    fields: dict[str, Field] = field(default_factory=dict)
    count: int = 1
    step: int = 0
    svd_reset: int | None = None
    first: int = 0
    modelled: bool = True
    names: tuple[str, ...] = ()
    resets: tuple[int, ...] = ()

    def name_of(self, number: int) -> str:
        """Name of the single register, or of the array's register `number` (counted from `first`)."""
        return self.name.replace("{n}", self.names[number - self.first] if self.names else str(number))

    def reset_of(self, number: int) -> int:
        """Reset value of the single register, or of the array's register `number` (counted from `first`)."""
        return self.resets[number - self.first] if self.resets else self.reset

    def __getitem__(self, name: str) -> Field:
        return self.fields[name]

    @cached_property
    def masks(self) -> dict[str, int]:
        """Bits of each access kind; a register without fields has all its bits of its own access."""
        full = (1 << self.width) - 1
        if not self.fields:
            return {kind: full if kind == self.access else 0 for kind in ACCESS_KINDS}
        result = dict.fromkeys(ACCESS_KINDS, 0)
        for item in self.fields.values():
            result[item.access] |= item.mask
        return result

    @cached_property
    def unmodelled_mask(self) -> int:
        """Bits that are stored without effect."""
        if not self.fields:
            return 0 if self.modelled else (1 << self.width) - 1
        return sum(item.mask for item in self.fields.values() if not item.modelled)


@dataclass(frozen=True)
class OtherChip:
    """The same block in another chip: the vendor's name of it, and reasons by register or field that differs."""

    svd: str
    differences: dict[str, str]


@dataclass(frozen=True)
class RegisterTable:
    """All registers of one kind of block."""

    block: str
    svd: str
    meaning: str
    registers: dict[str, Register]
    also: dict[str, OtherChip] = field(default_factory=dict)
    differences: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Register:
        return self.registers[name]

    def instances(self) -> Iterator[tuple[str, int, Register, int]]:
        """Each single register: name, offset, its table entry, its number in the array."""
        for register in self.registers.values():
            for member in range(register.count):
                number = register.first + member
                yield register.name_of(number), register.offset + member * register.step, register, number


def _field(name: str, entry: dict[str, object] | str, access: str, modelled: bool) -> Field:
    if isinstance(entry, str):
        bits, _, meaning = entry.partition(" ")
        entry = {"bits": bits, "meaning": meaning}
    high, _, low = str(entry["bits"]).partition(":")
    low_bit = int(low or high)
    kind = str(entry.get("access", access))
    if kind not in ACCESS_KINDS:
        raise ValueError(f"field {name}: access {kind!r} is none of {', '.join(ACCESS_KINDS)}")
    return Field(
        name, low_bit, int(high) - low_bit + 1, kind, str(entry["meaning"]), bool(entry.get("modelled", modelled))
    )


def parse_table(text: str, load: Callable[[str, str], RegisterTable] | None = None) -> RegisterTable:
    """A register table from its TOML text; KeyError or ValueError name what is wrong with it.

    `load` finds the table that it names as its base, `load_table` if not given.
    """
    return table_of(tomllib.loads(text), load)


def table_of(data: dict[str, Any], load: Callable[[str, str], RegisterTable] | None = None) -> RegisterTable:
    """The same from what the TOML holds."""
    registers = {}
    if "base" in data:
        dropped, given = data.get("without", ()), data.get("registers", {})
        offsets = {entry["offset"] for entry in given.values()}
        base = (load or load_table)(*data["base"].split(":")).registers
        registers = {
            name: item for name, item in base.items()
            if name not in dropped and name not in given and item.offset not in offsets
        }  # fmt: skip
    for name, entry in data.get("registers", {}).items():
        access = entry.get("access", "rw")
        if access not in ACCESS_KINDS:
            raise ValueError(f"register {name}: access {access!r} is none of {', '.join(ACCESS_KINDS)}")
        modelled = entry.get("modelled", True)
        fields = {key: _field(key, item, access, modelled) for key, item in entry.get("fields", {}).items()}
        names, resets = tuple(entry.get("names", ())), tuple(entry.get("resets", ()))
        count = len(names) or entry.get("count", 1)
        if resets and len(resets) != count:
            raise ValueError(f"register {name}: {len(resets)} resets for {count} registers")
        registers[name] = Register(
            entry.get("name", name), entry["offset"], entry.get("width", 32), access, entry.get("reset", 0),
            entry["meaning"],
            fields, count, entry.get("step", 0), entry.get("svd_reset"),
            entry.get("first", 0), modelled, names, resets,
        )  # fmt: skip
        for number, suffix in enumerate(("SET", "CLR", "TOG") if entry.get("aliases") else (), 1):
            registers[f"{name}_{suffix}"] = replace(
                registers[name], name=f"{name}_{suffix}", offset=entry["offset"] + 4 * number
            )
    also = {
        chip: OtherChip(item["svd"], dict(item.get("differences", {}))) for chip, item in data.get("also", {}).items()
    }  # fmt: skip
    if "base" in data:
        registers = dict(sorted(registers.items(), key=lambda item: item[1].offset))
    return RegisterTable(
        data["block"], data.get("svd", ""), data["meaning"], registers, also, dict(data.get("differences", {}))
    )


@cache
def load_table(package: str, name: str) -> RegisterTable:
    """The table `registers/<name>.toml` of a package, read once."""
    from wattbench.core.toml_data import toml_data  # noqa: PLC0415  the build reads this module without the package

    return table_of(toml_data(files(package).joinpath("registers", f"{name}.toml").read_text(encoding="utf-8")))
