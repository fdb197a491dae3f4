"""Accesses that no model covers and that a product may make all the same, each with its reason."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from wattbench.core.errors import SourceError
from wattbench.core.names import did_you_mean
from wattbench.core.unmodelled import UnmodelledAccess

ACCESSES = ("any", "read", "write")


@dataclass(frozen=True)
class Accepted:
    """One entry: `model` and `register` are patterns (`lpuart*`, `SW_PAD_CTL_*`), `access` is read, write or any.

    A missing feature that belongs to no register is matched by its name.
    """

    model: str
    register: str
    reason: str
    access: str = "any"

    def covers(self, item: UnmodelledAccess) -> bool:
        """Whether an access is one of those that are meant."""
        return (
            fnmatchcase(item.source, self.model)
            and fnmatchcase(item.what, self.register)
            and self.access in ("any", item.access.partition(" ")[0])
        )

    def __str__(self) -> str:
        return f"{self.model}: {'' if self.access == 'any' else self.access + ' '}{self.register}"


def read_accepted(path: Path) -> tuple[Accepted, ...]:
    """The entries `[[accepted]]` of a file that has nothing else; raises SourceError."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"the list of accepted accesses cannot be read: {error.strerror}", path) from error
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"this is no TOML: {error}", path) from error
    for name in data:
        if name != "accepted":
            raise SourceError(f"a list of accepted accesses has entries [[accepted]] and nothing else, no {name}", path)
    return entries(data.get("accepted", []), path)


def entries(given: Any, path: Path) -> tuple[Accepted, ...]:
    """The entries of a parsed file; raises SourceError."""
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise SourceError("accepted accesses are tables [[accepted]]", path)
    return tuple(_entry(item, path) for item in given)


def _entry(item: dict[str, Any], path: Path) -> Accepted:
    known = [field.name for field in fields(Accepted)]
    for key, value in item.items():
        if key not in known:
            hint = did_you_mean(key, known)
            raise SourceError(f"[[accepted]] has no key `{key}`{hint}; it has {', '.join(known)}", path)
        if not isinstance(value, str) or not value.strip():
            raise SourceError(f"[[accepted]] `{key}` must be text", path)
    for key in ("model", "register", "reason"):
        if key not in item:
            raise SourceError(f"[[accepted]] needs `{key}`: {item}", path)
    made = Accepted(**item)
    if made.access not in ACCESSES:
        raise SourceError(f"[[accepted]] `access` is {', '.join(ACCESSES)}, not `{made.access}`", path)
    return made


def reason_for(item: UnmodelledAccess, accepted: Iterable[Accepted]) -> str:
    """Why an access is accepted, empty if it is not."""
    return next((entry.reason for entry in accepted if entry.covers(item)), "")
