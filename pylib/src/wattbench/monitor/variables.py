"""Names that scripts define, each belonging to a machine or to all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
GLOBAL = "global"


class Scoped(Generic[T]):
    """Values by name. A plain name is kept as `<machine>.name`, without a machine as `global.name`.

    A name with a dot in it is taken as it stands. Lookup: the name as it stands, the machine's, the global one.
    """

    def __init__(self) -> None:
        self._values: dict[str, T] = {}

    def set(self, name: str, machine: str | None, value: T) -> None:
        """Define or replace."""
        self._values[self.full_name(name, machine)] = value

    def find(self, name: str, machine: str | None) -> T | None:
        """The value, or None."""
        for key in (name, self.full_name(name, machine), self.full_name(name, None)):
            if key in self._values:
                return self._values[key]
        return None

    @staticmethod
    def full_name(name: str, machine: str | None) -> str:
        """The name under which a value is kept."""
        return name if "." in name else f"{(machine or GLOBAL).replace('-', '_')}.{name}"

    def clear(self) -> None:
        """Forget all."""
        self._values.clear()

    def __iter__(self) -> Iterator[tuple[str, T]]:
        return iter(sorted(self._values.items(), key=lambda item: item[0]))
