"""The AD7779 converter of electricity meters: eight channels at one instant, frames on a data interface of their own.

An SPI access is an address (with 0x80 for a read) and a byte of data, while 0x20 and the data read come back; with
SPI_CRC a CRC of these two follows in both directions. More accesses may follow while selected. Sixty-four ones in a row
reset the chip, as do /RESET, power and SOFT_RESET; it answers after `init_time_us`.

Source: AD7779 data sheet figures as the public drivers use them.
"""

from __future__ import annotations

from fractions import Fraction

from wattbench.core.host import Host
from wattbench.core.model import model
from wattbench.hw.parts.ad7779_conversions import _AT, REFERENCE_V, TABLE, Ad7779Conversions
from wattbench.hw.parts.ad7779_frames import crc8

RESET, START, OFF = range(3)
READ, ANSWER, NOTHING = 0x80, 0x20, 0xFF
RESET_ONES = 64
_NEVER_NS = 1 << 62
_REGISTERS = {offset: (name, register) for name, offset, register, _ in TABLE.instances()}
_CONFIG1, _CONFIG2 = TABLE["GENERAL_USER_CONFIG_1"], TABLE["GENERAL_USER_CONFIG_2"]
_ERRORS, _GENERAL2 = TABLE["GEN_ERR_REG_1"], TABLE["GEN_ERR_REG_2"]
_STATUS1, _STATUS2, _STATUS3 = (TABLE[f"STATUS_REG_{number}"] for number in (1, 2, 3))
_CLEARED_BY_READ = {
    *range(TABLE["CH{n}_ERR_REG"].offset, TABLE["CHX_ERR_REG_EN"].offset), _AT["GEN_ERR_REG_1"], _AT["GEN_ERR_REG_2"],
}  # fmt: skip


