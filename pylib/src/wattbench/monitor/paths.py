"""Where `@path` is looked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wattbench.core.errors import MonitorError


class PathSearch:
    """The working directory, then a list of folders that scripts may extend."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._start = tuple(folders)
        self.folders = list(folders)

    def add(self, folder: Path) -> None:
        """Look there too; raises MonitorError where it is no folder."""
        if not folder.is_dir():
            raise MonitorError(f"`{folder}` is no folder")
        self.folders.append(folder.resolve())

    def set(self, folder: Path) -> None:
        """Look there only (after the working directory)."""
        kept, self.folders = self.folders, []
        try:
            self.add(folder)
        except MonitorError:
            self.folders = kept
            raise

    def reset(self) -> None:
        """Back to the folders of the start."""
        self.folders = list(self._start)

    def existing(self, text: str) -> Path:
        """The file or folder that a path means; raises MonitorError."""
        if "://" in text:
            raise MonitorError(f"`{text}` is not fetched from a network: give a file of this computer")
        for folder in (Path.cwd(), *self.folders):
            if (folder / text).exists():
                return (folder / text).resolve()
        looked = ", ".join(str(folder) for folder in (Path.cwd(), *self.folders))
        raise MonitorError(f"there is no file `{text}` (looked in {looked})")
