"""What the converters are given against the truth: within 1 ppm of energy at rest, within 5 ppm for any sequence."""

import random

import numpy as np
import pytest
from grid_bench import FakeBench
from quadrature_check import nodes

from wattbench.labs.grid import Grid
from wattbench.labs.grid.channels import Channel
from wattbench.labs.grid.integrate import cuts_s

S = 10**9
PHASE = "L1"
STATIONARY_PPM, SEQUENCE_PPM = 1.0, 5.0
QUADRATURE_PANEL_S = 1e-4


def volts(bench: FakeBench, quantity: str, times_s: np.ndarray) -> np.ndarray:
    """What the converter of the phase is given, in V or A of the line."""
    wiring = bench.front_ends[PHASE]
    name, gain = {
        "voltage": (wiring.voltage_input, wiring.divider_ratio), "current": (wiring.current_input, wiring.sensor_ohm),
    }[quantity]  # fmt: skip
    return bench.model(wiring.afe).analog.volts(name, times_s) / gain


def error_ppm(bench: FakeBench, grid: Grid, from_ns: int, to_ns: int) -> float:
    """The energy of the pins against that of the truth, in ppm of the apparent energy."""
    cuts = {from_ns / S, to_ns / S}
    for segment, start_ns, stop_ns in grid._schedule.between(from_ns, to_ns):
        cuts |= {start_ns / S, stop_ns / S}
        for quantity in ("voltage", "current"):
            course = segment.course(Channel(PHASE, quantity))
            cuts |= {segment.start_ns / S + cut for cut in cuts_s(segment, course, (start_ns, stop_ns))}
    times_s, weights = nodes(sorted(cut for cut in cuts if from_ns / S <= cut <= to_ns / S), QUADRATURE_PANEL_S)
    power = volts(bench, "voltage", times_s) * volts(bench, "current", times_s)
    truth = grid.injected(from_ns, to_ns).phases[PHASE]
    assert truth.apparent_vah > 0
    return float(abs((power * weights).sum() / 3600 - truth.active_wh) / truth.apparent_vah * 1e6)


STATIONARY = {
    "sine": lambda grid: None,
    "half power factor": lambda grid: grid.set_phase(PHASE, power_factor=0.5),
    "fifth harmonic": lambda grid: (
        grid.add_harmonic(PHASE, "voltage", 5, 10.0), grid.add_harmonic(PHASE, "current", 5, 40.0)
    ),
    "interharmonic": lambda grid: grid.add_harmonic(PHASE, "current", 2.37, 20.0),
    "fiftieth harmonic": lambda grid: grid.add_harmonic(PHASE, "current", 50, 20.0),
    "phase fired": lambda grid: grid.fire_current(PHASE, 90.0),
    "phase fired from 45 to 135": lambda grid: grid.fire_current(PHASE, 45.0, 135.0),
    "half wave": lambda grid: grid.rectify_current(PHASE),
    "burst": lambda grid: grid.burst_current(PHASE, 2, 2),
    "odd burst": lambda grid: grid.burst_current(PHASE, 7, 4),
    "square": lambda grid: grid.set_square(PHASE, "current"),
    "quadriform": lambda grid: grid.set_mix(PHASE, "quadriform"),
    "peaked": lambda grid: grid.set_mix(PHASE, "peaked"),
    "direct component": lambda grid: (grid.set_dc(PHASE, "voltage", 3.0), grid.set_dc(PHASE, "current", 1.0)),
}  # fmt: skip


@pytest.mark.parametrize("hz", [50.0, 49.37])
@pytest.mark.parametrize("name", STATIONARY)
def test_stationary_waveforms_are_within_1_ppm(name, hz):
    bench = FakeBench()
    grid = Grid(bench, hz)
    grid.set_balanced_load(230.0, 20.0)
    STATIONARY[name](grid)
    bench.run_for(2.0)
    assert error_ppm(bench, grid, 300_000_017, 1_700_000_003) < STATIONARY_PPM


def sequence(grid: Grid, seed: int) -> None:
    """Ten changes of all kinds at odd times within 1.5 s."""
    draw = random.Random(seed)
    kinds = [
        lambda at: grid.set_phase(PHASE, draw.uniform(180, 260), draw.uniform(1, 40), at=at),
        lambda at: grid.set_phase(PHASE, angle_deg=draw.uniform(-80, 80), at=at),
        lambda at: grid.set_frequency(draw.uniform(47.0, 53.0), at=at),
        lambda at: grid.add_harmonic(PHASE, "current", draw.randint(2, 40), draw.uniform(1, 20), at=at),
        lambda at: grid.fire_current(PHASE, draw.uniform(10, 150), at=at),
        lambda at: grid.burst_current(PHASE, draw.randint(1, 5), draw.randint(1, 5), at=at),
        lambda at: grid.rectify_current(PHASE, at=at),
        lambda at: grid.restore_sine(PHASE, "current", at=at),
        lambda at: grid.ramp_phase(PHASE, draw.uniform(190, 250), duration_s=0.1, at=at),
        lambda at: grid.dip(PHASE, draw.uniform(20, 110), 0.05, at=at),
        lambda at: grid.ramp_frequency(draw.uniform(48, 52), duration_s=0.1, at=at),
    ]  # fmt: skip
    for number in range(10):
        draw.choice(kinds)(f"{0.1 + 0.13 * number + draw.uniform(0, 0.1):.9f}")


@pytest.mark.parametrize("seed", range(12))
def test_any_sequence_is_within_5_ppm(seed):
    bench = FakeBench()
    grid = Grid(bench)
    grid.set_balanced_load(230.0, 20.0)
    sequence(grid, seed)
    bench.run_for(1.6)
    assert len(grid._schedule.segments) > 5
    assert error_ppm(bench, grid, 50_000_001, 1_550_000_033) < SEQUENCE_PPM


def test_a_source_that_is_wrong_is_seen():
    """The measure itself: a pin that shows 3 ppm too much."""
    bench = FakeBench()
    grid = Grid(bench)
    grid.set_balanced_load(230.0, 20.0)
    bench.run_for(2.0)
    bench.front_ends[PHASE].sensor_ohm *= 1 - 3e-6
    assert error_ppm(bench, grid, 300_000_017, 1_700_000_003) == pytest.approx(3.0, abs=0.1)
