"""Robot keywords for loads that are no sines."""

from __future__ import annotations

from typing import Literal

from robot.api.deco import keyword

from wattbench.robot.session import BenchLibrary, moment

Phase = Literal["L1", "L2", "L3", "N"]
Quantity = Literal["voltage", "current"]


class LoadKeywords(BenchLibrary):
    """Part of the library `Grid`."""

    @keyword
    def fire_current(self, phase: Phase, start: float, end: float = 180.0, *, at: str | None = None) -> None:
        """Lets the current flow only from ``start`` to ``end`` degrees of each of its half cycles.

        The RMS value that is set stays that of the whole sine. From 90 degrees on, half the power is left.
        """
        self.session.grid.fire_current(phase, start, end, moment(at))

    @keyword
    def rectify_current(self, phase: Phase, *, positive: bool = True, at: str | None = None) -> None:
        """Lets only the positive half cycles of the current flow, or only the negative ones: DC and even harmonics."""
        self.session.grid.rectify_current(phase, positive=positive, at=moment(at))

    @keyword
    def burst_current(self, phase: Phase, on: int = 2, off: int = 2, *, at: str | None = None) -> None:
        """Lets the current flow for ``on`` whole cycles, then not for ``off``, again and again: sub-harmonics."""
        self.session.grid.burst_current(phase, on, off, moment(at))

    @keyword
    def set_square(self, phase: Phase, quantity: Quantity, *, at: str | None = None) -> None:
        """Makes the fundamental of a channel a square wave of the same RMS value."""
        self.session.grid.set_square(phase, quantity, moment(at))

    @keyword
    def restore_sine(self, phase: Phase, quantity: Quantity = "current", *, at: str | None = None) -> None:
        """Ends what the keywords that cut or square a channel began."""
        self.session.grid.restore_sine(phase, quantity, moment(at))

    @keyword
    def set_harmonic_mix(self, phase: Phase, mix: str, *, at: str | None = None) -> None:
        """Gives voltage and current of a phase the harmonics of a standard's test, and no others.

        ``fifth`` is that of IEC 62053-21 (P becomes 1.04 P1), ``quadriform`` and ``peaked`` are those of OIML R46,
        ``none`` takes all away.
        """
        self.session.grid.set_mix(phase, mix, moment(at))

    @keyword
    def remove_harmonic(self, phase: Phase, quantity: Quantity, order: float, *, at: str | None = None) -> None:
        """Takes a harmonic away."""
        self.session.grid.remove_harmonic(phase, quantity, order, moment(at))

    @keyword
    def set_direct_component(self, phase: Phase, quantity: Quantity, value: float, *, at: str | None = None) -> None:
        """Adds a constant in V or A to a channel; 0 ends it."""
        self.session.grid.set_dc(phase, quantity, value, moment(at))

    @keyword
    def set_noise(self, phase: Phase, quantity: Quantity, rms: float, *, seed: int = 0, at: str | None = None) -> None:
        """Adds white noise of ``rms`` V or A to a channel; 0 ends it. The same seed gives the same noise."""
        self.session.grid.set_noise(phase, quantity, rms, seed=seed, at=moment(at))
