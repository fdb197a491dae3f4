"""Quad timer: count modes, compares, outputs, captures, cascades and exact times."""

from __future__ import annotations

from fractions import Fraction

import pytest
from plain_state import state_of

from wattbench.core.clock import FixedClock, TickClock
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.tmr import Tmr
from wattbench.hw.imxrt.tmr_counters import TABLE

OFFSETS = {name: offset for name, offset, _, _ in TABLE.instances()}
RESETS = {name: register.reset for name, _, register, _ in TABLE.instances()}
LENGTH, ONCE, DIR, COINIT = 1 << 5, 1 << 6, 1 << 4, 1 << 3
RISING, BOTH, GATED, QUADRATURE, SIGNED, TRIGGERED, CASCADED = (mode << 13 for mode in range(1, 8))
CLEAR, SET, TOGGLE, ALTERNATE, SET_TO_EDGE, SET_TO_ROLL, GATED_CLOCK = range(1, 8)
OEN, OPS, FORCE, VAL, EEOF, MSTR, IPS = 1, 2, 4, 8, 16, 32, 1 << 9
INPUT, IEFIE, IEF, TOFIE, TOF, TCFIE, TCF = 1 << 8, *(1 << bit for bit in range(10, 16))
TCF1, TCF2, TCF1EN, TCF2EN, UP, TCI, ROC, ALT_LOAD = 16, 32, 64, 128, 1 << 9, 1 << 10, 1 << 11, 1 << 12
US = 1000


def clock(divider=1):
    return 8 + divider.bit_length() - 1 << 9


def pin(number):
    return number << 9


def output(number):
    return 4 + number << 9


def second(number):
    return number << 7


class Timer(Tmr):
    """A quad timer at 1 MHz with registers by name and a fake host."""

    def __init__(self, hz=1_000_000):
        super().__init__(FakeHost(), "tmr1", clocks=FixedClock(hz))
        self.reset()

    def put(self, name, value):
        self.write(OFFSETS[name], 2, value)

    def get(self, name):
        return self.read(OFFSETS[name], 2)

    def wait_us(self, us):
        self.host.run_for(round(us * US))

    def pulse(self, number, times=1):
        for _ in range(times):
            self.on_input(number, True)
            self.on_input(number, False)

    def edges(self, key):
        """Times in us and levels of the changes of an output."""
        seen = []
        self.outputs[key].connect(lambda level: seen.append((self.host.now_ns() / US, level)), announce=False)
        return seen

    @property
    def irq(self):
        return self.outputs["IRQ"].level


@pytest.fixture
def tmr():
    return Timer()


def test_reset_values(tmr):
    assert {name: tmr.get(name) for name in OFFSETS} == RESETS


@pytest.mark.parametrize("n", range(4))
def test_counts_to_the_compare_and_loads(tmr, n):
    tmr.put(f"COMP1{n}", 99)
    tmr.put(f"LOAD{n}", 50)
    tmr.put(f"SCTRL{n}", TCFIE)
    tmr.put(f"CTRL{n}", RISING | clock() | LENGTH)
    tmr.wait_us(100 - 0.001)
    assert (tmr.get(f"CNTR{n}"), tmr.irq) == (99, False)
    tmr.wait_us(0.001)
    assert (tmr.get(f"CNTR{n}"), tmr.irq) == (50, True)
    assert tmr.get(f"SCTRL{n}") == TCFIE | TCF
    assert tmr.get(f"CSCTRL{n}") == TCF1 | UP
    tmr.put(f"SCTRL{n}", TCFIE)
    tmr.put(f"CSCTRL{n}", 0)
    assert (tmr.irq, tmr.get(f"CSCTRL{n}")) == (False, UP)
    tmr.wait_us(50 - 0.001)
    assert not tmr.irq
    tmr.wait_us(0.001)
    assert tmr.irq


def test_flags_are_cleared_by_zeros_only(tmr):
    tmr.put("COMP10", 1)
    tmr.put("CTRL0", RISING | clock() | LENGTH)
    tmr.wait_us(5)
    tmr.put("SCTRL0", TCF | TOF | IEF)
    tmr.put("CSCTRL0", TCF1 | TCF2)
    assert (tmr.get("SCTRL0"), tmr.get("CSCTRL0")) == (TCF, TCF1 | UP)


