"""FlexCAN of the i.MX RT1170: CAN and CAN FD (IMXRT1170RM "CAN"): modes, bit timing, errors, interrupts.

`port` is the connection to the bus: `port.send(0x123, b"..")`, `port.present`, `port.frames`, `port.join(other.port)`.
"""

from __future__ import annotations

import logging
import re
from fractions import Fraction
from typing import Any, ClassVar

from wattbench.core.clock import NS_PER_S, ClockInput, ClockSource, TickClock, root_of
from wattbench.core.host import Host
from wattbench.core.model import model, on_read, on_write
from wattbench.hw.imxrt.flexcan_buffers import CTRL1, ESR1, MCR, TABLE
from wattbench.hw.imxrt.flexcan_node import OFF, FlexcanNode

CBT, FDCBT = TABLE["CBT"], TABLE["FDCBT"]
JOIN_BITS = 11
FROZEN_ONLY_CTRL1 = sum(
    CTRL1[name].mask for name in ("PRESDIV", "RJW", "PSEG1", "PSEG2", "PROPSEG", "LPB", "LOM", "LBUF", "SMP", "TSYN")
)
FROZEN_ONLY = re.compile(r"(RXMGMASK|RX14MASK|RX15MASK|RXFGMASK|RXIMR\d+|CBT|FDCBT|ECR)$")
INTERRUPTS = (
    ("ERRINT", "CTRL1", "ERRMSK"), ("BOFFINT", "CTRL1", "BOFFMSK"), ("RWRNINT", "CTRL1", "RWRNMSK"),
    ("TWRNINT", "CTRL1", "TWRNMSK"), ("BOFFDONEINT", "CTRL2", "BOFFDONEMSK"), ("ERRINT_FAST", "CTRL2", "ERRMSK_FAST"),
)  # fmt: skip


