"""Register blocks whose registers have companions that set, clear and toggle single bits."""

from __future__ import annotations

from collections.abc import Callable

from wattbench.core.model import RegisterBlock
from wattbench.core.registers import Register

Alias = Callable[[int, int], int]
ALIASES: dict[str, Alias] = {
    "SET": lambda value, bits: value | bits,
    "CLR": lambda value, bits: value & ~bits,
    "TOG": lambda value, bits: value ^ bits,
}
ALL_BITS = 0xFFFF_FFFF


class AliasedBlock(RegisterBlock):
    """A block in which X_SET, X_CLR and X_TOG act on X, its write handler included."""

    def _aliased(self, register: Register) -> tuple[Register, Alias] | None:
        base, _, suffix = register.name.rpartition("_")
        return (self.table[base], ALIASES[suffix]) if suffix in ALIASES and base in self.table.registers else None

    def _value(self, index: int, register: Register, number: int) -> int:
        """X_SET, X_CLR and X_TOG read as X."""
        alias = self._aliased(register)
        if alias is None:
            return super()._value(index, register, number)
        return self[alias[0].name_of(number)]

    def _store(self, index: int, register: Register, number: int, raw: int, lanes: int) -> None:
        """A write to X_SET, X_CLR or X_TOG is a write of the changed value to X."""
        alias = self._aliased(register)
        if alias is None:
            super()._store(index, register, number, raw, lanes)
            return
        target, change = alias
        index = self._index[target.name_of(number)]
        super()._store(index, target, number, change(self.values[index], raw) & ALL_BITS, ALL_BITS)