def test_periods_of_no_whole_ns_do_not_drift():
    tmr = Timer(Fraction(200_000_000, 7))
    edges = tmr.edges(0)
    tmr.put("COMP10", 1000)
    tmr.put("CTRL0", RISING | clock(2) | LENGTH | TOGGLE)
    tmr.host.run_for(50_000_000)
    exact = TickClock(Fraction(100_000_000, 7))
    assert [round(at * US) for at, _ in edges] == [exact.time_of(1001 * number) for number in range(1, len(edges) + 1)]
    assert len(edges) > 700


@pytest.mark.parametrize("divider", [1, 2, 4, 8, 16, 32, 64, 128])
def test_dividers(tmr, divider):
    tmr.put("CTRL0", RISING | clock(divider))
    tmr.wait_us(10 * divider)
    assert tmr.get("CNTR0") == 10


def test_without_length_it_rolls_over(tmr):
    tmr.put("COMP10", 10)
    tmr.put("CNTR0", 0xFFF0)
    tmr.put("SCTRL0", TOFIE)
    tmr.put("CTRL0", RISING | clock())
    tmr.wait_us(15)
    assert (tmr.get("CNTR0"), tmr.irq) == (0xFFFF, False)
    tmr.wait_us(1)
    assert (tmr.get("CNTR0"), tmr.irq, tmr.get("SCTRL0")) == (0, True, TOFIE | TOF)
    tmr.wait_us(11)
    assert (tmr.get("CNTR0"), tmr.get("SCTRL0")) == (11, TOFIE | TOF | TCF)


def test_counting_down_compares_with_the_second_register(tmr):
    tmr.put("COMP20", 5)
    tmr.put("CNTR0", 8)
    tmr.put("LOAD0", 20)
    tmr.put("CMPLD20", 30)
    tmr.put("CTRL0", RISING | clock() | DIR | LENGTH)
    tmr.wait_us(3)
    assert (tmr.get("CNTR0"), tmr.get("CSCTRL0")) == (5, 0)
    tmr.wait_us(1)
    assert (tmr.get("CNTR0"), tmr.get("CSCTRL0")) == (20, TCF2)
    tmr.put("CSCTRL0", ALT_LOAD)
    tmr.wait_us(16)
    assert tmr.get("CNTR0") == 30
    tmr.put("CTRL0", RISING | clock() | DIR)
    tmr.wait_us(31)
    assert (tmr.get("CNTR0"), tmr.get("SCTRL0") & TOF) == (0xFFFF, TOF)


def test_once_stops_at_the_compare_and_a_new_control_starts_again(tmr):
    tmr.put("COMP10", 9)
    tmr.put("CTRL0", RISING | clock() | LENGTH | ONCE)
    tmr.wait_us(100)
    assert tmr.get("CNTR0") == 0
    tmr.put("CTRL0", RISING | clock() | LENGTH | ONCE)
    tmr.wait_us(5)
    assert tmr.get("CNTR0") == 5


def test_pwm_with_alternating_compares_and_preload(tmr):
    edges = tmr.edges(1)
    tmr.put("COMP11", 6)
    tmr.put("COMP21", 2)
    tmr.put("CMPLD11", 7)
    tmr.put("CMPLD21", 1)
    tmr.put("CSCTRL1", 1 << 2 | 2)
    tmr.put("SCTRL1", OEN)
    tmr.put("CTRL1", RISING | clock() | LENGTH | ALTERNATE)
    tmr.wait_us(9.5)
    tmr.put("CMPLD21", 3)
    tmr.wait_us(20)
    assert edges == [(7, True), (9, False), (17, True), (21, False), (29, True)]


@pytest.mark.parametrize(
    ("mode", "changes"),
    [
        (0, [(0, True)]),
        (CLEAR, []),
        (SET, [(10, True)]),
        (TOGGLE, [(10, True), (20, False), (30, True)]),
        (SET_TO_ROLL, [(10, True)]),
    ],
)
def test_output_modes(tmr, mode, changes):
    edges = tmr.edges(0)
    tmr.put("COMP10", 9)
    tmr.put("CTRL0", RISING | clock() | LENGTH | mode)
    tmr.wait_us(35)
    assert edges == changes


