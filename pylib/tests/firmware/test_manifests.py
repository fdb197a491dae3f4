"""Manifest and image say the same: every register named in a manifest is a symbol of its image, of that size."""

from __future__ import annotations

import pytest
from elftools.elf.elffile import ELFFile
from native_meter import FIRMWARE, PRODUCTS

from wattbench.bench.manifest import manifest_data, read_manifest

SIZES = {"u32": 4, "i64": 8, "f64": 8}
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
    manifest = read_manifest(path)
    values = PRODUCTS[manifest.platform.stem].calibration()
    for front_end in manifest.front_ends.values():
        assert front_end.sensor_ohm == values["current_sensor_ohm"]
        assert front_end.divider_ratio == (values["divider_ratio"] if front_end.voltage_input else 0)
        if front_end.transformer is not None:
            lead_us = front_end.transformer.lead_deg / 360 / front_end.transformer.nominal_hz * 1e6
            assert values["current_delay_us"] == pytest.approx([-lead_us] * 3)
    assert manifest.pulses["active"].constant_imp_per_kwh == values["active_imp_per_kwh"]
    assert manifest.pulses["reactive"].constant_imp_per_kvarh == values["reactive_imp_per_kvarh"]
