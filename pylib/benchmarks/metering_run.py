"""The first end-to-end run in figures: accuracy, speed, determinism, snapshots.

    python pylib/benchmarks/metering_run.py [--virtual-seconds 10] [--runs 10]

Every figure is measured in this one call; nothing here is judged, the goals are printed beside the figures.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import subprocess
import sys
import time

import numpy as np

from wattbench.bench import Bench
from wattbench.core.host import FakeHost
from wattbench.hw.parts.ade7913 import Ade7913
from wattbench.labs.grid import Grid
from wattbench.labs.metrology import measure_energy, measure_energy_by_pulses

PRODUCT = "edge-meter-3p"
POINTS = {
    "PF 1": (1.0, False),
    "PF 0.5 inductive": (0.5, False),
    "PF 0.8 capacitive": (0.8, True),
}
FIRST_LINE = f"""
from wattbench.bench import Bench
bench = Bench.load({PRODUCT!r})
bench.console.wait_for_next_line()
"""


def metering_bench(current_a: float = 5.0) -> tuple[Bench, Grid]:
    """A booted and settled meter under a balanced load."""
    bench = Bench.load(PRODUCT)
    bench.boot()
    grid = Grid(bench)
    grid.set_balanced_load(230.0, current_a, 1.0)
    bench.run_for("0.8")
    return bench, grid


def speed(seconds: float) -> float:
    """Virtual seconds of the metering run per second of processor time, so that neighbours count less."""
    bench, _ = metering_bench()
    start = time.process_time()
    bench.run_for(seconds)
    return seconds / (time.process_time() - start)


def first_line_s() -> float:
    """From the interpreter's start to the firmware's first UART line."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", FIRST_LINE], check=True)
    return time.perf_counter() - start


def snapshot_ms(count: int = 20) -> tuple[float, float]:
    """Median milliseconds to save and to restore while the meter runs."""
    bench, _ = metering_bench()
    saves, restores = [], []
    for _ in range(count):
        start = time.perf_counter()
        state = bench.save()
        saves.append((time.perf_counter() - start) * 1e3)
        bench.run_for("0.05")
        start = time.perf_counter()
        bench.restore(state)
        restores.append((time.perf_counter() - start) * 1e3)
    return statistics.median(saves), statistics.median(restores)


def one_digest(_: int) -> str:
    """The digest of a run of one virtual second, in a process of its own."""
    bench, grid = metering_bench()
    grid.set_balanced_load(230.0, 20.0, 0.5, at=bench.now_s + 0.3)
    bench.run_for("0.6")
    return bench.digest()


def burn(_: int) -> None:
    """Keep a core busy until the process is ended."""
    while True:
        pass


def digests(runs: int) -> int:
    """How many different digests `runs` runs give, the second half of them beside a busy core."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, maxtasksperchild=1) as pool:
        seen = set(pool.map(one_digest, range(runs // 2), chunksize=1))
        load = [context.Process(target=burn, args=(n,), daemon=True) for n in range(multiprocessing.cpu_count())]
        for process in load:
            process.start()
        seen |= set(pool.map(one_digest, range(runs - runs // 2), chunksize=1))
        for process in load:
            process.terminate()
    return len(seen)


def errors(seconds: float) -> dict[str, dict[str, float]]:
    """Energy error in percent at the points, from registers and from pulses."""
    result = {}
    for name, (power_factor, capacitive) in POINTS.items():
        bench, grid = metering_bench(20.0)
        grid.set_balanced_load(230.0, 20.0, power_factor, capacitive=capacitive)
        bench.run_for("0.4")
        register = measure_energy(bench, grid, "active_import[total]", seconds, point=name, limit_percent=1.0)
        pulses = measure_energy_by_pulses(
            bench, grid, "active", seconds, point=name, limit_percent=1.0, per_kilo_hour=1000.0
        )
        result[name] = {"registers": register.error_percent, "pulses": pulses.error_percent}
    return result


def source_error_ppm() -> float:
    """Energy of one second of the source's samples against the closed form, at PF 0.5."""
    bench, grid = metering_bench()
    grid.set_balanced_load(230.0, 5.0, 0.5)
    start_ns = bench.now_ns
    times_s = start_ns / 1e9 + np.arange(8000) / 8000
    joules = 0.0
    for wiring in bench.front_ends.values():
        analog = bench.model(wiring.afe).analog
        volts = analog.volts(wiring.voltage_input, times_s) / wiring.divider_ratio
        joules += float(np.sum(volts * analog.volts(wiring.current_input, times_s) / wiring.shunt_ohm)) / 8000
    bench.run_for(1)
    return (joules / 3600 / grid.injected(start_ns, bench.now_ns).value("active_wh") - 1) * 1e6


def samples_in_an_hour() -> int:
    """Samples that one converter takes in a virtual hour, by the arithmetic of its time base."""
    host = FakeHost()
    converter = Ade7913(host, "ade")
    converter.reset()
    host.time_ns = 3600 * 1_000_000_000
    return converter.samples_taken


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--virtual-seconds", type=float, default=10.0)
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    save_ms, restore_ms = snapshot_ms()
    figures = {
        "virtual seconds per second of one core (goal 3)": round(speed(options.virtual_seconds), 2),
        "first UART line after s (goal 1)": round(first_line_s(), 3),
        "save ms (goal 10)": round(save_ms, 2),
        "restore ms (goal 10)": round(restore_ms, 2),
        f"different digests in {options.runs} runs (goal 1)": digests(options.runs),
        "source against closed form, ppm (goal 1)": source_error_ppm(),
        "samples in a virtual hour (goal 28800000)": samples_in_an_hour(),
        "energy error % (goal 0.05 at PF 1, 0.1 at PF 0.5)": errors(options.virtual_seconds),
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
