"""AOI: four outputs, each the OR of four ANDs of its own four inputs (i.MX RT1170 reference manual, chapter AOI)."""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import load_table

TABLE = load_table("wattbench.hw.imxrt", "aoi")
OUTPUTS, INPUTS = range(4), range(16)
ZERO, TRUE, INVERTED, ONE = range(4)
"""What a term takes of an input: nothing, its level, the inverted level, or no notice of it."""


@model("Wattbench.Aoi")
class Aoi(RegisterBlock):
    """One AOI. Inputs 4n to 4n + 3 are A to D of output `n`, which follows at once."""

    table = TABLE
    size = 0x4000
    state_names = ("_levels",)

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self._levels = [False] * len(INPUTS)
        self._lines = [self.output(number) for number in OUTPUTS]

    def reset(self) -> None:
        """See `Model.reset`; levels at the inputs stay."""
        super().reset()
        for number in OUTPUTS:
            self._drive(number)

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`."""
        if number not in INPUTS:
            raise TypeError(f"{self.name} has inputs 0 to 15, not {number}")
        self._levels[number] = level
        self._drive(number // 4)

    def _term(self, number: int, term: int) -> bool:
        register = "BFCRT01{n}" if term < 2 else "BFCRT23{n}"
        value = self[register.replace("{n}", str(number))]
        for place, name in enumerate("ABCD"):
            rule, level = TABLE[register][f"PT{term}_{name}C"].get(value), self._levels[4 * number + place]
            if rule == ZERO or (rule == TRUE and not level) or (rule == INVERTED and level):
                return False
        return True

    def _drive(self, number: int) -> None:
        self._lines[number].set(any(self._term(number, term) for term in range(4)))

    @on_write("BFCRT01{n}", "BFCRT23{n}")
    def _write_terms(self, number: int, raw: int, old: int) -> None:
        self._drive(number)
