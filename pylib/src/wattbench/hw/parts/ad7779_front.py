"""The analog side of an AD7779: volts at its pins through amplifier, modulator and sinc3 filter to codes.

A code stands for the input of the last three output periods, weighted as the filter weights it: the response at f is
(sin(pi f T) / (pi f T))^3 for an output period T, and the delay is one and a half of them. The weighted mean is a
Gauss quadrature over `NODES` instants a period, which is that response to 1e-6 of full scale up to a quarter of the
output rate and to 1e-4 up to half of it; what is above aliases as it happens to meet the instants. 2^23 codes are the
reference voltage. Source: AD7779 data sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench.core.clock import NS_PER_S, TickClock
from wattbench.core.host import Host
from wattbench.hw.parts.converter_front import CodeArray, ConverterFront

CHANNELS = 8
INPUTS = tuple(f"ch{number}" for number in range(CHANNELS))
CODES = 1 << 23
NODES = 4
_points, _lengths = np.polynomial.legendre.leggauss(NODES)
_AT = (_points + 1) / 2
"""Where in a period the input is looked at, as parts of it."""
_SHARE = _lengths / 2
_WEIGHTS = (_SHARE * _AT**2 / 2, _SHARE * (0.5 + _AT - _AT**2), _SHARE * (1 - _AT) ** 2 / 2)
"""Weights of these instants in the period that ends two periods before the sample, one before, and at it."""
Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class ChannelSettings:
    """What the registers say about one channel."""

    on: bool
    gain: int
    delay_s: float
    offset: int
    """Subtracted in front of the gain correction, signed."""
    correction: int
    """Gain correction; 0x400000 multiplies by 1, and the path in front of it by 3/4."""


class Ad7779Front(ConverterFront):
    """Codes in blocks, asked for ahead of time, and the clipped samples among them."""

    def __init__(self, host: Host, name: str, reference_v: float, on_change: Callable[[int], None]) -> None:
        super().__init__(host, name, INPUTS, on_change)
        self.reference_v = reference_v
        self.full_scale_v = dict.fromkeys(INPUTS, reference_v)

    def codes(
        self, samples: range, clock: TickClock, channels: Sequence[ChannelSettings]
    ) -> tuple[CodeArray, Marks, Marks]:
        """Codes of `samples` (numbers), shape (len(samples), 8); where the input and where the code was too large.

        Sample k is complete at tick k of `clock`.
        """
        count, period_s = len(samples), 1 / float(clock.hz)
        periods = np.arange(samples.start - 3, samples.stop - 1, dtype=np.float64)[:, np.newaxis]
        times_s = clock.anchor_ns / NS_PER_S + (periods + _AT) * period_s
        codes = np.zeros((count, CHANNELS), dtype=np.int32)
        beyond, saturated = np.zeros((count, CHANNELS), dtype=np.bool_), np.zeros((count, CHANNELS), dtype=np.bool_)
        found: dict[int, tuple[int, str, float]] = {}
        for number, (name, channel) in enumerate(zip(INPUTS, channels, strict=True)):
            if not channel.on:
                continue
            full_scale = self.full_scale_v[name]
            volts = self.port.volts(name, np.maximum(times_s - channel.delay_s, 0.0).ravel()).reshape(times_s.shape)
            over = np.abs(volts) > full_scale
            held = np.clip(volts, -full_scale, full_scale) if over.any() else volts
            mean = held[:-2] @ _WEIGHTS[0] + held[1:-1] @ _WEIGHTS[1] + held[2:] @ _WEIGHTS[2]
            mean = mean * (1.0 + self.gain_error[name]) + self.offset_v[name]
            raw = mean * (0.75 * CODES * channel.gain / self.reference_v) - channel.offset
            exact = np.rint(raw * (channel.correction / 0x40_0000))
            codes[:, number] = np.clip(exact, -CODES, CODES - 1)
            beyond[:, number] = over[2:].any(axis=1)
            saturated[:, number] = (exact < -CODES) | (exact > CODES - 1)
            for place in np.flatnonzero(beyond[:, number]):
                worst = float(volts[place + 2][np.abs(volts[place + 2]).argmax()])
                found.setdefault(int(place), (clock.time_of(samples.start + int(place)), name, worst))
        self.note_clips(found[place] for place in sorted(found))
        return codes, beyond, saturated

    def save(self) -> dict[str, Any]:
        """See `ConverterFront.save`."""
        return {**super().save(), "full_scale_v": dict(self.full_scale_v)}

    def restore(self, saved: dict[str, Any]) -> None:
        """See `ConverterFront.restore`."""
        self.full_scale_v.update(saved["full_scale_v"])
        super().restore(saved)
