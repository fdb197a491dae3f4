"""Robot keywords for what happens to the mains over time, and between the phases."""

from __future__ import annotations

from typing import Literal

from robot.api import logger
from robot.api.deco import keyword

from wattbench.robot.grid_loads import Phase, Quantity
from wattbench.robot.session import BenchLibrary, moment, seconds

Phases = Literal["L1", "L2", "L3", "N", "all"]


class DisturbanceKeywords(BenchLibrary):
    """Part of the library `Grid`. With the phase ``all`` a keyword acts on all measured phases."""

    @keyword
    def ramp_phase(
        self,
        phase: Phases,
        voltage: float | None = None,
        current: float | None = None,
        *,
        duration: str,
        at: str | None = None,
    ) -> None:
        """Takes the RMS of voltage (V) or current (A), with its harmonics, in a straight line to a new value."""
        self.session.grid.ramp_phase(_one(phase), voltage, current, duration_s=seconds(duration), at=moment(at))

    @keyword
    def ramp_frequency(self, frequency: float, *, duration: str, at: str | None = None) -> None:
        """Takes the frequency of all phases in a straight line to a new value in Hz, without a step in phase."""
        self.session.grid.ramp_frequency(frequency, duration_s=seconds(duration), at=moment(at))

    @keyword
    def swing_frequency(self, deviation: float, rate: float = 1.0, *, at: str | None = None) -> None:
        """Lets the frequency swing by ``deviation`` Hz to both sides, ``rate`` times a second; 0 ends it."""
        self.session.grid.swing_frequency(deviation, rate, moment(at))

    @keyword
    def modulate(
        self,
        phase: Phases,
        quantity: Quantity,
        percent: float,
        rate: float = 1.0,
        *,
        form: Literal["sine", "square"] = "sine",
        at: str | None = None,
    ) -> None:
        """Modulates the amplitude of a channel by ``percent`` to both sides, ``rate`` times a second; 0 ends it."""
        self.session.grid.modulate(_one(phase), quantity, percent, rate, form=form, at=moment(at))

    @keyword
    def set_flicker(self, phase: Phases, percent: float, changes_per_minute: float, *, at: str | None = None) -> None:
        """Changes the voltage up and down by ``percent`` of its mean, so often a minute (IEC 61000-4-15)."""
        self.session.grid.flicker(_one(phase), percent, changes_per_minute, moment(at))

    @keyword
    def dip_voltage(
        self, phase: Phases, residual: float, duration: str, *, angle: float | None = None, at: str | None = None
    ) -> None:
        """Brings the voltage to ``residual`` percent for ``duration``: a dip, above 100 a swell, 0 an interruption.

        With ``angle`` it begins at the first time from ``at`` on at which the voltage has that angle in degrees.
        """
        self.session.grid.dip(_one(phase), residual, seconds(duration), angle_deg=angle, at=moment(at))

    @keyword
    def interrupt_voltage(self, phase: Phases, duration: str, *, at: str | None = None) -> None:
        """Takes the voltage away for ``duration``."""
        self.session.grid.interrupt(_one(phase), seconds(duration), moment(at))

    @keyword
    def add_transient(
        self,
        phase: Phase,
        quantity: Quantity,
        peak: float,
        decay: str,
        *,
        rise: str = "0",
        ring: float = 0.0,
        at: str | None = None,
    ) -> None:
        """Adds a surge of ``peak`` V or A that fades with the time constant ``decay`` and rises with ``rise``.

        With ``ring`` it rings at that frequency in Hz.
        """
        times = {"decay_s": float(seconds(decay)), "rise_s": float(seconds(rise))}
        self.session.grid.add_transient(phase, quantity, peak, **times, ring_hz=ring, at=moment(at))

    @keyword
    def time_of_angle(self, phase: Phase, angle: float, *, at: str | None = None) -> float:
        """Returns the first virtual time in s from ``at`` on at which the voltage of a phase has an angle in degrees.

        At 0 degrees it goes through zero upwards.
        """
        time_s = float(self.session.grid.time_of_angle(phase, angle, moment(at)))
        logger.info(f"{phase} is at {angle:g} degrees at {time_s:.9f} s")
        return time_s

    @keyword
    def set_unbalance(
        self,
        voltage: float,
        negative: float = 0.0,
        zero: float = 0.0,
        *,
        negative_angle: float = 0.0,
        zero_angle: float = 0.0,
        at: str | None = None,
    ) -> None:
        """Sets the three voltages by symmetrical components: the positive sequence in V, the others in percent of it.

        Their angles are in degrees ahead of the positive sequence, all in L1.
        """
        self.session.grid.set_unbalance(
            voltage, negative, zero, negative_deg=negative_angle, zero_deg=zero_angle, at=moment(at)
        )

    @keyword
    def reverse_phase_sequence(self, *, at: str | None = None) -> None:
        """Swaps the angles of L2 and L3; the currents go with their voltages."""
        self.session.grid.reverse_sequence(moment(at))

    @keyword
    def lose_neutral(self, *, at: str | None = None) -> None:
        """Cuts the neutral between source and meter: the star point of the loads, as they are set now, floats."""
        self.session.grid.lose_neutral(moment(at))


def _one(phase: Phases) -> str | None:
    return None if phase == "all" else phase
