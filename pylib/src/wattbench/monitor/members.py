"""`object Member arguments` on Python objects, in the manner of .NET: CamelCase names, arguments by declared types."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from wattbench.core.errors import MonitorError
from wattbench.core.names import camel_case, did_you_mean, pascal_case, snake_case
from wattbench.monitor.convert import Argument, Array, Converter, MismatchError, type_name
from wattbench.monitor.tokens import Kind, Token

_PLAIN = (bool, int, float, str, bytes, Enum, Path, type(None))


class Members:
    """Calls methods and reads and writes properties of objects with arguments in tokens."""

    def __init__(self, converter: Converter) -> None:
        self._converter = converter

    def invoke(self, target: Any, label: str, tokens: Sequence[Token]) -> Any:
        """Carry out `Member arguments` (`tokens`) on `target`, which messages call `label`; returns the result.

        A method is called; a property is read, or set if one argument fits it; a property that is an object takes
        the rest as its own member and arguments. Raises MonitorError.
        """
        name, rest = tokens[0].text, list(tokens[1:])
        if isinstance(target, Mapping | list | tuple):
            return self._index(target, label, tokens)
        found = self._member(target, label, name)
        if inspect.isroutine(found):
            return self._call(found, f"{label} {name}", rest)
        if not rest:
            return found
        if isinstance(found, Mapping | list | tuple):
            return self._index(found, f"{label} {name}", rest)
        if not isinstance(found, _PLAIN) and rest[0].kind is Kind.LITERAL and not self._settable(target, name):
            return self.invoke(found, f"{label} {name}", rest)
        return self._set(target, f"{label} {name}", name, rest)

    @staticmethod
    def has(target: Any, name: str) -> bool:
        """Whether the object has a public member of that name."""
        return _attribute(target, name) is not None

    def get(self, target: Any, name: str) -> Any | None:
        """The public property `name` of an object, None where it has none or it is a method."""
        attribute = _attribute(target, name)
        found = None if attribute is None else getattr(target, attribute)
        return None if inspect.isroutine(found) else found

    def _member(self, target: Any, label: str, name: str) -> Any:
        attribute = _attribute(target, name)
        if attribute is None:
            hint = did_you_mean(name, (pascal_case(item) for item in _public(target)))
            raise MonitorError(f"{label} has no member `{name}`{hint}; `{label}` alone lists them")
        return getattr(target, attribute)

    def _index(self, found: Any, label: str, rest: Sequence[Token]) -> Any:
        key = rest[0].value
        try:
            item = found[key]
        except (LookupError, TypeError):
            raise MonitorError(f"{label} has no item `{rest[0].text}`") from None
        return self.invoke(item, f"{label} {rest[0].text}", rest[1:]) if rest[1:] else item

    @staticmethod
    def _settable(target: Any, name: str) -> bool:
        declared = getattr(type(target), _attribute(target, name) or "", None)
        return isinstance(declared, property) and declared.fset is not None

    def _set(self, target: Any, label: str, name: str, rest: Sequence[Token]) -> None:
        attribute = str(_attribute(target, name))
        declared = getattr(type(target), attribute, None)
        if isinstance(declared, property) and declared.fset is None:
            raise MonitorError(f"{label} can only be read")
        hint = _property_type(target, attribute)
        arguments = [argument for _, argument in _arguments(rest)]
        try:
            if len(arguments) != 1:
                raise MismatchError
            value = self._converter.convert(arguments[0], hint)
        except MismatchError:
            raise MonitorError(f"{label} takes one {type_name(hint)}, not `{_shown(rest)}`") from None
        try:
            setattr(target, attribute, value)
        except (AttributeError, ValueError) as error:
            raise MonitorError(f"{label} cannot be set: {error}") from error

    def _call(self, method: Callable[..., Any], label: str, rest: Sequence[Token]) -> Any:
        try:
            positional, named = self._bind(method, _arguments(rest))
        except MismatchError:
            given = f"`{_shown(rest)}` does" if rest else "no argument does"
            raise MonitorError(f"{given} not fit {label}; it is called as\n    {signature(method)}") from None
        try:
            return method(*positional, **named)
        except ValueError as error:
            raise MonitorError(f"{label}: {error}") from error

    def _bind(
        self, method: Callable[..., Any], given: list[tuple[str | None, Argument]]
    ) -> tuple[list[Any], dict[str, Any]]:
        hints = typing.get_type_hints(method)
        positional: list[Any] = []
        named: dict[str, Any] = {}
        plain = [argument for name, argument in given if name is None]
        by_name = {snake_case(name): argument for name, argument in given if name is not None}
        for name, parameter in inspect.signature(method).parameters.items():
            hint = hints.get(name, Any)
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                positional += [self._converter.convert(argument, hint) for argument in plain]
                plain = []
            elif plain and parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
                positional.append(self._converter.convert(plain.pop(0), hint))
            elif name in by_name:
                named[name] = self._converter.convert(by_name.pop(name), hint)
            elif parameter.default is inspect.Parameter.empty:
                raise MismatchError
        if plain or by_name:
            raise MismatchError
        return positional, named


def describe(target: Any, label: str) -> str:
    """The methods and properties of an object, one a line."""
    methods, properties = [], []
    for name in _public(target):
        found = getattr(target, name)
        if inspect.isroutine(found):
            methods.append(signature(found))
        else:
            properties.append(f"{type_name(_property_type(target, name))} {pascal_case(name)}")
    blocks = [("Methods", methods), ("Properties", properties)]
    texts = [f"{title} of {label}:\n" + "".join(f" - {item}\n" for item in items) for title, items in blocks if items]
    return "\n".join(texts)


def signature(method: Callable[..., Any]) -> str:
    """How a method is called: `LoadELF (ReadFilePath file, [Boolean useVirtualAddress = False])`."""
    hints = typing.get_type_hints(method)
    parts = []
    for name, parameter in inspect.signature(method).parameters.items():
        text = f"{type_name(hints.get(name, Any))} {camel_case(name)}"
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            text = f"params {text}"
        elif parameter.default is not inspect.Parameter.empty:
            text = f"[{text} = {parameter.default}]"
        parts.append(text)
    return f"{pascal_case(method.__name__)} ({', '.join(parts)})"


def _attribute(target: Any, name: str) -> str | None:
    attribute = snake_case(name)
    return attribute if not attribute.startswith("_") and hasattr(target, attribute) else None


def _public(target: Any) -> Iterator[str]:
    return (name for name in dir(target) if not name.startswith("_"))


def _property_type(target: Any, attribute: str) -> Any:
    declared = getattr(type(target), attribute, None)
    if isinstance(declared, property):
        function = declared.fset or declared.fget
        hints = typing.get_type_hints(function) if function else {}
        returned = hints.pop("return", Any)
        return next(iter(hints.values()), returned)
    present = getattr(target, attribute)
    return type(present) if isinstance(present, bool | int | float | str | Enum) else Any


def _arguments(tokens: Sequence[Token]) -> list[tuple[str | None, Argument]]:
    """Arguments with their names (`name=value`); `[a, b]` is one."""
    result: list[tuple[str | None, Argument]] = []
    rest = list(tokens)
    while rest:
        name = None
        if len(rest) > 2 and rest[0].kind is Kind.LITERAL and rest[1].kind is Kind.ASSIGN:
            name = rest[0].text
            del rest[:2]
        result.append((name, _argument(rest)))
    return result


def _argument(rest: list[Token]) -> Argument:
    token = rest.pop(0)
    if token.kind in (Kind.CLOSE, Kind.COMMA, Kind.ASSIGN, Kind.DEFAULT_ASSIGN):
        raise MonitorError(f"column {token.column}: `{token.text}` makes no sense here")
    if token.kind is not Kind.OPEN:
        return token
    items: list[Argument] = []
    while rest and rest[0].kind is not Kind.CLOSE:
        items.append(_argument(rest))
        if rest and rest[0].kind is Kind.COMMA:
            del rest[0]
    if not rest:
        raise MonitorError(f"column {token.column}: this `[` is never closed")
    del rest[0]
    return Array(tuple(items))


def _shown(tokens: Sequence[Token]) -> str:
    return " ".join(token.text for token in tokens)
