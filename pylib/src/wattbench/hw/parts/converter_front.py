"""The analog side that converters share: their inputs, errors of the channels, and the evidence of clipping."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench.core.analog import AnalogPort
from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError
from wattbench.core.host import Host

CodeArray = NDArray[np.int32]


class ConverterFront:
    """Inputs of a converter that asks for volts ahead of time, and the clipped samples among them."""

    full_scale_v: dict[str, float]
    """Largest magnitude at each input that becomes a code of its own."""

    def __init__(self, host: Host, name: str, inputs: tuple[str, ...], on_change: Callable[[int], None]) -> None:
        self._host, self._name = host, name
        self.port = AnalogPort(inputs, on_change)
        self.gain_error = dict.fromkeys(inputs, 0.0)
        """Relative gain error of each channel."""
        self.offset_v = dict.fromkeys(inputs, 0.0)
        """Offset of each channel, volts at the pin."""
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

    def note_clips(self, clips: Iterable[tuple[int, str, float]]) -> None:
        """Clipped samples of a block, one for each instant: time in ns, input, volts; in order of time."""
        self.clips += clips
        self._watch()

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
