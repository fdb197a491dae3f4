"""The way from the reset controller to a core: reset, vector table, release.

Source: i.MX RT1170 reference manual, chapters SRC and IOMUXC LPSR GPR.
"""

from __future__ import annotations

from wattbench.core.cores import ReleasedCore, VectorTableSource
from wattbench.core.host import Host
from wattbench.core.model import Model, model


@model("Wattbench.CoreStart")
class CoreStart(Model):
    """Lets `core` go while input 0 is high, and has it in reset else.

    At each rising edge the core begins with the vector table that `vectors` gives then. Under a chip reset it is held
    again, as the reset controller takes its line back.
    """

    state_names = ("_runs",)
    missing = (
        "arbitration between the cores: an instruction takes as long as it does alone",
        "exclusive accesses of both cores to one word: a store fails if the word has another value, not if it was written",
        "events (SEV) can be kept from the other core on the chip; here they always reach it",
        "bit-banding: the platform has none, as far as the sources of the chip's vendor show",
        "caches of the Cortex-M4 (LMEM): memory is always coherent between cores",
    )

    def __init__(self, host: Host, name: str, core: ReleasedCore, vectors: VectorTableSource) -> None:
        super().__init__(host, name)
        self.core, self.vectors = core, vectors
        self._runs = False

    def reset(self) -> None:
        """See `Model.reset`; input 0 is somebody else's to change."""
        super().reset()
        if not self._runs:
            self.core.hold_until_release()

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`."""
        if number != 0:
            super().on_input(number, level)
        elif level != self._runs:
            self._runs = level
            self.core.release(self.vectors.vector_table()) if level else self.core.hold_until_release()
