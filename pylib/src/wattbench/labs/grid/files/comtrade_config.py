"""The configuration of a COMTRADE recording (IEEE C37.111-1991, 1999, 2013; IEC 60255-24): what its lines say.

Strict on purpose: whatever is missing, left over or contradicts itself is named with file and line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from wattbench.core.errors import SourceError

Format = Literal["ASCII", "BINARY", "BINARY32", "FLOAT32"]
Side = Literal["P", "S"]
FORMATS: tuple[Format, ...] = ("ASCII", "BINARY", "BINARY32", "FLOAT32")
REVISIONS = (1991, 1999, 2013)
_UNITS = {"": 1.0, "k": 1e3, "m": 1e-3, "u": 1e-6, "M": 1e6}


@dataclass(frozen=True)
class Analog:
    """An analog channel: value = multiplier * stored + offset, in `unit`, `skew_us` after the sample's time."""

    name: str
    unit: str
    multiplier: float = 1.0
    offset: float = 0.0
    skew_us: float = 0.0
    lowest: float = -32767.0
    highest: float = 32767.0
    primary: float = 1.0
    secondary: float = 1.0
    side: Side = "P"
    phase: str = ""
    circuit: str = ""

    @property
    def si_factor(self) -> float:
        """V or A per unit; 1 for other units."""
        for prefix, factor in _UNITS.items():
            if self.unit.casefold() in (f"{prefix}v".casefold(), f"{prefix}a".casefold()):
                is_mega = prefix == "m" and self.unit.startswith("M")
                return 1e6 if is_mega else factor
        return 1.0


@dataclass(frozen=True)
class Digital:
    """A status channel."""

    name: str
    normal: int = 0
    phase: str = ""
    circuit: str = ""


@dataclass(frozen=True)
class Rate:
    """`hertz` up to sample number `last`; 0: the time stamps say when."""

    hertz: float
    last: int


@dataclass(frozen=True)
class ComtradeConfig:
    """All of a .cfg."""

    station: str = ""
    device: str = ""
    revision: int = 1999
    analogs: tuple[Analog, ...] = ()
    digitals: tuple[Digital, ...] = ()
    frequency_hz: float = 50.0
    rates: tuple[Rate, ...] = ()
    start: str = "01/01/2000,00:00:00.000000"
    trigger: str = "01/01/2000,00:00:00.000000"
    format: Format = "ASCII"
    time_factor: float = 1.0
    tail: tuple[str, ...] = field(default=())
    """The lines on time zone and clock quality of 2013, as they are."""

    @property
    def samples(self) -> int:
        """How many there are."""
        return self.rates[-1].last if self.rates else 0

    @property
    def stamp_s(self) -> float:
        """Seconds that a unit of the time stamps stands for: 1 us, or 1 ns if the start has nanoseconds (2013)."""
        is_nano = len(self.start.rpartition(".")[2]) > 6 and "." in self.start
        return self.time_factor * (1e-9 if is_nano else 1e-6)


class _Lines:
    """The lines of a .cfg one by one, each parted at its commas."""

    def __init__(self, text: str, file: str) -> None:
        self.lines, self.file, self.number = text.splitlines(), file, 0

    def next(self, what: str, least: int, most: int) -> list[str]:
        if self.number >= len(self.lines):
            raise SourceError(f"the configuration ends where {what} should be", self.file, self.number)
        parts = [part.strip() for part in self.lines[self.number].split(",")]
        self.number += 1
        if not least <= len(parts) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise self.error(f"{what} has {wanted} fields, not {len(parts)}")
        return parts

    def error(self, message: str) -> SourceError:
        return SourceError(message, self.file, self.number)

    def real(self, text: str, what: str, default: float | None = None) -> float:
        if not text and default is not None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(f"{what} is a number, not {text!r}")
        return value

    def whole(self, text: str, what: str, default: int | None = None) -> int:
        if not text and default is not None:
            return default
        try:
            return int(text)
        except ValueError:
            raise self.error(f"{what} is a whole number, not {text!r}") from None


