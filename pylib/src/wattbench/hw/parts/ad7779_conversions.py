"""The conversions of an AD7779: their rate, the words computed ahead, data-ready and frames, saturation flags.

The output rate is MCLK / 4 (high resolution) or MCLK / 8 by the decimation. A new rate counts from the newest sample.
Conversions stand while START or SPI_SYNC is low and begin anew when both are high, all channels at once; the filter is
taken as settled from the first sample on.
"""

from __future__ import annotations

import struct
from fractions import Fraction

import numpy as np

from wattbench.core.host import Host
from wattbench.core.registers import load_table
from wattbench.core.wires import AudioFrame, AudioWire
from wattbench.hw.parts.ad7779_frames import MODULATOR_SATURATED, RESET_DETECTED, words
from wattbench.hw.parts.ad7779_front import CHANNELS, Ad7779Front, ChannelSettings
from wattbench.hw.parts.conversions import Conversions

TABLE = load_table("wattbench.hw.parts", "ad7779")
MCLK_HZ = 8_192_000
REFERENCE_V = 2.5
WORD_BITS = 32
SAMPLE = struct.Struct(f"<{CHANNELS}I")
ADDRESSES = 0x80
LINE_COUNTS = (4, 2, 1, 1)
_CONFIG1, _CONFIG2, _FORMAT = (
    TABLE[name] for name in ("GENERAL_USER_CONFIG_1", "GENERAL_USER_CONFIG_2", "DOUT_FORMAT")
)
_AT = {name: offset for name, offset, _, _ in TABLE.instances()}
"""SPI address of each register."""


