"""The vendor's register description of the chip as flat lists, out of pyOCD's wheel (development only)."""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

CHIPS = {
    "MIMXRT1176": "MIMXRT1176_cm7.xml",
    "MIMXRT1176_cm4": "MIMXRT1176_cm4.xml",
    "MIMXRT1064": "MIMXRT1064.xml",
}
"""Files of the chips; the first is meant where none is named."""
ACCESS = {"read-only": "ro", "write-only": "wo"}


@dataclass(frozen=True)
class SvdField:
    name: str
    low: int
    width: int
    access: str
    """`ro`, `wo`, `w1c`, or `rw` for everything else."""

    @property
    def mask(self) -> int:
        return (1 << self.width) - 1 << self.low


@dataclass(frozen=True)
class SvdRegister:
    """`names` are the spellings that count as this register's name."""

    names: frozenset[str]
    offset: int
    width: int
    reset: int
    fields: tuple[SvdField, ...]


@cache
def _peripherals(chip: str) -> dict[str, Element]:
    spec = importlib.util.find_spec("pyocd")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the vendor's SVD is missing: pip install --no-deps -r ci/requirements-data.txt")
    with zipfile.ZipFile(Path(spec.submodule_search_locations[0], "debug", "svd", "svd_data.zip")) as archive:
        root = ElementTree.fromstring(archive.read(CHIPS[chip]))
    return {peripheral.findtext("name", ""): peripheral for peripheral in root.iter("peripheral")}


def _number(element: Element, tag: str, default: int = 0) -> int:
    text = element.findtext(tag)
    return default if text is None else int(text, 0)


def _members(element: Element) -> Iterator[tuple[str, int]]:
    """Index text and offset of each member of a `dim` array, or of the single element."""
    if element.find("dim") is None:
        yield "", 0
        return
    text = element.findtext("dimIndex") or f"0-{_number(element, 'dim') - 1}"
    start, dash, end = text.partition("-")
    indices = [str(index) for index in range(int(start), int(end) + 1)] if dash else text.split(",")
    for number, index in enumerate(indices):
        yield index, number * _number(element, "dimIncrement")


def _field(element: Element) -> SvdField:
    access = ACCESS.get(element.findtext("access", ""), "rw")
    if element.findtext("modifiedWriteValues") == "oneToClear":
        access = "w1c"
    return SvdField(element.findtext("name", ""), _number(element, "bitOffset"), _number(element, "bitWidth"), access)


def _flat(parent: Element, offset: int, names: frozenset[str]) -> Iterator[SvdRegister]:
    """Registers below `parent`; `names` are the spellings of the clusters above, with their numbers at the end."""
    for element in parent:
        if element.tag not in ("register", "cluster"):
            continue
        raw = element.findtext("name", "").replace("[%s]", "%s")
        own_offset = offset + _number(element, "addressOffset")
        for index, distance in _members(element):
            own = raw.replace("%s", index)
            spellings = {own} if not names else set()
            for prefix in names:
                cluster = prefix.rstrip("0123456789")
                number = prefix[len(cluster) :]
                spellings |= {prefix + own, own + number}
                if own.startswith(cluster):
                    spellings.add(prefix + own[len(cluster) :])
            if element.tag == "cluster":
                yield from _flat(element, own_offset + distance, frozenset(spellings))
                continue
            yield SvdRegister(
                frozenset(name.replace("_", "") for name in spellings),
                own_offset + distance,
                _number(element, "size", 32),
                _number(element, "resetValue"),
                tuple(_field(item) for item in element.iter("field")),
            )


@cache
def registers(name: str) -> tuple[SvdRegister, ...]:
    """All registers of a peripheral (`LPUART1`, `MIMXRT1064:CCM`), arrays and clusters resolved."""
    chip, _, peripheral_name = name.rpartition(":")
    chip = chip or next(iter(CHIPS))
    peripheral = _peripherals(chip)[peripheral_name]
    source = peripheral.get("derivedFrom")
    if source is not None:
        return registers(f"{chip}:{source}")
    block = peripheral.find("registers")
    assert block is not None
    return tuple(_flat(block, 0, frozenset()))
