"""Functions and source lines of firmware."""

from __future__ import annotations

import pytest

from wattbench.bench import read_manifest
from wattbench.bench.code_map import CodeMap
from wattbench.bench.products import find_manifest
from wattbench.core.errors import FirmwareFileError


@pytest.fixture(scope="module")
def code():
    return CodeMap([read_manifest(find_manifest("edge-meter-3p")).file])


def address(code, name):
    return next(function.start for function in code.functions if function.name == name)


def test_a_place_has_function_and_line(code):
    start = address(code, "metrology_process")
    assert code.name(start) == "metrology_process"
    assert code.name(start + 6) == "metrology_process+0x6"
    place = code.place(start + 6)
    assert place.startswith(f"0x{start + 6:08X}, metrology_process+0x6, metrology.c:")
    assert int(place.rpartition(":")[2]) > 100


def test_lines_belong_to_their_functions(code):
    """The line of a function's first instruction is that of its definition in the source."""
    source = (
        (find_manifest("edge-meter-3p").parents[1] / "common" / "window.c").read_text(encoding="utf-8").splitlines()
    )
    file, line = code.line(address(code, "window_add")).split(":")
    assert file == "window.c"
    assert "window_add(" in source[int(line) - 1] + source[int(line) - 2], "or the brace below it"


def test_every_function_of_a_unit_has_a_line(code):
    spans = [span for unit in code.units for span in unit.ranges]
    inside = [item for item in code.functions if any(low <= item.start < high for low, high in spans)]
    assert len(inside) > 60
    for function in inside:
        assert code.line(function.start), function.name
        assert not code.line(function.start).endswith(":0"), function.name


def test_units_are_sources_with_their_addresses(code):
    sources = {unit.source.rpartition("/")[2] for unit in code.units}
    assert {"metrology.c", "window.c", "main.c"} <= sources
    start = address(code, "window_add")
    (unit,) = [unit for unit in code.units if any(low <= start < high for low, high in unit.ranges)]
    assert unit.source.endswith("window.c")


def test_outside_of_all_code(code):
    assert code.function_at(0) is None
    assert code.place(0x12345678) == "0x12345678"
    assert code.line(0x12345678) == ""


def test_a_flash_image_says_nothing(tmp_path):
    image = tmp_path / "flash.bin"
    image.write_bytes(b"\xff" * 100)
    assert CodeMap([image]).functions == ()


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FirmwareFileError, match=r"nothing\.elf cannot be read"):
        CodeMap([tmp_path / "nothing.elf"])
