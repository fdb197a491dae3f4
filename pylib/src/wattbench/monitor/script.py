"""Reading a script line by line, with the lines of a multi-line string joined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wattbench.core.errors import MonitorError, UsageError
from wattbench.monitor.tokens import UnfinishedError, split_commands, tokenize


@dataclass(frozen=True)
class Place:
    """A line of a file."""

    file: str
    line: int


@dataclass(frozen=True)
class Lines:
    """Text to run: where it comes from (None for what was typed), and the folder that `$ORIGIN` means in it."""

    text: str
    place: Place | None
    origin: Path

    def __iter__(self) -> Iterator[tuple[str, Place | None]]:
        """Each logical line with the place where it starts; raises nothing, the runner of a line does."""
        pending: list[str] = []
        start = 0
        for number, line in enumerate(self.text.splitlines()):
            if not pending:
                start = number
            pending.append(line)
            text = "\n".join(pending)
            if not needs_more(text):
                yield text, self._place(start)
                pending = []
        if pending:
            yield "\n".join(pending), self._place(start)

    def _place(self, number: int) -> Place | None:
        return None if self.place is None else Place(self.place.file, self.place.line + number)


def read_script(path: Path) -> Lines:
    """The lines of a script file; raises UsageError where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the script {path} cannot be read: {error}") from None
    return Lines(text, Place(str(path), 1), path.resolve().parent)


def needs_more(text: str) -> bool:
    """Whether a command goes on in the next line: an open multi-line string, or `macro name` or `set name` before one.

    For whoever reads commands from a user: pass the lines to the Monitor once this is false.
    """
    try:
        commands = split_commands(tokenize(text))
    except UnfinishedError:
        return True
    except MonitorError:
        return False
    return bool(commands) and len(commands[-1]) == 2 and commands[-1][0].text in ("macro", "set")
