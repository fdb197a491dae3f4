import json
import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from grid_bench import FakeBench

from wattbench.bench.descriptions import Booking
from wattbench.core.errors import SourceError, StimulusError, UsageError, VerdictError
from wattbench.labs.grid import Grid
from wattbench.labs.metrology import (
    Measurement,
    MeasurementLog,
    Series,
    Span,
    error_percent,
    judge_pulses,
    judge_reading,
    judge_register,
    measure_energy,
    measure_energy_by_pulses,
    observe,
    record,
)

S = 10**9
BUFFER = 30


@dataclass
class Edges:
    times_ns: list[int] = field(default_factory=list)
    levels: list[bool] = field(default_factory=list)

    def listen(self, listener) -> None:
        raise NotImplementedError


class FakeMeter(FakeBench):
    """Adds u * i of whole buffers of 30 samples into registers, and pulses sample by sample."""

    booking = Booking()
    cycle = 1

    def __init__(self, gain: float = 1.0, per_kwh: float = 1000.0) -> None:
        super().__init__(("L1", "L2", "L3"))
        self.gain, self.per_kwh = gain, per_kwh
        self.output = Edges()

    def run_for(self, seconds: float) -> None:
        super().run_for(seconds)
        self._pulse()

    def _energies_wh(self) -> np.ndarray:
        return np.array(
            [
                (self.taken(p, "voltage") * self.taken(p, "current")).cumsum() / 8000 / 3600 * self.gain
                for p in self.front_ends
            ]
        )

    def _pulse(self) -> None:
        total = np.maximum.accumulate(self._energies_wh().sum(axis=0))
        counts = np.floor(total * self.per_kwh / 1000 + 1e-9)
        at = np.flatnonzero(np.diff(counts, prepend=0) > 0)
        self.output.times_ns = [
            t for index in at.tolist() for t in ((index + 1) * 125_000, (index + 1) * 125_000 + 200_000)
        ]
        self.output.levels = [True, False] * len(at)

    def register(self, name: str) -> list[float]:
        if name == "voltage":
            return [float(np.sqrt((self.taken(p, "voltage")[-1600:] ** 2).mean())) for p in self.front_ends]
        if ("L1", "voltage") not in self.codes:
            return [0.0] if name == "total_kwh" else [0.0] * 3
        energies = self._energies_wh()
        last = energies.shape[1] // BUFFER * BUFFER // self.cycle * self.cycle - 1
        per_phase = energies[:, last].tolist() if last >= 0 else [0.0] * 3
        return [math.fsum(per_phase) / 1000] if name == "total_kwh" else per_phase

    def pulses(self, kind: str) -> Edges:
        assert kind == "active"
        return self.output


def loaded(meter: FakeMeter, current_a: float = 20.0, **options) -> Grid:
    grid = Grid(meter)
    grid.set_balanced_load(230, current_a, **options)
    return grid


def test_percentage_error_keeps_its_sign_for_export():
    assert error_percent(101, 100) == pytest.approx(1)
    assert error_percent(-101, -100) == pytest.approx(-1)
    with pytest.raises(StimulusError, match="Nothing was injected"):
        error_percent(1, 0)


class CycleMeter(FakeMeter):
    """Books a mains cycle at a time, when the buffer that its last sample is in is full."""

    booking = Booking(0.02, 0.00375)
    cycle = 160


@pytest.mark.parametrize("duration_s", [1.0, 1.2345, 1.5099])
def test_portions_that_a_meter_books_are_no_error(duration_s):
    meter = CycleMeter()
    grid = loaded(meter)
    meter.run_for(0.0123)
    result = measure_energy(meter, grid, "total_kwh", duration_s, point="p", limit_percent=1, hours_per_unit=1000)
    assert abs(result.error_percent) <= result.uncertainty_percent
    assert result.uncertainty_percent == pytest.approx(0.4 / duration_s, rel=0.05)
    assert duration_s <= (result.to_ns - result.from_ns) / S < duration_s + 0.03


