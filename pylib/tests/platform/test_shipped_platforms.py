"""The platform files of this repository: against the vendor's SVD, the firmware's own pin list, and the real models."""

import importlib
import importlib.util
import pkgutil
import re
import zipfile
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

import wattbench.hw
from wattbench.core.host import FakeHost
from wattbench.core.model import Model
from wattbench.core.wires import DmaRequest
from wattbench.platform import load_platform
from wattbench.platform.build import build
from wattbench.platform.factory import Platform
from wattbench.platform.syntax import Number

ROOT = Path(__file__).parents[3]
SOC = ROOT / "platforms/soc/imxrt1175.repl"
BOARD = ROOT / "platforms/boards/edge_meter_3p.repl"
SVD_NAMES = {"edma0": "DMA0", "dmamux0": "DMAMUX0", "edma1": "DMA1", "dmamux1": "DMAMUX1", "anadig": "ANADIG_OSC"} | {
    f"flexpwm{n}": f"PWM{n}" for n in (1, 2, 3, 4)
}
SVD_INTERRUPTS = {"anadig": {83, 84, 85}, "gpc_cpu_mode_ctrl_0": {117}}
"""Those that the vendor's file gives to a peripheral without address (TMPSNS) or to none (GPC)."""
NOT_IN_SVD = {"boot_rom", "boot_rom_code", "m4_start", "m4_no_itcm", "m4_no_dtcm"}
BLOCKS = [
    item
    for item in load_platform(SOC).elements
    if item.type.startswith("Wattbench.") and item.type != "Wattbench.SvdBlock" and item.name not in NOT_IN_SVD
]


@cache
def svd(core):
    """Base address and interrupt numbers of each peripheral as a core sees it, out of pyOCD's wheel."""
    spec = importlib.util.find_spec("pyocd")
    assert spec is not None, "install pyocd: pip install --no-deps -r ci/requirements-data.txt"
    with zipfile.ZipFile(Path(spec.submodule_search_locations[0], "debug/svd/svd_data.zip")) as archive:
        root = ElementTree.fromstring(archive.read(f"MIMXRT1176_{core}.xml"))
    return {
        item.findtext("name"): (
            int(item.findtext("baseAddress"), 0),
            {int(number.text) for number in item.iterfind("interrupt/value")},
        )
        for item in root.iter("peripheral")
    }


def pins(element, receiver):
    return {item.source: pin.number for item in element.interrupts for pin in item.targets if pin.receiver == receiver}


class Core(Model):
    size = 0x1000
    default_output = "IRQ"

    def __init__(self, host, name, *, cpu_type: str = "", nvic: Model | None = None, number_of_mpu_regions: int = 8,
                 priority_mask: int = 0, systick_frequency: int = 0, frequency: int = 0):  # fmt: skip
        super().__init__(host, name)
        self.regions, self.priority_mask, self.inputs = number_of_mpu_regions, priority_mask, set()
        self.performance_in_mips = 100
        self.output("IRQ")
        if cpu_type:
            self.size = 0

    def on_input(self, number, level):
        self.inputs.add(number)


class Memory(Model):
    def __init__(self, host, name, *, size: int):
        super().__init__(host, name)
        self.size = size


OWN_TYPES = {
    "CPU.CortexM": Core,
    "IRQControllers.NVIC": Core,
    "Miscellaneous.DWT": Core,
    "Memory.MappedMemory": Memory,
    "Wattbench.FlashMemory": Memory,
}


class Factory:
    def find_type(self, type_name):
        return OWN_TYPES.get(type_name)

    def host(self, name):
        return FakeHost()

    def place(self, placement):
        pass


@pytest.fixture(scope="module")
def board():
    for module in pkgutil.walk_packages(wattbench.hw.__path__, "wattbench.hw."):
        importlib.import_module(module.name)
    platform = Platform({"sysbus": object(), "machine": object()})
    build(load_platform(BOARD), Factory(), platform)
    return platform


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_blocks_are_where_the_vendor_says_and_interrupt_as_it_says(block):
    name = SVD_NAMES.get(block.name, block.name.upper())
    assert name in svd("cm7") or name in svd("cm4")
    for core, receiver in (("cm7", "nvic"), ("cm4", "nvic_m4")):
        wired = set(pins(block, receiver).values())
        if name not in svd(core):
            assert not wired
            continue
        base, interrupts = svd(core)[name]
        assert block.registrations[0].value == Number(base)
        interrupts = interrupts | SVD_INTERRUPTS.get(block.name, set())
        # The vendor's file lists some interrupts of other blocks or of the other core's view under a block of ours.
        assert wired <= interrupts
        assert bool(wired) == bool(interrupts) or block.name == "iomuxc_gpr", (
            "the general purpose interrupt is not modelled"
        )


