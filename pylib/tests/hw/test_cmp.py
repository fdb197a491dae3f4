"""Comparators: thresholds, hysteresis, filter, edges, on inputs that move with time."""

from __future__ import annotations

import numpy as np
import pytest
from plain_state import state_of

from wattbench.core.clock import FixedClock
from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.cmp import CFF, CFR, COS, COUT, DMAEN, EN, HYSTERESIS_V, IEF, IER, INVT, TABLE, Cmp

OFFSETS = {name: offset for name, offset, _, _ in TABLE.instances()}
RESETS = {name: register.reset for name, _, register, _ in TABLE.instances()}
MS = 1_000_000
DACEN, VRSEL = 1 << 10, 1 << 9
AGAINST_CONVERTER = DACEN | 7 << 24
"""IN0 at plus, the converter at minus."""


class Inputs:
    def __init__(self, **volts):
        self.volts_of = volts

    def volts(self, input_name, times_s):
        wanted = self.volts_of.get(input_name, 0.0)
        return wanted(times_s) if callable(wanted) else np.full_like(times_s, wanted)


def ramp(times_s):
    """1 V each ms up to 1 ms, then down."""
    return 1.0 - np.abs(times_s * 1e3 - 1.0)


class Comparator(Cmp):
    """A comparator with registers by name, a fake host and a 1 MHz clock for the filter."""

    def __init__(self, **attributes):
        super().__init__(FakeHost(), "cmp1", clocks=FixedClock(1_000_000), **attributes)
        self.reset()
        self.changes = []
        self.outputs["CMPO"].connect(lambda level: self.changes.append((self.host.now_ns(), level)), announce=False)

    def put(self, name, value):
        self.write(OFFSETS[name], 4, value)

    def get(self, name):
        return self.read(OFFSETS[name], 4)

    def feed(self, **volts):
        inputs = Inputs(**volts)
        self.port.connect(inputs, self.host.now_ns())
        return inputs


@pytest.fixture
def comparator():
    return Comparator()


def test_reset_values(comparator):
    comparator.put("VERID", 0)
    comparator.put("PARAM", 1)
    assert {name: comparator.get(name) for name in OFFSETS} == RESETS


def test_the_output_changes_where_the_input_crosses(comparator):
    comparator.feed(IN0=ramp, IN3=0.4)
    comparator.put("C1", 3 << 24)
    comparator.put("C0", EN)
    comparator.host.run_for(2 * MS)
    half = HYSTERESIS_V[0] / 2
    assert [level for _, level in comparator.changes] == [True, False]
    assert [at for at, _ in comparator.changes] == [
        pytest.approx((0.4 + half) * MS, abs=1000),
        pytest.approx((1.6 + half) * MS, abs=1000),
    ]


@pytest.mark.parametrize("level", range(4))
def test_hysteresis(comparator, level):
    inputs = comparator.feed(IN0=0.0, IN1=1.0)
    comparator.put("C1", 1 << 24)
    comparator.put("C0", EN | level)
    half = HYSTERESIS_V[level] / 2
    seen = []
    for volts in (1 + 0.9 * half, 1 + 1.1 * half, 1 - 0.9 * half, 1 - 1.1 * half):
        inputs.volts_of["IN0"] = volts
        comparator.port.changed(comparator.host.now_ns())
        comparator.host.run_for(1)
        seen.append(bool(comparator.get("C0") & COUT))
    assert seen == [False, True, True, False]


@pytest.mark.parametrize(("code", "select", "volts"), [(0, 0, 1.8 / 256), (127, 0, 0.9), (255, VRSEL, 3.3)])
def test_the_converter_is_input_seven(code, select, volts):
    comparator = Comparator(vin2=3.3)
    comparator.put("C1", DACEN | select | code | 7 << 24)
    assert comparator.converter_v == pytest.approx(volts)
    inputs = comparator.feed(IN0=volts + 0.01)
    comparator.put("C0", EN)
    assert comparator.get("C0") & COUT
    inputs.volts_of["IN0"] = volts - 0.01
    comparator.put("C1", DACEN | select | code | 7 << 24)
    assert not comparator.get("C0") & COUT
    comparator.put("C1", select | code | 7 << 28)
    assert comparator.converter_v == 0.0


