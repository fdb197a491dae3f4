"""Blocks that work in steps of whole clocks, one after the other: the frames of an LPSPI, the bytes of an LPI2C."""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from typing import ClassVar

from wattbench.core.clock import NS_PER_S, ClockInput
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock


class SteppedBlock(RegisterBlock):
    """A block of which at most one step runs at a time, on the clock that `clock` brings."""

    state_names: ClassVar[tuple[str, ...]] = ("_hz", "_anchor_ns", "_cycles", "_step_cycles", "_due_ns")

    def __init__(self, host: Host, name: str, clock: ClockInput) -> None:
        super().__init__(host, name)
        self._clock = clock
        clock.on_change(self._reclock)
        self._step = self.timer("step", self._on_step)
        self._hz = Fraction(0)
        self._clear_steps()

    def _clear_steps(self) -> None:
        self._anchor_ns, self._cycles, self._due_ns = 0, 0, -1
        """Begin of steps without a pause between them, their clocks since then, the time of their end."""
        self._step_cycles = 0

    @abstractmethod
    def _in_step(self) -> bool:
        """Whether a step has begun, even if a stopped clock holds it up."""

    @abstractmethod
    def _on_step(self) -> None:
        """The step is over."""

    def _reclock(self) -> None:
        """The clock's frequency has changed: the running step keeps its time, a stopped clock holds up the next."""
        self._hz, self._due_ns = self._clock.hz, -1
        if self._hz and self._in_step() and self._step.deadline_ns is None:
            self._arm()

    def _later(self, cycles: int) -> None:
        """Begin a step of `cycles` clocks."""
        self._step_cycles = cycles
        if self._hz:
            self._arm()

    def _arm(self) -> None:
        """Steps that follow each other at once are counted from the first, so their rounding does not add up."""
        now_ns = self.host.now_ns()
        if now_ns != self._due_ns:
            self._anchor_ns, self._cycles = now_ns, 0
        self._cycles += self._step_cycles
        self._due_ns = self._anchor_ns - -self._cycles * NS_PER_S * self._hz.denominator // self._hz.numerator
        self._step.arm(self._due_ns)
