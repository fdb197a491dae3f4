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

from wattbench.core.host import BusError, Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import Register, load_table

CHANNELS = 32
SERVICES_PER_INSTANT = 64
STORM_PAUSE_NS = 1000

TABLE = load_table("wattbench.hw.imxrt", "edma")
_CR, _CSR, _ES = TABLE["CR"], TABLE["TCD{n}_CSR"], TABLE["ES"]
_ERCA, _ERGA, _HOE, _HALT, _CLM, _EMLM = (_CR[name].mask for name in ("ERCA", "ERGA", "HOE", "HALT", "CLM", "EMLM"))
_START, _INTMAJOR, _INTHALF, _DREQ, _ESG, _MAJORELINK, _DONE = (
    _CSR[name].mask for name in ("START", "INTMAJOR", "INTHALF", "DREQ", "ESG", "MAJORELINK", "DONE")
)
_SGE, _NCE, _DOE, _DAE, _SOE, _SAE, _CPE, _GPE, _DBE, _SBE = (
    _ES[name].mask for name in ("SGE", "NCE", "DOE", "DAE", "SOE", "SAE", "CPE", "GPE", "DBE", "SBE")
)
_ELINK = TABLE["TCD{n}_CITER_ELINKNO"]["ELINK"].mask
_SIZES = {0: 1, 1: 2, 2: 4, 3: 8, 5: 32}
_TCD_REGISTERS = tuple(name for name in TABLE.registers if name.startswith("TCD"))
_WORD = 0xFFFF_FFFF


