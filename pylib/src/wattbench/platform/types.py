"""Types that a description may name, their constructor parameters and their properties."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wattbench.core.model import CATALOGUE
from wattbench.core.names import camel_case, did_you_mean, snake_case
from wattbench.platform.source import Position

TYPE_NOT_RESOLVED = 4
PROPERTY_NOT_WRITABLE = 7
PROPERTY_MISSING = 10
NO_CONSTRUCTOR = 25

PREFIX = "Antmicro.Renode.Peripherals."
_PLAIN = (bool, int, float, str)


def short_name(type_name: str) -> str:
    """The name without Renode's own prefix."""
    return type_name.removeprefix(PREFIX)


def find_type(
    type_name: str, position: Position, own: Callable[[str], Callable[..., Any] | None]
) -> Callable[..., Any]:
    """The type of that name: the engine's `own` one, or the catalogue's model; raises E04."""
    name = short_name(type_name)
    found = own(name) or CATALOGUE.get(name)
    if found is None:
        hint = did_you_mean(name, CATALOGUE)
        raise position.error(TYPE_NOT_RESOLVED, f"there is no model of type `{type_name}`{hint}")
    return found


@dataclass(frozen=True)
class Parameter:
    """One constructor attribute: its Python name, its type and whether it has to be given."""

    name: str
    hint: Any
    required: bool


_PARAMETERS: dict[Callable[..., Any], Mapping[str, Parameter]] = {}


def parameters(found: Callable[..., Any]) -> Mapping[str, Parameter]:
    """The attributes that a type's constructor takes after `host` and `name`, by Python name; looked up once."""
    if found not in _PARAMETERS:
        _PARAMETERS[found] = _parameters(found)
    return _PARAMETERS[found]


def _parameters(found: Callable[..., Any]) -> Mapping[str, Parameter]:
    # mypy refuses `found.__init__` as unsound; here it is what is wanted.
    constructor = getattr(found, "__init__") if isinstance(found, type) else found  # noqa: B009 - see above
    hints = typing.get_type_hints(constructor)
    result = {}
    for item in list(inspect.signature(found).parameters.values())[2:]:
        required = item.default is inspect.Parameter.empty
        result[item.name] = Parameter(item.name, hints.get(item.name, Any), required)
    return result


def match_parameters(
    type_name: str, known: Mapping[str, Parameter], given: Mapping[str, Position], position: Position
) -> dict[str, Parameter]:
    """The parameter for each given attribute; raises E25 for an unknown or a missing one."""
    listed = ", ".join(camel_case(name) for name in known) or "none"
    result = {}
    for attribute, place in given.items():
        parameter = known.get(snake_case(attribute))
        if parameter is None:
            hint = did_you_mean(attribute, map(camel_case, known))
            raise place.error(NO_CONSTRUCTOR, f"{type_name} has no attribute `{attribute}`{hint}; it has: {listed}")
        result[attribute] = parameter
    present = {parameter.name for parameter in result.values()}
    missing = [camel_case(item.name) for item in known.values() if item.required and item.name not in present]
    if missing:
        raise position.error(NO_CONSTRUCTOR, f"{type_name} needs the attribute `{missing[0]}`; it has: {listed}")
    return result


def property_hint(target: Any, attribute: str, position: Position) -> Any:
    """The type of a writable property (`Speed` is `speed`); raises E10 or E07."""
    name = snake_case(attribute)
    declared = getattr(type(target), name, None)
    if isinstance(declared, property):
        if declared.fset is None:
            raise position.error(PROPERTY_NOT_WRITABLE, f"the property `{attribute}` can only be read")
        hints = typing.get_type_hints(declared.fset)
        hints.pop("return", None)
        return next(iter(hints.values()), Any)
    if not hasattr(target, name) or callable(getattr(target, name)):
        known = [item for item in dir(target) if not item.startswith("_") and not callable(getattr(target, item))]
        hint = did_you_mean(name, known)
        raise position.error(PROPERTY_MISSING, f"{type(target).__name__} has no property `{attribute}`{hint}")
    present = getattr(target, name)
    return type(present) if isinstance(present, _PLAIN) else Any
