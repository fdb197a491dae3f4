"""One number that was judged."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A measured value against its reference; error, limit and uncertainty are in `error_unit`."""

    quantity: str
    unit: str
    reference: float
    measured: float
    error: float
    limit: float
    uncertainty: float
    error_unit: str
    source: str = "registers"

    @property
    def passed(self) -> bool:
        """Whether the error is within the limit, but for what the reference itself leaves open."""
        return abs(self.error) <= self.limit + self.uncertainty

    def __str__(self) -> str:
        return (
            f"{self.quantity} {self.measured:.9g} {self.unit}, reference {self.reference:.9g} {self.unit}, "
            f"error {self.error:+.4g} of at most {self.limit:.4g} {self.error_unit}"
        )


def finding(
    quantity: str,
    unit: str,
    reference: float,
    measured: float,
    allowed: float,
    *,
    nominal: float | None = None,
    uncertainty: float = 0.0,
    source: str = "registers",
) -> Finding:
    """Judge a value by an allowed error in its own unit; with `nominal` shown in percent of that."""
    scale, error_unit = (1.0, unit) if nominal is None else (100 / nominal, "% of nominal")
    parts = ((measured - reference) * scale, allowed * scale, uncertainty * scale)
    return Finding(quantity, unit, reference, measured, *parts, error_unit, source)
