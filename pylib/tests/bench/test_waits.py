"""Places at which a firmware waits, as a manifest names them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from wattbench.bench.bench import code_address
from wattbench.core.errors import FirmwareFileError, UsageError


@pytest.fixture
def engine():
    def symbol(name):
        if name != "idle":
            raise FirmwareFileError(f"there is no symbol {name}")
        return 0x1000

    return SimpleNamespace(symbol=symbol)


@pytest.mark.parametrize(
    ("place", "address"),
    [("idle", 0x1000), ("idle+0x12", 0x1012), ("idle + 4", 0x1004), ("0x40c0", 0x40C0), ("64", 64)],
)
def test_a_place_is_a_symbol_with_a_distance_or_an_address(engine, place, address):
    assert code_address(engine, place) == address


def test_what_is_no_place_is_told(engine):
    with pytest.raises(UsageError, match=r"`idle\+x` is no place in code"):
        code_address(engine, "idle+x")
    with pytest.raises(FirmwareFileError, match="no symbol spin"):
        code_address(engine, "spin")
