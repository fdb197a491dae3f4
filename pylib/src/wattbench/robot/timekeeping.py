"""Robot keywords about a meter's clock, its periods and records."""

from __future__ import annotations

from typing import Any, Literal

from robot.api import logger
from robot.api.deco import keyword, library

from wattbench.bench import Bench
from wattbench.core.errors import StimulusError, VerdictError
from wattbench.labs.timekeeping import (
    LIMITS,
    REFERENCE_C,
    ClockVerdict,
    Event,
    MeterClock,
    PeriodVerdict,
    ProfileRecord,
    Rate,
    Status,
    cut_power,
    demand_truth,
    interrupt_power,
    judge_profile,
    judge_rate,
    judge_temperature,
    measure_rate,
    measure_reserve,
    parse_utc,
    read_events,
    read_profile,
    return_power,
    set_clock_temperature,
    set_crystal_error,
    stop_converters,
    utc_text,
)
from wattbench.robot.results import Judgement
from wattbench.robot.session import BenchLibrary, seconds

Crystal = Literal["rtc", "processor", "converters"]
MOST_RECORDS = 1000


@library
class Timekeeping(BenchLibrary):
    """Sets and reads the meter's clock, gives its crystals errors and a temperature, and judges what it records.

    Times of the meter are UTC, written ``2026-03-29T00:59:50Z``. The clock's own test output, whose edges have exact
    virtual times, is what it is judged by; the manifest's table ``[clock]`` says where it is and how the shell is
    asked. Boundaries of periods come soon when the clock is set shortly before them.

    `Follow Meter Clock` begins to keep track of what the clock shows; after `Restore State` that begins anew.
    """

    def __init__(self) -> None:
        """A new library follows no clock."""
        self._clock: MeterClock | None = None
        self._bench: Bench | None = None

    # The world

    @keyword
    def set_crystal_error(self, crystal: Crystal, ppm: str) -> None:
        """Makes a crystal fast by ``ppm``: ``rtc`` (32 kHz), ``processor`` (24 MHz) or ``converters``.

        The one of the RTC is at its turnover temperature, 25 degrees Celsius unless the platform says otherwise.
        """
        set_crystal_error(self.session.bench, crystal, ppm)

    @keyword
    def set_clock_temperature(self, celsius: str) -> None:
        """Brings the RTC's crystal to a temperature."""
        set_clock_temperature(self.session.bench, celsius)

    @keyword
    def stop_converters(self) -> None:
        """Holds the converters in reset, so that hours pass in seconds; for what does not depend on the metering.

        Go back with `Restore State`.
        """
        stop_converters(self.session.bench)

    @keyword
    def interrupt_power(self, duration: str, warned: bool = True) -> None:
        """Takes the meter's power away for ``duration`` and waits until it is ready again.

        With ``warned`` its supply warns it and holds up as long as the platform says; else the power breaks down at
        once. The mains of the grid library is another matter: set it to 0 V yourself.
        """
        interrupt_power(self.session.bench, seconds(duration), warned=warned)
        self._mark()

    @keyword
    def cut_power(self, warned: bool = True) -> None:
        """Takes the meter's power away until `Return Power`; see `Interrupt Power`."""
        cut_power(self.session.bench, warned=warned)

    @keyword
    def return_power(self) -> None:
        """Gives the power back and waits until the meter is ready."""
        return_power(self.session.bench)
        self._mark()

    def _mark(self) -> None:
        if self._clock is not None and self._bench is self.session.bench and self._clock.is_current:
            self._clock.mark()

    # The clock

    @keyword
    def follow_meter_clock(self) -> None:
        """Finds out what the clock shows now, and follows it from here on. Takes up to two seconds."""
        self._bench = self.session.bench
        self._clock = MeterClock(self._bench)

    @property
    def clock(self) -> MeterClock:
        """The followed clock; followed from now on if it was not."""
        if self._clock is None or self._bench is not self.session.bench or not self._clock.is_current:
            self.follow_meter_clock()
        assert self._clock is not None
        return self._clock

    @keyword
    def set_meter_clock(self, utc: str) -> None:
        """Sets the clock, and follows it anew, which takes up to two seconds."""
        self.clock.set(parse_utc(utc))

    @keyword
    def move_meter_clock(self, by: float) -> None:
        """Sets the clock forward by so many seconds (negative: back)."""
        clock = self.clock
        clock.set(round(clock.now_ms() + by * 1000))

    @keyword
    def shift_meter_clock(self, ms: int) -> None:
        """Has the clock corrected by ``ms`` milliseconds without setting it."""
        self.clock.shift(ms)

    @keyword
    def trim_meter_clock(self, ppm: float) -> None:
        """Corrects the rate of the clock; positive is faster."""
        self.clock.trim(ppm)

    @keyword
    def calibrate_meter_clock(self, duration: str = "100") -> float:
        """Measures the clock's rate for ``duration`` and trims it by that; returns the correction in ppm."""
        rate = self._measure(duration)
        correction = (1 / (1 + rate.error_ppm * 1e-6) - 1) * 1e6
        self.clock.trim(correction)
        logger.info(f"{rate}; trimmed by {correction:+.3f} ppm")
        return correction

    @keyword
    def meter_clock(self) -> str:
        """Returns what the clock shows now, by the edges of its output."""
        return utc_text(round(self.clock.now_ms()))

    @keyword
    def run_until_meter_clock(self, utc: str) -> None:
        """Lets time pass until the clock shows ``utc``."""
        self.clock.run_until(parse_utc(utc))

    @keyword
    def meter_clock_should_be(self, utc: str, within_ms: float = 1.0) -> None:
        """Fails unless the clock shows ``utc`` now, within so many milliseconds."""
        error_ms = self.clock.now_ms() - parse_utc(utc)
        verdict = ClockVerdict("clock against expected time", "ms", error_ms, within_ms, 0.0, self.meter_clock())
        self._keep_clock(verdict, "edges")

    @keyword
    def measure_clock_rate(self, duration: str = "100") -> Rate:
        """Lets ``duration`` pass and returns the clock's rate in it, with ``s_per_day`` and the measurement's own
        ``uncertainty_s_per_day``."""
        return self._measure(duration)

    def _measure(self, duration: str) -> Rate:
        rate = measure_rate(self.session.bench, seconds(duration))
        logger.info(str(rate))
        return rate

    @keyword
    def clock_error_should_be_within(self, limit: float | None = None, duration: str = "100") -> Rate:
        """Measures the clock's rate for ``duration`` and fails unless it is within ``limit`` seconds a day.

        The default is the standard's limit at 23 degrees Celsius.
        """
        rate = self._measure(duration)
        self._keep_clock(judge_rate(rate, LIMITS["error"].limit if limit is None else limit), "edges")
        return rate

    @keyword
    def clock_error_on_reserve_should_be_within(self, limit: float | None = None, duration: str = "1 day") -> Rate:
        """Takes the power away for ``duration`` and fails unless the clock went on within ``limit`` seconds a day.

        The default is the standard's limit for a clock on its reserve. The mains is another matter, see
        `Interrupt Power`.
        """
        rate = measure_reserve(self.session.bench, self.clock, seconds(duration))
        logger.info(str(rate))
        allowed = LIMITS["reserve_error"].limit if limit is None else limit
        self._keep_clock(judge_rate(rate, allowed, "clock error on reserve"), "edges")
        return rate

    @keyword
    def clock_error_should_be(self, s_per_day: float, within: float = 0.01, duration: str = "100") -> Rate:
        """Measures the clock's rate and fails unless it gains ``s_per_day`` seconds a day, to ``within``."""
        rate = self._measure(duration)
        error = rate.s_per_day - s_per_day
        verdict = ClockVerdict("clock against expected rate", "s/day", error, within, rate.uncertainty_s_per_day)
        self._keep_clock(verdict, "edges", expected=s_per_day, measured=rate.s_per_day)
        return rate

    @keyword
    def clock_should_keep_time_over_temperature(
        self, *celsius: float, limit: float | None = None, duration: str = "60"
    ) -> dict[float, Rate]:
        """Measures the clock's rate at 23 degrees Celsius and at each given temperature, and judges the changes.

        Fails unless each is within ``limit`` seconds a day and kelvin (default: the standard's). Returns the rates.
        """
        rates = {}
        for degrees in (REFERENCE_C, *celsius):
            set_clock_temperature(self.session.bench, degrees)
            rates[degrees] = self._measure(duration)
        set_clock_temperature(self.session.bench, REFERENCE_C)
        allowed = LIMITS["temperature"].limit if limit is None else limit
        verdicts = judge_temperature(rates, REFERENCE_C, allowed).values()
        self._keep_all([(verdict, self._clock_judgement(verdict, "edges")) for verdict in verdicts])
        return rates

    # Records

    @keyword
    def load_profile(self, count: int = 10) -> list[ProfileRecord]:
        """Returns the last ``count`` records of the load profile, the oldest first.

        Each has ``end`` (text), ``utc_ms``, ``status`` (flags), ``number`` and ``energies`` (Wh, varh).
        """
        records = read_profile(self.clock, self.session.bench.clock.profile_command, count)
        for record in records:
            logger.info(f"{record.number} {record.end} {record.status!r} {record.energies}")
        return records

    @keyword
    def load_profile_ends_should_be(self, *ends: str) -> None:
        """Fails unless the last records of the load profile end at these times, in this order, to the millisecond."""
        found = [record.end for record in self.load_profile(len(ends))]
        expected = [utc_text(parse_utc(end)) for end in ends]
        if found != expected:
            raise VerdictError(f"the load profile ends at {', '.join(found)}; expected {', '.join(expected)}")

    @keyword
    def load_profile_flags_should_be(self, end: str, *flags: str, among: int = 20) -> None:
        """Fails unless the record that ends at ``end`` has exactly these flags (``INCOMPLETE``, ``SUMMER`` and so on).

        With several such records it is the newest. No flag at all is ``NONE``.
        """
        expected = Status(0)
        for name in flags:
            if name != "NONE":
                expected |= Status[name]
        wanted = parse_utc(end)
        found = [record for record in self.load_profile(among) if record.utc_ms == wanted]
        if not found:
            raise VerdictError(f"the load profile has no record that ends at {end}")
        if found[-1].status != expected:
            raise VerdictError(f"the record that ends at {end} has {found[-1].status!r}, expected {expected!r}")

    @keyword
    def load_profile_should_match_injected(
        self, count: int, limit: float = 0.05, allowance: str = "0"
    ) -> list[PeriodVerdict]:
        """Judges the energies in the last ``count`` periods against what was injected between their very ends.

        All of import, export and reactive energy have to be within ``limit`` percent of the largest of them.
        ``allowance`` is a time whose
        energy may be missing, such as that of a start. Fails where nothing was injected at all.
        """
        allowance_s = float(seconds(allowance))
        records = self.load_profile(count + 1)
        if len(records) < count + 1:
            raise StimulusError(f"the load profile has {len(records)} records; {count} periods need {count + 1}")
        verdicts = judge_profile(records, self.clock, self.session.grid, limit, allowance_s)
        self._keep_all([(verdict, self._period_judgement(verdict)) for verdict in verdicts])
        return verdicts

    @keyword
    def demand_should_match_injected(
        self, from_utc: str, to_utc: str, period: str, limit: float = 0.05, register: str = "demand_last"
    ) -> dict[str, float]:
        """Judges the demand that the meter shows against the energy injected between two times of its clock.

        ``limit`` is in percent of the largest of the four demands, ``period`` the length the energy is divided by.
        Fails where nothing was injected.
        """
        clock, period_s = self.clock, float(seconds(period))
        from_ns = clock.instant_ns(parse_utc(from_utc))
        to_ns = clock.instant_ns(parse_utc(to_utc), from_ns)
        truth = demand_truth(self.session.grid, from_ns, to_ns, period_s)
        largest = max(map(abs, truth.values()))
        if not largest:
            raise StimulusError(f"nothing was injected from {from_utc} to {to_utc}, so the demand says nothing")
        judged = []
        for name, expected in truth.items():
            measured = self.session.bench.number(f"{register}[{name}]")
            allowed = largest * limit / 100
            passed = abs(measured - expected) <= allowed
            unit = "var" if name.startswith("reactive") else "W"
            judgement = Judgement(
                self.session.test, f"{from_utc} to {to_utc}", f"{register} {name}", unit, expected, measured,
                measured - expected, allowed, 0.0, "registers", passed, unit,
            )  # fmt: skip
            judged.append((f"{register} {name} {measured:.9g} {unit}, injected {expected:.9g} {unit}", judgement))
        self._keep_all(judged)
        return truth

    @keyword
    def meter_time_register_should_be(self, register: str, utc: str) -> None:
        """Fails unless a register that holds seconds of UTC since 1970 is at ``utc``."""
        found = round(self.session.bench.number(register) * 1000)
        if found != parse_utc(utc):
            raise VerdictError(f"{register} is {utc_text(found)}, expected {utc}")

    @keyword
    def event_log(self, count: int = 10) -> list[Event]:
        """Returns the last ``count`` events, the oldest first: ``time`` (text), ``name``, ``value``, ``code``."""
        events = read_events(self.clock, self.session.bench.clock.events_command, count)
        for event in events:
            logger.info(f"{event.number} {event.time} {event.name} {event.value}")
        return events

    @keyword
    def event_should_be_logged(self, name: str, utc: str | None = None, value: int | None = None) -> Event:
        """Fails unless the event log has an event ``name``, at ``utc`` (to the second) and with ``value`` if given."""
        events = [event for event in self.event_log(MOST_RECORDS) if event.name == name]
        wanted = None if utc is None else parse_utc(utc) // 1000
        for event in reversed(events):
            if (wanted is None or event.utc_ms // 1000 == wanted) and (value is None or event.value == value):
                return event
        found = ", ".join(f"{event.time} with {event.value}" for event in events) or "none"
        sought = "".join((f" at {utc}" if utc else "", f" with {value}" if value is not None else ""))
        raise VerdictError(f"the event log has no {name}{sought}; events of that name: {found}")

    @keyword
    def event_should_not_be_logged(self, name: str) -> None:
        """Fails if the event log has an event ``name``; an empty log cannot say so and fails as well."""
        events = self.event_log(MOST_RECORDS)
        if not events:
            raise StimulusError("the event log is empty, so nothing can be said about it")
        for event in events:
            if event.name == name:
                raise VerdictError(f"the event log has {name} at {event.time} with {event.value}")

    # Verdicts

    def _clock_judgement(
        self, verdict: ClockVerdict, source: str, *, expected: float = 0.0, measured: float | None = None
    ) -> Judgement:
        shown = verdict.error if measured is None else measured
        return Judgement(
            self.session.test, self.session.test_name, verdict.quantity, verdict.unit, expected, shown, verdict.error,
            verdict.limit, verdict.uncertainty, source, verdict.passed, verdict.unit,
        )  # fmt: skip

    def _period_judgement(self, verdict: PeriodVerdict) -> Judgement:
        unit = "Wh" if verdict.quantity.endswith("wh") else "varh"
        return Judgement(
            self.session.test, f"record of {verdict.record.end}", verdict.quantity.rpartition("_")[0].replace("_", " "),
            unit, verdict.injected, verdict.measured, verdict.error, verdict.limit, verdict.uncertainty, "registers",
            verdict.passed, unit,
        )  # fmt: skip

    def _keep_clock(self, verdict: ClockVerdict, source: str, **values: float) -> None:
        self._keep_all([(verdict, self._clock_judgement(verdict, source, **values))])

    def _keep_all(self, judged: list[tuple[Any, Judgement]]) -> None:
        """Log and record all judgements, then fail with those that failed."""
        for text, judgement in judged:
            self.session.record(judgement)
            logger.info(str(text))
        failed = [str(text) for text, judgement in judged if not judgement.passed]
        if failed:
            raise VerdictError("outside of its limit: " + "; ".join(failed))
