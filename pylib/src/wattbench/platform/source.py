"""The text of a description and places in it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from wattbench.core.errors import SourceError

SYNTAX_ERROR = 0
"""Renode's code for text that does not follow the grammar."""


@dataclass(frozen=True)
class Source:
    """One file (or string) with its text; carriage returns are already gone."""

    file: str
    text: str = field(repr=False)

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return self.text.split("\n")

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate((len(line) + 1 for line in self.lines), initial=0))

    def position(self, offset: int) -> Position:
        """The place of the character at `offset`; the text's end counts as a place."""
        line = bisect_right(self._starts, offset, hi=len(self.lines))
        return Position(self, line, offset - self._starts[line - 1] + 1)


@dataclass(frozen=True)
class Position:
    """A place in a source; line and column count from 1."""

    source: Source = field(repr=False)
    line: int
    column: int

    def error(self, code: int, message: str) -> SourceError:
        """An error at this place that shows the line with a caret under the column; `code` is Renode's number."""
        text = self.source.lines[self.line - 1]
        caret = " " * (self.column - 1) + "^"
        return SourceError(f"{message}\n    {text}\n    {caret}", self.source.file, self.line, self.column, code)


NOWHERE = Position(Source("<nowhere>", ""), 1, 1)
"""Place of nodes that were made by a program."""
