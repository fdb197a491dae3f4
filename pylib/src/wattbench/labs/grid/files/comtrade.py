"""COMTRADE recordings in and out: a pair of .cfg and .dat, or all in one .cff (IEEE C37.111-2013)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wattbench.core.analog import FloatArray
from wattbench.core.errors import SourceError, UsageError
from wattbench.labs.grid.files.comtrade_config import (
    Analog,
    ComtradeConfig,
    Digital,
    Format,
    Rate,
    format_config,
    parse_config,
)
from wattbench.labs.grid.files.comtrade_data import ComtradeData, decode, encode
from wattbench.labs.grid.waveforms.recording import Recording

_SECTION = re.compile(rb"^--- *file type: *(CFG|INF|HDR|DAT)( +\w+)?( *: *(\d+))? *---[ \t]*\r?\n", re.M | re.I)
_CODES = {"ASCII": 32767, "BINARY": 32767, "BINARY32": 2**31 - 1, "FLOAT32": 0}
Ratio = Literal["stored", "primary", "secondary"]


@dataclass(frozen=True)
class Comtrade:
    """A recording as it is stored."""

    config: ComtradeConfig
    data: ComtradeData
    file: str = "COMTRADE"

    @property
    def sample_rate_hz(self) -> float:
        """The one rate of all samples; raises SourceError if there is none."""
        rates = {rate.hertz for rate in self.config.rates}
        if len(rates) == 1 and (rate := rates.pop()) > 0:
            return rate
        if len(rates) > 1:
            raise SourceError("several sample rates cannot be played; cut the recording at one of them", self.file)
        stamps = self.data.stamps
        if stamps.size < 2 or stamps.min() < 0:
            raise SourceError("there is neither a sample rate nor a time stamp in each sample", self.file)
        step = (int(stamps[-1]) - int(stamps[0])) / (stamps.size - 1)
        if np.abs(np.diff(stamps) - step).max() > 1:
            raise SourceError("the time stamps are not evenly spaced, so the samples cannot be played", self.file)
        return 1 / (step * self.config.stamp_s)

    def values(self, name: str, ratio: Ratio = "stored") -> FloatArray:
        """An analog channel in V or A (other units as they are), as stored or taken to one side of its transformer."""
        number = self._number(name)
        channel = self.config.analogs[number]
        values = (self.data.analogs[:, number] * channel.multiplier + channel.offset) * channel.si_factor
        if ratio == "primary" and channel.side == "S":
            values = values * (channel.primary / channel.secondary)
        if ratio == "secondary" and channel.side == "P":
            values = values * (channel.secondary / channel.primary)
        return values

    def status(self, name: str) -> NDArray[np.int8]:
        """A digital channel."""
        names = [channel.name for channel in self.config.digitals]
        if name not in names:
            raise UsageError(f"{self.file} has no digital channel {name!r}; it has {', '.join(names) or 'none'}.")
        return self.data.digitals[:, names.index(name)]

    def recordings(self, ratio: Ratio = "stored") -> dict[str, Recording]:
        """All analog channels; a channel's skew has to be below a sample and is put right by the filter."""
        rate_hz = self.sample_rate_hz
        return {
            channel.name: Recording(
                self.values(channel.name, ratio), rate_hz, f"{self.file} {channel.name}", channel.skew_us * 1e-6
            )
            for channel in self.config.analogs
        }

    def _number(self, name: str) -> int:
        names = [channel.name for channel in self.config.analogs]
        if name not in names:
            raise UsageError(f"{self.file} has no analog channel {name!r}; it has {', '.join(names) or 'none'}.")
        return names.index(name)


