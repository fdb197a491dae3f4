"""Which peripheral of a chip's SVD is answered by what in a platform."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wattbench.core.model import CATALOGUE, Model
from wattbench.engines.embedded.board import import_models
from wattbench.hw.imxrt.svd_block import DEFAULT_CHIP, WORD, SvdBlock
from wattbench.hw.imxrt.svd_map import SvdBlock as Peripheral
from wattbench.hw.imxrt.svd_map import SvdMap, svd_map
from wattbench.platform import load_platform
from wattbench.platform.description import Description, Element
from wattbench.platform.syntax import Assignment, NewObject, Number, Registration, Span, Text

ROOT = Path(__file__).resolve().parents[2]
SOC = ROOT / "platforms" / "soc"
ENGINE_BLOCKS = {"IRQControllers.NVIC": ("NVIC", "SystemControl")}
"""Peripherals of the SVD that are part of the core, by the type that stands for the core in a platform."""
PRIVATE_BUS = 0xE0000000


@dataclass(frozen=True)
class Chip:
    """A chip as a platform describes it: `svd` is the vendor's view from one core.

    Of a second core's view only what the first one's, `beside`, does not have counts.
    """

    name: str
    svd: str
    platform: Path
    core: str
    beside: str = ""

    def description(self) -> Description:
        """The platform, read."""
        return _description(self.platform)

    @property
    def map(self) -> SvdMap:
        """The vendor's blocks."""
        return svd_map(self.svd)

    def peripherals(self) -> list[Peripheral]:
        """The blocks of the chip's bus; of a core's private bus only where the platform has that core."""
        others = svd_map(self.beside).blocks if self.beside else {}
        return [
            item
            for item in self.map.blocks.values()
            if not is_analog_interface(item)
            and not (item.name in others and others[item.name].base == item.base)
            and (item.base < PRIVATE_BUS or self.has_core)
        ]  # fmt: skip

    @property
    def has_core(self) -> bool:
        """Whether the platform has the core whose view this is."""
        return bool(self.cores)

    @property
    def cores(self) -> list[str]:
        """The entries of the platform for that core."""
        return [element.name for element in self.description().elements if text(element, "cpuType") == self.core]

    @property
    def exists(self) -> bool:
        """Whether the platform is there."""
        return self.platform.is_file()


CHIPS = (
    Chip("i.MX RT1175, seen by the Cortex-M7", "MIMXRT1176_cm7", SOC / "imxrt1175.repl", "cortex-m7"),
    Chip(
        "i.MX RT1175, what only the Cortex-M4 has",
        "MIMXRT1176_cm4",
        SOC / "imxrt1175.repl",
        "cortex-m4f",
        beside="MIMXRT1176_cm7",
    ),
    Chip("i.MX RT1064", "MIMXRT1064", SOC / "imxrt1064.repl", "cortex-m7"),
)


@cache
def _description(path: Path) -> Description:
    import_models()
    return load_platform(path)


@dataclass(frozen=True)
class Answer:
    """An entry of a platform that answers for a peripheral; `model` is None for a part of the core."""

    peripheral: Peripheral
    element: Element
    model: type[Model] | None
    start: int
    size: int

    @property
    def is_named_only(self) -> bool:
        """Whether the registers have names and nothing more."""
        return self.model is not None and issubclass(self.model, SvdBlock)


def places(element: Element) -> Iterator[tuple[int, int]]:
    """Start and size of each registration on the system bus; the size is 0 where the model has its own."""
    for registration in element.registrations or ():
        if registration.parent == "sysbus":
            yield from _place(registration)


def _place(registration: Registration) -> Iterator[tuple[int, int]]:
    match registration.value:
        case Number(value=int(address)):
            yield address, 0
        case Span(start=start, end=end):
            yield start, end - start
        case NewObject(attributes=attributes):
            numbers = {
                item.name: item.value.value
                for item in attributes
                if isinstance(item, Assignment) and isinstance(item.value, Number) and isinstance(item.value.value, int)
            }
            if "address" in numbers:
                yield numbers["address"], numbers.get("size", 0)


def is_analog_interface(peripheral: Peripheral) -> bool:
    """Whether it is no block of the bus: the SVD lists what the analogue block reaches through its AI at address 0."""
    return peripheral.base == 0


