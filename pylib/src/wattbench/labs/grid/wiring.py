"""How the mains is wired to the converters of a bench."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from wattbench.core.analog import AnalogPort
from wattbench.core.errors import UsageError
from wattbench.labs.grid.channels import NEUTRAL, PHASES, Channel
from wattbench.labs.grid.front_end import FrontEnd, FrontEndDescription
from wattbench.labs.grid.front_ends.transformer import CurrentTransformer
from wattbench.labs.grid.source import Pin


class AfeModel(Protocol):
    """What the grid needs of a converter's model."""

    @property
    def analog(self) -> AnalogPort:
        """Its inputs."""

    @property
    def full_scale_v(self) -> Mapping[str, float]:
        """For each input the largest magnitude in volts that it turns into a code."""


class GridBench(Protocol):
    """What the grid needs of a bench."""

    @property
    def now_ns(self) -> int:
        """Virtual time."""

    @property
    def front_ends(self) -> Mapping[str, FrontEndDescription]:
        """Wiring of each measured phase (L1, L2, L3, N)."""

    def model(self, name: str) -> Any:
        """A model of the platform by name; of converters an `AfeModel`."""


def wired_pins(phase: str, description: FrontEndDescription, model: AfeModel) -> Iterator[Pin]:
    """The pins through which a converter sees one phase; raises UsageError where the wiring makes no sense."""
    if phase not in (*PHASES, NEUTRAL):
        raise UsageError(f"A front end is for L1, L2, L3 or N, not {phase!r}.")
    gains = {"voltage": description.divider_ratio, "current": description.sensor_ohm}
    sensors = {
        "voltage": FrontEnd(gains["voltage"], temperature_coefficient_ppm=description.divider_ppm_per_k),
        "current": FrontEnd(gains["current"], temperature_coefficient_ppm=description.sensor_ppm_per_k),
    }
    wound = description.transformer
    if wound is not None:
        transformer = CurrentTransformer(wound.lead_deg, wound.nominal_hz, wound.knee_a)
        sensors["current"] = replace(sensors["current"], transformer=transformer)
    for quantity, input_name in (("voltage", description.voltage_input), ("current", description.current_input)):
        if not input_name:
            continue
        if input_name not in model.full_scale_v:
            known = ", ".join(model.full_scale_v)
            raise UsageError(f"{description.afe} has no input {input_name!r} for the {quantity} of {phase}: {known}.")
        if abs(gains[quantity]) > 1:
            raise UsageError(
                f"The front end for the {quantity} of {phase} gives {gains[quantity]:g} V at the pin for each V or A "
                f"of the line; a shunt or burden is given in ohm and a divider as the part that is left, such as 1/991."
            )
        channel = Channel(phase, quantity)
        yield Pin(description.afe, input_name, channel, sensors[quantity], model.full_scale_v)
