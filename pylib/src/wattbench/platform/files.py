"""The files of a description: following `using`, and the names each file may see."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from wattbench.core.errors import UsageError
from wattbench.platform import syntax
from wattbench.platform.parser import parse_tree

USED_TWICE = 17
USING_LOOP = 30
USING_NOT_FOUND = 36

T = TypeVar("T")


@dataclass(frozen=True)
class File:
    """One parsed file with the files it uses, in order; `prefix` is what the user of the file put before its names."""

    tree: syntax.Tree
    used: tuple[File, ...]
    prefix: str


def read_files(path: Path, search: Sequence[Path]) -> File:
    """Parse a file and all it uses; raises UsageError where it cannot be read, SourceError for what is in it."""
    return follow(parse_tree(read_text(path), str(path)), path, search)


def read_text(path: Path) -> str:
    """The text of a description file; raises UsageError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the platform description {path} cannot be read: {error}") from None


def follow(
    tree: syntax.Tree, path: Path | None, search: Sequence[Path], outer: tuple[Path, ...] = (), prefix: str = ""
) -> File:
    """Read what `tree` (the text of `path`) uses; `outer` are the files that led here."""
    chain = (*outer, path.resolve()) if path else outer
    used: list[File] = []
    seen: set[tuple[Path, str]] = set()
    for using in tree.usings:
        target = _locate(using, path.parent if path else Path.cwd(), search)
        if target in chain:
            raise using.position.error(USING_LOOP, f"`{using.path}` uses this file again, directly or through others")
        if (target, using.prefix) in seen:
            raise using.position.error(USED_TWICE, f"`{using.path}` is already used by this file")
        seen.add((target, using.prefix))
        used.append(follow(parse_tree(read_text(target), str(target)), target, search, chain, using.prefix))
    return File(tree, tuple(used), prefix)


def _locate(using: syntax.Using, here: Path, search: Sequence[Path]) -> Path:
    wanted = Path(using.path)
    if wanted.is_absolute() or wanted.parts[:1] == ("..",) or using.path.startswith("./"):
        places = [here]
    else:
        places = [Path.cwd(), *search]
    for place in places:
        if (place / wanted).is_file():
            return (place / wanted).resolve()
    looked = ", ".join(str(place) for place in places)
    raise using.position.error(USING_NOT_FOUND, f"the used file `{using.path}` does not exist (looked in {looked})")


def flatten(file: File) -> list[syntax.Entry]:
    """All entries, used files first, each file's names made unique; a file used on two ways counts once."""
    entries: list[syntax.Entry] = []
    done: set[tuple[str, str]] = set()

    def visit(item: File, prefix: str) -> None:
        key = (item.tree.position.source.file, prefix)
        if key in done:
            return
        done.add(key)
        for used in item.used:
            visit(used, prefix + used.prefix)
        entries.extend(_rename(item.tree.entries, _names(item, prefix)))

    visit(file, file.prefix)
    return entries


def _declared(file: File) -> set[str]:
    """Names that a user of the file can mean, without the file's own prefix."""
    names = {entry.name for entry in file.tree.entries if entry.type and not entry.local}
    for used in file.used:
        names |= {used.prefix + name for name in _declared(used)}
    return names


def _names(file: File, prefix: str) -> dict[str, str]:
    names = {name: prefix + name for name in _declared(file)} if prefix else {}
    place = file.tree.position.source.file
    return names | {entry.name: f"{prefix}{entry.name}@{place}" for entry in file.tree.entries if entry.local}


def _rename(node: T, names: Mapping[str, str]) -> T:
    """The node with every use of a name in `names` replaced."""
    if not names:
        return node
    result: Any = node
    if isinstance(node, tuple):
        result = tuple(_rename(item, names) for item in node)
    elif isinstance(node, syntax.Node):
        changes: dict[str, Any] = {
            item.name: _rename(getattr(node, item.name), names) for item in dataclasses.fields(node)
        }
        if isinstance(node, syntax.Reference | syntax.Destination | syntax.Entry):
            changes["name"] = names.get(node.name, node.name)
        elif isinstance(node, syntax.Registration):
            changes["parent"] = names.get(node.parent, node.parent)
        result = dataclasses.replace(node, **changes)
    return cast(T, result)
