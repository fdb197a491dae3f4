"""Accounting of what firmware asked for and no model does: by block, access and PC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from wattbench.core.clock import NS_PER_S

MAXIMUM_KINDS = 4096
"""So many different accesses are told apart; what comes after them is counted as one."""
MORE = "further accesses, each different"
HEADS = ("read ", "write ")


@dataclass(slots=True)
class UnmodelledAccess:
    """One kind of access: the same block, access and PC.

    `access` is `read NAME` or `write NAME` of a register, or the name of a feature; `detail` what the first one was
    about (a written value, the fields it changed), `first_ns` its virtual time where that is known. `pc` is 0 where no
    firmware ran: a test or the Monitor asked.
    """

    source: str
    access: str
    pc: int
    detail: str
    first_ns: int | None
    count: int = 1

    @property
    def what(self) -> str:
        """The register (or feature) without the word read or write in front."""
        return self.access.removeprefix(HEADS[0]).removeprefix(HEADS[1])

    def __str__(self) -> str:
        return f"{self.source}: {self.access}{f' {self.detail}' if self.detail else ''}"

    def line(self, function: str) -> str:
        """How often, what, from where and when first; `function` is what lies at the PC, empty if that is unknown."""
        where = f" at PC 0x{self.pc:08X}" if self.pc else ", not by firmware"
        when = f", first at {self.first_ns / NS_PER_S:.9f} s" if self.first_ns is not None else ""
        return f"{self.count} x {self}{where}{f' ({function})' if function else ''}{when}"


class UnmodelledLog:
    """Counts accesses. Values that differ from time to time are details: they make no new kind."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str, int], UnmodelledAccess] = {}

    def note(self, source: str, access: str, pc: int, detail: str, now_ns: int | None) -> bool:
        """Count one; whether it is the first of its kind."""
        key = (source, access, pc)
        entry = self.entries.get(key)
        if entry is not None:
            entry.count += 1
            return False
        if len(self.entries) >= MAXIMUM_KINDS and access is not MORE:
            return self.note(source, MORE, 0, "", now_ns)
        self.entries[key] = UnmodelledAccess(source, access, pc, detail, now_ns)
        return True

    def clear(self) -> None:
        """Begin to count anew."""
        self.entries.clear()

    def copy(self) -> list[UnmodelledAccess]:
        """What was counted up to now, in the order in which it came first."""
        return [replace(entry) for entry in self.entries.values()]


def merged(*parts: Iterable[UnmodelledAccess]) -> list[UnmodelledAccess]:
    """Several counts as one; of equal kinds the first one's detail and time stay."""
    result: dict[tuple[str, str, int], UnmodelledAccess] = {}
    for part in parts:
        for entry in part:
            key = (entry.source, entry.access, entry.pc)
            if key in result:
                result[key].count += entry.count
            else:
                result[key] = replace(entry)
    return list(result.values())
