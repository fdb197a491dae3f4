"""What converters share that compute their samples ahead of time: runs of conversions, blocks, and evidence.

Sample k of a run is taken exactly k periods after its start (less what the start presets the counter to).
"""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from typing import Any

from wattbench.core.clock import TickClock
from wattbench.core.host import Host
from wattbench.core.model import Model
from wattbench.hw.parts.converter_front import ConverterFront

BLOCK_SAMPLES = 512
"""Samples computed at a time."""


class Conversions(Model):
    """Samples of a converter in blocks. A subclass computes a block and says how long a period is.

    Evidence: `samples_taken`, `last_sample_ns`, `clipped_samples`. `front` has the scales, errors and `clip_is_error`.
    """

    on_chip = False

    front: ConverterFront

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self._refill = self.timer("refill", self._fill)
        self._clear_run()

    def _clear_run(self) -> None:
        self._before = 0
        """Samples of the runs of conversions before the present one."""
        self._before_ns: int | None = None
        self._running = False
        self._preset, self._anchor_ns, self._hz = 0, 0, Fraction(1)
        self._block, self._block_first, self._valid_until = b"", 1, 1

    @abstractmethod
    def _period(self) -> int:
        """Ticks of the clock from one sample to the next."""

    @abstractmethod
    def _compute(self, samples: range) -> bytes:
        """The block of these samples."""

    @property
    def clip_is_error(self) -> bool:
        """Whether a clipped sample raises StimulusError."""
        return self.front.clip_is_error

    @clip_is_error.setter
    def clip_is_error(self, value: bool) -> None:
        self.front.clip_is_error = value

    @property
    def full_scale_v(self) -> dict[str, float]:
        """Linear range of each input in volts."""
        return self.front.full_scale_v

    @property
    def samples_taken(self) -> int:
        """Samples since power-on."""
        return self._before + self._index()

    @property
    def last_sample_ns(self) -> int | None:
        """Virtual time of the newest sample, None before the first."""
        index = self._index()
        return self._sample_ns(index) if index else self._before_ns

    @property
    def clipped_samples(self) -> int:
        """Samples outside the linear range so far."""
        return self.front.clipped()

    @property
    def first_clip_ns(self) -> int | None:
        """Virtual time of the first of `clipped_samples`."""
        return self.front.first_clip_ns

    # ---- the run of conversions

    def _clock(self) -> TickClock:
        return TickClock(self._hz, self._anchor_ns)

    def _sample_ns(self, index: int, ticks: int = 0) -> int:
        """Time of sample `index` of this run, or `ticks` after it."""
        return self._clock().time_of(index * self._period() - self._preset + ticks)

    def _ticks(self) -> int:
        return max(0, self._clock().ticks_at(self.host.now_ns()))

    def _index(self) -> int:
        """Number of the newest sample since the last start, 0 if there is none yet."""
        return (self._preset + self._ticks()) // self._period() if self._running else 0

    def _end_run(self) -> None:
        """End the present run of conversions."""
        if self._running:
            self._before_ns = self.last_sample_ns
            self._before = self.samples_taken
            self._running = False
        self.front.drop(self.host.now_ns())
        self._block, self._block_first, self._valid_until = b"", 1, 1
        self._refill.cancel()

    def _begin_run(self, hz: Fraction, preset: int, at_ns: int) -> None:
        """Convert from `at_ns` on; the first sample comes `preset` ticks earlier than a period after it."""
        self._hz, self._anchor_ns, self._preset, self._running = hz, at_ns, preset, True
        self._refill.arm(self._sample_ns(1))

    def _fill(self) -> None:
        """Compute the next block, unless a read has already asked for it."""
        if self._index() < self._valid_until:
            return
        samples = range(self._valid_until, self._valid_until + BLOCK_SAMPLES)
        self._block = self._compute(samples)
        self._block_first = samples.start
        self._valid_until = samples.stop
        self._plan_refill()

    def _plan_refill(self) -> None:
        self._refill.arm(self._sample_ns(self._valid_until))

    def _changed(self, from_ns: int) -> None:
        """The analog source is different from `from_ns` on: samples from there that are not taken yet are void."""
        if not self._running:
            return
        tick = self._clock().ticks_at(max(from_ns, self._anchor_ns) - 1) + 1
        first = max(-(-(tick + self._preset) // self._period()), self._index() + 1)
        if first < self._valid_until:
            self._valid_until = first
            self.front.drop(self._sample_ns(first) - 1)
            self._plan_refill()

    def reset(self) -> None:
        """Power on, without conversions yet."""
        super().reset()
        self.front.reset()

    def save(self) -> dict[str, Any]:
        """See `Model.save`."""
        return {**super().save(), "front": self.front.save()}

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        self.front.restore(saved["front"])
