"""A platform as plain data: what all its files say together. Knows no engine and no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wattbench.platform.source import Position
from wattbench.platform.syntax import Assignment, Registration, Statement


@dataclass(frozen=True)
class InputPin:
    """Input `number` of entry `receiver`, or of that entry's local receiver `local`."""

    receiver: str
    local: int | None
    number: int
    position: Position


@dataclass(frozen=True)
class Interrupt:
    """One output and the inputs it drives; `source` is a name, a pin number or None for the default output."""

    source: str | int | None
    targets: tuple[InputPin, ...]
    position: Position


@dataclass(frozen=True)
class Element:
    """One object, or an update of an object that an earlier load has made (`type` is None).

    `variable` is unique in the description; `name` is what the Monitor knows the object by. `registrations` is None
    where nothing was said and empty for `@ none`. `init` and `reset` are Monitor statements without the object's name.
    """

    variable: str
    name: str
    type: str | None
    position: Position
    attributes: Mapping[str, Assignment]
    registrations: tuple[Registration, ...] | None
    interrupts: tuple[Interrupt, ...]
    init: tuple[Statement, ...] = ()
    reset: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class Description:
    """All entries in the order of their declaration, used files first, and the statements to run before them."""

    elements: tuple[Element, ...]
    preinit: tuple[Statement, ...] = ()

    def __getitem__(self, variable: str) -> Element:
        for element in self.elements:
            if element.variable == variable:
                return element
        raise KeyError(variable)
