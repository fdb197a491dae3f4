"""TMR: quad timer of four 16-bit counters (i.MX RT1170 reference manual, chapter TMR).

A capture holds until IEF is cleared. DMA of captures clears IEF with its acknowledge.
"""

from __future__ import annotations

from functools import partial

from wattbench.core.clock import ClockInput, ClockSource
from wattbench.core.host import Host
from wattbench.core.model import model, on_read, on_write
from wattbench.core.wires import DmaRequest
from wattbench.hw.imxrt.tmr_counters import (
    ALTERNATE,
    CHANNELS,
    CLOCK,
    COMPARE_FLAGS,
    CSCTRL,
    CTRL,
    DMA,
    IEF,
    IPS,
    OPS,
    QUADRATURE,
    ROLL,
    SCTRL,
    SET_TO_EDGE,
    STATUS_FLAGS,
    TRIGGERED,
    VAL,
    TmrCounters,
)

PRELOAD_REQUESTS = ((0, 1), (1, 0), (2, 3), (3, 2))
"""Of preload request n: the channel whose CMPLD1 and the channel whose CMPLD2 it serves."""


@model("Wattbench.Tmr")
class Tmr(TmrCounters):
    """One quad timer. Inputs 0 to 3 are the channels' pins.

    Outputs: `IRQ`, the channels' outputs `0` to `3`, and the DMA requests `CAPT0` to `CAPT3` and `CMPLD0` to `CMPLD3`,
    of which the last serve CMPLD1 of channel n and CMPLD2 of the other channel of its pair.
    """

    size = 0x4000
    default_output = "IRQ"
    state_names = (
        "_hz", "_anchors_ns", "_ticks", "_counts", "_alternate", "_triggered", "_stopped", "_oflags", "_levels",
        "_preloads",
    )  # fmt: skip
    missing = ("clock as output (OUTMODE 7)", "choice of input pins by IOMUXC_GPR")

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "BUS",
        frequency: int = 24_000_000,
    ) -> None:
        """`clocks` with `clock_root` or `frequency` [Hz] is the bus clock of the counters."""
        super().__init__(host, name, ClockInput(clocks, clock_root, frequency))
        self.output("IRQ")
        self._captures, self._loads = [DmaRequest() for _ in CHANNELS], [DmaRequest() for _ in CHANNELS]
        for n in CHANNELS:
            self._captures[n].acknowledged = partial(self._capture_served, n)
            self._loads[n].acknowledged = partial(self._load_served, n)
            self.output(f"CAPT{n}", self._captures[n])
            self.output(f"CMPLD{n}", self._loads[n])

    def reset(self) -> None:
        """See `Model.reset`; levels at the pins stay."""
        super().reset()
        self._clear()
        for n in CHANNELS:
            self._lines[n].set(False)
        self._show()

    # ---- inputs

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`: the pin of channel `number`."""
        if number not in CHANNELS:
            super().on_input(number, level)
        if level == self._levels[number]:
            return
        for n in CHANNELS:
            self._settle(n)
        self._levels[number] = level
        for n in CHANNELS:
            control, rising = self[f"CTRL{n}"], level != bool(self[f"SCTRL{n}"] & IPS)
            primary, secondary = CTRL["PCS"].get(control) == number, CTRL["SCS"].get(control) == number
            if secondary:
                self._secondary_edge(n, rising)
            if self._mode(n) == QUADRATURE and primary != secondary:
                leads = self._level(n, CTRL["PCS"].get(control) % len(CHANNELS)) != self._secondary(n)
                self._change(n, down=leads != primary)
            elif primary:
                self._edge(n, rising)
            self._go(n)
        self._show()

    def _secondary_edge(self, n: int, rising: bool) -> None:
        if self._mode(n) == TRIGGERED and rising:
            again = self._triggered[n]
            if again and self[f"CSCTRL{n}"] & CSCTRL["TCI"].mask:
                self._load(n, self._down(n))
            else:
                self._triggered[n] = not again
        if rising and CTRL["OUTMODE"].get(self[f"CTRL{n}"]) == SET_TO_EDGE:
            self._set_oflag(n, False)
        edges = SCTRL["CAPTURE_MODE"].get(self[f"SCTRL{n}"])
        if self._mode(n) and edges & (1 if rising else 2) and not self[f"SCTRL{n}"] & IEF:
            self[f"CAPT{n}"] = self._counts[n]
            self[f"SCTRL{n}"] |= IEF
            if self[f"CSCTRL{n}"] & CSCTRL["ROC"].mask:
                self._load(n, self._down(n))

    # ---- registers

    def _show(self) -> None:
        """Drive interrupt and DMA requests."""
        wanted = False
        for n in CHANNELS:
            status, compare = self[f"SCTRL{n}"], self[f"CSCTRL{n}"]
            wanted |= bool(status & STATUS_FLAGS & status << 1 or compare & COMPARE_FLAGS & compare >> 2)
            self._captures[n].set(bool(status & IEF and self[f"DMA{n}"] & DMA["IEFDE"].mask))
        for line, (first, second) in zip(self._loads, PRELOAD_REQUESTS, strict=True):
            line.set(bool(self._preloads & (1 << 2 * first | 2 << 2 * second)))
        self.outputs["IRQ"].set(wanted)

    def _capture_served(self, n: int) -> None:
        self[f"SCTRL{n}"] &= ~IEF
        self._show()

    def _load_served(self, number: int) -> None:
        first, second = PRELOAD_REQUESTS[number]
        self._preloads &= ~(1 << 2 * first | 2 << 2 * second)
        self._show()

    @on_read("CNTR{n}")
    def _read_counter(self, n: int) -> int:
        for other in CHANNELS:
            self[f"HOLD{other}"] = self.count(other)
        return self.count(n)

    @on_write("CNTR{n}")
    def _write_counter(self, n: int, raw: int, old: int) -> None:
        self._settle(n)
        self._counts[n] = raw & ROLL - 1
        self._go(n)

    @on_read("SCTRL{n}")
    def _read_status(self, n: int) -> int:
        return SCTRL["INPUT"].put(self[f"SCTRL{n}"], self._secondary(n))

    @on_write("COMP1{n}", "COMP2{n}")
    def _write_compare(self, n: int, raw: int, old: int) -> None:
        self._settle(n)
        self._go(n)

    @on_write("CTRL{n}")
    def _write_control(self, n: int, raw: int, old: int) -> None:
        control, self[f"CTRL{n}"] = self[f"CTRL{n}"], old
        self._settle(n)
        self[f"CTRL{n}"] = control
        self._stopped[n] = False
        if CTRL["CM"].get(control) != TRIGGERED:
            self._triggered[n] = False
        if not CTRL["CM"].get(control) or CTRL["OUTMODE"].get(control) != ALTERNATE:
            self._alternate[n] = False
        if CTRL["OUTMODE"].get(control) == CLOCK and CTRL["CM"].get(control):
            self.host.unmodelled(self.name, f"clock as output of channel {n} (OUTMODE 7)")
        self._go(n)
        self._show()

    @on_write("SCTRL{n}")
    def _write_status(self, n: int, raw: int, old: int) -> None:
        written = self[f"SCTRL{n}"]
        self[f"SCTRL{n}"] = old
        self._settle(n)
        force = written & SCTRL["FORCE"].mask
        self[f"SCTRL{n}"] = written & ~(STATUS_FLAGS | SCTRL["FORCE"].mask) | written & old & STATUS_FLAGS
        if force:
            self._set_oflag(n, bool(written & VAL))
        self._lines[n].set(self._oflags[n] != bool(written & OPS))
        self._go(n)
        self._show()

    @on_write("CSCTRL{n}")
    def _write_compare_control(self, n: int, raw: int, old: int) -> None:
        written = self[f"CSCTRL{n}"]
        self[f"CSCTRL{n}"] = written & ~COMPARE_FLAGS | written & old & COMPARE_FLAGS
        self._show()

    @on_write("DMA{n}")
    def _write_dma(self, n: int, raw: int, old: int) -> None:
        for register in (1, 2):
            if not self[f"DMA{n}"] & DMA[f"CMPLD{register}DE"].mask:
                self._preloads &= ~(1 << 2 * n + register - 1)
        self._show()

    @on_write("ENBL")
    def _write_enable(self, raw: int, old: int) -> None:
        enabled, self["ENBL"] = self["ENBL"], old
        for n in CHANNELS:
            self._settle(n)
        self["ENBL"] = enabled
        for n in CHANNELS:
            self._go(n)
