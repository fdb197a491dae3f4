"""The analog side of an ADE7913: volts at its pins to codes, and the evidence of clipping.

The scale is 2^23 codes for 49.27 mV (current) or 788 mV (voltages). A pin outside its linear range (`full_scale_v`)
clips: the code stays at the range's end. The decimation filter's droop and delay are not applied: a code is the
voltage at its sample instant. Source: ADE7913 data sheet figures as the public drivers use them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wattbench.core.clock import NS_PER_S, TickClock
from wattbench.core.host import Host
from wattbench.hw.parts.converter_front import CodeArray, ConverterFront

INPUTS = ("i", "v1", "v2")
SCALE_V = {"i": 0.04927, "v1": 0.788, "v2": 0.788}
"""Volts that 2^23 codes stand for."""
CODES = 1 << 23
KELVIN_PER_CODE = (8.72101e-5, 8.21015e-5)
"""Degrees per code of the temperature channel with BW 0 and 1."""
TEMPERATURE_AT_ZERO_C = -306.47


class Ade7913Front(ConverterFront):
    """Codes in blocks, asked for ahead of time, and the clipped samples among them."""

    def __init__(self, host: Host, name: str, on_change: Callable[[int], None]) -> None:
        super().__init__(host, name, INPUTS, on_change)
        self.full_scale_v = {"i": 0.03125, "v1": 0.5, "v2": 0.5}
        self.temperature_c = 25.0
        self.tempos = 0
        """Factory offset of the temperature channel, -128 to 127."""

    def codes(self, samples: range, clock: TickClock, period: int, preset: int, config: int) -> CodeArray:
        """Codes of `samples` (numbers), shape (len(samples), 3), in the order of `INPUTS`.

        Sample k is taken at tick `k * period - preset` of `clock`. `config` is the register CONFIG.
        """
        ticks = np.arange(samples.start, samples.stop, dtype=np.int64) * period - preset
        times_s = clock.anchor_ns / NS_PER_S + ticks / float(clock.hz)
        result = np.empty((len(samples), 3), dtype=np.int32)
        found: dict[int, tuple[int, str, float]] = {}
        for column, name in enumerate(INPUTS):
            if name == "v2" and config & 8:
                code = (self.temperature_c - TEMPERATURE_AT_ZERO_C) / KELVIN_PER_CODE[config >> 7]
                result[:, column] = np.clip(round(code - self.tempos * 2048), -CODES, CODES - 1)
                continue
            volts, full_scale = self.port.volts(name, times_s), self.full_scale_v[name]
            limit = min(round(full_scale / SCALE_V[name] * CODES), CODES - 1)
            exact = (volts * (1.0 + self.gain_error[name]) + self.offset_v[name]) * (CODES / SCALE_V[name])
            result[:, column] = np.clip(np.rint(exact), -limit, limit)
            for place in np.flatnonzero(np.abs(volts) > full_scale):
                found.setdefault(int(place), (clock.time_of(int(ticks[place])), name, float(volts[place])))
        self.note_clips(found[place] for place in sorted(found))
        return result
