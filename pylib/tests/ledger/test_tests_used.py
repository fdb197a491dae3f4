"""Which tests use a model, in a small repository."""

from __future__ import annotations

import pytest

from fidelity.tests_used import UseIndex, objects_of
from wattbench.bench import find_manifest, read_manifest
from wattbench.hw.imxrt.gpt import Gpt
from wattbench.hw.imxrt.iomuxc import Iomuxc, IomuxcGpr


@pytest.fixture
def repository(tmp_path):
    """Writes files of tests and suites; gives the tests that use a model."""

    def tests(**files):
        for name, text in files.items():
            suffix = "robot" if name.startswith("suite") else "resource" if name.startswith("common") else "py"
            folder = tmp_path / ("robot_tests" if suffix != "py" else "tests/hw")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.{suffix}").write_text(text, encoding="utf-8")
        return UseIndex(tmp_path / "tests", tmp_path / "robot_tests", {"meter_x": {"lpuart1", "led1"}})

    return tests


def test_imports_of_the_class_count(repository):
    found = repository(
        test_a="from wattbench.hw.imxrt.iomuxc import Iomuxc",
        test_b="from wattbench.hw.imxrt.iomuxc import IomuxcGpr",
        test_c="def test():\n    from wattbench.hw.imxrt.iomuxc import Iomuxc as Pads",
        helper="from wattbench.hw.imxrt.iomuxc import Iomuxc",
    )
    assert found.of_model(Iomuxc, (), False) == ["hw/test_a.py", "hw/test_c.py"]
    assert found.of_model(IomuxcGpr, (), False) == ["hw/test_b.py"]


def test_imports_of_the_module_count(repository):
    found = repository(
        test_a="from wattbench.hw.imxrt import gpt",
        test_b="import wattbench.hw.imxrt.gpt",
        test_c="from wattbench.hw.imxrt import pit",
        test_d="from wattbench.hw.imxrt.gpt import SOURCES",
    )
    assert found.of_model(Gpt, (), True) == ["hw/test_a.py", "hw/test_b.py", "hw/test_d.py"]
    assert found.of_model(Gpt, (), False) == ["hw/test_a.py", "hw/test_b.py"]


def test_types_in_platform_texts_count(repository):
    found = repository(
        test_a='PLATFORM = "gpt1: Wattbench.Gpt @ sysbus 0x0"',
        test_b='PLATFORM = f"gpt1: Wattbench.Gpt{1} @ sysbus"',
        test_c='"""Not Wattbench.Gpts."""',
    )
    assert found.of_model(Gpt, ("Wattbench.Gpt",), True) == ["hw/test_a.py", "hw/test_b.py"]


def test_what_helpers_import_counts_for_those_that_use_them(repository):
    found = repository(
        gpt_bench="from wattbench.hw.imxrt.gpt import Gpt",
        rig="from gpt_bench import make",
        test_a="from rig import make",
        test_b="import pytest",
        conftest="",
    )
    assert found.of_model(Gpt, (), True) == ["hw/test_a.py"]
    found = repository(conftest="from gpt_bench import make")
    assert found.of_model(Gpt, (), True) == ["hw/test_a.py", "hw/test_b.py"]


def test_suites_count_by_object_and_by_product(repository):
    found = repository(
        suite_a="*** Test Cases ***\nA\n    Execute Command    sysbus.gpt1 Value",
        suite_b="*** Settings ***\nResource    common.resource",
        suite_c="*** Settings ***\n# Resource    common.resource\n# gpt1\n",
        common="*** Variables ***\n${FIRMWARE}    meter_x",
    )
    assert found.suites_with(["gpt1"]) == ["robot_tests/suite_a.robot"]
    assert found.suites_with(["led1", "nothing"]) == ["robot_tests/suite_b.robot"]
    assert found.suites_with([]) == []


def test_a_product_names_its_objects():
    objects = objects_of(read_manifest(find_manifest("edge_meter_3p")))
    assert {"lpuart1", "led_active_pulse", "ade_n"} <= objects
