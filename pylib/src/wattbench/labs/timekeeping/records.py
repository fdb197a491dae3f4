"""What a meter has written down: load profile and event log, read by its shell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntFlag

from wattbench.core.errors import VerdictError
from wattbench.labs.timekeeping.meter_clock import MeterClock, parse_utc, utc_text

ENERGIES = ("active_import", "active_export", "reactive_q1", "reactive_q2", "reactive_q3", "reactive_q4")
RECORD = re.compile(r"^record (\d+) (\S+Z) 0x([0-9A-Fa-f]+)((?: -?\d+\.\d+)+)$")
EVENT = re.compile(r"^event (\d+) (\S+Z) (\d+) (\S+) (-?\d+)$")


class Status(IntFlag):
    """Flags of a record; see the firmware's `intervals.h`."""

    INCOMPLETE = 1 << 0
    CLOCK_SET = 1 << 1
    POWER_FAIL = 1 << 2
    SUMMER = 1 << 3
    CLOCK_INVALID = 1 << 4
    DATA_LOST = 1 << 5
    SHIFTED = 1 << 6
    PHASE_LOST = 1 << 7
    CHANGED = 1 << 8


@dataclass(frozen=True)
class ProfileRecord:
    """Registers in Wh and varh at the end of a period."""

    number: int
    utc_ms: int
    status: Status
    energies: dict[str, float]

    @property
    def end(self) -> str:
        """The end of the period as text."""
        return utc_text(self.utc_ms)

    def quantity(self, name: str) -> float:
        """A register as the grid's quantities are named: `active_import_wh`, `reactive_export_varh`."""
        kind = name.rpartition("_")[0]
        if kind == "reactive_import":
            return self.energies["reactive_q1"] + self.energies["reactive_q2"]
        if kind == "reactive_export":
            return self.energies["reactive_q3"] + self.energies["reactive_q4"]
        return self.energies[kind]


@dataclass(frozen=True)
class Event:
    """An entry of the event log, to the second."""

    number: int
    utc_ms: int
    code: int
    name: str
    value: int

    @property
    def time(self) -> str:
        """When it happened, as text."""
        return utc_text(self.utc_ms)


def read_profile(clock: MeterClock, command: str, count: int) -> list[ProfileRecord]:
    """The last `count` records, the oldest first; raises VerdictError for what is no record."""
    records = []
    for line in clock.command(command, count=str(count)):
        if not line.startswith("record "):
            continue
        match = RECORD.match(line)
        if not match or match[4].count(".") != len(ENERGIES):
            raise VerdictError(f"the meter's load profile has the line `{line}`, which is no record")
        values = [float(text) for text in match[4].split()]
        energies = dict(zip(ENERGIES, values, strict=True))
        records.append(ProfileRecord(int(match[1]), parse_utc(match[2]), Status(int(match[3], 16)), energies))
    return records


def read_events(clock: MeterClock, command: str, count: int) -> list[Event]:
    """The last `count` events, the oldest first; raises VerdictError for what is no event."""
    events = []
    for line in clock.command(command, count=str(count)):
        if not line.startswith("event "):
            continue
        match = EVENT.match(line)
        if not match:
            raise VerdictError(f"the meter's event log has the line `{line}`, which is no event")
        events.append(Event(int(match[1]), parse_utc(match[2]), int(match[3]), match[4], int(match[5])))
    return events
