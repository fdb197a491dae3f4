"""What the parts of the grid that set something need of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from wattbench.core.analog import FloatArray
from wattbench.core.clock import to_ns
from wattbench.core.errors import StimulusError, UsageError
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
    def _channels(self) -> list[Channel]:
        """All channels that a converter sees."""

    @abstractmethod
    def _values(self, channel: Channel, times_s: FloatArray) -> FloatArray:
        """A channel at ascending virtual times."""

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


def require_finite(change: Change) -> None:
    """Raise StimulusError if a number of a change is not finite."""
    for name, value in change.fields.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise StimulusError(f"The {change.channel} cannot have {name} = {value}.")


def checked_rms(phase: str, quantity: str, value: float | None) -> float | None:
    """An RMS value that was given, or None; raises StimulusError."""
    if value is not None and not 0 <= value < math.inf:
        raise StimulusError(f"The RMS {quantity} of {phase} is a finite number from 0 on, not {value}.")
    return None if value is None else float(value)


def lag_degrees(phase: str, power_factor: float | None, angle_deg: float | None, capacitive: bool) -> float | None:
    """The lag of a current from a power factor or an angle; raises UsageError."""
    if power_factor is None:
        if capacitive:
            raise UsageError(f"Capacitive on {phase} needs a power factor; an angle has its own sign.")
        return None if angle_deg is None else float(angle_deg)
    if angle_deg is not None:
        raise UsageError(f"Give {phase} either a power factor or an angle, not both.")
    if not 0 <= power_factor <= 1:
        raise UsageError(f"A power factor is from 0 to 1, not {power_factor}; use reversed for export.")
    # Rounded, as the library's arc cosine may differ in its last bit between hosts.
    return round(math.degrees(math.acos(power_factor)), 12) * (-1 if capacitive else 1)


def given(**values: Any) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in values.items() if value is not None}
