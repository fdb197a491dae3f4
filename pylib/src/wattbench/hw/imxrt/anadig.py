"""Analogue block of the i.MX RT1170: oscillators, PLLs, regulators and their indirect registers.

IMXRT1170RM "Analog Introduction", "PLL", "PMU" and "TMPSNS" chapters. Oscillators, the seven PLLs and their phase
fractional dividers give exact frequencies; a loop locks at once. Regulators, references and body bias answer that they
have settled. The temperature sensor measures the temperature that the bench gives the die.

Reset state: as the boot ROM hands over, SYS_PLL2 and SYS_PLL3 locked, every fractional divider gated.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import RegisterTable, load_table
from wattbench.hw.imxrt.analog_parts import Bandgap, FractionalPll, PhyLdo, RcOsc400M
from wattbench.hw.imxrt.tmpsns import TemperatureSensor

CRYSTAL_HZ = 24_000_000
SYS_PLL2_RATIO = 22
SYS_PLL3_RATIO = 20
PFD_NUMERATOR = 18
ARM_POST_DIVIDERS = (2, 4, 8, 1)
PARTS = ("osc", "pll", "tempsensor", "pmu", "ldo_snvs", "ldo_snvs_dig", "misc")
AI_READ, AI_TOGGLE, AI_DONE = 1 << 16, 1 << 8, 1 << 9
LDO_TOGGLE, REFERENCE_TOGGLE, SENSOR_TOGGLE = 1 << 16, 1 << 0, 1 << 15
WELL_BIAS_EN, WELL_BIAS_OK = 1 << 24, 1 << 26


def _merged() -> RegisterTable:
    tables = [load_table("wattbench.hw.imxrt", f"anadig_{part}") for part in PARTS]
    registers = {key: register for table in tables for key, register in table.registers.items()}
    svd = ", ".join(table.svd for table in tables)
    return RegisterTable("anadig", svd, "Analogue block: seven register groups behind one base address", registers)


def _bit(value: int, number: int) -> bool:
    return bool(value >> number & 1)


@model("Wattbench.Anadig")
class Anadig(RegisterBlock):
    """Oscillators, PLLs, regulators, temperature sensor at 0x40C84000.

    `source_hz` gives what the clock controller selects from. Outputs, of the temperature sensor: `TMPSNS` (IRQ 83, any
    of its interrupts), `TMPSNS_LOW_HIGH` (84), `TMPSNS_PANIC` (85).
    """

    size = 0x3C00
    table = _merged()
    state_names = ("fractions", "crystal_hz")
    missing = (
        "the time that oscillators, loops and regulators take to settle",
        "set points (the control modes of oscillators, PLLs and regulators)",
        "spread spectrum and dithering of the PLLs",
        "brown-out interrupts of the LPSR supplies (86 and 87)",
        "the reset at the panic temperature",
    )

    def __init__(self, host: Host, name: str, crystal_hz: int | Fraction = CRYSTAL_HZ) -> None:
        super().__init__(host, name)
        self.crystal_hz = self._nominal_hz = Fraction(crystal_hz)
        self.fractions: dict[str, list[int]] = {}
        self.sys_pll1, self.audio_pll, self.video_pll = (
            FractionalPll(host, f"{name}.{pll}") for pll in ("SYS_PLL1", "AUDIO_PLL", "VIDEO_PLL")
        )
        self.osc_400m, self.phy_ldo = RcOsc400M(host, f"{name}.OSC_RC_400M"), PhyLdo(host, f"{name}.PHY_LDO")
        self.bandgap = Bandgap(host, f"{name}.VMBANDGAP")
        trim = self.table["TEMPSNS_OTP_TRIM_VALUE"]
        self.sensor = TemperatureSensor(host, f"{name}.TMPSNS", trim["TEMPSNS_TEMP_VAL"].get(trim.reset))
        self.parts: tuple[RegisterBlock, ...] = (
            self.sys_pll1, self.audio_pll, self.video_pll, self.osc_400m, self.phy_ldo, self.bandgap, self.sensor,
        )  # fmt: skip
        self.output("TMPSNS", self.sensor.any_line)
        self.output("TMPSNS_LOW_HIGH", self.sensor.low_high_line)
        self.output("TMPSNS_PANIC", self.sensor.panic_line)
        self._listeners: list[Callable[[], None]] = []
        self._start()

    @property
    def temperature(self) -> float:
        """Temperature of the die in degrees Celsius, -50 to 150."""
        return float(self.sensor.temperature_c)

    @temperature.setter
    def temperature(self, degrees_c: float) -> None:
        self.sensor.set_temperature(degrees_c)

    @property
    def crystal_error_ppm(self) -> Fraction:
        """How much the 24 MHz crystal is fast, in ppm, exact; every clock that comes from it follows at once."""
        return (self.crystal_hz / self._nominal_hz - 1) * 1_000_000

    @crystal_error_ppm.setter
    def crystal_error_ppm(self, ppm: float | str | Fraction) -> None:
        self.crystal_hz = self._nominal_hz * (1 + Fraction(str(ppm)) / 1_000_000)
        self._changed()

    def _start(self) -> None:
        self.fractions = {pll: self._written_fractions(pll) for pll in ("SYS_PLL2", "SYS_PLL3")}

    def save(self) -> dict[str, Any]:
        """See `Model.save`; with the parts behind the analogue interfaces."""
        return {**super().save(), "parts": [part.save() for part in self.parts]}

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        for part, state in zip(self.parts, saved["parts"], strict=True):
            part.restore(state)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        for part in self.parts:
            part.reset()
        self._start()
        self._changed()

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each write that may change a frequency."""
        self._listeners.append(callback)

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()

    def source_hz(self, source: str) -> Fraction:
        """Frequency of a source named as in `clock_roots.toml` (`"OSC_24M"`, `"SYS_PLL3_PFD0"`, ...), 0 while off."""
        group, _, part = source.partition("_PFD")
        if part:
            return self._pfd_hz(group, int(part))
        return SOURCES[source](self)

    def _osc_24m_hz(self) -> Fraction:
        on = self["OSC_24M_CTRL"] & 1 << 4 and not _bit(self["OSC_24M_CTRL"], 7)
        return self.crystal_hz if on else Fraction(0)

    def _osc_16m_hz(self) -> Fraction:
        if not _bit(self["OSC_16M_CTRL"], 1):
            return Fraction(0)
        return self._osc_24m_hz() if _bit(self["OSC_16M_CTRL"], 8) else Fraction(16_000_000)

    def _osc_48m_hz(self) -> Fraction:
        return Fraction(48_000_000 if _bit(self["OSC_48M_CTRL"], 1) else 0)

    def _osc_48m_div2_hz(self) -> Fraction:
        return self._osc_48m_hz() / 2 if _bit(self["OSC_48M_CTRL"], 24) else Fraction(0)

    def _osc_400m_hz(self) -> Fraction:
        on = not _bit(self["OSC_400M_CTRL1"], 0) and _bit(self["OSC_400M_CTRL2"], 0)
        return Fraction(400_000_000 if on else 0)

    def _arm_pll_hz(self) -> Fraction:
        control = self["ARM_PLL_CTRL"]
        if not _bit(control, 14) or _bit(control, 30):
            return Fraction(0)
        if _bit(control, 17):
            return self.crystal_hz
        if not self._locked("ARM_PLL_CTRL"):
            return Fraction(0)
        return self.crystal_hz * (control & 0xFF) / 2 / ARM_POST_DIVIDERS[control >> 15 & 3]

    def _fractional_hz(self, pll: FractionalPll, register: str) -> Fraction:
        """Frequency of SYS_PLL1, the audio or the video PLL behind its output gate."""
        gated = not _bit(self[register], 13) or _bit(self[register], 14)
        return Fraction(0) if gated else pll.output_hz(self.crystal_hz)

    def _sys_pll1_hz(self) -> Fraction:
        return self._fractional_hz(self.sys_pll1, "SYS_PLL1_CTRL")

    def _sys_pll1_part_hz(self, divider: int, bit: int) -> Fraction:
        return self._sys_pll1_hz() / divider if _bit(self["SYS_PLL1_CTRL"], bit) else Fraction(0)

    def _loop_hz(self, pll: str) -> Fraction:
        """Frequency inside SYS_PLL2 or SYS_PLL3, before the output gate."""
        register = f"{pll}_CTRL"
        if _bit(self[register], 16):
            return self.crystal_hz
        ratio = SYS_PLL2_RATIO if pll == "SYS_PLL2" else SYS_PLL3_RATIO
        return self.crystal_hz * ratio if self._locked(register) else Fraction(0)

    def _sys_pll_hz(self, pll: str) -> Fraction:
        control = self[f"{pll}_CTRL"]
        return self._loop_hz(pll) if _bit(control, 13) and not _bit(control, 30) else Fraction(0)

    def _sys_pll3_div2_hz(self) -> Fraction:
        return self._sys_pll_hz("SYS_PLL3") / 2 if _bit(self["SYS_PLL3_CTRL"], 3) else Fraction(0)

    def _pfd_hz(self, pll: str, number: int) -> Fraction:
        fraction = self.fractions[pll][number]
        if _bit(self[f"{pll}_PFD"], 8 * number + 7) or not fraction:
            return Fraction(0)
        return self._loop_hz(pll) * PFD_NUMERATOR / fraction

    def _written_fractions(self, pll: str) -> list[int]:
        return [self[f"{pll}_PFD"] >> 8 * number & 0x3F for number in range(4)]

    def _locked(self, register: str) -> bool:
        fields = self.table[register].fields
        return bool(self[register] & fields["POWERUP"].mask and not self[register] & fields["HOLD_RING_OFF"].mask)

    @on_read("OSC_24M_CTRL")
    def _read_osc_24m(self) -> int:
        value = self["OSC_24M_CTRL"]
        return value & ~(1 << 30) | (1 << 30 if _bit(value, 4) else 0)

    @on_read("ARM_PLL_CTRL")
    def _read_arm_pll(self) -> int:
        return self._with_lock("ARM_PLL_CTRL", self._locked("ARM_PLL_CTRL"))

    @on_read("SYS_PLL1_CTRL")
    def _read_sys_pll1(self) -> int:
        return self._with_lock("SYS_PLL1_CTRL", self.sys_pll1.locked)

    @on_read("PLL_AUDIO_CTRL")
    def _read_audio_pll(self) -> int:
        return self._with_lock("PLL_AUDIO_CTRL", self.audio_pll.locked)

    @on_read("PLL_VIDEO_CTRL")
    def _read_video_pll(self) -> int:
        return self._with_lock("PLL_VIDEO_CTRL", self.video_pll.locked)

    @on_read("SYS_PLL2_CTRL")
    def _read_sys_pll2(self) -> int:
        return self._with_lock("SYS_PLL2_CTRL", self._locked("SYS_PLL2_CTRL"))

    @on_read("SYS_PLL3_CTRL")
    def _read_sys_pll3(self) -> int:
        return self._with_lock("SYS_PLL3_CTRL", self._locked("SYS_PLL3_CTRL"))

    def _with_lock(self, register: str, locked: bool) -> int:
        return self[register] & ~(1 << 29) | locked << 29

    @on_write(
        "OSC_48M_CTRL", "OSC_24M_CTRL", "OSC_400M_CTRL1", "OSC_400M_CTRL2", "OSC_16M_CTRL", "ARM_PLL_CTRL",
        "SYS_PLL1_CTRL", "SYS_PLL2_CTRL", "SYS_PLL3_CTRL", "SYS_PLL2_PFD", "SYS_PLL3_PFD", "PLL_AUDIO_CTRL",
        "PLL_VIDEO_CTRL",
    )  # fmt: skip
    def _write_clock(self, raw: int, old: int) -> None:
        self._changed()

    @on_write("SYS_PLL2_UPDATE")
    def _update_pll2(self, raw: int, old: int) -> None:
        self._update("SYS_PLL2", old)

    @on_write("SYS_PLL3_UPDATE")
    def _update_pll3(self, raw: int, old: int) -> None:
        self._update("SYS_PLL3", old)

    def _update(self, pll: str, old: int) -> None:
        """Each toggled PFDn_UPDATE bit takes the written fraction over and toggles PFDn_STABLE."""
        toggled = (self[f"{pll}_UPDATE"] ^ old) >> 1 & 0xF
        for number, fraction in enumerate(self._written_fractions(pll)):
            if toggled >> number & 1:
                self.fractions[pll][number] = fraction
                self[f"{pll}_PFD"] ^= 0x40 << 8 * number
        self._changed()

    @on_read("PMU_BIAS_CTRL2")
    def _read_body_bias(self) -> int:
        """The well bias has settled as soon as it is on."""
        value = self["PMU_BIAS_CTRL2"]
        return value | WELL_BIAS_OK if value & WELL_BIAS_EN else value

    @on_write("PMU_LDO_PLL")
    def _write_ldo_pll(self, raw: int, old: int) -> None:
        if (self["PMU_LDO_PLL"] ^ old) & LDO_TOGGLE:
            self._transfer(self.phy_ldo, "VDDSOC_AI_CTRL", "VDDSOC_AI_WDATA", "VDDSOC_AI_RDATA")

    @on_write("PMU_REF_CTRL")
    def _write_reference(self, raw: int, old: int) -> None:
        if (self["PMU_REF_CTRL"] ^ old) & REFERENCE_TOGGLE:
            self._transfer(self.bandgap, "VDDLPSR_AI_CTRL", "VDDLPSR_AI_WDATA", "VDDLPSR_AI_RDATA_REFTOP")

    @on_write("TEMPSENSOR")
    def _write_sensor(self, raw: int, old: int) -> None:
        if (self["TEMPSENSOR"] ^ old) & SENSOR_TOGGLE:
            self._transfer(self.sensor, "VDDLPSR_AI_CTRL", "VDDLPSR_AI_WDATA", "VDDLPSR_AI_RDATA_TMPSNS")

    @on_write("VDDSOC2PLL_AI_CTRL_1G")
    def _write_pll_1g(self, raw: int, old: int) -> None:
        self._toggle(self.sys_pll1, "VDDSOC2PLL_AI{}_1G", old)

    @on_write("VDDSOC2PLL_AI_CTRL_AUDIO")
    def _write_pll_audio(self, raw: int, old: int) -> None:
        self._toggle(self.audio_pll, "VDDSOC2PLL_AI{}_AUDIO", old)

    @on_write("VDDSOC2PLL_AI_CTRL_VIDEO")
    def _write_pll_video(self, raw: int, old: int) -> None:
        self._toggle(self.video_pll, "VDDSOC2PLL_AI{}_VIDEO", old)

    @on_write("VDDLPSR_AI400M_CTRL")
    def _write_osc_400m(self, raw: int, old: int) -> None:
        self._toggle(self.osc_400m, "VDDLPSR_AI400M{}", old)

    def _toggle(self, part: RegisterBlock, names: str, old: int) -> None:
        """An interface whose toggle bit is in its own command register, and which answers by toggling a second bit."""
        control = names.format("_CTRL")
        if (self[control] ^ old) & AI_TOGGLE:
            self[control] ^= AI_DONE
            self._transfer(part, control, names.format("_WDATA"), names.format("_RDATA"))
            self._changed()

    def _transfer(self, part: RegisterBlock, control: str, data_in: str, data_out: str) -> None:
        """Move one word to or from a part behind an analogue interface."""
        address = self[control] & 0xFF
        if self[control] & AI_READ:
            self[data_out] = part.read(address, 4)
        else:
            part.write(address, 4, self[data_in])