class Ad7779Conversions(Conversions):
    """The converter without SPI, which `Ad7779` adds.

    Outputs: `DRDY`, a pulse of no length at each sample, and `DOUT`, the frames. `analog` takes the source of volts at
    "ch0" to "ch7". The state of its registers is in `registers`, a byte for each address.
    """

    default_output = "DOUT"

    front: Ad7779Front

    def __init__(self, host: Host, name: str, crystal_error_ppm: Fraction, reference_v: float) -> None:
        self.front = Ad7779Front(host, name, reference_v, self._changed)
        self.analog = self.front.port
        super().__init__(host, name)
        self._crystal_error_ppm = crystal_error_ppm
        self._drdy = self.output("DRDY")
        self.wire = AudioWire()
        self.output("DOUT", self.wire)
        self._edge = self.timer("edge", self._on_sample)
        self.registers = self._reset_values()
        self._marks = b""
        """For each sample of the block the channels whose input and whose code was too large, a byte each."""
        self._latched = 0
        """The last sample whose marks are in the registers."""
        self._decimation = Fraction(1)

    @staticmethod
    def _reset_values() -> list[int]:
        values = [0] * ADDRESSES
        for _, offset, register, number in TABLE.instances():
            values[offset] = register.reset_of(number)
        return values

    def value(self, name: str) -> int:
        """What the register `name` holds."""
        return self.registers[_AT[name]]

    @property
    def crystal_error_ppm(self) -> Fraction:
        """Error of MCLK in parts per million, exact."""
        return self._crystal_error_ppm

    @crystal_error_ppm.setter
    def crystal_error_ppm(self, ppm: Fraction | float | str) -> None:
        self._crystal_error_ppm = Fraction(str(ppm))
        self._retune()

    @property
    def mclk_hz(self) -> Fraction:
        """Frequency of MCLK."""
        return MCLK_HZ * (1 + self._crystal_error_ppm / 1_000_000)

    @property
    def modulator_hz(self) -> Fraction:
        """Frequency of the modulators."""
        return self.mclk_hz / (4 if self.value("GENERAL_USER_CONFIG_1") & _CONFIG1["POWERMODE"].mask else 8)

    @property
    def rate_hz(self) -> Fraction:
        """Samples in a second."""
        return self.modulator_hz / self._decimation

    @property
    def dclk_hz(self) -> Fraction:
        """Bit clock of the frames."""
        return self.mclk_hz / (1 << _FORMAT["DCLK_CLK_DIV"].get(self.value("DOUT_FORMAT")))

    @property
    def data_lines(self) -> int:
        """Data lines in use."""
        return LINE_COUNTS[_FORMAT["DOUT_FORMAT"].get(self.value("DOUT_FORMAT"))]

    def _period(self) -> int:
        return 1

    def _load_decimation(self) -> None:
        whole = (self.value("SRC_N_MSB") & 15) << 8 | self.value("SRC_N_LSB")
        part = self.value("SRC_IF_MSB") << 8 | self.value("SRC_IF_LSB")
        self._decimation = max(Fraction(1), whole + Fraction(part, 65536))

    def channel(self, number: int) -> ChannelSettings:
        """The registers of a channel."""
        offset = int.from_bytes(self._three("OFFSET", number), "big", signed=True)
        gain = TABLE["CH{n}_CONFIG"]["GAIN"].get(self.value(f"CH{number}_CONFIG"))
        scale = 1
        while 256 * scale <= self._decimation:
            scale *= 2
        delay = self.value(f"CH{number}_SYNC_OFFSET") * scale / self.modulator_hz
        return ChannelSettings(
            not self.value("CH_DISABLE") >> number & 1, 1 << gain, float(delay), offset,
            int.from_bytes(self._three("GAIN", number), "big"),
        )  # fmt: skip

    def _three(self, what: str, number: int) -> bytes:
        return bytes(self.value(f"CH{number}_{what}_{part}_BYTE") for part in ("UPPER", "MID", "LOWER"))

    # ---- the run of conversions

    def _stop(self) -> None:
        self._latch()
        self._end_run()
        self._marks, self._latched = b"", 0
        self._end_frames()

    def _start(self, at_ns: int) -> None:
        self._stop()
        self._begin_run(self.rate_hz, 0, at_ns)
        self._begin_frames()

    def _retune(self) -> None:
        """Go on at the present rate, counted from the newest sample."""
        if self._running and self._hz != self.rate_hz:
            now, last = self.host.now_ns(), self.last_sample_ns
            start = self._anchor_ns if last is None or last < self._anchor_ns else last
            if start - -NS // self.rate_hz <= now:
                start = now
            self._start(start)

    def _begin_frames(self) -> None:
        self._edge.arm(self._sample_ns(1))

    def _end_frames(self) -> None:
        self._edge.cancel()

    def _on_sample(self) -> None:
        index = self._index()
        if index >= self._valid_until:
            self._fill()
        sample = SAMPLE.unpack_from(self._block, SAMPLE.size * (index - self._block_first))
        self._edge.arm(self._sample_ns(index + 1))
        self._send(sample)

    def _send(self, sample: tuple[int, ...]) -> None:
        """Data-ready, and the frame of a sample."""
        self._drdy.set(True)
        self._drdy.set(False)
        lines = self.data_lines
        share = CHANNELS // lines
        rows = tuple(sample[share * line : share * (line + 1)] for line in range(lines))
        self.wire.port.begin(AudioFrame(self.host.now_ns(), self.dclk_hz, (WORD_BITS,) * share, rows))

    def _compute(self, samples: range) -> bytes:
        self._latch()
        channels = [self.channel(number) for number in range(CHANNELS)]
        codes, beyond, saturated = self.front.codes(samples, self._clock(), channels)
        marks = np.packbits(np.stack((beyond, saturated), axis=1), axis=2, bitorder="little")
        self._marks = marks.tobytes()
        enables = self.value("CHX_ERR_REG_EN")
        looked_for = TABLE["CHX_ERR_REG_EN"]
        alert = np.zeros(len(samples), dtype=np.bool_)
        for marked, name in ((beyond, "MOD_SAT"), (saturated, "OUTPUT_SAT")):
            if enables & looked_for[name].mask:
                alert |= marked.any(axis=1)
        alert = np.maximum.accumulate(alert) | self.has_error
        errors = None
        if not self.value("DOUT_FORMAT") & _FORMAT["DOUT_HEADER_FORMAT"].mask:
            reset = RESET_DETECTED if self.value("GEN_ERR_REG_2") & TABLE["GEN_ERR_REG_2"]["RESET_DETECTED"].mask else 0
            errors = np.where(beyond, np.uint32(MODULATOR_SATURATED), np.uint32(0)) | np.uint32(reset)
        return words(codes, alert, errors).tobytes()

    # ---- errors

    def _latch(self) -> None:
        """Put the marks of samples taken by now into the registers."""
        index = min(self._index(), self._valid_until - 1)
        first = max(self._latched + 1, self._block_first)
        if index < first or not self._marks:
            return
        taken = self._marks[2 * (first - self._block_first) : 2 * (index + 1 - self._block_first)]
        self._latched = index
        if not any(taken):
            return
        enables, looked_for = self.value("CHX_ERR_REG_EN"), TABLE["CHX_ERR_REG_EN"]
        for place, name in ((0, "MOD_SAT"), (1, "OUTPUT_SAT")):
            channels = 0
            for mask in taken[place::2]:
                channels |= mask
            for number in range(CHANNELS if enables & looked_for[name].mask else 0):
                if channels >> number & 1:
                    field = TABLE["CH{n}_SAT_ERR"][("ODD_" if number % 2 else "EVEN_") + name]
                    self.registers[TABLE["CH{n}_SAT_ERR"].offset + number // 2] |= field.mask

    @property
    def has_error(self) -> bool:
        """Whether any error that is looked for has been latched and not read."""
        errors = range(TABLE["CH{n}_ERR_REG"].offset, TABLE["CHX_ERR_REG_EN"].offset)
        return any(self.registers[address] for address in (*errors, _AT["GEN_ERR_REG_1"], _AT["GEN_ERR_REG_2"]))


NS = 1_000_000_000
