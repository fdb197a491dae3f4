"""Models of wattbench in a real Renode: the meter as the embedded engine runs it, wires, errors and state."""

from __future__ import annotations

import pytest

from wattbench import Bench
from wattbench.labs.grid import Grid

pytestmark = pytest.mark.renode

PRODUCT = "edge-meter-3p"
AGREEMENT = 20e-6
LATE_NS = 100_000


def meter(engine, **options):
    bench = Bench.load(PRODUCT, engine=engine, **options)
    bench.boot()
    return bench


@pytest.fixture
def bench():
    with meter("renode") as made:
        yield made


def measured(bench):
    """Energy of half a second at 230 V, 20 A, PF 0.5, and the text and pulses of that run."""
    Grid(bench).set_balanced_load(230.0, 20.0, 0.5)
    bench.run_for("0.9")
    start = bench.number("active_import[total]")
    bench.run_for("0.5")
    energy = bench.number("active_import[total]") - start
    return energy, bytes(bench.engine.uart("lpuart1").data), list(bench.pulses("active").times_ns)


def test_the_meter_measures_as_in_the_embedded_engine(bench):
    energy, text, pulses = measured(bench)
    with meter("embedded") as other:
        expected, same_text, same_pulses = measured(other)
    assert energy == pytest.approx(expected, rel=AGREEMENT)
    assert text == same_text
    assert len(pulses) == len(same_pulses) > 0
    assert max(abs(one - two) for one, two in zip(pulses, same_pulses, strict=True)) < LATE_NS


def test_no_sample_is_lost(bench):
    bench.run_for("0.2")
    for name in ("ade_l1", "ade_l2", "ade_l3", "ade_n"):
        assert bench.model(name).samples_taken >= 1600
        assert bench.model(name).overruns == 0


def test_renodes_own_parts_and_our_models_see_the_same(bench):
    pads, button, led = bench.model("gpio3"), bench.model("button"), bench.model("led_status")
    assert led.state == ("True" in bench.execute("sysbus.gpio3.led_status State"))
    assert pads.read(8, 4) >> 8 & 1
    button.press()
    assert not pads.read(8, 4) >> 8 & 1
    assert "True" in bench.execute("sysbus.gpio3.button Pressed")
    bench.execute("sysbus.gpio3.button Release")
    bench.run_for("0.001")
    assert pads.read(8, 4) >> 8 & 1
    assert not button.pressed


def test_an_exception_in_a_model_ends_the_run_with_itself(bench):
    def fail(offset, size, value=0):
        raise ValueError(f"no register at {offset}")

    uart = bench.model("lpuart1")
    uart.read = uart.write = fail
    bench.engine.uart("lpuart1").send(b"?")
    with pytest.raises(ValueError, match="no register at"):
        bench.run_for("0.1")


def test_a_run_goes_on_after_restore_as_it_did_before(bench):
    bench.run_for("0.1")
    saved = bench.save()
    bench.run_for("0.1")
    digest = bench.digest()
    bench.restore(saved)
    bench.run_for("0.1")
    assert bench.digest() == digest
    bench.model("button").press()
    assert not bench.model("gpio3").read(8, 4) >> 8 & 1


def test_the_cause_of_a_reset_is_noted_as_in_the_embedded_engine(bench):
    with meter("embedded") as other:
        for each in (bench, other):
            each.engine.reset()
            each.run_for("0.02")
        assert bench.model("src").read(0x10, 4) == other.model("src").read(0x10, 4)
        for each in (bench, other):
            each.console.command("reset")
            each.run_for("0.02")
        assert bench.model("src").read(0x10, 4) == other.model("src").read(0x10, 4) != 0


def test_a_line_from_renodes_terminals_arrives_whole(bench):
    for character in b"version\r":
        bench.execute(f"sysbus.lpuart1 WriteChar 0x{character:02x}")
    bench.run_for("0.03")
    assert bench.engine.uart("lpuart1").data.endswith(b"version\r\nwattbench edge meter 3p 1.0.0\r\nmeter> ")
