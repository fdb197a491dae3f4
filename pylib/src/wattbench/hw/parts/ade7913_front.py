"""The analog side of an ADE7913: volts at its pins to codes, and the evidence of clipping.

The scale is 2^23 codes for 49.27 mV (current) or 788 mV (voltages). A pin outside its linear range (`full_scale_v`)
clips: the code stays at the range's end. The decimation filter's droop and delay are not applied: a code is the
voltage at its sample instant. Source: ADE7913 data sheet figures as the public drivers use them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench.core.analog import AnalogPort
from wattbench.core.clock import NS_PER_S, TickClock
from wattbench.core.errors import StimulusError
from wattbench.core.host import Host

INPUTS = ("i", "v1", "v2")
SCALE_V = {"i": 0.04927, "v1": 0.788, "v2": 0.788}
"""Volts that 2^23 codes stand for."""
CODES = 1 << 23
KELVIN_PER_CODE = (8.72101e-5, 8.21015e-5)
"""Degrees per code of the temperature channel with BW 0 and 1."""
TEMPERATURE_AT_ZERO_C = -306.47

CodeArray = NDArray[np.int32]


class Ade7913Front:
    """Codes in blocks, asked for ahead of time, and the clipped samples among them."""

    def __init__(self, host: Host, name: str, on_change: Callable[[int], None]) -> None:
        self._host, self._name = host, name
        self.port = AnalogPort(INPUTS, on_change)
        self.full_scale_v = {"i": 0.03125, "v1": 0.5, "v2": 0.5}
        self.gain_error = dict.fromkeys(INPUTS, 0.0)
        """Relative gain error of each channel."""
        self.offset_v = dict.fromkeys(INPUTS, 0.0)
        """Offset of each channel, volts at the pin."""
        self.temperature_c = 25.0
        self.tempos = 0
        """Factory offset of the temperature channel, -128 to 127."""
        self.clip_is_error = True
        self.clips: list[tuple[int, str, float]] = []
        """Clipped samples that were computed: time in ns, input, volts; in order of time."""
        self._clips_before = 0
        self._first_clip_ns: int | None = None
        self._alarm = host.timer(self._report, f"{name}.clip")

    def reset(self) -> None:
        """Forget all evidence."""
        self.clips, self._clips_before, self._first_clip_ns = [], 0, None
        self._alarm.cancel()

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
        self.clips += [found[place] for place in sorted(found)]
        self._watch()
        return result

    def drop(self, after_ns: int) -> None:
        """Samples after `after_ns` will be asked for again."""
        self.clips = [clip for clip in self.clips if clip[0] <= after_ns]
        self._watch()

    def clipped(self) -> int:
        """Clipped samples up to now."""
        now = self._host.now_ns()
        past = [clip for clip in self.clips if clip[0] <= now]
        if past and self._first_clip_ns is None:
            self._first_clip_ns = past[0][0]
        self._clips_before += len(past)
        self.clips = self.clips[len(past) :]
        return self._clips_before

    @property
    def first_clip_ns(self) -> int | None:
        """Virtual time of the first clipped sample, None if there was none."""
        self.clipped()
        return self._first_clip_ns

    def _watch(self) -> None:
        now = self._host.now_ns()
        future = next((clip[0] for clip in self.clips if clip[0] >= now), None)
        if self.clip_is_error and future is not None:
            self._alarm.arm(future)
        else:
            self._alarm.cancel()

    def _report(self) -> None:
        now = self._host.now_ns()
        for time_ns, name, volts in self.clips:
            if time_ns == now:
                raise StimulusError(
                    f"{self._name} input {name!r} is at {volts:.6g} V, outside its linear range of "
                    f"{self.full_scale_v[name]:g} V, at virtual time {now / NS_PER_S:.9f} s; "
                    "use a smaller stimulus or set ClipIsError to false"
                )

    def save(self) -> dict[str, Any]:
        """State as plain data."""
        return {"clips": list(self.clips), "before": self._clips_before, "first_ns": self._first_clip_ns}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` gave."""
        self.clips = list(saved["clips"])
        self._clips_before, self._first_clip_ns = saved["before"], saved["first_ns"]
        self._watch()
