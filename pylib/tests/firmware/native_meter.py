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
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Wave = Callable[[Array], Array]

FIRMWARE = Path(__file__).resolve().parents[3] / "firmware"
COMMON = FIRMWARE / "common"
PRODUCT = FIRMWARE / "edge_meter_3p"
INCLUDES = tuple(f"-I{folder}" for folder in (PRODUCT / "src", COMMON, FIRMWARE / "imxrt", FIRMWARE / "imxrt1175"))
"""Folders of the product, the shared sources, the chip's family and the chip, in the order of the firmware's build."""
SOURCES = (
    "metrology", "window", "energy", "pulse", "calibration",
    "power_quality", "half_cycles", "voltage_events", "harmonics", "fft",
)  # fmt: skip
SAMPLE_RATE_HZ = 8000
BUFFER_SAMPLES = 30
TICKS_PER_S = 24_000_000
TICKS_PER_SAMPLE = TICKS_PER_S // SAMPLE_RATE_HZ
CURRENT_CODES_PER_A = 200e-6 / 49.27e-3 * 2**23
VOLTAGE_CODES_PER_V = 1 / 991 / 788e-3 * 2**23


def calibration_source(values: dict[str, Any]) -> str:
    """C source of `meter_calibration`, from the generator of the firmware's build."""
    spec = importlib.util.spec_from_file_location("make_calibration", COMMON / "make_calibration.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text: str = module.source(values)
    return text


def calibration_values(name: str = "nominal") -> dict[str, Any]:
    """Calibration `name` of the firmware."""
    return tomllib.loads((PRODUCT / "calibration" / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def compiled(calibration: str, definitions: tuple[str, ...] = ()) -> bytes:
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
        subprocess.run([compiler, *options, *INCLUDES, *sources, "-o", str(library)], check=True)
        return library.read_bytes()


class NativeMeter:
    """One meter with its own registers, fed with volts at the terminals and amperes in the lines."""

    def __init__(self, folder: Path, values: dict[str, Any] | None = None, definitions: tuple[str, ...] = ()) -> None:
        """Load from `folder`, an own one for each meter, as the registers are globals of the library."""
        library = folder / "meter.so"
        library.write_bytes(compiled(calibration_source(values or calibration_values()), definitions))
        self.library = ctypes.CDLL(str(library))
        self.samples = 0
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
        i_codes = [self._codes(wave(t) * CURRENT_CODES_PER_A) for wave in amperes]
        i_codes += [np.zeros(n)] * (4 - len(i_codes))
        u_codes = [self._codes(wave(t) * VOLTAGE_CODES_PER_V) for wave in volts] + [np.zeros(n)]
        self.feed_codes(np.stack(i_codes, axis=1), np.stack(u_codes, axis=1))

    def _codes(self, exact: Array) -> Array:
        """Whole codes, with the dither that a converter's noise is: without it the rounding of a waveform of exactly
        160 samples repeats in each cycle and never averages out (66 ppm at 20 mA)."""
        return np.floor(exact + self._dither.random(exact.shape))

    def feed_codes(self, currents: Array, voltages: Array) -> None:
        """Codes as the converters give them, arrays of (samples, 4)."""
        n = len(currents)
        frames = np.zeros((n, 4, 16), dtype=np.uint8)
        for first, codes in ((1, currents), (4, voltages)):
            raw = codes.astype(np.int32)
            assert np.abs(codes).max() < 2**23, "the waveform does not fit the converter"
            for byte in range(3):
                frames[:, :, first + byte] = raw >> 16 - 8 * byte & 0xFF
        for start in range(0, n, BUFFER_SAMPLES):
            block = np.ascontiguousarray(frames[start : start + BUFFER_SAMPLES])
            self.samples += len(block)
            # Sample k (from 1) is taken k sample times after the start.
            tick = self.samples * TICKS_PER_SAMPLE & 0xFFFFFFFF
            self.library.metrology_process(block.ctypes.data_as(ctypes.c_void_p), len(block), ctypes.c_uint32(tick))
