"""Serial NOR flash: commands, status, and the physics that firmware must respect.

Programming only clears bits and wraps within its page; erasing takes a whole sector; both take virtual time in
which every other command but a status read is ignored (or they are suspended), and loss of power leaves them half
done. Protected blocks are not written. Parts and times: `nor_flash.toml`.

The array is `contents`. Without `base` the part owns it, and saves it. With `base` it is the memory that the engine
maps at that address for execution in place: plain memory, read-only for the CPU, which the part alone changes, by
`Host.bus_write` in whole pages, so that the engine notices changed code. While the part cannot be read (busy, powered
down, or its controller is not set up for it) that memory is closed: whoever executes from it fails as on the chip.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any, Protocol

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import Model, model
from wattbench.core.toml_data import toml_data
from wattbench.hw.parts.nor_flash_protection import bit_of, protected_range
from wattbench.hw.parts.nor_flash_sfdp import sfdp

PARTS: dict[str, dict[str, Any]] = toml_data(
    files("wattbench.hw.parts").joinpath("nor_flash.toml").read_text(encoding="utf-8")
)
PAGE = 256
WIP, WEL = 1 << 0, 1 << 1
ERASES = {0x20: ("erase_4k_us", 4096), 0x52: ("erase_32k_us", 32768), 0xD8: ("erase_64k_us", 65536),
          0x21: ("erase_4k_us", 4096), 0xDC: ("erase_64k_us", 65536)}  # fmt: skip
CHIP_ERASES = (0x60, 0xC7)
PROGRAMS, QUAD_PROGRAMS = (0x02, 0x12), (0x32, 0x38, 0x34, 0x3E)
READS, QUAD_READS = (0x03, 0x0B, 0x3B, 0xBB, 0x13, 0x0C), (0x6B, 0xEB, 0x6C, 0xEC)
READ_STATUS = {0x05: 0, 0x35: 1, 0x15: 2}
WRITE_STATUS = {0x01: 0, 0x31: 1, 0x11: 2}
READ_FUNCTION, WRITE_FUNCTION = 0x48, 0x42
RELEASE_POWER_DOWN, POWER_DOWN, RESET_ENABLE, RESET = 0xAB, 0xB9, 0x66, 0x99
WRITE_ENABLE, WRITE_DISABLE, READ_ID = 0x06, 0x04, 0x9F
READ_PARAMETERS, SET_PARAMETERS = 0x61, 0x63
READ_SFDP, READ_MANUFACTURER, VOLATILE_STATUS_ENABLE = 0x5A, 0x90, 0x50
SUSPENDS, RESUMES = (0x75, 0xB0), (0x7A, 0x30)
READ_EXTENDED, CLEAR_EXTENDED = 0x81, 0x82
DRIVE_STRENGTH, PROTECTION_ERROR, PROGRAM_ERROR, ERASE_ERROR = 0b111 << 5, 1 << 1, 1 << 2, 1 << 3
"""ISSI: extended read register with the errors of refused writes."""
VERBS = {"write_status_us": "writes its status", "page_program_us": "programs", "erase_chip_us": "erases all of it"}


class FlashArray(Protocol):
    """What the part asks of its array; a bytearray will do."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> bytes | bytearray: ...

    def __setitem__(self, part: slice, data: bytes, /) -> None: ...


