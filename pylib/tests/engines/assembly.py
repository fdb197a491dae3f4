"""Assembles test firmware for both cores of the chip."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from functools import cache
from pathlib import Path

HEAD = ".syntax unified\n.thumb\n.cpu cortex-m7\n.fpu fpv5-d16\n.text\n"
SCRIPT = "ENTRY(vectors)\nSECTIONS {{ . = {base:#x}; .text : {{ *(.text*) }} /DISCARD/ : {{ *(.ARM.*) *(.note*) }} }}\n"


@cache
def assemble(source: str, base: int, folder: Path) -> Path:
    """An ELF file with `source` linked to `base`; its first label must be `vectors`."""
    name = hashlib.sha256(f"{base}{source}".encode()).hexdigest()[:16]
    text, script, image = (folder / f"{name}.{ending}" for ending in ("s", "ld", "elf"))
    text.write_text(HEAD + source, encoding="utf-8")
    script.write_text(SCRIPT.format(base=base), encoding="utf-8")
    command = [sys.executable, "-m", "ziglang", "cc", "-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m7"]
    done = subprocess.run(
        [*command, "-nostdlib", f"-Wl,-T,{script}", str(text), "-o", str(image)], check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return image
