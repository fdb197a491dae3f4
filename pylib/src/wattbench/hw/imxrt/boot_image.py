"""What a boot ROM reads before it starts an image in serial NOR flash, and what can be wrong with it.

IMXRT1170RM and IMXRT1060RM "System Boot": the flash configuration block tells how to read the flash, the image vector
table where the image begins, its boot data where it belongs. Text in, plain data out; nothing here touches a machine.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from wattbench.core.toml_data import toml_data
from wattbench.hw.imxrt.flexspi_lut import READ, Sequence, SequenceError, decode

CONFIGURATION_SIZE, VECTORS_SIZE, BOOT_DATA_SIZE = 512, 32, 12
CONFIGURATION_TAG, CONFIGURATION_VERSION = b"FCFB", 0x56
ERASED = b"\xff"
SERIAL_NOR = 1
IVT_TAG, IVT_VERSIONS, DCD_TAG = 0xD1, range(0x40, 0x46), 0xD2
WRITE_DATA, CHECK_DATA, NOP, UNLOCK = 0xCC, 0xCF, 0xC0, 0xB2
LARGEST_DCD = 1768
SAMPLE_CLOCKS = (0, 1, 3)
LUT_WORDS = 64
FLASH_WINDOWS = {
    0x30000000: "FlexSPI1 of an i.MX RT117x",
    0x60000000: "FlexSPI of an i.MX RT10xx (or FlexSPI2 of an RT117x)",
    0x70000000: "the internal flash of an i.MX RT1064",
}
"""Where flash appears on the chips of the family, by the upper address bits, to name an image for another one."""

ReadFlash = Callable[[int, int], bytes]
"""Bytes of the flash by offset and size."""


@dataclass(frozen=True)
class Layout:
    """Where a chip's ROM looks and what it leaves behind; see `boot_rom.toml`."""

    chip: str
    rom_vectors: int
    stack: int
    flash_base: int
    flexspi_base: int
    configuration_offset: int
    vectors_offset: int
    watchdogs: tuple[int, ...]
    writes: tuple[tuple[int, int, str], ...]


@cache
def layouts() -> dict[str, Layout]:
    """The layouts by name, `imxrt1170` and others."""
    text = files("wattbench.hw.imxrt").joinpath("boot_rom.toml").read_text(encoding="utf-8")
    return {
        name: Layout(**{**entry, "watchdogs": tuple(entry["watchdogs"]), "writes": tuple(map(tuple, entry["writes"]))})
        for name, entry in toml_data(text).items()
    }


class BadImageError(ValueError):
    """The ROM would not start this image; the text says why."""


@dataclass(frozen=True)
class FlashConfiguration:
    """The flash configuration block as far as the ROM's set-up of the FlexSPI goes; sizes in bytes."""

    sample_clock: int
    cs_hold: int
    cs_setup: int
    pads: int
    clock: int
    sizes: tuple[int, int, int, int]
    lookup_table: tuple[int, ...]

    @property
    def read_sequence(self) -> Sequence:
        """What reads of the flash do: sequence 0."""
        return decode(self.lookup_table[:4])


@dataclass(frozen=True)
class DcdCommand:
    """One command of the device configuration data: a write, or a wait for bits."""

    kind: int
    parameter: int
    pairs: tuple[tuple[int, int], ...]

    @property
    def width(self) -> int:
        """Bytes of each access."""
        return self.parameter & 7

    @property
    def sets(self) -> bool:
        """Set bits (write), or wait for set bits (check)."""
        return bool(self.parameter & 0x10)

    @property
    def masked(self) -> bool:
        """Only the named bits change (write), or any of them will do (check)."""
        return bool(self.parameter & 0x08)


@dataclass(frozen=True)
class BootImage:
    """An image that the ROM accepts."""

    configuration: FlashConfiguration
    entry: int
    start: int
    length: int
    executes_in_place: bool
    device_configuration: tuple[DcdCommand, ...] = ()
    signed: bool = False

    @property
    def starts_at_code(self) -> bool:
        """`entry` is a code address (bit 0 set); else the address of a vector table."""
        return bool(self.entry & 1)


def read_configuration(flash: ReadFlash, layout: Layout) -> FlashConfiguration:
    """The flash configuration block; raises BadImageError."""
    at = layout.flash_base + layout.configuration_offset
    block = flash(layout.configuration_offset, CONFIGURATION_SIZE)
    if block[:4] != CONFIGURATION_TAG:
        for other in layouts().values():
            if other.configuration_offset != layout.configuration_offset and _has_configuration(flash, other):
                raise BadImageError(
                    f"the flash configuration block lies at 0x{other.configuration_offset:X}, where the ROM of the "
                    f"{other.chip} looks for it; the {layout.chip} looks at 0x{at:08X}"
                )
        if block == ERASED * CONFIGURATION_SIZE:
            raise BadImageError(f"the flash is erased where the flash configuration block belongs (0x{at:08X})")
        raise BadImageError(f"no flash configuration block: 0x{at:08X} holds {block[:4].hex(' ')}, not 'FCFB'")
    version, sample_clock, hold, setup = struct.unpack_from("<I4xBBB", block, 4)
    device, pads, clock = struct.unpack_from("<BBB", block, 0x44)
    sizes = struct.unpack_from("<4I", block, 0x50)
    table = struct.unpack_from(f"<{LUT_WORDS}I", block, 0x80)
    where = f"the flash configuration block at 0x{at:08X}"
    if version >> 24 != CONFIGURATION_VERSION:
        raise BadImageError(f"{where} has the version 0x{version:08X}, which does not begin with 'V'")
    if device != SERIAL_NOR:
        raise BadImageError(f"{where} is for device type {device}; this ROM boots serial NOR flash (1)")
    if not any(sizes):
        raise BadImageError(f"{where} gives no flash a size (sflashA1Size and the three after it are 0)")
    if sample_clock not in SAMPLE_CLOCKS:
        raise BadImageError(f"{where} selects the reserved read sample clock {sample_clock}")
    configuration = FlashConfiguration(sample_clock, hold, setup, pads, clock, sizes, table)
    try:
        sequence = configuration.read_sequence
    except SequenceError as error:
        raise BadImageError(f"{where} has a look-up table whose read sequence (0) is invalid") from error
    if not sequence.reads:
        raise BadImageError(f"{where} has a look-up table whose sequence 0 reads nothing (no 0x{READ:02X} instruction)")
    return configuration


