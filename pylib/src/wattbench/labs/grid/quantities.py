"""What was injected between two virtual times, as plain data, and by which definitions.

- Active energy is the integral of u i over exactly the given time, whole cycles or not; RMS values are roots of mean
  squares over it. Noise counts in expectation.
- An order's phasor is its Fourier coefficient against the oscillator; P and Q of an order are the real and imaginary
  part of U I*. The reactive power is that of the fundamental (IEC 62053-24, IEEE 1459 Q1). `reactive_budeanu_var` is
  the sum of Q over all orders that voltage and current have in common (Budeanu).
- S is U I; `nonactive_power_var` is sqrt(S^2 - P^2) (Fryze, IEEE 1459 N); `distortion_power_va` is
  sqrt(S^2 - P^2 - Qb^2) (Budeanu's D).
- THD is the RMS of the orders 2 to 50 in percent of the fundamental (IEC 61000-4-30, without grouping); DC and
  interharmonics do not count.
- Under a factor (ramp, modulation, dip) an order's phasor is the stationary one times the factor at each instant, and
  powers of orders are means over time. Transients count in energies and RMS values, not in phasors. Of a recording the
  phasors are those of the given time against the oscillator; give it a time of whole cycles.
- Where voltage and current are both cut, their Q and P by orders go to the 50th.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction

from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import UsageError


@dataclass(frozen=True)
class PhaseInjected:
    """Truth about one phase: energies over the time, means over it. Import is positive (see `schedule`)."""

    active_wh: float
    active_import_wh: float
    """Energy of the segments whose mean power is positive."""
    active_export_wh: float
    """Energy of the segments whose mean power is negative, as a positive number."""
    reactive_varh: float
    reactive_import_varh: float
    reactive_export_varh: float
    apparent_vah: float
    """U I of the whole time, times the time."""
    voltage_rms_v: float
    current_rms_a: float
    active_power_w: float
    reactive_power_var: float
    apparent_power_va: float
    power_factor: float
    """P / S; 0 without apparent power."""
    voltage_fundamental_v: float
    current_fundamental_a: float
    voltage_dc_v: float
    """Mean value."""
    current_dc_a: float
    voltage_thd_percent: float
    """0 without a fundamental."""
    current_thd_percent: float
    reactive_budeanu_var: float
    nonactive_power_var: float
    distortion_power_va: float
    voltage_by_order_v: Mapping[Fraction, float]
    """RMS of each order up to the 50th that has content."""
    current_by_order_a: Mapping[Fraction, float]
    active_power_by_order_w: Mapping[Fraction, float]
    reactive_power_by_order_var: Mapping[Fraction, float]


@dataclass(frozen=True)
class Injected:
    """Truth about the mains from `from_ns` to `to_ns`, per phase and for all three.

    `active_import_wh` and its like split by the sign of the sum of the phases (a meter that adds before it sorts);
    `..._by_phase_...` split each phase by its own sign and add then.
    """

    from_ns: int
    to_ns: int
    frequency_hz: float
    """Turns of the oscillator over the time."""
    phases: Mapping[str, PhaseInjected]
    neutral_current_rms_a: float
    active_wh: float
    active_import_wh: float
    active_export_wh: float
    active_import_by_phase_wh: float
    active_export_by_phase_wh: float
    reactive_varh: float
    reactive_import_varh: float
    reactive_export_varh: float
    reactive_import_by_phase_varh: float
    reactive_export_by_phase_varh: float
    apparent_vah: float
    """Sum of the phases' apparent energies."""
    active_power_w: float
    reactive_power_var: float
    apparent_power_va: float
    power_factor: float
    voltage_positive_sequence_v: float
    """Symmetrical components of the fundamentals, RMS over time."""
    voltage_negative_sequence_v: float
    voltage_zero_sequence_v: float
    voltage_negative_unbalance_percent: float
    """Negative over positive sequence (IEC 61000-4-30); 0 without a positive one."""
    voltage_zero_unbalance_percent: float

    @property
    def duration_s(self) -> float:
        """The time in seconds."""
        return (self.to_ns - self.from_ns) / NS_PER_S

    def value(self, quantity: str, phase: str | None = None) -> float:
        """A quantity by its name in this class (`phase` None) or in `PhaseInjected`; raises UsageError."""
        owner: Injected | PhaseInjected = self if phase is None else self._phase(phase)
        names = [entry.name for entry in fields(owner) if entry.type == "float"]
        if quantity not in names:
            where = "the three phases together" if phase is None else "a phase"
            raise UsageError(f"There is no quantity {quantity!r} of {where}; there are {', '.join(names)}.")
        return float(getattr(owner, quantity))

    def _phase(self, phase: str) -> PhaseInjected:
        if phase not in self.phases:
            raise UsageError(f"There is no phase {phase!r}; there are {', '.join(self.phases)}.")
        return self.phases[phase]
