"""Signals that the native core drives."""

from __future__ import annotations

from collections.abc import Callable

from wattbench.engines.embedded.machine import Machine
from wattbench.engines.embedded.twins.binding import library


class NativeLine:
    """A `Line` that the native core drives. Interrupts and native inputs hang on it without Python."""

    def __init__(self, machine: Machine, number: Callable[[], int]) -> None:
        """`number` gives the machine's number of the line; it is asked for when somebody looks at the line."""
        self._machine, self._find = machine, number
        self._number: int | None = None
        self._receivers: list[Callable[[bool], None]] = []
        self._irq_cores: set[int] = set()

    @property
    def number(self) -> int:
        """The machine's number of this line."""
        if self._number is None:
            self._number = self._find()
        return self._number

    @property
    def level(self) -> bool:
        """Present level."""
        return bool(library().wb_line_level(self._machine.handle, self.number))

    @level.setter
    def level(self, value: bool) -> None:
        """Restoring a line is the machine's business; see `Line`."""

    def connect(self, receiver: Callable[[bool], None], *, announce: bool = True) -> None:
        """See `Line.connect`."""
        if not self._receivers:
            self._machine.lib.wb_line_watch(self._machine.handle, self.number)
            self._machine.watchers[self.number] = self._changed
        self._receivers.append(receiver)
        if announce:
            receiver(self.level)

    def _changed(self, level: bool) -> None:
        for receiver in self._receivers:
            receiver(level)

    def connect_irq(self, core: int, number: int) -> None:
        """Let interrupt `number` of a core follow the line."""
        machine = self._machine
        if core in self._irq_cores:  # the native core knows one interrupt of each core
            self.connect(lambda level: machine.lib.wb_irq(machine.handle, core, number, level), announce=self.level)
            return
        self._irq_cores.add(core)
        machine.lib.wb_line_to_irq(machine.handle, self.number, core, number)
        if self.level:
            machine.lib.wb_irq(machine.handle, core, number, 1)


class NativeRequest(NativeLine):
    """A `DmaRequest` of a native block; a native multiplexer serves it without Python."""

    def __init__(self, machine: Machine, request: int) -> None:
        self.request = request
        super().__init__(machine, lambda: int(library().wb_request_watch(request)))