@model("Wattbench.Ad7779")
class Ad7779(Ad7779Conversions):
    """One AD7779.

    Inputs: 0 /RESET, 1 START, 2 high while the part has no supply. Outputs: `DRDY`, and `DOUT` for the input of a SAI.
    `analog` takes the source of volts at "ch0" to "ch7", between the two pins of a channel. Evidence: `samples_taken`,
    `last_sample_ns`, `clipped_samples`.
    """

    missing = (
        "settling of the filter after a start",
        "diagnostic converter, GPIO pins, meter and reference multiplexers",
        "conversions read over the SPI",
        "DCLK and DRDY edges: a frame begins at the sample and has the pace of DCLK",
        "noise, input currents, supply monitors, faults of the clock",
    )
    state_names = (
        "registers", "_before", "_before_ns", "_running", "_preset", "_anchor_ns", "_hz", "_block", "_block_first",
        "_valid_until", "_marks", "_latched", "_decimation", "_ready_ns", "_levels", "_asserted", "_bit", "_position",
        "_shift_in", "_shift_out", "_command", "_data", "_ones", "_soft", "_crystal_error_ppm",
    )  # fmt: skip

    def __init__(
        self,
        host: Host,
        name: str,
        crystal_error_ppm: Fraction | float | str = 0,
        reference_v: float = REFERENCE_V,
        init_time_us: int = 225,
    ) -> None:
        """`crystal_error_ppm` is that of MCLK, exact (also as text); a reset takes `init_time_us`."""
        super().__init__(host, name, Fraction(str(crystal_error_ppm)), reference_v)
        self.init_time_us = init_time_us
        self._levels = [True, True, False]
        self._asserted = False
        self._initialised = self.timer("initialised", self._update_run)
        self._chip_reset()

    def reset(self) -> None:
        """Power on; input levels come from outside and stay."""
        super().reset()
        self._clear_run()
        self._marks, self._latched = b"", 0
        self._asserted = False
        self._chip_reset()

    def power_off(self) -> None:
        """Without supply nothing is ever ready to convert."""
        self.reset()
        self._initialised.cancel()
        self._ready_ns = _NEVER_NS

    def _chip_reset(self) -> None:
        self._stop()
        self.registers = self._reset_values()
        self.registers[_AT["GEN_ERR_REG_2"]] = _GENERAL2["RESET_DETECTED"].mask
        self._decimation = Fraction(1)
        self._load_decimation()
        self._set_ranges()
        self._bit = self._position = self._shift_in = self._shift_out = self._command = self._data = self._ones = 0
        self._soft = False
        """The first word of the reset sequence of SOFT_RESET was written."""
        self._ready_ns = self.host.now_ns() + self.init_time_us * 1000
        self._initialised.arm(self._ready_ns)

    # ---- pins

    def on_input(self, number: int, level: bool) -> None:
        """See the class for the numbers."""
        if number > OFF:
            super().on_input(number, level)
        before, self._levels[number] = self._levels[number], level
        if before == level:
            return
        if number == START:
            self._update_run()
        elif number == RESET or not level:
            self._chip_reset()
        self._update_run()

    @property
    def _works(self) -> bool:
        return self._levels[RESET] and not self._levels[OFF]

    @property
    def ready(self) -> bool:
        """Whether the last reset is over."""
        return self._works and self.host.now_ns() >= self._ready_ns

    def _update_run(self) -> None:
        """Let conversions run while nothing holds them."""
        held = not self.ready or not self._levels[START]
        held |= not self.value("GENERAL_USER_CONFIG_2") & _CONFIG2["SPI_SYNC"].mask
        idle = self.value("CH_DISABLE") == 0xFF
        held |= idle and not self.value("GENERAL_USER_CONFIG_1") & _CONFIG1["ALL_CH_DIS_MCLK_EN"].mask
        if held and self._running:
            self._stop()
        elif not held and not self._running:
            self._start(self.host.now_ns())

    # ---- SPI

    def chip_select(self, asserted: bool) -> None:
        """See `SpiDevice.chip_select`."""
        if self._asserted and not asserted and self.ready and (self._bit or self._position):
            self._note_error("SPI_CLK_COUNT")
        self._asserted = asserted
        self._bit = self._position = 0

    @property
    def selected(self) -> bool:
        """Whether the chip listens and drives its data output."""
        return self._asserted and self._works

    def exchange(self, word: int, bits: int) -> int:
        """See `SpiDevice.exchange`."""
        answer = 0
        while bits:
            if self._bit == 0:
                self._shift_out = self._answer()
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

    def _answer(self) -> int:
        """The byte that goes out while the next one comes in."""
        if not self.ready:
            return NOTHING
        if self._position == 0:
            return ANSWER
        if self._position == 1:
            self._data = self._read(self._command & 0x7F) if self._command & READ else 0
            return self._data
        return crc8(bytes((self._command, self._data)))

    def _byte(self, value: int) -> None:
        """A whole byte came in."""
        self._ones = self._ones + 8 if value == 0xFF else 0
        if self._ones == RESET_ONES:
            self._chip_reset()
            return
        checked = self.value("GEN_ERR_REG_1_EN") & TABLE["GEN_ERR_REG_1_EN"]["SPI_CRC"].mask
        position, self._position = self._position, self._position + 1
        if position == 0:
            self._command = value
        elif position == 1:
            if not self._command & READ:
                self._data = value
            if not checked:
                self._end_access(value)
        else:
            sent = self._data if not self._command & READ else 0
            if value == crc8(bytes((self._command, sent))):
                self._end_access(sent)
            else:
                self._note_error("SPI_CRC")
                self._position = 0

    def _end_access(self, value: int) -> None:
        self._position = 0
        if not self._command & READ and self.ready:
            self._write(self._command, value)

    def _read(self, address: int) -> int:
        if address not in _REGISTERS:
            self._note_error("SPI_INVALID_READ")
            return 0
        self._latch()
        name, register = _REGISTERS[address]
        if not register.modelled:
            self.host.unmodelled(self.name, f"read {name}")
        value = self._status(name) if name.startswith("STATUS_REG") else self.registers[address]
        if address in _CLEARED_BY_READ and value:
            self.registers[address] = 0
            self._changed(self.host.now_ns())
        return value

    def _status(self, name: str) -> int:
        errors = [self.value(f"CH{number}_ERR_REG") != 0 for number in range(8)]
        saturated = [self.registers[TABLE["CH{n}_SAT_ERR"].offset + pair] != 0 for pair in range(4)]
        places = {
            "STATUS_REG_1": errors[:5],
            "STATUS_REG_2": [*errors[5:], self.value("GEN_ERR_REG_1") != 0, self.value("GEN_ERR_REG_2") != 0],
            "STATUS_REG_3": [*saturated, self.ready],
        }
        value = sum(place << number for number, place in enumerate(places[name]))
        return TABLE[name]["CHIP_ERROR"].put(value, self.has_error)

    def _note_error(self, field: str) -> None:
        """Latch an error of the SPI, if it is looked for."""
        if self.value("GEN_ERR_REG_1_EN") & TABLE["GEN_ERR_REG_1_EN"][field].mask:
            self.registers[_AT["GEN_ERR_REG_1"]] |= _ERRORS[field].mask
            self._changed(self.host.now_ns())

    def _write(self, address: int, value: int) -> None:
        name, register = _REGISTERS.get(address, ("", None))
        if register is None or register.access == "ro":
            self._note_error("SPI_INVALID_WRITE")
            return
        old, stored = self.registers[address], register.masks["rw"]
        new = self.registers[address] = old & ~stored | value & stored
        if (old ^ new) & register.unmodelled_mask:
            self.host.unmodelled(self.name, f"write {name}", f"value 0x{value:X}")
        if name == "GENERAL_USER_CONFIG_1" and self._soft_reset(new):
            return
        if new == old:
            return
        if name == "SRC_UPDATE" and new & ~old & register["SRC_LOAD_UPDATE"].mask:
            self._load_decimation()
        if name == "CHX_ERR_REG_EN":
            self._latch()
        self._set_ranges()
        self._retune()
        self._update_run()
        self._changed(self.host.now_ns())

    def _soft_reset(self, value: int) -> bool:
        word = _CONFIG1["SOFT_RESET"].get(value)
        if self._soft and word == 2:
            self._chip_reset()
            return True
        self._soft = word == 3
        return False

    def _set_ranges(self) -> None:
        for number, name in enumerate(self.front.full_scale_v):
            self.front.full_scale_v[name] = self.front.reference_v / self.channel(number).gain
