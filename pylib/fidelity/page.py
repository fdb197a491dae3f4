"""docs/fidelity.md as text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from fidelity.chips import CHIPS, ROOT, Answer, Chip, answers, is_analog_interface
from fidelity.domains import DOMAINS, domain_of
from fidelity.models import MODELLED, NAMED, PARTIAL, Facts, catalogue, users
from fidelity.tests_used import UseIndex, objects_of
from wattbench.bench import Accepted, read_manifest
from wattbench.bench.accepted import read_accepted
from wattbench.core.model import Model
from wattbench.hw.imxrt.svd_map import SvdBlock as Peripheral

TARGET = ROOT / "docs" / "fidelity.md"
COMMAND = "cd pylib && ../.venv/bin/python -m fidelity"
CORE = "core"
STATES = (MODELLED, PARTIAL, NAMED, CORE)
PARTS = "wattbench.hw.parts."
CORE_TESTS = "native/"
TESTS_SHOWN = 8

HEAD = f"""# What is modelled, what is not

Made from the vendor's SVD, the platforms, the models and the tests by `{COMMAND}`;
a test fails while this page is not what that gives. Each row is a block, or several alike.

| state | means |
|---|---|
| modelled | every register and field does what the manual says, as far as the models claim |
| partial | what is missing stands in the row; firmware that uses it is counted, by register and PC |
| named only | every register has its name, reset value and access; nothing happens, each access is counted |
| core | part of the processor, which the engine brings |

