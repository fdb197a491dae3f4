"""The enhanced DMA engine (eDMA2 layout, 32 channels) of i.MX RT parts.

A request runs one minor loop and takes no virtual time. At most `SERVICES_PER_INSTANT` minor loops run at one
instant; what is wanted beyond that goes on `STORM_PAUSE_NS` later, so a request that never goes away makes the engine
as busy as it makes the chip's, and time goes on. As nothing is ever half done when software looks, cancelling (CR.CX,
CR.ECX) finds nothing to cancel and pre-emption nothing to pre-empt.

Source: i.MX RT1170 reference manual, chapter eDMA; a channel with an error is not disabled, its next request meets
the same error.
"""

from __future__ import annotations

from collections.abc import Callable

from wattbench.core.host import Host
from wattbench.core.model import model, on_read, on_write
from wattbench.core.registers import Register
from wattbench.hw.imxrt.edma_transfer import CHANNELS, TABLE, ChannelError, EdmaTransfer

SERVICES_PER_INSTANT = 64
STORM_PAUSE_NS = 1000

_CR, _CSR, _ES = TABLE["CR"], TABLE["TCD{n}_CSR"], TABLE["ES"]
_ERCA, _ERGA, _HOE, _HALT = (_CR[name].mask for name in ("ERCA", "ERGA", "HOE", "HALT"))
_START, _ESG, _MAJORELINK, _DONE = (_CSR[name].mask for name in ("START", "ESG", "MAJORELINK", "DONE"))
_WORD = 0xFFFF_FFFF


