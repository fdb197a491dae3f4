"""The conversions of an ADE7913: its sample clock, the codes computed ahead, DREADY, and the evidence of samples.

Sample k of a device is taken exactly k periods after its start (less what the start presets the counter to). A period
is 512 << ADC_FREQ cycles of the 4.096 MHz crystal. DREADY goes low at each sample for `DREADY_CYCLES` of them.

The width of DREADY is an assumption that no public driver relies on.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any

from wattbench.core.clock import TickClock
from wattbench.core.host import Host
from wattbench.core.model import Model
from wattbench.core.registers import load_table
from wattbench.core.wires import Line
from wattbench.hw.parts.ade7913_front import Ade7913Front

TABLE = load_table("wattbench.hw.parts", "ade7913")
CRYSTAL_HZ = 4_096_000
BASE_PERIOD = 512
DREADY_CYCLES = 8
BLOCK_SAMPLES = 512
"""Samples computed at a time."""
_CONFIG = TABLE["CONFIG"]


class Ade7913Conversions(Model):
    """The converter without registers and SPI, which `Ade7913` adds.

    Output: `DREADY`. `analog` takes the source of volts at "i", "v1" and "v2". `front` has the scales, errors and
    `clip_is_error`. Evidence: `samples_taken`, `last_sample_ns`, `clipped_samples`.
    """

    on_chip = False
    default_output = "DREADY"

    def __init__(self, host: Host, name: str, crystal_error_ppm: Fraction) -> None:
        super().__init__(host, name)
        self.front = Ade7913Front(host, name, self._changed)
        self.analog = self.front.port
        self._dready = self.output("DREADY", Line(True))
        self._edge = self.timer("edge", self._on_edge)
        self._refill = self.timer("refill", self._fill)
        self._crystal_error_ppm = crystal_error_ppm
        self._clear()

    @property
    def crystal_error_ppm(self) -> Fraction:
        """Error of the crystal in parts per million, exact."""
        return self._crystal_error_ppm

    @crystal_error_ppm.setter
    def crystal_error_ppm(self, ppm: Fraction | float | str) -> None:
        counter = self._counter_now()
        self._crystal_error_ppm = Fraction(str(ppm))
        if self._running:
            self._start(counter, self.host.now_ns())

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
        return self._clock().time_of(index * self._period() - self._preset) if index else self._before_ns

    @property
    def clipped_samples(self) -> int:
        """Samples outside the linear range so far."""
        return self.front.clipped()

    @property
    def first_clip_ns(self) -> int | None:
        """Virtual time of the first of `clipped_samples`."""
        return self.front.first_clip_ns

    def _clear(self) -> None:
        self._config = 0
        """The register CONFIG, which decides the period and what is measured."""
        self._before = 0
        """Samples of the runs of conversions before the present one."""
        self._before_ns: int | None = None
        self._held = (0, 0, 0)
        self._running = False
        self._preset, self._anchor_ns, self._hz = 0, 0, Fraction(CRYSTAL_HZ)
        self._block, self._block_first, self._valid_until = b"", 1, 1

    def reset(self) -> None:
        """Power on, without conversions yet."""
        super().reset()
        self.front.reset()
        self._clear()

    def _clock(self) -> TickClock:
        return TickClock(self._hz, self._anchor_ns)

    def _period(self) -> int:
        return BASE_PERIOD << _CONFIG["ADC_FREQ"].get(self._config)

    def _ticks(self) -> int:
        return max(0, self._clock().ticks_at(self.host.now_ns()))

    def _index(self) -> int:
        """Number of the newest sample since the last start, 0 if there is none yet."""
        return (self._preset + self._ticks()) // self._period() if self._running else 0

    def _counter_now(self) -> int:
        return (self._preset + self._ticks()) % self._period() if self._running else 0

    def _codes(self) -> tuple[int, int, int]:
        """The newest sample."""
        index = self._index()
        if not index:
            return self._held
        if index >= self._valid_until:
            self._fill()
        current, v1, v2 = struct.unpack_from("<3i", self._block, 12 * (index - self._block_first))
        return current, v1, v2

    def _stop(self) -> None:
        """End the present run of conversions; the newest sample stays readable."""
        if self._running:
            self._before_ns = self.last_sample_ns
            self._held = self._codes()
            self._before = self.samples_taken
            self._running = False
        self.front.drop(self.host.now_ns())
        self._block, self._block_first, self._valid_until = b"", 1, 1
        self._edge.cancel()
        self._refill.cancel()
        self._dready.set(True)

    def _start(self, counter: int, at_ns: int) -> None:
        self._stop()
        self._hz = CRYSTAL_HZ * (1 + self._crystal_error_ppm / 1_000_000)
        self._anchor_ns, self._preset, self._running = at_ns, counter % self._period(), True
        first = self._clock().time_of(self._period() - self._preset)
        self._edge.arm(first)
        self._refill.arm(first)

    def _on_edge(self) -> None:
        index, period = self._index(), self._period()
        low = self._dready.level
        tick = index * period - self._preset + DREADY_CYCLES if low else (index + 1) * period - self._preset
        self._edge.arm(self._clock().time_of(tick))
        self._dready.set(not low)

    def _fill(self) -> None:
        """Compute the next block, unless a read has already asked for it."""
        if self._index() < self._valid_until:
            return
        samples = range(self._valid_until, self._valid_until + BLOCK_SAMPLES)
        codes = self.front.codes(samples, self._clock(), self._period(), self._preset, self._config)
        self._block, self._block_first = codes.tobytes(), self._valid_until
        self._valid_until += BLOCK_SAMPLES
        self._plan_refill()

    def _plan_refill(self) -> None:
        self._refill.arm(self._clock().time_of(self._valid_until * self._period() - self._preset))

    def _changed(self, from_ns: int) -> None:
        """The analog source is different from `from_ns` on: samples from there that are not taken yet are void."""
        if not self._running:
            return
        clock, period = self._clock(), self._period()
        first = -(-(clock.ticks_at(max(from_ns, self._anchor_ns) - 1) + 1 + self._preset) // period)
        first = max(first, self._index() + 1)
        if first < self._valid_until:
            self._valid_until = first
            self.front.drop(clock.time_of(first * period - self._preset) - 1)
            self._plan_refill()

    def save(self) -> dict[str, Any]:
        """See `Model.save`."""
        return {**super().save(), "front": self.front.save()}

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        self.front.restore(saved["front"])
