"""What the engine reads from lines of Renode's log."""

from __future__ import annotations

import logging

import pytest

from wattbench.core.unmodelled import UnmodelledAccess
from wattbench.engines.renode.log import Log, LogLine

READ = "[cpu: 0x8000123] ReadDoubleWord from non existing peripheral at 0x50000000."
WRITE = "[cpu: 0x8000124 (main+0x4)] WriteByte to non existing peripheral at 0x50000001, value 0xAB."
TAGGED = "[cpu: 0x10] (tag: 'ROM') ReadWord from non existing peripheral at 0x2, returning 0x0000."
ABORT = "CPU abort [PC=0x60000000]: Trying to execute code outside RAM or ROM at 0x60000000."
ANALYZER = "[host: 0.47s (+0.47s)|virt: 2.78ms (+2.78ms)] wattbench edge meter"


def line(text, level=logging.WARNING, source="sysbus"):
    return LogLine(level, source, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (READ, ("read of 4 bytes at 0x50000000", 0x8000123)),
        (WRITE, ("write of 1 bytes at 0x50000001", 0x8000124)),
        (TAGGED, ("read of 2 bytes at 0x00000002", 0x10)),
        ("ReadQuadWord from non existing peripheral at 0x8.", ("read of 8 bytes at 0x00000008", 0)),
        ("Loading block of 78 bytes length at 0x0.", None),
    ],
)
def test_accesses_to_nothing(text, expected):
    assert line(text).unmapped() == expected


def test_a_core_that_gives_up():
    abort = line(ABORT, logging.ERROR, "cpu")
    assert abort.is_abort
    assert abort.is_fetch_from_nowhere
    assert abort.abort_pc == 0x60000000
    assert abort.abort_reason == "Trying to execute code outside RAM or ROM at 0x60000000"
    other = line("CPU abort [PC=0x10]: internal error.")
    assert other.is_abort
    assert not other.is_fetch_from_nowhere
    assert not line(READ).is_abort


def test_warnings_and_what_uarts_say_are_shown_and_the_rest_is_not():
    log, shown = Log(), []
    log.output = shown.append
    log.take(1, "machine-0", "Machine started.")
    log.take(1, "lpuart1", ANALYZER)
    log.take(2, "sysbus", READ)
    assert shown == [f"lpuart1: {ANALYZER}\n", f"[WARNING] sysbus: {READ}\n"]


def test_counts_are_kept_until_the_log_is_cleared():
    log = Log()
    for _ in range(3):
        log.take(2, "sysbus", READ)
    assert log.unmapped.copy() == [UnmodelledAccess("sysbus", "read of 4 bytes at 0x50000000", 0x8000123, "", None, 3)]
    log.clear()
    assert not log.unmapped.copy()
