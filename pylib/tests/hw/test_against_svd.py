"""Every register table of the chip against the vendor's SVD."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import svd

from wattbench.core.registers import Register, RegisterTable, parse_table

HW = Path(__file__).parents[2] / "src" / "wattbench" / "hw"
TABLES = {
    f"{path.parts[-3]}/{path.stem}": parse_table(path.read_text(encoding="utf-8"))
    for path in sorted(HW.rglob("registers/*.toml"))
}
CHIP_TABLES = {name: table for name, table in TABLES.items() if table.svd}

ALLOWED = {"ro": {"ro"}, "wo": {"wo", "sc"}, "w1c": {"w1c"}, "rw": {"rw", "ro", "wo", "w1c", "w1t", "sc"}}
KNOWN_WRONG_ACCESS = {("INTR", "KEYERROR")}
"""FlexSPI: read-only to the SVD, which would leave no way to clear the flag."""


def differences(table: RegisterTable, peripherals: str = "") -> list[str]:
    """One line for each way in which a table departs from the SVD.

    Where the SVD has several views of one address, a table follows any of them. `peripherals` are those of another
    chip, instead of the table's own.
    """
    expected: dict[int, list[svd.SvdRegister]] = {}
    for peripheral in (peripherals or table.svd).replace(",", " ").split():
        for item in svd.registers(peripheral):
            expected.setdefault(item.offset, []).append(item)
    found = []
    for name, offset, register, number in table.instances():
        views = expected.pop(offset, [])
        if not views:
            found.append(f"{name} at 0x{offset:X}: the SVD has nothing there")
            continue
        spelled = [view for view in views if name.replace("_", "") in view.names]
        if not spelled:
            known = sorted(spelling for view in views for spelling in view.names)
            found.append(f"{name} at 0x{offset:X}: the SVD calls it {' or '.join(known)}")
        item = (spelled or views)[0]
        if register.width != item.width:
            found.append(f"{name}: {register.width} bits wide, SVD {item.width}")
        reset = register.svd_reset if register.svd_reset is not None else register.reset_of(number)
        if reset != item.reset:
            found.append(f"{name}: reset 0x{reset:X}, SVD 0x{item.reset:X}")
        known_bits = 0
        for view in views:
            for field in view.fields:
                known_bits |= field.mask
        found += min((field_differences(name, register, view, known_bits) for view in views), key=len)
    return found + [f"{min(views[0].names)} at 0x{offset:X} is missing" for offset, views in expected.items()]


def field_differences(name: str, register: Register, item: svd.SvdRegister, known_bits: int) -> list[str]:
    """Fields of one name sit on the same bits; a table may fold or leave out fields, but not lose or invent bits."""
    if not register.fields and name.endswith("_CLR"):
        return []  # a written one clears another register's bit: w1c to the SVD, here the model's work
    expected = {field.name: field for field in item.fields}
    ours = sum(field.mask for field in register.fields.values()) or (1 << register.width) - 1
    found = []
    for field in register.fields.values():
        same = expected.get(field.name)
        if same is not None and (field.low, field.width) != (same.low, same.width):
            found.append(f"{name}.{field.name}: {field.width} bits from {field.low}, SVD {same.width} from {same.low}")
        elif field.mask & ~known_bits and field.name != "RESERVED":
            found.append(f"{name}.{field.name}: bits that the SVD does not know")
    for field in item.fields:
        if field.name not in register.fields and field.mask & ~ours:
            found.append(f"{name}.{field.name} is missing")
        kinds = {kind for kind, mask in register.masks.items() if mask & field.mask}
        if kinds and not kinds <= ALLOWED[field.access] and (name, field.name) not in KNOWN_WRONG_ACCESS:
            found.append(f"{name}.{field.name}: {' and '.join(sorted(kinds))}, SVD {field.access}")
    return found


def unexplained(table: RegisterTable, found: list[str], reasons: dict[str, str]) -> list[str]:
    """Differences without a reason, and reasons without a difference; a reason for `X{n}` is one for any member."""
    names = {name: register.name for name, _, register, _ in table.instances()}
    left, used = [], set()
    for line in found:
        place = re.split(r":| at | is missing", line)[0]
        name, dot, field = place.partition(".")
        known = {place, names.get(name, name) + dot + field} & reasons.keys()
        used |= known
        left += [] if known else [line]
    return left + [f"{place} does not differ" for place in reasons.keys() - used]


@pytest.mark.parametrize("name", CHIP_TABLES)
def test_table_agrees_with_the_svd(name):
    table = CHIP_TABLES[name]
    assert unexplained(table, differences(table), table.differences) == []


@pytest.mark.parametrize(("name", "chip"), [(name, chip) for name, table in CHIP_TABLES.items() for chip in table.also])
def test_table_agrees_with_the_svd_of_another_chip_but_for_what_it_says(name, chip):
    table = CHIP_TABLES[name]
    other = table.also[chip]
    assert unexplained(table, differences(table, f"{chip}:{other.svd}"), other.differences) == []


def test_a_reason_without_a_difference_is_seen():
    table = CHIP_TABLES["imxrt/lpuart"]
    assert unexplained(table, ["BAUD.X: wrong", "CTRL is missing"], {"BAUD.X": "so", "FIFO": "no"}) == [
        "CTRL is missing",
        "FIFO does not differ",
    ]


def test_a_deviation_from_the_svd_says_why():
    for path in sorted(HW.rglob("registers/*.toml")):
        text = path.read_text(encoding="utf-8")
        if "svd_reset" in text:
            assert "#" in text, f"{path.name} has svd_reset without a comment that says why"


def test_the_comparison_sees_a_wrong_table():
    text = (HW / "imxrt" / "registers" / "pit.toml").read_text(encoding="utf-8")
    wrong = text.replace("offset = 0x0E4", "offset = 0x0E8").replace("reset = 0x00000002", "reset = 0")
    wrong = wrong.replace('MDIS = { bits = "1"', 'MDIS = { bits = "2"').replace('access = "w1c"', 'access = "rw"')
    assert differences(parse_table(wrong)) == [
        "MCR: reset 0x0, SVD 0x2",
        "MCR.MDIS: 1 bits from 2, SVD 1 from 1",
        "LTMR64L at 0xE8: the SVD has nothing there",
        *(f"TFLG{channel}.TIF: rw, SVD w1c" for channel in range(4)),
        "LTMR64L at 0xE4 is missing",
    ]
