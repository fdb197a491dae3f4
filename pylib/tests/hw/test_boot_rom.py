"""The boot ROM over a FlexSPI and a flash, without a core: `START`, `STACK` and `ENTRY` as its code reads them."""

from __future__ import annotations

import contextlib
import struct

import pytest
from boot_image_writer import FLASH_BASE, Image, dcd, dcd_command
from hypothesis import given
from hypothesis import strategies as st

from wattbench.core.clock import FixedClock
from wattbench.core.errors import BootError, LockupError, UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.boot_image import BadImageError, layouts, read_configuration, read_image
from wattbench.hw.imxrt.boot_rom import BootRom
from wattbench.hw.imxrt.flexspi import FlexSpi
from wattbench.hw.imxrt.rtwdog import Rtwdog
from wattbench.hw.parts.nor_flash import NorFlash

LAYOUT = layouts()["imxrt1170"]
START, STACK, ENTRY, API = 0x0, 0x4, 0x8, 0xC
RAM, WATCHDOG = 0x2024_0000, LAYOUT.watchdogs[0]


class Bytes:
    """Memory of any access size."""

    def __init__(self, data):
        self.data = data

    def read(self, offset, size):
        return int.from_bytes(self.data[offset : offset + size], "little")

    def write(self, offset, size, value):
        self.data[offset : offset + size] = value.to_bytes(size, "little")


class Rig:
    """A ROM, a FlexSPI with a flash, RAM, and a watchdog."""

    def __init__(self, image=b"", **options):
        self.host = FakeHost()
        self.flexspi, self.flash = FlexSpi(self.host, "flexspi1"), NorFlash(self.host, "nor")
        self.flash.contents[0 : len(image)] = image
        self.flexspi.attach(self.flash, 0)
        self.watchdogs = [Rtwdog(self.host, f"rtwdog{n}", FixedClock(24_000_000)) for n in (3, 4)]
        self.rom_code, self.ram = bytearray(0x1000), bytearray(0x80000)
        self.host.regions = {
            (LAYOUT.rom_vectors, len(self.rom_code)): Bytes(self.rom_code),
            (FLASH_BASE, len(self.flash.contents)): Bytes(self.flash.contents),
            (RAM, len(self.ram)): Bytes(self.ram),
            (LAYOUT.flexspi_base, 0x4000): self.flexspi,
        }
        for base, watchdog in zip(LAYOUT.watchdogs, self.watchdogs, strict=True):
            self.host.regions[base, 0x4000] = watchdog
        self.rom = BootRom(self.host, "boot_rom", flexspi=self.flexspi, base=0x23F000, **options)
        for model in (self.flexspi, self.flash, *self.watchdogs, self.rom):
            model.reset()

    def boot(self):
        """What the code of the ROM does; returns stack pointer and entry."""
        assert self.rom.read(START, 4) == 1
        return self.rom.read(STACK, 4), self.rom.read(ENTRY, 4)


def failure(image):
    with pytest.raises(BootError) as caught:
        Rig(image.build() if isinstance(image, Image) else image).boot()
    assert "serial download" in str(caught.value)
    return str(caught.value)


def test_an_image_that_enters_at_code_gets_the_roms_stack():
    assert Rig(Image().build()).boot() == (LAYOUT.stack, 0x3000_2041)


def test_an_image_that_enters_at_a_vector_table_gets_stack_and_code_from_it():
    assert Rig(Image(entry=0x3000_2000).build()).boot() == (0x2000_1000, 0x3000_2041)


def test_the_flexspi_is_left_as_the_configuration_block_says():
    lut = (*Image().lut, 0, 0, 0x1234_0405, 0x5678)
    rig = Rig(Image(lut=lut, flash_size=0x300000, sample_clock=3).build())
    rig.boot()
    assert rig.flexspi["FLSHA1CR0"] == 0x300000 // 1024
    assert [rig.flexspi[f"LUT{n}"] for n in range(6)] == list(lut)
    assert rig.flexspi["MCR0"] >> 4 & 3 == 3
    assert rig.flexspi["FLSHCR1A1"] & 0x3FF == 3 << 5 | 3


def test_the_configuration_block_is_read_by_commands_of_the_flash():
    rig = Rig(Image().build())
    rig.flash.asleep = True
    with pytest.raises(BootError, match="erased where the flash configuration block belongs"):
        rig.boot()


def test_watchdogs_that_run_are_stopped():
    rig = Rig(Image().build())
    for watchdog in rig.watchdogs:
        watchdog["CS"] |= 1 << 7
    assert [watchdog["CS"] >> 7 & 1 for watchdog in rig.watchdogs] == [1, 1]
    rig.boot()
    assert [watchdog["CS"] >> 7 & 1 for watchdog in rig.watchdogs] == [0, 0]
    assert rig.watchdogs[0]["CS"] & 1 << 5, "software may change it again"


def test_an_image_for_ram_is_copied_there():
    rig = Rig(Image(start=RAM, entry=RAM + 0x2041, length=0x3001).build())
    assert rig.boot() == (LAYOUT.stack, RAM + 0x2041)
    assert rig.ram[0x2040:0x2044] == b"\xfe\xe7\xfe\xe7"
    assert rig.ram[:0x3001] == rig.flash.contents[:0x3001]
    assert rig.ram[0x3001:] == bytes(len(rig.ram) - 0x3001)


