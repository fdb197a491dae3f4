"""Turn a calibration TOML into the C source of `meter_calibration`, with its CRC.

Usage: make_calibration.py nominal.toml calibration_data.c
"""

from __future__ import annotations

import struct
import sys
import tomllib
import zlib
from pathlib import Path

MAGIC = 0x4C414345
"""`ECAL` in memory, CALIBRATION_MAGIC of calibration.h."""

LAYOUT = {
    "current_full_scale_v": "d",
    "voltage_full_scale_v": "d",
    "shunt_ohm": "d",
    "divider_ratio": "d",
    "current_gain": "4d",
    "voltage_gain": "3d",
    "current_delay_us": "3d",
    "active_imp_per_kwh": "d",
    "reactive_imp_per_kvarh": "d",
    "no_load_w": "d",
    "no_load_var": "d",
    "current_offset": "4i",
    "voltage_offset": "3i",
}
"""Members of `struct calibration` after magic and length, in their order, as struct formats."""


def pack(values: dict[str, object]) -> bytes:
    """The structure's bytes without the CRC; KeyError or struct.error name what does not fit."""
    unknown = values.keys() - LAYOUT.keys()
    if unknown:
        raise KeyError(f"unknown calibration values: {', '.join(sorted(unknown))}")
    formats = "".join(LAYOUT.values())
    numbers: list[object] = []
    for name in LAYOUT:
        value = values[name]
        numbers += value if isinstance(value, list) else [value]
    length = struct.calcsize(f"<II{formats}I")
    return struct.pack(f"<II{formats}", MAGIC, length, *numbers)


def source(values: dict[str, object]) -> str:
    """C source that defines `meter_calibration` in section `.calibration`."""
    data = pack(values)
    lines = ['#include "calibration.h"', "", '__attribute__((section(".calibration"), used))']
    lines += ["const struct calibration meter_calibration = {", "    .magic = CALIBRATION_MAGIC,"]
    lines += [f"    .length = {len(data) + 4},"]
    for name in LAYOUT:
        value = values[name]
        text = "{" + ", ".join(map(repr, value)) + "}" if isinstance(value, list) else repr(value)
        lines.append(f"    .{name} = {text},")
    lines += [f"    .crc = 0x{zlib.crc32(data):08X}u,", "};", ""]
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    toml, output = map(Path, sys.argv[1:3])
    output.write_text(source(tomllib.loads(toml.read_text(encoding="utf-8"))), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
