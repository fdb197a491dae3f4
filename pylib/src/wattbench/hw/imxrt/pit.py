"""PIT: periodic interrupt timer (i.MX RT1170 reference manual, chapter PIT)."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from wattbench.core.clock import ClockInput, ClockSource, TickClock
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table

TABLE = load_table("wattbench.hw.imxrt", "pit")
MDIS = TABLE["MCR"]["MDIS"].mask
TEN, TIE, CHN = (TABLE["TCTRL{n}"][name].mask for name in ("TEN", "TIE", "CHN"))
CHANNELS = range(4)


@model("Wattbench.Pit", "Timers.S32K3XX_PeriodicInterruptTimer")
class Pit(RegisterBlock):
    """One PIT. A period is LDVAL + 1 clocks, counted from an anchor, so periods never drift.

    Outputs: `IRQ`, and triggers `0` to `3`, which go up and down at once at each expiry of their channel.
    """

    table = TABLE
    size = 0x4000
    default_output = "IRQ"
    state_names = ("_hz", "_anchors_ns", "_expiries", "_counts")

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "BUS",
        frequency: int = 24_000_000,
    ) -> None:
        """`clocks` with `clock_root` or `frequency` [Hz] is the clock of the counters."""
        super().__init__(host, name)
        self._clock = ClockInput(clocks, clock_root, frequency)
        self._clock.on_change(self._reclock)
        self._irq = self.output("IRQ")
        self._triggers = [self.output(channel) for channel in CHANNELS]
        self._alarms = [self.timer(f"channel{channel}", partial(self._expired, channel)) for channel in CHANNELS]
        self._clear()

    def _clear(self) -> None:
        self._hz = Fraction(0)
        """Rate at which the counters run, 0 while they stand."""
        self._anchors_ns = [0, 0, 0, 0]
        self._expiries = [0, 0, 0, 0]
        """Ticks from the anchor to the next expiry of a channel that counts clocks."""
        self._counts = [0, 0, 0, 0]
        """Counts of channels that are off, stand or are chained."""

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._clear()
        self._update_irq()

    def _counts_clocks(self, channel: int) -> bool:
        control = self[f"TCTRL{channel}"]
        return bool(self._hz and control & TEN and not self._chained(channel))

    def _chained(self, channel: int) -> bool:
        return bool(channel and self[f"TCTRL{channel}"] & CHN)

    def count(self, channel: int) -> int:
        """Present count of `channel`."""
        if not self._counts_clocks(channel):
            return self._counts[channel]
        clock = TickClock(self._hz, self._anchors_ns[channel])
        return max(self._expiries[channel] - 1 - clock.ticks_at(self.host.now_ns()), 0)

    def _stop(self, channel: int) -> None:
        self._counts[channel] = self.count(channel)
        self._alarms[channel].cancel()

    def _go(self, channel: int) -> None:
        """Count on from the kept count, if the channel counts clocks."""
        if self._counts_clocks(channel):
            self._anchors_ns[channel] = self.host.now_ns()
            self._expiries[channel] = self._counts[channel] + 1
            self._alarms[channel].arm(TickClock(self._hz, self._anchors_ns[channel]).time_of(self._expiries[channel]))

    def _reclock(self) -> None:
        for channel in CHANNELS:
            self._stop(channel)
        self._hz = Fraction(0) if self["MCR"] & MDIS else self._clock.hz
        for channel in CHANNELS:
            self._go(channel)

    def _expired(self, channel: int) -> None:
        """The channel's count ran out: flag, trigger, reload, and one count for a channel chained to it."""
        if self._counts_clocks(channel):
            self._expiries[channel] += self[f"LDVAL{channel}"] + 1
            clock = TickClock(self._hz, self._anchors_ns[channel])
            self._alarms[channel].arm(clock.time_of(self._expiries[channel]))
        else:
            self._counts[channel] = self[f"LDVAL{channel}"]
        self[f"TFLG{channel}"] = 1
        self._update_irq()
        self._triggers[channel].set(True)
        self._triggers[channel].set(False)
        after = channel + 1
        if after in CHANNELS and self._chained(after) and self[f"TCTRL{after}"] & TEN:
            if self._counts[after]:
                self._counts[after] -= 1
            else:
                self._expired(after)

    def _update_irq(self) -> None:
        self._irq.set(any(self[f"TFLG{channel}"] and self[f"TCTRL{channel}"] & TIE for channel in CHANNELS))

    @on_read("CVAL{n}")
    def _cval_read(self, channel: int) -> int:
        return self.count(channel)

    @on_read("LTMR64H")
    def _lifetime_read(self) -> int:
        self["LTMR64L"] = self.count(0)
        return self.count(1)

    @on_write("MCR")
    def _mcr_written(self, raw: int, old: int) -> None:
        if (self["MCR"] ^ old) & MDIS:
            self._reclock()

    @on_write("TCTRL{n}")
    def _tctrl_written(self, channel: int, raw: int, old: int) -> None:
        control = self[f"TCTRL{channel}"]
        if (control ^ old) & (TEN | CHN):
            self[f"TCTRL{channel}"] = old
            self._stop(channel)
            self[f"TCTRL{channel}"] = control
            if control & ~old & TEN:
                self._counts[channel] = self[f"LDVAL{channel}"]
            self._go(channel)
        self._update_irq()

    @on_write("TFLG{n}")
    def _tflg_written(self, channel: int, raw: int, old: int) -> None:
        self._update_irq()