class ChannelError(Exception):
    """A minor loop could not be run; carries the bits for ES."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        super().__init__(f"ES 0x{bits:X}")


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


def _step(address: int, offset: int, ring: int) -> int:
    """The next address: `ring` low bits change, all of them with 0."""
    if not ring:
        return address + offset & _WORD
    mask = (1 << ring) - 1
    return address & ~mask | address + offset & mask


@model("Wattbench.Edma")
class Edma(RegisterBlock):
    """eDMA. Outputs 0 to 15 interrupt for channels n and n + 16, `ERROR` for enabled errors.

    Hardware requests come from a DmaMux by `request`; it is told of each service through `on_service`.
    """

    table = TABLE
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
        first = {name: self._index[name.replace("{n}", "0")] for name in _TCD_REGISTERS}
        self._saddr, self._soff, self._attr = first["TCD{n}_SADDR"], first["TCD{n}_SOFF"], first["TCD{n}_ATTR"]
        self._nbytes, self._slast = first["TCD{n}_NBYTES_MLNO"], first["TCD{n}_SLAST"]
        self._daddr, self._doff, self._dlast = first["TCD{n}_DADDR"], first["TCD{n}_DOFF"], first["TCD{n}_DLASTSGA"]
        self._citer, self._biter = first["TCD{n}_CITER_ELINKNO"], first["TCD{n}_BITER_ELINKNO"]
        self._csr = first["TCD{n}_CSR"]
        self._priorities = [self._index[f"DCHPRI{channel}"] for channel in range(CHANNELS)]
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

    def _start(self, channel: int) -> None:
        self.values[self._csr + channel] |= _START
        self._starts |= 1 << channel

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
        self._starts &= ~(1 << channel)
        self.values[self._csr + channel] &= ~(_START | _DONE)
        try:
            self._check(channel)
            self._minor_loop(channel)
            self._count(channel)
        except ChannelError as error:
            self["ES"] = error.bits | _ES["ERRCHN"].put(0, channel)
            self["ERR"] |= 1 << channel
            if self["CR"] & _HOE:
                self["CR"] |= _HALT
        self.on_service(channel)

    # ---- one minor loop

    def _sizes(self, channel: int) -> tuple[int, int]:
        attr = self.values[self._attr + channel]
        source, destination = _SIZES.get(attr >> 8 & 7, 0), _SIZES.get(attr & 7, 0)
        if not source or not destination:
            raise ChannelError((0 if source else _SAE) | (0 if destination else _DAE))
        return source, destination

    def _bytes(self, channel: int) -> tuple[int, int]:
        """Bytes of the minor loop and the signed offset after it; 0 in NBYTES stands for its full range."""
        raw = self.values[self._nbytes + channel]
        if not self["CR"] & _EMLM:
            return raw or 1 << 32, 0
        if not raw >> 30:
            return raw or 1 << 30, 0
        return raw & 0x3FF or 1 << 10, _signed(raw >> 10 & 0xF_FFFF, 20)

    def _check(self, channel: int) -> None:
        values, control = self.values, self["CR"]
        errors = 0
        if not control & _ERGA and _CR["GRP0PRI"].get(control) == _CR["GRP1PRI"].get(control):
            errors |= _GPE
        if not control & _ERCA:
            group = self._priorities[channel & 16 : (channel & 16) + 16]
            if len({values[index] & 15 for index in group}) < 16:
                errors |= _CPE
        source, destination = self._sizes(channel)
        total, _ = self._bytes(channel)
        citer, biter = values[self._citer + channel], values[self._biter + channel]
        errors |= _SAE if values[self._saddr + channel] % source else 0
        errors |= _SOE if values[self._soff + channel] % source else 0
        errors |= _DAE if values[self._daddr + channel] % destination else 0
        errors |= _DOE if values[self._doff + channel] % destination else 0
        count = citer & (0x1FF if citer & _ELINK else 0x7FFF)
        if total % max(source, destination) or not count or (citer ^ biter) & _ELINK:
            errors |= _NCE
        if errors:
            raise ChannelError(errors)

    def _minor_loop(self, channel: int) -> None:
        values, host = self.values, self.host
        attr = values[self._attr + channel]
        source_ring, destination_ring = attr >> 11, attr >> 3 & 31
        source_size, destination_size = self._sizes(channel)
        soff, doff = _signed(values[self._soff + channel], 16), _signed(values[self._doff + channel], 16)
        saddr, daddr = values[self._saddr + channel], values[self._daddr + channel]
        left, _ = self._bytes(channel)
        chunk = max(source_size, destination_size)
        read_unit, write_unit = min(source_size, 4), min(destination_size, 4)
        while left:
            data = b""
            try:
                while len(data) < chunk:
                    for part in range(0, source_size, read_unit):
                        data += host.bus_read(saddr + part, read_unit)
                    saddr = _step(saddr, soff, source_ring)
            except BusError:
                raise ChannelError(_SBE) from None
            try:
                for start in range(0, chunk, destination_size):
                    for part in range(0, destination_size, write_unit):
                        host.bus_write(daddr + part, data[start + part : start + part + write_unit])
                    daddr = _step(daddr, doff, destination_ring)
            except BusError:
                raise ChannelError(_DBE) from None
            left -= chunk
        values[self._saddr + channel], values[self._daddr + channel] = saddr, daddr

    def _count(self, channel: int) -> None:
        """The end of a minor loop: counts, links, and the end of the major loop."""
        values = self.values
        citer = values[self._citer + channel]
        linked = citer & _ELINK
        mask = 0x1FF if linked else 0x7FFF
        count = (citer & mask) - 1
        values[self._citer + channel] = citer & ~mask | count
        csr = values[self._csr + channel]
        biter = values[self._biter + channel]
        if csr & _INTHALF and count == (biter & mask) >> 1:
            self["INT"] |= 1 << channel
        if count:
            self._minor_offset(channel)
            if linked:
                target = citer >> 9 & 31
                self._start(target)
                if target == channel and self["CR"] & _CLM:
                    self._forced = channel
            return
        values[self._citer + channel] = biter
        values[self._saddr + channel] = values[self._saddr + channel] + values[self._slast + channel] & _WORD
        if not csr & _ESG:
            values[self._daddr + channel] = values[self._daddr + channel] + values[self._dlast + channel] & _WORD
        values[self._csr + channel] = csr | _DONE
        if csr & _INTMAJOR:
            self["INT"] |= 1 << channel
        if csr & _DREQ:
            self["ERQ"] &= ~(1 << channel)
        if csr & _ESG:
            self._scatter_gather(channel)
        if csr & _MAJORELINK:
            self._start(csr >> 8 & 31)

    def _minor_offset(self, channel: int) -> None:
        raw = self.values[self._nbytes + channel]
        _, offset = self._bytes(channel)
        if offset and raw >> 31:
            self.values[self._saddr + channel] = self.values[self._saddr + channel] + offset & _WORD
        if offset and raw >> 30 & 1:
            self.values[self._daddr + channel] = self.values[self._daddr + channel] + offset & _WORD

    def _scatter_gather(self, channel: int) -> None:
        address = self.values[self._dlast + channel]
        if address & 31:
            raise ChannelError(_SGE)
        try:
            image = b"".join(self.host.bus_read(address + part, 4) for part in range(0, 32, 4))
        except BusError:
            raise ChannelError(_SBE) from None
        for name in _TCD_REGISTERS:
            register = TABLE[name]
            start = register.offset - TABLE["TCD{n}_SADDR"].offset
            value = int.from_bytes(image[start : start + register.width // 8], "little")
            self.values[self._index[name.replace("{n}", "0")] + channel] = value
        self.values[self._csr + channel] &= ~_CSR["ACTIVE"].mask
        if self.values[self._csr + channel] & _START:
            self._starts |= 1 << channel

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
