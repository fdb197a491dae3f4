"""LPADC: codes, commands, triggers and times, at the registers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from plain_state import state_of

from wattbench.core.clock import FixedClock
from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.lpadc import TABLE, Lpadc

OFFSETS = {name: offset for name, offset, _, _ in TABLE.instances()}
RESETS = {name: register.reset_of(number) for name, _, register, number in TABLE.instances()}
ADCEN, RST, RSTFIFO = 1, 2, 1 << 8
PWREN = 1 << 28
RDY, FOF, ACTIVE = 1, 2, 1 << 8
HTEN, CMD_SEL = 1, 2
FULL_SCALE, SIDE_B, DIFF = 1 << 13, 1 << 5, 1 << 6
VALID = 1 << 31


class Inputs:
    """Volts by input, a number or a function of time."""

    def __init__(self, **volts):
        self.volts_of, self.asked = volts, []

    def volts(self, input_name, times_s):
        self.asked.append((input_name, tuple(times_s)))
        wanted = self.volts_of.get(input_name, 0.0)
        return np.array([wanted(time_s) for time_s in times_s]) if callable(wanted) else np.full_like(times_s, wanted)


class Converter(Lpadc):
    """An LPADC at 1 MHz with registers by name and a fake host, on and powered."""

    def __init__(self, hz=1_000_000, **attributes):
        super().__init__(FakeHost(), "adc1", clocks=FixedClock(hz), **attributes)
        self.reset()
        self.put("CFG", PWREN)
        self.put("CTRL", ADCEN)
        for number in range(8):
            self.put(f"TCTRL{number}", number << 8 | number + 1 << 24)

    def put(self, name, value):
        self.write(OFFSETS[name], 4, value)

    def get(self, name):
        return self.read(OFFSETS[name], 4)

    def feed(self, **volts):
        inputs = Inputs(**volts)
        self.port.connect(inputs)
        return inputs

    def trigger(self, number):
        self.put("SWTRIG", 1 << number)

    def wait_us(self, us):
        self.host.run_for(round(us * 1000))

    def results(self):
        """Words of the FIFO."""
        words = []
        while (word := self.get("RESFIFO")) & VALID:
            words.append(word)
        return words

    def convert(self, low, high=0, command=1):
        """The result of one conversion by `command`."""
        self.put(f"CMDL{command}", low)
        self.put(f"CMDH{command}", high)
        self.trigger(command - 1)
        self.wait_us(100_000)
        return self.results()[-1] & 0xFFFF

    @property
    def irq(self):
        return self.outputs["IRQ"].level


@pytest.fixture
def adc():
    return Converter()


def test_reset_values_and_read_only_registers(adc):
    adc.put("FCTRL", 0x1F)
    for name in ("VERID", "PARAM", "RESFIFO", "FCTRL"):
        adc.put(name, 0x1F)
        assert adc.get(name) == RESETS[name]
    adc.put("CTRL", ADCEN | RST)
    adc.put("PAUSE", 5)
    assert {name: adc.get(name) for name in OFFSETS} == {**RESETS, "CTRL": ADCEN | RST}


@pytest.mark.parametrize(
    ("volts", "code"),
    [(0.0, 0), (0.9, 2048), (1.8, 4095), (5.0, 4095), (-0.3, 0), (1.8 * 0.49 / 4096, 0), (1.8 * 0.51 / 4096, 1)],
)
def test_single_ended_codes(adc, volts, code):
    adc.feed(CH2A=volts)
    assert adc.convert(FULL_SCALE | 2) == code << 3


@pytest.mark.parametrize(("flags", "code"), [(0, 1138), (SIDE_B, 455), (DIFF, 683), (DIFF | SIDE_B, -683)])
def test_sides_and_differences(adc, flags, code):
    adc.feed(CH1A=0.5, CH1B=0.2)
    assert adc.convert(FULL_SCALE | flags | 1) == code << 3 & 0xFFFF


def test_part_scale_and_reference(adc):
    adc.feed(CH0A=3.3)
    assert adc.convert(0) >> 3 == round(3.3 * 30 / 64 / 1.8 * 4096)
    other = Converter(reference=3.3)
    other.feed(CH0A=1.65)
    assert other.convert(FULL_SCALE) >> 3 == 2048
    with pytest.raises(UsageError, match="above 0 V"):
        Converter(reference=0)


@pytest.mark.parametrize(("choice", "sample"), [(0, 3), (1, 5), (2, 7), (3, 11), (7, 131)])
def test_a_conversion_takes_its_clocks_and_samples_at_the_end_of_the_sampling(adc, choice, sample):
    inputs = adc.feed()
    adc.put("CMDH1", choice << 8)
    adc.trigger(0)
    adc.wait_us(sample + 18 - 0.001)
    assert adc.get("STAT") & (RDY | ACTIVE) == ACTIVE
    adc.wait_us(0.001)
    assert adc.get("STAT") & (RDY | ACTIVE) == RDY
    assert inputs.asked[0] == ("CH0A", (pytest.approx(sample * 1e-6, abs=1e-12),))


def test_times_of_no_whole_ns_do_not_drift():
    adc = Converter(Fraction(88_000_000, 3))
    adc.put("CMDH1", 15 << 16)
    times = []
    adc.put("IE", RDY)
    adc.outputs["IRQ"].connect(lambda level: times.append(adc.host.now_ns()) if level else None)
    adc.trigger(0)
    for _ in range(16):
        while not adc.irq:
            adc.host.run_for(1)
        adc.results()
    assert times == [-(-21 * number * 10**9 // Fraction(88_000_000, 3)) for number in range(1, 17)]


def test_averaging_samples_each_conversion_at_its_own_instant(adc):
    inputs = adc.feed(CH0A=lambda time_s: 0.9 if time_s < 20e-6 else 0.45)
    assert adc.convert(FULL_SCALE, 2 << 12) >> 3 == (2048 + 3 * 1024) // 4
    assert inputs.asked[0][1] == pytest.approx([3e-6, 24e-6, 45e-6, 66e-6])


def test_loops_increments_and_next_command(adc):
    adc.feed(CH3A=0.45, CH4A=0.9, CH0B=0.225)
    adc.put("CMDL1", FULL_SCALE | 3)
    adc.put("CMDH1", 1 << 16 | 1 << 7 | 9 << 24)
    adc.put("CMDL9", FULL_SCALE | SIDE_B)
    adc.trigger(0)
    adc.wait_us(63)
    assert adc.get("STAT") & ACTIVE == 0
    assert adc.results() == [
        VALID | 1 << 24 | 0 << 20 | 1024 << 3,
        VALID | 1 << 24 | 1 << 20 | 2048 << 3,
        VALID | 9 << 24 | 512 << 3,
    ]


def test_without_increment_loops_convert_the_same_channel(adc):
    adc.feed(CH3A=0.45, CH4A=0.9)
    adc.put("CMDL1", FULL_SCALE | 3)
    adc.put("CMDH1", 2 << 16)
    adc.trigger(0)
    adc.wait_us(63)
    assert [word & 0xFFFF for word in adc.results()] == [1024 << 3] * 3


def test_power_up_trigger_delay_and_pause(adc):
    adc.put("CFG", 5 << 16)
    adc.put("PAUSE", VALID | 2)
    adc.put("TCTRL0", 1 << 24 | 4 << 16)
    adc.put("CMDH1", 1 << 16)
    adc.trigger(0)
    first = 16 + 4 * 5 + 21
    adc.wait_us(first - 0.001)
    assert adc.get("FCTRL") == 0
    adc.wait_us(0.001)
    assert adc.get("FCTRL") == 1
    adc.wait_us(8 + 21 - 0.001)
    assert adc.get("FCTRL") == 1
    adc.wait_us(0.001)
    assert adc.get("FCTRL") == 2


@pytest.mark.parametrize(
    ("low", "high", "flags", "kept"),
    [(100, 200, 0, True), (400, 600, 0, False), (600, 400, 0, True), (600, 550, 0, False), (-600, 400, DIFF, True)],
)
def test_compare_stores_if_true(adc, low, high, flags, kept):
    adc.feed(CH0A=1.8 * 512 / 4096)
    adc.put("CV1", (high << 3 & 0xFFFF) << 16 | low << 3 & 0xFFFF)
    adc.put("CMDL1", FULL_SCALE | flags)
    adc.put("CMDH1", 2)
    adc.trigger(0)
    adc.wait_us(1000)
    assert len(adc.results()) == kept
    assert adc.get("STAT") & ACTIVE == 0


def test_compare_repeats_until_true(adc):
    adc.feed(CH0A=lambda time_s: 0.9 if time_s > 200e-6 else 0.0)
    adc.put("CV1", 0xFFFF_0000 & 100 << 19)
    adc.put("CMDL1", FULL_SCALE)
    adc.put("CMDH1", 3)
    adc.trigger(0)
    adc.wait_us(200)
    assert adc.get("FCTRL") == 0
    adc.wait_us(1000)
    assert adc.results() == [VALID | 1 << 24 | 2048 << 3]


def test_fifo_watermark_overflow_interrupt_and_dma(adc):
    adc.put("FCTRL", 1 << 16)
    adc.put("CMDH1", 1 << 16)
    adc.put("DE", 1)
    adc.put("IE", 1)
    adc.trigger(0)
    adc.wait_us(21)
    assert not adc.irq
    adc.wait_us(21)
    assert (adc.irq, adc.outputs["Dma"].level) == (True, True)
    adc.get("RESFIFO")
    assert (adc.irq, adc.outputs["Dma"].level) == (False, False)
    adc.put("IE", 2)
    adc.put("CMDH1", 15 << 16)
    adc.trigger(0)
    adc.wait_us(15 * 21)
    assert not adc.irq
    adc.wait_us(21)
    assert adc.irq
    assert adc.get("STAT") & FOF
    adc.put("STAT", FOF)
    assert not adc.irq
    assert adc.get("FCTRL") & 0x1F == 16
    adc.put("CTRL", ADCEN | RSTFIFO)
    assert (adc.get("FCTRL") & 0x1F, adc.get("CTRL")) == (0, ADCEN)


def test_status_tells_trigger_and_command(adc):
    adc.put("TCTRL5", 12 << 24)
    adc.trigger(5)
    assert adc.get("STAT") == ACTIVE | 5 << 16 | 12 << 24
    adc.wait_us(21)
    assert adc.results()[0] == VALID | 12 << 24 | 5 << 16
    assert adc.get("STAT") == 0


def test_waiting_triggers_run_by_priority(adc):
    adc.put("SWTRIG", 0b1001_0100)
    adc.put("TCTRL7", 1 << 8 | 8 << 24)
    adc.wait_us(63)
    assert [word >> 16 & 7 for word in adc.results()] == [2, 7, 4]


@pytest.mark.parametrize(("waits", "first_us"), [(False, 31), (True, 42)])
def test_a_higher_trigger_takes_the_place_of_a_lower_one(adc, waits, first_us):
    adc.put("CFG", PWREN | waits)
    adc.put("CMDH4", 2 << 16)
    adc.trigger(3)
    adc.wait_us(10)
    adc.trigger(1)
    adc.wait_us(first_us - 10)
    assert [word >> 16 & 7 for word in adc.results()] == ([3, 1] if waits else [1])
    adc.wait_us(1000)
    assert adc.results() == []
    adc.trigger(1)
    adc.wait_us(10)
    adc.trigger(3)
    adc.wait_us(21 * 4 - 10)
    assert [word >> 16 & 7 for word in adc.results()] == [1, 3, 3, 3]


def test_hardware_triggers_need_their_enable_and_an_edge(adc):
    adc.on_input(2, True)
    adc.put("TCTRL2", 3 << 24 | HTEN)
    adc.on_input(2, True)
    assert adc.get("STAT") & ACTIVE == 0
    adc.on_input(2, False)
    adc.on_input(2, True)
    assert adc.get("STAT") & ACTIVE
    adc.wait_us(21)
    adc.put("CTRL", ADCEN | 1 << 3)
    adc.on_input(2, False)
    adc.on_input(2, True)
    assert adc.get("STAT") & ACTIVE == 0
    with pytest.raises(TypeError, match="input 8"):
        adc.on_input(8, True)


def test_triggers_of_the_etc_bring_command_and_take_the_result(adc):
    taken = []
    adc.take_result = lambda trigger, result: taken.append((trigger, result))
    adc.feed(CH5A=0.9)
    adc.put("CMDL7", FULL_SCALE | 5)
    adc.put("TCTRL1", 2 << 24 | HTEN | CMD_SEL)
    adc.etc_trigger(1, 7)
    adc.wait_us(21)
    assert taken == [(1, 2048 << 3)]
    assert adc.results() == []
    adc.put("TCTRL1", 7 << 24 | HTEN)
    adc.etc_trigger(1, 0)
    adc.wait_us(21)
    assert len(taken) == 2
    adc.put("CTRL", ADCEN | 2 << 3)
    adc.etc_trigger(1, 7)
    assert adc.get("STAT") & ACTIVE == 0


def test_off_and_without_command_nothing_converts(adc):
    adc.put("TCTRL0", 0)
    adc.trigger(0)
    assert adc.get("STAT") & ACTIVE == 0
    adc.put("SWTRIG", 0b110)
    adc.put("CTRL", 0)
    assert adc.get("STAT") & ACTIVE == 0
    adc.trigger(1)
    adc.put("CTRL", ADCEN)
    adc.wait_us(100)
    assert adc.results() == []
    adc.trigger(3)
    adc.wait_us(100)
    assert [word >> 16 & 7 for word in adc.results()] == [3]


def test_a_channel_without_pins_is_counted(adc):
    adc.convert(FULL_SCALE | 9)
    assert dict(adc.host.unmodelled_accesses) == {("adc1", "channel 9, which has no pins"): 1}


class Rates(FixedClock):
    def on_rate_change(self, callback):
        self.callback = callback


def test_a_stopped_clock_holds_the_conversion():
    rates = Rates(0)
    adc = Lpadc(FakeHost(), "adc1", clocks=rates)
    adc.reset()
    adc.write(OFFSETS["CFG"], 4, PWREN)
    adc.write(OFFSETS["CTRL"], 4, ADCEN)
    adc.write(OFFSETS["TCTRL0"], 4, 1 << 24)
    adc.write(OFFSETS["SWTRIG"], 4, 1)
    adc.host.run_for(1_000_000)
    assert adc.read(OFFSETS["STAT"], 4) & (RDY | ACTIVE) == ACTIVE
    rates.hz = 1_000_000
    rates.callback()
    adc.host.run_for(21_000)
    assert adc.read(OFFSETS["STAT"], 4) & (RDY | ACTIVE) == RDY


def test_saved_while_converting_it_goes_on_the_same(adc):
    adc.put("CMDH2", 3 << 16)
    adc.put("SWTRIG", 0b110)
    adc.put("IE", 1)
    adc.wait_us(30)
    other = Converter()
    other.host.time_ns = adc.host.time_ns
    other.restore(adc.save())
    assert state_of(other) == state_of(adc)
    for converter in (adc, other):
        converter.wait_us(500)
    words = adc.results()
    assert other.results() == words
    assert len(words) == 5
