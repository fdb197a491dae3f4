"""Temperature sensor of the die of the i.MX RT1170 (IMXRT1170RM "TMPSNS"), part of ANADIG.

A reading is the code whose square law the vendor's driver inverts: 133.6 + CAL - 5.39 T + 0.002 T * T at T degrees
Celsius, where CAL, the code at 25 degrees, is in the fuses. Alarms are judged at the end of each reading and stay
until software clears them.
"""

from __future__ import annotations

from fractions import Fraction

from wattbench.core.clock import NS_PER_S
from wattbench.core.host import Host
from wattbench.core.model import on_write
from wattbench.core.registers import load_table
from wattbench.core.wires import Line
from wattbench.hw.imxrt.aliased import AliasedBlock

OFFSET, SLOPE, CURVATURE = Fraction("133.6"), Fraction("-5.39"), Fraction("0.002")
"""Constants of the law: codes, codes per degree, codes per square degree."""
LOWEST_C, HIGHEST_C = -50, 150
DEFAULT_C = 25
CODE_MAX = 0xFFF
RTC_HZ = 32_768
READING_CYCLES = 5
"""Length of a reading, in cycles of the 32 kHz clock; the manual gives none, other i.MX sensors take as long."""


class TemperatureSensor(AliasedBlock):
    """The sensor; its lines are outputs of ANADIG."""

    table = load_table("wattbench.hw.imxrt", "tmpsns")
    state_names = ("temperature_c",)
    _control = table["CTRL1"].fields
    _status = table["STATUS0"].fields

    def __init__(self, host: Host, name: str, calibration: int) -> None:
        """`calibration` is the code at 25 degrees Celsius."""
        super().__init__(host, name)
        self.calibration = calibration
        self.temperature_c = Fraction(DEFAULT_C)
        self.any_line, self.low_high_line, self.panic_line = Line(), Line(), Line()
        self._reading = self.timer("reading", self._finished)

    def reset(self) -> None:
        """See `Model.reset`; the die stays as warm as it is."""
        super().reset()
        self._drive()

    def set_temperature(self, degrees_c: float | Fraction) -> None:
        """The die is at `degrees_c` from now on; ValueError outside -50 to 150."""
        exact = Fraction(degrees_c)
        if not LOWEST_C <= exact <= HIGHEST_C:
            raise ValueError(f"the die takes {LOWEST_C} to {HIGHEST_C} degrees Celsius, not {degrees_c}")
        self.temperature_c = exact

    def code(self) -> int:
        """What the sensor reads at the present temperature."""
        exact = OFFSET + self.calibration + SLOPE * self.temperature_c + CURVATURE * self.temperature_c**2
        return min(max(round(exact), 0), CODE_MAX)

    def _powered(self) -> bool:
        return not self["CTRL1"] & (self._control["PWD"].mask | self._control["PWD_FULL"].mask)

    @on_write("CTRL1")
    def _control_written(self, raw: int, old: int) -> None:
        start = self._control["START"].mask
        stopped = not self["CTRL1"] & start and self._control["FREQ"].get(self["CTRL1"])
        if stopped or not self._powered():
            self._reading.cancel()
        elif self["CTRL1"] & ~old & start:
            self._read_in(READING_CYCLES)
        self._drive()

    def _read_in(self, cycles: int) -> None:
        self._reading.arm(self.host.now_ns() + -(-cycles * NS_PER_S // RTC_HZ))

    def _finished(self) -> None:
        code = self.code()
        status = self._status["TEMP_VAL"].put(self["STATUS0"], code) | self._status["FINISH"].mask
        range0 = self.table["RANGE0"]
        low = range0["LOW_TEMP_VAL"].get(self["RANGE0"])
        if low and code >= low:
            status |= self._status["LOW_TEMP"].mask
        if code <= range0["HIGH_TEMP_VAL"].get(self["RANGE0"]):
            status |= self._status["HIGH_TEMP"].mask
        if code <= self.table["RANGE1"]["PANIC_TEMP_VAL"].get(self["RANGE1"]):
            status |= self._status["PANIC_TEMP"].mask
        self["STATUS0"] = status
        pause = self._control["FREQ"].get(self["CTRL1"])
        if pause:
            self._read_in(pause + READING_CYCLES)
        self._drive()

    @on_write("STATUS0")
    def _status_written(self, raw: int, old: int) -> None:
        self._drive()

    def _drive(self) -> None:
        pending = {
            flag
            for flag in ("FINISH", "LOW_TEMP", "HIGH_TEMP", "PANIC_TEMP")
            if self["STATUS0"] & self._status[flag].mask and self["CTRL1"] & self._control[f"{flag}_IE"].mask
        }
        self.any_line.set(bool(pending))
        self.low_high_line.set(bool(pending & {"LOW_TEMP", "HIGH_TEMP"}))
        self.panic_line.set("PANIC_TEMP" in pending)
