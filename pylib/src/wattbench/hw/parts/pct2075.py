"""PCT2075 temperature sensor on I2C with an over-temperature output (NXP data sheet PCT2075, rev. 10).

It converts every TIDLE x 100 ms (at least 100 ms), the first time 28 ms after power-on or after it leaves shutdown.
"""

from __future__ import annotations

import math

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import Model, model
from wattbench.core.wires import Line

TEMP, CONF, THYST, TOS, TIDLE = range(5)
WIDTHS = {TEMP: 2, CONF: 1, THYST: 2, TOS: 2, TIDLE: 1}
RESET = {TEMP: 0x0000, CONF: 0x00, THYST: 0x4B00, TOS: 0x5000, TIDLE: 0x00}
WRITABLE = {CONF: 0x1F, THYST: 0xFF80, TOS: 0xFF80, TIDLE: 0x1F}
SHUTDOWN, INTERRUPT_MODE, ACTIVE_HIGH = 1 << 0, 1 << 1, 1 << 2
FAULTS = (1, 2, 4, 6)
CONVERSION_NS, PERIOD_NS = 28_000_000, 100_000_000
LOWEST_C, HIGHEST_C = -55, 125


@model("Wattbench.Pct2075")
class Pct2075(Model):
    """One sensor. Output `OS` is the pin's level, with its pull-up. Tests set `temperature_c`."""

    on_chip = False
    default_output = "OS"
    state_names = (
        "address",
        "temperature_c",
        "_values",
        "_pointer",
        "_bytes",
        "_writing",
        "_faults",
        "_tripped",
        "_waits_for_cold",
    )
    missing = ("SMBus time-out",)

    def __init__(self, host: Host, name: str, *, address: int = 0x48, temperature: float = 25.0) -> None:
        """`temperature` at its place [degree Celsius]. Raises UsageError outside -55 to 125 degrees."""
        super().__init__(host, name)
        self.address = address
        if not LOWEST_C <= temperature <= HIGHEST_C:
            raise UsageError(f"{name}: the sensor works from {LOWEST_C} to {HIGHEST_C} C, not at {temperature} C.")
        self.temperature_c = temperature
        """Temperature that the next conversion finds [degree Celsius]."""
        self._os = self.output("OS", Line(True))
        self._convert = self.timer("convert", self._converted)
        self._power_on()

    def _power_on(self) -> None:
        self._values = [RESET[number] for number in range(len(RESET))]
        self._pointer, self._bytes, self._writing = TEMP, 0, 0
        self._faults, self._tripped, self._waits_for_cold = 0, False, False
        self._convert.arm(self.host.now_ns() + CONVERSION_NS)
        self._show()

    def power_off(self) -> None:
        """Registers are lost; the first conversion begins with the supply."""
        self._power_on()

    def reset(self) -> None:
        """See `Model.reset`; the part has no reset pin."""

    def _converted(self) -> None:
        steps = max(LOWEST_C * 8, min(HIGHEST_C * 8, math.floor(self.temperature_c * 8)))
        self._values[TEMP] = steps << 5 & 0xFFFF
        self._convert.arm(self.host.now_ns() + max(self._values[TIDLE], 1) * PERIOD_NS)
        self._compare(steps)

    def _compare(self, steps: int) -> None:
        """Count faults in a row and drive OS; limits have 9 bits, half a degree each."""
        looks_for_cold = self._waits_for_cold if self._values[CONF] & INTERRUPT_MODE else self._tripped
        if looks_for_cold:
            fault = steps < _signed(self._values[THYST]) // 32
        else:
            fault = steps > _signed(self._values[TOS]) // 32
        self._faults = self._faults + 1 if fault else 0
        if self._faults >= FAULTS[self._values[CONF] >> 3 & 3]:
            self._faults = 0
            self._waits_for_cold = not looks_for_cold
            self._tripped = True if self._values[CONF] & INTERRUPT_MODE else not looks_for_cold
            self._show()

    def _show(self) -> None:
        self._os.set(self._tripped == bool(self._values[CONF] & ACTIVE_HIGH))

    def start(self, address: int, reading: bool) -> bool:
        """See `I2cDevice.start`."""
        self._bytes = 0 if reading else -1
        return address == self.address

    def write(self, value: int) -> bool:
        """See `I2cDevice.write`: the pointer, then the register it names."""
        if self._bytes < 0:
            self._pointer = value & 7
        elif self._pointer in WRITABLE and self._bytes < WIDTHS[self._pointer]:
            self._writing = self._writing << 8 & 0xFF00 | value
            if self._bytes == WIDTHS[self._pointer] - 1:
                self._store(self._pointer, self._writing)
        self._bytes += 1
        return True

    def _store(self, register: int, value: int) -> None:
        old = self._values[register]
        self._values[register] = value & WRITABLE[register]
        if register == CONF and (old ^ value) & SHUTDOWN:
            if value & SHUTDOWN:
                self._convert.cancel()
            else:
                self._convert.arm(self.host.now_ns() + CONVERSION_NS)
        self._show()

    def read(self) -> int:
        """See `I2cDevice.read`: a register's bytes again and again, most significant first."""
        if self._pointer not in WIDTHS:
            return 0xFF
        width = WIDTHS[self._pointer]
        value = self._values[self._pointer] >> 8 * (width - 1 - self._bytes % width) & 0xFF
        self._bytes += 1
        if self._values[CONF] & INTERRUPT_MODE and self._tripped:
            self._tripped = False
            self._show()
        return value

    def answered(self, acknowledged: bool) -> None:
        """See `I2cDevice.answered`."""

    def stop(self) -> None:
        """See `I2cDevice.stop`."""


def _signed(value: int) -> int:
    return value - (value >> 15 << 16)
