"""From a timer through the crossbar to a converter and back, over the wires of the shipped platform."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from wattbench.core.clock import FixedClock
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.adc_etc import AdcEtc
from wattbench.hw.imxrt.aoi import Aoi
from wattbench.hw.imxrt.cmp import Cmp
from wattbench.hw.imxrt.enc import QUARTERS, Enc
from wattbench.hw.imxrt.ewm import Ewm
from wattbench.hw.imxrt.flexpwm import FlexPwm
from wattbench.hw.imxrt.lpadc import Lpadc
from wattbench.hw.imxrt.pit import Pit
from wattbench.hw.imxrt.tmr import Tmr
from wattbench.hw.imxrt.xbar import INPUTS, OUTPUTS, XbarA, XbarB
from wattbench.platform import load_platform

SOC = Path(__file__).parents[3] / "platforms" / "soc" / "imxrt1175.repl"
US = 1000
TMR_RISING_BUS_CLOCK, TMR_LENGTH, TMR_TOGGLE, TMR_RISING_PIN = 1 << 13 | 8 << 9, 1 << 5, 3, 1 << 13


class Inputs:
    def volts(self, input_name, times_s):
        return np.full_like(times_s, {"CH0A": 0.9, "IN0": 1.0}.get(input_name, 0.0))


class Chip:
    """Those blocks that trigger each other, at 1 MHz, with the platform's wires between them."""

    def __init__(self):
        self.host, clock = FakeHost(), FixedClock(1_000_000)
        timed = {"pit1": Pit, "lpadc1": Lpadc, "lpadc2": Lpadc, "cmp1": Cmp}
        timed |= {
            f"{kind}{n}": cls for kind, cls in (("tmr", Tmr), ("flexpwm", FlexPwm), ("enc", Enc)) for n in range(1, 5)
        }
        self.blocks = {name: cls(self.host, name, clocks=clock) for name, cls in timed.items()}
        self.blocks["adc_etc"] = AdcEtc(
            self.host, "adc_etc", self.blocks["lpadc1"], self.blocks["lpadc2"], clocks=clock
        )
        plain = {"xbara1": XbarA, "xbarb2": XbarB, "xbarb3": XbarB, "aoi1": Aoi, "aoi2": Aoi, "ewm": Ewm}
        self.blocks |= {name: cls(self.host, name) for name, cls in plain.items()}
        for element in load_platform(SOC).elements:
            for wire in element.interrupts if element.name in self.blocks else ():
                for pin in wire.targets:
                    if pin.receiver in self.blocks and wire.source is not None:
                        line = self.blocks[element.name].outputs[wire.source]
                        line.connect(partial(self.blocks[pin.receiver].on_input, pin.number))
        for block in self.blocks.values():
            block.reset()
            if hasattr(block, "port"):
                block.port.connect(Inputs())

    def put(self, name, register, value):
        block = self.blocks[name]
        for known, offset, entry, _ in block.table.instances():
            if known == register:
                return block.write(offset, entry.width // 8, value)
        raise LookupError(register)

    def route(self, crossbar, output_name, input_name):
        """Choose a signal by its name."""
        kind = crossbar[:5]
        output = next(number for number, name in OUTPUTS[kind].items() if name == output_name)
        source = next(number for number, name in INPUTS[kind].items() if name == input_name)
        self.put(crossbar, f"SEL{output // 2}", source << 8 * (output % 2))

    def prepare_chain(self):
        """Trigger 0 of the ADC_ETC converts CH0A once, with an interrupt at its end."""
        self.put("lpadc1", "CFG", 1 << 28)
        self.put("lpadc1", "CTRL", 1)
        self.put("lpadc1", "TCTRL0", 3)
        self.put("adc_etc", "CTRL", 1)
        self.put("adc_etc", "TRIG0_CHAIN_1_0", 1 << 15 | 1 << 4 | 1)

    def ends(self):
        times = []
        self.blocks["adc_etc"].outputs[0].connect(
            lambda level: times.append(self.host.now_ns() / US) if level else None, announce=False
        )
        return times


@pytest.fixture
def chip():
    return Chip()


def test_the_pit_starts_conversions_in_its_period(chip):
    chip.prepare_chain()
    ends = chip.ends()
    chip.route("xbara1", "ADC_ETC0_COCO0", "PIT1_TRIGGER2")
    chip.put("pit1", "MCR", 0)
    chip.put("pit1", "LDVAL2", 99)
    chip.put("pit1", "TCTRL2", 1)
    chip.host.run_for(400 * US)
    assert ends == [122, 222, 322]
    assert chip.blocks["adc_etc"]["TRIG0_RESULT_1_0"] == 2048
    assert chip.blocks["adc_etc"].outputs["IRQ0"].level


def test_a_timer_output_starts_conversions_and_another_counts_their_ends(chip):
    chip.prepare_chain()
    chip.route("xbara1", "ADC_ETC0_COCO0", "QTIMER3_TIMER1")
    chip.route("xbara1", "QTIMER4_TIMER2", "ADC_ETC0_COCO0")
    chip.put("tmr4", "CTRL0", TMR_RISING_PIN | 2 << 9)
    chip.put("tmr3", "COMP11", 49)
    chip.put("tmr3", "CTRL1", TMR_RISING_BUS_CLOCK | TMR_LENGTH | TMR_TOGGLE)
    chip.host.run_for(1000 * US)
    assert chip.blocks["tmr4"].count(0) == 10


def test_two_conditions_meet_in_an_aoi(chip):
    """The comparator's output AND the timer's, through crossbar B3 and AOI2, to the external watchdog's input."""
    chip.put("xbarb3", "SEL0", 19 << 8 | 2)
    chip.put("aoi2", "BFCRT010", (1 << 6 | 1 << 4 | 0xF) << 8)
    chip.route("xbara1", "EWM_EWM_IN", "AOI2_OUT0")
    chip.put("ewm", "CTRL", 5)
    chip.put("tmr3", "COMP11", 49)
    chip.put("tmr3", "CTRL1", TMR_RISING_BUS_CLOCK | TMR_LENGTH | TMR_TOGGLE)
    chip.host.run_for(80 * US)
    assert chip.blocks["ewm"].outputs["EWM_OUT_B"].level
    chip.put("cmp1", "C1", 1 << 24)
    chip.put("cmp1", "C0", 1 << 8)
    assert not chip.blocks["ewm"].outputs["EWM_OUT_B"].level


def test_a_value_of_a_pwm_starts_conversions_in_its_period(chip):
    chip.prepare_chain()
    ends = chip.ends()
    chip.route("xbara1", "ADC_ETC0_COCO0", "FLEXPWM1_PWM2_OUT_TRIG1")
    chip.put("flexpwm1", "SM2VAL1", 199)
    chip.put("flexpwm1", "SM2VAL3", 49)
    chip.put("flexpwm1", "SM2TCTRL", 1 << 3)
    chip.put("flexpwm1", "MCTRL", 1 << 10 | 1 << 2)
    chip.host.run_for(500 * US)
    assert ends == [71, 271, 471]
    assert not chip.host.unmodelled_accesses


def test_either_trigger_of_a_pwm_reaches_a_counter(chip):
    chip.route("xbara1", "QTIMER4_TIMER2", "FLEXPWM4_PWM3_OUT_TRIG0_1")
    chip.put("tmr4", "CTRL0", TMR_RISING_PIN | 2 << 9)
    chip.put("flexpwm4", "SM3VAL1", 9)
    chip.put("flexpwm4", "SM3VAL2", 3)
    chip.put("flexpwm4", "SM3TCTRL", 1 << 1 | 1 << 2)
    chip.put("flexpwm4", "MCTRL", 1 << 11 | 1 << 3)
    chip.host.run_for(100 * US)
    assert chip.blocks["tmr4"].count(0) == 20


def test_an_encoder_at_pads_starts_a_conversion_at_its_position(chip):
    chip.prepare_chain()
    ends = chip.ends()
    chip.route("xbara1", "DEC2_PHASEA", "IOMUX_XBAR_INOUT5")
    chip.route("xbara1", "DEC2_PHASEB", "IOMUX_XBAR_INOUT6")
    chip.route("xbara1", "ADC_ETC0_COCO0", "DEC2_POS_MATCH")
    chip.put("enc2", "UCOMP", 0)
    chip.put("enc2", "LCOMP", 6)
    for quarter in range(1, 9):
        chip.host.run_for(100 * US)
        for pad, level in zip((5, 6), QUARTERS[quarter % 4], strict=True):
            chip.blocks["xbara1"].on_input(pad, level)
    assert chip.blocks["enc2"].position == 8
    assert ends == [622]
