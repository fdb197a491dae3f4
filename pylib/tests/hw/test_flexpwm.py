"""FlexPWM counters, reloads and capture, on the Python model and on its native twin."""

from __future__ import annotations

import pytest
from afe_rig import DMA, MUX, PWM, tcd, tcd_words
from pairs import Side
from test_twins import build_pwm

INIT, CTRL, VAL0, VAL1, STS, INTEN, DMAEN, CAPTX, COMPX, CNT = 2, 6, 0xA, 0xE, 0x24, 0x26, 0x28, 0x3C, 0x3E, 0
CVAL0, CVAL0CYC, CVAL1, OCTRL, MCTRL = 0x40, 0x42, 0x44, 0x22, 0x188
RF, CFX0, CFX1, RUF = 1 << 12, 1 << 6, 1 << 7, 1 << 14
X3 = 11


class Pwm:
    """One side at 1 MHz, a tick per microsecond; accesses go to submodule 3 unless told otherwise."""

    def __init__(self, *, native: bool) -> None:
        self.side = Side(native=native)
        build_pwm(self.side)
        for model in self.side.models.values():
            model.reset()
        self.side.clock.set(1_000_000)
        self.side.record.clear()

    def write(self, offset: int, value: int, sub: int = 3) -> None:
        base = PWM if offset >= 0x180 else PWM + 0x60 * sub
        self.side.host.bus_write(base + offset, value.to_bytes(2, "little"))

    def read(self, offset: int, sub: int = 3) -> int:
        base = PWM if offset >= 0x180 else PWM + 0x60 * sub
        return int.from_bytes(self.side.host.bus_read(base + offset, 2), "little")

    def run_us(self, us: int) -> None:
        self.side.do(("run", 1000 * us))

    def pin(self, *levels: bool) -> None:
        for level in levels:
            self.side.do(("input", "pwm", X3, level))

    def start(self, last: int, init: int = 0) -> None:
        self.write(INIT, init & 0xFFFF)
        self.write(VAL1, last)
        self.write(MCTRL, 1 << 11 | 1 << 3)


@pytest.fixture(params=[False, True], ids=["python", "native"])
def pwm(request) -> Pwm:
    return Pwm(native=request.param)


def test_counter_runs_from_init_to_val1(pwm):
    pwm.start(9, init=-10)
    seen = []
    for _ in range(42):
        seen.append(pwm.read(CNT))
        pwm.run_us(1)
    assert seen == [n % 20 - 10 & 0xFFFF for n in range(42)]


def test_prescaler_and_stop(pwm):
    pwm.write(CTRL, 0x420)
    pwm.start(0xFFFF)
    pwm.run_us(42)
    pwm.write(MCTRL, 0)
    pwm.run_us(100)
    assert pwm.read(CNT) == 10


def test_reload_interrupt_comes_every_period_and_is_cleared_by_one(pwm):
    pwm.write(INTEN, RF)
    pwm.start(99)
    for _ in range(3):
        pwm.run_us(100)
        pwm.write(STS, RF)
    levels = [(event[0], event[3]) for event in pwm.side.record if event[1:3] == ("pwm", "IRQ3")]
    assert levels == [(t, level) for t in (100_000, 200_000, 300_000) for level in (True, False)]


def test_buffered_values_wait_for_the_reload(pwm):
    pwm.start(99)
    pwm.run_us(50)
    pwm.write(VAL0, 5)
    pwm.write(VAL1, 9)
    assert pwm.read(STS) & RUF
    pwm.write(INTEN, 1)
    pwm.write(STS, 0x3F)
    pwm.write(MCTRL, 1 << 11 | 1 << 3)
    pwm.run_us(40)
    assert (pwm.read(CNT), pwm.read(MCTRL) & 8) == (90, 8)
    pwm.run_us(100)
    assert (pwm.read(CNT), pwm.read(MCTRL) & 8, pwm.read(STS) & RUF) == (0, 0, 0)
    assert [event[0] for event in pwm.side.record if event[1:3] == ("pwm", "IRQ3")] == [105_000]


