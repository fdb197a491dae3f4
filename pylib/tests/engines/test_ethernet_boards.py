"""Ethernet ports of the vendor's boards: MDIO address, reset and interrupt pins, the cable."""

from __future__ import annotations

from pathlib import Path

import pytest

from wattbench.engines.embedded import EmbeddedEngine

BOARDS = Path(__file__).parents[3] / "platforms" / "boards"
PORTS = [
    {"board": "imxrt1176_evk", "mac": "enet", "phy": "phy", "place": 3, "reset": ("gpio12", 12),
     "interrupt": ("gpio9", 11), "identity": 0x001C_C816},
    {"board": "imxrt1176_evk", "mac": "enet_1g", "phy": "phy_1g", "place": 1, "reset": ("gpio11", 14),
     "interrupt": ("gpio11", 13), "identity": 0x001C_C916},
    {"board": "imxrt1064_evk", "mac": "enet", "phy": "phy", "place": 2, "reset": ("gpio1", 9),
     "interrupt": ("gpio1", 10), "identity": 0x0022_1561},
]  # fmt: skip
"""Board, MAC, PHY and its MDIO address, pins of reset and interrupt, identity."""
EIR, MMFR, MSCR = 0x004, 0x040, 0x044
DR, GDIR, PSR = 0, 4, 8


@pytest.fixture(params=PORTS, ids=lambda facts: f"{facts['board']}-{facts['mac']}")
def port(request):
    return Port(request.param)


class Port:
    """An Ethernet port of a board whose core is held."""

    def __init__(self, facts):
        self.engine = EmbeddedEngine()
        self.engine.execute('mach create "board"')
        self.engine.execute(f"machine LoadPlatformDescription @{BOARDS / facts['board']}.repl")
        self.engine.execute("cpu IsHalted true")
        self.mac, self.phy = self.engine.model(facts["mac"]), self.engine.model(facts["phy"])
        self.phy_name = f"{facts['mac']}.{facts['phy']}"
        self.place, self.identity = facts["place"], facts["identity"]
        (self.reset_port, self.reset_pin), (self.interrupt_port, self.interrupt_pin) = (
            facts["reset"],
            facts["interrupt"],
        )

    def gpio(self, name):
        return self.engine.model(name)

    def run_ns(self, duration_ns):
        self.engine.run_to(self.engine.now_ns + duration_ns)

    def mdio(self, register):
        self.mac.write(MSCR, 4, 10 << 1)
        self.mac.write(EIR, 4, 1 << 23)
        self.mac.write(MMFR, 4, 1 << 30 | 2 << 28 | self.place << 23 | register << 18 | 2 << 16)
        self.run_ns(1_000_000)
        assert self.mac.read(EIR, 4) & 1 << 23
        return self.mac.read(MMFR, 4) & 0xFFFF


def test_the_phy_answers_at_its_address_and_not_in_reset(port):
    assert port.mdio(2) << 16 | port.mdio(3) == port.identity
    gpio = port.gpio(port.reset_port)
    gpio.write(GDIR, 4, gpio.read(GDIR, 4) | 1 << port.reset_pin)
    assert port.mdio(2) == 0xFFFF
    gpio.write(DR, 4, gpio.read(DR, 4) | 1 << port.reset_pin)
    assert port.mdio(2) << 16 == port.identity & 0xFFFF_0000


def test_the_cable_is_pulled_from_the_monitor_and_the_pin_tells(port):
    port.run_ns(4_000_000_000)
    assert port.phy.link_is_up
    gpio = port.gpio(port.interrupt_port)
    assert gpio.read(PSR, 4) >> port.interrupt_pin & 1
    events = port.phy.data["events"]
    if "page" in events:
        port.phy.mdio_write(31, events["page"])
    port.phy.mdio_write(events["enable"], events["up"] | events["down"])
    port.phy.mdio_write(31, 0)
    port.phy.mdio_read(events["status"])
    assert gpio.read(PSR, 4) >> port.interrupt_pin & 1
    port.engine.execute(f"{port.phy_name} LinkIsUp false")
    assert not port.phy.link_is_up
    assert not gpio.read(PSR, 4) >> port.interrupt_pin & 1
