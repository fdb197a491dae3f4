"""GPT: general purpose timer (i.MX RT1170 reference manual, chapter GPT)."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from wattbench.core.clock import ClockInput, ClockSource, TickClock, root_of
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table

TABLE = load_table("wattbench.hw.imxrt", "gpt")
CR, PR, SR = TABLE["CR"], TABLE["PR"], TABLE["SR"]
KEPT_BY_SOFTWARE_RESET = sum(CR[name].mask for name in ("EN", "ENMOD", "DBGEN", "WAITEN", "DOZEEN", "STOPEN", "CLKSRC"))
CRYSTAL_HZ, CRYSTAL_32K_HZ = 24_000_000, 32_768
ROLL = 1 << 32
CHANNELS = (1, 2, 3)


@model("Wattbench.Gpt", "Timers.IMX_GPTimer")
class Gpt(RegisterBlock):
    """One GPT. Its count is computed from virtual time; an alarm is set only for what somebody can see.

    A compare flag is a level: while the counter equals the compare register, clearing it has no effect.
    Outputs: `IRQ` and the compare pins `1` to `3`. Inputs `1` and `2` are the capture pins.
    """

    table = TABLE
    size = 0x4000
    default_output = "IRQ"
    state_names = ("_running_hz", "_anchor_ns", "_base", "_pins")

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "",
        frequency: int = 24_000_000,
    ) -> None:
        """`clocks` with `clock_root` (else the name in capitals) or `frequency` [Hz] is the clock of CLKSRC 1 and 2."""
        super().__init__(host, name)
        self._clock = ClockInput(clocks, root_of(clock_root, name), frequency)
        self._clock.on_change(self._reclock)
        self._irq = self.output("IRQ")
        self._compare_pins = {channel: self.output(channel) for channel in CHANNELS}
        self._event = self.timer("event", self._on_event)
        self._pulse_ends = {
            channel: self.timer(f"pulse{channel}", partial(self._compare_pins[channel].set, True))
            for channel in CHANNELS
        }
        self._pins = [False, False]
        self._clear()

    def _clear(self) -> None:
        self._running_hz = Fraction(0)
        self._anchor_ns = self._base = 0

    def reset(self) -> None:
        """See `Model.reset`; levels at the capture pins stay."""
        super().reset()
        self._clear()
        for line in self._compare_pins.values():
            line.set(False)
        self._update_irq()

    @property
    def input_hz(self) -> Fraction:
        """Frequency in front of PRESCALER, by CLKSRC."""
        control = self["CR"]
        source = CR["CLKSRC"].get(control)
        if source in (1, 2):
            return self._clock.hz
        if source == 4:
            return Fraction(CRYSTAL_32K_HZ)
        if source == 5 and control & CR["EN_24M"].mask:
            return Fraction(CRYSTAL_HZ, PR["PRESCALER24M"].get(self["PR"]) + 1)
        return Fraction(0)

    def _laps(self) -> tuple[int, int]:
        """Ticks from count 0 to the end of the lap in progress, and of each lap after it."""
        if self["CR"] & CR["FRR"].mask:
            return ROLL, ROLL
        period = self["OCR1"] + 1
        return (period if self._base < period else ROLL), period

    def _total(self, time_ns: int) -> int:
        """Ticks since count 0 of the lap that was in progress at the anchor."""
        if not self._running_hz:
            return self._base
        return self._base + TickClock(self._running_hz, self._anchor_ns).ticks_at(time_ns)

    def _count_at(self, total: int) -> int:
        first, period = self._laps()
        return total if total < first else (total - first) % period

    @property
    def count(self) -> int:
        """The counter now."""
        return self._count_at(self._total(self.host.now_ns()))

    def _next_total(self, count: int, total: int) -> int | None:
        """The first total after `total` at which the counter reads `count`, None if never."""
        first, period = self._laps()
        if total < count < first:
            return count
        if count >= period:
            return None
        return first + count + max(0, -(-(total + 1 - first - count) // period)) * period

    def _reclock(self) -> None:
        """Go on from the present count with the clock that the registers and the clock source now give."""
        running = self["CR"] & CR["EN"].mask
        hz = self.input_hz / (PR["PRESCALER"].get(self["PR"]) + 1) if running else Fraction(0)
        if hz != self._running_hz:
            self._base, self._anchor_ns = self.count, self.host.now_ns()
            self._running_hz = hz
        self._plan()

    def _fix_lap(self) -> None:
        """Take the present count for the anchor, at the instant of its tick, before the laps change."""
        if self._running_hz:
            now_ns, clock = self.host.now_ns(), TickClock(self._running_hz, self._anchor_ns)
            self._base, self._anchor_ns = self.count, clock.time_of(clock.ticks_at(now_ns))

    def _plan(self) -> None:
        """Set flags that hold now, and the alarm for the next match or roll-over that changes anything."""
        status, control = self["SR"], self["CR"]
        due = []
        if self._running_hz:
            total = self._total(self.host.now_ns())
            count = self._count_at(total)
            for channel in CHANNELS:
                compare, flag = self[f"OCR{channel}"], SR[f"OF{channel}"].mask
                if compare == count:
                    status |= flag
                if not status & flag or CR[f"OM{channel}"].get(control):
                    due.append(self._next_total(compare, total))
            if not status & SR["ROV"].mask:
                first, period = self._laps()
                due.append(first if total < first == ROLL else self._next_total(0, total) if period == ROLL else None)
        self["SR"] = status
        totals = [total for total in due if total is not None]
        if totals:
            self._event.arm(TickClock(self._running_hz, self._anchor_ns).time_of(min(totals) - self._base))
        else:
            self._event.cancel()
        self._update_irq()

    def _on_event(self) -> None:
        total = self._total(self.host.now_ns())
        count = self._count_at(total)
        first, period = self._laps()
        if count == 0 and (total == first == ROLL or (total > first and period == ROLL)):
            self["SR"] |= SR["ROV"].mask
        for channel in CHANNELS:
            if self[f"OCR{channel}"] == count:
                self["SR"] |= SR[f"OF{channel}"].mask
                self._act(channel)
        self._plan()

    def _act(self, channel: int) -> None:
        """What a match does to compare pin `channel`."""
        mode, line = CR[f"OM{channel}"].get(self["CR"]), self._compare_pins[channel]
        if mode == 1:
            line.set(not line.level)
        elif mode in (2, 3):
            line.set(mode == 3)
        elif mode >= 4 and self.input_hz:
            line.set(False)
            self._pulse_ends[channel].arm(TickClock(self.input_hz, self.host.now_ns()).time_of(1))

    def _update_irq(self) -> None:
        self._irq.set(bool(self["SR"] & self["IR"]))

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`: capture pin 1 or 2."""
        if number not in (1, 2):
            raise TypeError(f"{self.name} has capture inputs 1 and 2, not {number}")
        edge = level != self._pins[number - 1]
        self._pins[number - 1] = level
        if edge and CR[f"IM{number}"].get(self["CR"]) & (1 if level else 2):
            self[f"ICR{number}"] = self.count
            self["SR"] |= SR[f"IF{number}"].mask
            self._update_irq()

    @on_read("CNT")
    def _cnt_read(self) -> int:
        return self.count

    @on_write("CR")
    def _cr_written(self, raw: int, old: int) -> None:
        control = self["CR"] & ~(CR["FO1"].mask | CR["FO2"].mask | CR["FO3"].mask)
        if control & CR["SWR"].mask:
            self.reset()
            self["CR"] = control & KEPT_BY_SOFTWARE_RESET
            self._reclock()
            return
        self["CR"] = old
        if (control ^ old) & CR["FRR"].mask:
            self._fix_lap()
        self["CR"] = control
        if control & ~old & CR["EN"].mask and control & CR["ENMOD"].mask:
            self._base = 0
        if CR["CLKSRC"].get(control) == 3 and control & CR["EN"].mask:
            self.host.unmodelled(self.name, "clock from a pin (CLKSRC 3)")
        for channel in CHANNELS:
            if CR[f"OM{channel}"].get(control) >= 4 > CR[f"OM{channel}"].get(old):
                self._compare_pins[channel].set(True)
            if raw & CR[f"FO{channel}"].mask:
                self._act(channel)
        self._reclock()

    @on_write("PR")
    def _pr_written(self, raw: int, old: int) -> None:
        self._reclock()

    @on_write("SR")
    def _sr_written(self, raw: int, old: int) -> None:
        self._plan()

    @on_write("IR")
    def _ir_written(self, raw: int, old: int) -> None:
        self._update_irq()

    @on_write("OCR{n}")
    def _ocr_written(self, number: int, raw: int, old: int) -> None:
        if number == 1 and not self["CR"] & CR["FRR"].mask:
            self._base, self._anchor_ns = 0, self.host.now_ns()
        self._plan()
