"""Twin of the ADE7913."""

from __future__ import annotations

import ctypes as c
from fractions import Fraction
from functools import partial
from typing import Any

from wattbench.core.clock import TickClock
from wattbench.engines.embedded.machine import Machine
from wattbench.engines.embedded.twins.binding import DROP, REFILL, TEMPOS, ConverterHost, library
from wattbench.engines.embedded.twins.twin import Twin
from wattbench.hw.parts.ade7913 import Ade7913
from wattbench.hw.parts.ade7913_conversions import CRYSTAL_HZ, TABLE
from wattbench.hw.parts.ade7913_front import Ade7913Front

NEVER_US = 10**15


class NativeAde7913(Twin):
    """Twin of `Ade7913`; volts become codes in Python, in the same `Ade7913Front`."""

    on_chip = False
    table, type_name, default_output = TABLE, Ade7913.type_name, "DREADY"

    def __init__(
        self, host: Machine, name: str, crystal_error_ppm: Fraction | float | str = 0, reset_duration_us: int = 0
    ) -> None:
        """See `Ade7913`."""
        self.front = Ade7913Front(host, name, self._changed)
        self.analog = self.front.port
        self._hz = Fraction(CRYSTAL_HZ)
        wrap = host.callback
        self._converter = ConverterHost(
            REFILL(wrap(self._refill)),
            DROP(wrap(self.front.drop)),
            TEMPOS(wrap(lambda: self.front.tempos & 0xFF, 0)),
        )
        super().__init__(host, name, library().wb_ade7913_new(host.handle, c.byref(self._converter)))
        self.reset_duration_us = reset_duration_us
        self.lib.wb_block_map(self.handle, 0, 0, 0)
        self.line("DREADY", partial(self.lib.wb_ade7913_dready, self.handle))
        self.crystal_error_ppm = Fraction(str(crystal_error_ppm))

    def _refill(self, first: int, count: int, *terms: int) -> None:
        """Fill in codes; the arguments are those of `wb_ade7913_host.refill`."""
        anchor_ns, period, preset, config, out = terms
        codes = self.front.codes(range(first, first + count), TickClock(self._hz, anchor_ns), period, preset, config)
        c.memmove(out, codes.ctypes.data, codes.nbytes)

    def _changed(self, from_ns: int) -> None:
        self.lib.wb_ade7913_changed(self.handle, from_ns)

    def map_native(self, base: int, size: int, cores: int) -> None:
        """The part is on no bus."""

    @property
    def crystal_error_ppm(self) -> Fraction:
        """Error of the crystal in parts per million, exact."""
        return self._crystal_error_ppm

    @crystal_error_ppm.setter
    def crystal_error_ppm(self, ppm: Fraction | float | str) -> None:
        self._crystal_error_ppm = Fraction(str(ppm))
        self._hz = CRYSTAL_HZ * (1 + self._crystal_error_ppm / 1_000_000)
        self.lib.wb_ade7913_crystal(self.handle, self._hz.numerator, self._hz.denominator)

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
        return int(self.lib.wb_ade7913_samples(self.handle))

    @property
    def last_sample_ns(self) -> int | None:
        """Virtual time of the newest sample, None before the first."""
        time_ns = int(self.lib.wb_ade7913_last_sample_ns(self.handle))
        return time_ns if time_ns >= 0 else None

    @property
    def overruns(self) -> int:
        """See `Ade7913.overruns`."""
        return int(self.lib.wb_ade7913_overruns(self.handle))

    @property
    def clipped_samples(self) -> int:
        """Samples outside the linear range so far."""
        return self.front.clipped()

    @property
    def first_clip_ns(self) -> int | None:
        """Virtual time of the first of `clipped_samples`."""
        return self.front.first_clip_ns

    def on_input(self, number: int, level: bool) -> None:
        """See `Ade7913`."""
        if number > 1:
            raise TypeError(f"{self.name} ({self.type_name}) has no input {number}")
        self.lib.wb_ade7913_input(self.handle, number, level)

    @property
    def reset_duration_us(self) -> int:
        """How long a reset takes."""
        return self._reset_duration_us

    @reset_duration_us.setter
    def reset_duration_us(self, value: int) -> None:
        self._reset_duration_us = value
        self.lib.wb_ade7913_reset_duration(self.handle, value * 1000)

    def reset(self) -> None:
        """See `Model.reset`."""
        self.front.reset()
        super().reset()

    def power_off(self) -> None:
        """See `Ade7913.power_off`: the native part stands in a reset that does not end before the next one."""
        usual, self.reset_duration_us = self.reset_duration_us, NEVER_US
        self.reset()
        self.reset_duration_us = usual

    def save(self) -> dict[str, Any]:
        """See `Twin`."""
        return {"front": self.front.save(), "crystal_error_ppm": self._crystal_error_ppm}

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Twin`."""
        self.front.restore(saved["front"])
        # The native part has its frequency back already.
        self._crystal_error_ppm = saved["crystal_error_ppm"]
        self._hz = CRYSTAL_HZ * (1 + self._crystal_error_ppm / 1_000_000)
