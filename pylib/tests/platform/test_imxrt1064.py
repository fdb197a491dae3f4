"""The platform of the i.MX RT1064 and its meter: built, wired, and run as far as that needs no firmware."""

from __future__ import annotations

import re
import struct

import pytest
from boot_image_writer import Image
from elf_writer import thumb, write_elf
from test_shipped_platforms import ROOT, pins

from wattbench.core.wires import AudioFrame
from wattbench.engines.embedded import open_monitor
from wattbench.engines.embedded.board import Board
from wattbench.platform import load_platform
from wattbench.platform.syntax import Number

SOC = ROOT / "platforms/soc/imxrt1064.repl"
BOARD = ROOT / "platforms/boards/besmart_meter_3p.repl"
GPIO2, LPSPI4 = 0x401BC000, 0x403A0000


@pytest.fixture(params=[True, False], ids=["native", "python"])
def board(request) -> Board:
    board = Board("meter", native_twins=request.param)
    board.load_platform_description(BOARD)
    return board


def write(board: Board, address: int, value: int) -> None:
    board.machine.bus_write(address, struct.pack("<I", value))


def read(board: Board, address: int) -> int:
    return int(struct.unpack("<I", board.machine.bus_read(address, 4))[0])


def spi(board: Board, first: int, second: int) -> int:
    write(board, LPSPI4 + 0x60, 15)
    write(board, LPSPI4 + 0x64, first << 8 | second)
    board.machine.run_to(board.machine.now_ns() + 50_000)
    return read(board, LPSPI4 + 0x74)


def test_every_block_of_the_metering_path_is_there():
    names = {item.name for item in load_platform(SOC).elements}
    counted = {"lpuart": 8, "gpio": 9, "gpt": 2, "lpspi": 4, "lpi2c": 4, "pwm": 4, "wdog": 2, "sai": 3}
    assert {f"{name}{n}" for name, count in counted.items() for n in range(1, count + 1)} <= names
    assert {"ccm", "ccm_analog", "src", "iomuxc", "iomuxc_gpr", "dma0", "dmamux", "pit", "rtwdog", "flexspi2"} <= names


def test_memories(board):
    placed = {item.name: (item.start, item.size) for item in board.platform.placements}
    assert placed["itcm"] == (0, 512 << 10)
    assert placed["dtcm"] == (0x2000_0000, 512 << 10)
    assert placed["flexram_ocram"] == (0x2028_0000, 512 << 10)
    assert placed["ocram2"] == (0x2020_0000, 512 << 10)
    assert placed["internal_flash_cells"] == (0x7000_0000, 4 << 20)
    assert len(board.platform.objects["internal_flash"].contents) == 4 << 20


def test_dma_requests_have_their_source_numbers():
    soc = load_platform(SOC)
    assert pins(soc["sai1"], "dmamux") == {"RxDma": 19, "TxDma": 20}
    assert pins(soc["sai3"], "dmamux") == {"RxDma": 83, "TxDma": 84}
    assert pins(soc["lpspi4"], "dmamux") == {"RxDma": 79, "TxDma": 80}
    assert [pins(soc[f"lpuart{n}"], "dmamux") for n in (1, 8)] == [
        {"TxDma": 2, "RxDma": 3}, {"TxDma": 72, "RxDma": 73},
    ]  # fmt: skip
    assert pins(soc["tmr2"], "dmamux") == {
        **{f"CAPT{n}": 112 + n for n in range(4)}, **{f"CMPLD{n}": 116 + n for n in range(4)},
    }  # fmt: skip
    assert pins(soc["tmr3"], "dmamux") == {f"CAPT{n}": 56 + n for n in range(4)}
    assert pins(soc["xbara1"], "dmamux") == {"DMA0": 30, "DMA1": 31, "DMA2": 94, "DMA3": 95}
    assert pins(soc["pwm4"], "dmamux") == {output: 104 + output for output in range(8)}


def test_the_board_is_wired_as_the_firmware_expects():
    header = (ROOT / "firmware/besmart_meter_3p/src/board.h").read_text()
    number = {name: int(value) for name, value in re.findall(r"PIN_(\w+) = (\d+)", header)}
    meter = load_platform(BOARD)
    assert pins(meter["gpio2"], "afe") == {number["AFE_RESET"]: 0, number["AFE_START"]: 1, number["AFE_OFF"]: 2}
    for led in ("led_active_pulse", "led_reactive_pulse", "led_status"):
        assert pins(meter["gpio2"], led) == {number[led.upper()]: 0}
    assert pins(meter["gpio2"], "relay") == {number["RELAY_CLOSE"]: 0, number["RELAY_OPEN"]: 1}
    assert pins(meter["button"], "gpio2") == {"IRQ": number["BUTTON"]}
    (request,) = re.findall(r"DMA_REQUEST_SAI1_RX (\d+)u", header)
    assert pins(meter["sai1"], "dmamux")["RxDma"] == int(request)
    bus = meter["afe"].registrations[0]
    assert (bus.parent, bus.value) == ("lpspi4", Number(0))
    assert "AFE_SPI LPSPI(4)" in header
    assert "AFE_SPI_SELECT 0u" in header


