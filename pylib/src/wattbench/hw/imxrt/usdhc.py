"""uSDHC, the host of SD cards and eMMC of the i.MX RT1170 (IMXRT1170RM "uSDHC"): no card is put in.

Resets and clock answer; a command that wants a response ends with a time-out after the time it takes on the line.
"""

from __future__ import annotations

from fractions import Fraction

from wattbench.core.clock import ClockInput, ClockSource, TickClock, root_of
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table

TABLE = load_table("wattbench.hw.imxrt", "usdhc")
STATE, SYSTEM, COMMAND, STATUS = (TABLE[name] for name in ("PRES_STATE", "SYS_CTRL", "CMD_XFR_TYP", "INT_STATUS"))
RESETS = tuple(SYSTEM[name].mask for name in ("RSTA", "RSTC", "RSTD", "INITA", "RSTT"))
RESET_ALL, RESET_COMMAND = RESETS[:2]
IDLE_LINES = STATE["SDSTB"].mask | STATE["CLSL"].mask | STATE["DLSL"].mask
BUSY = STATE["CIHB"].mask
COMMAND_BITS, RESPONSE_WAIT_BITS, GAP_BITS = 48, 64, 8
FORCED = 0x157F_0000
"""Bits of FORCE_EVENT that are those of INT_STATUS."""
FORCED_AUTO_COMMAND = {0: 0, 1: 1, 2: 3, 3: 2, 4: 4, 7: 7}
"""Bits of FORCE_EVENT that set bits of AUTOCMD12_ERR_STATUS."""
CARD_INTERRUPT = 1 << 31
KEPT_OVER_RESET = {"VEND_SPEC", "VEND_SPEC2", "MMC_BOOT", "TUNING_CTRL", "DLL_CTRL", "STROBE_DLL_CTRL", "HOST_CTRL_CAP"}


class UsdhcBlock(RegisterBlock):
    """A uSDHC without a card, as far as the chips of the line are alike."""

    size = 0x4000
    default_output = "IRQ"
    state_names = ("_busy",)
    missing = ("cards: every command that wants a response times out", "data transfers, DMA, tuning, boot mode")

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "",
        frequency: int = 24_000_000,
    ) -> None:
        """`clocks` with `clock_root` (else the name in capitals) or `frequency` [Hz] is the clock of the card's bus."""
        super().__init__(host, name)
        self._clock = ClockInput(clocks, root_of(clock_root, name), frequency)
        self.irq = self.output("IRQ")
        self._busy = False
        self._answer_timer = self.timer("answer", self._command_over)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._busy = False
        self._drive()

    @property
    def card_hz(self) -> Fraction:
        """Frequency of the clock to the card."""
        divider = (SYSTEM["DVS"].get(self["SYS_CTRL"]) + 1) * (2 * SYSTEM["SDCLKFS"].get(self["SYS_CTRL"]) or 1)
        return self._clock.hz / divider

    @on_write("SYS_CTRL")
    def _write_system(self, raw: int, old: int) -> None:
        if raw & RESET_ALL:
            kept = {name: self[name] for name in KEPT_OVER_RESET & self.table.registers.keys()}
            self.reset()
            for name, value in kept.items():
                self[name] = value
        elif raw & RESET_COMMAND:
            self._answer_timer.cancel()
            self._busy = False
        self["SYS_CTRL"] &= ~sum(RESETS)

    @on_write("CMD_XFR_TYP")
    def _send(self, raw: int, old: int) -> None:
        hz = self.card_hz
        if self._busy or not hz:
            return
        self._busy = True
        wants_answer = COMMAND["RSPTYP"].get(self["CMD_XFR_TYP"])
        bits = COMMAND_BITS + (RESPONSE_WAIT_BITS if wants_answer else GAP_BITS)
        self._answer_timer.arm(TickClock(hz, self.host.now_ns()).time_of(bits))

    def _command_over(self) -> None:
        self._busy = False
        self._note(STATUS["CTOE"].mask if COMMAND["RSPTYP"].get(self["CMD_XFR_TYP"]) else STATUS["CC"].mask)

    @on_read("PRES_STATE")
    def _read_state(self) -> int:
        return self["PRES_STATE"] | IDLE_LINES | (BUSY if self._busy else 0)

    @on_read("DLL_STATUS")
    def _read_delay(self) -> int:
        return self["DLL_STATUS"] | (3 if self["DLL_CTRL"] & 1 else 0)

    @on_write("FORCE_EVENT")
    def _force(self, raw: int, old: int) -> None:
        self["FORCE_EVENT"] = 0
        for bit, place in FORCED_AUTO_COMMAND.items():
            self["AUTOCMD12_ERR_STATUS"] |= (raw >> bit & 1) << place
        self._note(raw & FORCED | (STATUS["CINT"].mask if raw & CARD_INTERRUPT else 0))

    def _note(self, events: int) -> None:
        self["INT_STATUS"] |= events & self["INT_STATUS_EN"]
        self._drive()

    @on_write("INT_STATUS", "INT_STATUS_EN", "INT_SIGNAL_EN")
    def _write_interrupts(self, raw: int, old: int) -> None:
        self._drive()

    def _drive(self) -> None:
        self.irq.set(bool(self["INT_STATUS"] & self["INT_SIGNAL_EN"]))


@model("Wattbench.Usdhc")
class Usdhc(UsdhcBlock):
    """A uSDHC of the i.MX RT1170."""

    table = TABLE

    @on_read("STROBE_DLL_STATUS")
    def _read_strobe_delay(self) -> int:
        return self["STROBE_DLL_STATUS"] | (3 if self["STROBE_DLL_CTRL"] & 1 else 0)