def test_plus_and_minus_may_be_any_input(comparator):
    comparator.feed(**{f"IN{number}": 0.1 * number for number in range(7)})
    for plus in range(7):
        for minus in range(7):
            comparator.put("C1", plus << 28 | minus << 24)
            comparator.put("C0", EN)
            assert bool(comparator.get("C0") & COUT) == (plus > minus)
            comparator.put("C0", 0)


def test_edges_set_flags_and_interrupt(comparator):
    comparator.feed(IN0=ramp)
    comparator.put("C1", AGAINST_CONVERTER | 70)
    comparator.put("C0", EN | IER)
    comparator.host.run_for(1 * MS)
    assert comparator.get("C0") & (CFR | CFF | COUT) == CFR | COUT
    assert comparator.outputs["IRQ"].level
    comparator.put("C0", EN | IER | CFR)
    assert not comparator.outputs["IRQ"].level
    comparator.host.run_for(1 * MS)
    assert comparator.get("C0") & (CFR | CFF | COUT) == CFF
    assert not comparator.outputs["IRQ"].level
    comparator.put("C0", EN | IEF)
    assert comparator.outputs["IRQ"].level


def test_dma_instead_of_the_interrupt(comparator):
    comparator.feed(IN0=1.0)
    comparator.put("C1", AGAINST_CONVERTER)
    comparator.put("C0", EN | IER | DMAEN)
    assert (comparator.outputs["IRQ"].level, comparator.outputs["Dma"].level) == (False, True)
    comparator.outputs["Dma"].acknowledged()
    assert (comparator.outputs["Dma"].level, comparator.get("C0") & CFR) == (False, 0)


def test_inverted_and_off(comparator):
    comparator.put("C1", AGAINST_CONVERTER)
    comparator.put("C0", EN | INVT)
    assert comparator.changes == [(0, True)]
    comparator.put("C0", 0)
    assert comparator.changes == [(0, True), (0, False)]
    assert comparator.get("C0") & COUT == 0


def test_the_filter_drops_what_is_too_short(comparator):
    inputs = comparator.feed(IN0=lambda times_s: np.where((times_s > 0.1e-3) & (times_s < 0.12e-3), 1.0, 0.0))
    comparator.put("C1", AGAINST_CONVERTER)
    comparator.put("C0", EN | 3 << 4 | 10 << 16)
    comparator.host.run_for(1 * MS)
    assert comparator.changes == []
    inputs.volts_of["IN0"] = 1.0
    comparator.port.changed(comparator.host.now_ns())
    comparator.host.run_for(1 * MS)
    assert comparator.changes == [(1_030_000, True)]
    comparator.put("C0", EN | COS | 3 << 4 | 10 << 16)
    inputs.volts_of["IN0"] = 0.0
    comparator.port.changed(comparator.host.now_ns())
    comparator.host.run_for(1)
    assert comparator.changes[-1] == (2 * MS, False)
    assert comparator.get("C0") & COUT


def test_a_source_that_comes_late_is_seen(comparator):
    comparator.put("C1", AGAINST_CONVERTER)
    comparator.put("C0", EN)
    comparator.host.run_for(300_000)
    comparator.feed(IN0=1.0)
    comparator.host.run_for(1)
    assert comparator.changes == [(300_000, True)]


def test_what_is_not_modelled_is_counted_and_a_bad_step_named(comparator):
    comparator.put("C0", 1 << 14)
    comparator.put("C2", 1 << 30)
    assert len(comparator.host.unmodelled_accesses) == 2
    with pytest.raises(UsageError, match="above 0"):
        Comparator(step_ns=0)


def test_saved_it_goes_on_the_same(comparator):
    other = Comparator()
    for each in (comparator, other):
        each.feed(IN0=ramp)
    comparator.put("C1", AGAINST_CONVERTER | 70)
    comparator.put("C0", EN | 2 << 4 | 100 << 16)
    comparator.host.run_for(600_000)
    other.host.time_ns = comparator.host.time_ns
    other.restore(comparator.save())
    assert state_of(other) == state_of(comparator)
    for each in (comparator, other):
        each.host.run_for(2 * MS)
    assert other.changes == comparator.changes
    assert len(other.changes) == 2
