"""How the Monitor prints a value."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar


class NumbersMode(Enum):
    """How integers are printed."""

    HEXADECIMAL = "Hexadecimal"
    DECIMAL = "Decimal"
    BOTH = "Both"


class Sized(int):
    """An integer that knows how many bytes it has, so that it prints with two digits for each."""

    size: ClassVar[int] = 4


class Byte(Sized):
    """One byte."""

    size = 1


class Word(Sized):
    """Two bytes."""

    size = 2


class DoubleWord(Sized):
    """Four bytes."""


class QuadWord(Sized):
    """Eight bytes."""

    size = 8


def format_value(value: Any, mode: NumbersMode = NumbersMode.HEXADECIMAL) -> str:
    """The text for a command's result, with its line end; nothing for None.

    Integers have two digits for each byte (`0x00000010`); a plain int counts as four bytes, or eight if it needs them.
    """
    match value:
        case None:
            return ""
        case bool() | float():
            return f"{value}\n"
        case int():
            return _integer(value, mode) + "\n"
        case Enum():
            return f"{value.name}\n\nPossible values are:\n" + "".join(f"\t{item.name}\n" for item in type(value))
        case bytes() | bytearray():
            return _array([_integer(Byte(item), mode) for item in value])
        case str():
            return value if value.endswith("\n") else value + "\n"
        case Mapping():
            return "".join(f"{key}: {format_value(item, mode)}" for key, item in value.items())
        case list() | tuple() if value and all(isinstance(item, int) for item in value):
            return _array([_integer(item, mode) for item in value])
        case list() | tuple():
            return _array([format_value(item, mode).rstrip("\n") for item in value])
    return f"{value}\n"


def _integer(value: int, mode: NumbersMode) -> str:
    if isinstance(value, bool) or mode is NumbersMode.DECIMAL:
        return str(value)
    size = value.size if isinstance(value, Sized) else 4 if -(1 << 31) <= value < 1 << 32 else 8
    digits = f"0x{value & (1 << 8 * size) - 1:0{2 * size}X}"
    return digits if mode is NumbersMode.HEXADECIMAL else f"{digits} ({int(value)})"


def _array(items: list[str]) -> str:
    rows = [", ".join(items[start : start + 8]) for start in range(0, len(items), 8)]
    return "[\n" + "".join(f"{row}, \n" if row is not rows[-1] else f"{row}\n" for row in rows) + "]\n"
