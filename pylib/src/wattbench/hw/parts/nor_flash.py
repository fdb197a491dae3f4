"""Serial NOR flash: commands, status, and the physics that firmware must respect.

Programming only clears bits and wraps within its page; erasing takes a whole sector; both take virtual time in
which every other command is ignored, and loss of power leaves them half done. Parts and times: `nor_flash.toml`.

The array is `contents`. Without `base` the part owns it, and saves it. With `base` it is the memory that the engine
maps at that address for execution in place: plain memory, read-only for the CPU, which the part alone changes, by
`Host.bus_write` in whole pages, so that the engine notices changed code.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any, Protocol

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import Model, model

PARTS: dict[str, dict[str, Any]] = tomllib.loads(
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
RELEASE_POWER_DOWN, POWER_DOWN, RESET_ENABLE, RESET = 0xAB, 0xB9, 0x66, 0x99
WRITE_ENABLE, WRITE_DISABLE, READ_ID = 0x06, 0x04, 0x9F
READ_PARAMETERS, SET_PARAMETERS = 0x61, 0x63


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
    state_names = ("status", "parameters", "write_enabled", "reset_enabled", "asleep", "operation", "own_contents")

    def __init__(self, host: Host, name: str, part: str = "IS25WP064A", base: int | None = None) -> None:
        super().__init__(host, name)
        if part not in PARTS:
            raise UsageError(f"{name}: no NOR flash {part!r} is known; there are {', '.join(PARTS)}")
        self.data = PARTS[part]
        self.jedec_id = bytes.fromhex(self.data["jedec_id"])
        self.size_bytes: int = self.data["size"]
        self._owned = base is None
        self.contents: FlashArray = (
            bytearray(b"\xff" * self.size_bytes) if base is None else MappedArray(host, base, self.size_bytes)
        )
        self.status = [0, 0, 0]
        self.parameters = 0
        self.write_enabled = self.reset_enabled = self.asleep = False
        self.operation: tuple[int, bytes, int] | None = None
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
            offset, after, start_ns = self.operation
            passed, whole = self.host.now_ns() - start_ns, self._busy.deadline_ns - start_ns
            done = len(after) * passed // whole
            self._change(offset, after[:done] + bytes(self.contents[offset + done : offset + len(after)]))
        self._busy.cancel()
        self.operation = None
        self._wake_up()

    def _wake_up(self) -> None:
        self.parameters = 0
        self.write_enabled = self.reset_enabled = self.asleep = False

    @property
    def busy(self) -> bool:
        """Whether a write to the array or the status is under way."""
        return self._busy.deadline_ns is not None

    def execute(self, opcode: int, address: int | None, data: bytes, read_size: int) -> bytes:
        """One command with the chip selected once: `data` goes in, `read_size` bytes come out."""
        answer = self._answer(opcode, address or 0, data, read_size)
        self.reset_enabled = opcode == RESET_ENABLE
        return (answer + b"\xff" * read_size)[:read_size] if len(answer) < read_size else answer[:read_size]

    def _answer(self, opcode: int, address: int, data: bytes, size: int) -> bytes:
        if opcode in READ_STATUS:
            return bytes([self._status_byte(READ_STATUS[opcode])]) * size
        if self.busy:
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
        elif opcode in READS or (opcode in QUAD_READS and self.quad_enabled):
            return self._read(address % self.size_bytes, size)
        elif opcode == READ_PARAMETERS:
            return bytes([self.parameters]) * size
        elif opcode in (WRITE_ENABLE, WRITE_DISABLE):
            self.write_enabled = opcode == WRITE_ENABLE
        elif opcode == POWER_DOWN:
            self.asleep = True
        elif opcode == SET_PARAMETERS and data:
            self.parameters = data[0]
        elif self._writes(opcode):
            if self.write_enabled:
                self._write(opcode, address % self.size_bytes, data)
        elif opcode != RESET_ENABLE:
            self.host.unmodelled(self.name, f"command 0x{opcode:02X}")
        return b""

    @property
    def quad_enabled(self) -> bool:
        """Whether the QE bit allows commands on four pads."""
        register, bit = self.data["quad_enable"]
        return bool(self.status[register - 1] >> bit & 1)

    def _status_byte(self, number: int) -> int:
        if number:
            return self.status[number]
        return self.status[0] & ~(WIP | WEL) | self.busy * WIP | self.write_enabled * WEL

    def _read(self, address: int, size: int) -> bytes:
        first = bytes(self.contents[address : address + size])
        while len(first) < size:
            first += bytes(self.contents[: size - len(first)])
        return first

    def _writes(self, opcode: int) -> bool:
        quad = opcode in QUAD_PROGRAMS and self.quad_enabled
        return quad or opcode in PROGRAMS or opcode in ERASES or opcode in CHIP_ERASES or opcode in WRITE_STATUS

    def _write(self, opcode: int, address: int, data: bytes) -> None:
        if opcode in WRITE_STATUS:
            first = WRITE_STATUS[opcode]
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
        now_ns = self.host.now_ns()
        self.operation = (offset, after, now_ns)
        self._busy.arm(now_ns + self.data[duration] * 1000)

    def _finish(self) -> None:
        self.write_enabled = False
        if self.operation is not None:
            offset, after, _ = self.operation
            self.operation = None
            self._change(offset, after)

    def _change(self, offset: int, after: bytes) -> None:
        if after:
            self.contents[offset : offset + len(after)] = after
