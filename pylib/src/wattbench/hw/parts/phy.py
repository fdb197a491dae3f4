"""Ethernet PHY on an MDIO bus: identity, link, auto-negotiation, link interrupt (IEEE 802.3 clause 22 and 28).

Parts with their registers and times: `phy.toml`. The cable is what tests plug: `LinkIsUp` and `PartnerSpeed`. Frames go
through unchanged while there is a link; the MAC asks for it. Registers that steer analogue behaviour are storage.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import Model, model
from wattbench.core.toml_data import toml_data
from wattbench.core.wires import Line

PARTS: dict[str, dict[str, Any]] = toml_data(
    files("wattbench.hw.parts").joinpath("phy.toml").read_text(encoding="utf-8")
)
BMCR, BMSR, ID1, ID2, ANAR, ANLPAR, ANER, GBCR, GBSR, MMD_CONTROL, MMD_DATA = 0, 1, 2, 3, 4, 5, 6, 9, 10, 13, 14
RESET, LOOPBACK, SPEED_100, NEGOTIATE, POWER_DOWN, ISOLATE, RESTART, FULL_DUPLEX, SPEED_1000 = (
    1 << 15, 1 << 14, 1 << 13, 1 << 12, 1 << 11, 1 << 10, 1 << 9, 1 << 8, 1 << 6,
)  # fmt: skip
NEGOTIATED, LINKED = 1 << 5, 1 << 2
PARTNER_NEGOTIATES = 1 << 0
SELECTOR, ACKNOWLEDGE = 0x0001, 1 << 14
ABILITIES = {(100, "full"): 1 << 8, (100, "half"): 1 << 7, (10, "full"): 1 << 6, (10, "half"): 1 << 5}
"""Bits of ANAR and ANLPAR."""
GIGABIT_ABILITIES = {(1000, "full"): 1 << 9, (1000, "half"): 1 << 8}
"""Bits of the gigabit control register; the partner's show two bits further up in the status register."""
FIRST_VENDOR_REGISTER, PAGE_SELECT = 16, 31
READ_ONLY = (BMSR, ID1, ID2, ANLPAR, ANER, 8, GBSR, 15)
RESET_INPUT = 0


