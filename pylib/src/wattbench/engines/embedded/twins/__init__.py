"""Native twins of Python models: the same outward attributes over blocks that live in the native core.

A twin's registers and timing are in C (pylib/native/src) and saved with the machine; what stays in Python, such as the
analog side of a converter, is shared with the model. `native_twin` tells the engine which model types have one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wattbench.core.model import CATALOGUE
from wattbench.engines.embedded.twins.ad7779 import NativeAd7779
from wattbench.engines.embedded.twins.ade7913 import NativeAde7913
from wattbench.engines.embedded.twins.dma import NativeDmaMux, NativeEdma
from wattbench.engines.embedded.twins.flexpwm import NativeFlexPwm
from wattbench.engines.embedded.twins.flexspi import NativeFlexSpi, NativeFlexSpi106x
from wattbench.engines.embedded.twins.gpt import NativeGpt
from wattbench.engines.embedded.twins.lpspi import NativeLpspi
from wattbench.engines.embedded.twins.sai import NativeSai
from wattbench.engines.embedded.twins.twin import Twin

__all__ = [
    "NativeAd7779",
    "NativeAde7913",
    "NativeDmaMux",
    "NativeEdma",
    "NativeFlexPwm",
    "NativeFlexSpi",
    "NativeFlexSpi106x",
    "NativeGpt",
    "NativeLpspi",
    "NativeSai",
    "native_twin",
]

_KINDS: tuple[type[Twin] | type[NativeAd7779], ...] = (
    NativeEdma, NativeDmaMux, NativeLpspi, NativeFlexPwm, NativeFlexSpi, NativeFlexSpi106x, NativeGpt, NativeSai,
    NativeAde7913, NativeAd7779,
)  # fmt: skip
_TWINS = {kind.type_name: kind for kind in _KINDS}


def native_twin(type_name: str) -> Callable[..., Any] | None:
    """The native twin of a model type under any of its names, None where there is none."""
    found = CATALOGUE.get(type_name)
    return None if found is None else _TWINS.get(found.type_name)
