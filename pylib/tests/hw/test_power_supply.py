"""A supply that fails: the warning, the time that is left, and the return of the input."""

from __future__ import annotations

import pytest

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.parts.power_supply import PowerSupply

MS = 1_000_000


@pytest.fixture
def supply():
    made = PowerSupply(FakeHost(), "supply", hold_up_ms=40, warning_ms=5)
    made.reset()
    return made


def good(supply):
    return supply.outputs["PGOOD"].level


def test_warning_comes_before_the_rails_end(supply):
    supply.host.run_for(10 * MS)
    supply.fail()
    assert supply.rails_end_ns == 50 * MS
    supply.host.run_for(5 * MS - 1)
    assert good(supply)
    supply.host.run_for(1)
    assert not good(supply)


def test_short_interruption_is_no_warning(supply):
    supply.fail()
    supply.host.run_for(4 * MS)
    supply.recover()
    supply.host.run_for(100 * MS)
    assert good(supply)
    assert supply.rails_end_ns is None


def test_return_before_the_rails_end(supply):
    supply.fail()
    supply.host.run_for(20 * MS)
    assert not good(supply)
    supply.recover()
    assert good(supply)


def test_power_cycle(supply):
    supply.fail()
    supply.host.run_for(40 * MS)
    supply.power_off()
    supply.recover()
    supply.reset()
    assert good(supply)
    supply.power_off()
    assert not good(supply)


def test_second_failure_does_not_lengthen_the_first(supply):
    supply.fail()
    supply.host.run_for(10 * MS)
    supply.fail()
    assert supply.rails_end_ns == 40 * MS


def test_save_and_restore(supply):
    supply.fail()
    saved = supply.save()
    supply.host.run_for(5 * MS)
    assert not good(supply)
    other = PowerSupply(FakeHost(), "supply", hold_up_ms=40, warning_ms=5)
    other.reset()
    other.restore(saved)
    assert other.rails_end_ns == 40 * MS
    other.host.run_for(5 * MS)
    assert not good(other)


def test_warning_after_the_end_is_refused():
    with pytest.raises(UsageError, match="holdUpMs"):
        PowerSupply(FakeHost(), "supply", hold_up_ms=5, warning_ms=6)
