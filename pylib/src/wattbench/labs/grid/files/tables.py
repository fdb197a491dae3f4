"""Recordings in WAV files, CSV tables and NumPy arrays."""

from __future__ import annotations

import csv
import math
import wave
import zipfile
from pathlib import Path

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.errors import SourceError
from wattbench.labs.grid.waveforms.recording import Recording

_EVEN_PPM = 100


def read_wav(path: Path) -> dict[str, Recording]:
    """PCM of 8 to 32 bits; channels are named 1, 2, ...; full scale is 1, so play it with a gain in V or A."""
    try:
        with wave.open(str(path), "rb") as file:
            count, width, rate, frames = file.getparams()[:4]
            content = file.readframes(frames)
    except (OSError, EOFError, wave.Error) as error:
        raise SourceError(f"this is no WAV file of PCM samples ({error})", path) from error
    if len(content) != frames * count * width:
        whole = len(content) // (count * width)
        raise SourceError(f"the header says {frames} samples, but the file ends after {whole}", path)
    raw = np.frombuffer(content, dtype=np.uint8).reshape(-1, width)
    if width == 1:
        values = (raw[:, 0].astype(np.float64) - 128) / 128
    else:
        padded = np.zeros((raw.shape[0], 4), dtype=np.uint8)
        padded[:, 4 - width :] = raw
        values = padded.view("<i4")[:, 0].astype(np.float64) / 2**31
    return _columns(values.reshape(-1, count), float(rate), path, [str(n + 1) for n in range(count)])


def read_csv(path: Path) -> dict[str, Recording]:
    """A head line of names, the first of them a time in s, then numbers; commas or semicolons between them."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"this is no table in text ({error})", path) from error
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if row]
    if len(rows) < 2 or len(rows[0]) < 2:
        raise SourceError("a table needs a head line with a time and at least one channel, and samples", path)
    names = [name.strip() for name in rows[0]]
    values = []
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(names):
            raise SourceError(f"a line has {len(names)} fields, not {len(row)}", path, number)
        try:
            values.append([float(field.replace(",", ".")) if delimiter == ";" else float(field) for field in row])
        except ValueError as error:
            raise SourceError(f"a line consists of numbers: {error}", path, number) from None
    table = np.array(values)
    return _columns(table[:, 1:], _rate_of(table[:, 0], path), path, names[1:])


def read_numpy(path: Path) -> dict[str, Recording]:
    """A .npz with `rate_hz` and one array a channel, or a .npy whose first column is the time in s."""
    try:
        loaded = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise SourceError(f"this is no file of NumPy arrays ({error})", path) from error
    if isinstance(loaded, np.ndarray):
        if loaded.ndim != 2 or loaded.shape[1] < 2 or not np.issubdtype(loaded.dtype, np.number):
            raise SourceError("the array needs a column of times in s and one of numbers for each channel", path)
        table = loaded.astype(np.float64)
        names = [str(n) for n in range(1, table.shape[1])]
        return _columns(table[:, 1:], _rate_of(table[:, 0], path), path, names)
    with loaded:
        arrays = {name: np.asarray(loaded[name]) for name in loaded.files}
    if "rate_hz" not in arrays or arrays["rate_hz"].size != 1:
        raise SourceError("the arrays need one number `rate_hz` beside them", path)
    rate_hz = float(arrays.pop("rate_hz").item())
    return {name: Recording(values, rate_hz, f"{path} {name}") for name, values in arrays.items()}


def _rate_of(times_s: FloatArray, path: Path) -> float:
    """The sample rate of evenly spaced times; single stamps may be rounded, the spacing may not drift."""
    count = times_s.size
    if count < 2 or not np.all(np.isfinite(times_s)) or times_s[-1] <= times_s[0]:
        raise SourceError("the times in the first column do not rise", path)
    step = float(times_s[-1] - times_s[0]) / (count - 1)
    away = np.abs(times_s - (times_s[0] + np.arange(count) * step))
    if float(away.max()) > max(0.02, _EVEN_PPM * 1e-6) * step:
        place = int(away.argmax())
        raise SourceError(
            f"sample {place + 1} is {away[place]:.3g} s off an even spacing of {step:.6g} s", path, place + 2
        )
    # Times written with few digits: a rate that is a whole number fits them as well.
    whole = round(1 / step)
    return float(whole) if whole and math.isclose(1 / step, whole, rel_tol=1e-6) else 1 / step


def _columns(table: FloatArray, rate_hz: float, path: Path, names: list[str]) -> dict[str, Recording]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SourceError(f"two channels have the name {twice!r}", path)
    return {
        name: Recording(np.ascontiguousarray(table[:, number]), rate_hz, f"{path} {name}")
        for number, name in enumerate(names)
    }
