"""The fidelity ledger: the committed page is what its sources give, and those are read right."""

from __future__ import annotations

import pytest

from fidelity import page as module
from fidelity.chips import CHIPS, is_analog_interface
from fidelity.domains import domain_of
from fidelity.models import MODELLED, PARTIAL, catalogue
from fidelity.page import COMMAND, TARGET, Row, chip_rows, page, spans
from wattbench.hw.imxrt.svd_map import svd_map


def test_the_committed_page_is_what_its_sources_give():
    committed = TARGET.read_text(encoding="utf-8").splitlines()
    expected = page().splitlines()
    first = next(
        (number for number, pair in enumerate(zip(committed, expected, strict=False), 1) if pair[0] != pair[1]),
        min(len(committed), len(expected)) + 1,
    )
    assert committed == expected, f"docs/fidelity.md is out of date from line {first} on; renew it: {COMMAND}"


@pytest.mark.parametrize("svd", sorted({chip.svd for chip in CHIPS}))
def test_every_peripheral_has_one_chapter(svd):
    for name in svd_map(svd).blocks:
        assert domain_of(name)


def test_an_unknown_peripheral_has_no_chapter():
    with pytest.raises(LookupError, match=r"FLUX1 belongs to no chapter; see fidelity/domains.py"):
        domain_of("FLUX1")


@pytest.mark.parametrize("chip", [chip for chip in CHIPS if chip.exists], ids=lambda chip: chip.svd)
def test_every_peripheral_is_in_one_row(chip):
    named = [name for rows in chip_rows(chip).values() for row in rows for name in row.names]
    assert sorted(named) == sorted(item.name for item in chip.peripherals())
    assert not any(is_analog_interface(chip.map.block(name)) for name in named)


def test_runs_of_numbers_are_drawn_together():
    assert spans([f"LPUART{number}" for number in range(1, 13)]) == ["LPUART1 to LPUART12"]
    assert spans(["CAN1", "CAN1_WRAPPER", "CAN2", "CAN2_WRAPPER"]) == ["CAN1 to CAN2", "CAN1_WRAPPER to CAN2_WRAPPER"]
    assert spans(["GPIO7", "GPIO13", "SNVS"]) == ["GPIO7", "GPIO13", "SNVS"]
    assert spans(["PXP", "PXP2"]) == ["PXP", "PXP2"]


def test_a_row_of_many_tests_is_cut():
    row = Row(("DAC",), "partial", "a | b", ("x", "y"), tuple(f"t{number}" for number in range(10)))
    text = row.text()
    assert text.startswith(r"| DAC | partial | a \| b | x; y | `t0`<br>")
    assert text.endswith("`t7`<br>and 2 more |")


def facts(name):
    return next(item for item in catalogue().values() if item.model.__name__ == name)


def test_states_follow_what_a_model_lacks():
    assert facts("Gpio").state == MODELLED
    assert facts("Gpt").state == PARTIAL
    assert facts("Gpt").missing == ("stored without effect: `CR` DBGEN, WAITEN, DOZEEN, STOPEN",)
    assert facts("Kpp").missing == facts("Kpp").model.missing != ()


def test_a_part_outside_the_chip_lacks_what_its_table_says():
    assert any("CTRL_CRC" in phrase for phrase in facts("Ade7913").missing)


def test_a_summary_leaves_out_the_manual():
    assert facts("Wdog").summary == "Watchdogs WDOG1 and WDOG2 of the i.MX RT1170"
    assert "manual" not in facts("Iomuxc").summary


def row_of(name):
    rows = (row for items in chip_rows(CHIPS[0]).values() for row in items)
    return next(row for row in rows if name in row.names)


def test_rows_name_their_tests():
    assert "hw/test_gpt.py" in row_of("GPT4").tests
    assert "robot_tests/metrology/first_run.robot" in row_of("LPUART1").tests
    assert row_of("GPT4").names == tuple(f"GPT{number}" for number in range(1, 7))


def test_the_command_writes_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "page", lambda: "the page\n")
    monkeypatch.setattr(module, "TARGET", tmp_path / "fidelity.md")
    module.write()
    assert (tmp_path / "fidelity.md").read_text(encoding="utf-8") == "the page\n"