@model("Wattbench.EthernetPhy")
class EthernetPhy(Model):
    """A PHY at MDIO address `point` of a MAC; `part` names an entry of `phy.toml`.

    Input 0 is the reset pin, low active. Output `INT` is the interrupt pin, low active.
    """

    on_chip = False
    default_output = "INT"
    state_names = (
        "registers", "paged", "mmd", "mmd_address", "cable", "partner", "mode", "_link_was_lost", "_held",
    )  # fmt: skip
    missing = (
        "MDIO clause 45 frames, next pages, parallel detection of a partner that does not negotiate",
        "energy-efficient Ethernet, wake on LAN, cable diagnosis",
        "a half-duplex partner",
    )

    def __init__(self, host: Host, name: str, *, part: str = "KSZ8081RNB", negotiate_ms: int | None = None) -> None:
        """`negotiate_ms`: time from the start of auto-negotiation to the link, else that of the part.

        Raises UsageError for an unknown part.
        """
        super().__init__(host, name)
        if part not in PARTS:
            raise UsageError(f"{name}: no PHY {part!r} is known; there are {', '.join(PARTS)}.")
        self.data = PARTS[part]
        self.negotiate_ns = (self.data["negotiate_ms"] if negotiate_ms is None else negotiate_ms) * 1_000_000
        self._fixed = {int(number): bits for number, bits in self.data["fixed"].items()}
        self.cable = True
        self.partner: int = max(self.data["speeds"])
        self._interrupt = self.output("INT", Line(True))
        self._link_timer = self.timer("link", self._link_comes)
        self._reset_timer = self.timer("reset", self._reset_ends)
        self._held = False
        self._clear()

    def _clear(self) -> None:
        self.registers = [0] * 32
        for number, value in self.data["reset"].items():
            self.registers[int(number)] = value
        self.paged: dict[tuple[int, int], int] = {}
        self.mmd: dict[tuple[int, int], int] = {}
        self.mmd_address = 0
        self.mode: tuple[int, str] | None = None
        """Speed and duplex of the link, None while there is none."""
        self._link_was_lost = True

    def reset(self) -> None:
        """The chip's reset does not reach the part; the first one, after power-on, starts it."""
        if self.mode is None and self._link_timer.deadline_ns is None and not self._held:
            self._seek_link()

    def power_off(self) -> None:
        """The supply is gone: nothing is kept."""
        self._link_timer.cancel()
        self._reset_timer.cancel()
        self._clear()

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`: input 0 is RESET_N."""
        if number != RESET_INPUT:
            raise TypeError(f"{self.name} has input {RESET_INPUT} (RESET_N) only, not {number}")
        self._held = not level
        self.power_off()
        if level:
            self._seek_link()
        self._drive()

    # What tests see and set

    @property
    def link_is_up(self) -> bool:
        """Whether there is a link. Setting it plugs or pulls the cable; a plugged one still has to negotiate."""
        return self.mode is not None

    @link_is_up.setter
    def link_is_up(self, plugged: bool) -> None:
        self.cable = plugged
        if plugged:
            if self.mode is None:
                self._seek_link()
        else:
            self._lose_link()

    @property
    def partner_speed(self) -> int:
        """Highest speed that the other end offers, Mbit/s; a change takes the link down to negotiate anew."""
        return self.partner

    @partner_speed.setter
    def partner_speed(self, speed: int) -> None:
        if speed not in (10, 100, 1000):
            raise UsageError(f"{self.name}: PartnerSpeed is 10, 100 or 1000 Mbit/s, not {speed}.")
        self.partner = speed
        self._lose_link()
        self._seek_link()

    # What the MAC sees

    @property
    def link_speed(self) -> int:
        """See `wires.EthernetPhy.link_speed`."""
        return self.mode[0] if self.mode is not None and not self.registers[BMCR] & ISOLATE else 0

    @property
    def loops_back(self) -> bool:
        """See `wires.EthernetPhy.loops_back`."""
        return bool(self.registers[BMCR] & LOOPBACK)

    def mdio_read(self, register: int) -> int:
        """See `wires.EthernetPhy.mdio_read`."""
        if self._held or self._reset_timer.deadline_ns is not None:
            return 0xFFFF if self._held else self.registers[register] | (RESET if register == BMCR else 0)
        if register == BMSR:
            return self._status()
        if register == MMD_DATA:
            return self._mmd_data()
        if self._on_other_page(register):
            return self.paged.get((self.registers[PAGE_SELECT], register), 0)
        value = self.registers[register]
        shown = self.data.get("link_in")
        if shown is not None and self.mode is not None and register == shown["register"]:
            value |= int(shown["bits"])
        if register == self.data["events"]["status"]:
            self.registers[register] &= ~(self.data["events"]["up_flag"] | self.data["events"]["down_flag"])
            self._drive()
        return value

    def mdio_write(self, register: int, value: int) -> None:
        """See `wires.EthernetPhy.mdio_write`."""
        if self._held or self._reset_timer.deadline_ns is not None or register in READ_ONLY:
            return
        if register == BMCR:
            self._write_control(value)
        elif register == MMD_DATA:
            self._write_mmd_data(value)
        elif self._on_other_page(register):
            self.paged[self.registers[PAGE_SELECT], register] = value
            self._drive()
        else:
            fixed = self._fixed.get(register, 0)
            self.registers[register] = self.registers[register] & fixed | value & ~fixed
            self._drive()

    def _on_other_page(self, register: int) -> bool:
        pages = self.data.get("pages")
        return (
            pages is not None
            and FIRST_VENDOR_REGISTER <= register < PAGE_SELECT
            and self.registers[PAGE_SELECT] not in pages
        )

    def _status(self) -> int:
        """BMSR; its link bit stays low from a loss until it was read."""
        status = self.registers[BMSR]
        if self.mode is not None:
            status |= NEGOTIATED if self.registers[BMCR] & NEGOTIATE else 0
            status |= 0 if self._link_was_lost else LINKED
        self._link_was_lost = self.mode is None
        return status

    def _write_control(self, value: int) -> None:
        if value & RESET:
            self._lose_link()
            self._clear()
            self._reset_timer.arm(self.host.now_ns() + self.data["reset_us"] * 1000)
            return
        old, self.registers[BMCR] = self.registers[BMCR], value & ~RESTART
        modes = NEGOTIATE | SPEED_100 | SPEED_1000 | FULL_DUPLEX | POWER_DOWN
        if value & RESTART or (value ^ old) & modes:
            self._lose_link()
            self._seek_link()

    def _reset_ends(self) -> None:
        self._seek_link()

    # Extended registers (annex 22D)

    def _mmd_data(self) -> int:
        control = self.registers[MMD_CONTROL]
        if not control >> 14:
            return self.mmd_address
        return self.mmd.get((control & 0x1F, self.mmd_address), 0)

    def _write_mmd_data(self, value: int) -> None:
        control = self.registers[MMD_CONTROL]
        if control >> 14:
            self.mmd[control & 0x1F, self.mmd_address] = value
        else:
            self.mmd_address = value

    # Link

    def _offers(self) -> list[tuple[int, str]]:
        """Modes that both ends can do, best first."""
        modes = [(speed, duplex) for speed in sorted(self.data["speeds"], reverse=True) for duplex in ("full", "half")]
        if not self.registers[BMCR] & NEGOTIATE:
            control = self.registers[BMCR]
            speed = 1000 if control & SPEED_1000 and 1000 in self.data["speeds"] else 10
            speed = 100 if control & SPEED_100 and not control & SPEED_1000 else speed
            modes = [(speed, "full" if control & FULL_DUPLEX else "half")]
        else:
            modes = [
                mode
                for mode in modes
                if self.registers[ANAR] & ABILITIES.get(mode, 0)
                or self.registers[GBCR] & GIGABIT_ABILITIES.get(mode, 0)
            ]
        return [mode for mode in modes if mode[0] <= self.partner]

    def _seek_link(self) -> None:
        if self.cable and not self._held and not self.registers[BMCR] & POWER_DOWN:
            self._link_timer.arm(self.host.now_ns() + self.negotiate_ns)

    def _link_comes(self) -> None:
        offers = self._offers()
        if not offers:
            return
        self.mode = offers[0]
        if self.registers[BMCR] & NEGOTIATE:
            self.registers[ANLPAR] = (
                SELECTOR | ACKNOWLEDGE | sum(bit for (speed, _), bit in ABILITIES.items() if speed <= self.partner)
            )
            self.registers[ANER] |= PARTNER_NEGOTIATES
            if self.partner == 1000 and 1000 in self.data["speeds"]:
                self.registers[GBSR] = sum(GIGABIT_ABILITIES.values()) << 2
        self._show_mode(self.data["result"]["modes"]["{}-{}".format(*self.mode)])
        self._note("up")

    def _lose_link(self) -> None:
        self._link_timer.cancel()
        self.registers[ANLPAR] = self.registers[GBSR] = 0
        self.registers[ANER] &= ~PARTNER_NEGOTIATES
        self._show_mode(None)
        if self.mode is not None:
            self.mode, self._link_was_lost = None, True
            self._note("down")

    def _show_mode(self, code: int | None) -> None:
        """Show the mode of a link that came, None that of none."""
        register, mask = self.data["result"]["register"], 0
        for known in self.data["result"]["modes"].values():
            mask |= known
        if register == BMCR and (code is None or not self.registers[BMCR] & NEGOTIATE):
            return
        self.registers[register] = self.registers[register] & ~mask | (code or 0)

    def _note(self, event: str) -> None:
        """Flag a change of the link."""
        events = self.data["events"]
        self.registers[events["status"]] |= events[f"{event}_flag"]
        self._drive()

    def _drive(self) -> None:
        """The interrupt pin is low while an enabled change is flagged."""
        events = self.data["events"]
        page, status = events.get("page"), self.registers[events["status"]]
        enable = self.registers[events["enable"]] if page is None else self.paged.get((page, events["enable"]), 0)
        wanted = any(enable & events[event] and status & events[f"{event}_flag"] for event in ("up", "down"))
        self._interrupt.set(not wanted)
