"""Ethernet ports of the vendor's boards: MDIO address, reset and interrupt pins, the cable, the interrupt of the MAC."""

from __future__ import annotations

from pathlib import Path

import pytest

from wattbench.engines.embedded import EmbeddedEngine

BOARDS = Path(__file__).parents[3] / "platforms" / "boards"
PORTS = {
    "imxrt1176_evk": [("enet", 0x4042_4000, "phy", 3, ("gpio12", 12), ("gpio9", 11), 0x001C_C816),
                      ("enet_1g", 0x4042_0000, "phy_1g", 1, ("gpio11", 14), ("gpio11", 13), 0x001C_C916)],
    "imxrt1064_evk": [("enet", 0x402D_8000, "phy", 2, ("gpio1", 9), ("gpio1", 10), 0x0022_1561)],
}  # fmt: skip
"""MAC, its address, PHY, MDIO address, pins of reset and interrupt, identity."""
EIR, MMFR, MSCR = 0x004, 0x040, 0x044
DR, GDIR, PSR = 0, 4, 8


@pytest.fixture(
    params=[(board, *port) for board, ports in PORTS.items() for port in ports], ids=lambda it: it[0] + it[1]
)
def port(request):
    board, *rest = request.param
    engine = EmbeddedEngine()
    engine.execute(f'mach create "{board}"')
    engine.execute(f"machine LoadPlatformDescription @{BOARDS / board}.repl")
    engine.execute("cpu IsHalted true")
    return Port(engine, *rest)


class Port:
    def __init__(self, engine, mac, base, phy, place, reset, interrupt, identity):
        self.engine, self.base, self.place, self.identity = engine, base, place, identity
        self.mac, self.phy = engine.model(mac), engine.model(phy)
        self.phy_name = f"{mac}.{phy}"
        (self.reset_port, self.reset_pin), (self.interrupt_port, self.interrupt_pin) = reset, interrupt

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
