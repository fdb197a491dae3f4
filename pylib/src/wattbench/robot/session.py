"""What the keyword libraries of one Robot process share: the bench, its grid, and where results go."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError
from robot.utils import timestr_to_secs

from wattbench.bench import Bench
from wattbench.bench.accepted import reason_for
from wattbench.bench.access_watch import AccessWatch
from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import UsageError
from wattbench.labs.grid import Grid
from wattbench.labs.grid.grid import GridState
from wattbench.robot.results import CaseFacts, Record, ResultsFile, Seen, Unmodelled

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}


def seconds(text: str | float) -> str | float:
    """A duration: a plain number (or fraction) of seconds stays exact, else Robot's time format (`250 ms`)."""
    value = float(text) if _is_number(text) else float(timestr_to_secs(text, round_to=None))
    if not math.isfinite(value) or value < 0:
        raise UsageError(f"a duration is a number of seconds from 0 on or a time such as `250 ms`, not {text}")
    return text if _is_number(text) else value


def moment(at: str | None) -> str | float | None:
    """An absolute virtual time in s, None for now."""
    return None if at is None else seconds(at)


def _is_number(text: str | float) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class State:
    """A saved bench with its grid."""

    machine: Any
    grid: GridState | None


class Session:
    """The bench of the process. A test that goes back to a saved state keeps counting its virtual time."""

    def __init__(self) -> None:
        self._bench: Bench | None = None
        self._grid: Grid | None = None
        self._states: dict[str, State] = {}
        self.test = ""
        """Robot's long name of the running test, empty outside of one."""
        self.test_name = ""
        """Its short name."""
        self._mark_ns = 0
        self._spent_ns = 0

    @property
    def bench(self) -> Bench:
        """The loaded bench; raises UsageError before `Load Product`."""
        if self._bench is None:
            raise UsageError("no product is loaded; call the keyword `Load Product` first")
        return self._bench

    @property
    def grid(self) -> Grid:
        """The mains of the loaded bench, connected when it is first asked for."""
        if self._grid is None:
            self._grid = Grid(self.bench)
        return self._grid

    def load(self, product: str, engine: str, image: str | None = None) -> Bench:
        """Close the present bench and load another."""
        self.close()
        self._bench = Bench.load(product, engine, image)
        self._mark_ns = self._bench.now_ns
        return self._bench

    def close(self) -> None:
        """Give the machine back."""
        if self._bench is not None:
            self._bench.close()
        self._bench = self._grid = None
        self._states.clear()

    def save(self, name: str) -> None:
        """Keep the bench and its grid as they are now."""
        self._states[name] = State(self.bench.save(), self._grid.save() if self._grid is not None else None)

    def restore(self, name: str) -> None:
        """Back to a kept moment; a grid that was connected later starts anew. Raises UsageError for no such name."""
        if name not in self._states:
            known = ", ".join(self._states) or "none"
            raise UsageError(f"there is no saved state {name!r}; saved are: {known}")
        state = self._states[name]
        self._spent_ns += self.bench.now_ns - self._mark_ns
        self.bench.restore(state.machine)
        self._mark_ns = self.bench.now_ns
        if state.grid is not None:
            self.grid.restore(state.grid)
        elif self._grid is not None:
            self._grid = Grid(self.bench)

    def spend(self, virtual_ns: int) -> None:
        """Count virtual time that the test has let pass elsewhere than on the way from its beginning to now."""
        self._spent_ns += virtual_ns

    def begin_test(self, name: str, long_name: str) -> None:
        """A Robot test begins."""
        self.test, self.test_name, self._spent_ns = long_name, name, 0
        if self._bench is not None:
            self._mark_ns = self._bench.now_ns

    def end_test(self) -> None:
        """A Robot test has ended: write down its virtual time, the machine's digest and what is to be seen."""
        if self._bench is not None:
            spent_ns = self._spent_ns + self._bench.now_ns - self._mark_ns
            self.record(CaseFacts(self.test, spent_ns / NS_PER_S, self._bench.digest()))
            seen = self._bench.observe()
            console = [(line.time_s, line.text) for line in seen.console]
            registers = {
                name: [value if math.isfinite(value) else None for value in values]
                for name, values in seen.registers.items()
            }
            self.record(Seen(self.test, seen.instant_s, console, seen.pulses, registers, seen.units))
            self._record_unmodelled(self._bench.accesses)
        self.test = self.test_name = ""

    def _record_unmodelled(self, accesses: AccessWatch) -> None:
        for item in accesses.period():
            first_s = None if item.first_ns is None else item.first_ns / NS_PER_S
            reason = reason_for(item, accesses.accepted)
            facts = (item.source, item.access, item.detail, item.pc, accesses.symbol(item), item.count, first_s)
            self.record(Unmodelled(self.test, *facts, reason))

    def unmodelled_fault(self) -> str:
        """What `Fail On Unmodelled Access` has to say at the end of a test, nothing where it finds nothing."""
        verdict = self._bench.accesses.verdict() if self._bench is not None and self._bench.accesses.fails else None
        return str(verdict) if verdict is not None else ""

    def begin_unmodelled_period(self) -> None:
        """What was used up to now has been judged."""
        if self._bench is not None:
            self._bench.accesses.begin()

    def record(self, record: Record) -> None:
        """Append to the results file in Robot's output folder; nothing outside of a Robot run."""
        try:
            folder = BuiltIn().get_variable_value("${OUTPUT DIR}")
        except RobotNotRunningError:
            return
        ResultsFile(Path(folder)).append(record)


class SessionListener:
    """Tells a session where tests begin and end; part of the `Emulation` library."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, session: Session) -> None:
        self._session = session

    def start_test(self, data: Any, result: Any) -> None:
        """Robot begins a test."""
        self._session.begin_test(result.name, result.full_name)

    def end_test(self, data: Any, result: Any) -> None:
        """Robot has ended a test; what `Fail On Unmodelled Access` finds makes it fail now."""
        fault = self._session.unmodelled_fault()
        self._session.end_test()
        self._session.begin_unmodelled_period()
        if fault and not result.skipped:
            result.message = f"{result.message}\n\n{fault}" if result.failed and result.message else fault
            result.status = "FAIL"

    def close(self) -> None:
        """Robot is done with the library."""
        self._session.close()


class BenchLibrary:
    """Base of the keyword libraries: they share one session."""

    ROBOT_LIBRARY_SCOPE = "GLOBAL"
    session: ClassVar[Session] = Session()
