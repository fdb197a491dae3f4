"""Crossbars and AOI: levels, edges, and the wires of the shipped platform against the list of signals."""

from __future__ import annotations

from pathlib import Path

import pytest
from plain_state import state_of

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.aoi import Aoi
from wattbench.hw.imxrt.xbar import SIGNALS, XbarA, XbarB
from wattbench.hw.imxrt106x.variants import XbarA106x
from wattbench.platform import load_platform

SOC = Path(__file__).parents[3] / "platforms" / "soc"
RISING, FALLING, BOTH = 1 << 2, 2 << 2, 3 << 2
DEN, IEN, STS = 1, 2, 1 << 4
ACMP1, PIT = 42, 102


class Registers:
    """16-bit registers by name."""

    def put(self, name, value):
        self.write(self.table_offsets()[name], 2, value)

    def get(self, name):
        return self.read(self.table_offsets()[name], 2)

    @classmethod
    def table_offsets(cls):
        return {name: offset for name, offset, _, _ in cls.table.instances()}

    def select(self, output, source):
        name, low = f"SEL{output // 2}", 8 * (output % 2)
        self.put(name, self.get(name) & ~(0xFF << low) | source << low)


class CrossA(Registers, XbarA):
    pass


class CrossB(Registers, XbarB):
    pass


class Gates(Registers, Aoi):
    pass


@pytest.fixture
def xbar():
    block = CrossA(FakeHost(), "xbara1")
    block.reset()
    return block


@pytest.mark.parametrize("kind", [CrossA, CrossB, Gates])
def test_reset_values(kind):
    block = kind(FakeHost(), "block")
    block.reset()
    assert {block.get(name) for name in block.table_offsets()} == {0}


def test_outputs_follow_the_chosen_input_at_once(xbar):
    xbar.select(138, ACMP1)
    xbar.select(155, ACMP1)
    xbar.on_input(ACMP1, True)
    assert [number for number in range(176) if xbar.outputs[number].level] == [138, 155]
    xbar.select(138, 43)
    assert not xbar.outputs[138].level
    xbar.select(139, 1)
    assert xbar.outputs[139].level
    xbar.on_input(ACMP1, False)
    assert not xbar.outputs[155].level
    assert dict(xbar.host.unmodelled_accesses) == {}


@pytest.mark.parametrize(("edges", "seen"), [(0, []), (RISING, [1]), (FALLING, [0]), (BOTH, [1, 0])])
@pytest.mark.parametrize("output", range(4))
def test_edges_interrupt_and_ask_the_dma(xbar, output, edges, seen):
    register, low = f"CTRL{output // 2}", 8 * (output % 2)
    xbar.select(output, ACMP1)
    xbar.put(register, (edges | IEN | DEN) << low)
    flagged = []
    for level in (True, False):
        xbar.on_input(ACMP1, level)
        if xbar.get(register) & STS << low:
            flagged.append(level)
            assert [xbar.outputs[name].level for name in ("IRQ01", "IRQ23")] == [output < 2, output >= 2]
            assert [xbar.outputs[f"DMA{number}"].level for number in range(4)] == [
                number == output for number in range(4)
            ]
        xbar.put(register, (edges | IEN | DEN | STS) << low)
        assert not any(xbar.outputs[name].level for name in ("IRQ01", "IRQ23", f"DMA{output}"))
    assert flagged == seen


def test_the_dma_acknowledge_clears_the_flag(xbar):
    xbar.select(1, ACMP1)
    xbar.put("CTRL0", (RISING | DEN) << 8)
    xbar.on_input(ACMP1, True)
    assert (xbar.outputs["DMA1"].level, xbar.outputs["IRQ01"].level) == (True, False)
    xbar.outputs["DMA1"].acknowledged()
    assert (xbar.outputs["DMA1"].level, xbar.get("CTRL0")) == (False, (RISING | DEN) << 8)


def test_reserved_and_undriven_signals_are_counted(xbar):
    xbar.select(10, 2)
    xbar.select(10, 112)
    assert [access for _, access in xbar.host.unmodelled_accesses] == [
        "output 10 from input 2 (reserved)",
        "output 10 from input 112 (DMA_DONE0)",
    ]
    for number in (0, 1, 2, 200):
        with pytest.raises(TypeError, match=f"no signal at input {number}"):
            xbar.on_input(number, True)


def test_a_loop_that_oscillates_ends_with_an_error(xbar):
    xbar.select(4, ACMP1)
    xbar.outputs[4].connect(lambda level: xbar.on_input(ACMP1, not level), announce=False)
    xbar.on_input(ACMP1, True)
    assert "oscillates" in xbar.host.messages[-1][2]


def test_crossbar_saved_goes_on_the_same(xbar):
    xbar.select(0, PIT)
    xbar.put("CTRL0", FALLING | IEN)
    xbar.on_input(PIT, True)
    other = CrossA(FakeHost(), "xbara1")
    other.reset()
    other.restore(xbar.save())
    assert state_of(other) == state_of(xbar)
    other.on_input(PIT, False)
    assert other.outputs["IRQ01"].level


def test_the_small_crossbar_has_sixteen_outputs():
    xbar = CrossB(FakeHost(), "xbarb2")
    xbar.reset()
    assert len(xbar.outputs) == 16
    xbar.select(15, 58)
    xbar.on_input(58, True)
    assert xbar.outputs[15].level
    with pytest.raises(TypeError, match="no signal at input 98"):
        xbar.on_input(98, True)