def answers(chip: Chip) -> list[Answer]:
    """Everything in the chip's platform that stands for a peripheral of its SVD."""
    found, wanted = [], {item.name for item in chip.peripherals()}
    for element in chip.description().elements:
        model = CATALOGUE.get(element.type or "")
        for start, size in places(element):
            for name in wanted.intersection(_peripherals(chip, element, model, start)):
                known = size or (model.size if model is not None else 0)
                found.append(Answer(chip.map.block(name), element, model, start, known))
    return found


def _peripherals(chip: Chip, element: Element, model: type[Model] | None, start: int) -> list[str]:
    if element.type in ENGINE_BLOCKS:
        drives = {pin.receiver for interrupt in element.interrupts for pin in interrupt.targets}
        return [name for name in ENGINE_BLOCKS[element.type] if name in chip.map.blocks and drives & set(chip.cores)]
    if model is None:
        return []
    if issubclass(model, SvdBlock):
        return text(element, "block").split() if text(element, "chip", DEFAULT_CHIP) == chip.svd else []
    interleaved = getattr(model, "interleaved", ())
    if interleaved:  # its registers lie between those of others, so it begins nowhere that the SVD knows
        return [name for name in interleaved if name in chip.map.blocks]
    families = _families(chip, model)
    return [
        peripheral.name
        for peripheral in chip.map.blocks.values()
        if peripheral.base == start and not is_analog_interface(peripheral)
        and (peripheral.family in families or peripheral.name.lower() == element.name)
    ]  # fmt: skip


def _families(chip: Chip, model: type[Model]) -> set[str]:
    """The kinds of peripherals that a model's register table describes."""
    table = getattr(model, "table", None)
    if table is None:
        return set()
    names = table.svd.replace(",", " ").split()
    names = [name.rpartition(":")[2] for name in (*names, *(item.svd for item in table.also.values()))]
    return {chip.map.block(name).family for name in names if name in chip.map.blocks}


def text(element: Element, attribute: str, default: str = "") -> str:
    """A text attribute of an entry."""
    item = element.attributes.get(attribute)
    return item.value.value if item is not None and isinstance(item.value, Text) else default


def number(element: Element, attribute: str) -> int:
    """A whole-number attribute of an entry, 0 where it is not given."""
    item = element.attributes.get(attribute)
    value = item.value.value if item is not None and isinstance(item.value, Number) else 0
    return value if isinstance(value, int) else 0


def faults(chip: Chip) -> list[str]:
    """What is wrong with the platform: peripherals that nothing or two things answer for, or in the wrong place."""
    found, given = [], answers(chip)
    for peripheral in chip.peripherals():
        mine = [answer for answer in given if answer.peripheral.name == peripheral.name]
        where = f"{peripheral.name} at 0x{peripheral.base:08X}"
        if not mine:
            found.append(f"{where}: nothing answers; add it to the named blocks of {chip.platform.name}")
        elif len({answer.is_named_only for answer in mine}) > 1:
            model = next(answer.element for answer in mine if not answer.is_named_only)
            found.append(f"{where}: `{model.name}` is a model, so its named block must go")
        elif len({answer.element.name for answer in mine}) > 1:
            names = " and ".join(f"`{answer.element.name}`" for answer in mine)
            found.append(f"{where}: {names} both answer")
    for answer in given:
        if answer.is_named_only:
            found += _faults_of_named(chip, answer)
    return found


def _faults_of_named(chip: Chip, answer: Answer) -> Iterator[str]:
    peripheral, name = answer.peripheral, f"`{answer.element.name}`"
    if peripheral.name == text(answer.element, "block").split()[0]:
        begin = peripheral.base + number(answer.element, "offset")
        if answer.start != begin:
            yield f"{name} begins at 0x{answer.start:08X}, {peripheral.name} at 0x{begin:08X}"
        if answer.element.name != peripheral.name.lower():
            yield f"{name} must have the name of its block in lower case"
    registers = list(chip.map.registers(peripheral.name))
    first = peripheral.base + min((item.offset for item in registers), default=0) // WORD * WORD
    last = peripheral.base + max((item.offset + item.width // 8 for item in registers), default=0)
    if registers and not answer.start <= first < last <= answer.start + answer.size:
        where = f"registers of {peripheral.name} from 0x{first:08X} to 0x{last:08X}"
        yield f"{name} has 0x{answer.size:X} bytes from 0x{answer.start:08X} on, {where}"
