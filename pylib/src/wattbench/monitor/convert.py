"""From Monitor tokens to Python arguments of the types that a member asks for."""

from __future__ import annotations

import collections.abc
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, NewType, Union, get_args, get_origin

from wattbench.core.errors import MonitorError
from wattbench.core.names import pascal_case
from wattbench.monitor.paths import PathSearch
from wattbench.monitor.tokens import Kind, Token, parse_time

OutputPath = NewType("OutputPath", Path)
"""A file to write: it need not exist, and a relative one is in the working directory."""

TimeNs = NewType("TimeNs", int)
"""A virtual time, given as text (`"0.1"`, `"0:00:01.5"`) or as a time token."""

_SEQUENCES = (list, tuple, collections.abc.Sequence, collections.abc.Iterable)
_TYPE_NAMES = {
    Path: "ReadFilePath", int: "Integer", float: "Double", Fraction: "Double", bool: "Boolean", str: "String",
    range: "Range", Any: "Object",
}  # fmt: skip


class MismatchError(Exception):
    """A token that does not fit the parameter."""


@dataclass(frozen=True)
class Array:
    """`[a, b]` among the arguments of a command."""

    items: tuple[Argument, ...]


Argument = Token | Array


class Converter:
    """Converts arguments; `find` resolves names of objects, `search` those of files."""

    def __init__(self, find: Callable[[str], Any | None], search: PathSearch) -> None:
        self._find, self._search = find, search

    def convert(self, argument: Argument, hint: Any) -> Any:
        """The value of an argument as `hint`; raises MismatchError, or MonitorError for a file that is not there."""
        if hint is TimeNs:
            return _time(argument)
        if hint is OutputPath:
            return Path(_text(argument))
        if isinstance(hint, NewType):
            return self.convert(argument, hint.__supertype__)
        origin = get_origin(hint)
        if origin is typing.Annotated:
            return self.convert(argument, get_args(hint)[0])
        if origin in (Union, types.UnionType):
            return self._union(argument, get_args(hint))
        if isinstance(argument, Array):
            return self._array(argument, origin or hint, get_args(hint))
        if hint is Path:
            return self._search.existing(_text(argument))
        if hint is Any or hint is object:
            return self._natural(argument)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return _enum(argument, hint)
        return self._plain(argument, origin or hint)

    def _union(self, argument: Argument, hints: tuple[Any, ...]) -> Any:
        for hint in hints:
            try:
                return self.convert(argument, hint)
            except MismatchError:
                continue
        raise MismatchError

    def _array(self, array: Array, kind: Any, hints: tuple[Any, ...]) -> Any:
        if kind is Any or kind is object:
            return [self.convert(item, Any) for item in array.items]
        if kind not in _SEQUENCES:
            raise MismatchError
        items = [self.convert(item, hints[0] if hints else Any) for item in array.items]
        return tuple(items) if kind is tuple else items

    def _natural(self, token: Token) -> Any:
        found = self._find(token.text) if token.kind is Kind.LITERAL else None
        return token.value if found is None else found

    def _plain(self, token: Token, hint: Any) -> Any:
        match token.kind:
            case Kind.INTEGER if hint is int:
                return token.value
            case Kind.INTEGER | Kind.FLOAT if hint is float:
                return float(token.value)
            case Kind.INTEGER | Kind.FLOAT if hint is Fraction:
                return Fraction(token.text)
            case Kind.BOOLEAN if hint is bool:
                return token.value
            case Kind.STRING | Kind.PATH if hint is str:
                return token.value
            case Kind.RANGE if hint is range:
                return token.value
            case Kind.NULL if hint is type(None):
                return None
            case Kind.LITERAL if isinstance(hint, type):
                found = self._find(token.text)
                if found is not None and (getattr(hint, "_is_protocol", False) or isinstance(found, hint)):
                    return found
        raise MismatchError


def _text(argument: Argument) -> str:
    """A string's or path's text; bare names are not taken for strings."""
    if isinstance(argument, Token) and argument.kind in (Kind.STRING, Kind.PATH):
        return str(argument.value)
    raise MismatchError


def _time(argument: Argument) -> int:
    if isinstance(argument, Token) and argument.kind is Kind.TIME:
        return int(argument.value)
    try:
        return parse_time(_text(argument))
    except MonitorError:
        raise MismatchError from None


def _enum(token: Token, hint: type[Enum]) -> Enum:
    if token.kind in (Kind.LITERAL, Kind.INTEGER):
        for member in hint:
            if token.value == member.value or token.text.lower() == member.name.replace("_", "").lower():
                return member
    raise MismatchError


def type_name(hint: Any) -> str:
    """The name of a parameter's type in a message, as Renode calls it."""
    if hint is TimeNs:
        return "TimeInterval"
    if hint is OutputPath:
        return "WriteFilePath"
    if isinstance(hint, NewType):
        return type_name(hint.__supertype__)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return "|".join(type_name(item) for item in arguments if item is not type(None))
    if (origin or hint) in _SEQUENCES:
        return f"{type_name(arguments[0]) if arguments else 'Object'}[]"
    return _TYPE_NAMES.get(hint) or pascal_case(getattr(hint, "__name__", str(hint)))
