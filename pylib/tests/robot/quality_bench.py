"""A bench that runs the firmware's own measuring code, compiled for this computer, on what its converters sample."""

from __future__ import annotations

import ctypes
import struct
import tempfile
from pathlib import Path

import numpy as np
from fake_bench import PHASES, RATE_HZ, STEP_NS, FakeBench
from firmware.native_meter import BUFFER_SAMPLES, EDGE, FIRMWARE, NativeMeter

from wattbench.bench.manifest import read_manifest
from wattbench.core.clock import to_ns
from wattbench.core.errors import LimitError


class QualityBench(FakeBench):
    """The product `no hysteresis` has that defect, `silent` publishes nothing about power quality."""

    folder = Path()
    """Where the compiled code is put; the test sets it."""

    def __init__(self, product, engine, image=None):
        super().__init__(product, engine, image)
        manifest = read_manifest(FIRMWARE / "builds" / "edge_meter_3p.toml")
        if "silent" in product:
            manifest.registers.clear()
        self.manifest = manifest
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        defect = ("SEEDED_WITHOUT_HYSTERESIS",) if "no hysteresis" in product else ()
        self.meter = NativeMeter(folder, definitions=defect)
        self._pending = np.zeros((0, 6))

    def run_for(self, duration):
        end_ns = self.now_ns + to_ns(duration)
        numbers = np.arange(-(-self.now_ns // STEP_NS), -(-end_ns // STEP_NS))
        if numbers.size:
            columns = []
            for name, scale in (("U", EDGE.codes_per_v), ("I", EDGE.codes_per_a)):
                for phase in PHASES:
                    wiring = self.front_ends[phase]
                    gain = wiring.divider_ratio if name == "U" else wiring.sensor_ohm
                    columns.append(self._afes[wiring.afe].analog.volts(name, numbers / RATE_HZ) / gain * scale)
            self._pending = np.concatenate([self._pending, np.stack(columns, axis=1)])
            whole = self._pending.shape[0] // BUFFER_SAMPLES * BUFFER_SAMPLES
            for start in range(0, whole, BUFFER_SAMPLES):
                codes = np.rint(self._pending[start : start + BUFFER_SAMPLES])
                nothing = np.zeros((BUFFER_SAMPLES, 1))
                self.meter.feed_codes(np.hstack([codes[:, 3:], nothing]), np.hstack([codes[:, :3], nothing]))
                self.meter.library.harmonics_poll()
            self._pending = self._pending[whole:]
        self.now_ns = end_ns

    def register(self, name):
        base, _, element = name.removesuffix("]").partition("[")
        entry = self.manifest.register(base)
        raw = (ctypes.c_char * (entry.size * entry.count)).in_dll(self.meter.library, entry.symbol).raw
        values = [value * entry.scale for value in struct.unpack(entry.format, raw)]
        return [values[entry.index(element)]] if element else values

    def run_until(self, condition, limit_s, step_s=0.001):
        end_ns = self.now_ns + to_ns(limit_s)
        while not condition():
            if self.now_ns >= end_ns:
                raise LimitError(f"the awaited condition did not come within {limit_s} s", time_ns=self.now_ns)
            self.run_for(step_s)

    def digest(self):
        return "0" * 64
