"""ADC_ETC: chains of conversions that external triggers start (i.MX RT reference manuals, chapter ADC_ETC).

Triggers 0 to 3 use the first converter and 4 to 7 the second. A chain waits INIT_DELAY + 1 divided clocks, then asks
for its segments one after the other: at once after a segment with B2B, else SAMPLE_INTERVAL + 1 divided clocks after
the segment before was asked for. A converter serves one segment at a time; of several chains that wait, the one with
the highest priority is next. What a converter has converted for the ADC_ETC does not go into the converter's FIFO.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import ClassVar, Protocol

from wattbench.core.clock import ClockInput, ClockSource, TickClock
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import load_table
from wattbench.core.wires import DmaRequest

TABLE = load_table("wattbench.hw.imxrt", "adc_etc")
CHAINS = range(8)
PER_CONVERTER = 4
_CTRL, _TRIG, _COUNTER, _DMA = TABLE["CTRL"], TABLE["TRIG{n}_CTRL"], TABLE["TRIG{n}_COUNTER"], TABLE["DMA_CTRL"]
_SOFTRST = _CTRL["SOFTRST"].mask
ERROR_LOW = 16
OFF, DELAY, WAIT, CONVERT = range(4)
"""Phases of a chain: nothing; time runs; waits for the converter; the converter works."""


class Converter(Protocol):
    """What an ADC_ETC asks of a converter."""

    take_result: Callable[[int, int], None]
    """Called with the trigger and the result of each conversion that the ADC_ETC asked for."""

    def etc_trigger(self, number: int, command: int) -> None:
        """Convert for trigger `number`, by the command or of the input `command`."""


class AdcEtcBlock(RegisterBlock):
    """What the chips of the line have in common. Inputs 0 to 7 are the triggers, by rising edge.

    Outputs: `IRQ0` and so on, `ERROR`, the DMA request `Dma`, and `0` to `7`, which go up and down at the end of a
    chain.
    """

    size = 0x4000
    done_fields: ClassVar[tuple[tuple[str, int], ...]]
    """Register and lowest bit of the flags of each interrupt."""
    error_register: ClassVar[str]
    result_shift: ClassVar[int]
    """Bits of a converter's result that the ADC_ETC drops."""
    state_names = ("_phases", "_segments", "_asked_ns", "_levels", "_busy")

    def __init__(
        self,
        host: Host,
        name: str,
        adc1: Converter,
        adc2: Converter,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "BUS",
        frequency: int = 24_000_000,
    ) -> None:
        """`adc1` and `adc2` are the converters; `clocks` with `clock_root` or `frequency` [Hz] times the delays."""
        super().__init__(host, name)
        self._converters = (adc1, adc2)
        for number, converter in enumerate(self._converters):
            converter.take_result = partial(self._converted, number)
        self._clock = ClockInput(clocks, clock_root, frequency)
        self._irqs = [self.output(f"IRQ{number}") for number in range(len(self.done_fields))]
        self._error = self.output("ERROR")
        self._dma = DmaRequest()
        self._dma.acknowledged = self._served
        self.output("Dma", self._dma)
        self._ends = [self.output(chain) for chain in CHAINS]
        self._delays = [self.timer(f"chain{chain}", partial(self._ready, chain)) for chain in CHAINS]
        self._arbiters = [self.timer(f"serve{number}", partial(self._serve, number)) for number in range(2)]
        """Made after the delays, so that they fire when all chains of the same instant are ready."""
        self._levels = [False] * len(CHAINS)
        self._clear()

    def _clear(self) -> None:
        self._phases, self._segments = [OFF] * len(CHAINS), [0] * len(CHAINS)
        self._asked_ns = [0] * len(CHAINS)
        self._busy = [-1, -1]
        """Chain that each converter works for, -1 none."""

    def reset(self) -> None:
        """See `Model.reset`; levels at the trigger inputs stay."""
        super().reset()
        self._clear()
        self._show()

    # ---- triggers

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`: a rising edge is trigger `number`."""
        if number not in CHAINS:
            super().on_input(number, level)
        rising = level and not self._levels[number]
        self._levels[number] = level
        enabled = not self["CTRL"] & _SOFTRST and self["CTRL"] >> number & 1
        if rising and enabled and not self[f"TRIG{number}_CTRL"] & _TRIG["TRIG_MODE"].mask:
            self._start(number)

    def _start(self, chain: int) -> None:
        together = [chain]
        if chain < PER_CONVERTER and self[f"TRIG{chain}_CTRL"] & _TRIG["SYNC_MODE"].mask:
            together.append(chain + PER_CONVERTER)
        for number in together:
            if self._phases[number] != OFF:
                self[self.error_register] |= 1 << ERROR_LOW + number
            else:
                self._segments[number], self._asked_ns[number] = 0, self.host.now_ns()
                self._delay(number, _COUNTER["INIT_DELAY"].get(self[f"TRIG{number}_COUNTER"]) + 1)
        self._show()

    def _delay(self, chain: int, ticks: int) -> None:
        """Make the chain ready `ticks` divided clocks after its last start; the clock's present rate holds."""
        hz = self._clock.hz / (_CTRL["PRE_DIVIDER"].get(self["CTRL"]) + 1)
        self._phases[chain] = DELAY
        if hz:
            self._delays[chain].arm(TickClock(hz, self._asked_ns[chain]).time_of(ticks))

    def _ready(self, chain: int) -> None:
        self._phases[chain] = WAIT
        self._arbiters[chain // PER_CONVERTER].arm(self.host.now_ns())

    # ---- conversions

    def _field(self, chain: int, name: str) -> int:
        """Field `name` (`CSEL`) of the segment the chain is at."""
        segment = self._segments[chain]
        pair = segment - segment % 2
        register = f"TRIG{{n}}_CHAIN_{pair + 1}_{pair}"
        name = f"IE{segment}_EN" if name == "IE_EN" else f"{name}{segment}"
        return self.table[register][name].get(self[register.replace("{n}", str(chain))])

    @abstractmethod
    def _interrupt_of(self, chain: int) -> int | None:
        """Number of the interrupt that the present segment of a chain asks for."""

    def _serve(self, converter: int) -> None:
        """Ask an idle converter for the segment that waits with the highest priority."""
        chains = [
            chain
            for chain in range(converter * PER_CONVERTER, (converter + 1) * PER_CONVERTER)
            if self._phases[chain] == WAIT
        ]
        if self._busy[converter] >= 0 or not chains:
            return
        chain = max(chains, key=lambda number: (_TRIG["TRIG_PRIORITY"].get(self[f"TRIG{number}_CTRL"]), -number))
        self._busy[converter], self._phases[chain], self._asked_ns[chain] = chain, CONVERT, self.host.now_ns()
        command, triggers = self._field(chain, "CSEL"), self._field(chain, "HWTS")
        for trigger in range(8):
            if triggers >> trigger & 1:
                self._converters[converter].etc_trigger(trigger, command)

    def _converted(self, converter: int, trigger: int, result: int) -> None:
        """The converter has the result of the segment it was asked for."""
        chain = self._busy[converter]
        if chain < 0:
            return
        segment = self._segments[chain]
        pair = segment - segment % 2
        register = f"TRIG{{n}}_RESULT_{pair + 1}_{pair}"
        name = register.replace("{n}", str(chain))
        self[name] = self.table[register][f"DATA{segment}"].put(self[name], result >> self.result_shift)
        if "CHAINx_DONE" in self.table["TRIG{n}_CTRL"].fields:
            self[f"TRIG{chain}_CTRL"] |= 1 << _TRIG["CHAINx_DONE"].low + segment
        interrupt = self._interrupt_of(chain)
        if interrupt is not None:
            flags, low = self.done_fields[interrupt]
            self[flags] |= 1 << low + chain
        self._busy[converter] = -1
        if segment < _TRIG["TRIG_CHAIN"].get(self[f"TRIG{chain}_CTRL"]):
            at_once = self._field(chain, "B2B")
            self._segments[chain] += 1
            if at_once:
                self._phases[chain] = WAIT
            else:
                self._delay(chain, _COUNTER["SAMPLE_INTERVAL"].get(self[f"TRIG{chain}_COUNTER"]) + 1)
        else:
            self._phases[chain] = OFF
            if self["DMA_CTRL"] >> chain & 1:
                self["DMA_CTRL"] |= 1 << _DMA["REQ"].low + chain
            self._ends[chain].set(True)
            self._ends[chain].set(False)
        self._serve(converter)
        self._show()

    # ---- registers

    def _served(self) -> None:
        self["DMA_CTRL"] &= ~_DMA["REQ"].mask
        self._show()

    def _show(self) -> None:
        for line, (register, low) in zip(self._irqs, self.done_fields, strict=True):
            line.set(bool(self[register] >> low & 0xFF))
        self._error.set(bool(self[self.error_register] >> ERROR_LOW & 0xFF))
        self._dma.set(bool(self["DMA_CTRL"] & _DMA["REQ"].mask))

    @on_write("DONE0_1_IRQ", "DMA_CTRL")
    def _write_flags(self, raw: int, old: int) -> None:
        self._show()

    @on_write("CTRL")
    def _write_control(self, raw: int, old: int) -> None:
        if self["CTRL"] & _SOFTRST:
            self.reset()

    def write(self, offset: int, size: int, value: int) -> None:
        """See `RegisterBlock.write`; while SOFTRST is set only CTRL can be written."""
        if not self["CTRL"] & _SOFTRST or offset == _CTRL.offset:
            super().write(offset, size, value)

    @on_write("TRIG{n}_CTRL")
    def _write_trigger(self, chain: int, raw: int, old: int) -> None:
        self[f"TRIG{chain}_CTRL"] &= ~_TRIG["SW_TRIG"].mask
        if raw & _TRIG["SW_TRIG"].mask and self[f"TRIG{chain}_CTRL"] & _TRIG["TRIG_MODE"].mask:
            self._start(chain)


@model("Wattbench.AdcEtc")
class AdcEtc(AdcEtcBlock):
    """The ADC_ETC of the i.MX RT1170, with four interrupts."""

    table = TABLE
    done_fields = (("DONE0_1_IRQ", 0), ("DONE0_1_IRQ", 16), ("DONE2_3_ERR_IRQ", 0), ("DONE2_3_ERR_IRQ", 8))
    error_register = "DONE2_3_ERR_IRQ"
    result_shift = 3

    def _interrupt_of(self, chain: int) -> int | None:
        return self._field(chain, "IE") if self._field(chain, "IE_EN") else None

    @on_write("DONE2_3_ERR_IRQ")
    def _write_more_flags(self, raw: int, old: int) -> None:
        self._show()