@model("Wattbench.Edma")
class Edma(EdmaTransfer):
    """eDMA. Outputs 0 to 15 interrupt for channels n and n + 16, `ERROR` for enabled errors.

    Hardware requests come from a DmaMux by `request`; it is told of each service through `on_service`.
    """

    size = 0x4000
    state_names = (
        "_requests",
        "_starts",
        "_forced",
        "_last_channel",
        "_last_group",
        "_instant_ns",
        "_services",
        "services",
    )

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        for number in range(16):
            self.output(number)
        self.output("ERROR")
        self.on_service: Callable[[int], None] = lambda channel: None
        self.services = 0
        """Minor loops run since reset."""
        self._resume = self.timer("resume", self._run)
        self._running = False
        self._clear()

    def _clear(self) -> None:
        self._requests = self._starts = 0
        self._forced = -1
        self._last_channel = [0, 0]
        self._last_group = 0
        self._instant_ns, self._services = -1, 0
        self.services = 0

    def reset(self) -> None:
        """See `Model.reset`; request levels come from outside and stay."""
        requests = self._requests
        super().reset()
        self._clear()
        self._requests = requests
        self._show()

    # ---- requests and arbitration

    def request(self, channel: int, level: bool) -> None:
        """The hardware request of `channel`, a level."""
        if level:
            self._requests |= 1 << channel
            if not self._running:
                self._run()
        else:
            self._requests &= ~(1 << channel)

    def _pick(self) -> int:
        """The channel to serve next, -1 if there is none."""
        if self["CR"] & _HALT:
            return -1
        pending = self._starts | self._requests & self["ERQ"]
        if not pending:
            return -1
        forced, self._forced = self._forced, -1
        if forced >= 0 and pending >> forced & 1:
            return forced
        if not pending & pending - 1:
            return pending.bit_length() - 1
        control = self["CR"]
        low, high = pending & 0xFFFF, pending >> 16
        group = int(high != 0)
        if low and high:
            if control & _ERGA:
                group = 1 - self._last_group
            else:
                group = int(_CR["GRP1PRI"].get(control) > _CR["GRP0PRI"].get(control))
        members = high if group else low
        if control & _ERCA:
            below = members & (1 << self._last_channel[group]) - 1
            return 16 * group + (below or members).bit_length() - 1
        best, rank = -1, -1
        for channel in range(16 * group, 16 * group + 16):
            priority = self.values[self._priorities[channel]] & 15
            if members >> channel % 16 & 1 and priority > rank:
                best, rank = channel, priority
        return best

    def _run(self) -> None:
        """Serve channels until nothing is wanted or the instant's share is used up."""
        self._running = True
        try:
            while (channel := self._pick()) >= 0:
                now = self.host.now_ns()
                if now != self._instant_ns:
                    self._instant_ns, self._services = now, 0
                if self._services == SERVICES_PER_INSTANT:
                    self._resume.arm(now + STORM_PAUSE_NS)
                    break
                self._services += 1
                self._last_channel[channel >> 4], self._last_group = channel & 15, channel >> 4
                self._serve(channel)
        finally:
            self._running = False
        self._show()

    def _serve(self, channel: int) -> None:
        self.services += 1
        for listener in self.on_minor:
            listener(channel)
        self._starts &= ~(1 << channel)
        self.values[self._csr + channel] &= ~(_START | _DONE)
        try:
            self._transfer(channel)
        except ChannelError as error:
            self["ES"] = error.bits | _ES["ERRCHN"].put(0, channel)
            self["ERR"] |= 1 << channel
            if self["CR"] & _HOE:
                self["CR"] |= _HALT
        self.on_service(channel)

    # ---- registers

    @on_read("ES")
    def _read_es(self) -> int:
        return self["ES"] | (_ES["VLD"].mask if self["ERR"] else 0)

    @on_read("HRS")
    def _read_hrs(self) -> int:
        return self._requests

    def _value(self, index: int, register: Register, number: int) -> int:
        value = super()._value(index, register, number)
        if register.name.startswith("DCHPRI"):
            group = _CR["GRP1PRI" if index in self._priorities[16:] else "GRP0PRI"]
            value = register["GRPPRI"].put(value, group.get(self["CR"]))
        return value

    @on_write("CR")
    def _write_cr(self, raw: int, old: int) -> None:
        self["CR"] &= ~(_CR["CX"].mask | _CR["ECX"].mask)
        self._go()

    @on_write("ERQ")
    def _write_erq(self, raw: int, old: int) -> None:
        self._go()

    @on_write("INT", "ERR", "EEI")
    def _write_flags(self, raw: int, old: int) -> None:
        self._show()

    @on_write("TCD{n}_CSR")
    def _write_csr(self, channel: int, raw: int, old: int) -> None:
        value = self.values[self._csr + channel]
        value &= ~_DONE | old & _DONE
        if old & _DONE:
            value &= ~(_ESG | _MAJORELINK) | old
        self.values[self._csr + channel] = value
        if value & _START:
            self._starts |= 1 << channel
        else:
            self._starts &= ~(1 << channel)
        self._go()

    def _selected(self, register: str, raw: int) -> int:
        """Channels that a write to one of the byte registers means, as a mask; clears the register's storage."""
        self[register] = 0
        if raw & 0x80:
            return 0
        return _WORD if raw & 0x40 else 1 << (raw & 31)

    @on_write("CEEI")
    def _write_ceei(self, raw: int, old: int) -> None:
        self["EEI"] &= ~self._selected("CEEI", raw)
        self._show()

    @on_write("SEEI")
    def _write_seei(self, raw: int, old: int) -> None:
        self["EEI"] |= self._selected("SEEI", raw)
        self._show()

    @on_write("CERQ")
    def _write_cerq(self, raw: int, old: int) -> None:
        self["ERQ"] &= ~self._selected("CERQ", raw)

    @on_write("SERQ")
    def _write_serq(self, raw: int, old: int) -> None:
        self["ERQ"] |= self._selected("SERQ", raw)
        self._go()

    @on_write("CDNE")
    def _write_cdne(self, raw: int, old: int) -> None:
        self._each(self._selected("CDNE", raw), lambda csr: csr & ~_DONE)

    @on_write("SSRT")
    def _write_ssrt(self, raw: int, old: int) -> None:
        channels = self._selected("SSRT", raw)
        self._each(channels, lambda csr: csr | _START)
        self._starts |= channels
        self._go()

    @on_write("CERR")
    def _write_cerr(self, raw: int, old: int) -> None:
        self["ERR"] &= ~self._selected("CERR", raw)
        self._show()

    @on_write("CINT")
    def _write_cint(self, raw: int, old: int) -> None:
        self["INT"] &= ~self._selected("CINT", raw)
        self._show()

    def _each(self, channels: int, change: Callable[[int], int]) -> None:
        for channel in range(CHANNELS):
            if channels >> channel & 1:
                self.values[self._csr + channel] = change(self.values[self._csr + channel])

    def _go(self) -> None:
        if not self._running:
            self._run()

    def _show(self) -> None:
        """Drive the outputs; each level is taken afresh, as whoever sees one may clear the next one's flag."""
        for number in range(16):
            flags = self["INT"]
            self.outputs[number].set(bool((flags | flags >> 16) >> number & 1))
        self.outputs["ERROR"].set(bool(self["ERR"] & self["EEI"]))