def test_every_block_of_the_metering_path_is_there():
    names = {block.name for block in BLOCKS}
    counted = {"lpuart": 12, "gpio": 13, "gpt": 6, "pit": 2, "lpspi": 6, "flexpwm": 4, "wdog": 2}
    assert {f"{name}{n}" for name, count in counted.items() for n in range(1, count + 1)} <= names
    assert {
        "iomuxc",
        "ccm",
        "anadig",
        "snvs",
        "edma0",
        "dmamux0",
        "rtwdog3",
        "rtwdog4",
        "src",
        "flexram",
        "flexspi1",
    } <= names


def test_memories_and_core(board):
    placed = {item.name: (item.start, item.size) for item in board.placements}
    assert placed["itcm"] == (0, 512 << 10)
    assert placed["dtcm"] == (0x2000_0000, 512 << 10)
    assert placed["flexram_ocram"] == (0x2036_0000, 512 << 10)
    assert placed["ocram_m4"] == (0x2020_0000, 256 << 10)
    assert placed["ocram1"] == (0x2024_0000, 512 << 10)
    assert placed["ocram2"] == (0x202C_0000, 512 << 10)
    assert placed["flash_cells"] == (0x3000_0000, 8 << 20)
    assert len(board.objects["flash"].contents) == 8 << 20
    assert board.objects["flexspi1"].parts == {0: board.objects["flash"]}
    assert (board.objects["cpu"].regions, board.objects["nvic"].priority_mask) == (16, 0xF0)


def test_dma_requests_have_their_source_numbers():
    soc = load_platform(SOC)
    assert [pins(soc[f"lpuart{n}"], "dmamux0") for n in (1, 12)] == [
        {"TxDma": 8, "RxDma": 9},
        {"TxDma": 30, "RxDma": 31},
    ]
    assert [pins(soc[f"lpspi{n}"], "dmamux0") for n in (1, 6)] == [
        {"RxDma": 36, "TxDma": 37},
        {"RxDma": 46, "TxDma": 47},
    ]
    for n, first in ((1, 85), (2, 93), (3, 101), (4, 109)):
        assert pins(soc[f"flexpwm{n}"], "dmamux0") == {output: first + output for output in range(8)}


def test_the_board_is_wired_as_the_firmware_expects():
    header = (ROOT / "firmware/edge_meter_3p/src/board.h").read_text()
    number = {name: int(value) for name, value in re.findall(r"PIN_(\w+) = (\d+)", header)}
    selects = [int(pin) for pin in re.search(r"AFE_SELECT_PINS \{(.*?)\}", header)[1].split(",")]
    ready = {name: int(value) for name, value in re.findall(r"AFE_READY_(\w+) (\d+)u", header)}
    requests = {name: int(value) for name, value in re.findall(r"DMA_REQUEST_(\w+) (\d+)u", header)}
    meter = load_platform(BOARD)
    converters = ("ade_l1", "ade_l2", "ade_l3", "ade_n")
    for position, (converter, pin) in enumerate(zip(converters, selects, strict=True)):
        assert pins(meter["gpio3"], converter) == {pin: 0}
        assert pins(meter["iomuxc"], converter) == {f"GPIO_AD_{pin + 1}": 1}
        registration = meter[converter].registrations[0]
        assert (registration.parent, registration.value) == ("lpspi1", Number(position))
    for led in ("led_active_pulse", "led_reactive_pulse", "led_status"):
        assert pins(meter["gpio3"], led) == {number[led.upper()]: 0}
    assert pins(meter["gpio3"], "relay") == {number["RELAY_CLOSE"]: 0, number["RELAY_OPEN"]: 1}
    assert pins(meter["button"], "gpio3") == {"IRQ": number["BUTTON"]}
    assert pins(meter["ade_n"], "flexpwm4") == {"DREADY": ready["SUBMODULE"] * 3 + 2}
    assert pins(meter["flexpwm4"], "dmamux0")[ready["SUBMODULE"]] == requests["AFE_READY"]
    assert pins(meter["lpspi1"], "dmamux0")["RxDma"] == requests["LPSPI1_RX"]


def test_wires_work_through_the_real_models(board):
    objects = board.objects
    assert objects["nvic"].inputs >= {*range(17), 20, 31, 38, 43, 66, 93, 104, 119, 130, 156, 187}
    assert isinstance(objects["flexpwm4"].outputs[3], DmaRequest)
    gpio, led = objects["gpio3"], objects["led_active_pulse"]
    gpio.write(0x04, 4, 1 << 3 | 1 << 6)
    gpio.write(0x00, 4, 1 << 3)
    assert led.outputs["State"].level
    gpio.write(0x00, 4, 0)
    assert not led.outputs["State"].level
    assert gpio.read(0x08, 4) >> 8 & 1 == 1
    assert board.path("ade_n") == "sysbus.lpspi1.ade_n"
    assert sorted(objects["lpspi1"].port.devices) == [0, 1, 2, 3]
