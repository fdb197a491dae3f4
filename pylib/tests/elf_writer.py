"""Writes tiny ELF files, so that tests of the engine need no compiler."""

from __future__ import annotations

import struct
from pathlib import Path

EM_ARM, EM_X86_64 = 40, 62


def write_elf(path: Path, segments: dict[int, bytes], machine: int = EM_ARM, entry: int = 0) -> Path:
    """An executable with one PT_LOAD segment for each address."""
    header_size, program_size = 52, 32
    offset = header_size + program_size * len(segments)
    programs, contents = b"", b""
    for address, data in segments.items():
        programs += struct.pack("<8I", 1, offset + len(contents), address, address, len(data), len(data), 7, 4)
        contents += data
    ident = b"\x7fELF" + bytes([1, 1, 1]) + bytes(9)
    numbers = (2, machine, 1, entry, header_size, 0, 0x5000400, header_size, program_size, len(segments), 40, 0, 0)
    path.write_bytes(ident + struct.pack("<HHIIIIIHHHHHH", *numbers) + programs + contents)
    return path


def thumb(*halfwords: int) -> bytes:
    """Machine code from 16-bit halfwords."""
    return struct.pack(f"<{len(halfwords)}H", *halfwords)


def image(code: bytes, hard_fault: int | None = None, stack: int = 0x20001000) -> bytes:
    """A vector table of 16 entries at address 0 with `code` behind it; HardFault goes to `hard_fault` or spins."""
    start = 0x40
    spin = start + len(code)
    handler = spin if hard_fault is None else hard_fault
    vectors = [stack, start | 1, *([handler | 1] * 14)]
    return struct.pack("<16I", *vectors) + code + thumb(0xE7FE)
