"""Which tests use which model: by what they import, by the types they name in platforms, and by objects in suites."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from wattbench.bench import Manifest
from wattbench.core.model import Model

WORD = re.compile(r"\w+")
TYPE_NAME = re.compile(r"\b(?:Wattbench|Miscellaneous|UART|Timers)\.\w+")


@dataclass
class Uses:
    """What one test file or helper uses: `(module, name)` of imports from the models, types named in texts."""

    imports: set[tuple[str, str]] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)


def uses_of(source: str) -> Uses:
    """What a Python file uses by itself."""
    found = Uses()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    found.imports.add((alias.name, ""))
                    found.helpers.add(alias.name)
            case ast.ImportFrom(module=str(module), names=names):
                found.imports |= {(module, alias.name) for alias in names}
                found.helpers.add(module)
            case ast.Constant(value=str(text)):
                found.types |= set(TYPE_NAME.findall(text))
    return found


class UseIndex:
    """All tests of the repository."""

    def __init__(self, tests: Path, suites: Path, products: Mapping[str, Iterable[str]]) -> None:
        """`products` has for each product the names of the objects that its manifest names."""
        self._folder, self._suites, self._products = tests, suites, products

    @cached_property
    def _files(self) -> dict[Path, Uses]:
        return {path: uses_of(path.read_text(encoding="utf-8")) for path in sorted(self._folder.rglob("*.py"))}

    @cached_property
    def _all(self) -> dict[Path, Uses]:
        """What each test file uses, with what its helpers use. `conftest.py` is a helper of its folder."""
        return {path: self._with_helpers(path) for path in self._files if path.name.startswith("test_")}

    def _with_helpers(self, path: Path) -> Uses:
        result, waiting, seen = Uses(), [path, path.parent / "conftest.py"], set()
        while waiting:
            item = waiting.pop()
            if item in seen or item not in self._files:
                continue
            seen.add(item)
            uses = self._files[item]
            result.imports |= uses.imports
            result.types |= uses.types
            for helper in uses.helpers:
                waiting += [item.parent / f"{helper}.py", self._folder / f"{helper}.py"]
        return result

    def of_model(self, model: type[Model], type_names: Iterable[str], is_alone: bool) -> list[str]:
        """Test files that use a model: they import its class, or its whole module, or name its type in a platform.

        Any name of the module counts where the model `is_alone` in it.
        """
        module, _, name = model.__module__.rpartition(".")
        whole = {(model.__module__, ""), (module, name)}
        wanted, types = {(model.__module__, model.__name__), *whole}, set(type_names)
        return [
            path.relative_to(self._folder).as_posix()
            for path, uses in self._all.items()
            if uses.imports & wanted or uses.types & types
            or (is_alone and any(source == model.__module__ for source, _ in uses.imports))
        ]  # fmt: skip

    def suites_with(self, objects: Iterable[str]) -> list[str]:
        """Robot suites that name an object of a platform, or load a product whose manifest names it."""
        wanted = set(objects)
        return [path for path, words in self._suite_words.items() if words & wanted]

    @cached_property
    def _suite_words(self) -> Mapping[str, set[str]]:
        """The words of each suite and of what it takes over, with the objects of the products among them."""
        result = {}
        for path in sorted(self._suites.rglob("*.robot")):
            words = set(WORD.findall(self._with_resources(path)))
            for product in words & self._products.keys():
                words |= set(self._products[product])
            result[path.relative_to(self._suites.parent).as_posix()] = words
        return result

    def _with_resources(self, path: Path) -> str:
        text = path.read_text(encoding="utf-8")
        taken = [path.parent / name for name in re.findall(r"(?m)^Resource\s+(\S+)", text)]
        lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
        return "\n".join([*lines, *(self._with_resources(item) for item in taken if item.is_file())])


def objects_of(manifest: Manifest) -> set[str]:
    """The objects of its platform that a product's manifest names: console, pulse outputs, converters."""
    return {
        manifest.console.uart,
        *(output.led for output in manifest.pulses.values()),
        *(front_end.afe for front_end in manifest.front_ends.values()),
    }
