"""The ADE7913 isolated converter of electricity meters: three channels, SPI with burst reads, broadcast SYNC.

Conversions start anew at a reset, a change of ADC_FREQ or PWRDWN, and SYNC (from what COUNTER0/1 preset), so devices
that saw one SYNC sample together. A burst read holds the sample that was newest at the end of its command byte; bytes
shifted out where nothing is defined (during the command, after the last register) are zero. Eight zero bytes in a row
while selected reset the chip. SYNC_SNAP and LOCK can be written while the configuration is locked.

ADC_NA being cleared by reading STATUS1 and the bit order of ADC_CRC (polynomial 0x1021, start 0xFFFF, most significant
bit first) are assumptions that no public driver relies on.
"""

from __future__ import annotations

from fractions import Fraction

from wattbench.core.host import Host
from wattbench.core.model import model
from wattbench.hw.parts.ade7913_conversions import TABLE, Ade7913Conversions

_CONFIG, _STATUS0, _SYNC_SNAP = TABLE["CONFIG"], TABLE["STATUS0"], TABLE["SYNC_SNAP"]
_NAMES = {register.offset: name for name, register in TABLE.registers.items()}
_READ, _LOCK, _UNLOCK = 0x04, 0xCA, 0x9C
RESET_BYTES = 8


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 8
        for _ in range(8):
            value = value << 1 ^ (0x1021 if value & 0x8000 else 0)
        table.append(value & 0xFFFF)
    return table


_CRC = _crc_table()


def crc16(data: bytes) -> int:
    """CRC of ADC_CRC over the nine bytes of the channels."""
    crc = 0xFFFF
    for byte in data:
        crc = crc << 8 & 0xFFFF ^ _CRC[crc >> 8 ^ byte]
    return crc