SOURCES: dict[str, Callable[[Anadig], Fraction]] = {
    "OSC_RC_16M": Anadig._osc_16m_hz,
    "OSC_RC_48M": Anadig._osc_48m_hz,
    "OSC_RC_48M_DIV2": Anadig._osc_48m_div2_hz,
    "OSC_RC_400M": Anadig._osc_400m_hz,
    "OSC_24M": Anadig._osc_24m_hz,
    "ARM_PLL": Anadig._arm_pll_hz,
    "SYS_PLL1": Anadig._sys_pll1_hz,
    "SYS_PLL1_DIV2": lambda anadig: anadig._sys_pll1_part_hz(2, 25),
    "SYS_PLL1_DIV5": lambda anadig: anadig._sys_pll1_part_hz(5, 26),
    "SYS_PLL2": lambda anadig: anadig._sys_pll_hz("SYS_PLL2"),
    "SYS_PLL3": lambda anadig: anadig._sys_pll_hz("SYS_PLL3"),
    "SYS_PLL3_DIV2": Anadig._sys_pll3_div2_hz,
    "AUDIO_PLL": lambda anadig: anadig._fractional_hz(anadig.audio_pll, "PLL_AUDIO_CTRL"),
    "VIDEO_PLL": lambda anadig: anadig._fractional_hz(anadig.video_pll, "PLL_VIDEO_CTRL"),
}
