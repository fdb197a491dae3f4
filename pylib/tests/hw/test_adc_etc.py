"""ADC_ETC: chains, delays, flags, interrupts and DMA with two converters."""

from __future__ import annotations

import numpy as np
import pytest
from plain_state import state_of

from wattbench.core.clock import FixedClock
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt import lpadc
from wattbench.hw.imxrt.adc_etc import TABLE, AdcEtc

OFFSETS = {name: offset for name, offset, _, _ in TABLE.instances()}
RESETS = {name: register.reset_of(number) for name, _, register, number in TABLE.instances()}
ADC_OFFSETS = {name: offset for name, offset, _, _ in lpadc.TABLE.instances()}
SOFTRST = 1 << 31
SW_TRIG, TRIG_MODE, SYNC = 1, 1 << 4, 1 << 16
B2B = 1 << 12
CONVERSION_US = 21


class Ramp:
    """Channel n of either side is at n LSB; 1000 for side B."""

    def volts(self, input_name, times_s):
        return np.full_like(times_s, (int(input_name[2]) + 1000 * (input_name[3] == "B")) * 1.8 / 4096)


class Etc(AdcEtc):
    """An ADC_ETC with its converters, all at 1 MHz, registers by name, triggers 0 of both converters ready."""

    def __init__(self):
        host = FakeHost()
        self.adcs = [lpadc.Lpadc(host, name, clocks=FixedClock(1_000_000)) for name in ("adc1", "adc2")]
        super().__init__(host, "adc_etc", *self.adcs, clocks=FixedClock(1_000_000))
        for adc in (*self.adcs, self):
            adc.reset()
        for adc in self.adcs:
            adc.port.connect(Ramp())
            adc.write(ADC_OFFSETS["CFG"], 4, 1 << 28)
            adc.write(ADC_OFFSETS["CTRL"], 4, 1)
            for number in range(8):
                adc.write(ADC_OFFSETS[f"TCTRL{number}"], 4, 3)
            for command in range(1, 8):
                adc.write(ADC_OFFSETS[f"CMDL{command}"], 4, 1 << 13 | command)

    def put(self, name, value):
        self.write(OFFSETS[name], 4, value)

    def get(self, name):
        return self.read(OFFSETS[name], 4)

    def chain(self, number, commands, *, extra=0, flags=0, delay=0, interval=0):
        """A chain of `commands` on trigger 0 of the converter, `flags` in each segment."""
        self.put(f"TRIG{number}_CTRL", len(commands) - 1 << 8 | extra)
        self.put(f"TRIG{number}_COUNTER", interval << 16 | delay)
        segments = [command | 1 << 4 | flags for command in commands] + [0] * (8 - len(commands))
        for low in (0, 2, 4, 6):
            self.put(f"TRIG{number}_CHAIN_{low + 1}_{low}", segments[low + 1] << 16 | segments[low])

    def pulse(self, number):
        self.on_input(number, True)
        self.on_input(number, False)

    def wait_us(self, us):
        self.host.run_for(round(us * 1000))

    def results(self, number):
        words = [self.get(f"TRIG{number}_RESULT_{low + 1}_{low}") for low in (0, 2, 4, 6)]
        return [half for word in words for half in (word & 0xFFFF, word >> 16)]

    def done(self, number):
        return self.get(f"TRIG{number}_CTRL") >> 24


@pytest.fixture
def etc():
    block = Etc()
    block.put("CTRL", 0xFF)
    return block


def test_reset_values_and_soft_reset():
    etc = Etc()
    etc.put("TRIG0_CTRL", TRIG_MODE)
    assert {name: etc.get(name) for name in OFFSETS} == RESETS
    etc.put("CTRL", 0xFF)
    etc.put("TRIG0_CTRL", TRIG_MODE)
    etc.put("TRIG0_RESULT_1_0", 5)
    assert (etc.get("TRIG0_CTRL"), etc.get("TRIG0_RESULT_1_0")) == (TRIG_MODE, 0)
    etc.put("CTRL", SOFTRST | 0xFF)
    assert {name: etc.get(name) for name in OFFSETS} == RESETS


def test_a_chain_waits_converts_and_tells(etc):
    etc.chain(2, [4, 6], flags=B2B, delay=9)
    etc.pulse(2)
    etc.wait_us(10 + CONVERSION_US - 0.001)
    assert etc.done(2) == 0
    etc.wait_us(0.001)
    assert etc.done(2) == 0b01
    etc.wait_us(CONVERSION_US)
    assert etc.done(2) == 0b11
    assert etc.results(2) == [4, 6, 0, 0, 0, 0, 0, 0]
    etc.put("TRIG2_CTRL", 0xFF << 24)
    assert etc.done(2) == 0


def test_a_chain_of_eight_keeps_its_interval(etc):
    etc.put("CTRL", 0xFF | 1 << 16)
    etc.chain(0, [1, 2, 3, 4, 5, 6, 7, 1], delay=4, interval=49)
    etc.pulse(0)
    etc.wait_us(10 + 7 * 100 + CONVERSION_US - 0.001)
    assert etc.done(0) == 0x7F
    etc.wait_us(0.001)
    assert etc.done(0) == 0xFF
    assert etc.results(0) == [1, 2, 3, 4, 5, 6, 7, 1]


def test_an_interval_shorter_than_the_conversion_waits_for_it(etc):
    etc.chain(0, [1, 2], interval=4)
    etc.pulse(0)
    etc.wait_us(1 + 2 * CONVERSION_US)
    assert etc.done(0) == 3


