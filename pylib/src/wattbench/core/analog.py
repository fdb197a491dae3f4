"""Analog wires: a source of volts on one side, a converter's inputs on the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class AnalogSource(Protocol):
    """Volts at a converter's input pins as a pure function of virtual time."""

    def volts(self, input_name: str, times_s: FloatArray) -> FloatArray:
        """Volts at `input_name` at each of `times_s` (virtual seconds, ascending)."""


class AnalogPort:
    """The analog inputs of one converter. Without a source every input is at 0 V.

    A converter may ask for samples ahead of time. A source that changes its future calls `changed` with the first
    virtual time that is different, and the converter asks again for what lies at or after it.
    """

    def __init__(self, input_names: tuple[str, ...], on_change: Callable[[int], None]) -> None:
        self.input_names = input_names
        self.source: AnalogSource | None = None
        self._on_change = on_change

    def connect(self, source: AnalogSource | None, from_ns: int = 0) -> None:
        """Feed the inputs from `source` from `from_ns` on (None: 0 V)."""
        self.source = source
        self._on_change(from_ns)

    def changed(self, from_ns: int) -> None:
        """The source's volts at or after `from_ns` are different from what was asked before."""
        self._on_change(from_ns)

    def volts(self, input_name: str, times_s: FloatArray) -> FloatArray:
        """Volts at an input, 0 V without a source."""
        if self.source is None:
            return np.zeros_like(times_s)
        return self.source.volts(input_name, times_s)
