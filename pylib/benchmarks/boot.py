"""From power-on to the first prompt, and idling there: `boot.py MANIFEST [--image FILE] [--runs N]`.

Without a manifest the reference firmware boots. Building the board is not counted, the boot ROM is. Each run starts
from the machine as it was at power-on; the quickest run says most on a machine with other work.
"""

from __future__ import annotations

import argparse
import statistics
import time

from wattbench import Bench


def seconds(action) -> tuple[float, float]:
    """Host time that `action` took: on the clock, and of this process's CPU."""
    clock, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - clock, time.process_time() - cpu


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", nargs="?", default="edge-meter-3p")
    parser.add_argument("--image", help="flash image to boot instead of the manifest's")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--idle-seconds", type=float, default=5.0)
    options = parser.parse_args()
    with Bench.load(options.manifest, image=options.image) as bench:
        start = bench.save()
        boots, idles = [], []
        for _ in range(options.runs):
            bench.restore(start)
            boots.append(seconds(lambda: bench.console.wait_for_prompt(timeout_s=30)))
            prompt_s = bench.now_s
            idles.append(seconds(lambda: bench.run_for(options.idle_seconds)))
    for name, runs, virtual in (("boot", boots, prompt_s), ("idle", idles, options.idle_seconds)):
        clock, cpu = ([run[kind] for run in runs] for kind in (0, 1))
        print(
            f"{name}: {virtual:.3f} s virtual in {min(clock):.3f} s (median {statistics.median(clock):.3f} s, "
            f"CPU {min(cpu):.3f} s, median {statistics.median(cpu):.3f} s): {virtual / min(clock):.1f} times real time"
        )


if __name__ == "__main__":
    main()
