"""The converters ADC1 and ADC2 of the i.MX RT1064 and their ADC_ETC (reference manual, chapters ADC and ADC_ETC).

A conversion takes 4 clocks and, for each of the samples that are averaged, the clocks to sample and 17, 21 or 25 more
for 8, 10 or 12 bits. A result for the ADC_ETC goes to R without raising its flag. That, the 4 clocks and how long
calibration takes are assumptions. The converter itself has no errors.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from wattbench.core.analog import AnalogPort
from wattbench.core.clock import NS_PER_S, ClockInput, ClockSource, TickClock
from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import Register, load_table
from wattbench.core.wires import DmaRequest
from wattbench.hw.imxrt.adc_etc import AdcEtcBlock

PACKAGE = "wattbench.hw.imxrt106x"
TABLE = load_table(PACKAGE, "adc")
HC, CFG, GC, GS, CV, OFS = (TABLE[name] for name in ("HC{n}", "CFG", "GC", "GS", "CV", "OFS"))
INPUT_NAMES = tuple(f"IN{number}" for number in range(16))
TRIGGERS = 8
FROM_ETC, REFERENCE, DISABLED = 16, 25, 31
BITS, APPROXIMATION_CLOCKS = (8, 10, 12, 12), (17, 21, 25, 25)
SAMPLE_CLOCKS = ((3, 5, 7, 9), (13, 17, 21, 25))
START_CLOCKS, CALIBRATION_CLOCKS = 4, 10_000
OWN_CLOCK_HZ = (10_000_000, 20_000_000)
IDLE, CONVERT, CALIBRATE = range(3)
QUIET = ("HS", "R{n}", "GS")
"""Registers that may be touched while it calibrates."""


@model("Wattbench.Adc106x")
class Adc106x(RegisterBlock):
    """One converter. Outputs: `IRQ` and the DMA request `Dma`. `port` carries the volts of `IN0` to `IN15`."""

    size = 0x4000
    table = TABLE
    default_output = "IRQ"
    state_names = ("_phase", "_trigger", "_channel", "_for_etc", "_start_ns", "_rate")
    missing = ("errors of the converter", "wake-up from stop mode", "the touch screen controller's access")

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "IPG",
        frequency: int = 24_000_000,
        reference: float = 3.3,
    ) -> None:
        """`clocks` with `clock_root` or `frequency` [Hz] is the bus clock, `reference` the volts of full scale.

        Raises UsageError for a reference that is not above 0 V.
        """
        super().__init__(host, name)
        if reference <= 0:
            raise UsageError(f"{name}: reference has to be above 0 V, not {reference}.")
        self.reference_v = float(reference)
        self._clock = ClockInput(clocks, clock_root, frequency)
        self._clock.on_change(self._reclock)
        self.port = AnalogPort(INPUT_NAMES, lambda from_ns: None)
        self.take_result: Callable[[int, int], None] = lambda trigger, result: None
        """See `Converter.take_result`."""
        self._irq = self.output("IRQ")
        self._dma = DmaRequest()
        self.output("Dma", self._dma)
        self._end = self.timer("end", self._over)
        self._clear()

    def _clear(self) -> None:
        self._phase, self._trigger, self._channel, self._for_etc, self._start_ns = IDLE, 0, DISABLED, False, 0
        self._rate = Fraction(0)
        """The clock's frequency when the conversion began."""

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._clear()
        self._show()

    # ---- conversions

    @property
    def _hz(self) -> Fraction:
        """Frequency of the converter's clock."""
        source, value = CFG["ADICLK"].get(self["CFG"]), self["CFG"]
        hz = Fraction(OWN_CLOCK_HZ[CFG["ADHSC"].get(value)]) if source == 3 else self._clock.hz / (2 if source else 1)
        return hz / (1 << CFG["ADIV"].get(value))

    @property
    def _samples(self) -> int:
        return 4 << CFG["AVGS"].get(self["CFG"]) if self["GC"] & GC["AVGE"].mask else 1

    @property
    def _sample_clocks(self) -> int:
        return SAMPLE_CLOCKS[CFG["ADLSMP"].get(self["CFG"])][CFG["ADSTS"].get(self["CFG"])]

    @property
    def _one_clocks(self) -> int:
        return self._sample_clocks + APPROXIMATION_CLOCKS[CFG["MODE"].get(self["CFG"])]

    def etc_trigger(self, number: int, command: int) -> None:
        """See `Converter.etc_trigger`; `command` is an input, for triggers that leave it open."""
        if not self["CFG"] & CFG["ADTRG"].mask or self._phase != IDLE:
            return
        channel = HC["ADCH"].get(self[f"HC{number}"])
        self._begin(number, command if channel == FROM_ETC else channel, for_etc=True)

    def _begin(self, trigger: int, channel: int, *, for_etc: bool) -> None:
        if channel == DISABLED:
            return
        if channel >= len(INPUT_NAMES) and channel != REFERENCE:
            self.host.unmodelled(self.name, f"conversion of input {channel}")
        self._phase, self._trigger, self._channel, self._for_etc = CONVERT, trigger, channel, for_etc
        self._arm(START_CLOCKS + self._samples * self._one_clocks)

    def _arm(self, clocks: int) -> None:
        self._start_ns, self._rate = self.host.now_ns(), self._hz
        if self._rate:
            self._end.arm(TickClock(self._rate, self._start_ns).time_of(clocks))

    def _reclock(self) -> None:
        """What began without a clock begins now; what runs keeps its time."""
        if self._phase != IDLE and self._end.deadline_ns is None:
            conversion = START_CLOCKS + self._samples * self._one_clocks
            self._arm(conversion if self._phase == CONVERT else CALIBRATION_CLOCKS)

    def _over(self) -> None:
        phase, self._phase = self._phase, IDLE
        if phase == CALIBRATE:
            self["GC"] &= ~GC["CAL"].mask
            self["HS"] |= 1
        else:
            self._converted(self._result())
        self._show()

    def _result(self) -> int:
        top = (1 << BITS[CFG["MODE"].get(self["CFG"])]) - 1
        if self._channel >= len(INPUT_NAMES):
            code = top if self._channel == REFERENCE else 0
        else:
            clocks = START_CLOCKS + self._sample_clocks + self._one_clocks * np.arange(self._samples)
            times_s = (self._start_ns + clocks * float(NS_PER_S / self._rate)) / NS_PER_S
            volts = self.port.volts(INPUT_NAMES[self._channel], times_s)
            codes = np.clip(np.floor(volts / self.reference_v * (top + 1)), 0, top)
            code = int(codes.sum()) // self._samples
        offset = OFS["OFS"].get(self["OFS"])
        return min(max(code - offset if self["OFS"] & OFS["SIGN"].mask else code + offset, 0), top)

    def _passes(self, result: int) -> bool:
        """Whether the comparison lets a result through."""
        control, first, second = self["GC"], CV["CV1"].get(self["CV"]), CV["CV2"].get(self["CV"])
        if not control & GC["ACFE"].mask:
            return True
        greater = bool(control & GC["ACFGT"].mask)
        if not control & GC["ACREN"].mask:
            return (result >= first) == greater
        if first <= second:
            return (first <= result <= second) == greater
        return (result >= first or result <= second) == greater

    def _converted(self, result: int) -> None:
        trigger, flag = self._trigger, 1 << self._trigger
        kept = not self["HS"] & flag or bool(self["CFG"] & CFG["OVWREN"].mask)
        if self._passes(result):
            if self._for_etc:
                self[f"R{trigger}"] = result
                self.take_result(trigger, result)
            elif kept:
                self[f"R{trigger}"] = result
                self["HS"] |= flag
        if self["GC"] & GC["ADCO"].mask and self._phase == IDLE and not self._for_etc:
            self._begin(trigger, self._channel, for_etc=False)

    # ---- registers

    def _show(self) -> None:
        self._irq.set(any(self["HS"] >> n & 1 and self[f"HC{n}"] & HC["AIEN"].mask for n in range(TRIGGERS)))
        self._dma.set(bool(self["HS"] and self["GC"] & GC["DMAEN"].mask))

    def _store(self, index: int, register: Register, number: int, raw: int, lanes: int) -> None:
        """A write ends a calibration without success."""
        if self._phase == CALIBRATE and register.name not in QUIET:
            self._stop()
            self["GC"] &= ~GC["CAL"].mask
            self["GS"] |= GS["CALF"].mask
        super()._store(index, register, number, raw, lanes)

    def _stop(self) -> None:
        self._phase = IDLE
        self._end.cancel()

    @on_write("HC{n}")
    def _write_trigger(self, number: int, raw: int, old: int) -> None:
        self["HS"] &= ~(1 << number)
        if self._phase == CONVERT and number == self._trigger:
            self._stop()
        if number == 0 and not self["CFG"] & CFG["ADTRG"].mask:
            self._stop()
            self._begin(0, HC["ADCH"].get(self["HC0"]), for_etc=False)
        self._show()

    @on_write("GC")
    def _write_control(self, raw: int, old: int) -> None:
        if self["GC"] & ~old & GC["CAL"].mask:
            self._stop()
            self["GS"] &= ~GS["CALF"].mask
            self["HS"] &= ~1
            self._phase = CALIBRATE
            self._arm(CALIBRATION_CLOCKS)
        self._show()

    @on_read("GS")
    def _read_status(self) -> int:
        return self["GS"] & ~GS["ADACT"].mask | (self._phase != IDLE)

    @on_read("R{n}")
    def _read_result(self, number: int) -> int:
        self["HS"] &= ~(1 << number)
        self._show()
        return self[f"R{number}"]


@model("Wattbench.AdcEtc106x")
class AdcEtc106x(AdcEtcBlock):
    """The ADC_ETC of the i.MX RT1064, with three interrupts."""

    table = load_table(PACKAGE, "adc_etc")
    done_fields = (("DONE0_1_IRQ", 0), ("DONE0_1_IRQ", 16), ("DONE2_ERR_IRQ", 0))
    error_register = "DONE2_ERR_IRQ"
    result_shift = 0
    missing = ("the touch screen controller's triggers",)

    def _interrupt_of(self, chain: int) -> int | None:
        chosen = self._field(chain, "IE")
        return chosen - 1 if chosen else None

    @on_write("DONE2_ERR_IRQ")
    def _write_more_flags(self, raw: int, old: int) -> None:
        self._show()