@pytest.mark.parametrize("line", range(4))
def test_interrupts_of_segments(etc, line):
    etc.chain(1, [1, 2], flags=B2B | 1 << 15 | line << 13)
    etc.pulse(1)
    etc.wait_us(1 + CONVERSION_US)
    assert [etc.outputs[f"IRQ{number}"].level for number in range(4)] == [number == line for number in range(4)]
    register, low = (("DONE0_1_IRQ", 0), ("DONE0_1_IRQ", 16), ("DONE2_3_ERR_IRQ", 0), ("DONE2_3_ERR_IRQ", 8))[line]
    assert etc.get(register) == 1 << low + 1
    etc.put(register, 1 << low + 1)
    assert not etc.outputs[f"IRQ{line}"].level


def test_segments_without_interrupt_enable_are_silent(etc):
    etc.chain(1, [1], flags=3 << 13)
    etc.pulse(1)
    etc.wait_us(100)
    assert etc.done(1) == 1
    assert etc.get("DONE2_3_ERR_IRQ") == 0


def test_software_and_hardware_triggers_exclude_each_other(etc):
    etc.chain(0, [1])
    etc.put("TRIG0_CTRL", SW_TRIG)
    etc.wait_us(100)
    assert (etc.done(0), etc.get("TRIG0_CTRL")) == (0, 0)
    etc.put("TRIG0_CTRL", TRIG_MODE)
    etc.pulse(0)
    etc.wait_us(100)
    assert etc.done(0) == 0
    etc.put("TRIG0_CTRL", TRIG_MODE | SW_TRIG)
    etc.wait_us(100)
    assert etc.get("TRIG0_CTRL") == TRIG_MODE | 1 << 24


def test_hardware_triggers_need_their_enable(etc):
    etc.put("CTRL", 0xFD)
    etc.chain(1, [1])
    etc.pulse(1)
    etc.wait_us(100)
    assert etc.done(1) == 0
    with pytest.raises(TypeError, match="input 8"):
        etc.on_input(8, True)


def test_synchronous_mode_starts_both_converters(etc):
    etc.chain(1, [2], extra=SYNC)
    etc.chain(5, [3])
    etc.pulse(1)
    etc.wait_us(1 + CONVERSION_US)
    assert (etc.results(1)[0], etc.results(5)[0]) == (2, 3)
    etc.chain(1, [2])
    etc.put("TRIG5_CTRL", 0xFF << 24)
    etc.pulse(1)
    etc.wait_us(100)
    assert etc.done(5) == 0


def test_chains_of_one_converter_take_turns_by_priority(etc):
    ends = []
    for number in range(8):
        etc.outputs[number].connect(lambda level, number=number: ends.append(number) if level else None)
    etc.chain(0, [1], extra=1 << 12)
    etc.chain(1, [2], extra=5 << 12)
    etc.chain(2, [3], extra=5 << 12)
    for number in (0, 1, 2):
        etc.pulse(number)
    etc.wait_us(1 + 3 * CONVERSION_US)
    assert ends == [1, 2, 0]
    etc.chain(3, [4], extra=2 << 12)
    etc.chain(0, [1], extra=1 << 12, delay=5)
    etc.chain(1, [2], extra=5 << 12, delay=8)
    for number in (0, 1, 3):
        etc.pulse(number)
    etc.wait_us(1 + 3 * CONVERSION_US)
    assert ends[3:] == [3, 1, 0]


def test_a_trigger_during_its_chain_is_an_error(etc):
    etc.chain(3, [1, 2], flags=B2B)
    etc.pulse(3)
    etc.wait_us(10)
    etc.pulse(3)
    assert etc.outputs["ERROR"].level
    assert etc.get("DONE2_3_ERR_IRQ") == 1 << 19
    etc.put("DONE2_3_ERR_IRQ", 1 << 19)
    assert not etc.outputs["ERROR"].level
    etc.wait_us(100)
    assert etc.results(3)[:2] == [1, 2]


def test_dma_request_at_the_end_of_a_chain(etc):
    etc.put("DMA_CTRL", 1 << 4)
    etc.chain(4, [1, 2], flags=B2B)
    etc.chain(0, [1])
    etc.pulse(0)
    etc.pulse(4)
    etc.wait_us(1 + 2 * CONVERSION_US - 0.001)
    assert not etc.outputs["Dma"].level
    etc.wait_us(0.001)
    assert etc.outputs["Dma"].level
    assert etc.get("DMA_CTRL") == 1 << 4 | 1 << 20
    etc.outputs["Dma"].acknowledged()
    assert (etc.outputs["Dma"].level, etc.get("DMA_CTRL")) == (False, 1 << 4)


def test_saved_in_a_chain_it_goes_on_the_same(etc):
    etc.chain(0, [1, 2, 3], interval=50)
    etc.chain(1, [4])
    etc.pulse(0)
    etc.pulse(1)
    etc.wait_us(30)
    other = Etc()
    other.host.time_ns = etc.host.time_ns
    for mine, theirs in zip((etc, *etc.adcs), (other, *other.adcs), strict=True):
        theirs.restore(mine.save())
    assert state_of(other) == state_of(etc)
    for block in (etc, other):
        block.wait_us(500)
    assert other.results(0) == etc.results(0) == [1, 2, 3, 0, 0, 0, 0, 0]
    assert other.results(1)[0] == 4