@pytest.mark.parametrize("late_s", [0.004, 0.013])
@pytest.mark.parametrize("start_s", [0.1, 0.1017, 0.1033, 0.1046])
@pytest.mark.parametrize("quantity", ["active_import_wh", "active_export_wh"])
def test_energy_that_swings_while_a_booking_is_late_counts_with_all_of_its_swing(late_s, start_s, quantity):
    """At a power factor near 0: over the whole of the late time the energy may be none, and in its midst much."""
    meter = FakeMeter()
    grid = Grid(meter)
    grid.set_phase("L1", 230.0, 20.0, angle_deg=85.0, reversed=quantity == "active_export_wh")
    meter.run_for(2.0)
    from_ns, to_ns = round(start_s * S), round((start_s + 1.0007) * S)
    readings = {"register": [0.0]}, {"register": [1.0]}
    spans = [Span(from_ns, to_ns, *readings, jitter_s) for jitter_s in (0.0, late_s)]
    exact, late = (
        judge_register(span, grid, "register", point="p", limit_percent=1e3, quantity=quantity) for span in spans
    )
    assert exact.uncertainty_percent == 0
    ends = [from_ns, to_ns]
    energies = [
        grid.injected(end - round(part * late_s * S / 200), end).active_wh for end in ends for part in range(1, 201)
    ]
    swing = (max(*energies, 0.0) - min(*energies, 0.0)) / late.injected * 100
    assert 0.985 * swing <= late.uncertainty_percent <= swing * (1 + 1e-9)


def test_a_meter_that_books_nothing_is_not_waited_for_without_end():
    meter = CycleMeter()
    grid = loaded(meter, 0.0)
    span = observe(meter, grid, ["total_kwh"], 1.0)
    assert span.before == span.after
    assert span.to_ns - span.from_ns < 1.1 * S


