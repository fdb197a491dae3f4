"""Tokens of a braced description, one at a time, and raw statements where the grammar asks for them."""

from __future__ import annotations

import re
from typing import NamedTuple

from wattbench.platform.prelexer import BracedText
from wattbench.platform.source import SYNTAX_ERROR, Position

NAME, NUMBER, STRING, SYMBOL, END = "name", "number", "string", "symbol", "end"

_BLANKS = re.compile(r"\s*")
_TOKEN = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<number>0x[0-9A-Fa-f_]*[0-9A-Fa-f]|[0-9](?:[0-9_]*[0-9])?(?:\.[0-9](?:[0-9_]*[0-9])?)?)"
    r"|(?P<multiline>'''(?:\\'''|(?!''').)*''')"
    r'|(?P<string>"(?:\\.|[^"\\])*")'
    r"|(?P<symbol>->|[-:;,.@#|+<>{}\[\]])",
    re.DOTALL,
)
_QUOTED = re.compile(r"""'''(?:\\'''|(?!''').)*'''|"(?:\\.|[^"\\])*\"""", re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')


class Token(NamedTuple):
    """One token: its kind, its text (a string's is unescaped), and the indices where it starts and ends."""

    kind: str
    text: str
    start: int
    end: int


class Lexer:
    """A cursor over braced text. `token` is the present one; `advance` moves on."""

    def __init__(self, braced: BracedText) -> None:
        self._braced = braced
        self.token = self._scan(0)

    def position(self, token: Token | None = None) -> Position:
        """The place of a token, of the present one by default."""
        return self._braced.position((token or self.token).start)

    def advance(self) -> Token:
        """Step over the present token and return it."""
        passed = self.token
        self.token = self._scan(passed.end)
        return passed

    def peek(self) -> Token:
        """The token after the present one."""
        return self._scan(self.token.end)

    def raw_statement(self) -> str:
        """The text from the present token up to the `;` or `}` that ends it, strings kept whole.

        A multi-line string is handed on as a quoted one, the form that the Monitor knows.
        """
        text, at, parts = self._braced.text, self.token.start, []
        while at < len(text) and text[at] not in ";}":
            quoted = _QUOTED.match(text, at)
            if quoted:
                parts.append(_as_monitor_string(quoted.group()))
                at = quoted.end()
            elif text[at] == "{":
                raise self._braced.position(at).error(SYNTAX_ERROR, "a statement must not contain a block")
            else:
                parts.append(text[at])
                at += 1
        self.token = self._scan(at)
        return "".join(parts).strip()

    def _scan(self, at: int) -> Token:
        blanks = _BLANKS.match(self._braced.text, at)
        start = blanks.end() if blanks else at
        if start == len(self._braced.text):
            return Token(END, "", start, start)
        match = _TOKEN.match(self._braced.text, start)
        if match is None:
            # Left to the parser: in a raw statement any character is welcome.
            return Token(SYMBOL, self._braced.text[start], start, start + 1)
        kind, text = str(match.lastgroup), match.group()
        if kind == "string":
            text = _ESCAPED.sub(r"\1", text[1:-1])
        elif kind == "multiline":
            kind, text = STRING, text[3:-3].replace("\\'''", "'''")
        return Token(kind, text, start, match.end())


def _as_monitor_string(quoted: str) -> str:
    if quoted.startswith('"'):
        return quoted
    return '"' + quoted[3:-3].replace("\\'''", "'''").replace('"', '\\"') + '"'
