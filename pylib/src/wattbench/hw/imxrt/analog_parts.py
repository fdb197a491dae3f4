"""What lies behind the analogue interfaces of the i.MX RT1170 (IMXRT1170RM "Analog IP" chapters).

PLLs, the 400 MHz oscillator, the regulator of the PLLs and the bandgap have registers of their own, which are not on
the bus: software moves single words through ANADIG_MISC. Each of these parts is a register block that ANADIG owns.
"""

from __future__ import annotations

from fractions import Fraction

from wattbench.core.model import on_read
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.aliased import AliasedBlock

PACKAGE = "wattbench.hw.imxrt"
LARGEST_POST_DIVIDER = 5


class FractionalPll(AliasedBlock):
    """SYS_PLL1, the audio or the video PLL: crystal x (DIV_SELECT + NUM / DENOM) / 2 ** POST_DIV_SEL."""

    table = load_table(PACKAGE, "fractional_pll")
    _control = table["CTRL0"].fields

    def _is(self, field: str) -> bool:
        return bool(self["CTRL0"] & self._control[field].mask)

    @property
    def locked(self) -> bool:
        """Whether the loop runs in lock."""
        return self._is("POWERUP") and not self._is("HOLD_RING_OFF")

    def output_hz(self, crystal_hz: Fraction) -> Fraction:
        """Frequency at the output of the loop, 0 while there is none."""
        if self._is("BYPASS"):
            return crystal_hz
        if not self._is("ENABLE") or not self.locked:
            return Fraction(0)
        control, denominator = self["CTRL0"], self["DENOMINATOR"]
        fraction = Fraction(self["NUMERATOR"], denominator) if denominator else 0
        shift = min(self._control["POST_DIV_SEL"].get(control), LARGEST_POST_DIVIDER)
        return crystal_hz * (self._control["DIV_SELECT"].get(control) + fraction) / (1 << shift)


class RcOsc400M(AliasedBlock):
    """Tuning of the 400 MHz oscillator: always in tune, at the count and the value that software asks for."""

    table = load_table(PACKAGE, "rc_osc_400m")

    @on_read("STAT1")
    def _count(self) -> int:
        target = self.table["CTRL1"]["TARGET_COUNT"].get(self["CTRL1"])
        return self.table["STAT1"]["CURR_COUNT_VAL"].put(0, target)

    @on_read("STAT2")
    def _tuning(self) -> int:
        value = self.table["CTRL2"]["OSC_TUNE_VAL"].get(self["CTRL2"])
        return self.table["STAT2"]["CURR_OSC_TUNE_VAL"].put(0, value)


class PhyLdo(AliasedBlock):
    """Regulator of the PLLs; its voltage has no effect on them."""

    table = load_table(PACKAGE, "phy_ldo")


class Bandgap(AliasedBlock):
    """Bandgap reference; it has settled as soon as it is on."""

    table = load_table(PACKAGE, "bandgap")

    @on_read("STAT0")
    def _state(self) -> int:
        state = self.table["STAT0"].fields
        supplies = state["VDD1_PORB"].mask | state["VDD2_PORB"].mask | state["VDD3_PORB"].mask
        off = self["CTRL0"] & self.table["CTRL0"]["REFTOP_PWD"].mask
        return supplies if off else supplies | state["REFTOP_VBGUP"].mask