def _has_configuration(flash: ReadFlash, layout: Layout) -> bool:
    return flash(layout.configuration_offset, 4) == CONFIGURATION_TAG


def read_image(flash: ReadFlash, configuration: FlashConfiguration, layout: Layout) -> BootImage:
    """The image behind the image vector table; raises BadImageError."""
    at = layout.flash_base + layout.vectors_offset
    header, entry, _, dcd, boot_data, own, signature = struct.unpack_from(
        "<7I", flash(layout.vectors_offset, VECTORS_SIZE)
    )
    where = f"the image vector table at 0x{at:08X}"
    if header == 0xFFFF_FFFF:
        raise BadImageError(f"the flash is erased where the image vector table belongs (0x{at:08X})")
    tag, length, version = header & 0xFF, (header >> 8 & 0xFF) << 8 | header >> 16 & 0xFF, header >> 24
    if tag != IVT_TAG or length != VECTORS_SIZE or version not in IVT_VERSIONS:
        raise BadImageError(f"no image vector table: 0x{at:08X} holds 0x{header:08X}, not 0x402000D1 or alike")
    if own != at:
        raise BadImageError(f"{where} says that it lies at 0x{own:08X}{_other_chip(own, layout)}")
    start, size = _boot_data(flash, where, boot_data, layout)
    image = range(start, start + size)
    if entry & ~1 not in image:
        raise BadImageError(
            f"{where} enters at 0x{entry:08X}, outside of the image <0x{start:08X}, 0x{start + size:08X}>"
        )
    flash_end = layout.flash_base + sum(configuration.sizes)
    executes_in_place = layout.flash_base <= start < flash_end
    if executes_in_place and start + size > flash_end:
        raise BadImageError(
            f"the boot data of {where} gives the image 0x{size:X} bytes from 0x{start:08X}; the flash configuration "
            f"block ends the flash at 0x{flash_end:08X}"
        )
    if executes_in_place and flash((entry & ~1) - layout.flash_base, 4) == ERASED * 4:
        raise BadImageError(f"{where} enters at 0x{entry:08X}, where the flash is erased: the image is not all there")
    commands = read_dcd(flash, dcd, layout) if dcd else ()
    return BootImage(configuration, entry, start, size, executes_in_place, commands, bool(signature))


def _other_chip(address: int, layout: Layout) -> str:
    window = FLASH_WINDOWS.get(address & 0xF000_0000)
    if window is None or address & 0xF000_0000 == layout.flash_base:
        return ""
    return f", which is {window}: this image is for another chip than the {layout.chip}"


def _offset(address: int, size: int, what: str, layout: Layout) -> int:
    offset = address - layout.flash_base
    if offset < 0 or address == 0 or offset + size > 0x1000_0000:
        raise BadImageError(f"{what} 0x{address:08X} is not in the flash at 0x{layout.flash_base:08X}")
    return offset


def _boot_data(flash: ReadFlash, where: str, address: int, layout: Layout) -> tuple[int, int]:
    data = flash(_offset(address, BOOT_DATA_SIZE, f"{where} has its boot data at", layout), BOOT_DATA_SIZE)
    start, size, plugin = struct.unpack("<3I", data)
    if plugin:
        raise BadImageError(f"the boot data at 0x{address:08X} asks for a plug-in image, which this ROM does not run")
    if not size or size == 0xFFFF_FFFF:
        raise BadImageError(f"the boot data at 0x{address:08X} gives the image a size of 0x{size:X}")
    return start, size


def read_dcd(flash: ReadFlash, address: int, layout: Layout) -> tuple[DcdCommand, ...]:
    """The device configuration data; raises BadImageError."""
    offset = _offset(address, 4, "the device configuration data at", layout)
    tag, length = struct.unpack(">BH", flash(offset, 3))
    if tag != DCD_TAG or not 4 <= length <= LARGEST_DCD:
        raise BadImageError(f"no device configuration data at 0x{address:08X}: tag 0x{tag:02X}, length {length}")
    data, at, commands = flash(offset, length), 4, []
    while at < length:
        kind, size, parameter = struct.unpack_from(">BHB", data, at) if at + 4 <= length else (0, 0, 0)
        if kind not in (WRITE_DATA, CHECK_DATA, NOP, UNLOCK) or size < 4 or at + size > length:
            raise BadImageError(f"the device configuration data has no command at 0x{address + at:08X}")
        words = struct.unpack_from(f">{(size - 4) // 4}I", data, at + 4)
        if kind in (WRITE_DATA, CHECK_DATA) and parameter & 7 not in (1, 2, 4):
            raise BadImageError(f"the command at 0x{address + at:08X} accesses {parameter & 7} bytes at once")
        commands.append(DcdCommand(kind, parameter, tuple(zip(words[::2], words[1::2], strict=False))))
        at += size
    return tuple(commands)
