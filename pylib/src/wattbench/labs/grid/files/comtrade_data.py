"""The samples of a COMTRADE recording: numbers, time stamps, analog and digital values, in its four formats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.core.analog import FloatArray
from wattbench.core.errors import SourceError
from wattbench.labs.grid.files.comtrade_config import ComtradeConfig

_MISSING_STAMP = 0xFFFF_FFFF
_ANALOG = {"BINARY": "<i2", "BINARY32": "<i4", "FLOAT32": "<f4"}
_MISSING = {"BINARY": -0x8000, "BINARY32": -0x8000_0000}


@dataclass(frozen=True)
class ComtradeData:
    """Stored values: rows are samples. `stamps` in units of the time stamp, -1 where there is none."""

    stamps: NDArray[np.int64]
    analogs: FloatArray
    digitals: NDArray[np.int8]


def decode(content: bytes, config: ComtradeConfig, file: str) -> ComtradeData:
    """Read a .dat; raises SourceError for whatever does not fit the configuration."""
    data = _decode_text(content, config, file) if config.format == "ASCII" else _decode_binary(content, config, file)
    stamps = data.stamps[data.stamps >= 0]
    if np.any(np.diff(stamps) <= 0):
        place = int(np.flatnonzero(np.diff(stamps) <= 0)[0]) + 2
        raise SourceError(f"the time stamp of sample {place} is not later than that before it", file, place)
    for number, channel in enumerate(config.analogs):
        column = data.analogs[:, number]
        missing = np.flatnonzero(np.isnan(column))
        if missing.size:
            raise SourceError(f"{channel.name!r} has no value in sample {int(missing[0]) + 1}", file)
        outside = np.flatnonzero((column < channel.lowest) | (column > channel.highest))
        if outside.size:
            raise SourceError(
                f"{channel.name!r} is {column[outside[0]]:g} in sample {int(outside[0]) + 1}, outside its range from "
                f"{channel.lowest:g} to {channel.highest:g} in the configuration",
                file,
            )
    return data


def _record(config: ComtradeConfig) -> np.dtype[np.void]:
    words = -(-len(config.digitals) // 16)
    return np.dtype(
        [
            ("number", "<u4"),
            ("stamp", "<u4"),
            ("analogs", _ANALOG[config.format], (len(config.analogs),)),
            ("words", "<u2", (words,)),
        ]
    )


def _decode_binary(content: bytes, config: ComtradeConfig, file: str) -> ComtradeData:
    record = _record(config)
    if len(content) != config.samples * record.itemsize:
        raise SourceError(
            f"{config.samples} samples of {record.itemsize} bytes are {config.samples * record.itemsize} bytes, but "
            f"the data have {len(content)}: they are cut off or belong to another configuration",
            file,
        )
    rows = np.frombuffer(content, dtype=record)
    wrong = np.flatnonzero(rows["number"] != np.arange(1, config.samples + 1))
    if wrong.size:
        place = int(wrong[0])
        raise SourceError(f"sample {place + 1} says that it is number {int(rows['number'][place])}", file)
    stamps = rows["stamp"].astype(np.int64)
    analogs = rows["analogs"].astype(np.float64)
    if config.format in _MISSING:
        analogs[rows["analogs"] == _MISSING[config.format]] = np.nan
    bits = (rows["words"][:, :, None] >> np.arange(16)) & 1
    digitals = bits.reshape(config.samples, -1)[:, : len(config.digitals)].astype(np.int8)
    return ComtradeData(np.where(stamps == _MISSING_STAMP, -1, stamps), analogs, digitals)


def _decode_text(content: bytes, config: ComtradeConfig, file: str) -> ComtradeData:
    lines = content.rstrip(b"\x1a\r\n\t ").decode("latin-1").splitlines()
    if len(lines) != config.samples:
        raise SourceError(
            f"the configuration says {config.samples} samples, but there are {len(lines)}", file, len(lines)
        )
    fields = 2 + len(config.analogs) + len(config.digitals)
    stamps, analogs, digitals = [], [], []
    for number, line in enumerate(lines, 1):
        parts = [part.strip() for part in line.split(",")]
        if len(parts) != fields:
            raise SourceError(f"a sample has {fields} fields, not {len(parts)}", file, number)
        try:
            if int(parts[0]) != number:
                raise SourceError(f"sample {number} says that it is number {parts[0]}", file, number)
            stamps.append(int(parts[1]) if parts[1] else -1)
            middle = 2 + len(config.analogs)
            analogs.append([float(part) if part and part != "99999" else np.nan for part in parts[2:middle]])
            digitals.append([int(part) for part in parts[middle:]])
        except ValueError as error:
            raise SourceError(f"a sample consists of numbers: {error}", file, number) from None
        if any(bit not in (0, 1) for bit in digitals[-1]):
            raise SourceError("a digital value is 0 or 1", file, number)
    return ComtradeData(
        np.array(stamps, dtype=np.int64),
        np.array(analogs, dtype=np.float64).reshape(len(lines), len(config.analogs)),
        np.array(digitals, dtype=np.int8).reshape(len(lines), len(config.digitals)),
    )


def encode(data: ComtradeData, config: ComtradeConfig) -> bytes:
    """The content of a .dat; the values have to fit the format."""
    if config.format == "ASCII":
        is_float = not np.array_equal(data.analogs, np.rint(data.analogs))
        rows = zip(data.stamps.tolist(), data.analogs.tolist(), data.digitals.tolist(), strict=True)
        lines = [
            ",".join(
                [
                    str(number),
                    "" if stamp < 0 else str(stamp),
                    *(repr(value) if is_float else str(int(value)) for value in analogs),
                    *map(str, digitals),
                ]
            )
            for number, (stamp, analogs, digitals) in enumerate(rows, 1)
        ]
        return "\r\n".join([*lines, ""]).encode("ascii")
    rows_out = np.zeros(len(data.stamps), dtype=_record(config))
    rows_out["number"] = np.arange(1, len(data.stamps) + 1)
    rows_out["stamp"] = np.where(data.stamps < 0, _MISSING_STAMP, data.stamps)
    rows_out["analogs"] = data.analogs if config.format == "FLOAT32" else np.rint(data.analogs)
    words = rows_out["words"].shape[1]
    bits = np.zeros((len(data.stamps), words * 16), dtype=np.uint16)
    bits[:, : data.digitals.shape[1]] = data.digitals
    rows_out["words"] = (bits.reshape(len(data.stamps), words, 16) << np.arange(16, dtype=np.uint16)).sum(axis=2)
    return rows_out.tobytes()
