"""First pass over a `.repl`: comments go, indentation becomes `{`, `}` and `;`.

The result is a string of the same characters plus the inserted ones, with the place in the source of each, so that
what follows reads one form only and still reports the user's lines and columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from wattbench.core.errors import SourceError
from wattbench.platform.source import SYNTAX_ERROR, Position, Source

INDENT = 4
_PLAIN = re.compile(r"""[^\n"'/{}]+""")
"""Characters that mean nothing to this pass: copied in one go, as most of a big platform's are."""
WRONG_INDENT = 32


@dataclass(frozen=True)
class BracedText:
    """Text whose structure is in braces, and for each character its offset in the source (and one for the end)."""

    source: Source
    text: str
    offsets: list[int]

    def position(self, index: int) -> Position:
        """The place in the source of the character at `index`."""
        return self.source.position(self.offsets[index])


def prelex(text: str, file: str) -> BracedText:
    """Turn a description's text into its braced form; raises SourceError E32 (indent) or E00."""
    return _PreLexer(Source(file, text.replace("\r", ""))).run()


class _PreLexer:
    """Walks the source line by line. Layout counts only outside explicit braces."""

    def __init__(self, source: Source) -> None:
        self._source, self._text = source, source.text
        self._characters: list[str] = []
        self._offsets: list[int] = []
        self._at = 0
        self._level = 0
        self._braces: list[int] = []
        self._string_end_line = 0
        self._comment_end_line = 0

    def run(self) -> BracedText:
        started = False
        while self._at < len(self._text):
            start = self._at
            self._skip_blanks_and_comments()
            if self._at == len(self._text):
                break
            if self._text[self._at] == "\n":
                self._at += 1
                continue
            if not self._braces:
                self._layout(start, first=not started)
                started = True
            self._copy_line()
        if self._braces:
            raise self._error(self._braces[-1], "this `{` is never closed")
        for _ in range(self._level):
            self._insert("}", len(self._text))
        return BracedText(self._source, "".join(self._characters), [*self._offsets, len(self._text)])

    def _error(self, offset: int, message: str, code: int = SYNTAX_ERROR) -> SourceError:
        return self._source.position(offset).error(code, message)

    def _insert(self, characters: str, offset: int) -> None:
        self._characters += characters
        self._offsets += [offset] * len(characters)

    def _copy(self, end: int) -> None:
        self._characters += self._text[self._at : end]
        self._offsets += range(self._at, end)
        self._at = end

    def _layout(self, line_start: int, *, first: bool) -> None:
        """Compare the indent of a line that has code with the level so far."""
        if self._comment_end_line == self._source.position(self._at).line:
            raise self._error(self._at, "code must not follow a block comment that began on an earlier line")
        indent = self._text[line_start : self._at]
        if "\t" in indent:
            raise self._error(line_start, "indent with spaces, not with a tab", WRONG_INDENT)
        level, rest = divmod(len(indent), INDENT)
        if rest:
            raise self._error(
                self._at, f"indent by a multiple of {INDENT} spaces; here are {len(indent)}", WRONG_INDENT
            )
        if first and level:
            raise self._error(self._at, "the first line must not be indented", WRONG_INDENT)
        if level > self._level + 1:
            raise self._error(self._at, "indented by more than one level", WRONG_INDENT)
        if level > self._level:
            self._insert("{", self._at)
        elif not first:
            self._insert("}" * (self._level - level) + ";", self._at)
        self._level = level

    def _skip_blanks_and_comments(self) -> None:
        """Move to the next code or line end; a block comment may take several lines."""
        while self._at < len(self._text):
            if self._text[self._at] in " \t":
                self._at += 1
            elif not self._skip_comment():
                return

    def _skip_comment(self) -> bool:
        if self._text.startswith("//", self._at) and (self._at == 0 or self._text[self._at - 1] in " \t\n"):
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end
            return True
        if not self._text.startswith("/*", self._at):
            return False
        end = self._text.find("*/", self._at + 2)
        if end < 0:
            raise self._error(self._at, "this comment is never closed with `*/`")
        first_line, last_line = self._source.position(self._at).line, self._source.position(end).line
        if last_line != first_line:
            self._comment_end_line = last_line
        self._at = end + 2
        return True

    def _copy_line(self) -> None:
        """Copy code up to the end of the line, or beyond it where a multi-line string goes on."""
        while self._at < len(self._text):
            character = self._text[self._at]
            plain = _PLAIN.match(self._text, self._at)
            if plain:
                self._copy(plain.end())
            elif character == "\n":
                if self._braces:
                    self._copy(self._at + 1)
                else:
                    self._at += 1
                return
            elif self._skip_comment():
                self._insert(" ", min(self._at, len(self._text)))
                if not self._braces and self._comment_end_line == self._source.position(self._at).line:
                    self._refuse_code_after_comment()
            elif self._text.startswith("'''", self._at):
                self._copy_multiline_string()
            elif character == '"':
                self._copy(self._string_end())
            else:
                self._count_brace(character)
                self._copy(self._at + 1)

    def _refuse_code_after_comment(self) -> None:
        self._skip_blanks_and_comments()
        if self._at < len(self._text) and self._text[self._at] != "\n":
            raise self._error(self._at, "code must not follow a block comment that began on an earlier line")

    def _count_brace(self, character: str) -> None:
        if character == "{":
            self._braces.append(self._at)
        elif character == "}":
            if not self._braces:
                raise self._error(self._at, "this `}` closes nothing")
            self._braces.pop()

    def _string_end(self) -> int:
        end = self._at + 1
        while end < len(self._text) and self._text[end] not in '"\n':
            end += 2 if self._text[end] == "\\" else 1
        if end >= len(self._text) or self._text[end] == "\n":
            raise self._error(self._at, 'this string is never closed with `"`')
        return end + 1

    def _copy_multiline_string(self) -> None:
        start_line = self._source.position(self._at).line
        if start_line == self._string_end_line:
            raise self._error(self._at, "a multi-line string must not start on the line where another one ends")
        end = self._text.find("'''", self._at + 3)
        while end > 0 and self._text[end - 1] == "\\":
            end = self._text.find("'''", end + 1)
        if end < 0:
            raise self._error(self._at, "this string is never closed with `'''`")
        end_line = self._source.position(end).line
        if end_line != start_line:
            self._string_end_line = end_line
        self._copy(end + 3)