A suite that calls `Fail On Unmodelled Access` fails on what is counted, unless its product accepts it with a reason.
Fields that are *stored without effect* keep what is written to them. The registers of each table are compared with the
SVD by `hw/test_against_svd.py`. Tests are those that import the model or name its type in a platform, in `pylib/tests`,
and suites in `robot_tests` that name it or load a product whose manifest does.
"""


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    names: tuple[str, ...]
    state: str
    summary: str
    missing: tuple[str, ...]
    tests: tuple[str, ...]

    def text(self) -> str:
        """The line in Markdown."""
        shown = [f"`{test}`" for test in self.tests[:TESTS_SHOWN]]
        more = len(self.tests) - TESTS_SHOWN
        tests = "<br>".join([*shown, *([f"and {more} more"] if more > 0 else [])])
        cells = (", ".join(spans(self.names)), self.state, self.summary, "; ".join(self.missing), tests)
        return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def spans(names: Iterable[str]) -> list[str]:
    """Names with runs of numbers drawn together: `LPUART1` to `LPUART12`."""
    numbers: dict[tuple[str, str], list[int | None]] = {}
    for name in names:
        match = re.fullmatch(r"(.*?)(\d+)(\D*)", name)
        head, number, tail = match.groups() if match else (name, "", "")
        numbers.setdefault((head, tail), []).append(int(number) if number else None)
    texts = []
    for (head, tail), found in numbers.items():
        runs: list[list[int | None]] = []
        for item in found:
            if runs and item is not None and runs[-1][-1] == item - 1:
                runs[-1].append(item)
            else:
                runs.append([item])
        for run in runs:
            ends = [f"{head}{'' if end is None else end}{tail}" for end in (run[0], run[-1])]
            texts.append(" to ".join(dict.fromkeys(ends)))
    return texts


@cache
def tests() -> UseIndex:
    """The tests of this repository."""
    builds = sorted((ROOT / "firmware" / "builds").glob("*.toml"))
    objects = {path.stem: objects_of(read_manifest(path)) for path in builds}
    return UseIndex(ROOT / "pylib" / "tests", ROOT / "robot_tests", objects)


def _tests_of(facts: Facts, objects: Iterable[str]) -> tuple[str, ...]:
    found = tests().of_model(facts.model, facts.types, facts.is_alone)
    return (*found, *tests().suites_with(objects))


def chip_rows(chip: Chip) -> dict[str, list[Row]]:
    """The rows of a chip by chapter."""
    given: dict[str, list[Answer]] = {}
    for answer in answers(chip):
        given.setdefault(answer.peripheral.name, []).append(answer)
    groups: dict[tuple[str, str, type[Model] | None], list[tuple[Peripheral, str]]] = {}
    for peripheral in sorted(chip.peripherals(), key=lambda item: _natural(item.name)):
        for answer in given.get(peripheral.name, ())[:1]:
            state = _state(answer)
            model = answer.model if state in (MODELLED, PARTIAL) else None
            kind = "" if model is not None else CORE if state == CORE else peripheral.family
            groups.setdefault((domain_of(peripheral.name), kind, model), []).append((peripheral, answer.element.name))
    result: dict[str, list[Row]] = {}
    for (domain, _, model), members in groups.items():
        names = tuple(peripheral.name for peripheral, _ in members)
        objects = {element for _, element in members}
        state = _state(given[names[0]][0])
        result.setdefault(domain, []).append(_row(names, state, model, objects))
    return {title: sorted(result[title], key=lambda row: _natural(row.names[0])) for title, _ in DOMAINS
            if title in result}  # fmt: skip


def _state(answer: Answer) -> str:
    if answer.model is None:
        return CORE
    return NAMED if answer.is_named_only else catalogue()[answer.model].state


def _row(names: tuple[str, ...], state: str, model: type[Model] | None, objects: set[str]) -> Row:
    if model is None:
        return Row(names, state, "", (), (CORE_TESTS,) if state == CORE else ())
    facts = catalogue()[model]
    return Row(names, state, facts.summary, facts.missing, _tests_of(facts, objects))


def interface_rows(chip: Chip) -> list[Row]:
    """What the SVD puts at address 0: parts of the analogue block that software reaches through its AI registers."""
    result = []
    for peripheral in sorted(filter(is_analog_interface, chip.map.blocks.values()), key=lambda item: item.name):
        facts = next((item for item in catalogue().values() if peripheral.name in _svd_names(item.model)), None)
        if facts is None:
            result.append(Row((peripheral.name,), "missing", "", ("everything",), ()))
        else:
            found = _tests_of(facts, ()) or tuple(test for user in users(facts.model) for test in _tests_of(user, ()))
            result.append(Row((peripheral.name,), facts.state, facts.summary, facts.missing, found))
    return result


def _svd_names(model: type[Model]) -> list[str]:
    table = getattr(model, "table", None)
    return table.svd.replace(",", " ").split() if table is not None else []


def part_rows() -> list[Row]:
    """What is outside of the chips."""
    parts = [item for item in catalogue().values() if item.types and item.model.__module__.startswith(PARTS)]
    rows = [
        Row(tuple(name.rpartition(".")[2] for name in item.types[:1]), item.state, item.summary, item.missing,
            _tests_of(item, _objects_of_type(item.types)))
        for item in parts
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row.names[0].lower())


def other_rows() -> list[Row]:
    """Blocks of a chip that its SVD does not have."""
    known = {answer.model for chip in CHIPS if chip.exists for answer in answers(chip)}
    others = [
        item
        for item in catalogue().values()
        if item.types and item.model not in known and not item.model.__module__.startswith(PARTS)
    ]
    return sorted(
        (Row((item.types[0].rpartition(".")[2],), item.state, item.summary, item.missing, _tests_of(item, ()))
         for item in others),
        key=lambda row: row.names[0].lower(),
    )  # fmt: skip


@cache
def _board_objects() -> dict[str, set[str]]:
    """Names of the objects of each type on the shipped boards."""
    from wattbench.platform import load_platform  # noqa: PLC0415 - only boards need it here

    result: dict[str, set[str]] = {}
    for path in sorted((ROOT / "platforms" / "boards").glob("*.repl")):
        for element in load_platform(path).elements:
            result.setdefault(element.type or "", set()).add(element.name)
    return result


def _objects_of_type(types: Iterable[str]) -> set[str]:
    return set().union(*(_board_objects().get(name, set()) for name in types))


def _natural(name: str) -> list[tuple[str, int]]:
    """A key that sorts `X2` before `X10`."""
    return [(word, int(part or 0)) for word, part in re.findall(r"(\D*)(\d*)", name)]


def table(rows: Iterable[Row]) -> str:
    """Rows in Markdown."""
    lines = ["| block | state | what it is here | missing | tests |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *(row.text() for row in rows)]) + "\n"


def chip_section(chip: Chip) -> str:
    """A chip: how much of it is modelled, and its tables."""
    rows = chip_rows(chip)
    counts: Counter[str] = Counter()
    for row in (row for items in rows.values() for row in items):
        counts[row.state] += len(row.names)
    total = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    parts = [f"## {chip.name}\n", f"Blocks of the vendor's `{chip.svd}`: {total}.\n"]
    for title, items in rows.items():
        parts += [f"### {title}\n", table(items)]
    interfaces = interface_rows(chip) if not chip.beside else []
    if interfaces:
        parts += ["### Behind analogue interfaces\n", "No blocks of the bus: ANADIG's AI registers reach them.\n"]
        parts.append(table(interfaces))
    return "\n".join(parts)


def accepted_section() -> str:
    """What products may use although no model does it."""
    soc = sorted((ROOT / "platforms" / "soc").glob("*_accepted.toml"))
    lists: dict[Accepted, list[str]] = {entry: [path.name] for path in soc for entry in read_accepted(path)}
    shared = set(lists)
    for path in sorted((ROOT / "firmware" / "builds").glob("*.toml")):
        for entry in read_manifest(path).accepted:
            if entry not in shared:
                lists.setdefault(entry, []).append(path.name)
    lines = ["## Accepted accesses\n", "| block | access | because | in |", "|---|---|---|---|"]
    for entry, names in lists.items():
        access = entry.register if entry.access == "any" else f"{entry.access} {entry.register}"
        lines.append(
            f"| `{entry.model}` | `{access}` | {entry.reason} | {'<br>'.join(f'`{name}`' for name in names)} |"
        )
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page."""
    sections = [HEAD, *(chip_section(chip) for chip in CHIPS if chip.exists)]
    others = other_rows()
    if others:
        sections += ["## Blocks of the chips that the SVD does not have\n\n" + table(others)]
    sections += ["## Parts outside of the chips\n\n" + table(part_rows()), accepted_section()]
    return "\n".join(sections)


def write() -> None:
    """Renew docs/fidelity.md."""
    TARGET.write_text(page(), encoding="utf-8")