@pytest.mark.parametrize(("gain", "passed"), [(1.0, True), (1.004, True), (1.006, False), (0.99, False)])
def test_a_register_is_judged_against_the_closed_form(gain, passed):
    meter = FakeMeter(gain)
    grid = loaded(meter, power_factor=0.5)
    result = measure_energy(
        meter, grid, "total_kwh", 1.5, point="Ib 0.5i", limit_percent=0.5, hours_per_unit=1000, latency_s=0.00375
    )
    assert result.error_percent == pytest.approx((gain - 1) * 100, abs=1e-4)
    assert result.passed is passed
    assert result.uncertainty_percent == pytest.approx(0, abs=1e-6)
    assert (result.from_ns, result.to_ns) == (S // 10, 16 * S // 10)
    if passed:
        assert result.require() is result
    else:
        with pytest.raises(VerdictError, match=r"Ib 0.5i: active_import_wh .* Wh by registers, injected .* outside"):
            result.require()


def test_one_phase_of_a_register_with_three_values():
    meter = FakeMeter()
    grid = loaded(meter)
    grid.set_phase("L2", current_a=7)
    span = observe(meter, grid, ["phases_wh", "total_kwh"], 1.2)
    result = judge_register(span, grid, "phases_wh", point="L2", limit_percent=0.1, phase="L2")
    assert result.injected == pytest.approx(230 * 7 * 1.2 / 3600)
    assert abs(result.error_percent) < 1e-4
    with pytest.raises(UsageError, match="phases_wh has 3 values"):
        judge_register(span, grid, "phases_wh", point="all", limit_percent=0.1)


def test_a_load_change_inside_the_span_counts_fully_and_is_settled_after():
    meter = FakeMeter()
    grid = loaded(meter, 0.0)
    grid.set_balanced_load(230, 50, at="0.5")
    grid.set_balanced_load(230, 0, at="1.4983")
    result = measure_energy(meter, grid, "total_kwh", 1.4, point="step", limit_percent=0.1, hours_per_unit=1000)
    assert result.to_ns == 1_598_300_000
    assert result.injected == pytest.approx(3 * 230 * 50 * 0.9983 / 3600, rel=1e-6)
    assert abs(result.error_percent) < 0.01


def test_a_different_load_at_the_end_is_an_uncertainty():
    meter = FakeMeter()
    grid = loaded(meter, 0.0)
    grid.set_balanced_load(230, 50, at="0.5")
    options = {"point": "step", "hours_per_unit": 1000, "latency_s": 0.00375}
    result = measure_energy(meter, grid, "total_kwh", 1.0, limit_percent=1, **options)
    assert result.uncertainty_percent == pytest.approx(0.00375 / 0.6 * 100, rel=1e-6)
    assert abs(result.error_percent) <= result.uncertainty_percent
    meter2 = FakeMeter()
    grid2 = loaded(meter2, 0.0)
    grid2.set_balanced_load(230, 50, at="0.5")
    with pytest.raises(UsageError, match="cannot be judged; measure longer"):
        measure_energy(meter2, grid2, "total_kwh", 1.0, limit_percent=0.5, **options)


def test_resolution_is_an_uncertainty():
    meter = FakeMeter()
    grid = loaded(meter)
    result = measure_energy(
        meter, grid, "total_kwh", 1.2, point="p", limit_percent=1, hours_per_unit=1000, resolution=0.00001
    )
    assert result.uncertainty_percent == pytest.approx(0.01 / (3 * 230 * 20 * 1.2 / 3600) * 100)


@pytest.mark.parametrize("gain", [1.0, 1.02])
def test_pulses_are_judged_by_the_times_of_their_edges(gain):
    meter = FakeMeter(gain, per_kwh=10000)
    grid = loaded(meter)
    result = measure_energy_by_pulses(
        meter, grid, "active", 1.0, point="pulses", limit_percent=0.5, per_kilo_hour=10000
    )
    assert result.source == "pulses"
    assert result.measured == pytest.approx(round(result.measured * 10) / 10)
    assert abs(result.error_percent - (gain - 1) * 100) <= result.uncertainty_percent
    assert result.uncertainty_percent == pytest.approx(125e-6 / ((result.to_ns - result.from_ns) / S) * 100, rel=1e-6)
    assert result.passed is (gain == 1.0)
    assert {result.from_ns, result.to_ns} <= set(meter.output.times_ns)


def test_pulses_outside_the_span_and_falling_edges_do_not_count():
    meter = FakeMeter()
    grid = loaded(meter)
    meter.run_for(10)
    period_ns = round(3600 * S / (3 * 230 * 20))
    times = [k * period_ns + extra for k in range(1, 30) for extra in (0, 200_000)]
    tap = Edges(times, [True, False] * 29)
    result = judge_pulses(tap, grid, times[2], times[10], point="p", limit_percent=1, per_kilo_hour=1000, jitter_s=0.0)
    assert result.measured == 4
    assert abs(result.error_percent) < 0.0001
    assert result.uncertainty_percent == 0


def test_a_meter_without_pulses_fails():
    meter = FakeMeter(per_kwh=1)
    grid = loaded(meter)
    with pytest.raises(VerdictError, match=r"the meter gave 0 pulses from 0.1 s to 1.1 s"):
        measure_energy_by_pulses(meter, grid, "active", 1.0, point="p", limit_percent=1, per_kilo_hour=1)


def test_a_momentary_register():
    meter = FakeMeter()
    grid = loaded(meter)
    meter.run_for(0.3)
    result = judge_reading(
        meter, grid, "voltage", 0.2, point="U", limit_percent=0.1, quantity="voltage_rms_v", phase="L3"
    )
    assert (result.unit, result.passed) == ("V", True)
    assert abs(result.error_percent) < 1e-6
    with pytest.raises(UsageError, match="does not fit"):
        judge_reading(meter, grid, "voltage", 0.4, point="U", limit_percent=0.1, quantity="voltage_rms_v", phase="L3")


def test_nothing_injected_and_nothing_sampled_are_no_results():
    meter = FakeMeter()
    grid = loaded(meter, 0.0)
    with pytest.raises(StimulusError, match="Nothing was injected"):
        measure_energy(meter, grid, "total_kwh", 0.2, point="p", limit_percent=1)
    grid.set_balanced_load(230, 1)
    meter.samples = False
    with pytest.raises(StimulusError, match="never sampled"):
        measure_energy(meter, grid, "total_kwh", 0.2, point="p", limit_percent=1)


def test_a_series_beside_the_truth():
    meter = FakeMeter()
    grid = loaded(meter)
    grid.set_phase("L1", voltage_v=200, at="0.6")
    series = record(meter, grid, "voltage", 1.0, 0.2, quantity="voltage_rms_v", phase="L1")
    assert (series.name, series.unit) == ("voltage_rms_v L1", "V")
    assert series.times_s == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert series.injected == pytest.approx([230, 230, 230, 200, 200])
    assert series.measured == pytest.approx(series.injected)
    with pytest.raises(UsageError, match="step above 0 s"):
        record(meter, grid, "voltage", 1.0, 0, quantity="voltage_rms_v", phase="L1")
    with pytest.raises(UsageError, match="for each time"):
        Series("x", "V", [1.0], [], [])


def test_the_log_comes_back_from_json_and_judges_anew(tmp_path):
    measurement = Measurement("Ib", "active_import_wh", "Wh", 1.004, 1.0, 0.5, 0.01, "registers", 0, S)
    log = MeasurementLog()
    assert not log.passed
    log.add(measurement)
    log.add(Series("p", "W", [0.1, 0.2], [1.0, 2.0], [1.1, 1 / 3]))
    path = tmp_path / "log.json"
    log.write(path)
    assert MeasurementLog.read(path) == log
    assert log.passed
    content = json.loads(path.read_text())
    assert content["measurements"][0]["passed"] is True
    assert content["measurements"][0]["error_percent"] == pytest.approx(0.4)
    content["measurements"][0]["measured"] = 2.0
    path.write_text(json.dumps(content))
    assert not MeasurementLog.read(path).passed
    path.write_text("{}")
    with pytest.raises(SourceError, match="no log of measurements"):
        MeasurementLog.read(path)
