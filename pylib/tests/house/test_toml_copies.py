"""Copies of the package's TOML say what the TOML says, and nobody gets a copy of a text that was edited since."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from wattbench.core import toml_data

PACKAGE = Path(toml_data.__file__).parents[1]
TEXTS = {str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.toml")}


@pytest.fixture
def copies(monkeypatch):
    made = json.loads(toml_data.copies_of(TEXTS.values()))
    monkeypatch.setattr(toml_data, "_copies", lambda: made)
    return made


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_copy_is_the_same(copies, name):
    assert toml_data.toml_data(TEXTS[name]) == tomllib.loads(TEXTS[name])


def test_every_text_has_a_copy_and_each_call_an_own_one(copies, monkeypatch):
    monkeypatch.setattr(toml_data.tomllib, "loads", None)
    for text in TEXTS.values():
        toml_data.toml_data(text).clear()
        assert toml_data.toml_data(text)


def test_an_edited_text_is_parsed(copies):
    assert toml_data.toml_data("size = 1") == {"size": 1}
    assert toml_data.toml_data("size = 2") == {"size": 2}
