"""What firmware asked for and no model does: counted over periods, judged against what is accepted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wattbench.bench.accepted import Accepted, reason_for
from wattbench.core.errors import UnmodelledAccessError
from wattbench.core.unmodelled import UnmodelledAccess, merged
from wattbench.engines.engine import Engine

SHOWN = 20
"""So many accesses are listed in a message."""


class AccessWatch:
    """The accesses of one bench. A period is what a test or a user looks at by itself."""

    def __init__(self, engine: Engine, accepted: Sequence[Accepted] = ()) -> None:
        self._engine, self.accepted = engine, tuple(accepted)
        self._earlier: list[UnmodelledAccess] = []
        self.fails = False
        """Whether accesses that are not accepted are a failure at the end of a test."""

    def begin(self) -> None:
        """Begin a period."""
        self._earlier = merged(self._earlier, self._engine.unmodelled())
        self._engine.forget_unmodelled()

    def fail_from_now_on(self) -> None:
        """Begin a period; what is not accepted in it and in later ones is a failure."""
        self.begin()
        self.fails = True

    def period(self) -> list[UnmodelledAccess]:
        """Accesses of the present period in the order in which they came first."""
        return self._engine.unmodelled()

    def all(self) -> list[UnmodelledAccess]:
        """Accesses since the bench was loaded."""
        return merged(self._earlier, self._engine.unmodelled())

    def not_accepted(self, items: Iterable[UnmodelledAccess]) -> list[UnmodelledAccess]:
        """Of some accesses those that firmware made and nobody accepts; the Monitor's and tests' own do not count."""
        return [item for item in items if item.pc and not reason_for(item, self.accepted)]

    def unused(self) -> list[Accepted]:
        """Accepted entries that no access has needed since the bench was loaded."""
        happened = self.all()
        return [entry for entry in self.accepted if not any(entry.covers(item) for item in happened)]

    def symbol(self, item: UnmodelledAccess) -> str:
        """The function that an access came from, empty where it is not known."""
        return self._engine.describe(item.pc) if item.pc else ""

    def line(self, item: UnmodelledAccess) -> str:
        """One access for people, with the function that it came from."""
        return item.line(self.symbol(item))

    def text(self, items: Sequence[UnmodelledAccess]) -> str:
        """Accesses for people, one a line, the first ones of many."""
        lines = [self.line(item) for item in items[:SHOWN]]
        more = len(items) - SHOWN
        return "\n".join([*lines, *([f"and {more} more"] if more > 0 else [])])

    def verdict(self) -> UnmodelledAccessError | None:
        """What is wrong with the present period if anything is."""
        found = self.not_accepted(self.period())
        if not found:
            return None
        return UnmodelledAccessError(f"firmware used what no model does and nobody accepts:\n{self.text(found)}")
