"""The truth over any schedule: it agrees with quadrature and adds up."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.labs.grid.channels import Change, Channel, Harmonic
from wattbench.labs.grid.schedule import Schedule
from wattbench.labs.grid.truth import injected

S = 10**9


VALUES = st.floats(0, 300).map(lambda x: round(x, 2))
FIELDS = st.one_of(
    st.fixed_dictionaries({"rms": VALUES}),
    st.fixed_dictionaries({"angle_deg": st.floats(-180, 180)}),
    st.fixed_dictionaries({"dc": st.floats(-20, 20)}),
    st.fixed_dictionaries({"reversed": st.booleans()}),
    st.builds(
        lambda order, ratio, deg: {"harmonics": {order: Harmonic(ratio, deg)}},
        st.sampled_from([Fraction(n) for n in (2, 3, 5, 11, 40)] + [Fraction(1, 2), Fraction(13, 10)]),
        st.floats(0.01, 0.5),
        st.floats(-180, 180),
    ),
)
CHANGES = st.one_of(
    st.builds(
        Change,
        st.integers(0, S // 5),
        st.sampled_from([Channel(phase, quantity) for phase in ("L1", "L2") for quantity in ("voltage", "current")]),
        FIELDS,
    ),
    st.builds(lambda at, hz: Change(at, None, {"frequency_hz": hz}), st.integers(0, S // 5), st.floats(42, 58)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=10), st.integers(0, S // 10), st.integers(1000, S // 5))
def test_truth_agrees_with_quadrature_over_any_schedule(changes, from_ns, length_ns):
    schedule = Schedule.idle(50)
    for change in changes:
        schedule = schedule.with_changes([change])
    to_ns = from_ns + length_ns
    truth = injected(schedule, from_ns, to_ns)
    nodes, weights = np.polynomial.legendre.leggauss(24)
    edges_ns = sorted({from_ns, to_ns, *(s.start_ns for s in schedule.segments if from_ns < s.start_ns < to_ns)})
    sums = {"energy": 0.0, "u2": 0.0, "i2": 0.0}
    for start, stop in itertools.pairwise(edges_ns):
        segment = schedule.segments[schedule.index_at(start)]
        panels = np.linspace(start / S, stop / S, 201)
        half = np.diff(panels)[:, None] / 2
        times_s = (panels[:-1, None] + half + half * nodes).ravel()
        no_ns = np.zeros(times_s.size, dtype=np.int64)
        u, i = (segment.value(Channel("L1", quantity), times_s, no_ns) for quantity in ("voltage", "current"))
        weight = (weights * half).ravel()
        for name, product in (("energy", u * i), ("u2", u * u), ("i2", i * i)):
            sums[name] += float((product * weight).sum())
    duration_s = length_ns / S
    phase = truth.phases["L1"]
    apparent_j = phase.apparent_vah * 3600
    assert phase.active_wh * 3600 == pytest.approx(sums["energy"], rel=1e-6, abs=1e-8 * apparent_j)
    assert phase.voltage_rms_v == pytest.approx(math.sqrt(sums["u2"] / duration_s), rel=1e-6, abs=1e-9)
    assert phase.current_rms_a == pytest.approx(math.sqrt(sums["i2"] / duration_s), rel=1e-6, abs=1e-9)
    assert phase.active_import_wh - phase.active_export_wh == pytest.approx(phase.active_wh, abs=1e-15)


@settings(max_examples=40, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=10), st.integers(1, S // 5))
def test_truth_adds_up_and_the_order_of_giving_is_kept(changes, cut_ns):
    one_by_one = Schedule.idle(50)
    for change in changes:
        one_by_one = one_by_one.with_changes([change])
    at_once = Schedule.idle(50).with_changes(changes)
    end_ns = S // 5 + 12345
    whole = injected(at_once, 0, end_ns)
    assert injected(one_by_one, 0, end_ns).active_wh == pytest.approx(whole.active_wh, rel=1e-12, abs=1e-15)
    parts = injected(at_once, 0, cut_ns), injected(at_once, cut_ns, end_ns)
    scale_wh = sum(part.apparent_vah for part in parts)
    assert sum(part.active_wh for part in parts) == pytest.approx(whole.active_wh, abs=1e-12 * scale_wh + 1e-18)
