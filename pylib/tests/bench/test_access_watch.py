"""The accesses of a bench that no model covers: periods, verdicts, and a real machine."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from wattbench import Bench
from wattbench.bench.accepted import Accepted
from wattbench.bench.access_watch import SHOWN, AccessWatch
from wattbench.core.errors import UnmodelledAccessError, VerdictError
from wattbench.core.unmodelled import MAXIMUM_KINDS, MORE, UnmodelledLog


@pytest.fixture
def log():
    return UnmodelledLog()


@pytest.fixture
def watch(log):
    functions = {0x40: "main+0x4"}
    engine = SimpleNamespace(
        unmodelled=log.copy, forget_unmodelled=log.clear, describe=lambda pc: functions.get(pc, "")
    )  # fmt: skip
    return AccessWatch(engine, [Accepted("gpt*", "CR", "counts anyway"), Accepted("kpp", "*", "no keys")])


def test_values_make_no_new_kinds(log):
    assert log.note("dac", "write CR", 0x40, "value 0x1", 100)
    assert not log.note("dac", "write CR", 0x40, "value 0x2", 200)
    assert log.note("dac", "write CR", 0x44, "value 0x3", 300)
    assert [(item.pc, item.detail, item.first_ns, item.count) for item in log.copy()] == [
        (0x40, "value 0x1", 100, 2),
        (0x44, "value 0x3", 300, 1),
    ]


def test_kinds_are_bounded(log):
    for address in range(MAXIMUM_KINDS + 10):
        log.note("sysbus", f"read of 4 bytes at 0x{address:08X}", 0x40, "", address)
    entries = log.copy()
    assert len(entries) == MAXIMUM_KINDS + 1
    assert (entries[-1].access, entries[-1].count) == (MORE, 10)


def test_what_was_handed_out_does_not_count_on(log):
    log.note("dac", "read CR", 0x40, "", 1)
    (copied,) = log.copy()
    log.note("dac", "read CR", 0x40, "", 2)
    assert copied.count == 1


def test_periods_add_up(log, watch):
    log.note("dac", "read CR", 0x40, "", 100)
    watch.begin()
    assert watch.period() == []
    log.note("dac", "read CR", 0x40, "", 700)
    log.note("dac", "read CR", 0x44, "", 800)
    assert [(item.pc, item.first_ns, item.count) for item in watch.period()] == [(0x40, 700, 1), (0x44, 800, 1)]
    assert [(item.pc, item.first_ns, item.count) for item in watch.all()] == [(0x40, 100, 2), (0x44, 800, 1)]


def test_the_verdict_names_register_value_pc_function_count_and_time(log, watch):
    for now_ns in (1_000, 2_000):
        log.note("dac", "write CR", 0x40, "value 0x8000, changes DACEN", now_ns)
    log.note("gpt1", "write CR", 0x44, "value 0x1", 3_000)
    assert str(watch.verdict()) == (
        "firmware used what no model does and nobody accepts:\n"
        "2 x dac: write CR value 0x8000, changes DACEN at PC 0x00000040 (main+0x4), first at 0.000001000 s"
    )


def test_accepted_accesses_and_those_of_the_user_are_no_failure(log, watch):
    log.note("gpt1", "write CR", 0x44, "value 0x1", 3_000)
    log.note("dac", "read CR", 0, "", 3_000)
    assert watch.verdict() is None
    assert "dac: read CR, not by firmware" in watch.text(watch.all())
    assert [str(entry) for entry in watch.unused()] == ["kpp: *"]


def test_a_long_list_is_cut(log, watch):
    for number in range(SHOWN + 3):
        log.note("dac", f"read R{number}", 0x40, "", 0)
    lines = str(watch.verdict()).splitlines()
    assert len(lines) == SHOWN + 2
    assert lines[-1] == "and 3 more"


@pytest.fixture(scope="module")
def meter():
    with Bench.load("edge_meter_3p") as bench:
        yield bench


def test_the_meter_boots_with_accepted_accesses_only(meter):
    meter.fail_on_unmodelled_access()
    meter.boot()
    meter.check_unmodelled_accesses()
    assert meter.accesses.period(), "the boot makes accesses that are accepted"
    assert meter.accesses.unused() == []


def test_the_monitors_accesses_are_listed_and_no_failure(meter):
    lines = meter.execute("unmodelled").splitlines()
    assert any("gpt1: write CR value 0x24A at PC 0x3000" in line for line in lines)
    meter.accesses.begin()
    assert meter.execute("sysbus ReadDoubleWord 0x40C82000").strip() == "0x00000000"
    meter.check_unmodelled_accesses()
    assert "key_manager__puf: read CTRL, not by firmware" in meter.accesses.text(meter.accesses.period())


def run_with_an_access(error=None):
    with Bench.load("edge_meter_3p") as bench:
        bench.fail_on_unmodelled_access()
        bench.engine.board.machine.unmodelled_accesses.note("dac", "read VERID", 0x40, "", 0)
        if error is not None:
            raise error


def test_the_end_of_a_with_block_judges():
    with pytest.raises(UnmodelledAccessError, match="dac: read VERID"):
        run_with_an_access()
    assert issubclass(UnmodelledAccessError, VerdictError)


def test_the_end_of_a_with_block_hides_no_other_error():
    with pytest.raises(ZeroDivisionError):
        run_with_an_access(ZeroDivisionError())
