"""What transmitter and receiver of the Ethernet MAC share: speed, line, statistics (IMXRT1170RM "ENET")."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable

from wattbench.core.ethernet import EthernetPhy, EthernetPort
from wattbench.core.host import BusError, Host
from wattbench.core.model import RegisterBlock
from wattbench.hw.imxrt import enet_frames as frames
from wattbench.hw.imxrt.enet_clock import EnetClock
from wattbench.hw.imxrt.enet_table import ECR, RCR, size_counter

PREAMBLE_BYTES, GAP_BYTES = 8, 12
BIT_NS = {10: 100, 100: 10, 1000: 1}
UNPADDED_SHORTEST = frames.SHORTEST - frames.CHECK_BYTES
COUNTERS_STAND = 1 << 31 | 1 << 29
"""MIBC.MIB_DIS and MIB_CLEAR."""


class EnetLine(RegisterBlock):
    """Frames pass whole, and take their time on the line at the MAC's speed, preamble and gap included.

    Statistics count what was sent, and of what came all that passed the address filter.
    """

    phy: EthernetPhy | None = None

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.port = EthernetPort()
        self.clock = EnetClock(host.now_ns)

    @abstractmethod
    def _raise(self, *events: str) -> None:
        """Set bits of EIR."""

    @abstractmethod
    def _switch_off(self) -> None:
        """ECR.ETHEREN was cleared: what was under way is lost."""

    def _flag(self, register: str, name: str) -> bool:
        fields = self.table[register].fields
        return name in fields and bool(self[register] & fields[name].mask)

    @property
    def enabled(self) -> bool:
        """Whether the MAC is on."""
        return bool(self["ECR"] & ECR["ETHEREN"].mask)

    @property
    def mbits(self) -> int:
        """Speed of the MAC in Mbit/s. With plain MII the PHY gives the clock."""
        if self._flag("ECR", "SPEED"):
            return 1000
        if not self._flag("RCR", "RMII_MODE") and not self._flag("RCR", "RGMII_EN"):
            speed = self.phy.link_speed if self.phy else 0
            return speed if speed in (10, 100) else 100
        return 10 if self._flag("RCR", "RMII_10T") else 100

    @property
    def own_address(self) -> bytes:
        """The address in PALR and PAUR."""
        return self["PALR"].to_bytes(4, "big") + (self["PAUR"] >> 16).to_bytes(2, "big")

    def _bytes_ns(self, count: int) -> int:
        return count * 8 * BIT_NS[self.mbits]

    def _link_fault(self) -> str:
        """Why no frame gets through the PHY; empty if it does."""
        if self.phy is None:
            return ""
        if not self.phy.link_speed:
            return "the link is down"
        if self.phy.link_speed != self.mbits:
            return f"the link runs at {self.phy.link_speed} Mbit/s, the MAC at {self.mbits}"
        return ""

    def _guarded(self, action: Callable[[], None]) -> None:
        """Do something with RAM; an error of the bus stops the MAC."""
        try:
            action()
        except BusError as error:
            self.host.log(logging.ERROR, self.name, f"bus error at 0x{error.address:08X}; the MAC stops")
            self["ECR"] &= ~ECR["ETHEREN"].mask
            self._switch_off()
            self._raise("EBERR")

    # Statistics

    def _count(self, name: str, amount: int = 1) -> None:
        if not self["MIBC"] & COUNTERS_STAND:
            field = next(iter(self.table[name].fields.values()))
            self[name] = self[name] + amount & field.mask

    def _count_frame(self, way: str, raw: bytes, good: bool) -> None:
        """RMON and IEEE counters of a frame with its check sequence; `way` is T or R."""
        length = len(raw)
        self._count(f"RMON_{way}_PACKETS")
        self._count(f"RMON_{way}_OCTETS", length)
        if raw[:6] == frames.BROADCAST:
            self._count(f"RMON_{way}_BC_PKT")
        elif frames.is_group(raw):
            self._count(f"RMON_{way}_MC_PKT")
        if not good:
            self._count(f"RMON_{way}_CRC_ALIGN")
        if length < frames.SHORTEST:
            self._count(f"RMON_{way}_UNDERSIZE" if good else f"RMON_{way}_FRAG")
        else:
            self._count(f"RMON_{way}_{size_counter(length)}")
        too_long = length > self._max_length
        if too_long:
            self._count(f"RMON_{way}_OVERSIZE" if good else f"RMON_{way}_JAB")
        if good and length >= frames.SHORTEST and not too_long:
            self._count(f"IEEE_{way}_FRAME_OK")
            self._count(f"IEEE_{way}_OCTETS_OK", length)

    @property
    def _max_length(self) -> int:
        return RCR["MAX_FL"].get(self["RCR"])
