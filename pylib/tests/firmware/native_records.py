"""The firmware's clock, periods and records, compiled for this computer and driven cycle by cycle."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from native_meter import COMMON, EDGE

SOURCES = (
    "calendar", "steering", "timekeeping", "storage", "event_log", "registers_kept", "intervals", "demand", "profile",
    "supervision", "energy", "crc", "voltage_events",
)  # fmt: skip
TICKS_PER_CYCLE = 480_000
CYCLES_PER_S = 50
NS_PER_S = 1_000_000_000


class Cycle(ctypes.Structure):
    """`struct cycle`."""

    _fields_ = (
        ("active", ctypes.c_double * 3),
        ("reactive", ctypes.c_double * 3),
        ("voltage_squared", ctypes.c_double * 3),
        ("current_squared", ctypes.c_double * 4),
        ("voltage_sum", ctypes.c_double * 3),
        ("samples", ctypes.c_double),
        ("synchronous", ctypes.c_bool),
        ("start_tick", ctypes.c_uint32),
        ("end_tick", ctypes.c_uint32),
    )


class Record(ctypes.Structure):
    """`struct profile_record`."""

    _fields_ = (
        ("energy", ctypes.c_int64 * 6),
        ("utc_s", ctypes.c_uint32),
        ("number", ctypes.c_uint32),
        ("utc_ms", ctypes.c_uint16),
        ("flags", ctypes.c_uint16),
        ("crc", ctypes.c_uint32),
    )


class LoggedEvent(ctypes.Structure):
    """`struct event`."""

    _fields_ = (
        ("utc_s", ctypes.c_uint32),
        ("code", ctypes.c_uint16),
        ("number", ctypes.c_uint16),
        ("value", ctypes.c_int32),
        ("crc", ctypes.c_uint32),
    )


class DstChange(ctypes.Structure):
    """`struct dst_change`."""

    _fields_ = (
        ("month", ctypes.c_uint8),
        ("week", ctypes.c_uint8),
        ("weekday", ctypes.c_uint8),
        ("second_of_day", ctypes.c_int32),
    )


class DstRule(ctypes.Structure):
    """`struct dst_rule`."""

    _fields_ = (("begin", DstChange), ("end", DstChange), ("in_utc", ctypes.c_bool), ("saving_s", ctypes.c_int32))


class Calendar(ctypes.Structure):
    """`struct calendar`."""

    _fields_ = (
        ("year", ctypes.c_int32),
        ("month", ctypes.c_uint8),
        ("day", ctypes.c_uint8),
        ("hour", ctypes.c_uint8),
        ("minute", ctypes.c_uint8),
        ("second", ctypes.c_uint8),
        ("weekday", ctypes.c_uint8),
    )


class Steering(ctypes.Structure):
    """`struct steering`."""

    _fields_ = (
        ("anchor_count", ctypes.c_uint64),
        ("anchor_ns", ctypes.c_int64),
        ("shift_ns", ctypes.c_int64),
        ("trim_ppb", ctypes.c_int32),
        ("session", ctypes.c_uint32),
    )


@cache
def compiled(defines: tuple[str, ...] = ()) -> bytes:
    """A shared library of the sources with the rig."""
    compiler = shutil.which("cc")
    assert compiler, "these tests need a C compiler called cc"
    options = ["-O2", "-ffp-contract=off", "-fno-math-errno", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "records.so")
        sources = [str(COMMON / f"{name}.c") for name in SOURCES] + [str(Path(__file__).with_name("records_rig.c"))]
        subprocess.run(
            [compiler, *options, *(f"-D{name}" for name in defines), *EDGE.includes, *sources, "-o", str(library)],
            check=True,
        )
        return library.read_bytes()


_loaded = 0


def load(folder: Path, defines: tuple[str, ...] = ()) -> ctypes.CDLL:
    """An own copy of the library with its own globals."""
    global _loaded  # noqa: PLW0603
    _loaded += 1
    path = folder / f"records{_loaded}.so"
    path.write_bytes(compiled(defines))
    library = ctypes.CDLL(str(path))
    for name, result, arguments in (
        ("timekeeping_now_ns", ctypes.c_int64, ()),
        ("timekeeping_set", None, (ctypes.c_int64,)),
        ("timekeeping_shift", ctypes.c_bool, (ctypes.c_int64,)),
        ("timekeeping_trim", ctypes.c_bool, (ctypes.c_int32,)),
        ("timekeeping_latch", None, (ctypes.c_uint64, ctypes.c_uint32)),
        ("timekeeping_set_zone", None, (ctypes.c_void_p,)),
        ("intervals_set_period", ctypes.c_bool, (ctypes.c_uint32, ctypes.c_uint32)),
        ("demand_configure", ctypes.c_bool, (ctypes.c_uint32, ctypes.c_uint32)),
        ("profile_read", ctypes.c_bool, (ctypes.c_uint32, ctypes.c_void_p)),
        ("event_log_read", ctypes.c_bool, (ctypes.c_uint32, ctypes.c_void_p)),
        ("event_log_add", None, (ctypes.c_uint16, ctypes.c_int32)),
        ("storage_load", ctypes.c_bool, (ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32)),
        ("storage_save", None, (ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32)),
        ("calendar_to_seconds", ctypes.c_int64, (ctypes.c_void_p,)),
        ("calendar_from_seconds", None, (ctypes.c_int64, ctypes.c_void_p)),
        ("calendar_valid", ctypes.c_bool, (ctypes.c_void_p,)),
        ("calendar_is_summer", ctypes.c_bool, (ctypes.c_int64, ctypes.c_int32, ctypes.c_void_p)),
        ("steering_ns", ctypes.c_int64, (ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int64)),
        ("steering_left_ns", ctypes.c_int64, (ctypes.c_void_p, ctypes.c_uint64)),
        ("steering_anchored", Steering, (ctypes.c_void_p, ctypes.c_uint64)),
        ("energy_add", None, (ctypes.c_void_p, ctypes.c_bool)),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class NativeRecords:
    """A meter without metrology: it is given cycles of a power, and time."""

    def __init__(
        self, folder: Path, defines: tuple[str, ...] = (), before: NativeRecords | None = None, off_s: float = 0.0
    ) -> None:
        """New, or the meter `before` after a power failure of `off_s`."""
        self.library = load(folder, defines)
        self.folder, self.defines = folder, defines
        self.watts = [0.0, 0.0, 0.0]
        self.vars = [0.0, 0.0, 0.0]
        self.count = Fraction(0)
        self.ppm = Fraction(0)
        self.cycles = 0
        self.tick = 0
        if before is not None:
            self.count = before.count + 32768 * Fraction(off_s) * (1 + before.ppm / 1_000_000)
            self.ppm = before.ppm
            ctypes.memmove(self._rig("rig_memory", ctypes.c_uint8 * 0x40000), before.memory(), 0x40000)
            self._rig("rig_session", ctypes.c_uint32).value = before.number("rig_session")
            self._rig("rig_rtc_ran", ctypes.c_bool).value = True
        self._rig("rig_count", ctypes.c_uint64).value = int(self.count)
        self.library.energy_init(ctypes.create_string_buffer(256))
        self.library.supervision_start()
        self.library.energy_on_cycle(ctypes.cast(self.library.intervals_cycle, ctypes.c_void_p))

    def _rig(self, name: str, kind: Any) -> Any:
        return kind.in_dll(self.library, name)

    def memory(self) -> bytes:
        """The non-volatile memory."""
        return bytes(self._rig("rig_memory", ctypes.c_uint8 * 0x40000))

    def number(self, name: str, kind: Any = ctypes.c_uint32) -> Any:
        """A global."""
        return kind.in_dll(self.library, name).value

    def numbers(self, name: str, kind: Any, count: int) -> list[Any]:
        """A global array."""
        return list((kind * count).in_dll(self.library, name))

    def put(self, name: str, value: Any, kind: Any = ctypes.c_bool) -> None:
        """Set a variable of the rig."""
        kind.in_dll(self.library, name).value = value

    def energies(self) -> list[int]:
        """Total registers in nano units: active import and export, Q1 to Q4."""
        names = ("active_import_nwh", "active_export_nwh", *(f"reactive_q{q}_nvarh" for q in (1, 2, 3, 4)))
        return [self.numbers(f"meter_energy_{name}", ctypes.c_int64, 4)[0] for name in names]

    def utc_ns(self) -> int:
        """The clock."""
        return int(self.library.timekeeping_now_ns())

    def cycle(self) -> None:
        """20 ms pass."""
        start = self.tick
        self.tick += TICKS_PER_CYCLE
        self.cycles += 1
        self._move(self.tick, Fraction(1, CYCLES_PER_S))
        watt_samples = [power * 160.0 for power in self.watts]
        var_samples = [power * 160.0 for power in self.vars]
        cycle = Cycle(
            active=(ctypes.c_double * 3)(*watt_samples), reactive=(ctypes.c_double * 3)(*var_samples), samples=160.0,
            synchronous=True, start_tick=start & 0xFFFFFFFF, end_tick=self.tick & 0xFFFFFFFF,
        )  # fmt: skip
        self.library.energy_add(ctypes.byref(cycle), True)
        if self.cycles % CYCLES_PER_S == CYCLES_PER_S // 2:
            self.library.timekeeping_latch(int(self.count), self.tick & 0xFFFFFFFF)
        self.library.supervision_work()

    def _move(self, tick: int, seconds: Fraction) -> None:
        self.count += 32768 * seconds * (1 + self.ppm / 1_000_000)
        self._rig("rig_tick", ctypes.c_uint32).value = tick & 0xFFFFFFFF
        self._rig("rig_count", ctypes.c_uint64).value = int(self.count)

    def second(self) -> None:
        """The counter's interrupt and what PendSV does about it."""
        self.library.timekeeping_latch(int(self.count), self.tick & 0xFFFFFFFF)
        self.library.supervision_work()

    def run(self, seconds: float) -> None:
        """Let cycles pass."""
        for _ in range(round(seconds * CYCLES_PER_S)):
            self.cycle()

    def silence(self, seconds: int) -> None:
        """Time passes without samples."""
        for _ in range(seconds):
            self.tick += TICKS_PER_CYCLE * CYCLES_PER_S
            self._move(self.tick, Fraction(1))
            self.second()

    def set(self, utc_s: float) -> None:
        """Set the clock."""
        self.library.timekeeping_set(round(Fraction(str(utc_s)) * NS_PER_S))

    def profile(self) -> list[Record]:
        """All kept records."""
        records = []
        for index in range(self.number("meter_profile_count")):
            record = Record()
            if self.library.profile_read(index, ctypes.byref(record)):
                records.append(record)
        return records

    def events(self) -> list[tuple[int, int, int]]:
        """All kept events as (second of UTC, code, value)."""
        found = []
        for index in range(self.number("meter_event_count")):
            event = LoggedEvent()
            if self.library.event_log_read(index, ctypes.byref(event)):
                found.append((event.utc_s, event.code, event.value))
        return found

    def after_power_failure(self, off_s: float) -> NativeRecords:
        """The same meter after `off_s` without power."""
        return NativeRecords(self.folder, self.defines, self, off_s)
