"""Flash images: put together from parts, and refused with a reason before a machine runs them."""

from __future__ import annotations

import pytest
from boot_image_writer import Image
from elf_writer import write_elf

from wattbench.bench import Bench
from wattbench.bench.firmware_file import firmware_file
from wattbench.bench.flash_image import FlashPart, check_firmware, compose, inspect
from wattbench.bench.manifest import read_manifest
from wattbench.core.errors import FirmwareFileError, UsageError

BASE = 0x3000_0000


@pytest.fixture
def manifest(tmp_path):
    def write(firmware, rest=""):
        path = tmp_path / "meter.toml"
        path.write_text(
            f'[firmware]\nname = "m"\nplatform = "m.resc"\n{firmware}\n'
            f'[console]\nuart = "lpuart1"\nprompt = "> "\nready = "up"\n{rest}'
        )
        return read_manifest(path)

    return write


def test_parts_lie_at_their_offsets_with_erased_flash_between(tmp_path):
    (tmp_path / "a").write_bytes(b"AB")
    (tmp_path / "b").write_bytes(b"CD")
    parts = (FlashPart(tmp_path / "b", 5), FlashPart(tmp_path / "a", 1))
    assert compose(parts) == b"\xffAB\xff\xffCD"


def test_an_elf_without_offset_lies_at_its_own_addresses(tmp_path):
    write_elf(tmp_path / "loader.elf", {BASE + 4: b"loader"})
    (tmp_path / "kernel.elf").write_bytes(b"\x7fELF...")
    image = compose((FlashPart(tmp_path / "kernel.elf", 12), FlashPart(tmp_path / "loader.elf")))
    assert image == b"\xff\xff\xff\xffloader\xff\xff\x7fELF..."


def test_parts_that_overlap_are_refused(tmp_path):
    (tmp_path / "a").write_bytes(bytes(16))
    with pytest.raises(FirmwareFileError, match=r"a at flash offset 0x8 overlaps a, which ends at 0x10"):
        compose((FlashPart(tmp_path / "a", 0), FlashPart(tmp_path / "a", 8)))


def test_an_elf_for_ram_needs_an_offset(tmp_path):
    write_elf(tmp_path / "kernel.elf", {0: b"kernel"})
    with pytest.raises(
        FirmwareFileError, match=r"segment at 0x00000000, outside of the flash.*give the part an `offset`"
    ):
        compose((FlashPart(tmp_path / "kernel.elf"),))


def test_a_missing_part_is_named(tmp_path):
    with pytest.raises(FirmwareFileError, match="nowhere cannot be read: No such file"):
        compose((FlashPart(tmp_path / "nowhere", 0),))


def test_a_good_image_is_described():
    image = inspect(Image().build(), "image")
    assert (image.start, image.length, image.entry) == (BASE, 0x4000, BASE + 0x2041)


def test_a_truncated_image_is_told_from_its_boot_data():
    with pytest.raises(
        FirmwareFileError, match=r"image is cut short: its boot data give the image 0x4000 bytes.*0x2100"
    ):
        inspect(Image().build()[:0x2100], "image")


def test_only_the_erased_end_of_a_last_sector_may_be_missing():
    assert inspect(Image().build()[:0x3001], "image").length == 0x4000
    with pytest.raises(FirmwareFileError, match=r"0x3F00 bytes, the file has 0x3EFF"):
        inspect(Image(length=0x3F00).build()[:0x3EFF], "image")


def test_an_image_for_another_chip_is_refused_before_it_runs():
    with pytest.raises(FirmwareFileError, match=r"i.MX RT1064.*another chip"):
        inspect(Image(own=0x7000_1000).build(), "image")


def test_an_unknown_flash_address_is_refused():
    with pytest.raises(FirmwareFileError, match="looks for its flash at 0x50000000"):
        inspect(b"", "image", 0x5000_0000)


def test_the_composed_image_is_a_file_only_while_it_is_loaded(manifest, tmp_path):
    (tmp_path / "a").write_bytes(Image().build())
    with firmware_file(manifest("", '[[flash]]\nfile = "a"\noffset = 0\n')) as path:
        assert path.read_bytes() == Image().build()
    assert not path.exists()


def test_composed_parts_must_boot(manifest, tmp_path):
    (tmp_path / "a").write_bytes(b"nothing")
    files = firmware_file(manifest("", '[[flash]]\nfile = "a"\noffset = 0\n'))
    with pytest.raises(FirmwareFileError, match=r"the image that meter.toml describes is no image.*starts"):
        files.__enter__()


def test_a_flash_image_is_looked_at_and_an_elf_is_not(manifest, tmp_path):
    (tmp_path / "meter.bin").write_bytes(b"\0" * 64)
    with pytest.raises(FirmwareFileError, match=r"meter.bin is no image that an i.MX RT117x starts"):
        firmware_file(manifest('image = "meter.bin"')).__enter__()
    write_elf(tmp_path / "meter.elf", {0: b"code"})
    with firmware_file(manifest('elf = "meter.elf"')) as path:
        assert path == tmp_path / "meter.elf"


def test_an_image_that_is_not_there_is_not_blamed_on_the_manifest():
    with pytest.raises(FirmwareFileError, match=r"there is no firmware nowhere\.bin to load instead of the manifest's"):
        Bench.load("edge-meter-3p", image="nowhere.bin")


def test_a_manifest_without_firmware_needs_one(manifest):
    with pytest.raises(UsageError, match="names no firmware; give the image"):
        firmware_file(manifest("")).__enter__()


@pytest.mark.parametrize(
    "image", [Image(), Image(base=0x7000_0000, configuration_offset=0)], ids=["i.MX RT117x", "i.MX RT1064"]
)
def test_an_image_of_either_chip_passes_the_check_and_a_cut_one_does_not(image, tmp_path):
    path = tmp_path / "flash.bin"
    path.write_bytes(image.build())
    check_firmware(path)
    path.write_bytes(image.build()[:0x3000])
    with pytest.raises(FirmwareFileError, match="is cut short"):
        check_firmware(path)


def test_a_file_of_another_kind_is_told(tmp_path):
    path = tmp_path / "notes"
    path.write_bytes(b"notes")
    with pytest.raises(FirmwareFileError, match=r"neither an ELF file nor a flash image.*0x400 \(i.MX RT117x\) or 0x0"):
        check_firmware(path)
