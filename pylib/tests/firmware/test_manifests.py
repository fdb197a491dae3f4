"""Manifest and image say the same: every register named in a manifest is a symbol of its image, of that size."""

from __future__ import annotations

import pytest
from elftools.elf.elffile import ELFFile
from native_meter import FIRMWARE, calibration_values

from wattbench.bench.manifest import manifest_data

SIZES = {"u32": 4, "u64": 8, "f32": 4, "i64": 8, "f64": 8}
BUILDS = FIRMWARE / "builds"


@pytest.mark.parametrize("path", sorted(BUILDS.glob("*.toml")), ids=lambda path: path.stem)
def test_registers_are_symbols(path) -> None:
    manifest = manifest_data(path)
    assert manifest["registers"]
    with (BUILDS / manifest["firmware"]["elf"]).open("rb") as stream:
        symbols = {
            symbol.name: symbol["st_size"] for symbol in ELFFile(stream).get_section_by_name(".symtab").iter_symbols()
        }
    for name, register in manifest["registers"].items():
        assert symbols.get(register["symbol"]) == SIZES[register["type"]] * register["count"], name


@pytest.mark.parametrize("path", sorted(BUILDS.glob("*.toml")), ids=lambda path: path.stem)
def test_design_values_are_those_of_the_calibration(path) -> None:
    manifest, values = manifest_data(path), calibration_values()
    for front_end in manifest["front_end"].values():
        assert front_end["shunt_ohm"] == values["shunt_ohm"]
        assert front_end["divider_ratio"] == values["divider_ratio"]
    assert manifest["pulses"]["active"]["constant_imp_per_kwh"] == values["active_imp_per_kwh"]
    assert manifest["pulses"]["reactive"]["constant_imp_per_kvarh"] == values["reactive_imp_per_kvarh"]
