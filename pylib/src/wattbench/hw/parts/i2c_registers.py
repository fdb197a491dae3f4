"""An I2C part that is nothing but registers: for parts that have no model of their own, and for faults on the bus."""

from __future__ import annotations

from dataclasses import dataclass

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import Model, model


@dataclass(frozen=True)
class I2cAccess:
    """One byte that went between the bus and a register."""

    time_ns: int
    write: bool
    register: int
    value: int


@model("Wattbench.I2cRegisterFile")
class I2cRegisterFile(Model):
    """Registers of one byte behind a pointer that the controller writes first, most significant byte first.

    Reads go on from the pointer, which each byte moves on unless `auto_increment` is off; past the end it begins at 0.
    Tests read and write `registers`, look at `accesses`, and make the part refuse bytes with `refuse_addresses` and
    `refuse_data`.
    """

    on_chip = False
    state_names = (
        "address", "registers", "pointer", "accesses", "refuse_addresses", "refuse_data", "_pointer_left", "_addressed",
    )  # fmt: skip

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        address: int = 0x48,
        size: int = 256,
        auto_increment: bool = True,
        pointer_bytes: int = 1,
        contents: str = "",
    ) -> None:
        """`contents` are the first registers after power-on in hexadecimal; the rest is 0.

        Raises UsageError for an address, size or contents that cannot be.
        """
        super().__init__(host, name)
        if not 0 <= address < 0x80:
            raise UsageError(
                f"{name}: an I2C address has 7 bits, 0x{address:X} has more; give it without direction bit."
            )
        if pointer_bytes not in (0, 1, 2) or not 1 <= size <= 1 << 8 * pointer_bytes:
            raise UsageError(f"{name}: {pointer_bytes} pointerBytes cannot reach {size} registers; choose 0, 1 or 2.")
        try:
            self._contents = bytes.fromhex(contents)
        except ValueError:
            raise UsageError(f"{name}: contents has to be hexadecimal bytes, not {contents!r}.") from None
        if len(self._contents) > size:
            raise UsageError(f"{name}: contents has {len(self._contents)} bytes for {size} registers; raise size.")
        self.address = address
        self.size_bytes, self.auto_increment, self.pointer_bytes = size, auto_increment, pointer_bytes
        self.registers = bytearray()
        self.accesses: list[I2cAccess] = []
        """Every byte of a register that went over the bus, with its time."""
        self.refuse_addresses = 0
        """How many of the next addresses get no acknowledge."""
        self.refuse_data: int | None = None
        """After how many more bytes written to it the part acknowledges none, None never."""
        self.pointer = 0
        self._power_on()

    def _power_on(self) -> None:
        self.registers = bytearray(self._contents.ljust(self.size_bytes, b"\0"))
        self.pointer, self._pointer_left, self._addressed = 0, 0, False

    def power_off(self) -> None:
        """Registers are lost."""
        self._power_on()

    def reset(self) -> None:
        """See `Model.reset`; a part without a reset pin keeps everything."""

    def start(self, address: int, reading: bool) -> bool:
        """See `I2cDevice.start`."""
        self._addressed = address == self.address
        if self._addressed and self.refuse_addresses:
            self.refuse_addresses -= 1
            self._addressed = False
        if self._addressed and not reading:
            self._pointer_left = self.pointer_bytes
        return self._addressed

    def write(self, value: int) -> bool:
        """See `I2cDevice.write`: the pointer first, then registers."""
        if self.refuse_data is not None:
            if not self.refuse_data:
                return False
            self.refuse_data -= 1
        if self._pointer_left:
            first = self._pointer_left == self.pointer_bytes
            self.pointer = ((0 if first else self.pointer) << 8 | value) % self.size_bytes
            self._pointer_left -= 1
        else:
            self.registers[self.pointer] = value
            self._note(True, value)
        return True

    def read(self) -> int:
        """See `I2cDevice.read`."""
        value = self.registers[self.pointer]
        self._note(False, value)
        return value

    def _note(self, write: bool, value: int) -> None:
        self.accesses.append(I2cAccess(self.host.now_ns(), write, self.pointer, value))
        if self.auto_increment:
            self.pointer = (self.pointer + 1) % self.size_bytes

    def answered(self, acknowledged: bool) -> None:
        """See `I2cDevice.answered`."""

    def stop(self) -> None:
        """See `I2cDevice.stop`."""
        self._addressed = False
