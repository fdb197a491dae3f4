"""Ethernet PHYs: identity, auto-negotiation, link and its interrupt, reset, extended registers."""

import pytest
from plain_state import state_of

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.parts.phy import PARTS, EthernetPhy

BMCR, BMSR, ANAR, ANLPAR, GBCR, GBSR = 0, 1, 4, 5, 9, 10
MS = 1_000_000


def started(part="KSZ8081RNB", **options):
    host = FakeHost()
    phy = EthernetPhy(host, "phy", part=part, **options)
    phy.reset()
    return host, phy


@pytest.mark.parametrize(
    ("part", "identity", "control"),
    [
        ("KSZ8081RNB", (0x0022, 0x1561), 0x3100),
        ("RTL8201FI", (0x001C, 0xC816), 0x3100),
        ("RTL8211F", (0x001C, 0xC916), 0x1140),
    ],
)
def test_identity(part, identity, control):
    _, phy = started(part)
    assert (phy.mdio_read(2), phy.mdio_read(3)) == identity
    assert phy.mdio_read(BMCR) == control
    phy.mdio_write(2, 0)
    assert phy.mdio_read(2) == identity[0]


def test_an_unknown_part_is_refused():
    with pytest.raises(UsageError, match="no PHY 'DP83848'"):
        EthernetPhy(FakeHost(), "phy", part="DP83848")


def test_the_link_comes_when_negotiation_is_over():
    host, phy = started()
    host.run_for(1500 * MS - 1)
    assert phy.mdio_read(BMSR) == 0x7849
    assert (phy.link_is_up, phy.link_speed, phy.mdio_read(30) & 7) == (False, 0, 0)
    host.run_for(1)
    assert (phy.link_is_up, phy.link_speed) == (True, 100)
    assert phy.mdio_read(BMSR) & 1 << 5
    assert phy.mdio_read(BMSR) == 0x7849 | 1 << 5 | 1 << 2
    assert phy.mdio_read(30) == 0x0116  # 100 Mbit/s full duplex, link, energy
    assert phy.mdio_read(ANLPAR) == 0x41E1
    assert phy.mdio_read(6) & 1


def test_the_link_bit_stays_low_after_a_loss_until_it_was_read():
    host, phy = started(negotiate_ms=1)
    host.run_for(MS)
    phy.mdio_read(BMSR)
    phy.link_is_up = False
    phy.link_is_up = True
    host.run_for(MS)
    assert not phy.mdio_read(BMSR) & 1 << 2
    assert phy.mdio_read(BMSR) & 1 << 2


@pytest.mark.parametrize(
    ("partner", "advertised", "mode"),
    [
        (100, 0x01E1, (100, "full")),
        (10, 0x01E1, (10, "full")),
        (100, 0x00A1, (100, "half")),
        (10, 0x0021, (10, "half")),
        (10, 0x0101, None),
    ],
)
def test_the_best_mode_of_both_ends(partner, advertised, mode):
    host, phy = started(negotiate_ms=1)
    phy.partner_speed = partner
    phy.mdio_write(ANAR, advertised)
    phy.mdio_write(BMCR, 1 << 12 | 1 << 9)
    host.run_for(MS)
    assert phy.mode == mode


@pytest.mark.parametrize(("partner", "speed", "status"), [(1000, 1000, 0x2C), (100, 100, 0x1C), (10, 10, 0x0C)])
def test_a_gigabit_phy(partner, speed, status):
    host, phy = started("RTL8211F", negotiate_ms=1)
    phy.partner_speed = partner
    host.run_for(MS)
    assert phy.link_speed == speed
    assert phy.mdio_read(26) == status
    assert bool(phy.mdio_read(GBSR) & 1 << 11) == (partner == 1000)
    phy.mdio_write(GBCR, 0)
    phy.mdio_write(BMCR, 1 << 12 | 1 << 9)
    host.run_for(MS)
    assert phy.link_speed == min(speed, 100)


def test_a_fixed_mode_needs_no_negotiation():
    host, phy = started(negotiate_ms=1)
    phy.mdio_write(BMCR, 1 << 8)
    host.run_for(MS)
    assert phy.mode == (10, "full")
    assert phy.mdio_read(ANLPAR) == 0
    assert not phy.mdio_read(BMSR) & 1 << 5
    phy.mdio_write(BMCR, 1 << 13)
    assert phy.mode is None
    host.run_for(MS)
    assert phy.mode == (100, "half")


def test_power_down_and_isolation_end_the_link():
    host, phy = started(negotiate_ms=1)
    host.run_for(MS)
    phy.mdio_write(BMCR, 0x3100 | 1 << 10)
    assert (phy.link_is_up, phy.link_speed) == (True, 0)
    phy.mdio_write(BMCR, 0x3100 | 1 << 11)
    host.run_for(10 * MS)
    assert not phy.link_is_up


def test_a_software_reset_clears_itself_and_begins_anew():
    host, phy = started(negotiate_ms=1)
    host.run_for(MS)
    phy.mdio_write(ANAR, 0x0021)
    phy.mdio_write(BMCR, 1 << 15)
    assert phy.mdio_read(BMCR) & 1 << 15
    host.run_for(499_999)
    assert phy.mdio_read(BMCR) & 1 << 15
    host.run_for(1)
    assert (phy.mdio_read(BMCR), phy.mdio_read(ANAR), phy.link_is_up) == (0x3100, 0x01E1, False)
    host.run_for(MS)
    assert phy.link_is_up