def parse_config(text: str, file: str) -> ComtradeConfig:
    """Read a .cfg; `file` is its name for errors. Raises SourceError with the line."""
    lines = _Lines(text.lstrip("\ufeff"), file)
    head = lines.next("the line of station, device and revision", 2, 3)
    revision = lines.whole(head[2], "the revision", 1991) if len(head) == 3 else 1991
    if revision not in REVISIONS:
        raise lines.error(f"the revision {revision} is none of {', '.join(map(str, REVISIONS))}")
    counts = lines.next("the line of channel counts", 3, 3)
    total = lines.whole(counts[0], "the number of channels")
    analog_count, digital_count = (_count(lines, text, kind) for text, kind in zip(counts[1:], "AD", strict=True))
    if total != analog_count + digital_count:
        raise lines.error(f"{total} channels are not {analog_count} analog and {digital_count} digital ones")
    analogs = tuple(_analog(lines, number, revision) for number in range(1, analog_count + 1))
    digitals = tuple(_digital(lines, number) for number in range(1, digital_count + 1))
    names = [*(channel.name for channel in analogs), *(channel.name for channel in digitals)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise lines.error(f"two channels have the name {twice!r}")
    frequency_hz = lines.real(lines.next("the line frequency", 1, 1)[0], "the line frequency", 50.0)
    rates = tuple(_rates(lines))
    start, trigger = (",".join(lines.next(f"the time of the {what}", 2, 2)) for what in ("start", "trigger"))
    stored = lines.next("the format of the data", 1, 1)[0].upper()
    found: Format | None = next((known for known in FORMATS if known == stored), None)
    if found is None:
        raise lines.error(f"the data are in {', '.join(FORMATS)}, not in {stored!r}")
    factor = lines.real(lines.next("the time factor", 1, 1)[0], "the time factor", 1.0) if revision > 1991 else 1.0
    tail = tuple(line for line in lines.lines[lines.number :] if line.strip())
    if factor <= 0:
        raise lines.error(f"the time factor is above 0, not {factor}")
    return ComtradeConfig(
        head[0], head[1], revision, analogs, digitals, frequency_hz, rates, start, trigger, found, factor, tail
    )


def _count(lines: _Lines, text: str, kind: str) -> int:
    if text[-1:].upper() != kind:
        raise lines.error(f"the number of channels of a kind ends with {kind}, not as in {text!r}")
    count = lines.whole(text[:-1], "the number of channels of a kind")
    if count < 0:
        raise lines.error(f"there are from 0 channels on, not {count}")
    return count


def _analog(lines: _Lines, number: int, revision: int) -> Analog:
    least, most = (10, 13) if revision == 1991 else (13, 13)
    parts = lines.next(f"analog channel {number}", least, most)
    if lines.whole(parts[0], "the number of an analog channel") != number:
        raise lines.error(f"analog channel {number} says that it is number {parts[0]}")
    multiplier = lines.real(parts[5], "the multiplier")
    if multiplier == 0:
        raise lines.error(f"the multiplier of {parts[1]!r} is 0")
    channel = Analog(
        name=parts[1] or f"A{number}",
        phase=parts[2],
        circuit=parts[3],
        unit=parts[4],
        multiplier=multiplier,
        offset=lines.real(parts[6], "the offset", 0.0),
        skew_us=lines.real(parts[7], "the skew", 0.0),
        lowest=lines.real(parts[8], "the smallest value", -math.inf if not parts[8] else 0.0),
        highest=lines.real(parts[9], "the largest value", math.inf if not parts[9] else 0.0),
    )
    if channel.lowest > channel.highest:
        raise lines.error(f"the range of {channel.name!r} from {channel.lowest} to {channel.highest} is empty")
    if len(parts) < 13:
        return channel
    side = parts[12].upper() or "P"
    if side not in ("P", "S"):
        raise lines.error(f"the values of {channel.name!r} are primary (P) or secondary (S), not {parts[12]!r}")
    ratio = [lines.real(text, "a ratio", 1.0) for text in parts[10:12]]
    return replace(channel, primary=ratio[0], secondary=ratio[1], side="P" if side == "P" else "S")


def _digital(lines: _Lines, number: int) -> Digital:
    parts = lines.next(f"digital channel {number}", 3, 5)
    if lines.whole(parts[0], "the number of a digital channel") != number:
        raise lines.error(f"digital channel {number} says that it is number {parts[0]}")
    normal = lines.whole(parts[-1], "the normal state", 0)
    phase, circuit = (parts[2], parts[3]) if len(parts) == 5 else ("", "")
    return Digital(parts[1] or f"D{number}", normal, phase, circuit)


def _rates(lines: _Lines) -> Iterator[Rate]:
    count = lines.whole(lines.next("the number of sample rates", 1, 1)[0], "the number of sample rates")
    last = 0
    for _ in range(max(count, 1)):
        parts = lines.next("a sample rate and its last sample", 2, 2)
        rate = Rate(lines.real(parts[0], "a sample rate"), lines.whole(parts[1], "the last sample"))
        if rate.hertz < 0 or (count > 0 and rate.hertz == 0) or rate.last <= last:
            raise lines.error(
                f"{rate.hertz:g} Hz up to sample {rate.last} cannot follow sample {last}: rates are above 0 and "
                f"last samples rise"
            )
        last = rate.last
        yield rate


def format_config(config: ComtradeConfig) -> str:
    """The text of a .cfg."""
    is_old = config.revision == 1991
    lines = [f"{config.station},{config.device}" + ("" if is_old else f",{config.revision}")]
    lines.append(f"{len(config.analogs) + len(config.digitals)},{len(config.analogs)}A,{len(config.digitals)}D")
    for number, channel in enumerate(config.analogs, 1):
        limits = ["" if math.isinf(limit) else f"{limit!r}" for limit in (channel.lowest, channel.highest)]
        row = [number, channel.name, channel.phase, channel.circuit, channel.unit, repr(channel.multiplier)]
        row += [repr(channel.offset), repr(channel.skew_us), *limits]
        row += [] if is_old else [repr(channel.primary), repr(channel.secondary), channel.side]
        lines.append(",".join(map(str, row)))
    for number, status in enumerate(config.digitals, 1):
        middle = [] if is_old else [status.phase, status.circuit]
        lines.append(",".join(map(str, [number, status.name, *middle, status.normal])))
    lines.append(repr(config.frequency_hz))
    timed = [rate for rate in config.rates if rate.hertz]
    lines.append(str(len(timed)))
    lines += [f"{rate.hertz!r},{rate.last}" for rate in config.rates]
    lines += [config.start, config.trigger, config.format]
    if not is_old:
        lines.append(repr(config.time_factor))
    return "\r\n".join([*lines, *config.tail, ""])
