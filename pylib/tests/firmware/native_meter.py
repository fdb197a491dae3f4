"""The firmware's metrology, compiled for this computer and driven with closed-form waveforms."""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Wave = Callable[[Array], Array]

FIRMWARE = Path(__file__).resolve().parents[3] / "firmware"
COMMON = FIRMWARE / "common"
SOURCES = (
    "metrology", "window", "energy", "pulse", "calibration", "crc",
    "power_quality", "half_cycles", "voltage_events", "harmonics", "fft",
)  # fmt: skip
SAMPLE_RATE_HZ = 8000
BUFFER_SAMPLES = 30
TICKS_PER_S = 24_000_000
TICKS_PER_SAMPLE = TICKS_PER_S // SAMPLE_RATE_HZ


def bursts(currents: Array, voltages: Array) -> NDArray[np.uint32]:
    """What four ADE7913 leave in memory: each a burst of 16 bytes, big endian, with current and voltage."""
    frames = np.zeros((len(currents), 4, 16), dtype=np.uint8)
    for first, codes in ((1, currents), (4, voltages)):
        raw = codes.astype(np.int32)
        for byte in range(3):
            frames[:, :, first + byte] = raw >> 16 - 8 * byte & 0xFF
    return frames.view(np.uint32).reshape(len(currents), 16)


def words(currents: Array, voltages: Array) -> NDArray[np.uint32]:
    """What an AD7779 leaves in memory: eight words, U1 I1 U2 I2 U3 I3 IN and an unused one, below their numbers."""
    codes = np.zeros((len(currents), 8))
    codes[:, 0:6:2], codes[:, 1:6:2], codes[:, 6] = voltages[:, :3], currents[:, :3], currents[:, 3]
    return (codes.astype(np.int64) & 0xFFFFFF | np.arange(8) << 28).astype(np.uint32)


@dataclass(frozen=True)
class Product:
    """A product as far as its samples and folders go."""

    name: str
    chip: str
    codes_per_a: float
    codes_per_v: float
    layout: Callable[[Array, Array], NDArray[np.uint32]]
    current_delay_us: float = 0.0
    """By which a meter as designed sees the current later than it is."""

    @property
    def folder(self) -> Path:
        """Its own sources and calibrations."""
        return FIRMWARE / self.name

    @property
    def includes(self) -> tuple[str, ...]:
        """Folders of the product, the shared sources, the chip's family and the chip, as in the firmware's build."""
        folders = (self.folder / "src", COMMON, FIRMWARE / "imxrt", FIRMWARE / self.chip)
        return tuple(f"-I{folder}" for folder in folders)

    def calibration(self, name: str = "nominal") -> dict[str, Any]:
        """A calibration of the product."""
        return tomllib.loads((self.folder / "calibration" / f"{name}.toml").read_text(encoding="utf-8"))


EDGE = Product("edge_meter_3p", "imxrt1175", 200e-6 / 49.27e-3 * 2**23, 1 / 991 / 788e-3 * 2**23, bursts)
_DROOP = (np.sin(np.pi * 50 / SAMPLE_RATE_HZ) / (np.pi * 50 / SAMPLE_RATE_HZ)) ** 3
LEAD_DEG = 0.5
BESMART = Product(
    "besmart_meter_3p", "imxrt1064", 20 / 2500 / 1.25 * 2**23 * _DROOP * np.cos(np.radians(LEAD_DEG)),
    1 / 301 / 2.5 * 2**23 * _DROOP, words, -LEAD_DEG / 360 / 50 * 1e6,
)  # fmt: skip
"""Its filter and its current transformers take something away at 50 Hz, for which it is calibrated."""
PRODUCTS = {product.name: product for product in (EDGE, BESMART)}


