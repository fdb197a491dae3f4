"""Power factors as standards write them: `1`, `0.5 inductive`, `0.8 capacitive`, `sin 0.25 inductive`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wattbench.core.errors import UsageError

CHARACTERS = ("inductive", "capacitive")


@dataclass(frozen=True)
class Factor:
    """The angle of a load by its cosine, or for reactive energy by its sine."""

    value: float
    capacitive: bool = False
    of_sine: bool = False

    @staticmethod
    def of(text: str) -> Factor:
        """A factor from its text; raises UsageError."""
        words = text.split()
        of_sine = words[:1] == ["sin"]
        words = words[1:] if of_sine else words
        character = words[1] if len(words) == 2 else ""
        try:
            value = float(words[0])
        except (IndexError, ValueError):
            value = math.nan
        needs_character = of_sine or value != 1
        if not 0 < value <= 1 or len(words) > 2 or character not in (CHARACTERS if needs_character else ("",)):
            raise UsageError(
                f"`{text}` is no power factor; it is `1`, `0.5 inductive`, `0.8 capacitive` or `sin 0.5 inductive`"
            )
        return Factor(value, character == "capacitive", of_sine)

    @staticmethod
    def at(angle_deg: float) -> tuple[Factor, bool]:
        """The factor of a current that lags by `angle_deg`, and whether its energy is exported."""
        angle = math.radians(angle_deg)
        cosine, sine = round(math.cos(angle), 12), round(math.sin(angle), 12)
        export = cosine < 0
        capacitive = sine != 0 and (sine < 0) != export
        return (Factor(abs(cosine), capacitive) if cosine else Factor(1.0, capacitive, of_sine=True)), export

    @property
    def cosine(self) -> float:
        """The power factor."""
        return math.sqrt(1 - self.value**2) if self.of_sine else self.value

    @property
    def sine(self) -> float:
        """The reactive part, without sign."""
        return self.value if self.of_sine else math.sqrt(1 - self.value**2)

    @property
    def character(self) -> str:
        """Inductive, capacitive, or nothing at a power factor of 1."""
        return "" if self.value == 1 and not self.of_sine else CHARACTERS[self.capacitive]

    def __str__(self) -> str:
        return " ".join(filter(None, (f"{'sin' if self.of_sine else 'PF'} {self.value:g}", self.character)))


UNITY = Factor(1.0)
"""Power factor 1."""
