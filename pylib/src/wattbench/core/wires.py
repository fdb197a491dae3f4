"""Wires between models: levels, serial ports, SPI, DMA requests. A wire knows no model and no engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Line:
    """One digital signal. Its driver calls `set`; receivers are called on each change of level."""

    __slots__ = ("_receivers", "level")

    def __init__(self, level: bool = False) -> None:
        self.level = level
        self._receivers: list[Callable[[bool], None]] = []

    def connect(self, receiver: Callable[[bool], None], *, announce: bool = True) -> None:
        """Call `receiver` on each change, and now with the present level unless `announce` is false."""
        self._receivers.append(receiver)
        if announce:
            receiver(self.level)

    def set(self, level: bool) -> None:
        """Drive the line; nothing happens if the level stays."""
        if level != self.level:
            self.level = level
            for receiver in self._receivers:
                receiver(level)


class DmaRequest(Line):
    """A request to a DMA channel: a level, and the acknowledge that the channel gives for each service.

    The source keeps the line high while it wants service. Sources whose request is an edge (an input capture)
    take it away in `acknowledged`.
    """

    __slots__ = ("acknowledged",)

    def __init__(self) -> None:
        super().__init__()
        self.acknowledged: Callable[[], None] = lambda: None


class UartPort:
    """The two directions of an asynchronous serial port as a device outside the chip sees them.

    `transmitted` is called with each character the chip has sent (at the end of its stop bit); `receive` is set
    by the UART model and takes a character whose stop bit ends now. Characters are 5 to 10 bits wide.
    """

    __slots__ = ("_listeners", "bits_per_second", "receive")

    def __init__(self) -> None:
        self._listeners: list[Callable[[int], None]] = []
        self.receive: Callable[[int], None] = lambda character: None
        self.bits_per_second: Callable[[], float] = lambda: 115200.0

    def listen(self, listener: Callable[[int], None]) -> None:
        """Call `listener` with each character that the chip sends."""
        self._listeners.append(listener)

    def transmitted(self, character: int) -> None:
        """For the UART model: one character has left the chip."""
        for listener in self._listeners:
            listener(character)


class SpiDevice(Protocol):
    """A part on an SPI bus. It decides itself whether it is selected (its chip select may be a GPIO)."""

    def chip_select(self, asserted: bool) -> None:
        """The controller's own select output for this part changes."""

    @property
    def selected(self) -> bool:
        """Whether the part listens and drives its data output."""

    def exchange(self, word: int, bits: int) -> int:
        """Shift `bits` (1 to 32, most significant first) in and out while selected."""


class SpiPort:
    """An SPI bus: parts by chip-select number."""

    __slots__ = ("devices",)

    def __init__(self) -> None:
        self.devices: dict[int, SpiDevice] = {}

    def select(self, number: int, asserted: bool) -> None:
        """Drive chip-select `number` of the controller."""
        if number in self.devices:
            self.devices[number].chip_select(asserted)

    def exchange(self, word: int, bits: int) -> int:
        """Shift through every selected part; several answers meet as wired-AND, none reads as ones."""
        answer = (1 << bits) - 1
        for device in self.devices.values():
            if device.selected:
                answer &= device.exchange(word, bits)
        return answer
