"""Messaging unit of the i.MX RT1170: words, flags and interrupts between its two cores (IMXRT1170RM "MU").

What one side does is there for the other at once; the chip takes some bus clocks for it (SR.EP, SR.FUP).
"""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table

TABLE = load_table("wattbench.hw.imxrt", "mu")
CHANNELS = 4
_SR, _CR = TABLE["SR"], TABLE["CR"]
_FLAGS, _MUR, _GIR = (_CR[name].mask for name in ("Fn", "MUR", "GIRn"))
_RS, _TE, _RF, _GIP = (_SR[name].mask for name in ("RS", "TEn", "RFn", "GIPn"))
GIR_TO_GIP = _SR["GIPn"].low - _CR["GIRn"].low


def channel_bit(mask: int, number: int) -> int:
    """The bit of register or interrupt `number` in a field of four: the highest one is number 0."""
    return 1 << mask.bit_length() - 1 - number


@model("Wattbench.Mu")
class Mu(RegisterBlock):
    """One side of a messaging unit; `other` is the other side, and given to the second one in the platform (side B).

    Input 0 is high while the core of the other side is out of reset. Side B takes side A's core to be always running.
    """

    size = 0x4000
    table = TABLE
    default_output = "IRQ"
    state_names = ("_other_runs",)
    missing = ("the bus clocks that a word takes from one side to the other",)

    def __init__(self, host: Host, name: str, other: Mu | None = None) -> None:
        super().__init__(host, name)
        self._irq = self.output("IRQ")
        self.is_side_b = other is not None
        self.other: Mu | None = other
        self._other_runs = self.is_side_b
        if other is not None:
            other.other = self

    def reset(self) -> None:
        """See `Model.reset`; whether the other core runs is for its input to say."""
        super().reset()
        self._show()

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`."""
        if number != 0:
            super().on_input(number, level)
        else:
            self._other_runs = level
            self._show()

    def _show(self) -> None:
        self["SR"] = self["SR"] & ~_RS | (0 if self._other_runs else _RS)
        status, control = self["SR"], self["CR"]
        self._irq.set(bool(status & control & (_TE | _RF | _GIP)))

    @on_write("TR")
    def _send(self, number: int, raw: int, old: int) -> None:
        self[f"TR{number}"] = 0
        if self.other is None:
            self.host.unmodelled(self.name, f"write TR{number}", "without another side")
            return
        self["SR"] &= ~channel_bit(_TE, number)
        self.other._arrive(number, raw)
        self._show()

    def _arrive(self, number: int, word: int) -> None:
        self[f"RR{number}"] = word
        self["SR"] |= channel_bit(_RF, number)
        self._show()

    @on_read("RR")
    def _receive(self, number: int) -> int:
        bit = channel_bit(_RF, number)
        if self["SR"] & bit:
            self["SR"] &= ~bit
            if self.other is not None:
                self.other["SR"] |= channel_bit(_TE, number)
                self.other._show()
            self._show()
        return self[f"RR{number}"]

    @on_write("SR")
    def _status_written(self, raw: int, old: int) -> None:
        if self.other is not None:
            self.other["CR"] &= ~((raw & _GIP) >> GIR_TO_GIP)
        self._show()

    @on_write("CR")
    def _control_written(self, raw: int, old: int) -> None:
        if raw & _MUR and not self.is_side_b:
            for side in filter(None, (self, self.other)):
                side.reset()
            return
        self["CR"] = self["CR"] & ~_MUR | old & _GIR
        if self.other is not None:
            requested = self["CR"] & ~old & _GIR
            self.other["SR"] = self.other["SR"] & ~_FLAGS | self["CR"] & _FLAGS | requested << GIR_TO_GIP
            self.other._show()
        self._show()
