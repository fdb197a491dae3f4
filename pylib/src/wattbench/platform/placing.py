"""Registration: putting objects on the system bus or into a parent."""

from __future__ import annotations

from typing import Any

from wattbench.core.errors import WattbenchError
from wattbench.core.names import did_you_mean
from wattbench.platform import syntax
from wattbench.platform.description import Element
from wattbench.platform.factory import Factory, Placement, Platform
from wattbench.platform.types import short_name

NO_REGISTER_INTERFACE = 5
MISSING_REFERENCE = 20
NO_REGISTRATION_POINT = 21
REGISTRATION_FAILED = 39

_BUS_FORMS = {
    "Bus.BusPointRegistration": ("address", "offset", "cpu"),
    "Bus.BusRangeRegistration": ("address", "size", "offset", "cpu"),
}


def register(element: Element, device: Any, platform: Platform, factory: Factory) -> None:
    """Carry out the registrations of an element; raises SourceError E05, E20, E21 or E39."""
    for registration in element.registrations or ():
        if registration.parent not in platform.objects:
            hint = did_you_mean(registration.parent, platform.objects)
            raise registration.position.error(
                MISSING_REFERENCE, f"the parent `{registration.parent}` is not declared{hint}"
            )
        if registration.parent == "sysbus":
            placement = _placement(element, device, registration, platform)
            if placement is not None:
                _place(placement, platform, factory)
        else:
            _attach(device, registration, platform.objects[registration.parent])


def _attach(device: Any, registration: syntax.Registration, parent: Any) -> None:
    value = registration.value
    if not hasattr(parent, "attach"):
        raise registration.position.error(NO_REGISTER_INTERFACE, f"`{registration.parent}` takes no parts")
    if value is not None and not (isinstance(value, syntax.Number) and isinstance(value.value, int)):
        raise registration.position.error(
            NO_REGISTRATION_POINT, f"a part of `{registration.parent}` is registered with a number or nothing"
        )
    try:
        parent.attach(device, value.value if isinstance(value, syntax.Number) else None)
    except TypeError as error:
        raise registration.position.error(NO_REGISTER_INTERFACE, str(error)) from error
    except (ValueError, WattbenchError) as error:
        raise registration.position.error(REGISTRATION_FAILED, str(error)) from error


def _placement(
    element: Element, device: Any, registration: syntax.Registration, platform: Platform
) -> Placement | None:
    """Where on the bus; None for an object that is a bus master only, such as a core."""
    value, position, size = registration.value, registration.position, getattr(device, "size", 0)
    match value:
        case None:
            if size:
                raise position.error(NO_REGISTRATION_POINT, f"`{element.name}` needs an address on sysbus")
            return None
        case syntax.Number(value=int(address)):
            return Placement(element.name, device, address, _known(size, element, registration), position)
        case syntax.Span():
            return Placement(element.name, device, value.start, value.end - value.start, position)
        case syntax.NewObject() if short_name(value.type) in _BUS_FORMS:
            return _explicit(element, device, registration, value, platform)
    forms = ", ".join(f"new {form} {{...}}" for form in _BUS_FORMS)
    raise position.error(NO_REGISTRATION_POINT, f"register on sysbus with an address, a range or {forms}")


def _explicit(
    element: Element, device: Any, registration: syntax.Registration, new: syntax.NewObject, platform: Platform
) -> Placement:
    form = short_name(new.type)
    numbers, cpu = {"offset": 0}, None
    for attribute in new.attributes:
        if not isinstance(attribute, syntax.Assignment) or attribute.name not in _BUS_FORMS[form]:
            known = ", ".join(_BUS_FORMS[form])
            raise attribute.position.error(NO_REGISTRATION_POINT, f"{form} takes {known} and nothing else here")
        value = attribute.value
        if attribute.name == "cpu" and isinstance(value, syntax.Reference) and value.name in platform.objects:
            cpu = platform.objects[value.name]
        elif attribute.name != "cpu" and isinstance(value, syntax.Number) and isinstance(value.value, int):
            numbers[attribute.name] = value.value
        else:
            raise attribute.position.error(NO_REGISTRATION_POINT, f"`{attribute.name}` cannot be this value")
    if "address" not in numbers:
        raise new.position.error(NO_REGISTRATION_POINT, f"{form} needs an `address`")
    size = numbers.get("size") or _known(getattr(device, "size", 0), element, registration)
    return Placement(
        element.name, device, numbers["address"], size, registration.position, cpu, numbers["offset"]
    )  # fmt: skip


def _known(size: int, element: Element, registration: syntax.Registration) -> int:
    if not size:
        raise registration.position.error(
            NO_REGISTER_INTERFACE,
            f"`{element.name}` ({element.type}) has no size: it is no bus device, or give a range",
        )
    return size


def _place(placement: Placement, platform: Platform, factory: Factory) -> None:
    if placement.start < 0:
        raise placement.position.error(REGISTRATION_FAILED, f"`{placement.name}` is at a negative address")
    start, end = placement.start, placement.end
    for other in platform.placements:
        if start < other.start + other.size and other.start < end and placement.cpu is other.cpu:
            raise placement.position.error(
                REGISTRATION_FAILED,
                f"`{placement.name}` at {_bounds(placement)} overlaps `{other.name}` at {_bounds(other)}",
            )
    try:
        factory.place(placement)
    except ValueError as error:
        raise placement.position.error(REGISTRATION_FAILED, str(error)) from error
    platform.placements.append(placement)


def _bounds(placement: Placement) -> str:
    return f"<0x{placement.start:08X}, 0x{placement.end:08X}>"
