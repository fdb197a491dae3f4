"""The import rule of docs/architecture.md: imports only go down the tiers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import wattbench

PACKAGE = Path(wattbench.__file__).parent
TIERS = [{"core"}, {"platform", "monitor"}, {"hw"}, {"engines"}, {"bench"}, {"labs"}, {"robot"}, {"report", "cli"}]
LEVEL = {room: level for level, rooms in enumerate(TIERS) for room in rooms}
ALLOWED_BESIDE = {("engines", "platform"), ("engines", "monitor"), ("cli", "report")}
FORBIDDEN = {
    ("hw", "platform"): "models know nothing of the languages",
    ("hw", "monitor"): "models know nothing of the languages",
    ("report", "labs"): "reports read results only",
}


def imports() -> Iterator[tuple[Path, int, str, str]]:
    """(file, line, room that imports, room imported) of every import inside the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        if len(relative.parts) < 2:
            continue
        room = relative.parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                parts = name.split(".")
                if parts[0] == "wattbench" and len(parts) > 1 and parts[1] in LEVEL:
                    yield relative, node.lineno, room, parts[1]


def test_every_room_has_a_tier():
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms == set(LEVEL)


def test_imports_only_go_down():
    wrong = [
        f"{path}:{line} {room} imports {other}"
        for path, line, room, other in imports()
        if room != other and LEVEL[other] >= LEVEL[room] and (room, other) not in ALLOWED_BESIDE
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("room", "other"), FORBIDDEN, ids=str)
def test_rooms_that_must_not_know_each_other(room, other):
    wrong = [f"{path}:{line}" for path, line, a, b in imports() if (a, b) == (room, other)]
    assert not wrong, f"{FORBIDDEN[room, other]}: {wrong}"


def test_the_rule_sees_imports():
    assert any(room == "bench" and other == "engines" for _, _, room, other in imports())
