"""The converters of the i.MX RT1064 and their ADC_ETC."""

import numpy as np
import pytest
from pairs import Clock

from wattbench.core.clock import FixedClock
from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt106x.adc import CALIBRATION_CLOCKS, Adc106x, AdcEtc106x

HC0, HC3, HS, R0, R3, CFG, GC, GS, CV, OFS, CAL = 0x00, 0x0C, 0x20, 0x24, 0x30, 0x44, 0x48, 0x4C, 0x50, 0x54, 0x58
BITS_12, ADTRG, OVWREN, AIEN = 2 << 2, 1 << 13, 1 << 16, 1 << 7
DMAEN, ACREN, ACFGT, ACFE, AVGE, ADCO, CALIBRATE = (1 << bit for bit in range(1, 8))
CHAIN, TRIG0, RESULT, DONE01, DONE2 = 0x18, 0x10, 0x28, 0x04, 0x08
US = 1000


class Volts:
    def __init__(self, **of):
        self.of = of

    def volts(self, name, times_s):
        value = self.of.get(name, 0.0)
        return value(times_s) if callable(value) else np.full_like(times_s, value)


class Converter(Adc106x):
    """A converter at 1 MHz with a reference of 3.3 V."""

    def __init__(self, host=None, name="adc1", clocks=None, **volts):
        super().__init__(host or FakeHost(), name, clocks=clocks or FixedClock(1_000_000))
        self.reset()
        self.port.connect(Volts(**volts))

    def put(self, *pairs):
        for offset, value in pairs:
            self.write(offset, 4, value)

    def get(self, offset):
        return self.read(offset, 4)


def test_reset_values():
    adc = Converter()
    assert [adc.get(offset) for offset in (HC0, HC3, HS, R0, CFG, GC, GS, CAL)] == [0x1F, 0x1F, 0, 0, 0x200, 0, 0, 0]
    assert not adc.host.unmodelled_accesses
    with pytest.raises(UsageError, match="above 0 V"):
        Adc106x(FakeHost(), "adc1", reference=0)


@pytest.mark.parametrize(
    ("setting", "clocks", "code"),
    [
        (0x200, 4 + 7 + 17, 128),
        (0x200 | 1 << 2, 4 + 7 + 21, 512),
        (BITS_12, 4 + 3 + 25, 2048),
        (BITS_12 | 1 << 4 | 3 << 8, 4 + 25 + 25, 2048),
        (BITS_12 | 1, 2 * (4 + 3 + 25), 2048),
        (BITS_12 | 2 << 5, 4 * (4 + 3 + 25), 2048),
    ],
)
def test_a_conversion_by_software(setting, clocks, code):
    adc = Converter(IN5=1.65)
    adc.put((CFG, setting), (HC0, AIEN | 5))
    adc.host.run_for(clocks * US - 1)
    assert (adc.get(HS), adc.get(GS), adc.outputs["IRQ"].level) == (0, 1, False)
    adc.host.run_for(1)
    assert (adc.get(HS), adc.get(GS), adc.outputs["IRQ"].level) == (1, 0, True)
    assert adc.get(R0) == code
    assert (adc.get(HS), adc.outputs["IRQ"].level) == (0, False)


def test_its_own_clock_needs_no_bus():
    clock = Clock(0)
    adc = Converter(clocks=clock, IN1=3.3)
    adc.put((CFG, BITS_12 | 3), (HC0, 1))
    adc.host.run_for(3200)
    assert adc.get(R0) == 4095
    adc.put((CFG, BITS_12), (HC0, 1))
    adc.host.run_for(100 * US)
    assert adc.get(GS) == 1
    clock.set(1_000_000)
    adc.host.run_for(32 * US)
    assert adc.get(R0) == 4095


