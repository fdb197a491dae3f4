"""Register maps that the build makes, against the vendor's file as the tests read it themselves."""

from __future__ import annotations

import pytest
import svd

from wattbench.core.errors import SetupError
from wattbench.hw.imxrt import svd_map as module
from wattbench.hw.imxrt.svd_map import SvdMap, svd_map

CHIP = "MIMXRT1176_cm7"
FAMILIES = sorted({block.family for block in svd_map(CHIP).blocks.values()})
CALLED_OTHERWISE = {"CAAM", "IEE__IEE_RT1170", "XRDC2_D0"}
"""Blocks whose clusters are called by a letter that stands for their number, or by words of the vendor's header."""


@pytest.mark.parametrize("name", FAMILIES)
def test_a_block_has_the_registers_of_the_svd(name):
    expected = {(item.offset, min(item.names)): item for item in svd.registers(name)}
    mine = list(svd_map(CHIP).registers(name))
    assert len(mine) == len(svd.registers(name))
    found = {}
    for register in mine:
        spelled = register.name.replace("_", "")
        candidates = [item for (offset, _), item in expected.items() if offset == register.offset]
        same = [item for item in candidates if spelled in item.names]
        if name not in CALLED_OTHERWISE:
            assert same, f"{register.name} at 0x{register.offset:X}: the SVD has {[item.names for item in candidates]}"
        found[register.name] = (same or candidates)[0]
    assert len(found) == len(mine), "two registers of one name"
    for register in mine:
        item = found[register.name]
        assert (register.width, register.reset) == (item.width, item.reset), register.name
        assert {(field.name, field.low, field.width) for field in register.fields} == {
            (field.name, field.low, field.width) for field in item.fields
        }, register.name
        for field, other in zip(register.fields, sorted(item.fields, key=lambda item: item.low), strict=True):
            marks = {"rw": ("rw", "w1s", "w1t"), "w1c": ("w1c", "ro" if register.name.endswith("_CLR") else "w1c")}
            assert field.access in marks.get(other.access, (other.access,)), f"{register.name}.{field.name}"


@pytest.mark.parametrize("name", FAMILIES)
def test_every_register_is_found_at_each_of_its_bytes(name):
    registers = svd_map(CHIP).registers(name)
    covered = {}
    for item in registers:
        covered.setdefault(item.offset, []).append(item)
    for offset, items in list(covered.items())[:400]:
        for byte in range(items[0].width // 8):
            found = registers.at(offset + byte)
            assert found is not None
            assert found in covered[found.offset]
            assert found.offset <= offset + byte < found.offset + found.width // 8


def test_nothing_is_found_between_and_behind_registers():
    registers = svd_map(CHIP).registers("DAC")
    assert registers.at(0x17).name == "CR2"
    assert registers.at(0x18) is None
    assert svd_map(CHIP).registers("OCOTP").at(0x804) is None
    assert svd_map(CHIP).registers("OCOTP").at(0x813).name == "FUSE1"


def test_members_of_arrays_carry_their_numbers():
    assert svd_map(CHIP).registers("CCM").at(0x80 * 3 + 0x40 + 4 * 15).name == "CLOCK_ROOT3_SETPOINT15"
    assert svd_map(CHIP).registers("PWM1").at(0x60 * 2).name == "SM2CNT"
    assert svd_map(CHIP).registers("SEMA4").at(3).name == "Gate3"
    assert svd_map(CHIP).registers("FLEXSPI1").at(0x74).name == "FLSHCR1A2"


def test_an_instance_shares_the_registers_of_its_family():
    chip = svd_map(CHIP)
    assert chip.block("LPUART7").family == "LPUART1"
    assert chip.block("LPUART7").base == 0x40094000
    assert chip.block("LPUART7").interrupts == (26,)
    assert chip.registers("LPUART7") is chip.registers("LPUART1")


def test_set_clear_and_toggle_registers_know_what_they_change():
    registers = svd_map(CHIP).registers("LCDIFV2")
    names = {item.name: item for item in registers}
    for mark in ("_SET", "_CLR", "_TOG"):
        assert registers.without_mark(names["CTRL" + mark]).name == "CTRL"
    assert registers.without_mark(names["CTRL"]).name == "CTRL"


def test_the_index_is_enough_for_the_names_of_blocks(monkeypatch):
    chip = SvdMap(CHIP)
    monkeypatch.setattr(module, "SvdRegisters", lambda line: pytest.fail("a block was read"))
    assert chip.block("CAAM").size == 0x100000


def test_an_unknown_block_is_named_with_the_closest():
    with pytest.raises(ValueError, match=r"MIMXRT1176_cm7 has no block 'LPUART99'.*LPUART9"):
        svd_map(CHIP).block("LPUART99")


def test_an_unknown_chip_is_named_with_those_there_are():
    with pytest.raises(SetupError, match="no register map of the chip 'MIMXRT9'; there are MIMXRT1064, MIMXRT1176_cm4"):
        SvdMap("MIMXRT9")


def test_maps_that_were_not_built_say_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    with pytest.raises(SetupError, match=r"pip install --no-deps -r ci/requirements-data.txt, then pip install -e"):
        SvdMap(CHIP)