def test_ldmod_loads_at_once(pwm):
    pwm.start(99)
    pwm.write(CTRL, 0x404)
    pwm.run_us(20)
    pwm.write(VAL1, 29)
    pwm.write(MCTRL, 1 << 11 | 1 << 3)
    pwm.run_us(15)
    assert pwm.read(CNT) == 5


def test_falling_edge_captures_the_counter_and_asks_for_dma(pwm):
    pwm.pin(True)
    pwm.start(999)
    pwm.write(CAPTX, 5)
    pwm.write(DMAEN, 0x41)
    pwm.run_us(2345)
    pwm.pin(False)
    assert pwm.read(CAPTX) >> 10 & 7 == 1
    assert (pwm.read(CVAL0), pwm.read(CVAL0CYC)) == (345, 2)
    assert pwm.read(CAPTX) >> 10 & 7 == 0
    assert pwm.side.models["pwm"].outputs[3].level
    pwm.pin(True)
    assert pwm.read(STS) & 0xFC0 == CFX0


def test_service_takes_the_capture_request_away(pwm):
    for offset, size, value in tcd_words(tcd(0x100, 0x200, 1, size=0, doff=1, count=100)):
        pwm.side.host.bus_write(DMA + 0x10A0 + offset, value.to_bytes(size, "little"))
    pwm.side.host.bus_write(MUX + 20, (1 << 31 | 112).to_bytes(4, "little"))
    pwm.side.host.bus_write(DMA + 0x1B, b"\5")
    pwm.pin(True)
    pwm.write(CAPTX, 5)
    pwm.write(DMAEN, 0x41)
    for _ in range(3):
        pwm.pin(False, True)
    assert int.from_bytes(pwm.side.host.bus_read(DMA + 0x10B6, 2), "little") == 97
    assert pwm.read(STS) & CFX0 == 0
    assert not pwm.side.models["pwm"].outputs[3].level


def test_unarmed_or_wrong_edge_captures_nothing(pwm):
    pwm.write(CAPTX, 4)
    pwm.pin(True, False)
    pwm.write(CAPTX, 9)
    pwm.pin(False)
    assert pwm.read(STS) & CFX0 == 0
    pwm.pin(True)
    assert pwm.read(STS) & CFX0


def test_one_shot_uses_both_circuits_once(pwm):
    pwm.start(0xFFFF)
    pwm.write(CAPTX, 1 | 2 | 2 << 2 | 1 << 4)
    for _ in range(3):
        pwm.run_us(10)
        pwm.pin(True)
        pwm.run_us(10)
        pwm.pin(False)
    assert (pwm.read(CVAL0), pwm.read(CVAL1)) == (10, 20)
    assert pwm.read(CAPTX) & 1 == 0
    assert pwm.read(STS) & (CFX0 | CFX1) == CFX0 | CFX1


def test_edge_counter_captures_every_nth_edge(pwm):
    pwm.write(COMPX, 4)
    pwm.write(CAPTX, 1 | 3 << 2 | 1 << 6 | 1 << 7)
    pwm.pin(True, False, True)
    assert pwm.read(STS) & CFX0 == 0
    assert pwm.read(COMPX) >> 8 == 3
    pwm.pin(False)
    assert pwm.read(STS) & CFX0
    assert pwm.read(COMPX) >> 8 == 0


def test_pin_levels_can_be_read(pwm):
    pwm.pin(True)
    assert pwm.read(OCTRL) >> 13 == 1
    pwm.side.do(("input", "pwm", 9, True))
    assert pwm.read(OCTRL) >> 13 == 5


def test_enabling_an_output_is_reported_and_the_driver_s_writes_are_not(pwm):
    pwm.write(0x180, 0)
    pwm.write(0x2C, 0)
    assert pwm.side.unmodelled() == {}
    pwm.write(0x180, 8)
    assert pwm.side.unmodelled() == {("pwm", "write OUTEN value 0x8"): 1}


TCTRL, VAL2, VAL4, VAL5 = 0x2A, 0x12, 0x1A, 0x1E
TRGFRQ = 1 << 12