def test_average_of_samples_at_their_times():
    adc = Converter(IN0=lambda times_s: times_s * 1e3)
    adc.put((CFG, BITS_12 | 2 << 14), (GC, AVGE), (HC0, 0))
    adc.host.run_for((4 + 16 * 28) * US)
    expected = [int((7 + 28 * n) * 1e-3 / 3.3 * 4096) for n in range(16)]
    assert adc.get(R0) == sum(expected) // 16


def test_offset_and_reference():
    adc = Converter(IN0=1.65)
    for offset, code in ((100, 2148), (1 << 12 | 100, 1948), (4000, 4095), (1 << 12 | 4000, 0)):
        adc.put((CFG, BITS_12), (OFS, offset), (HC0, 0))
        adc.host.run_for(32 * US)
        assert adc.get(R0) == code
    adc.put((OFS, 0), (HC0, 25))
    adc.host.run_for(32 * US)
    assert adc.get(R0) == 4095
    adc.put((HC0, 20))
    assert adc.host.unmodelled_accesses == {("adc1", "conversion of input 20"): 1}


@pytest.mark.parametrize(
    ("control", "values", "passing"),
    [
        (ACFE, (2, 0), {0, 1}),
        (ACFE | ACFGT, (2, 0), {2, 3, 4}),
        (ACFE | ACREN, (1, 3), {0, 4}),
        (ACFE | ACREN | ACFGT, (1, 3), {1, 2, 3}),
        (ACFE | ACREN, (3, 1), {2}),
        (ACFE | ACREN | ACFGT, (3, 1), {0, 1, 3, 4}),
    ],
)
def test_comparison(control, values, passing):
    kept = set()
    for code in range(5):
        adc = Converter(IN0=(code + 0.5) / 4096 * 3.3)
        adc.put((CFG, BITS_12), (GC, control), (CV, values[1] << 16 | values[0]), (HC0, 0))
        adc.host.run_for(32 * US)
        if adc.get(HS):
            kept.add(adc.get(R0))
    assert kept == passing


def test_again_and_again_until_told_otherwise():
    adc = Converter(IN0=lambda times_s: times_s * 1e3)
    adc.put((CFG, BITS_12), (GC, ADCO), (HC0, 0))
    adc.host.run_for(33 * US)
    adc.host.run_for(32 * US)
    first = adc.get(R0)
    assert first == int(7e-3 / 3.3 * 4096)  # the second was lost, as nobody had read the first
    adc.put((CFG, BITS_12 | OVWREN))
    adc.host.run_for(70 * US)
    assert adc.get(R0) > first
    adc.put((HC0, 0x1F))
    adc.host.run_for(200 * US)
    assert (adc.get(HS), adc.get(GS)) == (0, 0)


def test_dma_asks_while_a_result_is_there():
    adc = Converter(IN0=1.0)
    adc.put((CFG, BITS_12), (GC, DMAEN), (HC0, 0))
    adc.host.run_for(32 * US)
    assert adc.outputs["Dma"].level
    adc.get(R0)
    assert not adc.outputs["Dma"].level


def test_calibration_as_the_vendors_driver_does_it():
    adc = Converter()
    adc.put((GC, CALIBRATE))
    adc.host.run_for(CALIBRATION_CLOCKS * US - 1)
    assert (adc.get(HS), adc.get(GC), adc.get(GS)) == (0, CALIBRATE, 1)
    adc.host.run_for(1)
    assert (adc.get(HS), adc.get(GC), adc.get(GS)) == (1, 0, 0)
    adc.put((GC, CALIBRATE))
    adc.put((CFG, BITS_12))
    assert (adc.get(GC), adc.get(GS)) == (0, 2)
    adc.put((GS, 2))
    assert adc.get(GS) == 0


def test_software_does_not_start_a_converter_of_the_adc_etc():
    adc = Converter(IN0=1.0)
    adc.put((CFG, BITS_12 | ADTRG), (HC0, 0))
    adc.host.run_for(100 * US)
    assert (adc.get(HS), adc.get(GS)) == (0, 0)


