"""What a timing trace costs, part by part: processor time of the metering run beside the same run without a trace.

    python pylib/benchmarks/trace_cost.py [--virtual-seconds 4] [--product edge-meter-3p]

Every run is repeated and the shortest time counts; digest and instructions must be the same with and without.
"""

from __future__ import annotations

import argparse
import sys
import time

from wattbench.bench import Bench
from wattbench.labs.grid import Grid
from wattbench.labs.timing import PARTS, Recorder

REPETITIONS = 3


def run(bench: Bench, state: object, seconds: float, parts: tuple[str, ...] | None) -> tuple[float, int, str, int]:
    """Processor time, records, digest and instructions of a run from the same state."""
    bench.restore(state)
    recorder = None if parts is None else Recorder(bench, parts=parts)
    begin = time.process_time()
    bench.run_for(seconds)
    spent = time.process_time() - begin
    records = 0
    if recorder is not None:
        records = len(recorder.recording.records)
        recorder.cancel()
    return spent, records, bench.digest(), bench.engine.board.machine.look(0).icount


def main() -> int:
    """Print one line for each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--virtual-seconds", type=float, default=4.0)
    parser.add_argument("--product", default="edge-meter-3p")
    options = parser.parse_args()
    with Bench.load(options.product) as bench:
        grid = Grid(bench)
        bench.boot()
        grid.set_balanced_load(230, 20)
        bench.run_for(1)
        state = bench.save()
        plain = facts = None
        for name, parts in (("no trace", None), *((part, (part,)) for part in PARTS), ("everything", PARTS)):
            runs = [run(bench, state, options.virtual_seconds, parts) for _ in range(REPETITIONS)]
            spent, records = min(item[0] for item in runs), runs[0][1]
            plain, facts = plain or spent, facts or runs[0][2:]
            if any(item[2:] != facts for item in runs):
                print(f"{name}: another digest or another number of instructions", file=sys.stderr)
                return 1
            per_second = records / options.virtual_seconds
            print(
                f"{name:12} {options.virtual_seconds / spent:6.1f} virtual s/s, {spent / plain:5.2f} of no trace, "
                f"{per_second:8.0f} records a virtual second"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
