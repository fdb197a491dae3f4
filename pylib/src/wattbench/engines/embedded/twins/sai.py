"""Twin of the SAI."""

from __future__ import annotations

import ctypes as c
from fractions import Fraction
from functools import partial

from wattbench.core.clock import ClockInput, ClockSource, root_of
from wattbench.core.errors import UsageError
from wattbench.core.wires import AudioFrame, AudioPort, AudioWire
from wattbench.engines.embedded.machine import Machine
from wattbench.engines.embedded.twins.binding import AUDIO_FRAME, SUPPLY, AudioFrameData, SaiHost, library
from wattbench.engines.embedded.twins.lines import NativeRequest
from wattbench.engines.embedded.twins.twin import Clocked
from wattbench.hw.imxrt.sai import RECEIVER, TRANSMITTER, Sai
from wattbench.hw.imxrt.sai_direction import LINES

WORDS = 32


class NativeAudioPort(AudioPort):
    """A port of a native SAI; native devices begin frames at `sai` without Python."""

    __slots__ = ("sai",)

    def __init__(self, sai: int) -> None:
        super().__init__()
        self.sai = sai


def put_frame(data: AudioFrameData, frame: AudioFrame) -> None:
    """Write a frame for C; more than it can hold is cut off, as a SAI has no longer frames."""
    data.start_ns, data.hz_num, data.hz_den = frame.start_ns, frame.bit_hz.numerator, frame.bit_hz.denominator
    data.count, data.lines = min(len(frame.widths), WORDS), min(len(frame.lines), LINES)
    for number, width in enumerate(frame.widths[:WORDS]):
        data.widths[number] = width
    for row, words in zip(data.words, frame.lines, strict=False):
        for number, word in enumerate(words[:WORDS]):
            row[number] = word


def get_frame(data: AudioFrameData) -> AudioFrame:
    """A frame that C has written."""
    lines = tuple(tuple(row[: data.count]) for row in data.words[: data.lines])
    return AudioFrame(data.start_ns, Fraction(data.hz_num, data.hz_den), tuple(data.widths[: data.count]), lines)


class NativeSai(Clocked):
    """Twin of `Sai`."""

    table, size, type_name, default_output = Sai.table, Sai.size, Sai.type_name, "IRQ"

    def __init__(
        self,
        host: Machine,
        name: str,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "",
        bus_root: str = "BUS",
        frequency: int = 24_000_000,
        lines: int = LINES,
        version: int = 0x0301_0000,
    ) -> None:
        """See `Sai`."""
        if not 1 <= lines <= LINES:
            raise UsageError(f"{name}: a SAI has 1 to {LINES} data lines a direction, not {lines}")
        self._bus_clock = ClockInput(clocks, bus_root, frequency)
        self._ports: tuple[AudioPort, ...] = ()
        wrap = host.callback
        self._sai_host = SaiHost(SUPPLY(wrap(self._supply)), AUDIO_FRAME(wrap(self._sent)))
        handle = library().wb_sai_new(host.handle, c.byref(self._sai_host), version, lines)
        super().__init__(host, name, handle, ClockInput(clocks, root_of(clock_root, name), frequency))
        self.tx, self.rx = NativeAudioPort(handle), NativeAudioPort(handle)
        self._ports = (self.tx, self.rx)
        self.tx.begin, self.rx.begin = partial(self._begin, 0), partial(self._begin, 1)
        for number, key in enumerate(("IRQ", "RX_IRQ", "TX_IRQ")):
            self.line(key, partial(self.lib.wb_sai_line, handle, number))
        self.outputs["RxDma"] = NativeRequest(host, self.lib.wb_sai_request(handle, 1))
        self.outputs["TxDma"] = NativeRequest(host, self.lib.wb_sai_request(handle, 0))

    def connect_input(self, number: int, wire: AudioWire) -> None:
        """See `Sai.connect_input`."""
        if number not in (RECEIVER, TRANSMITTER) or not isinstance(wire, AudioWire):
            raise TypeError(f"{self.name} takes audio wires at inputs 0 and 1")
        wire.port = self.rx if number == RECEIVER else self.tx

    def _begin(self, receiver: int, frame: AudioFrame) -> None:
        data = AudioFrameData()
        put_frame(data, frame)
        self.lib.wb_sai_begin(self.handle, receiver, c.byref(data))

    def _supply(self, receiver: int, data: c._Pointer[AudioFrameData]) -> None:
        frame = get_frame(data.contents)
        if frame.widths:
            put_frame(data.contents, frame._replace(lines=self._ports[receiver].supply(frame)))

    def _sent(self, data: c._Pointer[AudioFrameData]) -> None:
        self.tx.sent(get_frame(data.contents))

    def _reclock(self) -> None:
        for source, clock in enumerate((self._bus_clock, self._clock)):
            hz = clock.hz
            self.lib.wb_sai_clock(self.handle, source, hz.numerator, hz.denominator)
        self.lib.wb_sai_clocked(self.handle)

    def feature(self, number: int, which: int) -> str:
        """See `Twin`."""
        side = "R" if which else "T"
        if number < 4:
            return f"{side}CR4.FSD {number >> 1} with {side}CR2.BCD {number & 1}"
        return f"{side}CR2.MSEL {number - 4}"