def test_round_trip_in_the_middle_of_a_conversion():
    adc = Converter(IN5=1.65)
    adc.put((CFG, BITS_12), (HC0, AIEN | 5))
    adc.host.run_for(20 * US)
    saved = adc.save()
    other = Converter(IN5=1.65)
    other.host.run_for(20 * US)
    other.restore(saved)
    other.host.run_for(12 * US)
    assert (other.get(HS), other.get(R0)) == (1, 2048)


# ---- with the ADC_ETC


class Chip:
    def __init__(self):
        self.host = FakeHost()
        volts = {"IN2": 1.65, "IN4": 0.825}
        self.adcs = [Converter(self.host, name, **volts) for name in ("adc1", "adc2")]
        self.etc = AdcEtc106x(self.host, "adc_etc", *self.adcs, clocks=FixedClock(1_000_000))
        self.etc.reset()
        for adc in self.adcs:
            adc.put((CFG, BITS_12 | ADTRG), (HC3, 16), (HC0, 4))
        self.ends = []
        self.etc.outputs[0].connect(
            lambda level: self.ends.append(self.host.now_ns() / US) if level else None, announce=False
        )

    def put(self, *pairs):
        for offset, value in pairs:
            self.etc.write(offset, 4, value)

    def get(self, offset):
        return self.etc.read(offset, 4)


@pytest.fixture
def chip():
    return Chip()


def test_a_chain_of_two_segments(chip):
    assert chip.get(0) == 0xC000_0000
    chip.put((0, 1), (TRIG0, 1 << 8))
    chip.put((CHAIN, (1 << 3 + 4 | 2 | 1 << 12) | (1 << 0 + 4 | 7 | 3 << 13) << 16))
    chip.etc.on_input(0, True)
    chip.host.run_for(100 * US)
    assert (
        chip.get(RESULT) == 1024 << 16 | 2048
    )  # input 2 as the chain says, input 4 as trigger 0 of the converter says
    assert chip.ends == [1 + 32 + 32]
    assert (chip.get(DONE01), chip.get(DONE2)) == (0, 1)
    assert [chip.etc.outputs[name].level for name in ("IRQ0", "IRQ1", "IRQ2", "ERROR")] == [False, False, True, False]
    chip.put((DONE2, 1))
    assert not chip.etc.outputs["IRQ2"].level
    assert chip.adcs[0].get(HS) == 0
    assert not chip.host.unmodelled_accesses


@pytest.mark.parametrize(("chosen", "flags"), [(0, (0, 0)), (1, (1, 0)), (2, (1 << 16, 0)), (3, (0, 1))])
def test_interrupts_of_a_segment(chip, chosen, flags):
    chip.put((0, 1), (CHAIN, 1 << 3 + 4 | 2 | chosen << 13))
    chip.etc.on_input(0, True)
    chip.host.run_for(100 * US)
    assert (chip.get(DONE01), chip.get(DONE2)) == flags


def test_a_trigger_while_its_chain_runs_is_an_error(chip):
    chip.put((0, 1), (CHAIN, 1 << 3 + 4 | 2))
    for level in (True, False, True):
        chip.etc.on_input(0, level)
    assert chip.etc.outputs["ERROR"].level
    assert chip.get(DONE2) == 1 << 16


def test_the_second_converter_has_the_chains_from_4_on(chip):
    chip.put((0, 1 << 4), (CHAIN + 4 * 40, 1 << 3 + 4 | 4))
    chip.etc.on_input(4, True)
    chip.host.run_for(100 * US)
    assert chip.get(RESULT + 4 * 40) == 1024
    assert chip.adcs[1].get(R3) == 1024
    assert chip.adcs[0].get(R3) == 0


def test_triggers_of_the_touch_screen_are_counted(chip):
    chip.put((0, 1 << 8))
    assert len(chip.host.unmodelled_accesses) == 1
