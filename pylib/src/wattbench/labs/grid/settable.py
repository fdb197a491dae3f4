"""What the parts of the grid that set something need of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from wattbench.core.clock import to_ns
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.channels import PHASES, Change, Channel, ChannelState
from wattbench.labs.grid.segment import Segment

Time = float | int | str | Fraction | None
"""A virtual time in seconds since power-on, text and fractions taken exactly; None is now."""


class Settable(ABC):
    """Base of the mixins that make up `Grid`."""

    @abstractmethod
    def _at_ns(self, at: Time) -> int:
        """A time that is not in the past, in ns; raises StimulusError."""

    @abstractmethod
    def _change(self, changes: list[Change]) -> None:
        """Carry all of them out, or none; raises StimulusError where a converter would be overdriven."""

    @abstractmethod
    def _wired(self, channel: Channel) -> Channel:
        """The same channel; raises StimulusError if no converter sees it."""

    @abstractmethod
    def _has(self, channel: Channel) -> bool:
        """Whether a converter sees a channel."""

    @abstractmethod
    def _segment_at(self, at_ns: int) -> Segment:
        """The segment that holds a virtual time, as it is set up to now."""

    def _state_at(self, channel: Channel, at_ns: int) -> ChannelState:
        return self._segment_at(at_ns).states[self._wired(channel)]

    def _phases(self, phase: str | None) -> list[str]:
        """The phase given, or all that are measured."""
        if phase is not None:
            return [phase]
        return [name for name in PHASES if self._has(Channel(name, "voltage"))]

    def _set_all(self, channels: Iterable[Channel], at: Time, **fields: Any) -> None:
        at_ns = self._at_ns(at)
        self._change([Change(at_ns, self._wired(channel), fields) for channel in channels])


def positive_ns(seconds: float | str | Fraction, what: str) -> int:
    """A duration above 0 in ns; raises StimulusError."""
    if not (math.isfinite(float(seconds)) and to_ns(seconds) > 0):
        raise StimulusError(f"{what} has to last longer than 0 s, not {seconds} s.")
    return to_ns(seconds)


def finite(what: str, *values: float) -> None:
    """Raise StimulusError unless all are finite numbers."""
    if not all(map(math.isfinite, values)):
        raise StimulusError(f"{what} needs finite numbers, not {', '.join(map(str, values))}.")
