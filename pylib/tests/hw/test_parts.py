import logging

import pytest
from plain_state import state_of

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.parts.button import Button
from wattbench.hw.parts.disconnect_relay import DisconnectRelay
from wattbench.hw.parts.led import Led

CLOSE, OPEN = 0, 1
MS = 1_000_000


def test_catalogue_names():
    assert CATALOGUE["Miscellaneous.LED"] is Led
    assert CATALOGUE["Miscellaneous.Button"] is Button
    assert CATALOGUE["Wattbench.DisconnectRelay"] is DisconnectRelay


@pytest.mark.parametrize("invert", [False, True])
def test_led_shines_with_its_pin(invert):
    led, edges = Led(FakeHost(), "led", invert=invert), []
    assert led.state == invert
    led.outputs["State"].connect(edges.append, announce=False)
    for level in (True, True, False):
        led.on_input(0, level)
        assert led.state == (level != invert)
    assert edges == [not invert, invert]
    with pytest.raises(TypeError, match="input 0"):
        led.on_input(1, True)


@pytest.mark.parametrize("invert", [False, True])
def test_button(invert):
    button, edges = Button(FakeHost(), "button", invert=invert), []
    button.outputs["IRQ"].connect(edges.append)
    button.press()
    button.press()
    assert button.pressed
    button.release()
    button.toggle()
    button.reset()
    assert button.pressed
    button.toggle()
    button.press_and_release()
    assert edges == [level != invert for level in (False, True, False, True, False, True, False)]


@pytest.fixture
def relay():
    return DisconnectRelay(FakeHost(), "relay", min_pulse_ms=20)


def pulse(relay, coil, milliseconds):
    relay.on_input(coil, True)
    relay.host.run_for(round(milliseconds * MS))
    relay.on_input(coil, False)


def test_relay_latches_and_counts(relay):
    edges = []
    relay.outputs["contact"].connect(lambda level: edges.append((relay.host.now_ns(), level)))
    pulse(relay, OPEN, 30)
    relay.host.run_for(1000 * MS)
    pulse(relay, OPEN, 30)
    pulse(relay, CLOSE, 20)
    assert edges == [(0, True), (20 * MS, False), (1080 * MS, True)]
    assert relay.operations == 2
    assert relay.short_pulses == 0
    assert relay.host.messages == []


def test_relay_ignores_and_reports_a_short_pulse(relay):
    pulse(relay, OPEN, 19.999999)
    relay.host.run_for(1000 * MS)
    assert relay.closed
    assert (relay.operations, relay.short_pulses) == (0, 1)
    level, source, message = relay.host.messages[0]
    assert (level, source) == (logging.WARNING, "relay")
    assert "open coil" in message


def test_a_pulse_that_ends_at_the_very_instant_is_long_enough(relay):
    relay.on_input(OPEN, True)
    relay.host.time_ns = 20 * MS
    relay.on_input(OPEN, False)
    assert (relay.closed, relay.operations, relay.short_pulses) == (False, 1, 0)


def test_relay_does_not_move_against_both_coils(relay):
    relay.on_input(CLOSE, True)
    relay.on_input(OPEN, True)
    relay.host.run_for(100 * MS)
    assert relay.closed
    assert relay.host.messages[-1][0] == logging.ERROR
    relay.on_input(CLOSE, False)
    relay.host.run_for(20 * MS)
    assert not relay.closed


def test_relay_keeps_its_contact_through_a_reset(relay):
    pulse(relay, OPEN, 25)
    relay.on_input(CLOSE, True)
    relay.host.run_for(10 * MS)
    relay.reset()
    relay.on_input(CLOSE, False)
    assert not relay.closed
    assert relay.short_pulses == 1


def test_relay_needs_a_pulse_and_has_two_coils(relay):
    with pytest.raises(UsageError, match="minPulseMs"):
        DisconnectRelay(FakeHost(), "relay", min_pulse_ms=0)
    with pytest.raises(TypeError, match="coils"):
        relay.on_input(2, True)


def test_relay_saved_in_the_middle_of_a_pulse(relay):
    pulse(relay, OPEN, 25)
    relay.on_input(CLOSE, True)
    relay.host.run_for(15 * MS)
    other = DisconnectRelay(FakeHost(), "relay", min_pulse_ms=20)
    other.host.time_ns = relay.host.now_ns()
    other.restore(relay.save())
    assert state_of(other) == state_of(relay)
    other.host.run_for(5 * MS)
    other.on_input(CLOSE, False)
    assert (other.closed, other.operations, other.short_pulses) == (True, 2, 0)
