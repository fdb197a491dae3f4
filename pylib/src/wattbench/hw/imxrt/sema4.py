"""Semaphores between the two cores of the i.MX RT1170 (IMXRT1170RM "SEMA4").

Processor 0 is the first core of the platform, processor 1 the second; other bus masters can only read. A core that
could not lock a gate is notified when the gate becomes free; the notification stands until somebody locks the gate,
and comes again if that was the other core.
"""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.gates import GATE_PATTERNS, NOTIFICATION_PATTERNS, ResetSequence, opened

GATES, PROCESSORS = 16, 2


def gate_bit(gate: int) -> int:
    """The bit of a gate in the notification registers: in each byte the first gate is the highest bit."""
    return 1 << (gate ^ 7)


@model("Wattbench.Sema4")
class Sema4(RegisterBlock):
    """Sixteen gates. Outputs `CP0` and `CP1` interrupt processor 0 and 1."""

    size = 0x4000
    table = load_table("wattbench.hw.imxrt", "sema4")
    state_names = ("_waiting", "_free", "_gate_master", "_notification_master")

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self._irqs = [self.output(f"CP{number}") for number in range(PROCESSORS)]
        self._gate_reset, self._notification_reset = ResetSequence(GATE_PATTERNS), ResetSequence(NOTIFICATION_PATTERNS)
        self._waiting = [0] * PROCESSORS
        self._free = [0] * PROCESSORS

    @property
    def _gate_master(self) -> int | None:
        return self._gate_reset.waiting_for

    @_gate_master.setter
    def _gate_master(self, master: int | None) -> None:
        self._gate_reset.waiting_for = master

    @property
    def _notification_master(self) -> int | None:
        return self._notification_reset.waiting_for

    @_notification_master.setter
    def _notification_master(self, master: int | None) -> None:
        self._notification_reset.waiting_for = master

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._waiting, self._free = [0] * PROCESSORS, [0] * PROCESSORS
        self._gate_master = self._notification_master = None
        self._show()

    def _show(self) -> None:
        for number, irq in enumerate(self._irqs):
            irq.set(bool(self._free[number] & self[f"CP{number}INE"]))

    @on_write("Gate")
    def _gate_written(self, gate: int, raw: int, old: int) -> None:
        key, core = f"Gate{gate}", self.host.accessing_core()
        self[key] = old
        if core is None or core >= PROCESSORS:
            return
        if raw & 3 == core + 1:
            self._lock(gate, core, old)
        elif not raw & 3 and old == core + 1:
            self._open(gate)

    def _lock(self, gate: int, core: int, holder: int) -> None:
        bit = gate_bit(gate)
        if holder:
            if holder != core + 1:
                self._waiting[core] |= bit
            return
        self[f"Gate{gate}"] = core + 1
        self._waiting[core] &= ~bit
        self._free = [notified & ~bit for notified in self._free]
        self._show()

    def _open(self, gate: int) -> None:
        self[f"Gate{gate}"] = 0
        for core in range(PROCESSORS):
            self._free[core] |= self._waiting[core] & gate_bit(gate)
        self._show()

    @on_write("CPINE")
    def _enable_written(self, number: int, raw: int, old: int) -> None:
        self._show()

    @on_read("CPNTF")
    def _notification(self, number: int) -> int:
        return self._free[number]

    @on_write("RSTGT")
    def _reset_gates(self, raw: int, old: int) -> None:
        number = self._sequence(self._gate_reset, raw)
        self["RSTGT"] = raw & 0xFF00
        for gate in range(GATES):
            if number is not None and opened(gate, number) and self[f"Gate{gate}"]:
                self._open(gate)

    @on_write("RSTNTF")
    def _reset_notifications(self, raw: int, old: int) -> None:
        number = self._sequence(self._notification_reset, raw)
        self["RSTNTF"] = raw & 0xFF00
        for gate in range(GATES):
            if number is not None and opened(gate, number):
                for bits in (self._waiting, self._free):
                    bits[:] = [each & ~gate_bit(gate) for each in bits]
        self._show()

    def _sequence(self, sequence: ResetSequence, raw: int) -> int | None:
        core = self.host.accessing_core()
        return sequence.write(raw, 0 if core is None else core)

    @on_read("RSTGT")
    def _gate_reset_state(self) -> int:
        return self["RSTGT"] | self._gate_reset.read()

    @on_read("RSTNTF")
    def _notification_reset_state(self) -> int:
        return self["RSTNTF"] | self._notification_reset.read()
