"""Names between the two worlds: Renode's languages speak CamelCase, the models are Python."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """`LoadELF` -> `load_elf`, `numberOfMPURegions` -> `number_of_mpu_regions`, `PC` -> `pc`."""
    return _WORD_STARTS.sub("_", name).lower()


def camel_case(name: str) -> str:
    """`fifo_size` -> `fifoSize`; the way a message writes a Python parameter for a `.repl`."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def pascal_case(name: str) -> str:
    """`read_double_word` -> `ReadDoubleWord`; the way a message writes a Python member for the Monitor."""
    return "".join(word.capitalize() for word in name.split("_"))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` (did you mean X?)` with the closest of the known names, or nothing."""
    by_lower = {item.lower(): item for item in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f" (did you mean `{by_lower[close[0]]}`?)" if close else ""
