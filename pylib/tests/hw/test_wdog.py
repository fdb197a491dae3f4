import pytest

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.wdog import Wdog

WCR, WSR, WRSR, WICR, WMCR = 0, 2, 4, 6, 8
SECOND = 1_000_000_000


@pytest.fixture
def wdog():
    block = Wdog(FakeHost(), "wdog1")
    block.reset()
    return block


def level(block, name):
    return block.outputs[name].level


def enable(block, half_seconds):
    block.write(WMCR, 2, 0)
    block.write(WCR, 2, (half_seconds - 1) << 8 | 0x34)


def test_off_after_reset_and_power_on_is_the_cause(wdog):
    assert wdog.read(WRSR, 2) == 0x10
    assert wdog.read(WCR, 2) == 0x30
    wdog.host.run_for(15 * SECOND)
    assert level(wdog, "WDOG_B")
    wdog.host.run_for(1 * SECOND)
    assert not level(wdog, "WDOG_B")
    assert not level(wdog, "RESET")


def test_power_down_counter_can_only_be_switched_off(wdog):
    wdog.write(WMCR, 2, 0)
    wdog.write(WMCR, 2, 1)
    wdog.host.run_for(20 * SECOND)
    assert wdog.read(WMCR, 2) == 0
    assert level(wdog, "WDOG_B")


def test_time_out_to_the_nanosecond(wdog):
    enable(wdog, 3)
    wdog.host.run_for(1_499_999_999)
    assert not level(wdog, "RESET")
    wdog.host.run_for(1)
    assert level(wdog, "RESET")
    wdog.reset()
    assert not level(wdog, "RESET")
    assert wdog.read(WRSR, 2) == 2
    wdog.power_off()
    wdog.host.run_for(60 * SECOND)
    assert level(wdog, "WDOG_B")
    wdog.reset()
    assert wdog.read(WRSR, 2) == 0x10


@pytest.mark.parametrize(("words", "fed"), [
    ((0x5555, 0xAAAA), True), ((0xAAAA,), False), ((0x5555,), False), ((0x5555, 0x1234, 0xAAAA), False),
    ((0xAAAA, 0x5555, 0xAAAA), True), ((0x5555, 0x5555, 0xAAAA), True),
])  # fmt: skip
def test_service_sequence(wdog, words, fed):
    enable(wdog, 2)
    wdog.host.run_for(900_000_000)
    for word in words:
        wdog.write(WSR, 2, word)
    wdog.host.run_for(200_000_000)
    assert level(wdog, "RESET") is not fed


def test_cannot_be_disabled(wdog):
    enable(wdog, 1)
    wdog.write(WCR, 2, 0x0030)
    assert wdog.read(WCR, 2) & 4
    wdog.host.run_for(SECOND)
    assert level(wdog, "RESET")


def test_interrupt_comes_before_the_time_out_and_is_configured_once(wdog):
    enable(wdog, 10)
    wdog.write(WICR, 2, 0x8002)
    wdog.write(WICR, 2, 0x0008)
    assert wdog.read(WICR, 2) == 0x8002
    wdog.host.run_for(4 * SECOND - 1)
    assert not level(wdog, "IRQ")
    wdog.host.run_for(1)
    assert level(wdog, "IRQ")
    wdog.write(WICR, 2, wdog.read(WICR, 2))
    assert not level(wdog, "IRQ")
    assert wdog.read(WICR, 2) == 0x8002
    wdog.host.run_for(SECOND)
    assert level(wdog, "RESET")


def test_software_reset_and_pin(wdog):
    wdog.write(WCR, 2, 0x10)
    assert not level(wdog, "WDOG_B")
    assert not level(wdog, "RESET")
    wdog.write(WCR, 2, 0x20)
    assert level(wdog, "RESET")
    wdog.reset()
    assert wdog.read(WRSR, 2) == 1


def test_round_trip_keeps_the_deadline_and_half_a_service(wdog):
    enable(wdog, 2)
    wdog.write(WSR, 2, 0x5555)
    wdog.host.run_for(400_000_000)
    saved = wdog.save()
    wdog.host.run_for(300_000_000)
    wdog.write(WSR, 2, 0)
    other = Wdog(FakeHost(), "other")
    other.host.time_ns = 400_000_000
    other.restore(saved)
    other.host.run_for(500_000_000)
    other.write(WSR, 2, 0xAAAA)
    other.host.run_for(999_999_999)
    assert not level(other, "RESET")
    other.host.run_for(1)
    assert level(other, "RESET")
