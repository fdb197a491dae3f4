"""Flash images as a linker would lay them out, for tests of the boot ROM; every part can be spoiled."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

READ_LUT = (0x0818_0403, 0x0000_2404)
FLASH_BASE = 0x3000_0000


@dataclass
class Image:
    """A bootable image of the i.MX RT117x that executes in place; change an attribute to spoil it."""

    base: int = FLASH_BASE
    configuration_offset: int = 0x400
    vectors_offset: int = 0x1000
    tag: bytes = b"FCFB"
    version: int = 0x5601_0400
    sample_clock: int = 1
    device: int = 1
    flash_size: int = 0x800000
    lut: tuple[int, ...] = READ_LUT
    ivt_header: int = 0x4020_00D1
    entry: int | None = None
    own: int | None = None
    boot_data: int | None = None
    start: int | None = None
    length: int = 0x4000
    plugin: int = 0
    signature: int = 0
    dcd: bytes = b""
    code: dict[int, bytes] = field(default_factory=dict)
    """What lies where in the image, by offset; by default a vector table at 0x2000 and a branch to itself behind it."""

    def build(self) -> bytes:
        """The image's bytes."""
        code = self.code or {0x2000: struct.pack("<II", 0x2000_1000, self.base + 0x2041), 0x2040: b"\xfe\xe7\xfe\xe7"}
        content = bytearray(b"\xff" * max(self.length, 0x4000))
        at = self.configuration_offset
        content[at : at + 512] = bytes(512)
        struct.pack_into("<4sI4xBBB", content, at, self.tag, self.version, self.sample_clock, 3, 3)
        struct.pack_into("<BBB", content, at + 0x44, self.device, 4, 3)
        struct.pack_into("<I", content, at + 0x50, self.flash_size)
        struct.pack_into(f"<{len(self.lut)}I", content, at + 0x80, *self.lut)
        ivt = self.base + self.vectors_offset
        dcd = ivt + 0x40 if self.dcd else 0
        struct.pack_into(
            "<8I", content, self.vectors_offset, self.ivt_header,
            self.base + 0x2041 if self.entry is None else self.entry, 0, dcd,
            ivt + 0x20 if self.boot_data is None else self.boot_data,
            ivt if self.own is None else self.own, self.signature, 0,
        )  # fmt: skip
        struct.pack_into(
            "<3I", content, self.vectors_offset + 0x20,
            self.base if self.start is None else self.start, self.length, self.plugin,
        )  # fmt: skip
        content[self.vectors_offset + 0x40 : self.vectors_offset + 0x40 + len(self.dcd)] = self.dcd
        for offset, data in code.items():
            content[offset : offset + len(data)] = data
        return bytes(content)


def dcd(*commands: bytes) -> bytes:
    """Device configuration data out of commands."""
    body = b"".join(commands)
    return struct.pack(">BHB", 0xD2, 4 + len(body), 0x41) + body


def dcd_command(kind: int, parameter: int, *words: int) -> bytes:
    """One command of the device configuration data."""
    return struct.pack(f">BHB{len(words)}I", kind, 4 + 4 * len(words), parameter, *words)