def test_device_configuration_data_is_carried_out():
    commands = dcd(
        dcd_command(0xCC, 4, RAM, 0x1122_3344, RAM + 4, 5),
        dcd_command(0xCC, 0x1C, RAM, 0x8000_0000),
        dcd_command(0xCC, 0x0C, RAM, 0x44),
        dcd_command(0xC0, 0),
        dcd_command(0xCC, 1, RAM + 8, 0xAB),
        dcd_command(0xCF, 0x14, RAM + 4, 5),
    )
    rig = Rig(Image(dcd=commands).build())
    rig.boot()
    assert rig.ram[:12] == struct.pack("<III", 0x9122_3300, 5, 0xAB)


def test_device_configuration_data_that_waits_for_ever_is_told():
    assert "waits for ever for 0x20240000" in failure(Image(dcd=dcd(dcd_command(0xCF, 0x14, RAM, 1))))


def test_the_roms_code_is_where_the_core_starts_and_survives_a_cleared_memory():
    rig = Rig(Image().build())
    vectors = struct.unpack_from("<8I", rig.rom_code)
    assert vectors[:2] == (LAYOUT.stack, LAYOUT.rom_vectors + 0x41)
    tree = vectors[7] - LAYOUT.rom_vectors
    function, _, text = struct.unpack_from("<3I", rig.rom_code, tree)
    assert function & 1
    assert text & 0xFFFF_0000 == LAYOUT.rom_vectors
    before = bytes(rig.rom_code)
    rig.rom_code[:] = bytes(len(rig.rom_code))
    rig.rom.reset()
    assert rig.rom_code == before


def test_without_api_the_vector_of_its_tree_is_empty():
    assert struct.unpack_from("<8I", Rig(api=False).rom_code)[7] == 0


def test_a_call_of_the_api_is_told():
    with pytest.raises(BootError, match="called the API of the boot ROM"):
        Rig(Image().build()).rom.read(API, 4)


def test_the_failure_is_a_lockup_with_pc_and_time():
    rig = Rig()
    rig.host.run_for(1500)
    with pytest.raises(LockupError) as caught:
        rig.boot()
    assert caught.value.pc == LAYOUT.rom_vectors + 0x42
    assert caught.value.time_ns == 1500


def test_an_unknown_layout_is_refused():
    with pytest.raises(UsageError, match=r"no boot ROM `imxrt117` \(did you mean `imxrt1170`\?\)"):
        Rig(layout="imxrt117")


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (b"", "the flash is erased where the flash configuration block belongs (0x30000400)"),
        (Image(tag=b"FCFX"), "0x30000400 holds 46 43 46 58, not 'FCFB'"),
        (Image(configuration_offset=0), "lies at 0x0, where the ROM of the i.MX RT1064 looks"),
        (Image(version=0x0101_0400), "version 0x01010400"),
        (Image(device=2), "device type 2"),
        (Image(flash_size=0), "gives no flash a size"),
        (Image(sample_clock=2), "reserved read sample clock 2"),
        (Image(lut=(0x0000_0406, 0)), "sequence 0 reads nothing"),
        (Image(lut=(0x7C00_0403, 0)), "read sequence (0) is invalid"),
        (Image(ivt_header=0xFFFF_FFFF), "erased where the image vector table belongs (0x30001000)"),
        (Image(ivt_header=0x4120_00D2), "0x30001000 holds 0x412000D2"),
        (Image(ivt_header=0x4030_00D1), "0x30001000 holds 0x403000D1"),
        (Image(own=0x6000_1000), "lies at 0x60001000, which is FlexSPI of an i.MX RT10xx"),
        (Image(own=0x7000_1000), "the internal flash of an i.MX RT1064: this image is for another chip"),
        (Image(own=0x3000_1400), "says that it lies at 0x30001400;"),
        (Image(boot_data=0), "boot data at 0x00000000 is not in the flash"),
        (Image(length=0), "gives the image a size of 0x0"),
        (Image(plugin=1), "plug-in image"),
        (Image(entry=0x3000_5001), "enters at 0x30005001, outside of the image <0x30000000, 0x30004000>"),
        (Image(entry=0x3000_3001), "enters at 0x30003001, where the flash is erased"),
        (Image(flash_size=0x2000), "flash configuration block ends the flash at 0x30002000"),
        (Image(start=0x4100_0000, entry=0x4100_2041), "where there is no memory"),
        (Image(dcd=b"\xd1\x00\x08\x41"), "no device configuration data at 0x30001040"),
        (Image(dcd=dcd(dcd_command(0xAA, 4))), "has no command at 0x30001044"),
        (Image(dcd=dcd(dcd_command(0xCC, 3, 0, 0))), "accesses 3 bytes at once"),
    ],
)
def test_what_is_wrong_with_an_image_is_told(image, says):
    assert says in failure(image)


def test_a_signature_is_said_to_be_unchecked():
    rig = Rig(Image(signature=0x3000_3000).build())
    rig.boot()
    assert any("signature is not checked" in message for _, _, message in rig.host.messages)


@given(st.binary(min_size=1, max_size=64), st.integers(0, 0x1100))
def test_any_damage_is_told_or_harmless(damage, offset):
    """Whatever stands in the headers, the ROM says what is wrong or starts; it never stumbles itself."""
    content = bytearray(Image().build())
    content[offset : offset + len(damage)] = damage

    def flash(at, size):
        return (bytes(content) + b"\xff" * (at + size))[at : at + size]

    with contextlib.suppress(BadImageError):
        image = read_image(flash, read_configuration(flash, LAYOUT), LAYOUT)
        assert image.entry & ~1 in range(image.start, image.start + image.length)
