"""Boot ROM of the i.MX RT family: from reset to the first instruction of an image in serial NOR flash.

The ROM's code is not the vendor's. It is a dozen instructions that ask this model to do the work, in the order of
IMXRT1170RM "System Boot": read the flash configuration block by a FlexSPI command, set the FlexSPI up from it, read
the image vector table and boot data, carry out the device configuration data, copy an image that does not execute in
place, switch the RTWDOGs off, jump. An image that the chip would not start ends the run with a BootError: the chip
itself would go on to wait for a download over USB or UART.

The model answers at the last page of the ROM; its code lies in the memory in front of it.
"""

from __future__ import annotations

import logging
import struct

from wattbench.core.errors import BootError, UsageError
from wattbench.core.host import BusError, Host
from wattbench.core.model import RegisterBlock, model, on_read
from wattbench.core.names import did_you_mean
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.boot_image import (
    CHECK_DATA,
    WRITE_DATA,
    BadImageError,
    BootImage,
    DcdCommand,
    FlashConfiguration,
    layouts,
    read_configuration,
    read_image,
)
from wattbench.hw.imxrt.flexspi import CLEAR_FIFO, IPCMDERR, FlexSpi, FlexSpiBlock

VECTOR_COUNT, TREE_VECTOR = 16, 7
CODE_OFFSET, LITERAL_OFFSET = 0x40, 0x58
START_CODE = (
    0x4805,  # ldr r0, [pc, #20]    the model's registers
    0x6801,  # ldr r1, [r0]         START: 0 while nothing can be started
    0x2900,  # cmp r1, #0
    0xD0FC,  # beq .-4
    0x6842,  # ldr r2, [r0, #4]     STACK
    0x4695,  # mov sp, r2
    0x6880,  # ldr r0, [r0, #8]     ENTRY
    0x4700,  # bx r0
    0x4801,  # ldr r0, [pc, #4]     any function of the API
    0x68C0,  # ldr r0, [r0, #12]    API
    0xE7FC,  # b .-4
    0x0000,
)
API_CODE_OFFSET = CODE_OFFSET + 16
TREE_OFFSET, TEXT_OFFSET = 0x80, 0xC0
TREE_FUNCTIONS = 8
TREE_VERSION = ord("K") << 24 | 3 << 16
TEXT = b"wattbench boot ROM\0"
PAGE = 0x100

READ_COMMAND = (0x0818_0403, 0x0000_2404)
"""LUT of the first read: 0x03, 24 address bits, data, all on one pad."""
FIRST_READ_SIZE_KB = 0x1000
"""What the ROM takes the flash for until it knows its size: what three address bytes reach."""
CHUNK = 128
LUT_KEY, LUT_UNLOCK = 0x5AF0_5AF0, 2
MCR0_DEFAULT, MCR0_SAMPLE_CLOCK = 0xFFFF_80C0, 4
RTWDOG_CS_EN, RTWDOG_CS_UPDATE, RTWDOG_UNLOCK = 1 << 7, 1 << 5, 0xD928_C520
RTWDOG_CS, RTWDOG_CNT, RTWDOG_TOVAL = 0x0, 0x4, 0x8


