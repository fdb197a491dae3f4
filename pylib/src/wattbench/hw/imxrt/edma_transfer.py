"""What one service of an eDMA channel does: the transfer descriptors (TCD), their check, a minor loop and its end.

Source: i.MX RT1170 reference manual, chapter eDMA.
"""

from __future__ import annotations

from collections.abc import Callable

from wattbench.core.host import BusError, Host
from wattbench.core.model import RegisterBlock
from wattbench.core.registers import load_table

CHANNELS = 32

TABLE = load_table("wattbench.hw.imxrt", "edma")
_CR, _CSR, _ES = TABLE["CR"], TABLE["TCD{n}_CSR"], TABLE["ES"]
_ERCA, _ERGA, _CLM, _EMLM = (_CR[name].mask for name in ("ERCA", "ERGA", "CLM", "EMLM"))
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


class EdmaTransfer(RegisterBlock):
    """The descriptors of all channels and the work that they describe; `Edma` decides when it is done.

    Descriptors are in `values`: a register of channel n is n entries after the channel-0 one, whose index each
    attribute `_saddr` to `_csr` is.
    """

    table = TABLE

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        first = {name: self._index[name.replace("{n}", "0")] for name in _TCD_REGISTERS}
        self._saddr, self._soff, self._attr = first["TCD{n}_SADDR"], first["TCD{n}_SOFF"], first["TCD{n}_ATTR"]
        self._nbytes, self._slast = first["TCD{n}_NBYTES_MLNO"], first["TCD{n}_SLAST"]
        self._daddr, self._doff, self._dlast = first["TCD{n}_DADDR"], first["TCD{n}_DOFF"], first["TCD{n}_DLASTSGA"]
        self._citer, self._biter = first["TCD{n}_CITER_ELINKNO"], first["TCD{n}_BITER_ELINKNO"]
        self._csr = first["TCD{n}_CSR"]
        self._priorities = [self._index[f"DCHPRI{channel}"] for channel in range(CHANNELS)]
        self.on_minor: list[Callable[[int], None]] = []
        """Called with the channel before each minor loop."""
        self.on_major: list[Callable[[int, int], None]] = []
        """Called with the channel and the destination behind its last byte at the end of each major loop."""
        self._starts = 0
        """Channels whose START is set, as a mask."""
        self._forced = -1
        """The channel that links to itself without arbitration (CR.CLM), -1 for none."""

    def _start(self, channel: int) -> None:
        self.values[self._csr + channel] |= _START
        self._starts |= 1 << channel

    def _transfer(self, channel: int) -> None:
        """One service; raises ChannelError if it cannot be done."""
        self._check(channel)
        self._minor_loop(channel)
        self._count(channel)

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
        for listener in self.on_major:
            listener(channel, values[self._daddr + channel])
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
