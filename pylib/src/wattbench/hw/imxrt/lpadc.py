"""LPADC: successive approximation converter with commands, triggers and a result FIFO.

Sources: i.MX RT1170 reference manual, chapter LPADC; data sheet (4.2 MS/s at 88 MHz, hence 21 clocks for the shortest
conversion). A conversion samples for 3 clocks or 3 + 2^STS and then takes 18 more; its input counts at the end of the
sampling. The converter is ideal: a code is the nearest one, cut to the range. There is nothing to calibrate on this
chip. A trigger of a higher priority takes the place of the sequence in progress, which is not taken up again.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wattbench.core.analog import AnalogPort
from wattbench.core.clock import NS_PER_S, ClockInput, ClockSource, root_of
from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.core.wires import DmaRequest
from wattbench.hw.imxrt.steps import SteppedBlock

TABLE = load_table("wattbench.hw.imxrt", "lpadc")
TRIGGERS, FIFO_RESULTS, COMPARING_COMMANDS, CHANNELS = 8, 16, 4, 8
CONVERSION_CLOCKS = 18
SINGLE_STEPS, SINGLE_SHIFT = 4096, 3
PART_SCALE = 30 / 64
INPUT_NAMES = tuple(f"CH{channel}{side}" for channel in range(CHANNELS) for side in "AB")
_CTRL, _STAT, _CFG, _PAUSE, _TCTRL = (TABLE[name] for name in ("CTRL", "STAT", "CFG", "PAUSE", "TCTRL{n}"))
_CMDL, _CMDH, _FIFO = TABLE["CMDL{n}"], TABLE["CMDH{n}"], TABLE["RESFIFO"]
_ADCEN, _RST, _RSTFIFO = (_CTRL[name].mask for name in ("ADCEN", "RST", "RSTFIFO"))
_RDY, _FOF = _STAT["RDY"].mask, _STAT["FOF"].mask
STORE_IF_TRUE, REPEAT_UNTIL_TRUE = 2, 3

IDLE, DELAY, CONVERT, PAUSE = range(4)


@model("Wattbench.Lpadc")
class Lpadc(SteppedBlock):
    """One LPADC. Outputs: `IRQ` and the DMA request `Dma`. Inputs 0 to 7 are the hardware triggers.

    `port` carries the volts of inputs `CH0A`, `CH0B` to `CH7A`, `CH7B`.
    """

    table = TABLE
    size = 0x4000
    default_output = "IRQ"
    state_names = (
        *SteppedBlock.state_names, "_fifo", "_pending", "_from_etc", "_levels", "_phase", "_trigger", "_command",
        "_loop", "_powered",
    )  # fmt: skip
    missing = ("offset, gain, noise and settling errors",)

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "",
        frequency: int = 24_000_000,
        reference: float = 1.8,
    ) -> None:
        """`clocks` with `clock_root` (else the name in capitals) or `frequency` [Hz] is the converter's clock.

        `reference` is the voltage of full scale [V]. Raises UsageError if it is not above 0.
        """
        super().__init__(host, name, ClockInput(clocks, root_of(clock_root, name), frequency))
        if reference <= 0:
            raise UsageError(f"{name}: the reference has to be above 0 V, not {reference} V.")
        self.reference_v = float(reference)
        self.port = AnalogPort(INPUT_NAMES, lambda from_ns: None)
        self.take_result: Callable[[int, int], None] = lambda trigger, result: None
        """For the ADC_ETC: called with trigger and the left-justified result of each conversion it asked for."""
        self.output("IRQ")
        self.output("Dma", DmaRequest())
        self._levels = [False] * TRIGGERS
        self._clear()

    def _clear(self) -> None:
        self._fifo: list[int] = []
        self._pending = [0] * TRIGGERS
        """Command that each trigger waits to begin, 0 none."""
        self._from_etc = [False] * TRIGGERS
        self._phase, self._trigger, self._command, self._loop = IDLE, 0, 0, 0
        self._powered = False
        self._clear_steps()

    def reset(self) -> None:
        """See `Model.reset`; levels at the trigger inputs stay."""
        super().reset()
        self._clear()
        self._reclock()
        self._show()

    def _in_step(self) -> bool:
        return self._phase != IDLE

    # ---- triggers

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`: a rising edge is hardware trigger `number`."""
        if not 0 <= number < TRIGGERS:
            super().on_input(number, level)
        rising = level and not self._levels[number]
        self._levels[number] = level
        if rising and _CTRL["TRIG_SRC"].get(self["CTRL"]) != 1:
            self._hardware_trigger(number, 0, False)

    def etc_trigger(self, number: int, command: int) -> None:
        """For the ADC_ETC: trigger `number`, with the command it selects."""
        if _CTRL["TRIG_SRC"].get(self["CTRL"]) != 2:
            self._hardware_trigger(number, command, True)

    def _hardware_trigger(self, number: int, command: int, from_etc: bool) -> None:
        control = self[f"TCTRL{number}"]
        if control & _TCTRL["HTEN"].mask:
            selected = command if control & _TCTRL["CMD_SEL"].mask else _TCTRL["TCMD"].get(control)
            self._ask(number, selected, from_etc)

    def _ask(self, number: int, command: int, from_etc: bool) -> None:
        if not self["CTRL"] & _ADCEN or not command:
            return
        self._pending[number], self._from_etc[number] = command, from_etc
        if self._phase == IDLE:
            self._begin()
        elif self._higher_waits() and not self["CFG"] & _CFG["TPRICTRL"].mask:
            self._step.cancel()
            self._begin()
        self._show()

    def _priority(self, number: int) -> int:
        return _TCTRL["TPRI"].get(self[f"TCTRL{number}"])

    def _waiting(self) -> int | None:
        """The trigger that is next: the highest priority, then the lowest number."""
        waiting = [number for number in range(TRIGGERS) if self._pending[number]]
        return min(waiting, key=lambda number: (self._priority(number), number), default=None)

    def _higher_waits(self) -> bool:
        number = self._waiting()
        return number is not None and self._priority(number) < self._priority(self._trigger)

    def _begin(self) -> None:
        """Serve the next trigger, or nothing."""
        number = self._waiting()
        if number is None:
            self._phase, self._powered = IDLE, bool(self["CFG"] & _CFG["PWREN"].mask)
            return
        self._trigger, self._command, self._pending[number], self._loop = number, self._pending[number], 0, 0
        delay = _TCTRL["TDLY"].get(self[f"TCTRL{number}"])
        clocks = 1 << delay if delay else 0
        if not self._powered and not self["CFG"] & _CFG["PWREN"].mask:
            clocks += 4 * _CFG["PUDLY"].get(self["CFG"])
        self._powered = True
        if clocks:
            self._phase = DELAY
            self._later(clocks)
        else:
            self._convert()

    # ---- conversions

    def _sample_clocks(self) -> int:
        choice = _CMDH["STS"].get(self[f"CMDH{self._command}"])
        return 3 + (1 << choice if choice else 0)

    def _averaged(self) -> int:
        return 1 << _CMDH["AVGS"].get(self[f"CMDH{self._command}"])

    def _convert(self) -> None:
        self._phase = CONVERT
        self._later((self._sample_clocks() + CONVERSION_CLOCKS) * self._averaged())

    def _on_step(self) -> None:
        if self._phase in (DELAY, PAUSE):
            self._convert()
        else:
            self._converted()
        self._show()

    def _converted(self) -> None:
        result, control = self._result(), self[f"CMDH{self._command}"]
        compare = _CMDH["CMPEN"].get(control) if self._command <= COMPARING_COMMANDS else 0
        kept = compare < STORE_IF_TRUE or self._compare(result)
        trigger, from_etc = self._trigger, self._from_etc[self._trigger]
        entry = _FIFO["CMDSRC"].put(_FIFO["VALID"].mask | result, self._command)
        entry = _FIFO["LOOPCNT"].put(_FIFO["TSRC"].put(entry, trigger), self._loop)
        if self._higher_waits():
            self._begin()
        elif compare == REPEAT_UNTIL_TRUE and not kept:
            self._go_on()
        elif self._loop < _CMDH["LOOP"].get(control):
            self._loop += 1
            self._go_on()
        elif _CMDH["NEXT"].get(control):
            self._command, self._loop = _CMDH["NEXT"].get(control), 0
            self._go_on()
        else:
            self._begin()
        if not kept:
            return
        if from_etc:
            self.take_result(trigger, result)
        elif len(self._fifo) < FIFO_RESULTS:
            self._fifo.append(entry)
        else:
            self["STAT"] |= _FOF

    def _go_on(self) -> None:
        if self["PAUSE"] & _PAUSE["PAUSEEN"].mask and _PAUSE["PAUSEDLY"].get(self["PAUSE"]):
            self._phase = PAUSE
            self._later(4 * _PAUSE["PAUSEDLY"].get(self["PAUSE"]))
        else:
            self._convert()

    def _result(self) -> int:
        """Sample at the instants of the conversion that ends now, convert and average; left-justified, 16 bits."""
        control, count = self[f"CMDL{self._command}"], self._averaged()
        channel = _CMDL["ADCH"].get(control)
        if self[f"CMDH{self._command}"] & _CMDH["LWI"].mask:
            channel += self._loop
        each = self._sample_clocks() + CONVERSION_CLOCKS
        begun_ns = self.host.now_ns() - float(each * count * NS_PER_S / self._hz)
        instants = (np.arange(count) * each + self._sample_clocks()) * float(NS_PER_S / self._hz)
        times_s = (begun_ns + instants) / NS_PER_S
        if channel >= CHANNELS:
            self.host.unmodelled(self.name, f"channel {channel}, which has no pins")
            volts = {"A": np.zeros(count), "B": np.zeros(count)}
        else:
            volts = {side: self.port.volts(f"CH{channel}{side}", times_s) for side in "AB"}
        scale = 1.0 if control & _CMDL["CSCALE"].mask else PART_SCALE
        swapped = bool(control & _CMDL["ABSEL"].mask)
        if control & _CMDL["DIFF"].mask:
            difference = volts["B"] - volts["A"] if swapped else volts["A"] - volts["B"]
            lowest, wanted = -SINGLE_STEPS, difference
        else:
            lowest, wanted = 0, volts["B" if swapped else "A"]
        codes = np.floor(wanted * (scale * SINGLE_STEPS / self.reference_v) + 0.5)
        codes = np.clip(codes, lowest, SINGLE_STEPS - 1).astype(np.int64)
        return (int(codes.sum()) // count << SINGLE_SHIFT) & 0xFFFF

    def _compare(self, result: int) -> bool:
        """Whether the compare rule holds; both signs may be compared alike, as the rule is an arc from high to low."""
        limits = self[f"CV{self._command}"]
        low, high = TABLE["CV{n}"]["CVL"].get(limits), TABLE["CV{n}"]["CVH"].get(limits)
        return low > result > high if low > high else result < low or result > high

    # ---- registers

    @on_read("STAT")
    def _status(self) -> int:
        status = self["STAT"] & _FOF
        if len(self._fifo) > TABLE["FCTRL"]["FWMARK"].get(self["FCTRL"]):
            status |= _RDY
        if self._phase != IDLE:
            status |= _STAT["ADC_ACTIVE"].mask
            status = _STAT["CMDACT"].put(_STAT["TRGACT"].put(status, self._trigger), self._command)
        return status

    def _show(self) -> None:
        """Drive the outputs; enables have the bits of their flags."""
        self.outputs["Dma"].set(bool(self._status() & self["DE"]))
        self.outputs["IRQ"].set(bool(self._status() & self["IE"]))

    @on_write("STAT", "IE", "DE", "FCTRL")
    def _write_enables(self, raw: int, old: int) -> None:
        self._show()

    @on_write("CTRL")
    def _write_control(self, raw: int, old: int) -> None:
        control = self["CTRL"] & ~_RSTFIFO
        if control & _RST:
            self.reset()
        self["CTRL"] = control
        if raw & _RSTFIFO:
            self._fifo.clear()
        if not control & _ADCEN and self._phase != IDLE:
            self._step.cancel()
            self._pending = [0] * TRIGGERS
            self._begin()
        self._show()

    def write(self, offset: int, size: int, value: int) -> None:
        """See `RegisterBlock.write`; while RST is set only CTRL can be written."""
        if not self["CTRL"] & _RST or offset == _CTRL.offset:
            super().write(offset, size, value)

    @on_write("SWTRIG")
    def _write_trigger(self, raw: int, old: int) -> None:
        for number in range(TRIGGERS):
            if raw >> number & 1:
                self._ask(number, _TCTRL["TCMD"].get(self[f"TCTRL{number}"]), False)

    @on_read("FCTRL")
    def _fill(self) -> int:
        return self["FCTRL"] | len(self._fifo)

    @on_read("RESFIFO")
    def _read_result(self) -> int:
        if not self._fifo:
            return 0
        entry = self._fifo.pop(0)
        self._show()
        return entry
