"""Manifests that extend others: one set of tables, with the paths of each file made absolute."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from wattbench.core.errors import SourceError, UsageError

EXTENDS = "extends"
"""The key at the top of a manifest with the path of another one, whose tables it has where it says nothing else."""


def read_tables(path: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The tables of a manifest over those of the one that it extends; `above` are the manifests that led here.

    Raises SourceError for what is no TOML or extends nothing, UsageError where there is no such manifest.
    """
    if not path.is_file():
        if above:
            raise SourceError(f"`{EXTENDS}` names {path}, which does not exist", above[-1])
        raise UsageError(f"the manifest {path} does not exist")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"this is no TOML: {error}", path) from error
    base = data.pop(EXTENDS, None)
    _make_paths_absolute(data, path.parent)
    if base is None:
        return data
    if not isinstance(base, str) or not base:
        raise SourceError(f"`{EXTENDS}` is the path of another manifest, not {base!r}", path)
    other = (path.parent / base).resolve()
    if other in (*above, path.resolve()):
        raise SourceError(f"`{EXTENDS}` leads back to {other.name}", path)
    below, firmware = read_tables(other, (*above, path.resolve())), data.get("firmware") or {}
    if "flash" in data or "elf" in firmware or "image" in firmware:
        below.pop("flash", None)
        for key in ("elf", "image"):
            below.get("firmware", {}).pop(key, None)
    return _merged(below, data)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Tables key by key, all else as `above` has it: a list replaces a list."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def _make_paths_absolute(data: dict[str, Any], folder: Path) -> None:
    """So that paths keep their meaning in a manifest of another folder; what is no path is reported by the reader."""

    def absolute(value: Any) -> Any:
        if isinstance(value, list):
            return [absolute(item) for item in value]
        return str((folder / value).resolve()) if isinstance(value, str) and value else value

    parts = data.get("flash")
    for table in (data.get("firmware"), *(parts if isinstance(parts, list) else ())):
        for key in ("elf", "image", "platform", "symbols", "accepted", "file") if isinstance(table, dict) else ():
            if key in table:
                table[key] = absolute(table[key])
