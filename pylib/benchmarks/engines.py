"""Both engines side by side: the metering run and its start, in one call.

    python pylib/benchmarks/engines.py [--virtual-seconds 10]

An engine that is not installed is left out with the reason.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

ENGINES = ("embedded", "renode")
RUN = """
import json, os, sys, time
begin = time.perf_counter()
from wattbench.bench import Bench
from wattbench.core.errors import WattbenchError
from wattbench.labs.grid import Grid
try:
    bench = Bench.load("edge-meter-3p", engine=sys.argv[1])
except WattbenchError as error:
    print(json.dumps({"left out": str(error)}))
    raise SystemExit
bench.console.wait_for_next_line()
started = time.perf_counter() - begin
bench.boot()
Grid(bench).set_balanced_load(230.0, 5.0, 1.0)
bench.run_for("0.8")
seconds = float(sys.argv[2])
begin = time.perf_counter()
bench.run_for(seconds)
speed = seconds / (time.perf_counter() - begin)
power = bench.number("active_power[total]")
print(json.dumps({"virtual seconds per host second": speed, "first UART line after s": started, "power W": power}))
sys.stdout.flush()
os._exit(0)  # the .NET runtime takes seconds to leave
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--virtual-seconds", type=float, default=10.0)
    options = parser.parse_args()
    figures = {}
    for engine in ENGINES:
        command = [sys.executable, "-c", RUN, engine, str(options.virtual_seconds)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        figures[engine] = json.loads(output.splitlines()[-1])
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
