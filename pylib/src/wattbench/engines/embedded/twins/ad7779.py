"""Twin of the AD7779: its frames go from the native core to a native SAI; the rest is the model itself."""

from __future__ import annotations

import weakref
from fractions import Fraction
from typing import Any

from wattbench.engines.embedded.machine import Machine
from wattbench.engines.embedded.twins.binding import REFILL_FRAMES, library
from wattbench.engines.embedded.twins.sai import NativeAudioPort
from wattbench.engines.trace import TraceKind
from wattbench.hw.parts.ad7779 import Ad7779
from wattbench.hw.parts.ad7779_conversions import REFERENCE_V


class NativeAd7779(Ad7779):
    """Twin of `Ad7779`. It sends frames from Python if they do not end at a native SAI or somebody watches `DRDY`."""

    def __init__(
        self,
        host: Machine,
        name: str,
        crystal_error_ppm: Fraction | float | str = 0,
        reference_v: float = REFERENCE_V,
        init_time_us: int = 225,
    ) -> None:
        """See `Ad7779`."""
        self._lib = library()
        self._refilled = REFILL_FRAMES(host.callback(self._fill))
        self._stream = self._lib.wb_ad7779_new(host.handle, self._refilled)
        self._given = b""
        """The block that the native core has."""
        self._machine, self._traced = host, 0
        weakref.finalize(self, self._lib.wb_block_free, self._stream).atexit = False
        super().__init__(host, name, crystal_error_ppm, reference_v, init_time_us)

    def _begin_frames(self) -> None:
        port = self.wire.port
        if not isinstance(port, NativeAudioPort) or self._drdy.is_watched:
            super()._begin_frames()
            return
        hz = self._hz
        self._give()
        self._lib.wb_ad7779_start(self._stream, port.sai, self._anchor_ns, hz.numerator, hz.denominator)

    def _end_frames(self) -> None:
        super()._end_frames()
        self._lib.wb_ad7779_stop(self._stream)

    def trace_ready(self, number: int) -> None:
        """Let the machine's trace have the edges of data-ready under a number, whoever sends the frames; 0: no more."""
        self._traced = number
        self._lib.wb_ad7779_trace(self._stream, number)

    def _send(self, sample: tuple[int, ...]) -> None:
        for level in (1, 0) if self._traced else ():
            self._lib.wb_trace_tell(self._machine.handle, TraceKind.EDGE, self._traced, level)
        super()._send(sample)

    def _give(self) -> None:
        """Let the native core have the present block and format."""
        block = None if self._block is self._given else self._block
        self._given = self._block
        self._lib.wb_ad7779_block(self._stream, self._block_first, self._valid_until, block or None)
        dclk_hz = self.dclk_hz
        self._lib.wb_ad7779_format(self._stream, self.data_lines, dclk_hz.numerator, dclk_hz.denominator)

    def _fill(self) -> None:
        super()._fill()
        self._give()

    def _changed(self, from_ns: int) -> None:
        super()._changed(from_ns)
        self._give()

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`; the native core has its part back already."""
        super().restore(saved)
        self._given = self._block
