"""From a value in a description to a Python argument of the type that a model's parameter asks for."""

from __future__ import annotations

import collections.abc
import types
import typing
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from fractions import Fraction
from typing import Any, Literal, Union, get_args, get_origin

from wattbench.core.names import did_you_mean
from wattbench.platform import syntax

TYPE_MISMATCH = 6
MISSING_REFERENCE = 20
ENUM_MISMATCH = 23

_SEQUENCES = (list, tuple, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection)
_MAPPINGS = (dict, collections.abc.Mapping)
_EMPTY: Mapping[type, object] = {int: 0, float: 0.0, bool: False, str: "", Fraction: Fraction(0)}
_NAMES = {
    int: "a whole number", float: "a number", Fraction: "a number", bool: "true or false", str: "a string",
    range: "a range", type(None): "empty",
}  # fmt: skip
_KINDS = {
    syntax.Number: "a number", syntax.Text: "a string", syntax.Boolean: "a boolean", syntax.Span: "a range",
    syntax.ListValue: "a list", syntax.DictValue: "a dictionary", syntax.NewObject: "a new object",
}  # fmt: skip


class MismatchError(Exception):
    """A value that does not fit its parameter; becomes E06 with the place of the value."""


class Converter:
    """Converts values; `objects` are the entries made so far, `create` makes an inline object.

    `known` are all names that a description may refer to, for suggestions.
    """

    def __init__(self, objects: Mapping[str, Any], create: Callable[[syntax.NewObject], Any]) -> None:
        self._objects, self._create = objects, create
        self.known: Collection[str] = objects

    def convert(self, value: syntax.Value, hint: Any, where: str) -> Any:
        """The Python object for `value`; `where` names the attribute in errors (E06, E20, E23)."""
        try:
            return self._fit(value, hint)
        except MismatchError:
            raise value.position.error(
                TYPE_MISMATCH, f"{where} expects {describe(hint)}, not {_describe_value(value)}"
            ) from None

    def reference(self, value: syntax.Reference) -> Any:
        """The object that a reference means; raises E20."""
        if value.name not in self._objects:
            raise value.position.error(
                MISSING_REFERENCE, f"`{value.name}` is not declared{did_you_mean(value.name, self.known)}"
            )
        return self._objects[value.name]

    def _fit(self, value: syntax.Value, hint: Any) -> Any:
        if isinstance(hint, typing.NewType):
            hint = hint.__supertype__
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is typing.Annotated:
            return self._fit(value, arguments[0])
        if origin in (Union, types.UnionType):
            return self._fit_union(value, arguments)
        if isinstance(value, syntax.EmptyValue):
            return _EMPTY.get(hint)
        if isinstance(value, syntax.Reference):
            return _of_type(self.reference(value), hint)
        if isinstance(value, syntax.NewObject):
            return _of_type(self._create(value), hint)
        if hint is Any or hint is object:
            return self._natural(value)
        if origin is Literal:
            return _literal(self._natural(value), arguments)
        if isinstance(value, syntax.ListValue):
            return self._list(value, origin or hint, arguments)
        if isinstance(value, syntax.DictValue):
            return self._dict(value, origin or hint, arguments)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return _enum(value, hint)
        return _plain(value, hint)

    def _fit_union(self, value: syntax.Value, hints: tuple[Any, ...]) -> Any:
        for hint in hints:
            try:
                return self._fit(value, hint)
            except MismatchError:
                continue
        raise MismatchError

    def _natural(self, value: syntax.Value) -> Any:
        """The value where the parameter does not say what it wants."""
        match value:
            case syntax.Number():
                return value.value if isinstance(value.value, int) else float(value.value)
            case syntax.Text() | syntax.Boolean():
                return value.value
            case syntax.Span():
                return range(value.start, value.end)
            case syntax.EnumValue():
                return value.value
            case syntax.ListValue():
                return [self._fit(item, Any) for item in value.items]
            case syntax.DictValue():
                return {self._fit(key, Any): self._fit(item, Any) for key, item in value.items}
        raise MismatchError

    def _list(self, value: syntax.ListValue, kind: Any, arguments: tuple[Any, ...]) -> Any:
        if kind not in _SEQUENCES:
            raise MismatchError
        if kind is tuple and arguments and arguments[-1] is not Ellipsis:
            if len(arguments) != len(value.items):
                raise MismatchError
            return tuple(self._fit(item, hint) for item, hint in zip(value.items, arguments, strict=True))
        items = [self._fit(item, arguments[0] if arguments else Any) for item in value.items]
        return tuple(items) if kind is tuple else items

    def _dict(self, value: syntax.DictValue, kind: Any, arguments: tuple[Any, ...]) -> Any:
        if kind not in _MAPPINGS:
            raise MismatchError
        key_hint, item_hint = arguments or (Any, Any)
        return {self._fit(key, key_hint): self._fit(item, item_hint) for key, item in value.items}