def bits(value, count):
    return [bool(value >> place & 1) for place in range(count)]


@pytest.mark.parametrize("output", range(4))
@pytest.mark.parametrize("term", range(4))
def test_aoi_against_its_formula(output, term):
    """A inverted AND B AND one AND D, in each term of each output."""
    aoi = Gates(FakeHost(), "aoi1")
    aoi.reset()
    rules = 2 << 6 | 1 << 4 | 3 << 2 | 1
    aoi.put(f"BFCRT{'01' if term < 2 else '23'}{output}", rules if term % 2 else rules << 8)
    for value in range(16):
        a, b, _, d = levels = bits(value, 4)
        for place, level in enumerate(levels):
            aoi.on_input(4 * output + place, level)
        assert [aoi.outputs[n].level for n in range(4)] == [n == output and not a and b and d for n in range(4)]


def test_aoi_terms_meet_in_an_or():
    aoi = Gates(FakeHost(), "aoi1")
    aoi.reset()
    aoi.put("BFCRT012", (1 << 6 | 0x3F) << 8 | 3 << 6 | 1 << 4 | 0xF)
    for value in range(4):
        aoi.on_input(8, bool(value & 1))
        aoi.on_input(9, bool(value & 2))
        assert aoi.outputs[2].level == bool(value)
    aoi.put("BFCRT012", 0)
    assert not aoi.outputs[2].level
    with pytest.raises(TypeError, match="inputs 0 to 15"):
        aoi.on_input(16, True)


def test_aoi_saved_goes_on_the_same():
    aoi, other = Gates(FakeHost(), "aoi1"), Gates(FakeHost(), "aoi1")
    aoi.reset()
    aoi.put("BFCRT010", 0x5F00)
    aoi.on_input(0, True)
    other.restore(aoi.save())
    assert state_of(other) == state_of(aoi)
    other.on_input(1, True)
    assert other.outputs[0].level


DECODER_INPUTS = ("PHASEA", "PHASEB", "INDEX", "HOME", "TRIGGER")
DECODER_INPUTS_106X = ("PHASE_A_INPUT", "PHASE_B_INPUT", "INDEX", "HOME", "TRIGGER")
NAMES = {
    "tmr": lambda block, pin: f"QTIMER{block}_TIMER{pin}",
    "pit": lambda block, pin: f"PIT{block}_TRIGGER{pin}",
    "adc_etc": lambda block, pin: tuple(
        f"ADC_ETC{spelled}"
        for spelled in (f"{pin // 4}_COCO{pin % 4}", *(f"_XBAR{pin // 4}_{end}{pin % 4}" for end in ("COCO", "TRIG")))
    ),
    "aoi": lambda block, pin: f"AOI{block}_OUT{pin}",
    "cmp": lambda block, pin: f"ACMP{block}_OUT",
    "flexpwm": lambda block, pin: f"FLEXPWM{block}_{pin}",
    "pwm": lambda block, pin: f"FLEXPWM{block}_PWM{int(pin[3]) + 1}{pin[4:]}",
    "enc": lambda block, pin: (
        (f"DEC{block}_POS_MATCH", f"ENC{block}_POS_MATCH")
        if pin == "POSMATCH"
        else (f"DEC{block}_{DECODER_INPUTS[pin]}", f"ENC{block}_{DECODER_INPUTS_106X[pin]}")
    ),
}


def names(kind, block, pin):
    """Spellings of the chips for a block's output or input."""
    spelled = NAMES[kind](block, pin)
    return spelled if isinstance(spelled, tuple) else (spelled,)


def split(name):
    return name.rstrip("0123456789"), name[len(name.rstrip("0123456789")) :]


def wires(chip):
    """Source, its output, receiver and its input of each wire of the chip's platform at a crossbar."""
    for element in load_platform(SOC / f"{chip}.repl").elements:
        for item in element.interrupts:
            for pin in item.targets:
                if "xbar" in (element.name or "") or pin.receiver.startswith("xbar"):
                    yield element.name, item.source, pin.receiver, pin.number


CHIPS = {"imxrt1175": (SIGNALS, 80, 20), "imxrt1064": (XbarA106x.signals, 28, 15)}
"""Signals of a chip, and how many wires into and out of its crossbars there are at least."""


@pytest.mark.parametrize("chip", CHIPS)
def test_wires_into_the_crossbars_are_on_the_listed_numbers(chip):
    signals, expected, _ = CHIPS[chip]
    checked = 0
    for source, output, receiver, number in wires(chip):
        if receiver.startswith("xbar"):
            kind, block = split(source)
            assert signals.inputs[receiver[:5]][number] in names(kind, block, output), (
                f"{source} {output} -> {receiver}@{number}"
            )
            checked += 1
    assert checked > expected


@pytest.mark.parametrize("chip", CHIPS)
def test_wires_out_of_the_crossbar_are_on_the_listed_numbers(chip):
    signals, _, wanted = CHIPS[chip]
    checked = 0
    for source, output, receiver, number in wires(chip):
        kind, block = split(receiver)
        if source == "xbara1" and kind in NAMES and isinstance(output, int):
            expected = (f"ACMP{block}_SAMPLE",) if kind == "cmp" else names(kind, block, number)
            assert signals.outputs["xbara"][output] in expected
            checked += 1
    assert checked > wanted
