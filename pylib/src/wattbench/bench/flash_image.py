"""Flash images: put together from the parts of a build, and looked at before a machine runs them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wattbench.core.errors import FirmwareFileError
from wattbench.engines.embedded.elf import read_elf
from wattbench.hw.imxrt.boot_image import (
    CONFIGURATION_TAG,
    BadImageError,
    BootImage,
    Layout,
    layouts,
    read_configuration,
    read_image,
)

FLASH_BASE = 0x3000_0000
"""Where FlexSPI1 of the i.MX RT117x shows its flash."""
ERASED = b"\xff"
LARGEST = 0x1000_0000
SECTOR = 0x1000
"""Linker scripts round an image's length up to whole sectors, whose erased end a file need not have."""


@dataclass(frozen=True)
class FlashPart:
    """A file and its place: at `offset` as it is, or, without one, an ELF's segments at their own addresses."""

    file: Path
    offset: int | None = None


def compose(parts: tuple[FlashPart, ...], base: int = FLASH_BASE) -> bytes:
    """The flash image of several parts; raises FirmwareFileError for one that is missing, too far or in the way."""
    pieces: list[tuple[int, bytes, str]] = []
    for part in parts:
        if part.offset is not None:
            pieces.append((part.offset, read_file(part.file), part.file.name))
            continue
        for segment in read_elf(part.file).segments:
            offset = segment.address - base
            if not 0 <= offset < LARGEST:
                raise FirmwareFileError(
                    f"{part.file} has a segment at 0x{segment.address:08X}, outside of the flash at 0x{base:08X}; give "
                    "the part an `offset` if the file as it is belongs into flash"
                )
            pieces.append((offset, segment.data, part.file.name))
    pieces.sort()
    image = bytearray()
    before = ""
    for offset, data, name in pieces:
        if offset < len(image):
            raise FirmwareFileError(
                f"{name} at flash offset 0x{offset:X} overlaps {before}, which ends at 0x{len(image):X}"
            )
        image += ERASED * (offset - len(image)) + data
        before = name
    return bytes(image)


def read_file(path: Path) -> bytes:
    """A firmware file's bytes; raises FirmwareFileError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FirmwareFileError(f"the firmware {path} cannot be read: {error.strerror}; build it first") from error


def is_elf(data: bytes) -> bool:
    """Whether these are the first bytes of an ELF file."""
    return data[:4] == b"\x7fELF"


def inspect(data: bytes, name: str, base: int = FLASH_BASE) -> BootImage:
    """What the boot ROM of the chip with flash at `base` will start; raises FirmwareFileError with what is wrong."""
    layout = next((layout for layout in layouts().values() if layout.flash_base == base), None)
    if layout is None:
        raise FirmwareFileError(f"{name}: no boot ROM is known that looks for its flash at 0x{base:08X}")
    return _inspect(data, name, layout)


def check_firmware(path: Path) -> None:
    """Look at an ELF or at a flash image of any chip of the family; raises FirmwareFileError with what is wrong."""
    data = read_file(path)
    if is_elf(data):
        read_elf(path)
        return
    found = [layout for layout in layouts().values() if data[layout.configuration_offset :][:4] == CONFIGURATION_TAG]
    if not found:
        offsets = " or ".join(f"0x{layout.configuration_offset:X} ({layout.chip})" for layout in layouts().values())
        raise FirmwareFileError(
            f"{path} is neither an ELF file nor a flash image: no flash configuration block ('FCFB') at {offsets}"
        )
    _inspect(data, str(path), found[0])


def _inspect(data: bytes, name: str, layout: Layout) -> BootImage:
    def flash(offset: int, size: int) -> bytes:
        return data[offset : offset + size].ljust(size, ERASED)

    try:
        image = read_image(flash, read_configuration(flash, layout), layout)
    except BadImageError as error:
        raise FirmwareFileError(f"{name} is no image that an {layout.chip} starts: {error}") from error
    needed = image.length + (image.start - layout.flash_base if image.executes_in_place else 0)
    tail = 0 if needed % SECTOR else SECTOR - 1
    if len(data) + tail < needed:
        raise FirmwareFileError(
            f"{name} is cut short: its boot data give the image 0x{needed:X} bytes, the file has 0x{len(data):X}"
        )
    return image