def _of_type(found: Any, hint: Any) -> Any:
    kind = get_origin(hint) or hint
    unchecked = getattr(kind, "_is_protocol", False) and not getattr(kind, "_is_runtime_protocol", False)
    checkable = isinstance(kind, type) and not unchecked
    if checkable and kind is not object and not isinstance(found, kind):
        raise MismatchError
    return found


def _literal(found: Any, allowed: tuple[Any, ...]) -> Any:
    if found not in allowed:
        raise MismatchError
    return found


def _enum(value: syntax.Value, hint: type[Enum]) -> Enum:
    if isinstance(value, syntax.Number):
        try:
            return hint(value.value)
        except ValueError:
            raise MismatchError from None
    if not isinstance(value, syntax.EnumValue):
        raise MismatchError
    if value.type and value.type.rpartition(".")[2] != hint.__name__:
        raise value.position.error(ENUM_MISMATCH, f"`{value.type}` is not the type {hint.__name__}")
    for member in hint:
        if member.name.replace("_", "").lower() == value.value.replace("_", "").lower():
            return member
    known = ", ".join(member.name for member in hint)
    raise value.position.error(ENUM_MISMATCH, f"{hint.__name__} has no value `{value.value}`; it has {known}")


def _plain(value: syntax.Value, hint: Any) -> Any:
    match value:
        case syntax.Number() if hint is int and isinstance(value.value, int):
            return value.value
        case syntax.Number() if hint is float:
            return float(value.value)
        case syntax.Number() if hint is Fraction:
            return Fraction(value.value)
        case syntax.Boolean() if hint is bool:
            return value.value
        case syntax.Text() if hint is str:
            return value.value
        case syntax.Span() if hint is range:
            return range(value.start, value.end)
    raise MismatchError


def describe(hint: Any) -> str:
    """What a parameter of this type takes, for a message."""
    if isinstance(hint, typing.NewType):
        return describe(hint.__supertype__)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(describe(item) for item in arguments))
    if origin is Literal:
        return "one of " + ", ".join(f'"{item}"' for item in arguments)
    if (origin or hint) in _SEQUENCES:
        return "a list"
    if (origin or hint) in _MAPPINGS:
        return "a dictionary"
    return _NAMES.get(hint) or f"{getattr(hint, 'type_name', '') or getattr(hint, '__name__', str(hint))}"


def _describe_value(value: syntax.Value) -> str:
    if isinstance(value, syntax.Reference):
        return f"`{value.name}`"
    if isinstance(value, syntax.EnumValue):
        return f"`{value.type}.{value.value}`"
    if isinstance(value, syntax.Number | syntax.Text | syntax.Boolean):
        shown = f'"{value.value}"' if isinstance(value, syntax.Text) else str(value.value).lower()
        return f"{_KINDS[type(value)]} ({shown})"
    return _KINDS.get(type(value), "nothing")
