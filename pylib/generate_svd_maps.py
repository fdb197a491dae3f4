"""Compact register maps of the chips, out of the SVD files that pyOCD's wheel brings: every block by name.

    python generate_svd_maps.py ARCHIVE FOLDER

ARCHIVE is pyOCD's `svd_data.zip`; FOLDER gets one `<chip>.jsonl` for each chip. Its first line is an index, each
further line one block; `wattbench.hw.imxrt.svd` reads them and says what the parts mean. An SVD has 24 MB and takes
seconds to parse, the map a few hundred kB, of which a bench reads the index and the blocks that firmware touches.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

CHIPS = ("MIMXRT1176_cm7", "MIMXRT1176_cm4", "MIMXRT1064")
ACCESS = {"read-only": "ro", "write-only": "wo"}
WRITES = {"oneToClear": "w1c", "oneToSet": "w1s", "oneToToggle": "w1t", "zeroToClear": "w0c"}
LOWER_CASE = "abcdefghijklmnopqrstuvwxyz"


def number(element: Element, tag: str, default: int = 0) -> int:
    """A number of the SVD."""
    text = element.findtext(tag)
    return default if text is None else int(text, 0)


def dimension(element: Element) -> list[Any] | None:
    """Count, step and names of the members of an array; None for what is single."""
    if element.find("dim") is None:
        return None
    count = number(element, "dim")
    text = element.findtext("dimIndex") or ""
    names = text.split(",") if "," in text else [str(index) for index in range(count)]
    counted = names == [str(index) for index in range(count)]
    return [count, number(element, "dimIncrement"), None if counted else names]


def joined(cluster: str, name: str) -> str:
    """The name of a register in a cluster: `SM{}` and `SMCNT` make `SM{}CNT`, `TIMER{}` and `LDVAL` `TIMER{}_LDVAL`.

    The letter that stands for a number in some clusters' names (`FUSEn`, `REGx`) gives way to the number.
    """
    stem = cluster.removesuffix("{}")
    for head in (stem, stem.rstrip(LOWER_CASE)):
        if head and name.startswith(head):
            rest = name[len(head) :]
            return f"{head}{{}}{'_' * rest.startswith('{}')}{rest}" if cluster.endswith("{}") else name
    return f"{cluster}_{name}"


def access_of(element: Element, default: str) -> str:
    """`ro`, `wo`, `w1c`, `w1s`, `w1t`, `w0c`, or `rw` for everything else.

    Status fields of registers such as `STAT_SET` are read-only and yet said to be set by a one: they are read-only.
    """
    text = element.findtext("access")
    access = default if text is None else ACCESS.get(text, "rw")
    return access if access == "ro" else WRITES.get(element.findtext("modifiedWriteValues", ""), access)


def fields_of(register: Element, access: str) -> str:
    """`NAME:low:width:access` with spaces between; a width of 1 and the register's own access are left out."""
    result = []
    for field in sorted(register.iter("field"), key=lambda item: number(item, "bitOffset")):
        parts = [field.findtext("name", ""), str(number(field, "bitOffset"))]
        width, kind = number(field, "bitWidth", 1), access_of(field, access)
        if width != 1 or kind != access:
            parts.append(str(width))
        if kind != access:
            parts.append(kind)
        result.append(":".join(parts))
    return " ".join(result)


def registers(parent: Element, offset: int, cluster: str, dimensions: list[Any]) -> Iterator[list[Any]]:
    """Name, offset, width, access, reset value, fields and dimensions of everything below `parent`."""
    for element in parent:
        if element.tag not in ("register", "cluster"):
            continue
        own = dimension(element)
        name = element.findtext("name", "").replace("[%s]", "%s").replace("%s", "{}").rstrip("_")
        name = joined(cluster, name) if cluster else name
        position = offset + number(element, "addressOffset")
        every = [*dimensions, own] if own else dimensions
        if element.tag == "cluster":
            yield from registers(element, position, name, every)
            continue
        width, access = number(element, "size", 32), access_of(element, "rw")
        reset = number(element, "resetValue") & number(element, "resetMask", (1 << width) - 1)
        yield [name, position, width, access, reset, fields_of(element, access), every]


def block_of(peripheral: Element) -> list[Any]:
    """The texts of fields, each once, and the registers of a peripheral with the number of theirs.

    Registers with a second name of an address come last.
    """
    parent = peripheral.find("registers")
    if parent is None:
        return [[], []]
    second = {item.findtext("name") for item in parent.iter("register") if item.find("alternateGroup") is not None}
    found = list(registers(parent, 0, "", []))
    texts = {item[5]: None for item in found}
    numbers = {text: place for place, text in enumerate(texts)}
    for item in found:
        item[5] = numbers[item[5]]
    return [list(texts), sorted(found, key=lambda item: item[0] in second)]


def write_map(xml: bytes, source: str, target: Path) -> None:
    """Write the map of one SVD."""
    peripherals = {item.findtext("name", ""): item for item in ElementTree.fromstring(xml).iter("peripheral")}
    lines: list[bytes] = []
    places: dict[str, int] = {}
    for name, peripheral in peripherals.items():
        if peripheral.get("derivedFrom") is None:
            places[name] = len(lines)
            lines.append(json.dumps(block_of(peripheral), separators=(",", ":")).encode() + b"\n")
    starts = [sum(map(len, lines[:position])) for position in range(len(lines))]
    index = {}
    for name, peripheral in peripherals.items():
        family = peripheral.get("derivedFrom") or name
        index[name] = [
            number(peripheral, "baseAddress"),
            number(peripheral, "addressBlock/size"),
            family,
            starts[places[family]],
            sorted({number(item, "value") for item in peripheral.iterfind("interrupt")}),
        ]
    head = json.dumps({"source": source, "blocks": index}, separators=(",", ":")).encode()
    target.write_bytes(head + b"\n" + b"".join(lines))


def generate(archive_path: Path, folder: Path) -> None:
    """Write all maps that are not there yet for this archive and this program."""
    folder.mkdir(parents=True, exist_ok=True)
    program = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    with zipfile.ZipFile(archive_path) as archive:
        for chip in CHIPS:
            target, member = folder / f"{chip}.jsonl", archive.getinfo(f"{chip}.xml")
            source = f"{member.filename} CRC {member.CRC:08X}, program {program}"
            if target.exists() and target.open("rb").readline().startswith(b'{"source":"%s"' % source.encode()):
                continue
            write_map(archive.read(member), source, target)


if __name__ == "__main__":
    generate(Path(sys.argv[1]), Path(sys.argv[2]))
