"""Recordings in the place of what is set."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np

from wattbench.core.clock import NS_PER_S, to_ns
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.channels import Change, Channel
from wattbench.labs.grid.course import Played
from wattbench.labs.grid.files.comtrade import comtrade_of, write_comtrade
from wattbench.labs.grid.files.comtrade_config import Format
from wattbench.labs.grid.files.open import open_recordings
from wattbench.labs.grid.settable import Settable, Time, finite
from wattbench.labs.grid.waveforms.recording import Recording

Moment = float | int | str | Fraction


class Playback(Settable):
    """See `Grid`: recorded waveforms."""

    def play(
        self,
        recordings: Mapping[Channel, Recording],
        *,
        gains: Mapping[Channel, float] | None = None,
        frequency_hz: float | None = None,
        at: Time = None,
    ) -> None:
        """Play recordings on channels, from their first samples on at `at`; each in V or A times its gain.

        Meanwhile they are all there is on these channels; afterwards what was set before is back. Phasors in the truth
        are taken against the oscillator: give it the recording's frequency with `frequency_hz`.
        """
        at_ns, changes = self._at_ns(at), []
        if not recordings:
            raise StimulusError("There is no recording to play.")
        if frequency_hz is not None:
            finite("A recording", frequency_hz)
            if frequency_hz <= 0:
                raise StimulusError(f"The mains needs a frequency above 0 Hz, not {frequency_hz}.")
            changes.append(Change(at_ns, None, {"frequency_hz": float(frequency_hz), "ramp": None, "swing": None}))
        for channel, recording in recordings.items():
            gain = (gains or {}).get(channel, 1.0)
            finite(f"The recording for the {channel}", gain)
            played = Played(recording, at_ns, float(gain))
            changes.append(Change(at_ns, self._wired(channel), {"played": played, "is_open": False}))
            changes.append(Change(played.end_ns, channel, {"played": None}))
        self._change(sorted(changes, key=lambda change: change.at_ns))

    def play_file(
        self,
        path: str | Path,
        channels: Mapping[Channel, str],
        *,
        gains: Mapping[Channel, float] | None = None,
        frequency_hz: float | None = None,
        at: Time = None,
    ) -> float:
        """Play channels of a file by their names in it (COMTRADE .cfg or .cff, .wav, .csv, .npy, .npz).

        Gives the duration in s. Names of a WAV or NumPy file are the numbers of its columns from 1 on.
        """
        found = open_recordings(Path(path))
        missing = [name for name in channels.values() if name not in found]
        if missing:
            raise StimulusError(f"{path} has no channel {missing[0]!r}; it has {', '.join(found)}.")
        recordings = {channel: found[name] for channel, name in channels.items()}
        self.play(recordings, gains=gains, frequency_hz=frequency_hz, at=at)
        return max((recording.duration_s for recording in recordings.values()), default=0.0)

    def save_comtrade(
        self, path: str | Path, start: Moment, end: Moment, *, rate_hz: float = 8000.0, format: Format = "BINARY32"
    ) -> None:
        """Write what all wired channels do between two virtual times, before the sensors, as a COMTRADE recording."""
        from_ns, until_ns = to_ns(start), to_ns(end)
        finite("A recording", rate_hz)
        if not (0 <= from_ns < until_ns and rate_hz > 0):
            raise StimulusError(f"A recording from {start} s to {end} s at {rate_hz} Hz has no samples.")
        count = int(Fraction(until_ns - from_ns, NS_PER_S) * Fraction(rate_hz)) + 1
        times_s = from_ns / NS_PER_S + np.arange(count, dtype=np.float64) / rate_hz
        channels = {_name(channel): (self._values(channel, times_s), channel.unit) for channel in self._channels()}
        nominal_hz = self._segment_at(from_ns).frequency_hz
        write_comtrade(comtrade_of(channels, rate_hz, format=format, frequency_hz=nominal_hz), Path(path))


def _name(channel: Channel) -> str:
    """UL1 or IN."""
    return f"{'U' if channel.quantity == 'voltage' else 'I'}{channel.phase}"
