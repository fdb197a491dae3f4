"""A bench without a machine: four converters that sample when the test says so."""

from dataclasses import dataclass

import numpy as np

from wattbench.core.analog import AnalogPort, FloatArray

RATE_HZ = 8000


@dataclass
class Wiring:
    afe: str
    current_input: str = "IP"
    voltage_input: str = "V1P"
    sensor_ohm: float = 200e-6
    divider_ratio: float = 1 / 991
    transformer: None = None
    sensor_ppm_per_k: float = 0.0
    divider_ppm_per_k: float = 0.0


class Converter:
    def __init__(self) -> None:
        self.full_scale_v = {"IP": 0.03125, "V1P": 0.5}
        self.changed_ns: list[int] = []
        self.analog = AnalogPort(("IP", "V1P", "V2P"), self.changed_ns.append)


class FakeBench:
    """Runs by asking every converter for all samples of the time that passes, as firmware would."""

    def __init__(self, phases: tuple[str, ...] = ("L1", "L2", "L3", "N"), samples: bool = True) -> None:
        self.now_ns = 0
        self.samples = samples
        self.front_ends = {phase: Wiring(f"ade{number}") for number, phase in enumerate(phases)}
        if "N" in self.front_ends:
            self.front_ends["N"].voltage_input = ""
        self.converters = {wiring.afe: Converter() for wiring in self.front_ends.values()}
        self.codes: dict[tuple[str, str], list[FloatArray]] = {}

    def model(self, name: str) -> Converter:
        return self.converters[name]

    def run_for(self, seconds: float) -> None:
        end_ns = self.now_ns + round(seconds * 1e9)
        first, last = -(-self.now_ns * RATE_HZ // 10**9), -(-end_ns * RATE_HZ // 10**9)
        if self.samples and last > first:
            times_s = np.arange(first, last) / RATE_HZ
            for phase, wiring in self.front_ends.items():
                port = self.converters[wiring.afe].analog
                for quantity, name, gain in (
                    ("current", wiring.current_input, wiring.sensor_ohm),
                    ("voltage", wiring.voltage_input, wiring.divider_ratio),
                ):
                    if name:
                        block = port.volts(name, times_s) / gain
                        self.codes.setdefault((phase, quantity), []).append(block)
        self.now_ns = end_ns

    def taken(self, phase: str, quantity: str) -> FloatArray:
        return np.concatenate(self.codes[phase, quantity])