@model("Wattbench.BootRom")
class BootRom(RegisterBlock):
    """The ROM of one chip. `layout` names it (`imxrt1170`, `imxrt1064`); `code` is where the ROM's memory begins."""

    size = 0x1000
    table = load_table("wattbench.hw.imxrt", "boot_rom")
    on_chip = True
    missing = (
        "serial download over USB and UART",
        "boot devices other than serial NOR flash (SD, eMMC, NAND), boot pins and fuses",
        "signatures, encrypted images and plug-in images",
        "the ROM's API (FlexSPI NOR driver, clock driver)",
        "the time that the ROM takes",
    )

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        flexspi: FlexSpi | FlexSpiBlock,
        base: int,
        layout: str = "imxrt1170",
        api: bool = True,
    ) -> None:
        """`base` is this model's own address on the bus, for the code that reads its registers."""
        super().__init__(host, name)
        if layout not in layouts():
            raise UsageError(f"{name}: there is no boot ROM `{layout}`{did_you_mean(layout, layouts())}")
        self.layout, self.base, self._api = layouts()[layout], base, api
        self._offsets_of_flexspi = {register: offset for register, offset, *_ in flexspi.table.instances()}

    def reset(self) -> None:
        """See `Model.reset`; the code is written anew, as memory may have been cleared."""
        super().reset()
        self.host.bus_write(self.layout.rom_vectors, self._code())

    def _code(self) -> bytes:
        """Vectors, code, and the tree of the API; every page of it."""
        at = self.layout.rom_vectors
        code = bytearray(PAGE)
        vectors = [self.layout.stack, at + CODE_OFFSET + 1] + [0] * (VECTOR_COUNT - 2)
        if self._api:
            vectors[TREE_VECTOR] = at + TREE_OFFSET
        struct.pack_into(f"<{VECTOR_COUNT}I", code, 0, *vectors)
        struct.pack_into(f"<{len(START_CODE)}H", code, CODE_OFFSET, *START_CODE)
        struct.pack_into("<I", code, LITERAL_OFFSET, self.base)
        function = at + API_CODE_OFFSET + 1
        tree = [function, TREE_VERSION, at + TEXT_OFFSET] + [function] * TREE_FUNCTIONS
        struct.pack_into(f"<{len(tree)}I", code, TREE_OFFSET, *tree)
        code[TEXT_OFFSET : TEXT_OFFSET + len(TEXT)] = TEXT
        return bytes(code)

    @on_read("START")
    def _start(self) -> int:
        """Carry out the boot; raises BootError."""
        try:
            configuration = read_configuration(self._first_read, self.layout)
            self._set_up_flexspi(configuration)
            image = read_image(self._read, configuration, self.layout)
            self._configure_device(image.device_configuration)
            self._load(image)
        except (BadImageError, BusError) as error:
            reason = error if isinstance(error, BadImageError) else f"reading the image ended in a {error}"
            raise BootError(
                f"the boot ROM of the {self.layout.chip} finds nothing to start: {reason}; on the chip it would now "
                "wait for a serial download",
                self.layout.rom_vectors + CODE_OFFSET + 2,
                self.host.now_ns(),
            ) from error
        self._leave()
        self["ENTRY"], self["STACK"] = image.entry, self.layout.stack
        if not image.starts_at_code:
            self["STACK"], self["ENTRY"] = struct.unpack("<2I", self.host.bus_read(image.entry, PAGE)[:8])
        how = "its vector table" if not image.starts_at_code else "its code"
        self.host.log(logging.INFO, self.name, f"starts the image at 0x{image.start:08X} by {how} 0x{image.entry:08X}")
        if image.signed:
            self.host.log(logging.WARNING, self.name, "the image is signed; its signature is not checked")
        return 1

    @on_read("API")
    def _api_called(self) -> int:
        """Any function of the API; raises BootError."""
        raise BootError(
            f"the firmware has called the API of the boot ROM of the {self.layout.chip} (for a serial download, or its "
            "flash driver), which is not modelled",
            self.layout.rom_vectors + API_CODE_OFFSET,
            self.host.now_ns(),
        )

    # Steps of the boot

    def _first_read(self, offset: int, size: int) -> bytes:
        """Flash by IP commands, as nothing is known of the part yet: one pad, 30 MHz, 24 address bits."""
        self._write("MCR0", MCR0_DEFAULT)
        self._unlock()
        for number, word in enumerate((*READ_COMMAND, 0, 0)):
            self._write(f"LUT{number}", word)
        self._write("FLSHA1CR0", FIRST_READ_SIZE_KB)
        self._write("IPRXFCR", CLEAR_FIFO | (CHUNK // 8 - 1) << 2)
        data = b""
        for at in range(offset, offset + size, CHUNK):
            self._write("IPCR0", at)
            self._write("IPCR1", min(CHUNK, offset + size - at))
            self._write("IPRXFCR", CLEAR_FIFO | (CHUNK // 8 - 1) << 2)
            self._write("IPCMD", 1)
            if self._register("INTR") & IPCMDERR:
                raise BadImageError("the FlexSPI cannot read the flash (command error)")
            words = (self._register(f"RFDR{number}") for number in range(CHUNK // 4))
            data += b"".join(word.to_bytes(4, "little") for word in words)
        return data[:size]

    def _set_up_flexspi(self, configuration: FlashConfiguration) -> None:
        self._write("MCR0", MCR0_DEFAULT & ~(3 << MCR0_SAMPLE_CLOCK) | configuration.sample_clock << MCR0_SAMPLE_CLOCK)
        self._unlock()
        for number, word in enumerate(configuration.lookup_table):
            self._write(f"LUT{number}", word)
        ports = ("FLSHA1CR0", "FLSHA2CR0", "FLSHB1CR0", "FLSHB2CR0")
        for register, size in zip(ports, configuration.sizes, strict=True):
            self._write(register, -(-size // 1024))
        for register in ("FLSHCR1A1", "FLSHCR1A2", "FLSHCR1B1", "FLSHCR1B2"):
            self._write(register, configuration.cs_hold << 5 | configuration.cs_setup)

    def _read(self, offset: int, size: int) -> bytes:
        """Flash as the core sees it."""
        first = offset // PAGE * PAGE
        length = -(-(offset + size - first) // PAGE) * PAGE
        data = self.host.bus_read(self.layout.flash_base + first, length)
        return data[offset - first : offset - first + size]

    def _configure_device(self, commands: tuple[DcdCommand, ...]) -> None:
        for command in commands:
            if command.kind not in (WRITE_DATA, CHECK_DATA):
                continue
            for address, value in command.pairs:
                old = int.from_bytes(self.host.bus_read(address, command.width), "little")
                if command.kind == WRITE_DATA:
                    new = value if not command.masked else old | value if command.sets else old & ~value
                    self.host.bus_write(address, new.to_bytes(command.width, "little"))
                else:
                    hit = old & value if command.sets else ~old & value
                    if not (hit if command.masked else hit == value):
                        raise BadImageError(f"the device configuration data waits for ever for 0x{address:08X}")

    def _load(self, image: BootImage) -> None:
        """Copy an image that is to run elsewhere than in flash."""
        if image.executes_in_place:
            return
        try:
            self.host.bus_write(image.start, self._read(0, image.length))
        except BusError as error:
            raise BadImageError(
                f"the boot data places the image at <0x{image.start:08X}, 0x{image.start + image.length:08X}>, where "
                "there is no memory"
            ) from error

    def _leave(self) -> None:
        for base in self.layout.watchdogs:
            if int.from_bytes(self.host.bus_read(base + RTWDOG_CS, 4), "little") & RTWDOG_CS_EN:
                for register, value in (
                    (RTWDOG_CNT, RTWDOG_UNLOCK), (RTWDOG_TOVAL, 0xFFFF), (RTWDOG_CS, 0x2100 | RTWDOG_CS_UPDATE),
                ):  # fmt: skip
                    self.host.bus_write(base + register, value.to_bytes(4, "little"))
        for address, value, _ in self.layout.writes:
            self.host.bus_write(address, value.to_bytes(4, "little"))

    # Access to the FlexSPI's registers by name

    def _register(self, name: str) -> int:
        address = self.layout.flexspi_base + self._offsets_of_flexspi[name]
        return int.from_bytes(self.host.bus_read(address, 4), "little")

    def _write(self, name: str, value: int) -> None:
        self.host.bus_write(self.layout.flexspi_base + self._offsets_of_flexspi[name], value.to_bytes(4, "little"))

    def _unlock(self) -> None:
        self._write("LUTKEY", LUT_KEY)
        self._write("LUTCR", LUT_UNLOCK)
