"""Syntax tree of a platform description: what one file says, before files are merged.

Places do not take part in comparisons, so two trees are equal when they say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from wattbench.platform.source import NOWHERE, Position


@dataclass(frozen=True)
class Node:
    """Anything with a place in a source."""

    position: Position = field(default=NOWHERE, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True)
class Number(Node):
    """A number; an `int` unless it has a decimal fraction."""

    value: int | Decimal


@dataclass(frozen=True)
class Text(Node):
    """A string."""

    value: str


@dataclass(frozen=True)
class Boolean(Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True)
class Span(Node):
    """A range of addresses `<start, end>`; the end is exclusive."""

    start: int
    end: int


@dataclass(frozen=True)
class EnumValue(Node):
    """`Type.Value`, or `.Value` with an empty type."""

    type: str
    value: str


@dataclass(frozen=True)
class Reference(Node):
    """The name of another entry."""

    name: str


@dataclass(frozen=True)
class ListValue(Node):
    """`[a, b]`."""

    items: tuple[Value, ...]


@dataclass(frozen=True)
class DictValue(Node):
    """`{key: value; ...}`."""

    items: tuple[tuple[Value, Value], ...]


@dataclass(frozen=True)
class EmptyValue(Node):
    """`empty`: the default of the parameter's type."""


@dataclass(frozen=True)
class NoneValue(Node):
    """`none`: takes an earlier value back."""


@dataclass(frozen=True)
class NewObject(Node):
    """`new Type {...}`: an object without a name."""

    type: str
    attributes: tuple[Attribute, ...] = ()


Value = (
    Number | Text | Boolean | Span | EnumValue | Reference | ListValue | DictValue | EmptyValue | NoneValue | NewObject
)


@dataclass(frozen=True)
class Assignment(Node):
    """`Name: value`."""

    name: str
    value: Value


@dataclass(frozen=True)
class Destination(Node):
    """`name#local@pins`; ranges and lists of pins are spelled out."""

    name: str
    local: int | None
    pins: tuple[int, ...]


@dataclass(frozen=True)
class Wiring(Node):
    """`sources -> destinations`; no source is the default output, no destination is `none`."""

    sources: tuple[str | int, ...]
    destinations: tuple[Destination, ...]


@dataclass(frozen=True)
class Statement(Node):
    """One Monitor statement of a script attribute."""

    text: str


@dataclass(frozen=True)
class Script(Node):
    """`init`, `reset` or `preinit`, with `add` when it continues an earlier one."""

    kind: str
    add: bool
    statements: tuple[Statement, ...]


Attribute = Assignment | Wiring | Script


@dataclass(frozen=True)
class Registration(Node):
    """`parent` or `parent value` after `@`."""

    parent: str
    value: Value | None = None


@dataclass(frozen=True)
class Entry(Node):
    """`name: Type @ registrations as "alias" {attributes}`.

    `registrations` is None without an `@`, and empty for `@ none`.
    """

    name: str
    type: str | None = None
    registrations: tuple[Registration, ...] | None = None
    alias: str | None = None
    attributes: tuple[Attribute, ...] = ()
    local: bool = False


@dataclass(frozen=True)
class Using(Node):
    """`using "path"`, in the older form with a prefix for the names of that file."""

    path: str
    prefix: str = ""


@dataclass(frozen=True)
class Tree(Node):
    """One file."""

    usings: tuple[Using, ...]
    entries: tuple[Entry, ...]
