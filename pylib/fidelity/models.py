"""What a model does and does not do, from its class and its register table."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import cache

from wattbench.core.model import CATALOGUE, Model, RegisterBlock
from wattbench.core.registers import Register, RegisterTable
from wattbench.engines.embedded.board import import_models

MODELLED, PARTIAL, NAMED = "modelled", "partial", "named only"
REFERENCE = re.compile(r" \([^()]*(?:manual|RM\b|chapter|sheet)[^()]*\)")
REGISTERS_SHOWN = 6
FIELDS_SHOWN = 6


@dataclass(frozen=True)
class Facts:
    """A model for the ledger."""

    model: type[Model]
    types: tuple[str, ...]
    summary: str
    missing: tuple[str, ...]
    is_alone: bool
    """Whether it is the only model of its Python module."""

    @property
    def state(self) -> str:
        """`modelled` where nothing is missing, else `partial`."""
        return PARTIAL if self.missing else MODELLED


@cache
def catalogue() -> dict[type[Model], Facts]:
    """All models by their class: those that a platform may name, and the parts that they are made of."""
    import_models()
    types: dict[type[Model], list[str]] = {}
    for type_name, cls in sorted(CATALOGUE.items()):
        types.setdefault(cls, []).append(type_name)
    for block in _subclasses(RegisterBlock):
        if hasattr(block, "table") and block.__module__.startswith("wattbench.hw."):
            types.setdefault(block, [])
    modules = [cls.__module__ for cls in types]
    return {
        cls: Facts(cls, tuple(names), _summary(cls, is_alone), _missing(cls), is_alone)
        for cls, names in types.items()
        for is_alone in [modules.count(cls.__module__) == 1]
    }


def _subclasses(cls: type[Model]) -> set[type[Model]]:
    return {cls}.union(*(_subclasses(item) for item in cls.__subclasses__()))


def _summary(cls: type[Model], is_alone: bool) -> str:
    """The first sentence about it: the module's where it has one for itself. References to manuals are left out."""
    described = inspect.getmodule(cls) if is_alone else cls
    first = " ".join((inspect.getdoc(described) or "").split("\n\n")[0].split())
    return REFERENCE.sub("", first).partition(". ")[0].rstrip(".")


def _missing(cls: type[Model]) -> tuple[str, ...]:
    return (*cls.missing, *(phrase for table in _tables(cls) for phrase in _unmodelled(table)))


def _tables(cls: type[Model]) -> list[RegisterTable]:
    """The register table of a block, or those that the module of a part has."""
    table = getattr(cls, "table", None)
    if table is not None:
        return [table]
    return [item for item in vars(inspect.getmodule(cls)).values() if isinstance(item, RegisterTable)]


def users(part: type[Model]) -> list[Facts]:
    """The models whose module makes use of another model."""
    return [
        item
        for item in catalogue().values()
        if item.types and item.model is not part and part in vars(inspect.getmodule(item.model)).values()
    ]


def _unmodelled(table: RegisterTable) -> tuple[str, ...]:
    """One phrase about the fields that are kept without effect, none where all are modelled."""
    found = [(register, _fields(register)) for register in table.registers.values() if register.unmodelled_mask]
    if not found:
        return ()
    shown = [f"`{register.name}`{_list(fields)}" for register, fields in found[:REGISTERS_SHOWN]]
    more = len(found) - REGISTERS_SHOWN
    return ("stored without effect: " + "; ".join(shown) + (f"; and {more} more registers" if more > 0 else ""),)


def _fields(register: Register) -> list[str]:
    return [field.name for field in register.fields.values() if not field.modelled]


def _list(fields: list[str]) -> str:
    if not fields:
        return ""
    more = len(fields) - FIELDS_SHOWN
    return " " + ", ".join(fields[:FIELDS_SHOWN]) + (f" and {more} more" if more > 0 else "")