def test_output_cleared_by_roll_over_by_an_edge_and_when_it_stops(tmr):
    tmr.put("CTRL0", RISING | clock() | SET_TO_ROLL)
    tmr.put("COMP10", 0xFFFD)
    tmr.put("CNTR0", 0xFFF0)
    edges = tmr.edges(0)
    tmr.wait_us(20)
    assert edges == [(14, True), (16, False)]
    edges = tmr.edges(1)
    tmr.put("COMP11", 4)
    tmr.put("CTRL1", RISING | clock() | SET_TO_EDGE | second(2))
    tmr.wait_us(10)
    tmr.pulse(2)
    assert edges == [(25, True), (30, False)]
    edges = tmr.edges(2)
    tmr.put("COMP12", 4)
    tmr.put("CTRL2", RISING | clock() | ONCE | LENGTH)
    tmr.wait_us(10)
    assert edges == [(30, True), (35, False)]


def test_polarity_and_force(tmr):
    edges = tmr.edges(0)
    tmr.put("SCTRL0", FORCE | VAL)
    tmr.put("SCTRL0", VAL | OPS)
    tmr.put("SCTRL0", FORCE | OPS)
    assert [level for _, level in edges] == [True, False, True]
    assert tmr.get("SCTRL0") == OPS
    tmr.put("COMP10", 4)
    tmr.put("CTRL0", RISING | clock() | LENGTH | SET)
    tmr.wait_us(10)
    assert edges[3:] == [(5, False)]


def test_counting_edges_of_a_pin(tmr):
    tmr.put("CTRL0", RISING | pin(3))
    tmr.put("CTRL1", BOTH | pin(3))
    tmr.put("SCTRL2", IPS)
    tmr.put("CTRL2", RISING | pin(3))
    tmr.on_input(3, True)
    assert [tmr.get(f"CNTR{n}") for n in range(3)] == [1, 1, 0]
    tmr.on_input(3, True)
    tmr.on_input(3, False)
    assert [tmr.get(f"CNTR{n}") for n in range(3)] == [1, 2, 1]
    with pytest.raises(TypeError, match="input 4"):
        tmr.on_input(4, True)


def test_gated_count_measures_how_long_a_pin_is_high(tmr):
    tmr.put("CTRL0", GATED | clock() | second(1))
    tmr.wait_us(10)
    for high_us in (7, 5):
        tmr.on_input(1, True)
        tmr.wait_us(high_us)
        tmr.on_input(1, False)
        tmr.wait_us(10)
    assert tmr.get("CNTR0") == 12
    tmr.put("CTRL2", GATED | pin(0) | second(1))
    tmr.pulse(0, 3)
    tmr.on_input(1, True)
    tmr.pulse(0, 2)
    assert tmr.get("CNTR2") == 2


def test_signed_count_takes_its_direction_from_a_pin(tmr):
    tmr.put("CTRL0", SIGNED | pin(0) | second(1))
    tmr.put("CTRL3", SIGNED | clock() | second(1))
    tmr.pulse(0, 5)
    tmr.wait_us(9)
    tmr.on_input(1, True)
    tmr.pulse(0, 7)
    tmr.wait_us(4)
    assert (tmr.get("CNTR0"), tmr.get("CNTR3")) == (0xFFFE, 5)


def test_quadrature(tmr):
    tmr.put("CTRL0", QUADRATURE | pin(0) | second(1))
    turn = [(0, True), (1, True), (0, False), (1, False)]
    for _ in range(3):
        for number, level in turn:
            tmr.on_input(number, level)
    assert tmr.get("CNTR0") == 12
    for number, level in [(1, True), (0, True), (1, False), (0, False), (1, True)]:
        tmr.on_input(number, level)
    assert tmr.get("CNTR0") == 7


