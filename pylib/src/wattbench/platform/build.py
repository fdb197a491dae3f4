"""From a description to wired objects, with the engine's factory for what only an engine can make.

Order as in Renode: objects by their constructor references, then properties and interrupts, then registration with
parents first. `init` and `reset` are handed back, they need a Monitor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wattbench.core.errors import WattbenchError
from wattbench.core.names import snake_case
from wattbench.platform import syntax
from wattbench.platform.description import Description, Element
from wattbench.platform.draft import inline_element, walk
from wattbench.platform.factory import Built, Factory, Platform, ScriptLine
from wattbench.platform.placing import register
from wattbench.platform.types import find_type, match_parameters, parameters, property_hint
from wattbench.platform.values import Converter
from wattbench.platform.wiring import connect

CREATION_CYCLE = 24
CONSTRUCTION_FAILED = 38
PROPERTY_SETTING_FAILED = 40
NAME_TAKEN = 41
REGISTRATION_CYCLE = 45


def build(description: Description, factory: Factory, platform: Platform) -> Built:
    """Make, wire and register everything a description says, into `platform`.

    Models that already exist there take part in references and updates. Raises SourceError at the first fault; what
    was made until then stays. The types a description names must have been imported (they enter the catalogue so).
    """
    return _Builder(factory, platform).build(description)


class _Builder:
    def __init__(self, factory: Factory, platform: Platform) -> None:
        self._factory, self._platform = factory, platform
        self._variables: dict[str, Any] = dict(platform.objects)
        self._converter = Converter(self._variables, self._create_inline)
        self._inline: list[tuple[Element, Any]] = []

    def build(self, description: Description) -> Built:
        elements = {element.variable: element for element in description.elements}
        self._converter.known = {**self._variables, **elements}
        for element in _sorted(elements, _constructor_references, CREATION_CYCLE, "made before each other"):
            if element.type is not None:
                if element.name in self._platform.objects:
                    raise element.position.error(NAME_TAKEN, f"the machine already has an object `{element.name}`")
                made = self._create(element, element.type)
                self._variables[element.variable] = self._platform.objects[element.name] = made
        named = [(element, self._variables[element.variable]) for element in elements.values()]
        wired = [*named, *self._inline]
        for element, target in wired:
            self._set_properties(element, target)
        # Properties may have made further inline objects; they are set and wired in their turn.
        for element, target in self._inline[len(wired) - len(named) :]:
            self._set_properties(element, target)
            wired.append((element, target))
        self._platform.gates += connect(wired, self._variables)
        view = Platform(self._variables, self._platform.placements)
        for element in _sorted(elements, _parents, REGISTRATION_CYCLE, "registered in each other"):
            register(element, self._variables[element.variable], view, self._factory)
            if element.registrations and element.type:
                parent = elements.get(element.registrations[0].parent)
                self._platform.parents[element.name] = parent.name if parent else element.registrations[0].parent
        init = tuple(
            ScriptLine(target, element.name, statement.text, statement.position)
            for element, target in [*self._inline, *named]
            for statement in element.init
        )
        reset = {element.name: element.reset for element, _ in named if element.reset}
        return Built(tuple(element.name for element, _ in named if element.type), init, reset)

    def _create_inline(self, new: syntax.NewObject) -> Any:
        element = inline_element(new)
        made = self._create(element, new.type)
        self._inline.append((element, made))
        return made

    def _create(self, element: Element, type_name: str) -> Any:
        found = find_type(type_name, element.position, self._factory.find_type)
        given = {name: item for name, item in element.attributes.items() if name[0].islower()}
        places = {name: item.position for name, item in given.items()}
        matched = match_parameters(type_name, parameters(found), places, element.position)
        arguments = {
            parameter.name: self._converter.convert(given[name].value, parameter.hint, f"`{name}`")
            for name, parameter in matched.items()
        }
        name = element.name or type_name.rpartition(".")[2]
        try:
            return found(self._factory.host(name), name, **arguments)
        except (TypeError, ValueError, LookupError, WattbenchError) as error:
            raise element.position.error(CONSTRUCTION_FAILED, f"`{name}` cannot be made: {error}") from error

    def _set_properties(self, element: Element, target: Any) -> None:
        for name, item in element.attributes.items():
            if name[0].islower():
                continue
            hint = property_hint(target, name, item.position)
            value = self._converter.convert(item.value, hint, f"the property `{name}`")
            try:
                setattr(target, snake_case(name), value)
            except (AttributeError, TypeError, ValueError, WattbenchError) as error:
                raise item.position.error(
                    PROPERTY_SETTING_FAILED, f"the property `{name}` cannot be set: {error}"
                ) from error


def _constructor_references(element: Element) -> Iterable[str]:
    """Names of the entries that must exist before this one can be made."""
    for name, item in element.attributes.items():
        if name[0].islower():
            yield from _references(item.value)


def _references(value: syntax.Value) -> Iterable[str]:
    for item in walk(value):
        if isinstance(item, syntax.Reference):
            yield item.name
        elif isinstance(item, syntax.NewObject):
            yield from _constructor_references(inline_element(item))


def _parents(element: Element) -> Iterable[str]:
    return (registration.parent for registration in element.registrations or ())


def _sorted(
    elements: Mapping[str, Element], needs: Callable[[Element], Iterable[str]], code: int, what: str
) -> list[Element]:
    """The elements with what they need in front of them, otherwise in their order; a cycle is an error."""
    result: dict[str, Element] = {}

    def visit(variable: str, path: tuple[str, ...]) -> None:
        if variable in result or variable not in elements:
            return
        if variable in path:
            chain = " -> ".join((*path[path.index(variable) :], variable))
            raise elements[variable].position.error(code, f"these entries would have to be {what}: {chain}")
        for needed in needs(elements[variable]):
            visit(needed, (*path, variable))
        result[variable] = elements[variable]

    for variable in elements:
        visit(variable, ())
    return list(result.values())
