"""Any recording by the ending of its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wattbench.core.errors import SourceError, UsageError
from wattbench.labs.grid.files.comtrade import read_comtrade
from wattbench.labs.grid.files.tables import read_csv, read_numpy, read_wav
from wattbench.labs.grid.waveforms.recording import Recording

READERS: dict[str, Callable[[Path], dict[str, Recording]]] = {
    ".cfg": lambda path: read_comtrade(path).recordings(),
    ".cff": lambda path: read_comtrade(path).recordings(),
    ".wav": read_wav,
    ".csv": read_csv,
    ".npy": read_numpy,
    ".npz": read_numpy,
}


def open_recordings(path: Path) -> dict[str, Recording]:
    """All channels of a file by name; raises UsageError for an unknown kind, SourceError for a damaged file."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"{path} is none of the kinds that can be played: {', '.join(READERS)}.")
    if not path.exists():
        raise SourceError("there is no such file", path)
    return reader(path)