def calibration_source(values: dict[str, Any]) -> str:
    """C source of `meter_calibration`, from the generator of the firmware's build."""
    spec = importlib.util.spec_from_file_location("make_calibration", COMMON / "make_calibration.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text: str = module.source(values)
    return text


@cache
def compiled(product: Product, calibration: str, definitions: tuple[str, ...]) -> bytes:
    """A shared library of the metrology with the C source of a calibration, and definitions such as `NAME=1`."""
    compiler = shutil.which("cc")
    assert compiler, "these tests need a C compiler called cc"
    options = ["-O2", "-ffp-contract=off", "-fno-math-errno", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]
    with tempfile.TemporaryDirectory() as folder:
        data, tables, library = (Path(folder, name) for name in ("calibration_data.c", "tables_data.c", "meter.so"))
        data.write_text(calibration, encoding="utf-8")
        subprocess.run([sys.executable, str(COMMON / "make_tables.py"), str(tables)], check=True)
        sources = [str(COMMON / f"{name}.c") for name in SOURCES]
        options += [f"-D{definition}" for definition in definitions]
        sources += [str(data), str(tables), str(Path(__file__).with_name("pulse_log.c"))]
        subprocess.run([compiler, *options, *product.includes, *sources, "-o", str(library)], check=True)
        return library.read_bytes()


class NativeMeter:
    """One meter with its own registers, fed with volts at the terminals and amperes in the lines."""

    def __init__(
        self,
        folder: Path,
        values: dict[str, Any] | None = None,
        product: Product = EDGE,
        definitions: tuple[str, ...] = (),
    ) -> None:
        """Load from `folder`, an own one for each meter, as the registers are globals of the library."""
        library = folder / "meter.so"
        library.write_bytes(compiled(product, calibration_source(values or product.calibration()), definitions))
        self.library = ctypes.CDLL(str(library))
        self.product, self.samples = product, 0
        self._dither = np.random.default_rng(7913)
        calibration = ctypes.addressof(ctypes.c_byte.in_dll(self.library, "meter_calibration"))
        self.library.calibration_valid.restype = ctypes.c_bool
        assert self.library.calibration_valid(ctypes.c_void_p(calibration))
        self.library.metrology_init(ctypes.c_void_p(calibration))
        self.library.window_init()
        self.library.power_quality_init()
        self.library.energy_init(ctypes.c_void_p(calibration))
        self.library.pulse_init(ctypes.c_void_p(calibration))

    def floats(self, symbol: str, count: int) -> Array:
        """A global array of doubles."""
        return np.array((ctypes.c_double * count).in_dll(self.library, symbol))

    def number(self, symbol: str) -> float:
        """A global double."""
        return ctypes.c_double.in_dll(self.library, symbol).value

    def count(self, symbol: str) -> int:
        """A global uint32_t."""
        return ctypes.c_uint32.in_dll(self.library, symbol).value

    def singles(self, symbol: str, count: int) -> Array:
        """A global array of floats."""
        return np.array((ctypes.c_float * count).in_dll(self.library, symbol), dtype=np.float64)

    def counts(self, symbol: str, count: int) -> list[int]:
        """A global array of uint32_t."""
        return list((ctypes.c_uint32 * count).in_dll(self.library, symbol))

    def ticks_s(self, symbol: str, count: int) -> Array:
        """A global array of uint64_t that are ticks, in s."""
        return np.array((ctypes.c_uint64 * count).in_dll(self.library, symbol), dtype=np.float64) / TICKS_PER_S

    def energy(self, register: str) -> Array:
        """Energy register of total, L1, L2, L3 in Wh or varh: `active_import_nwh` and so on."""
        return np.array((ctypes.c_int64 * 4).in_dll(self.library, f"meter_energy_{register}")) * 1e-9

    @property
    def energy_samples(self) -> float:
        """Samples in the energy registers."""
        return self.number("meter_energy_samples")

    def pulses(self, channel: int = 0) -> NDArray[np.uint32]:
        """Rows of on tick, off tick."""
        count = self.pulse_log_count(channel)
        log = ((ctypes.c_uint32 * 2) * 4096 * 2).in_dll(self.library, "pulse_log")
        return np.array(log[channel], dtype=np.uint32)[:count]

    def pulse_log_count(self, channel: int) -> int:
        """Number of pulses noted."""
        return int((ctypes.c_uint32 * 2).in_dll(self.library, "pulse_log_count")[channel])

    def feed(self, volts: Sequence[Wave], amperes: Sequence[Wave], seconds: float) -> None:
        """Let whole buffers of samples pass; `amperes` may have a fourth wave for the neutral."""
        buffers = round(seconds * SAMPLE_RATE_HZ / BUFFER_SAMPLES)
        n = buffers * BUFFER_SAMPLES
        t = (self.samples + 1 + np.arange(n, dtype=np.float64)) / SAMPLE_RATE_HZ
        i_seen = t - self.product.current_delay_us * 1e-6
        i_codes = [self._codes(wave(i_seen) * self.product.codes_per_a) for wave in amperes]
        i_codes += [np.zeros(n)] * (4 - len(i_codes))
        u_codes = [self._codes(wave(t) * self.product.codes_per_v) for wave in volts] + [np.zeros(n)]
        self.feed_codes(np.stack(i_codes, axis=1), np.stack(u_codes, axis=1))

    def _codes(self, exact: Array) -> Array:
        """Whole codes, with the dither that a converter's noise is: without it the rounding of a waveform of exactly
        160 samples repeats in each cycle and never averages out (66 ppm at 20 mA)."""
        return np.floor(exact + self._dither.random(exact.shape))

    def feed_codes(self, currents: Array, voltages: Array) -> None:
        """Codes as the converters give them, arrays of (samples, 4)."""
        n = len(currents)
        for codes in (currents, voltages):
            assert np.abs(codes).max() < 2**23, "the waveform does not fit the converter"
        samples = self.product.layout(currents, voltages)
        for start in range(0, n, BUFFER_SAMPLES):
            block = np.ascontiguousarray(samples[start : start + BUFFER_SAMPLES])
            self.samples += len(block)
            # Sample k (from 1) is taken k sample times after the start.
            tick = self.samples * TICKS_PER_SAMPLE & 0xFFFFFFFF
            self.library.metrology_process(block.ctypes.data_as(ctypes.c_void_p), len(block), ctypes.c_uint32(tick))
