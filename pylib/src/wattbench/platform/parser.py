"""Recursive-descent parser of the platform language: the whole grammar of Renode 1.16.1 and of its successor."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from wattbench.core.errors import SourceError
from wattbench.platform import syntax
from wattbench.platform.lexer import END, NAME, NUMBER, STRING, SYMBOL, Lexer, Token
from wattbench.platform.prelexer import prelex
from wattbench.platform.source import SYNTAX_ERROR, Position

SCRIPTS = ("preinit", "init", "reset")
KEYWORDS = frozenset({"using", "new", "as", "local", "true", "True", "false", "False", "none", "empty", *SCRIPTS})

T = TypeVar("T")


def parse_tree(text: str, file: str = "<string>") -> syntax.Tree:
    """The syntax tree of one file's text; raises SourceError E00 or E32."""
    return _Parser(Lexer(prelex(text, file))).tree()


class _Parser:
    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer

    def tree(self) -> syntax.Tree:
        position = self._lexer.position()
        usings, entries = [], []
        while self._at(NAME, "using"):
            usings.append(self._using())
            self._end_of_item(END)
        while not self._at(END):
            entries.append(self._entry())
            self._end_of_item(END)
        return syntax.Tree(tuple(usings), tuple(entries), position=position)

    def _using(self) -> syntax.Using:
        position = self._lexer.position()
        self._lexer.advance()
        path = self._expect(STRING, "the path of a file in quotes").text
        prefix = ""
        if self._at(NAME, "prefixed"):
            self._lexer.advance()
            prefix = self._expect(STRING, "a prefix in quotes").text
        return syntax.Using(path, prefix, position=position)

    def _entry(self) -> syntax.Entry:
        position = self._lexer.position()
        if self._at(NAME, "using"):
            raise position.error(SYNTAX_ERROR, "`using` must stand before the first entry")
        local = self._at(NAME, "local")
        if local:
            self._lexer.advance()
        name = self._identifier("the name of an entry")
        self._symbol(":")
        type_name = registrations = alias = None
        if self._lexer.token.kind == NAME and self._lexer.token.text not in KEYWORDS:
            type_name = self._dotted("a type")
        if self._accept("@"):
            registrations = self._registrations()
        if self._at(NAME, "as"):
            self._lexer.advance()
            alias = self._expect(STRING, "a name in quotes").text
        attributes = self._block(self._attribute) if self._at(SYMBOL, "{") else ()
        return syntax.Entry(name, type_name, registrations, alias, attributes, local, position=position)

    def _registrations(self) -> tuple[syntax.Registration, ...]:
        if self._at(NAME, "none"):
            self._lexer.advance()
            return ()
        if self._at(SYMBOL, "{"):
            return self._block(self._registration)
        return (self._registration(),)

    def _registration(self) -> syntax.Registration:
        position = self._lexer.position()
        parent = self._identifier("the name of a parent such as sysbus")
        token = self._lexer.token
        bare = token.kind == END or (token.kind == SYMBOL and token.text in ";{}") or self._at(NAME, "as")
        return syntax.Registration(parent, None if bare else self._value(), position=position)

    def _attribute(self) -> syntax.Attribute:
        token, position = self._lexer.token, self._lexer.position()
        if token.kind == NAME and token.text in SCRIPTS:
            return self._script()
        following = self._lexer.peek()
        if token.kind == NAME and following.kind == SYMBOL and following.text == ":":
            name = self._identifier("the name of an attribute")
            self._symbol(":")
            return syntax.Assignment(name, self._value(), position=position)
        return self._wiring()

    def _script(self) -> syntax.Script:
        position = self._lexer.position()
        kind = self._lexer.advance().text
        add = self._at(NAME, "add")
        if add:
            self._lexer.advance()
        self._symbol(":")
        return syntax.Script(kind, add, self._block(self._statement), position=position)

    def _statement(self) -> syntax.Statement:
        position = self._lexer.position()
        return syntax.Statement(self._lexer.raw_statement(), position=position)

    def _wiring(self) -> syntax.Wiring:
        position = self._lexer.position()
        sources: tuple[str | int, ...] = ()
        if not self._at(SYMBOL, "->"):
            sources = self._pins(names=True)
        if not self._accept("->"):
            raise self._unexpected("an attribute (`name: value`) or an interrupt (`source -> destination@pin`)")
        if self._at(NAME, "none"):
            self._lexer.advance()
            return syntax.Wiring(sources, (), position=position)
        destinations = [self._destination()]
        while self._accept("|") or self._lexer.token.kind == NAME:
            destinations.append(self._destination())
        return syntax.Wiring(sources, tuple(destinations), position=position)

    def _destination(self) -> syntax.Destination:
        position = self._lexer.position()
        name = self._identifier("the destination of an interrupt")
        local = self._integer() if self._accept("#") else None
        self._symbol("@")
        pins = tuple(pin for pin in self._pins(names=False) if isinstance(pin, int))
        return syntax.Destination(name, local, pins, position=position)

    def _pins(self, *, names: bool) -> tuple[str | int, ...]:
        """A pin, a range of pins or a list of both; sources may be names."""
        if not self._accept("["):
            return self._pin_range(names=names)
        pins = [*self._pin_range(names=names)]
        while self._accept(","):
            if self._at(SYMBOL, "]"):
                break
            pins += self._pin_range(names=names)
        self._symbol("]")
        return tuple(pins)

    def _pin_range(self, *, names: bool) -> tuple[str | int, ...]:
        if names and self._lexer.token.kind == NAME:
            return (self._identifier("the name of an output"),)
        first = self._integer()
        if not self._accept("-"):
            return (first,)
        last = self._integer()
        step = 1 if last >= first else -1
        return tuple(range(first, last + step, step))

    def _value(self) -> syntax.Value:
        token, position = self._lexer.token, self._lexer.position()
        if token.kind == NUMBER or self._at(SYMBOL, "-"):
            return syntax.Number(self._number(), position=position)
        if token.kind == STRING:
            return syntax.Text(self._lexer.advance().text, position=position)
        if token.kind == NAME:
            return self._named_value()
        if self._accept("<"):
            return self._span(position)
        if self._accept("["):
            return syntax.ListValue(self._list_items(), position=position)
        if self._accept("."):
            return syntax.EnumValue("", self._identifier("a value"), position=position)
        if self._at(SYMBOL, "{"):
            return syntax.DictValue(self._block(self._dict_item), position=position)
        raise self._unexpected("a value")

    def _named_value(self) -> syntax.Value:
        token, position = self._lexer.token, self._lexer.position()
        if token.text == "new":
            self._lexer.advance()
            type_name = self._dotted("a type")
            attributes = self._block(self._attribute) if self._at(SYMBOL, "{") else ()
            return syntax.NewObject(type_name, attributes, position=position)
        constants: dict[str, syntax.Value] = {
            "true": syntax.Boolean(True, position=position),
            "false": syntax.Boolean(False, position=position),
            "True": syntax.Boolean(True, position=position),
            "False": syntax.Boolean(False, position=position),
            "empty": syntax.EmptyValue(position=position),
            "none": syntax.NoneValue(position=position),
        }
        if token.text in constants:
            self._lexer.advance()
            return constants[token.text]
        type_name, _, value = self._dotted("a value").rpartition(".")
        if not type_name:
            return syntax.Reference(value, position=position)
        return syntax.EnumValue(type_name, value, position=position)

    def _span(self, position: Position) -> syntax.Span:
        start = self._integer()
        self._symbol(",")
        end = start + self._integer() if self._accept("+") else self._integer()
        if end < start:
            raise position.error(SYNTAX_ERROR, f"the range ends at 0x{end:X} before it starts at 0x{start:X}")
        self._symbol(">")
        return syntax.Span(start, end, position=position)

    def _list_items(self) -> tuple[syntax.Value, ...]:
        items = []
        while not self._accept("]"):
            items.append(self._value())
            if not self._accept(",") and not self._at(SYMBOL, "]"):
                raise self._unexpected("`,` or `]`")
        return tuple(items)

    def _dict_item(self) -> tuple[syntax.Value, syntax.Value]:
        key = self._value()
        self._symbol(":")
        return key, self._value()

    def _block(self, item: Callable[[], T]) -> tuple[T, ...]:
        """`{ item; item }`; a `;` before the closing brace is allowed."""
        self._symbol("{")
        items: list[T] = []
        while not self._accept("}"):
            items.append(item())
            self._end_of_item("}")
        return tuple(items)

    def _end_of_item(self, closer: str) -> None:
        closed = self._at(END) if closer == END else self._at(SYMBOL, closer)
        if not closed and not self._accept(";"):
            raise self._unexpected("the end of the line or `;`")

    def _number(self) -> int | Decimal:
        sign = -1 if self._accept("-") else 1
        text = self._expect(NUMBER, "a number").text.replace("_", "")
        return sign * (Decimal(text) if "." in text else int(text, 0 if text.startswith("0x") else 10))

    def _integer(self) -> int:
        """A number that must be whole and not negative."""
        position = self._lexer.position()
        value = self._number()
        if not isinstance(value, int) or value < 0:
            raise position.error(SYNTAX_ERROR, f"expected a whole number of 0 or more, not {value}")
        return value

    def _dotted(self, what: str) -> str:
        name = self._identifier(what)
        while self._accept("."):
            name += "." + self._identifier(what)
        return name

    def _identifier(self, what: str) -> str:
        token = self._expect(NAME, what)
        if token.text in KEYWORDS:
            raise self._lexer.position(token).error(SYNTAX_ERROR, f"expected {what}, and `{token.text}` is a keyword")
        return token.text

    def _symbol(self, text: str) -> None:
        if not self._accept(text):
            raise self._unexpected(f"`{text}`")

    def _accept(self, text: str) -> bool:
        if self._at(SYMBOL, text):
            self._lexer.advance()
            return True
        return False

    def _at(self, kind: str, text: str | None = None) -> bool:
        token = self._lexer.token
        return token.kind == kind and (text is None or token.text == text)

    def _expect(self, kind: str, what: str) -> Token:
        if self._lexer.token.kind != kind:
            raise self._unexpected(what)
        return self._lexer.advance()

    def _unexpected(self, expected: str) -> SourceError:
        token = self._lexer.token
        found = "the end of the text" if token.kind == END else f"`{token.text}`"
        return self._lexer.position().error(SYNTAX_ERROR, f"expected {expected}, found {found}")
