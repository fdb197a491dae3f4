"""Wires between models: levels, serial ports, SPI, audio, I2C, DMA requests. A wire knows no model and no engine."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple, Protocol


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

    @property
    def is_watched(self) -> bool:
        """Whether anything is connected."""
        return bool(self._receivers)

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

    __slots__ = ("_listeners", "devices")

    def __init__(self) -> None:
        self.devices: dict[int, SpiDevice] = {}
        self._listeners: list[Callable[[int, bool], None]] = []

    def listen_select(self, listener: Callable[[int, bool], None]) -> None:
        """Call `listener(number, asserted)` when the controller drives one of its chip selects."""
        self._listeners.append(listener)

    def select(self, number: int, asserted: bool) -> None:
        """Drive chip-select `number` of the controller."""
        for listener in self._listeners:
            listener(number, asserted)
        if number in self.devices:
            self.devices[number].chip_select(asserted)

    def exchange(self, word: int, bits: int) -> int:
        """Shift through every selected part; several answers meet as wired-AND, none reads as ones."""
        answer = (1 << bits) - 1
        for device in self.devices.values():
            if device.selected:
                answer &= device.exchange(word, bits)
        return answer


class I2cDevice(Protocol):
    """A part on an I2C bus. It may change its `address` (7 bits) when a board places it somewhere else."""

    address: int

    def start(self, address: int, reading: bool) -> bool:
        """START or repeated START with an address, anybody's; whether this part acknowledges."""

    def write(self, value: int) -> bool:
        """A byte arrives; whether this part acknowledges."""

    def read(self) -> int:
        """The next byte of this part."""

    def answered(self, acknowledged: bool) -> None:
        """The controller's answer to the byte that was read."""

    def stop(self) -> None:
        """STOP, whoever was addressed."""


class I2cPort:
    """An I2C bus at the level of bytes, as its only controller sees it.

    Listeners are called with each event as text in the order of the bus: `S 90` (START or repeated START with the
    address byte), `W 12` (byte written), `R 34` (byte read), each followed by `+` for ACK or `-` for NACK, and `P`
    (STOP); bytes are hexadecimal.
    """

    __slots__ = ("_changed", "_listeners", "_scl_fault", "_stretching", "devices", "sda_low", "selected")

    def __init__(self) -> None:
        self.devices: list[I2cDevice] = []
        self.selected: list[int] = []
        """Places in `devices` of those that acknowledged the last address."""
        self._scl_fault = self.sda_low = False
        """Whether a fault holds the line low."""
        self._stretching: list[I2cDevice] = []
        self._listeners: list[Callable[[str], None]] = []
        self._changed: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with each event on the bus."""
        self._listeners.append(listener)

    def on_hold(self, callback: Callable[[], None]) -> None:
        """Call `callback` when a line is held or let go."""
        self._changed.append(callback)

    @property
    def scl_low(self) -> bool:
        """Whether a fault or a part holds SCL low."""
        return self._scl_fault or bool(self._stretching)

    def hold(self, *, scl_low: bool = False, sda_low: bool = False) -> None:
        """A fault: hold lines low from now on, or let them go."""
        self._scl_fault, self.sda_low = scl_low, sda_low
        for callback in self._changed:
            callback()

    def stretch(self, part: I2cDevice, low: bool) -> None:
        """A part holds SCL low between bytes, or lets it go."""
        if low != (part in self._stretching):
            if low:
                self._stretching.append(part)
            else:
                self._stretching.remove(part)
            for callback in self._changed:
                callback()

    def _tell(self, kind: str, value: int, acknowledged: bool) -> None:
        for listener in self._listeners:
            listener(f"{kind} {value:02X}{'+' if acknowledged else '-'}")

    def start(self, address_byte: int) -> bool:
        """START or repeated START with the address and its direction bit; whether any part acknowledges."""
        address, reading = address_byte >> 1, bool(address_byte & 1)
        self.selected = [place for place, part in enumerate(self.devices) if part.start(address, reading)]
        acknowledged = bool(self.selected) or self.sda_low
        self._tell("S", address_byte, acknowledged)
        return acknowledged

    def write(self, value: int) -> bool:
        """Send a byte to the addressed parts; whether any acknowledges."""
        answers = [self.devices[place].write(value) for place in self.selected]
        acknowledged = any(answers) or self.sda_low
        self._tell("W", value, acknowledged)
        return acknowledged

    def read(self, acknowledge: bool) -> int:
        """Read a byte of the addressed parts and answer it; several meet as wired-AND, none reads as ones."""
        value = 0 if self.sda_low else 0xFF
        for place in self.selected:
            value &= self.devices[place].read()
        for place in self.selected:
            self.devices[place].answered(acknowledge)
        self._tell("R", value, acknowledge)
        return value

    def stop(self) -> None:
        """Generate a STOP."""
        self.selected = []
        for part in self.devices:
            part.stop()
        for listener in self._listeners:
            listener("P")


AudioLines = tuple[tuple[int, ...], ...]
"""The words of a frame, for each data line."""


class AudioFrame(NamedTuple):
    """One frame of a synchronous audio interface: words that follow each other without a gap from `start_ns` on.

    `widths` are the bits of each word, `bit_hz` is the bit clock. The first bit on the wire is the highest of a word.
    """

    start_ns: int
    bit_hz: Fraction
    widths: tuple[int, ...]
    lines: AudioLines = ()


class AudioPort:
    """Bit clock, frame sync and data lines of one direction of a synchronous audio interface (I2S, TDM).

    Whoever drives the clocks speaks first. A device that does calls `begin`, which the chip has set, at each frame
    sync, with its words if it sends. Where the chip does, it asks `supply` for the words of the frame that begins,
    which a sending device has set. `listen` gives each frame that the chip has sent, at its end, whoever clocks it.
    """

    __slots__ = ("_listeners", "begin", "supply")

    def __init__(self) -> None:
        self._listeners: list[Callable[[AudioFrame], None]] = []
        self.begin: Callable[[AudioFrame], None] = lambda frame: None
        self.supply: Callable[[AudioFrame], AudioLines] = lambda frame: ()

    def listen(self, listener: Callable[[AudioFrame], None]) -> None:
        """Call `listener` with each frame that the chip sends."""
        self._listeners.append(listener)

    def sent(self, frame: AudioFrame) -> None:
        """For the chip: a frame has left it."""
        for listener in self._listeners:
            listener(frame)


class AudioWire(Line):
    """The data output of a device that drives the clocks, for a `.repl`; `port` is what it is wired to."""

    __slots__ = ("port",)

    def __init__(self) -> None:
        super().__init__()
        self.port = AudioPort()