@model("Wattbench.FlexCan")
class Flexcan(FlexcanNode):
    """One FlexCAN; the three of the chip are alike."""

    size = 0x4000
    default_output = "IRQ"
    hidden_ram: ClassVar[tuple[tuple[int, int], ...]] = (
        (0x480, 0x880), (0x980, 0x9E0), (0x9E4, 0xAE0), (0xF28, 0x1000),
    )  # fmt: skip
    """Memory without registers of a name, which software clears once for the sake of its check bits."""
    state_names = (
        "_locked", "_serviced", "_held_back", "_fifo", "_sending", "_transmit_errors", "_receive_errors", "_state",
        "_role", "_may_start_ns", "_joined_ns", "_counter_base", "_counter_ns", "_counter_hz", "_loop", "_ram",
    )  # fmt: skip
    missing: ClassVar[tuple[str, ...]] = (
        "single bits on the bus: errors strike at the end of the data, resynchronisation and sampling do not exist",
        "the bits in which a CAN FD frame changes its rate count at the nominal rate",
        "pretended networking, wake-up and low-power modes",
        "errors of the memory and their interrupt",
        "two nodes that send different frames of the same identifier at the same moment",
    )

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "",
        frequency: int = 24_000_000,
    ) -> None:
        """`clocks` with `clock_root` (else the name in capitals) or `frequency` [Hz] is the clock of the bit timing."""
        super().__init__(host, name)
        self._clock = ClockInput(clocks, root_of(clock_root, name), frequency)
        self._clock.on_change(self._rates_changed)
        self.irq = self.output("IRQ")
        self._ram = bytearray(0x1000)
        self._clear()

    def _clear(self) -> None:
        self._clear_node()
        self._counter_base = self._counter_ns = 0
        self._counter_hz = Fraction(0)

    def reset(self) -> None:
        """See `Model.reset`. A frame on the bus goes on without this node."""
        deadline_ns = self._timers["bus"].deadline_ns
        super().reset()
        if deadline_ns is not None:
            self._timers["bus"].arm(deadline_ns)
        self.port.bus.lose(self)
        self._clear()
        self._ram = bytearray(0x1000)
        self._drive()

    def save(self) -> dict[str, Any]:
        """See `Model.save`; the bus that this node brought with it and the partner are part of it."""
        return {**super().save(), "bus": self._own_bus.save(), "partner": self.port.save()}

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        self._own_bus.restore(saved["bus"])
        self.port.restore(saved["partner"])

    # Memory without names

    def read(self, offset: int, size: int) -> int:
        """See `RegisterBlock.read`."""
        if any(first <= offset < end for first, end in self.hidden_ram):
            return int.from_bytes(self._ram[offset : offset + size], "little")
        return super().read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        """See `RegisterBlock.write`."""
        if any(first <= offset < end for first, end in self.hidden_ram):
            self._ram[offset : offset + size] = value.to_bytes(size, "little")
        elif not self.frozen and FROZEN_ONLY.match(self.register_name(offset & ~3)):
            self._refuse(self.register_name(offset & ~3))
        else:
            super().write(offset, size, value)

    # Modes

    @property
    def frozen(self) -> bool:
        """Whether it is in freeze mode."""
        return bool(self["MCR"] & MCR["FRZACK"].mask)

    @property
    def _awake(self) -> bool:
        return not self["MCR"] & (MCR["FRZACK"].mask | MCR["LPMACK"].mask)

    @on_write("MCR")
    def _write_mode(self, raw: int, old: int) -> None:
        if raw & MCR["SOFTRST"].mask and not self["MCR"] & MCR["LPMACK"].mask:
            self._soft_reset()
        self["MCR"] &= ~MCR["SOFTRST"].mask
        self._settle_mode()

    def _soft_reset(self) -> None:
        """All but memory, masks and bus settings go back."""
        kept = self["MCR"] & MCR["MDIS"].mask
        for name in ("TIMER", "ECR", "ESR1", "IMASK1", "IMASK2", "IFLAG1", "IFLAG2", "CRCR", "FDCRC", "RXFIR"):
            self[name] = 0
        self["MCR"] = TABLE["MCR"].reset | kept
        self._recovery_timer.cancel()
        self._loop_timer.cancel()
        self.port.bus.lose(self)
        self._clear()
        self._drive()

    def _settle_mode(self) -> None:
        """Acknowledge the mode that MCR asks for, once no frame is under way."""
        mode, was_awake = self["MCR"], self._awake
        off = bool(mode & MCR["MDIS"].mask)
        freeze = not off and mode & MCR["FRZ"].mask and mode & MCR["HALT"].mask
        if self._role and (off or freeze):
            return
        acknowledges = MCR["LPMACK"].mask | MCR["FRZACK"].mask | MCR["NOTRDY"].mask
        mode &= ~acknowledges
        if off:
            mode |= MCR["LPMACK"].mask | MCR["NOTRDY"].mask
        elif freeze:
            mode |= MCR["FRZACK"].mask | MCR["NOTRDY"].mask
        self["MCR"] = mode
        if self._awake and not was_awake:
            nominal = Fraction(self.rates_hz()[0])
            wait_ns = JOIN_BITS * NS_PER_S / nominal if nominal else Fraction(0)
            self._joined_ns = self._may_start_ns = self.host.now_ns() + wait_ns
        self._run_counter()
        self._buffers_changed()

    # Bit timing

    def rates_hz(self) -> tuple[Fraction | int, Fraction | int]:
        """See `CanNode.rates_hz`."""
        if not self._awake:
            return 0, 0
        clock = self._clock.hz
        if self["CBT"] & CBT["BTF"].mask:
            names = ("EPRESDIV", "EPROPSEG", "EPSEG1", "EPSEG2")
            divider, *segments = (CBT[name].get(self["CBT"]) for name in names)
        else:
            divider, *segments = (CTRL1[name].get(self["CTRL1"]) for name in ("PRESDIV", "PROPSEG", "PSEG1", "PSEG2"))
        fast = FDCBT["FPROPSEG"].get(self["FDCBT"]) + sum(
            FDCBT[name].get(self["FDCBT"]) + 1 for name in ("FPSEG1", "FPSEG2")
        )
        nominal = clock / ((divider + 1) * (1 + sum(segment + 1 for segment in segments)))
        return nominal, clock / ((FDCBT["FPRESDIV"].get(self["FDCBT"]) + 1) * (1 + fast))

    def _rates_changed(self) -> None:
        self._run_counter()
        self._buffers_changed()

    @on_write("CTRL1")
    def _write_control(self, raw: int, old: int) -> None:
        if not self.frozen and (self["CTRL1"] ^ old) & FROZEN_ONLY_CTRL1:
            self["CTRL1"] = self["CTRL1"] & ~FROZEN_ONLY_CTRL1 | old & FROZEN_ONLY_CTRL1
            self._refuse("CTRL1")
        if self._state == OFF and old & CTRL1["BOFFREC"].mask and not self["CTRL1"] & CTRL1["BOFFREC"].mask:
            self._start_recovery()
        self._drive()

    @on_write("CTRL2")
    def _write_more_control(self, raw: int, old: int) -> None:
        self._drive()

    def _refuse(self, register: str) -> None:
        self.host.log(logging.WARNING, self.name, f"{register} is changed in freeze mode only; the write was ignored")

    # Timer

    def _run_counter(self) -> None:
        self._counter_base, self._counter_ns = self.counter_at(self.host.now_ns()), self.host.now_ns()
        self._counter_hz = Fraction(self.rates_hz()[0])

    def counter_at(self, time_ns: int) -> int:
        """The free-running timer at a virtual time."""
        if not self._counter_hz:
            return self._counter_base
        ticks = TickClock(self._counter_hz, self._counter_ns).ticks_at(max(time_ns, self._counter_ns))
        return self._counter_base + ticks & 0xFFFF

    @on_read("TIMER")
    def _read_timer(self) -> int:
        self._unlock()
        return self.counter_at(self.host.now_ns())

    @on_write("TIMER")
    def _write_timer(self, raw: int, old: int) -> None:
        self._counter_base, self._counter_ns = raw & 0xFFFF, self.host.now_ns()

    # Interrupts

    def _set_flag(self, number: int) -> None:
        self["IFLAG1" if number < 32 else "IFLAG2"] |= 1 << (number & 31)
        self._drive()

    @on_write("IFLAG1")
    def _write_flags(self, raw: int, old: int) -> None:
        if self._fifo_used:
            self._fifo_flags_cleared(raw & old)
            if raw & 1 and self.frozen:
                self._fifo.clear()
                self["IFLAG1"] &= ~0xFF
        self._drive()

    @on_write("IFLAG2", "IMASK1", "IMASK2", "ESR1")
    def _write_interrupts(self, raw: int, old: int) -> None:
        self._drive()

    def _drive(self) -> None:
        wanted = bool(self["IFLAG1"] & self["IMASK1"] or self["IFLAG2"] & self["IMASK2"])
        for flag, register, mask in INTERRUPTS:
            fields = self.table[register].fields
            enabled = self[register] & fields[mask].mask if mask in fields else 0
            if flag in ("RWRNINT", "TWRNINT") and not self["MCR"] & MCR["WRNEN"].mask:
                continue
            wanted |= bool(self["ESR1"] & ESR1[flag].mask and enabled)
        self.irq.set(wanted)
