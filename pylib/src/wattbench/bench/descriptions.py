"""What a manifest describes, as data: console, pulses, metrology, front ends, clock, registers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wattbench.core.errors import UsageError

TYPES = {
    "u8": ("B", 1), "i8": ("b", 1), "u16": ("H", 2), "i16": ("h", 2), "u32": ("I", 4), "i32": ("i", 4),
    "u64": ("Q", 8), "i64": ("q", 8), "f32": ("f", 4), "f64": ("d", 8),
}  # fmt: skip
"""Types of registers: struct code and bytes."""


@dataclass(frozen=True)
class Console:
    """The firmware's shell."""

    uart: str
    prompt: str
    ready: str


@dataclass(frozen=True)
class PulseOutput:
    """A metrology LED and the meter constant it flashes with: one of the two, the other is 0."""

    led: str
    constant_imp_per_kwh: float = 0.0
    constant_imp_per_kvarh: float = 0.0

    @property
    def per_kilo_hour(self) -> float:
        """Flashes per kWh or kvarh."""
        return self.constant_imp_per_kwh or self.constant_imp_per_kvarh


@dataclass(frozen=True)
class Booking:
    """How a meter's energy registers advance: at least every `period_s`, up to `jitter_s` after a portion's end."""

    period_s: float = 0.0
    jitter_s: float = 0.0

    @property
    def step_s(self) -> float:
        """How finely an advance is looked for."""
        return max(self.jitter_s / 16, 50e-6)


@dataclass(frozen=True)
class Metrology:
    """What the meter is made for."""

    nominal_voltage_v: float
    nominal_current_a: float
    maximum_current_a: float
    starting_current_a: float
    nominal_frequency_hz: float
    sample_rate_hz: float
    window_ms: float
    settle_ms: float
    register_period_ms: float = 0.0
    """Longest time between two advances of the energy registers."""
    register_jitter_ms: float = 0.0
    """How much later than the end of the energy it adds an advance may come."""
    connection: str = "direct"
    """`direct` or `transformer`."""
    accuracy_class: str = ""
    """For active energy: A, B or C (EN 50470-3), 0.2S to 2 (IEC 62053)."""
    reactive_class: str = ""
    """For reactive energy: 0.5S to 3 (IEC 62053)."""
    minimum_current_a: float = 0.0
    """Imin of EN 50470-3; 0 where it is not stated."""
    transitional_current_a: float = 0.0
    """Itr of EN 50470-3; 0 where it is not stated."""

    @property
    def booking(self) -> Booking:
        """How the energy registers advance."""
        return Booking(self.register_period_ms / 1000, self.register_jitter_ms / 1000)


@dataclass(frozen=True)
class TransformerDescription:
    """A current transformer and the burden across its secondary winding, where the converter's pins are."""

    turns: float
    """Of the secondary for one of the primary."""
    burden_ohm: float
    lead_deg: float
    """By which it leads at `nominal_hz`."""
    nominal_hz: float = 50.0
    knee_a: float = math.inf
    """Magnetising current (primary, peak) at which the core saturates."""
    burden_ppm_per_k: float = 0.0
    """How the burden changes with the temperature; 0 where it is not known."""


@dataclass(frozen=True)
class FrontEndDescription:
    """How one phase reaches its converter: the current through a shunt or a transformer, the voltage by a divider."""

    afe: str
    current_input: str
    voltage_input: str = ""
    divider_ratio: float = 0.0
    shunt_ohm: float = 0.0
    transformer: TransformerDescription | None = None
    shunt_ppm_per_k: float = 0.0
    """How the shunt changes with the temperature; 0 where it is not known."""
    divider_ppm_per_k: float = 0.0

    @property
    def sensor_ohm(self) -> float:
        """Volts at the converter's pins per ampere of the line."""
        return self.shunt_ohm if self.transformer is None else self.transformer.burden_ohm / self.transformer.turns

    @property
    def sensor_ppm_per_k(self) -> float:
        """How the current's sensor changes with the temperature; 0 where it is not known."""
        return self.shunt_ppm_per_k if self.transformer is None else self.transformer.burden_ppm_per_k


@dataclass(frozen=True)
class ClockDescription:
    """A meter that keeps time: its test output, what its clocks are made of, and how its shell is asked.

    In the commands `{utc}` stands for a time such as `2026-03-29T00:59:50.000Z`, `{ms}` for milliseconds, `{ppm}` for
    a correction of rate (positive: faster), `{count}` for a number of records. The answers are those of the reference
    firmware: a line `utc TIME`, `record NUMBER END FLAGS ENERGY...`, `event NUMBER TIME CODE NAME VALUE`.
    """

    output: str
    """The part (a LED) that begins to shine at each full second of the meter's clock."""
    rtc: str = ""
    """Model of the counter with the 32 kHz crystal."""
    oscillator: str = ""
    """Model with the processor's crystal."""
    supply: str = ""
    """Model of the power supply, where it warns of a failure."""
    set_command: str = "time set {utc}"
    shift_command: str = "time shift {ms}"
    trim_command: str = "time trim {ppm}"
    read_command: str = "time"
    profile_command: str = "profile {count}"
    events_command: str = "events {count}"


@dataclass(frozen=True)
class RegisterDescription:
    """A quantity in the firmware's memory: `count` numbers of `type` at `symbol`, each times `scale` in `unit`.

    `elements` names the numbers where there are several, such as total, L1, L2, L3. `sequence` is the symbol of a
    counter that is odd while the firmware writes them.
    """

    symbol: str
    type: str
    unit: str
    count: int = 1
    scale: float = 1.0
    elements: tuple[str, ...] = ()
    sequence: str = ""

    @property
    def first(self) -> str:
        """Name of the first number."""
        return self.elements[0] if self.elements else "0"

    @property
    def resolution(self) -> float:
        """The step of one number in `unit`; 0 for a floating-point one."""
        return 0.0 if self.type.startswith("f") else abs(self.scale)

    def index(self, element: str) -> int:
        """The place of an element by name or number; raises UsageError."""
        if element in self.elements:
            return self.elements.index(element)
        if element.isdecimal() and int(element) < self.count:
            return int(element)
        known = ", ".join(self.elements) or f"0 to {self.count - 1}"
        raise UsageError(f"the register at {self.symbol} has no element `{element}`; it has {known}")

    @property
    def size(self) -> int:
        """Bytes of one number."""
        return TYPES[self.type][1]

    @property
    def format(self) -> str:
        """The format of all numbers, for `struct`."""
        return f"<{self.count}{TYPES[self.type][0]}"
