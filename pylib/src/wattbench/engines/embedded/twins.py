"""Native twins of Python models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def native_twin(type_name: str) -> Callable[..., Any] | None:
    """The native twin of a model type, None where there is none."""
    return None