def test_triggered_count_runs_from_an_edge_to_the_compare(tmr):
    tmr.put("COMP10", 9)
    tmr.put("CTRL0", TRIGGERED | clock() | LENGTH | second(0))
    tmr.wait_us(5)
    assert tmr.get("CNTR0") == 0
    tmr.pulse(0)
    tmr.wait_us(4)
    assert tmr.get("CNTR0") == 4
    tmr.wait_us(20)
    assert (tmr.get("CNTR0"), tmr.get("SCTRL0") & TCF) == (0, TCF)
    tmr.pulse(0)
    tmr.wait_us(3)
    tmr.pulse(0)
    tmr.wait_us(3)
    assert tmr.get("CNTR0") == 3
    tmr.put("CSCTRL0", TCI)
    tmr.pulse(0)
    tmr.wait_us(3)
    tmr.pulse(0)
    tmr.wait_us(2)
    assert tmr.get("CNTR0") == 2


def test_cascade_counts_compares_and_reads_as_one_by_the_hold_registers(tmr):
    tmr.put("COMP10", 99)
    tmr.put("CTRL0", RISING | clock() | LENGTH)
    tmr.put("CTRL1", CASCADED | output(0))
    tmr.wait_us(100 * 7 + 42)
    assert (tmr.get("CNTR1"), tmr.get("HOLD0")) == (7, 42)
    tmr.put("COMP20", 0)
    tmr.put("LOAD0", 99)
    tmr.put("CTRL0", RISING | clock() | LENGTH | DIR)
    tmr.wait_us(100 * 2)
    assert tmr.get("CNTR1") == 5


def test_a_channel_counts_the_output_of_another(tmr):
    tmr.put("COMP10", 9)
    tmr.put("CTRL2", RISING | output(0))
    tmr.put("CTRL3", BOTH | output(0))
    tmr.put("CTRL0", RISING | clock() | LENGTH | TOGGLE)
    tmr.wait_us(50)
    assert (tmr.get("CNTR2"), tmr.get("CNTR3")) == (3, 5)


def test_a_master_loads_and_forces_others(tmr):
    tmr.put("COMP10", 9)
    tmr.put("SCTRL0", MSTR)
    tmr.put("LOAD1", 100)
    tmr.put("SCTRL1", EEOF | VAL)
    tmr.put("CTRL1", RISING | clock(2) | COINIT | CLEAR)
    tmr.put("CTRL2", RISING | clock() | CLEAR)
    tmr.put("CTRL0", RISING | clock() | LENGTH)
    tmr.wait_us(12)
    assert (tmr.get("CNTR1"), tmr.get("CNTR2")) == (101, 12)
    assert [tmr.outputs[n].level for n in (1, 2)] == [True, False]


@pytest.mark.parametrize(("edges", "captured"), [(0, None), (1, 10), (2, 14), (3, 10)])
def test_capture(tmr, edges, captured):
    tmr.put("SCTRL0", edges << 6 | IEFIE)
    tmr.put("CTRL0", RISING | clock() | second(2))
    tmr.wait_us(10)
    tmr.on_input(2, True)
    assert bool(tmr.get("SCTRL0") & INPUT)
    tmr.wait_us(4)
    tmr.on_input(2, False)
    assert tmr.irq == (captured is not None)
    assert tmr.get("CAPT0") == (captured or 0)
    assert tmr.get("SCTRL0") & INPUT == 0
    tmr.put("SCTRL0", edges << 6 | IEFIE)
    assert not tmr.irq


def test_capture_may_load_the_counter_and_ask_the_dma(tmr):
    tmr.put("SCTRL0", 1 << 6 | IPS)
    tmr.put("CSCTRL0", ROC)
    tmr.put("LOAD0", 3)
    tmr.put("DMA0", 1)
    tmr.put("CTRL0", RISING | clock() | second(2))
    tmr.on_input(2, True)
    tmr.wait_us(10)
    assert not tmr.outputs["CAPT0"].level
    tmr.on_input(2, False)
    assert (tmr.get("CAPT0"), tmr.get("CNTR0"), tmr.outputs["CAPT0"].level) == (10, 3, True)
    tmr.outputs["CAPT0"].acknowledged()
    assert (tmr.outputs["CAPT0"].level, tmr.get("SCTRL0") & IEF) == (False, 0)