def test_the_reset_pin_holds_it():
    host, phy = started(negotiate_ms=1)
    host.run_for(MS)
    phy.on_input(0, False)
    assert (phy.mdio_read(2), phy.link_is_up) == (0xFFFF, False)
    host.run_for(10 * MS)
    assert not phy.link_is_up
    phy.on_input(0, True)
    host.run_for(MS)
    assert (phy.mdio_read(2), phy.link_is_up) == (0x0022, True)
    with pytest.raises(TypeError, match="RESET_N"):
        phy.on_input(1, True)


def test_the_chips_reset_does_not_reach_it():
    host, phy = started(negotiate_ms=1)
    host.run_for(MS)
    phy.mdio_write(ANAR, 0x0021)
    phy.reset()
    assert (phy.link_is_up, phy.mdio_read(ANAR)) == (True, 0x0021)


@pytest.mark.parametrize(
    ("part", "enable", "bits", "status"), [("KSZ8081RNB", 27, 0x0500, 27), ("RTL8211F", 18, 0x0010, 29)]
)
def test_link_changes_interrupt(part, enable, bits, status):
    host, phy = started(part, negotiate_ms=1)
    pin = phy.outputs["INT"]
    phy.mdio_write(enable, bits)
    assert pin.level
    host.run_for(MS)
    assert not pin.level
    assert phy.mdio_read(status) & 0x11
    assert pin.level
    phy.link_is_up = False
    assert not pin.level
    assert phy.mdio_read(status) & 0x14
    assert pin.level


def test_pages_and_extended_registers():
    _, phy = started("RTL8211F")
    phy.mdio_write(31, 0xD08)
    phy.mdio_write(17, 0x0100)
    phy.mdio_write(31, 0xA42)
    assert phy.mdio_read(17) == 0
    phy.mdio_write(31, 0xD08)
    assert phy.mdio_read(17) == 0x0100
    phy.mdio_write(13, 7)
    phy.mdio_write(14, 0x3C)
    assert phy.mdio_read(14) == 0x3C
    phy.mdio_write(13, 1 << 14 | 7)
    phy.mdio_write(14, 6)
    phy.mdio_write(13, 3)
    phy.mdio_write(14, 0x3C)
    phy.mdio_write(13, 1 << 14 | 3)
    assert phy.mdio_read(14) == 0
    phy.mdio_write(13, 1 << 14 | 7)
    assert phy.mdio_read(14) == 6


def test_a_wrong_partner_is_refused():
    _, phy = started()
    with pytest.raises(UsageError, match="10, 100 or 1000"):
        phy.partner_speed = 25


def test_power_off_forgets():
    host, phy = started(negotiate_ms=1)
    host.run_for(MS)
    phy.mdio_write(ANAR, 0x21)
    phy.power_off()
    assert (phy.link_is_up, phy.mdio_read(ANAR)) == (False, 0x01E1)
    phy.reset()
    host.run_for(MS)
    assert phy.link_is_up


def test_saved_during_negotiation_it_goes_on_the_same():
    host, phy = started("RTL8211F", negotiate_ms=2)
    phy.mdio_write(18, 0x10)
    phy.mdio_write(31, 0xD08)
    phy.mdio_write(17, 0x55)
    phy.partner_speed = 100
    host.run_for(MS)
    saved, before = phy.save(), state_of(phy)
    other_host, other = started("RTL8211F", negotiate_ms=2)
    other_host.time_ns = host.time_ns
    other.restore(saved)
    assert state_of(other) == before
    for machine in (host, other_host):
        machine.run_for(MS)
    assert other.link_speed == phy.link_speed == 100
    assert other.mdio_read(17) == 0x55
    assert not other.outputs["INT"].level


def test_every_part_has_all_it_needs():
    keys = {"speeds", "reset_us", "negotiate_ms", "reset", "fixed", "result", "events"}
    for name, part in PARTS.items():
        assert keys <= part.keys(), name
        assert {f"{speed}-{duplex}" for speed in part["speeds"] for duplex in ("half", "full")} == part["result"][
            "modes"
        ].keys()


def test_the_interrupt_pin_is_high_from_the_start():
    assert EthernetPhy(FakeHost(), "phy").outputs["INT"].level


def test_a_write_of_an_enable_shows_a_change_that_was_flagged():
    host, phy = started(negotiate_ms=1)
    host.run_for(MS)
    assert phy.outputs["INT"].level
    phy.mdio_write(27, 0x0100)
    assert not phy.outputs["INT"].level


def test_a_part_that_shows_the_negotiated_mode_in_its_control_register():
    host, phy = started("RTL8201FI", negotiate_ms=1)
    phy.partner_speed = 10
    host.run_for(MS)
    assert phy.mdio_read(BMCR) == 0x1100
    phy.link_is_up = False
    assert phy.mdio_read(BMCR) == 0x1100
    phy.mdio_write(ANAR, 0x0021)
    phy.link_is_up = True
    host.run_for(MS)
    assert (phy.mode, phy.mdio_read(BMCR)) == ((10, "half"), 0x1000)
    phy.mdio_write(BMCR, 1 << 8)
    host.run_for(MS)
    assert (phy.mode, phy.mdio_read(BMCR)) == ((10, "full"), 1 << 8)


def test_a_part_whose_interrupt_is_enabled_on_another_page():
    host, phy = started("RTL8201FI", negotiate_ms=1)
    pin = phy.outputs["INT"]
    host.run_for(MS)
    assert pin.level
    phy.mdio_write(19, 1 << 13)  # on the default page this is another register
    assert pin.level
    phy.mdio_write(31, 7)
    phy.mdio_write(19, 1 << 13)
    assert not pin.level
    phy.mdio_write(31, 0)
    assert phy.mdio_read(30) == 1 << 11
    assert (pin.level, phy.mdio_read(30)) == (True, 0)
    phy.link_is_up = False
    assert not pin.level
    assert phy.mdio_read(30) == 1 << 11
