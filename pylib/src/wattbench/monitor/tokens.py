"""Tokens of the Monitor language.

The patterns are tried in the order of Renode's tokenizer, in the form of its newer releases: a `:` starts a comment
only at the start of a token, because names may contain it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from wattbench.core.clock import to_ns
from wattbench.core.errors import MonitorError


class Kind(Enum):
    """What a token is."""

    COMMENT = auto()
    EXECUTE = auto()
    VARIABLE = auto()
    OPEN = auto()
    CLOSE = auto()
    STRING = auto()
    RANGE = auto()
    PATH = auto()
    INTEGER = auto()
    TIME = auto()
    FLOAT = auto()
    BOOLEAN = auto()
    NULL = auto()
    DEFAULT_ASSIGN = auto()
    ASSIGN = auto()
    SEPARATOR = auto()
    COMMA = auto()
    LITERAL = auto()


@dataclass(frozen=True)
class Token:
    """One token: its kind, its text as written, its Python value, the column (from 1) and row (from 0) of its start.

    Values: str for strings, paths, names; int, float, bool, None; a `range` (end exclusive) for ranges; virtual ns
    for times.
    """

    kind: Kind
    text: str
    value: Any
    column: int = 0
    row: int = 0


class UnfinishedError(MonitorError):
    """The text ends inside a `\"\"\"` string; more lines are needed."""


_END = r"(?![\w.\-?:])"
_NUMBER = r"-?(?:0x[0-9A-Fa-f]+|[0-9]+)"
_PATTERNS: tuple[tuple[Kind, str], ...] = (
    (Kind.COMMENT, r"#.*"),
    (Kind.EXECUTE, r"`[^`]*`"),
    (Kind.PATH, r"\$(?:ORIGIN|CWD)/(?:\\ |[^\s;])*"),
    (Kind.VARIABLE, r"\$[A-Za-z0-9_.]+"),
    (Kind.OPEN, r"\["),
    (Kind.CLOSE, r"\]"),
    (Kind.STRING, r'"""[\s\S]*?"""'),
    (Kind.STRING, r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""),
    (Kind.RANGE, rf"<\s*{_NUMBER}\s*(?:,\s*|\s){_NUMBER}\s*>"),
    (Kind.PATH, r"@(?:\\ |[^\s;])+"),
    (Kind.INTEGER, rf"-?0x[0-9A-Fa-f]+{_END}"),
    (Kind.TIME, rf"(?:[0-9]+:)?[0-9]+:[0-9]+(?:\.[0-9]+)?{_END}"),
    (Kind.FLOAT, rf"[+-]?(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+){_END}"),
    (Kind.INTEGER, rf"[+-]?[0-9]+{_END}"),
    (Kind.BOOLEAN, rf"(?i:true|false){_END}"),
    (Kind.NULL, rf"null{_END}"),
    (Kind.DEFAULT_ASSIGN, r"\?="),
    (Kind.ASSIGN, r"="),
    (Kind.SEPARATOR, r";"),
    (Kind.COMMA, r","),
    (Kind.LITERAL, r"[\w.\-?][\w.\-?:]*"),
    (Kind.COMMENT, r":.*"),
)
_COMPILED = tuple((kind, re.compile(pattern)) for kind, pattern in _PATTERNS)
_BLANKS = re.compile(r"\s*")


def tokenize(text: str) -> list[Token]:
    """The tokens of a line (or of several lines that a multi-line string joins), comments left out.

    Raises UnfinishedError inside a multi-line string and MonitorError for a character that starts no token.
    """
    tokens: list[Token] = []
    at = 0
    while True:
        blanks = _BLANKS.match(text, at)
        at = blanks.end() if blanks else at
        if at == len(text):
            return tokens
        token = _token(text, at)
        at += len(token.text)
        if token.kind is not Kind.COMMENT:
            tokens.append(token)


def _token(text: str, at: int) -> Token:
    column = at - text.rfind("\n", 0, at)
    for kind, pattern in _COMPILED:
        match = pattern.match(text, at)
        if match is None:
            continue
        if kind is Kind.STRING and match.group() == '""' and text.startswith('"""', at):
            raise UnfinishedError(f'the string that starts in column {column} is never closed with `"""`')
        return Token(kind, match.group(), _value(kind, match.group()), column, text.count("\n", 0, at))
    what = "string is never closed" if text[at] in "\"'`" else "character makes no sense here"
    raise MonitorError(f"column {column}: this {what}: `{text[at : at + 20].splitlines()[0]}`")


def _value(kind: Kind, text: str) -> Any:
    match kind:
        case Kind.STRING if text.startswith('"""'):
            return text[3:-3]
        case Kind.STRING:
            return text[1:-1].replace("\\" + text[0], text[0])
        case Kind.PATH:
            return text.lstrip("@").replace("\\ ", " ")
        case Kind.VARIABLE:
            return text[1:]
        case Kind.EXECUTE:
            return text[1:-1]
        case Kind.RANGE:
            first, second = (int(item, 0 if "0x" in item else 10) for item in re.findall(_NUMBER, text))
            return range(first, second + 1 if "," in text else first + second)
        case Kind.INTEGER:
            return int(text, 16 if "0x" in text else 10)
        case Kind.TIME:
            return parse_time(text)
        case Kind.FLOAT:
            return float(text)
        case Kind.BOOLEAN:
            return text.lower() == "true"
        case Kind.NULL:
            return None
    return text


def parse_time(text: str) -> int:
    """Virtual ns of `[[h:]m:]s[.f]`, exact; raises MonitorError."""
    if not re.fullmatch(r"(?:(?:[0-9]+:)?[0-9]+:)?[0-9]+(?:\.[0-9]+)?", text):
        raise MonitorError(f"`{text}` is no time: write seconds such as 0.5, or h:mm:ss.f")
    *above, seconds = text.split(":")
    total = to_ns(seconds)
    for position, part in enumerate(reversed(above), start=1):
        total += to_ns(int(part) * 60**position)
    return total


def split_commands(tokens: list[Token]) -> list[list[Token]]:
    """The commands of a line: its tokens cut at each `;`, empty ones left out."""
    commands: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind is Kind.SEPARATOR:
            commands.append([])
        else:
            commands[-1].append(token)
    return [command for command in commands if command]