@pytest.mark.parametrize("n", range(4))
def test_preload_requests(tmr, n):
    pair = n ^ 1
    tmr.put(f"COMP1{n}", 4)
    tmr.put(f"CMPLD1{n}", 4)
    tmr.put(f"COMP2{n}", 4)
    tmr.put(f"CMPLD2{n}", 4)
    tmr.put(f"CSCTRL{n}", 2 << 2 | 1)
    tmr.put(f"DMA{n}", 2 | 4)
    tmr.put(f"CTRL{n}", RISING | clock() | LENGTH | ALTERNATE)
    tmr.wait_us(5)
    assert [tmr.outputs[f"CMPLD{k}"].level for k in range(4)] == [k == n for k in range(4)]
    tmr.outputs[f"CMPLD{n}"].acknowledged()
    tmr.wait_us(5)
    assert [tmr.outputs[f"CMPLD{k}"].level for k in range(4)] == [k == pair for k in range(4)]
    tmr.put(f"DMA{n}", 0)
    assert not tmr.outputs[f"CMPLD{pair}"].level


@pytest.mark.parametrize(("enable", "mode"), [(TCF1EN, 0), (TCF2EN, DIR)])
def test_interrupts_of_one_compare(tmr, enable, mode):
    tmr.put("COMP13", 4)
    tmr.put("CNTR3", 8 if mode else 0)
    tmr.put("COMP23", 4)
    tmr.put("CSCTRL3", TCF1EN | TCF2EN ^ enable)
    tmr.put("CSCTRL3", enable)
    tmr.put("CTRL3", RISING | clock() | LENGTH | mode)
    tmr.wait_us(4.5)
    assert not tmr.irq
    tmr.wait_us(0.5)
    assert tmr.irq


def test_disabled_channels_stand(tmr):
    tmr.put("CTRL0", RISING | clock())
    tmr.wait_us(10)
    tmr.put("ENBL", 0xE)
    tmr.wait_us(10)
    assert tmr.get("CNTR0") == 10
    tmr.put("ENBL", 0xF)
    tmr.wait_us(10)
    assert tmr.get("CNTR0") == 20


def test_an_edge_at_the_instant_of_a_compare_loses_nothing(tmr):
    tmr.put("COMP10", 9)
    tmr.put("CTRL0", RISING | clock() | LENGTH)
    tmr.host.time_ns = 10 * US
    tmr.on_input(1, True)
    assert tmr.get("SCTRL0") & TCF
    assert tmr.get("CNTR0") == 0


def test_gated_clock_output_is_counted(tmr):
    tmr.put("CTRL1", RISING | clock() | GATED_CLOCK)
    assert dict(tmr.host.unmodelled_accesses) == {("tmr1", "clock as output of channel 1 (OUTMODE 7)"): 1}


class Rates(FixedClock):
    def on_rate_change(self, callback):
        self.callback = callback


def test_follows_the_bus_clock():
    rates = Rates(1_000_000)
    tmr = Tmr(FakeHost(), "tmr1", clocks=rates)
    tmr.reset()
    tmr.write(OFFSETS["CTRL0"], 2, RISING | clock())
    tmr.host.run_for(10 * US)
    rates.hz = 4_000_000
    rates.callback()
    tmr.host.run_for(10 * US)
    assert tmr.read(OFFSETS["CNTR0"], 2) == 50


def test_saved_while_counting_it_goes_on_the_same(tmr):
    tmr.put("COMP10", 7)
    tmr.put("COMP20", 3)
    tmr.put("CTRL1", CASCADED | output(0))
    tmr.put("CTRL0", RISING | clock() | LENGTH | ALTERNATE)
    tmr.put("CTRL2", TRIGGERED | clock() | second(3))
    tmr.on_input(3, True)
    tmr.wait_us(20.25)
    other = Timer()
    other.host.time_ns = tmr.host.time_ns
    other.restore(tmr.save())
    assert state_of(other) == state_of(tmr)
    for timer in (tmr, other):
        timer.wait_us(100)
    assert [other.get(name) for name in OFFSETS] == [tmr.get(name) for name in OFFSETS]
    assert tmr.get("CNTR1") == 20
