"""FlexSPI controller of the i.MX RT1170 (IMXRT1170RM "FlexSPI"): commands to serial flashes by look-up table.

IP commands run on the attached parts in no time; the receive FIFO is refilled as it is drained, as the chip does by
stopping the serial clock. Reads by the CPU (execution in place) do not come here: the engine maps the flash's array.
What the controller would have to do for them is looked at when its set-up changes: without a usable read sequence, or
while the module is off, the array is closed to the CPU. Before the first access since reset it is open, so that a
start that leaves the boot ROM out finds what the ROM would have set up.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

from wattbench.core.host import Host
from wattbench.core.model import Model, RegisterBlock, model, on_read, on_write
from wattbench.core.registers import RegisterTable, load_table
from wattbench.hw.imxrt.flexspi_lut import Sequence, SequenceError, decode

FIFO_BYTES, WINDOW_BYTES, ENTRY_BYTES = 256, 128, 8
IPCMDDONE, IPCMDERR, IPRXWA, IPTXWE = 1 << 0, 1 << 3, 1 << 5, 1 << 6
SWRESET, TRIGGER, CLEAR_FIFO = 1, 1, 1
MODULE_DISABLE = 1 << 1
IDLE, BUSY_WITH_IP_COMMAND = 0b0011, 0b1000
LUT_KEY, LUT_LOCKED = 0x5AF0_5AF0, 1
CLEAR_INSTRUCTION_POINTER = 1 << 31
BEYOND_FLASH = 0x6
SEQUENCES = 16
LUT_WORDS = tuple(f"LUT{number}" for number in range(4 * SEQUENCES))
SEND_WINDOW = tuple(f"TFDR{number}" for number in range(WINDOW_BYTES // 4))
PORTS = ("FLSHA1CR0", "FLSHA2CR0", "FLSHB1CR0", "FLSHB2CR0")
READ_SETUP = ("FLSHCR2A1", "FLSHCR2A2", "FLSHCR2B1", "FLSHCR2B2")
SIZE_MASK = 0x7F_FFFF


@runtime_checkable
class SerialFlash(Protocol):
    """What FlexSPI asks of a part."""

    def execute(self, opcode: int, address: int | None, data: bytes, read_size: int) -> bytes:
        """One command with the chip selected once: `data` goes in, exactly `read_size` bytes come out."""

    read_changed: Callable[[], None]
    """Called by the part when `reads_with` gives other answers; the controller sets it."""

    def reads_with(self, opcode: int) -> bool:
        """Whether `opcode` reads the array as the part is set up now."""

    def read_access(self, obstacle: str) -> None:
        """The controller can read the array for the core, or cannot because of `obstacle`."""


@runtime_checkable
class FlexSpiBlock(Protocol):
    """A FlexSPI, model or twin, as others that need one see it."""

    type_name: ClassVar[str] = "Wattbench.FlexSpi"
    """What a description is told to give."""
    table: ClassVar[RegisterTable]
    parts: dict[int, SerialFlash]
    """The flashes by chip select: A1, A2, B1, B2."""


class ReadSetup(IntEnum):
    """What the controller would do for a read of the array by the core."""

    UNTOUCHED = 0
    """Nothing was written since reset: as the boot ROM would have left it."""
    OFF = 1
    NO_SIZE = 2
    INVALID = 3
    NO_READ = 4
    """A sequence that reads nothing."""
    READS = 5


class CoreRead(NamedTuple):
    """The set-up, and the sequence that such a read runs with its opcode."""

    setup: ReadSetup
    sequence: int
    opcode: int


def attach_part(controller: str, parts: dict[int, SerialFlash], child: Model, point: int | None) -> SerialFlash:
    """Enter a part that a description registers at a controller, and give it back; raises TypeError."""
    if not isinstance(child, SerialFlash) or point is None or point not in range(len(PORTS)):
        raise TypeError(f"{controller} takes serial flashes at 0 to {len(PORTS) - 1}, not {child.name} at {point}")
    parts[point] = child
    return child


def obstacle(controller: str, point: int, part: SerialFlash, read: CoreRead) -> str:
    """What keeps the core from reading a part; empty if nothing does."""
    match read.setup:
        case ReadSetup.UNTOUCHED:
            return ""
        case ReadSetup.OFF:
            return f"{controller} is off (MCR0.MDIS)"
        case ReadSetup.NO_SIZE:
            return f"{controller} gives it no size ({PORTS[point]})"
        case ReadSetup.INVALID:
            return f"sequence {read.sequence} of {controller}, its read, is invalid"
    if read.setup == ReadSetup.NO_READ or not part.reads_with(read.opcode):
        return f"sequence {read.sequence} of {controller} reads with 0x{read.opcode:02X}, which it does not obey"
    return ""


@model("Wattbench.FlexSpi")
class FlexSpi(RegisterBlock):
    """A FlexSPI controller; parts register at points 0 to 3 for chip selects A1, A2, B1, B2."""

    size = 0xC00
    table = load_table("wattbench.hw.imxrt", "flexspi")
    default_output = "IRQ"
    timeless = ("STS0", "INTR", "IPRXFSTS", "IPTXFSTS", "RFDR{n}")
    missing = (
        "time of commands on the serial clock, delay lines, sample clocks",
        "AHB writes, prefetch and buffers (and what a core would still find in its caches)",
        "an end of the flash's window by FLSHxxCR0 (only a size of 0 closes it)",
    )
    state_names = ("received", "to_send", "waiting", "key_given", "touched")

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.parts: dict[int, SerialFlash] = {}
        self.received = b""
        self.to_send = b""
        self.waiting = False
        self.key_given = self.touched = False
        self.irq = self.output("IRQ")

    def attach(self, child: Model, point: int | None) -> None:
        """See `Model.attach`."""
        attach_part(self.name, self.parts, child, point).read_changed = self._show_window

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self.key_given = self.touched = False
        self._clear_fifos()
        self._drive()
        self._show_window()

    def write(self, offset: int, size: int, value: int) -> None:
        """See `RegisterBlock.write`."""
        if not self.touched:
            self.touched = True
            self._show_window()
        super().write(offset, size, value)

    def _show_window(self) -> None:
        """Tell each part whether the core can read it now."""
        for point, part in self.parts.items():
            part.read_access(self._obstacle(point, part))

    def _obstacle(self, point: int, part: SerialFlash) -> str:
        number, opcode = self[READ_SETUP[point]] & 0xF, 0
        if not self.touched:
            setup = ReadSetup.UNTOUCHED
        elif self["MCR0"] & MODULE_DISABLE:
            setup = ReadSetup.OFF
        elif not self[PORTS[point]] & SIZE_MASK:
            setup = ReadSetup.NO_SIZE
        else:
            try:
                sequence = self._sequence(number)
            except SequenceError:
                setup = ReadSetup.INVALID
            else:
                setup, opcode = (ReadSetup.READS if sequence.reads else ReadSetup.NO_READ), sequence.opcode
        return obstacle(self.name, point, part, CoreRead(setup, number, opcode))

    def _clear_fifos(self) -> None:
        self.received, self.to_send, self.waiting = b"", b"", False

    @on_write("MCR0")
    def _write_control(self, raw: int, old: int) -> None:
        if (raw ^ old) & MODULE_DISABLE:
            self._show_window()
        if self["MCR0"] & SWRESET:
            self["MCR0"] &= ~SWRESET
            self._clear_fifos()
            self["INTR"] = self["STS1"] = 0
            self._drive()

    @on_write("AHBCR")
    def _write_ahb(self, raw: int, old: int) -> None:
        self["AHBCR"] &= ~(1 << 1)

    @on_write("FLSHCR2A{n}")
    def _write_sequences_a(self, number: int, raw: int, old: int) -> None:
        self[f"FLSHCR2A{number}"] &= ~CLEAR_INSTRUCTION_POINTER
        self._show_window()

    @on_write("FLSHCR2B{n}")
    def _write_sequences_b(self, number: int, raw: int, old: int) -> None:
        self[f"FLSHCR2B{number}"] &= ~CLEAR_INSTRUCTION_POINTER
        self._show_window()

    @on_write("FLSHA{n}CR0", "FLSHB{n}CR0")
    def _write_size(self, number: int, raw: int, old: int) -> None:
        self._show_window()

    @on_write("LUTKEY")
    def _write_key(self, raw: int, old: int) -> None:
        self.key_given = raw == LUT_KEY
        self["LUTKEY"] = LUT_KEY

    @on_write("LUTCR")
    def _write_lock(self, raw: int, old: int) -> None:
        if not self.key_given or raw & 3 in (0, 3):
            self["LUTCR"] = old
        self.key_given = False

    @on_write("LUT{n}")
    def _write_table(self, number: int, raw: int, old: int) -> None:
        if self["LUTCR"] & LUT_LOCKED:
            self[f"LUT{number}"] = old
        elif self[f"LUT{number}"] != old and any(self[READ_SETUP[point]] & 0xF == number // 4 for point in self.parts):
            self._show_window()

    @on_read("RFDR{n}")
    def _window(self, number: int) -> int:
        return int.from_bytes(self.received[4 * number : 4 * number + 4], "little")

    @on_read("STS0")
    def _state(self) -> int:
        return BUSY_WITH_IP_COMMAND if self.waiting else IDLE

    @on_read("IPRXFSTS")
    def _receive_fill(self) -> int:
        return -(-min(len(self.received), FIFO_BYTES) // ENTRY_BYTES)

    @on_read("IPTXFSTS")
    def _send_fill(self) -> int:
        return 0 if self.waiting else len(self.to_send) // ENTRY_BYTES

    def _watermark(self, register: str) -> int:
        return ((self[register] >> 2 & 0x1F) + 1) * ENTRY_BYTES

    @on_read("INTR")
    def _flags(self) -> int:
        """IPRXWA and IPTXWE follow the FIFOs; IPCMDDONE of a long read waits until the rest fits in the FIFO."""
        flags, received = self["INTR"] & ~(IPRXWA | IPTXWE), len(self.received)
        if received and -(-received // ENTRY_BYTES) > self["IPRXFCR"] >> 2 & 0x1F:
            flags |= IPRXWA
        sent = 0 if self.waiting else len(self.to_send) // ENTRY_BYTES
        if FIFO_BYTES // ENTRY_BYTES - sent > self["IPTXFCR"] >> 2 & 0x1F:
            flags |= IPTXWE
        return flags & ~IPCMDDONE if received > FIFO_BYTES else flags

    def _drive(self) -> None:
        enabled = self["INTEN"]
        self.irq.set(bool(enabled and self._flags() & enabled))

    @on_write("INTEN")
    def _write_enables(self, raw: int, old: int) -> None:
        self._drive()

    @on_write("INTR")
    def _write_flags(self, raw: int, old: int) -> None:
        """Clearing IPRXWA drops a watermark of received bytes, clearing IPTXWE takes one from the window."""
        if raw & IPCMDERR:
            self["STS1"] &= 0xFFFF
        if raw & IPRXWA:
            self.received = self.received[self._watermark("IPRXFCR") :]
        if raw & self._flags() & IPTXWE:
            size = self._watermark("IPTXFCR")
            words = (self[name] for name in SEND_WINDOW[: min(size, WINDOW_BYTES) // 4])
            self.to_send += b"".join(word.to_bytes(4, "little") for word in words)
            if self.waiting and len(self.to_send) >= self._data_size():
                self._start()
        self._drive()

    @on_write("IPRXFCR")
    def _write_receive_fifo(self, raw: int, old: int) -> None:
        if self["IPRXFCR"] & CLEAR_FIFO:
            self["IPRXFCR"] &= ~CLEAR_FIFO
            self.received = b""
        self._drive()

    @on_write("IPTXFCR")
    def _write_send_fifo(self, raw: int, old: int) -> None:
        if self["IPTXFCR"] & CLEAR_FIFO:
            self["IPTXFCR"] &= ~CLEAR_FIFO
            self.to_send = b""
        self._drive()

    def _data_size(self) -> int:
        return self["IPCR1"] & 0xFFFF

    @on_write("IPCMD")
    def _trigger(self, raw: int, old: int) -> None:
        if not self["IPCMD"] & TRIGGER:
            return
        self["IPCMD"] = 0
        self._start()
        self._drive()

    def _start(self) -> None:
        """Run the command; it waits if it is to send data that are not there yet."""
        self.waiting = False
        try:
            sequences = self._sequences()
            part, offset = self._select()
        except SequenceError as error:
            self["STS1"] = self["STS1"] & 0xFFFF | error.code << 24 | (self["IPCR1"] >> 16 & 0xF) << 16
            self["INTR"] |= IPCMDERR | IPCMDDONE
        else:
            if len(self.to_send) < self._data_size() and any(sequence.writes for sequence in sequences):
                self.waiting = True
            else:
                self._run(sequences, part, offset)

    def _sequence(self, number: int) -> Sequence:
        return decode(tuple(self[name] for name in LUT_WORDS[4 * number : 4 * number + 4]))

    def _sequences(self) -> list[Sequence]:
        first, count = self["IPCR1"] >> 16 & 0xF, (self["IPCR1"] >> 24 & 7) + 1
        return [self._sequence(number % SEQUENCES) for number in range(first, first + count)]

    def _select(self) -> tuple[SerialFlash | None, int]:
        """The part that IPCR0 addresses and the address inside it."""
        address = self["IPCR0"]
        for point, register in enumerate(PORTS):
            size = (self[register] & SIZE_MASK) * 1024
            if address < size:
                return self.parts.get(point), address
            address -= size
        raise SequenceError(BEYOND_FLASH)

    def _run(self, sequences: list[Sequence], part: SerialFlash | None, offset: int) -> None:
        size = self._data_size()
        for sequence in sequences:
            address = offset & (1 << sequence.address_bits) - 1 if sequence.address_bits else None
            data = self.to_send[:size] if sequence.writes else b""
            read_size = size if sequence.reads else 0
            answer = part.execute(sequence.opcode, address, data, read_size) if part else b"\xff" * read_size
            self.received += answer
            if sequence.writes:
                self.to_send = self.to_send[-(-size // ENTRY_BYTES) * ENTRY_BYTES :]
        self["INTR"] |= IPCMDDONE