def test_the_converter_obeys_its_pins_and_answers_on_its_bus(board):
    run = board.machine.run_to
    run(1_000_000)
    for offset, value in ((0x24, 1), (0x10, 1), (0x40, 4)):
        write(board, LPSPI4 + offset, value)
    assert spi(board, 0x88, 0) == 0x2000
    assert spi(board, 0x08, 0x0F) == 0x2000
    assert spi(board, 0x88, 0) == 0x200F
    write(board, GPIO2, 1 << 4 | 1 << 5)
    write(board, GPIO2 + 4, 1 << 4 | 1 << 5 | 1 << 7)
    assert spi(board, 0x88, 0) == 0x200F
    write(board, GPIO2, 1 << 4 | 1 << 5 | 1 << 7)
    assert spi(board, 0x88, 0) == 0xFFFF
    write(board, GPIO2, 1 << 4 | 1 << 5)
    run(board.machine.now_ns() + 1_000_000)
    assert spi(board, 0x88, 0) == 0x2000
    write(board, GPIO2, 1 << 4)
    assert spi(board, 0x88, 0) == 0xFFFF
    write(board, GPIO2, 1 << 5)
    run(board.machine.now_ns() + 1_000_000)
    taken = board.platform.objects["afe"].samples_taken
    run(board.machine.now_ns() + 1_000_000)
    assert board.platform.objects["afe"].samples_taken == taken
    write(board, GPIO2, 1 << 4 | 1 << 5)
    run(board.machine.now_ns() + 1_000_000)
    assert board.platform.objects["afe"].samples_taken == taken + 8


def test_frames_reach_the_receiver(board):
    sai = 0x40384000
    for offset, value in ((0x94, 1 << 16), (0x98, 0x1_0018), (0x9C, 0x1F1F_1F00), (0x88, 1 << 31)):
        write(board, sai + offset, value)
    board.machine.run_to(1_000_000)
    assert read(board, sai + 0xC0) >> 16 > 2
    assert read(board, sai + 0xA0) >> 28 & 7 == 0
    assert read(board, sai + 0xA0) >> 28 & 7 == 1
    assert read(board, sai) == 0x0300_0000


def test_outputs_and_the_button(board):
    objects = board.platform.objects
    write(board, GPIO2 + 4, 1 << 18)
    write(board, GPIO2, 1 << 18)
    assert objects["led_active_pulse"].outputs["State"].level
    assert read(board, GPIO2 + 8) >> 23 & 1
    objects["button"].press()
    assert not read(board, GPIO2 + 8) >> 23 & 1
    assert isinstance(AudioFrame(0, objects["afe"].dclk_hz, ()), tuple)


def test_watchdogs_reset_the_chip_and_say_so(board):
    write(board, 0x400BC000 + 4, 0xD928C520)
    write(board, 0x400BC000 + 8, 0xFFFF)
    write(board, 0x400BC000, 0x2120)
    board.machine.bus_write(0x400B8000, struct.pack("<H", 0x0024))
    assert read(board, 0x400F8008) >> 4 & 1


CODE = (0x4802, 0x212A, 0x6001, 0xBF30, 0xE7FD, 0xBF00, 0x0000, 0x2000)
"""LDR r0, =0x20000000; MOVS r1, #42; STR r1, [r0]; WFI; B to the WFI."""


def test_the_script_runs_an_image_from_the_internal_flash(tmp_path):
    start = 0x7000_2040
    image = struct.pack("<II", 0x2000_1000, start | 1).ljust(0x40, b"\0") + thumb(*CODE)
    headers = Image(base=0x7000_0000, configuration_offset=0, entry=0x7000_2000, code={0x2000: image}).build()
    path = write_elf(tmp_path / "meter.elf", {0x7000_0000: headers})
    session = open_monitor(lambda text: None)
    session.execute(f"$bin=@{path}")
    session.execute(f"include @{ROOT / 'platforms/besmart_meter_3p.resc'}")
    session.execute('emulation RunFor "0.5"')
    board = session.emulation.board
    assert board.machine.now_ns() == 500_000_000
    assert read(board, 0x2000_0000) == 42
    assert board.platform.objects["afe"].samples_taken == 8 * 500 - 2
