"""A meter without a processor: it integrates what its converters sample, with an error of its own if wanted."""

import copy
import re
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from wattbench.bench.accepted import Accepted
from wattbench.bench.access_watch import AccessWatch
from wattbench.bench.descriptions import Booking
from wattbench.bench.observation import Observation
from wattbench.core.analog import AnalogPort
from wattbench.core.clock import to_ns
from wattbench.core.errors import LimitError, UsageError
from wattbench.core.unmodelled import UnmodelledAccess

RATE_HZ = 8000
STEP_NS = 10**9 // RATE_HZ
CYCLE = 160
BOOT_TEXT = "edge meter\r\n> "
CONSTANT = 1000
PHASES = ("L1", "L2", "L3")


@dataclass
class Wiring:
    afe: str
    current_input: str = "I"
    voltage_input: str = "U"
    sensor_ohm: float = 200e-6
    divider_ratio: float = 1 / 991
    transformer: None = None
    sensor_ppm_per_k: float = 0.0
    divider_ppm_per_k: float = 0.0


class Tap:
    def __init__(self):
        self.times_ns, self.levels = [], []


@dataclass
class Line:
    text: str
    time_ns: int
    groups: list[str] = field(default_factory=list)


class Console:
    def __init__(self, bench):
        self.bench, self.text = bench, ""

    def wait_for_line(self, pattern, timeout_s=8, regex=False):
        for line in self.text.splitlines():
            found = re.search(pattern if regex else re.escape(pattern), line)
            if found:
                return Line(line, self.bench.now_ns, list(found.groups()))
        raise LimitError(f"no line with {pattern} within {timeout_s} s")

    def wait_for_prompt(self, prompt=None, timeout_s=8, regex=False):
        self.text += BOOT_TEXT

    def should_not_contain(self, pattern, timeout_s, regex=False):
        self.bench.run_for(timeout_s)
        return Line(pattern, self.bench.now_ns) if pattern in self.text else None

    def write(self, data):
        self.text += data.decode()

    def write_line(self, text, wait_for_echo=True):
        self.write(text.encode() + b"\r\n")


class FakeBench:
    """Each mains cycle's mean power counts `gain` times; a pulse stands for 1 Wh."""

    def __init__(self, product, engine, image=None):
        if product == "nothing":
            raise UsageError("there is no product nothing")
        self.gain = 1.01 if "wrong" in product else 1.0
        self.manifest = SimpleNamespace(
            name=product,
            firmware_name="meter.elf",
        )
        self.front_ends = {phase: Wiring(f"afe_{phase}") for phase in PHASES}
        scale = {"U": 0.788, "I": 0.04927}
        self._afes = {
            wiring.afe: SimpleNamespace(analog=AnalogPort(("U", "I"), lambda _: None), full_scale_v=scale)
            for wiring in self.front_ends.values()
        }
        self.now_ns, self.wh, self.power_w, self.closed, self.forgotten = 0, 0.0, 0.0, False, 0
        self.cycle = np.zeros(CYCLE)
        self.tap, self.console = Tap(), Console(self)
        self.engine = SimpleNamespace(
            forget_unmodelled=self._forget_unmodelled,
            describe=lambda address: "gpt_start+0x4",
            name=engine,
            unmodelled=self._unmodelled,
            symbol={"meter_window_count": 0x100}.__getitem__,
            read_memory=lambda address, size: (7).to_bytes(size, "little"),
        )
        accepted = [Accepted("gpt1", "OCR*", "nothing compares"), Accepted("lpuart*", "*", "never used")]
        self.accesses = AccessWatch(self.engine, accepted if "accepting" in product else [])

    def _unmodelled(self):
        """A product `touching` makes two, twice at each Wh; `accepting` accepts the first, `quiet` makes only that."""
        count = 2 * int(self.wh) - self.forgotten if "touching" in self.manifest.name else 0
        places = (("gpt1", "write OCR3", 0x1234, "value 0x5"), ("dac", "read CR", 0x5678, ""))
        places = places[:1] if "quiet" in self.manifest.name else places
        return [UnmodelledAccess(*place, 1_500_000, count) for place in places] if count > 0 else []

    def _forget_unmodelled(self):
        self.forgotten = 2 * int(self.wh)

    def fail_on_unmodelled_access(self):
        self.accesses.fail_from_now_on()

    def model(self, name):
        return self._afes[name]

    def run_for(self, duration):
        end_ns = self.now_ns + to_ns(duration)
        numbers = np.arange(-(-self.now_ns // STEP_NS), -(-end_ns // STEP_NS))
        power = np.zeros(numbers.size)
        for wiring in self.front_ends.values():
            port = self._afes[wiring.afe].analog
            volts, amperes = (port.volts(name, numbers / RATE_HZ) for name in ("U", "I"))
            power += volts / wiring.divider_ratio * amperes / wiring.sensor_ohm
        known = np.concatenate((self.cycle, power))
        self.cycle, whole = known[-CYCLE:], np.cumsum(known)
        power = (whole[CYCLE:] - whole[:-CYCLE]) / CYCLE
        energy = self.wh + np.cumsum(power) * self.gain / RATE_HZ / 3600
        if numbers.size:
            for index in np.flatnonzero(np.diff(np.floor(energy / (1000 / CONSTANT)), prepend=np.floor(self.wh))):
                self.tap.times_ns += [int(numbers[index] + 1) * STEP_NS, int(numbers[index] + 2) * STEP_NS]
                self.tap.levels += [True, False]
            self.wh, self.power_w = float(energy[-1]), float(power.mean()) * self.gain
        self.now_ns = end_ns

    def run_until(self, condition, limit_s):
        end_ns = self.now_ns + to_ns(limit_s)
        while not condition():
            if self.now_ns >= end_ns:
                raise LimitError("the condition never came true", time_ns=self.now_ns)
            self.run_for(0.1)

    def register(self, name):
        base, _, element = name.removesuffix("]").partition("[")
        values = {"active_import": [self.wh, 0.0], "active_power": [self.power_w, 0.0]}[base]
        return values[:1] if element in ("total", "0") else values

    settle_s = 0.5
    booking = Booking()

    def number(self, name):
        values = self.register(name)
        if len(values) > 1:
            raise UsageError(f"{name} has several numbers; ask for one")
        return values[0]

    def resolution(self, name):
        return 1e-9

    def pulses(self, kind):
        return self.tap

    def pulse_constant(self, kind):
        return float(CONSTANT)

    def boot(self, limit_s=5.0):
        self.run_for(0.5)
        self.console.text += "ready\r\n"

    def firmware_sha256(self):
        return "12" * 32

    def execute(self, command):
        return f"did {command}"

    def save(self):
        return copy.deepcopy(
            (self.now_ns, self.wh, self.power_w, self.tap.times_ns, self.tap.levels, self.console.text, self.cycle)
        )

    def restore(self, state):
        now_ns, wh, power, times_ns, levels, text, self.cycle = copy.deepcopy(state)
        self.now_ns, self.wh, self.power_w, self.console.text = now_ns, wh, power, text
        self.tap.times_ns, self.tap.levels = times_ns, levels
        self._forget_unmodelled()

    def observe(self):
        return Observation([], {"active": list(self.tap.times_ns)}, {"active_import": [self.wh]}, self.now_ns / 1e9)

    def digest(self):
        return f"{round(self.wh * 1e9):064x}"

    def close(self):
        self.closed = True