def read_comtrade(path: Path) -> Comtrade:
    """Read a .cff, or a .cfg with the .dat beside it; raises SourceError with file and line."""
    if path.suffix.lower() == ".cff":
        return _read_combined(path)
    if path.suffix.lower() != ".cfg":
        raise UsageError(f"{path} is no COMTRADE recording: give its .cfg or .cff.")
    config = parse_config(_read(path).decode("utf-8", errors="replace"), str(path))
    beside = [path.with_suffix(suffix) for suffix in (".dat", ".DAT", ".Dat")]
    data = next((candidate for candidate in beside if candidate.exists()), None)
    if data is None:
        raise SourceError(f"the data of this configuration, {beside[0].name}, are not beside it", path)
    return Comtrade(config, decode(_read(data), config, str(data)), str(path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"the file cannot be read ({error.strerror})", path) from error


def _read_combined(path: Path) -> Comtrade:
    content = _read(path)
    marks = list(_SECTION.finditer(content))
    sections: dict[str, bytes] = {}
    length = None
    for mark, following in itertools.zip_longest(marks, marks[1:]):
        kind = mark[1].decode().upper()
        if kind in sections:
            if "DAT" in sections:
                continue  # a line of binary data that looks like a section
            raise SourceError(f"there are two sections {kind}", path)
        stop = len(content) if kind == "DAT" or following is None else following.start()
        sections[kind] = content[mark.end() : stop]
        if kind == "DAT" and mark[4]:
            length = int(mark[4])
    for kind in ("CFG", "DAT"):
        if kind not in sections:
            raise SourceError(f"there is no section `--- file type: {kind} ---`", path)
    config = parse_config(sections["CFG"].decode("utf-8", errors="replace"), str(path))
    data = sections["DAT"]
    if length is not None:
        if len(data) < length:
            raise SourceError(f"the data should have {length} bytes, but the file ends after {len(data)}", path)
        data = data[:length]
    return Comtrade(config, decode(data, config, str(path)), str(path))


def write_comtrade(recording: Comtrade, path: Path) -> None:
    """Write a .cff, or a .cfg and the .dat beside it, as `path` ends."""
    config, content = recording.config, encode(recording.data, recording.config)
    if path.suffix.lower() == ".cff":
        if config.revision < 2013:
            raise UsageError(f"A .cff needs the revision 2013, not {config.revision}.")
        kind = "ASCII" if config.format == "ASCII" else f"BINARY: {len(content)}"
        head = f"--- file type: CFG ---\r\n{format_config(config)}--- file type: INF ---\r\n--- file type: HDR ---\r\n"
        path.write_bytes(head.encode() + f"--- file type: DAT {kind} ---\r\n".encode() + content)
        return
    path.with_suffix(".cfg").write_bytes(format_config(config).encode())
    path.with_suffix(".dat").write_bytes(content)


def comtrade_of(
    channels: Mapping[str, tuple[FloatArray, str]],
    rate_hz: float,
    *,
    format: Format = "BINARY32",
    revision: int = 2013,
    frequency_hz: float = 50.0,
    digitals: Mapping[str, NDArray[np.int8]] | None = None,
    station: str = "wattbench",
) -> Comtrade:
    """A recording of values by channel name, each with its unit; scaled to use the whole range of the format."""
    if not channels:
        raise UsageError("A COMTRADE recording needs an analog channel.")
    count = len(next(iter(channels.values()))[0])
    columns, analogs = [], []
    for name, (values, unit) in channels.items():
        if len(values) != count or not np.all(np.isfinite(values)):
            raise UsageError(f"The channel {name} needs {count} finite values as the others have.")
        low, high = float(np.min(values)), float(np.max(values))
        codes = _CODES[format]
        if not codes:
            analogs.append(Analog(name, unit, lowest=-3.4e38, highest=3.4e38))
            columns.append(np.asarray(values, dtype=np.float64))
            continue
        offset = (low + high) / 2
        multiplier = max((high - low) / 2 / codes, abs(offset) * 1e-15, 1e-30)
        analogs.append(Analog(name, unit, multiplier, offset, lowest=-codes, highest=codes))
        columns.append(np.clip(np.rint((np.asarray(values) - offset) / multiplier), -codes, codes))
    states = dict(digitals or {})
    tail = ("0,0", "B,3") if revision == 2013 else ()
    start = "01/01/2000,00:00:00.000000"
    config = ComtradeConfig(
        station,
        "grid",
        revision,
        tuple(analogs),
        tuple(Digital(name) for name in states),
        frequency_hz,
        (Rate(rate_hz, count),),
        start,
        start,
        format,
        tail=tail,
    )
    # Time stamps have 32 bits: long recordings get a coarser unit.
    last_us = (count - 1) * 1e6 / rate_hz
    factor = 1.0 if last_us < 2**32 - 2 else float(np.ceil(last_us / 2**31))
    stamps = np.rint(np.arange(count) * (1e6 / rate_hz / factor)).astype(np.int64)
    table = np.stack([np.asarray(column, dtype=np.int8) for column in states.values()], axis=1) if states else None
    empty = np.zeros((count, 0), dtype=np.int8)
    if np.any(np.diff(stamps) <= 0):
        stamps = np.full(count, -1)
    data = ComtradeData(stamps, np.stack(columns, axis=1), empty if table is None else table)
    return Comtrade(replace(config, time_factor=factor), data)