def pulses(pwm, *names):
    """Microseconds of the rising edges of triggers of submodule 3, each with its name."""
    wanted = {f"PWM3_OUT_{name}": name for name in names}
    record = pwm.side.record
    return [(time // 1000, wanted[key]) for time, _, key, level in record if key in wanted and level]


def test_triggers_pulse_where_the_counter_meets_the_values(pwm):
    pwm.write(VAL0, 3)
    pwm.write(VAL2, 5)
    pwm.write(VAL5, 7)
    pwm.write(TCTRL, 1 << 0 | 1 << 1 | 1 << 5)
    pwm.start(9)
    pwm.run_us(20)
    assert pulses(pwm, "TRIG0") == [(3, "TRIG0"), (13, "TRIG0")]
    assert pulses(pwm, "TRIG1") == [(7, "TRIG1"), (9, "TRIG1"), (17, "TRIG1"), (19, "TRIG1")]
    assert [time for time, _ in pulses(pwm, "TRIG0_1")] == [3, 7, 9, 13, 17, 19]
    assert not [event for event in pwm.side.record if event[1:2] == ("pwm",) and "IRQ" in str(event[2])]
    levels = [level for _, _, key, level in pwm.side.record if key == "PWM3_OUT_TRIG0"]
    assert levels == [True, False] * 2
    assert not pwm.side.unmodelled()


def test_one_pulse_for_two_values_of_one_trigger_and_one_on_both_together(pwm):
    for value in (VAL0, VAL4, VAL5):
        pwm.write(value, 4)
    pwm.write(TCTRL, 1 << 0 | 1 << 4 | 1 << 5)
    pwm.start(9)
    pwm.run_us(9)
    assert pulses(pwm, "TRIG0", "TRIG1", "TRIG0_1") == [(4, "TRIG0"), (4, "TRIG1"), (4, "TRIG0_1")]


def test_triggers_go_on_whatever_the_flags_and_stop_with_their_enable(pwm):
    pwm.write(VAL0, 3)
    pwm.write(TCTRL, 1)
    pwm.start(9)
    pwm.run_us(20)
    assert pwm.read(STS) & 1
    pwm.run_us(10)
    assert [time for time, _ in pulses(pwm, "TRIG0")] == [3, 13, 23]
    pwm.write(TCTRL, 0)
    pwm.run_us(20)
    pwm.write(TCTRL, 2)
    pwm.run_us(10)
    assert [time for time, _ in pulses(pwm, "TRIG0", "TRIG1")] == [3, 13, 23, 59]


def test_triggers_in_the_last_period_before_a_reload_only(pwm):
    pwm.write(VAL0, 3)
    pwm.write(CTRL, 0x400 | 2 << 12)
    pwm.write(TCTRL, 1 | TRGFRQ)
    pwm.start(9)
    pwm.run_us(60)
    assert [time for time, _ in pulses(pwm, "TRIG0")] == [23, 53]


def test_a_new_value_triggers_from_the_reload_that_loads_it(pwm):
    pwm.write(VAL0, 3)
    pwm.write(TCTRL, 1)
    pwm.start(9)
    pwm.run_us(5)
    pwm.write(VAL0, 0)
    pwm.write(MCTRL, 1 << 11 | 1 << 3)
    pwm.run_us(16)
    assert [time for time, _ in pulses(pwm, "TRIG0")] == [3, 10, 20]


def test_the_tick_of_a_reload_triggers_by_the_value_that_it_loads(pwm):
    pwm.write(TCTRL, 1)
    pwm.start(9)
    pwm.run_us(15)
    pwm.write(VAL0, 5)
    pwm.write(MCTRL, 1 << 11 | 1 << 3)
    pwm.run_us(12)
    assert [time for time, _ in pulses(pwm, "TRIG0")] == [10, 25]


def test_triggers_at_a_reset_and_at_another_clock(pwm):
    pwm.write(VAL0, 3)
    pwm.write(TCTRL, 1)
    pwm.start(9)
    pwm.run_us(2)
    pwm.side.clock.set(500_000)
    pwm.run_us(3)
    assert [time for time, _ in pulses(pwm, "TRIG0")] == [4]
    pwm.side.models["pwm"].reset()
    pwm.run_us(100)
    assert len(pulses(pwm, "TRIG0")) == 1