class MappedArray:
    """`size` bytes of the engine's memory from `base` on."""

    def __init__(self, host: Host, base: int, size: int) -> None:
        self.host, self.base, self.size = host, base, size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice, /) -> bytes:
        """Read whole pages, so that the bus sees a block and no register access."""
        start, stop, _ = part.indices(self.size)
        first = start // PAGE * PAGE
        pages = self.host.bus_read(self.base + first, -(-max(stop - first, 1) // PAGE) * PAGE)
        return pages[start - first : max(stop, start) - first]

    def __setitem__(self, part: slice, data: bytes, /) -> None:
        start, stop, _ = part.indices(self.size)
        if start % PAGE or len(data) % PAGE or len(data) != stop - start:
            raise ValueError(f"a flash array is written in whole pages, not {len(data)} bytes at 0x{start:X}")
        self.host.bus_write(self.base + start, data)


@model("Wattbench.NorFlash")
class NorFlash(Model):
    """A NOR flash on a FlexSPI port; `part` names an entry of `nor_flash.toml`."""

    on_chip = False
    missing = (
        "one-time programmable and security areas, individual block locks, the WP# pin",
        "double data rate and four-byte address mode (four-byte opcodes work)",
        "bits that were erased or programmed in part (an interrupted write is done up to where it came)",
    )
    state_names = (
        "status", "parameters", "errors", "write_enabled", "reset_enabled", "asleep", "operation", "suspended",
        "unreadable", "own_contents",
    )  # fmt: skip

    def __init__(
        self, host: Host, name: str, part: str = "IS25WP064A", base: int | None = None, quad_enabled: bool = False
    ) -> None:
        """`quad_enabled`: the QE bit was set before the board left its maker."""
        super().__init__(host, name)
        if part not in PARTS:
            raise UsageError(f"{name}: no NOR flash {part!r} is known; there are {', '.join(PARTS)}")
        self.data = PARTS[part]
        self.jedec_id = bytes.fromhex(self.data["jedec_id"])
        self.size_bytes: int = self.data["size"]
        self._owned, self._base = base is None, base
        self.sfdp = sfdp(self.data)
        self.contents: FlashArray = (
            bytearray(b"\xff" * self.size_bytes) if base is None else MappedArray(host, base, self.size_bytes)
        )
        self.status: list[int] = list(self.data.get("factory_status", (0, 0, 0)))
        self.parameters = 0
        self.write_enabled = self.reset_enabled = self.asleep = False
        if quad_enabled:
            register, bit = self.data["quad_enable"]
            self.status[register - 1] |= 1 << bit
        self.errors = 0
        self.operation: tuple[int, bytes, int, str] | None = None
        """Offset, contents afterwards, start and name of the time of the write under way."""
        self.suspended: tuple[int, bytes, int, str] | None = None
        """The same for a suspended one; its third number is the time that it still needs."""
        self.unreadable = ""
        self.read_changed: Callable[[], None] = lambda: None
        """Called when the array begins or ceases to obey quad reads; the controller sets it."""
        """Why the controller cannot read the part for the core, empty if it can."""
        self._busy = self.timer("busy", self._finish)

    @property
    def own_contents(self) -> bytes | None:
        """The array if the part owns it, for save and restore."""
        return bytes(self.contents[0 : self.size_bytes]) if self._owned else None

    @own_contents.setter
    def own_contents(self, saved: bytes | None) -> None:
        if saved is not None:
            self.contents[0 : self.size_bytes] = saved

    def reset(self) -> None:
        """A reset of the processor does not reach the part: what it is doing, it goes on doing."""

    def power_off(self) -> None:
        """Power goes: an operation under way stops where it is, volatile state is lost."""
        if self.operation is not None and self._busy.deadline_ns is not None:
            offset, after, start_ns, _ = self.operation
            passed, whole = self.host.now_ns() - start_ns, self._busy.deadline_ns - start_ns
            done = len(after) * passed // whole
            self._change(offset, after[:done] + bytes(self.contents[offset + done : offset + len(after)]))
        self._busy.cancel()
        self.operation = self.suspended = None
        self._wake_up()
        self._show()

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        self._show()

    def _wake_up(self) -> None:
        self.parameters = self.errors = 0
        self.write_enabled = self.reset_enabled = self.asleep = False

    def read_access(self, obstacle: str) -> None:
        """For the controller: the core can read the array, or cannot because of `obstacle`."""
        self.unreadable = obstacle
        self._show()

    def _show(self) -> None:
        """Open or close the array for the core."""
        if self._base is None:
            return
        obstacle = self.unreadable
        if self.busy and self.operation is not None:
            offset, after, _, time = self.operation
            doing = VERBS.get(time, f"erases {len(after) // 1024} KiB")
            obstacle = f"it {doing}" + (f" at 0x{self._base + offset:08X}" if after else "")
        elif self.asleep:
            obstacle = "it is powered down"
        self.host.close_memory(self._base, obstacle and f"{self.name} cannot be read while {obstacle}")

    @property
    def busy(self) -> bool:
        """Whether a write to the array or the status is under way."""
        return self._busy.deadline_ns is not None

    def execute(self, opcode: int, address: int | None, data: bytes, read_size: int) -> bytes:
        """One command with the chip selected once: `data` goes in, `read_size` bytes come out."""
        before = self.busy, self.asleep, self.quad_enabled
        answer = self._answer(opcode, address or 0, data, read_size)
        self.reset_enabled = opcode == RESET_ENABLE
        if before[:2] != (self.busy, self.asleep):
            self._show()
        if before[2] != self.quad_enabled:
            self.read_changed()
        return (answer + b"\xff" * read_size)[:read_size] if len(answer) < read_size else answer[:read_size]

    def _answer(self, opcode: int, address: int, data: bytes, size: int) -> bytes:
        if opcode in READ_STATUS:
            return bytes([self._status_byte(READ_STATUS[opcode])]) * size
        if opcode == READ_FUNCTION:
            return bytes([self._status_byte(1)]) * size
        if self.busy:
            if opcode in SUSPENDS:
                self._suspend()
            return b""
        if opcode == RESET and self.reset_enabled:
            self._wake_up()
        elif opcode == RELEASE_POWER_DOWN:
            self.asleep = False
            return bytes([self.jedec_id[2] - 1]) * size
        elif self.asleep:
            return b""
        elif opcode == READ_ID:
            return (self.jedec_id * (size // 3 + 1))[:size]
        elif opcode == READ_MANUFACTURER:
            pair = (self.jedec_id[0], self.jedec_id[2] - 1)
            return bytes(pair[(address + number) & 1] for number in range(size))
        elif opcode == READ_SFDP:
            return self.sfdp[address : address + size]
        elif self.reads_with(opcode):
            return self._read(address % self.size_bytes, size)
        elif opcode == READ_PARAMETERS:
            return bytes([self.parameters]) * size
        elif opcode in (WRITE_ENABLE, WRITE_DISABLE):
            self.write_enabled = opcode == WRITE_ENABLE
        elif opcode == POWER_DOWN:
            self.asleep = True
        elif opcode == SET_PARAMETERS and data:
            self.parameters = data[0]
        elif opcode in RESUMES:
            self._resume()
        elif opcode in SUSPENDS:
            pass
        elif opcode in (READ_EXTENDED, CLEAR_EXTENDED) and self.data.get("error_flags"):
            if opcode == CLEAR_EXTENDED:
                self.errors = 0
            return bytes([DRIVE_STRENGTH | self.errors]) * size
        elif self._writes(opcode):
            if self.write_enabled:
                self._write(opcode, address % self.size_bytes, data)
        elif opcode not in (RESET_ENABLE, VOLATILE_STATUS_ENABLE):
            self.host.unmodelled(self.name, f"command 0x{opcode:02X}")
        return b""

    @property
    def quad_enabled(self) -> bool:
        """Whether the QE bit allows commands on four pads."""
        return bit_of(self.data, "quad_enable", self.status)

    def reads_with(self, opcode: int) -> bool:
        """Whether `opcode` reads the array as the part is set up now."""
        return opcode in READS or (opcode in QUAD_READS and self.quad_enabled)

    def _status_byte(self, number: int) -> int:
        value = self.status[number]
        register, bit = self.data["suspended"]
        if number == register - 1:
            value = value & ~(1 << bit) | (self.suspended is not None) << bit
        if number:
            return value
        return value & ~(WIP | WEL) | self.busy * WIP | self.write_enabled * WEL

    def _read(self, address: int, size: int) -> bytes:
        first = bytes(self.contents[address : address + size])
        while len(first) < size:
            first += bytes(self.contents[: size - len(first)])
        return first

    def _writes(self, opcode: int) -> bool:
        quad = opcode in QUAD_PROGRAMS and self.quad_enabled
        array = quad or opcode in PROGRAMS or opcode in ERASES or opcode in CHIP_ERASES
        return array or opcode in WRITE_STATUS or opcode == WRITE_FUNCTION

    def _write(self, opcode: int, address: int, data: bytes) -> None:
        if opcode in WRITE_STATUS or opcode == WRITE_FUNCTION:
            first = WRITE_STATUS.get(opcode, 1)
            self.status[first : first + len(data)] = data[: len(self.status) - first]
            self._start("write_status_us", 0, b"")
        elif opcode in CHIP_ERASES:
            self._start("erase_chip_us", 0, b"\xff" * self.size_bytes)
        elif opcode in ERASES:
            duration, size = ERASES[opcode]
            self._start(duration, address // size * size, b"\xff" * size)
        else:
            page = address // PAGE * PAGE
            cells = bytearray(self.contents[page : page + PAGE])
            for at, byte in enumerate(data[-PAGE:], address + max(len(data) - PAGE, 0)):
                cells[at % PAGE] &= byte
            self._start("page_program_us", page, bytes(cells))

    def _start(self, duration: str, offset: int, after: bytes) -> None:
        protected = protected_range(self.data, self.status)
        if after and offset < protected.stop and protected.start < offset + len(after):
            self.write_enabled = False
            if self.data.get("error_flags"):
                self.errors |= PROTECTION_ERROR | (PROGRAM_ERROR if duration == "page_program_us" else ERASE_ERROR)
            return
        now_ns = self.host.now_ns()
        self.operation = (offset, after, now_ns, duration)
        self._busy.arm(now_ns + self.data[duration] * 1000)

    def _suspend(self) -> None:
        """Hold a sector erase or a page program; not the erase of the whole part, nor a write of its status."""
        if self.operation is None or self._busy.deadline_ns is None or not 0 < len(self.operation[1]) < self.size_bytes:
            return
        offset, after, _, duration = self.operation
        self.suspended = (offset, after, self._busy.deadline_ns - self.host.now_ns(), duration)
        self.operation = None
        self._busy.cancel()

    def _resume(self) -> None:
        if self.suspended is None:
            return
        offset, after, left_ns, duration = self.suspended
        self.suspended = None
        now_ns = self.host.now_ns()
        self.operation = (offset, after, now_ns + left_ns - self.data[duration] * 1000, duration)
        self._busy.arm(now_ns + left_ns)

    def _finish(self) -> None:
        self.write_enabled = False
        if self.operation is not None:
            offset, after, _, _ = self.operation
            self.operation = None
            self._change(offset, after)
        self._show()

    def _change(self, offset: int, after: bytes) -> None:
        if after:
            self.contents[offset : offset + len(after)] = after