@model("Wattbench.Ade7913")
class Ade7913(Ade7913Conversions):
    """One ADE7913.

    Input 0: level of the select pin while its pad is a GPIO; input 1: the pad is a GPIO. Output: `DREADY`.
    `analog` takes the source of volts at "i", "v1" and "v2". `front` has the scales, errors and `clip_is_error`.
    Evidence: `samples_taken`, `last_sample_ns`, `overruns` (samples skipped between two reads), `clipped_samples`.
    """

    missing = ("droop and delay of the decimation filter: the mains lab has a sinc3 stage to put in front",)
    state_names = (
        "_config", "_emi", "_counter", "_snapshot", "_locked", "_ready_ns", "_anchor_ns", "_preset", "_hz", "_running",
        "_before", "_before_ns", "_held", "_block", "_block_first", "_valid_until", "_last_read", "_na_until",
        "_na", "_overruns", "_levels", "_pcs", "_listening", "_position", "_command", "_out", "_bit", "_shift_in",
        "_shift_out",
        "_zeros",
    )  # fmt: skip

    def __init__(
        self, host: Host, name: str, crystal_error_ppm: Fraction | float | str = 0, reset_duration_us: int = 0
    ) -> None:
        """`crystal_error_ppm` is exact (also as text); RESET_ON stays 1 for `reset_duration_us` after a reset."""
        super().__init__(host, name, Fraction(str(crystal_error_ppm)))
        self.reset_duration_us = reset_duration_us
        self._levels = [False, False]
        self._forget()
        self._chip_reset()

    @property
    def overruns(self) -> int:
        """Samples that came and went between two reads of data, within one run of conversions."""
        return self._overruns

    def _forget(self) -> None:
        self._overruns = 0
        self._last_read = -1
        self._pcs = self._listening = False

    def reset(self) -> None:
        """Power on; input levels come from outside and stay."""
        super().reset()
        self._forget()
        self._chip_reset()
        self._update_select()

    def _chip_reset(self) -> None:
        """What the reset command, SWRST and power-on do."""
        self._stop()
        self._config, self._emi, self._counter, self._snapshot = (
            TABLE[name].reset for name in ("CONFIG", "EMI_CTRL", "COUNTER0", "CNT_SNAPSHOT")
        )
        self._locked, self._na = False, False
        self._na_until = self._before
        self._position, self._command, self._out, self._zeros = 0, 0, b"", 0
        self._bit, self._shift_in, self._shift_out = 0, 0, 0
        self._ready_ns = self.host.now_ns() + self.reset_duration_us * 1000
        self._start(0, self._ready_ns)

    # ---- SPI

    def chip_select(self, asserted: bool) -> None:
        """See `SpiDevice.chip_select`."""
        self._pcs = asserted
        self._update_select()

    def on_input(self, number: int, level: bool) -> None:
        """See the class for the numbers."""
        if number > 1:
            super().on_input(number, level)
        self._levels[number] = level
        self._update_select()

    @property
    def selected(self) -> bool:
        """Whether the chip listens: by its GPIO while the pad is one, else by the controller's select."""
        return not self._levels[0] if self._levels[1] else self._pcs

    def _update_select(self) -> None:
        selected = self.selected
        if selected and not self._listening:
            self._position, self._bit, self._zeros, self._command, self._out = 0, 0, 0, 0, b""
        self._listening = selected

    def exchange(self, word: int, bits: int) -> int:
        """See `SpiDevice.exchange`."""
        answer = 0
        while bits:
            if self._bit == 0:
                place = self._position - 1
                self._shift_out = self._out[place] if 0 <= place < len(self._out) else 0
            take = min(8 - self._bit, bits)
            bits -= take
            mask = (1 << take) - 1
            self._shift_in = (self._shift_in << take | word >> bits & mask) & 0xFF
            self._bit += take
            answer = answer << take | self._shift_out >> 8 - self._bit & mask
            if self._bit == 8:
                self._bit = 0
                self._byte(self._shift_in)
        return answer

    def _byte(self, value: int) -> None:
        """A whole byte came in."""
        self._zeros = 0 if value else self._zeros + 1
        if self._zeros == RESET_BYTES:
            self._chip_reset()
            return
        if self._position == 0:
            self._command = value
            if value & _READ:
                self._out = self._read(value >> 3)
        elif self._position == 1 and not self._command & _READ:
            self._write(self._command >> 3, value)
        self._position += 1

    def _read(self, address: int) -> bytes:
        name = _NAMES.get(address)
        if name is None or not TABLE[name].modelled:
            self.host.unmodelled(self.name, f"read {name or f'+0x{address:X}'}")
            return b""
        if self.host.now_ns() < self._ready_ns and name != "STATUS0":
            return b""
        if name == "IWV":
            return self._burst()
        return self._register(name).to_bytes(TABLE[name].width // 8, "big")

    def _burst(self) -> bytes:
        channels = b"".join((code & 0xFF_FFFF).to_bytes(3, "big") for code in self._codes())
        self._note_read()
        tail = (crc16(channels), 2), (self._register("STATUS0"), 1), (self._snapshot, 2)
        return channels + b"".join(value.to_bytes(size, "big") for value, size in tail)

    def _note_read(self) -> None:
        """The newest sample was read: what came between it and the one read before is lost."""
        taken = self.samples_taken
        self._note_lost(taken)
        if self._last_read > self._before:
            self._overruns += max(0, taken - self._last_read - 1)
        self._last_read = taken

    def _note_lost(self, taken: int) -> None:
        if taken - 1 > max(self._last_read, self._na_until):
            self._na = True

    def _register(self, name: str) -> int:
        if name in ("V1WV", "V2WV"):
            code = self._codes()[1 if name == "V1WV" else 2] & 0xFF_FFFF
            self._note_read()
            return code
        if name == "ADC_CRC":
            return crc16(b"".join((code & 0xFF_FFFF).to_bytes(3, "big") for code in self._codes()))
        if name == "STATUS0":
            resetting = self.host.now_ns() < self._ready_ns
            return _STATUS0["RESET_ON"].put(0, resetting) | _STATUS0["IC_PROT"].put(0, self._locked)
        if name == "STATUS1":
            taken = self.samples_taken
            self._note_lost(taken)
            value = TABLE["STATUS1"]["ADC_NA"].put(TABLE["STATUS1"].reset, self._na)
            self._na, self._na_until = False, max(self._na_until, taken - 1)
            return value
        if name == "TEMPOS":
            return self.front.tempos & 0xFF
        values = {
            "CNT_SNAPSHOT": self._snapshot, "CONFIG": self._config, "COUNTER0": self._counter & 0xFF,
            "COUNTER1": self._counter >> 8, "EMI_CTRL": self._emi,
        }  # fmt: skip
        return values.get(name, 0)

    def _write(self, address: int, value: int) -> None:
        name = _NAMES.get(address)
        if name is None:
            self.host.unmodelled(self.name, f"write +0x{address:X}")
        elif self.host.now_ns() < self._ready_ns:
            return
        elif name == "LOCK":
            self._locked = value == _LOCK or (self._locked and value != _UNLOCK)
        elif name == "SYNC_SNAP":
            if value & _SYNC_SNAP["SNAP"].mask:
                self._snapshot = self._counter_now()
            if value & _SYNC_SNAP["SYNC"].mask and self._running:
                self._start(self._counter, self.host.now_ns())
        elif not self._locked:
            self._configure(name, value)

    def _configure(self, name: str, value: int) -> None:
        if name == "CONFIG":
            self._write_config(value)
        elif name == "EMI_CTRL":
            self._emi = value
        elif name == "COUNTER0":
            self._counter = self._counter & 0xF00 | value
        elif name == "COUNTER1":
            self._counter = self._counter & 0xFF | (value & 15) << 8

    def _write_config(self, value: int) -> None:
        if value & _CONFIG["SWRST"].mask:
            self._chip_reset()
            return
        value &= _CONFIG.masks["rw"]
        changed = value ^ self._config
        if changed & _CONFIG.unmodelled_mask:
            self.host.unmodelled(self.name, f"write CONFIG value 0x{value:X}")
        now = self.host.now_ns()
        if changed & (_CONFIG["PWRDWN"].mask | _CONFIG["ADC_FREQ"].mask):
            self._stop()
            self._config = value
            if not value & _CONFIG["PWRDWN"].mask:
                self._start(0, now)
        else:
            self._config = value
            self._changed(now)
            if changed & _CONFIG["CLKOUT_EN"].mask:
                self._plan_edge()
