"""Writes the C headers of the register tables: `python generate_registers.py OUTPUT_DIR`.

For a table `lpspi` there is `lpspi_registers.h` with the index of each register (`LPSPI_CR`; arrays have one index for
their first member, `EDMA_TCD_CSR + channel`), the mask and lowest bit of each field (`LPSPI_CR_MEN`,
`LPSPI_CR_MEN_LOW`), and the table itself as `LPSPI_TABLE`. The table of a variant in another chip is there as
`FLEXSPI_106X_TABLE`, with the same index for each register; one that it lacks is an empty row.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = Path(__file__).parents[1] / "src" / "wattbench"
TABLES = {
    "edma": "hw/imxrt",
    "dmamux": "hw/imxrt",
    "lpspi": "hw/imxrt",
    "flexpwm": "hw/imxrt",
    "flexspi": "hw/imxrt",
    "gpt": "hw/imxrt",
    "sai": "hw/imxrt",
    "ade7913": "hw/parts",
}
VARIANTS = {"flexspi": {"106x": "hw/imxrt106x"}}


def load_reader() -> ModuleType:
    """The project's own table reader, loaded by its file: building needs no package to be importable."""
    spec = importlib.util.spec_from_file_location("wattbench_registers", PACKAGE / "core" / "registers.py")
    if spec is None or spec.loader is None:
        raise SystemExit("wattbench/core/registers.py is missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def load(reader: ModuleType, folder: str, name: str) -> Any:
    """The table of a package by its folder inside wattbench."""

    def base(package: str, name: str) -> Any:
        return load(reader, package.removeprefix("wattbench.").replace(".", "/"), name)

    text = (PACKAGE / folder / "registers" / f"{name}.toml").read_text(encoding="utf-8")
    return reader.parse_table(text, base)


def definition(table: Any, prefix: str, indexes: dict[int, int]) -> list[str]:
    """A table in C whose register at offset `o` has index `indexes[o]`; KeyError where there is none."""
    rows = ["{ 0 }"] * len(indexes)
    slots: dict[int, int] = {}
    for _, offset, register, number in table.instances():
        masks, index = register.masks, indexes[offset]
        stored = masks["rw"] | masks["wo"] | masks["sc"]
        values = (register.reset_of(number), stored, masks["wo"], masks["w1c"], masks["w1t"], register.unmodelled_mask)
        rows[index] = f"{{ 0x{offset:X}, {register.width // 8}, {', '.join(f'0x{value:X}u' for value in values)} }}"
        for byte in range(register.width // 8):
            slots.setdefault(offset + byte, index + 1)
    size = max(slots) + 1
    places = ", ".join(f"[{offset}] = {index}" for offset, index in sorted(slots.items()))
    return [
        f"static const wb_register {prefix}_REGISTERS[] = {{",
        *(f"    {row}," for row in rows),
        "};",
        f"static const uint16_t {prefix}_SLOTS[{size}] = {{ {places} }};",
        f"static const wb_table {prefix}_TABLE = {{ {prefix}_REGISTERS, {prefix}_SLOTS, {len(rows)}, {size} }};",
    ]


def header(name: str, table: Any, variants: dict[str, Any]) -> str:
    """The C header of one table and of its variants."""
    prefix = name.upper()
    names, defines = [], []
    indexes: dict[int, int] = {}
    for index, (_, offset, register, number) in enumerate(table.instances()):
        indexes[offset] = index
        plain = f"{prefix}_{register.name.replace('{n}', '')}"
        if number == register.first:
            names.append(f"    {plain} = {index},")
            for field in register.fields.values():
                defines.append(f"#define {plain}_{field.name} 0x{field.mask:X}u")
                defines.append(f"#define {plain}_{field.name}_LOW {field.low}")
    return "\n".join(
        [
            f"/* Made from {name}.toml by generate_registers.py. */",
            '#include "block.h"',
            "enum {",
            *names,
            f"    {prefix}_COUNT = {len(indexes)},",
            "};",
            *defines,
            *definition(table, prefix, indexes),
            *(line for key, item in variants.items() for line in definition(item, f"{prefix}_{key.upper()}", indexes)),
            "",
        ]
    )


def main() -> None:
    """Write all headers."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: generate_registers.py OUTPUT_DIR")
    output = Path(sys.argv[1])
    output.mkdir(parents=True, exist_ok=True)
    reader = load_reader()
    for name, folder in TABLES.items():
        variants = {key: load(reader, place, name) for key, place in VARIANTS.get(name, {}).items()}
        text = header(name, load(reader, folder, name), variants)
        (output / f"{name}_registers.h").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
