"""Latching relay that connects and disconnects the consumer's supply."""

from __future__ import annotations

import logging
from fractions import Fraction

from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import Model, model

CLOSE, OPEN = 0, 1
COIL_NAMES = ("close", "open")


@model("Wattbench.DisconnectRelay")
class DisconnectRelay(Model):
    """Two coils, one to close (input 0) and one to open (input 1) a contact that stays where it is without power.

    The contact moves when its coil has been driven, alone, for `min_pulse_ms`. Output `contact` is high while the
    contact is closed. A reset of the board does not move a mechanical part, nor does it forget a pulse.
    """

    on_chip = False
    state_names = ("operations", "short_pulses", "_coils", "_moved")

    def __init__(self, host: Host, name: str, *, min_pulse_ms: float = 20, closed: bool = True) -> None:
        """`min_pulse_ms`: shortest pulse that moves the contact; `closed`: where it stands when it is delivered.

        Raises UsageError for a pulse of no length.
        """
        super().__init__(host, name)
        self.min_pulse_ns = round(Fraction(min_pulse_ms) * NS_PER_S / 1000)
        if self.min_pulse_ns <= 0:
            raise UsageError(f"{name}: minPulseMs has to be above 0, not {min_pulse_ms}.")
        self.operations = 0
        """Times the contact has moved."""
        self.short_pulses = 0
        """Pulses that ended before the contact could move."""
        self._contact = self.output("contact")
        self._contact.level = closed
        self._coils = [False, False]
        self._moved = False
        """Whether the pulse in progress was long enough."""
        self._pull = self.timer("pull", self._pulled)

    @property
    def closed(self) -> bool:
        """Whether the contact is closed."""
        return self._contact.level

    def reset(self) -> None:
        """See `Model.reset`; nothing electrical is in here."""

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`: coil 0 closes, coil 1 opens."""
        if number not in (CLOSE, OPEN):
            raise TypeError(f"{self.name} has coils 0 (close) and 1 (open), not {number}")
        if level == self._coils[number]:
            return
        if self._pull.deadline_ns is not None and self._pull.deadline_ns <= self.host.now_ns():
            self._pulled()
        driven = self._coils.index(True) if self._coils.count(True) == 1 else None
        self._coils[number] = level
        if driven is not None and not self._moved:
            self.short_pulses += 1
            pulse = f"pulse on the {COIL_NAMES[driven]} coil is shorter than {self.min_pulse_ns / 1e6:g} ms"
            self.host.log(logging.WARNING, self.name, f"{pulse}; the contact did not move")
        self._moved = False
        self._pull.cancel()
        if self._coils.count(True) == 1:
            self._pull.arm(self.host.now_ns() + self.min_pulse_ns)
        elif all(self._coils):
            self.host.log(logging.ERROR, self.name, "both coils are driven at once; the contact does not move")

    def _pulled(self) -> None:
        self._moved = True
        closed = self._coils[CLOSE]
        if closed != self._contact.level:
            self.operations += 1
            self._contact.set(closed)
