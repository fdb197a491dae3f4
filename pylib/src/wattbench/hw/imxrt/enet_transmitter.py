"""Transmitter of the Ethernet MAC: from its ring in RAM to the line (IMXRT1170RM "ENET").

A frame is read from RAM when its first bit leaves; its descriptors are given back at its last bit. The DMA takes no
time.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

from wattbench.core.ethernet import ethernet_check
from wattbench.core.host import Host
from wattbench.hw.imxrt import enet_frames as frames
from wattbench.hw.imxrt import enet_rings as rings
from wattbench.hw.imxrt.enet_line import PREAMBLE_BYTES, UNPADDED_SHORTEST, EnetLine
from wattbench.hw.imxrt.enet_table import TACC, TCR


class Outgoing(NamedTuple):
    """The frame that is leaving."""

    raw: bytes
    start_ns: int
    descriptors: tuple[int, ...]
    """Addresses; empty for a pause frame of the MAC's own."""


class EnetTransmitter(EnetLine):
    """The way out."""

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.tx_ring = rings.Ring()
        self._sent_timer = self.timer("sent", self._sent)
        self._start_timer = self.timer("start", self._send)
        self._clear_transmitter()

    def _clear_transmitter(self) -> None:
        self._outgoing: Outgoing | None = None
        self._free_ns = 0
        """Time from which the next frame may leave."""
        self._paused_ns = 0
        """Time until which a received pause frame holds the transmitter."""
        self._stopped = False

    def _stop_transmitter(self) -> None:
        """The MAC is switched off."""
        self["TDAR"] = 0
        if self._outgoing is not None:
            self.port.transmitted(
                self.host.now_ns(), self._outgoing.raw, "the MAC was switched off while it left", lost=True
            )
        self._sent_timer.cancel()
        self._start_timer.cancel()
        self._clear_transmitter()

    @abstractmethod
    def _take(self, raw: bytes) -> None:
        """A frame comes back to the MAC, complete now."""

    def _send(self) -> None:
        """Let the next frame leave if it may and there is one."""
        now_ns = self.host.now_ns()
        if not self.enabled or self._outgoing is not None:
            return
        if self._flag("TCR", "TFC_PAUSE"):
            self._stop()
            if now_ns >= self._free_ns:
                pause = frames.pause_frame(self.own_address, self["OPD"] & 0xFFFF).ljust(UNPADDED_SHORTEST, b"\0")
                self._leave(Outgoing(pause + ethernet_check(pause), now_ns, ()))
            else:
                self._start_timer.arm(self._free_ns)
            return
        if self._flag("TCR", "GTS") or now_ns < self._paused_ns:
            self._stop()
            if now_ns < self._paused_ns:
                self._start_timer.arm(self._paused_ns)
            return
        self._stopped = False
        if not self["TDAR"]:
            return
        if now_ns < self._free_ns:
            self._start_timer.arm(self._free_ns)
            return
        self._guarded(self._fetch)

    def _stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            self._raise("GRA")

    def _fetch(self) -> None:
        descriptors = self.tx_ring.frame(self.host)
        if not descriptors:
            self["TDAR"] = 0
            return
        data = b"".join(self.host.bus_read(item.buffer, item.length) for item in descriptors if item.length)
        raw = self._finished(data, descriptors[-1])
        self._leave(Outgoing(raw, self.host.now_ns(), tuple(item.address for item in descriptors)))

    def _finished(self, data: bytes, last: rings.Descriptor) -> bytes:
        """The frame as it leaves: accelerators, own address, padding and check sequence."""
        control = last.extra[0] if last.extra else 0
        if self["TACC"] & TACC["SHIFT16"].mask:
            data = data[2:]
        if self["TCR"] & TCR["ADDINS"].mask:
            data = data[:6] + self.own_address + data[12:]
        header = self._flag("TACC", "IPCHK") or bool(control & rings.TX_HEADER_CHECKSUM)
        payload = self._flag("TACC", "PROCHK") or bool(control & rings.TX_PAYLOAD_CHECKSUM)
        if header or payload:
            data = frames.with_checksums(data, header=header, payload=payload)
        if self["TCR"] & TCR["CRCFWD"].mask or not last.flags & rings.APPEND_CHECK:
            return data
        data = data.ljust(UNPADDED_SHORTEST, b"\0")
        check = ethernet_check(data)
        if last.flags & rings.APPEND_BAD_CHECK and not last.extra:
            check = bytes(byte ^ 0xFF for byte in check)
        return data + check

    def _leave(self, frame: Outgoing) -> None:
        self._outgoing = frame
        self._sent_timer.arm(frame.start_ns + self._bytes_ns(PREAMBLE_BYTES + len(frame.raw)))

    def _sent(self) -> None:
        """The last bit of a frame has left."""
        frame, self._outgoing = self._outgoing, None
        if frame is None:
            return
        self._free_ns = self.host.now_ns() + self._bytes_ns(self["TIPG"] & 0x1F)
        raw, good = frame.raw, ethernet_check(frame.raw[:-4]) == frame.raw[-4:]
        self._count_frame("T", raw, good)
        if len(raw) > self._max_length:
            self._raise("BABT")
        if frame.descriptors:
            self._guarded(lambda: self._release(frame))
        else:
            self["TCR"] &= ~TCR["TFC_PAUSE"].mask
            self._count("IEEE_T_FDXFC")
        self._pass_on(raw, good)
        self._send()

    def _pass_on(self, raw: bytes, good: bool) -> None:
        """To the line, or back where a loop is closed."""
        now_ns = self.host.now_ns()
        if self._flag("RCR", "LOOP") and not self._flag("RCR", "RMII_MODE"):
            self.port.transmitted(now_ns, raw, "internal loop (RCR.LOOP)", lost=True)
            self._take(raw)
        elif self.phy is not None and self.phy.loops_back:
            self.port.transmitted(now_ns, raw, "the PHY loops back", lost=True)
            self._take(raw)
        else:
            fault = self._link_fault()
            flaw = "shorter than 64 bytes" if len(raw) < frames.SHORTEST else "" if good else "wrong check sequence"
            self.port.transmitted(now_ns, raw, fault or flaw, lost=bool(fault))

    def _release(self, frame: Outgoing) -> None:
        """Give the descriptors of a sent frame back."""
        for address in frame.descriptors:
            item = self.tx_ring.read(self.host, address)
            item.flags &= ~rings.READY
            last, interrupt = bool(item.flags & rings.LAST), True
            if item.extra:
                interrupt = bool(item.extra[0] & rings.TX_INTERRUPT)
                item.extra[0] &= ~0xFFFF
                item.extra[2] |= rings.UPDATED
                if last and item.extra[0] & rings.TX_STAMP:
                    item.extra[3] = self["ATSTMP"] = self._stamp(frame.start_ns + self._bytes_ns(PREAMBLE_BYTES))
                    self._raise("TS_AVAIL")
            self.tx_ring.write(self.host, item)
            self.tx_ring.at = self.tx_ring.after(item)
            if interrupt:
                self._raise("TXB", *(("TXF",) if last else ()))

    def _stamp(self, time_ns: int) -> int:
        return self.clock.time_at(time_ns)
