"""Tests marked `renode` run a real Renode and skip where discovery finds none."""

from __future__ import annotations

import pytest

from wattbench.engines.renode.discovery import look


def pytest_collection_modifyitems(items):
    marked = [item for item in items if item.get_closest_marker("renode")]
    if not marked:
        return
    found = look()
    if not found.complete:
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=f"needs Renode; {found.next_step}"))
