"""Robot keywords for the mains."""

from __future__ import annotations

from robot.api import logger
from robot.api.deco import keyword, library

from wattbench.core.clock import to_ns
from wattbench.robot.grid_disturbances import DisturbanceKeywords
from wattbench.robot.grid_loads import LoadKeywords, Phase, Quantity
from wattbench.robot.grid_sensors import RecordingKeywords, SensorKeywords
from wattbench.robot.session import moment, seconds


@library
class Grid(LoadKeywords, DisturbanceKeywords, SensorKeywords, RecordingKeywords):
    """Sets what the mains does, and tells in closed form what was injected.

    Voltages and currents are RMS values of the fundamental. A current counts positive towards the load; an inductive
    power factor lets it lag. ``at`` is an absolute virtual time in seconds that lies ahead; without it the change
    happens now. What is not given stays as it is.

    A load that would overdrive a converter is refused, and nothing is changed.

    `Injected` knows these quantities, energies over the time, everything else means over it; with a phase:
    ``voltage_rms_v``, ``current_rms_a``, ``active_power_w``, ``reactive_power_var`` (of the fundamental),
    ``reactive_budeanu_var``, ``apparent_power_va``, ``nonactive_power_var``, ``distortion_power_va``,
    ``power_factor``, ``voltage_fundamental_v``, ``voltage_dc_v``, ``voltage_thd_percent`` and those of the current,
    ``active_wh`` and its parts ``active_import_wh`` and ``active_export_wh``, the same in ``reactive_..._varh``;
    without a phase besides ``frequency_hz``, ``neutral_current_rms_a``, ``voltage_negative_unbalance_percent``,
    ``voltage_zero_unbalance_percent``.
    """

    @keyword
    def set_balanced_load(
        self,
        voltage: float,
        current: float,
        power_factor: float = 1.0,
        *,
        capacitive: bool = False,
        reversed: bool = False,
        at: str | None = None,
    ) -> None:
        """Sets all measured phases alike, 120 degrees apart in the sequence L1 L2 L3."""
        self.session.grid.set_balanced_load(
            voltage, current, power_factor, capacitive=capacitive, reversed=reversed, at=moment(at)
        )

    @keyword
    def set_phase(
        self,
        phase: Phase,
        voltage: float | None = None,
        current: float | None = None,
        *,
        power_factor: float | None = None,
        capacitive: bool = False,
        angle: float | None = None,
        voltage_angle: float | None = None,
        reversed: bool | None = None,
        at: str | None = None,
    ) -> None:
        """Sets one phase; ``angle`` is the lag of the current in degrees, to be given instead of a power factor.

        ``voltage_angle`` moves voltage and current of the phase to an angle in degrees (L1 0, L2 -120, L3 -240 at
        first). ``reversed`` swaps the current's connections, so that a consumer counts as export.
        """
        self.session.grid.set_phase(
            phase,
            voltage_v=voltage,
            current_a=current,
            power_factor=power_factor,
            angle_deg=angle,
            capacitive=capacitive,
            reversed=reversed,
            voltage_angle_deg=voltage_angle,
            at=moment(at),
        )

    @keyword
    def change_phase_at(
        self,
        at: str,
        phase: Phase,
        voltage: float | None = None,
        current: float | None = None,
        *,
        power_factor: float | None = None,
        capacitive: bool = False,
        angle: float | None = None,
        reversed: bool | None = None,
    ) -> None:
        """`Set Phase` at the absolute virtual time ``at``."""
        self.set_phase(
            phase,
            voltage,
            current,
            power_factor=power_factor,
            capacitive=capacitive,
            angle=angle,
            reversed=reversed,
            at=at,
        )

    @keyword
    def remove_load(self, at: str | None = None) -> None:
        """Takes the current of all measured phases away; the voltages stay."""
        for phase in self.session.bench.front_ends:
            if phase != "N":
                self.session.grid.set_phase(phase, current_a=0.0, at=moment(at))

    @keyword
    def open_current(self, phase: Phase, at: str | None = None) -> None:
        """Opens the current circuit of a phase until it gets a current again."""
        self.session.grid.open_current(phase, at=moment(at))

    @keyword
    def set_frequency(self, frequency: float, at: str | None = None) -> None:
        """Sets the frequency of the mains in Hz without a step in phase."""
        self.session.grid.set_frequency(frequency, at=moment(at))

    @keyword
    def add_harmonic(
        self,
        phase: Phase,
        quantity: Quantity,
        order: float,
        percent: float,
        *,
        angle: float = 0.0,
        at: str | None = None,
    ) -> None:
        """Adds a harmonic of ``percent`` of the fundamental's RMS; a broken order is an interharmonic."""
        self.session.grid.add_harmonic(phase, quantity, order, percent, phase_deg=angle, at=moment(at))

    @keyword
    def injected(self, quantity: str, start: str, end: str, phase: Phase | None = None) -> float:
        """Returns what was injected between two virtual times in s: ``active_import_wh``, ``reactive_varh``, ...

        Without ``phase`` it is that of the three phases together. Fails if a converter never sampled part of it.
        """
        value = self.session.grid.injected(to_ns(seconds(start)), to_ns(seconds(end))).value(quantity, phase)
        logger.info(f"{quantity} from {start} s to {end} s: {value:.9g}")
        return value

    @keyword
    def injected_energy(self, start: str, end: str, phase: Phase | None = None) -> float:
        """Returns the net active energy in Wh that was injected between two virtual times in s."""
        return self.injected("active_wh", start, end, phase)
