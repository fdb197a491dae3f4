"""The DMA request multiplexer of i.MX RT parts."""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import load_table
from wattbench.core.wires import DmaRequest
from wattbench.hw.imxrt.edma import Edma
from wattbench.hw.imxrt.edma_transfer import CHANNELS

TABLE = load_table("wattbench.hw.imxrt", "dmamux")
_CHCFG = TABLE["CHCFG{n}"]
_SOURCE, _ALWAYS, _TRIGGER, _ENABLE = (_CHCFG[name].mask for name in ("SOURCE", "A_ON", "TRIG", "ENBL"))
TRIGGERED_CHANNELS = 4


@model("Wattbench.DmaMux")
class DmaMux(RegisterBlock):
    """Connects DMA requests by source number (`connect_input`) to channels of `dma`.

    Inputs 0 to 3 are the timer pulses of channels 0 to 3: with TRIG a rising edge lets one request through, if the
    source wants service at that moment. Each service of a channel is acknowledged to its source. With TRIG on a
    channel above 3, which has no timer, nothing gets through.
    """

    table = TABLE
    size = 0x4000
    state_names = ("_triggered",)

    def __init__(self, host: Host, name: str, dma: Edma) -> None:
        super().__init__(host, name)
        self.dma = dma
        dma.on_service = self._served
        self._sources: dict[int, DmaRequest] = {}
        self._triggered = [False] * CHANNELS

    def connect_input(self, number: int, line: DmaRequest) -> None:
        """Wire the request `line` to source `number` (1 to 255)."""
        self._sources[number] = line
        line.connect(lambda level: self._source_changed(number))

    def on_input(self, number: int, level: bool) -> None:
        """A timer pulse for channel `number`."""
        if number >= TRIGGERED_CHANNELS:
            super().on_input(number, level)
        config = self.values[number]
        if level and config & _ENABLE and config & _TRIGGER and self._wanted(config):
            self._triggered[number] = True
            self._drive(number)

    def _wanted(self, config: int) -> bool:
        line = self._sources.get(config & _SOURCE)
        return bool(config & _ALWAYS) or (line is not None and line.level)

    def _source_changed(self, number: int) -> None:
        for channel, config in enumerate(self.values):
            if config & _ENABLE and config & _SOURCE == number:
                self._drive(channel)

    def _drive(self, channel: int) -> None:
        config = self.values[channel]
        level = bool(config & _ENABLE) and (
            self._triggered[channel] if config & _TRIGGER else self._wanted(config)
        )  # fmt: skip
        self.dma.request(channel, level)

    def _served(self, channel: int) -> None:
        config = self.values[channel]
        if not config & _ENABLE:
            return
        self._triggered[channel] = False
        line = self._sources.get(config & _SOURCE)
        if line is not None:
            line.acknowledged()
        if config & _TRIGGER:
            self._drive(channel)

    @on_write("CHCFG{n}")
    def _write_config(self, channel: int, raw: int, old: int) -> None:
        self._triggered[channel] = False
        self._drive(channel)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._triggered = [False] * CHANNELS
        for channel in range(CHANNELS):
            self._drive(channel)
