"""The boot suite must pass the reference firmware and catch one whose headers or start-up are wrong."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from wattbench.bench import find_manifest, read_manifest
from wattbench.bench.flash_image import FlashPart, compose
from wattbench.cli.main import main

SUITE = Path(__file__).parents[3] / "robot_tests" / "boot" / "reference.robot"
ENTRY_IN_VECTORS = 0x1004
SPIN = b"\xfe\xe7"


@pytest.fixture
def run(tmp_path):
    """Runs the suite with a changed image of a reference firmware; gives exit code and Robot's output."""

    def run(change, product="edge_meter_3p"):
        manifest = read_manifest(find_manifest(product))
        image = bytearray(compose((FlashPart(manifest.file),), manifest.flash_base))
        change(image)
        (tmp_path / "meter.bin").write_bytes(image)
        text = f'extends = "{manifest.path}"\n[firmware]\nimage = "meter.bin"\nsymbols = ["{manifest.file}"]\n'
        text += 'platform = "meter.resc"\n'
        script = manifest.platform.read_text(encoding="utf-8").replace("$ORIGIN", f"@{manifest.platform.parent}")
        (tmp_path / "meter.resc").write_text(
            script.replace("LoadELF $bin", f"LoadBinary $bin 0x{manifest.flash_base:X}")
        )
        (tmp_path / "meter.toml").write_text(text, encoding="utf-8")
        out = tmp_path / "out"
        arguments = ["run", str(SUITE), "--firmware", str(tmp_path / "meter.toml"), "--out", str(out)]
        code = main([*arguments, "--variable", f"BOARD:{product}"])
        return code, (out / "output.xml").read_text(encoding="utf-8")

    return run


@pytest.mark.parametrize("product", ["edge_meter_3p", "besmart_meter_3p"])
def test_the_reference_firmware_passes_as_a_flash_image(run, product):
    code, _ = run(lambda image: None, product)
    assert code == 0


def test_a_wrong_image_vector_table_is_caught(run):
    def spoil(image):
        struct.pack_into("<I", image, 0x1014, 0x3000_2000)

    code, output = run(spoil)
    assert code == 1
    assert "says that it lies at 0x30002000" in output


def test_firmware_that_never_comes_up_is_caught(run):
    def spin_at_the_entry(image):
        (entry,) = struct.unpack_from("<I", image, ENTRY_IN_VECTORS)
        image[entry - 1 - 0x3000_0000 : entry + 1 - 0x3000_0000] = SPIN

    code, output = run(spin_at_the_entry)
    assert code == 1
    assert "ran without sleeping" in output or "the UART has sent" in output
