"""Tokens, with the traps of the language."""

import pytest

from wattbench.core.errors import MonitorError
from wattbench.monitor.tokens import Kind, UnfinishedError, split_commands, tokenize


def kinds(text):
    return [(token.kind.name, token.value) for token in tokenize(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cpu PC 0x10", [("LITERAL", "cpu"), ("LITERAL", "PC"), ("INTEGER", 16)]),
        ("-0x10 -5 +5", [("INTEGER", -16), ("INTEGER", -5), ("INTEGER", 5)]),
        ("1.5 -1e3 2.5E-1", [("FLOAT", 1.5), ("FLOAT", -1000.0), ("FLOAT", 0.25)]),
        ("0x1G 1abc 1.2.3", [("LITERAL", "0x1G"), ("LITERAL", "1abc"), ("LITERAL", "1.2.3")]),
        ("-n ? ?x", [("LITERAL", "-n"), ("LITERAL", "?"), ("LITERAL", "?x")]),
        ("true False TRUE truest", [("BOOLEAN", True), ("BOOLEAN", False), ("BOOLEAN", True), ("LITERAL", "truest")]),
        ("null nullify", [("NULL", None), ("LITERAL", "nullify")]),
        ("$a.b_c=1", [("VARIABLE", "a.b_c"), ("ASSIGN", "="), ("INTEGER", 1)]),
        ("$a?=@x/y.elf", [("VARIABLE", "a"), ("DEFAULT_ASSIGN", "?="), ("PATH", "x/y.elf")]),
        (r"@a\ b.elf;c", [("PATH", "a b.elf"), ("SEPARATOR", ";"), ("LITERAL", "c")]),
        ("@https://x.org/f#1", [("PATH", "https://x.org/f#1")]),
        (r"$ORIGIN/../a\ b.repl $CWD;", [("PATH", "$ORIGIN/../a b.repl"), ("VARIABLE", "CWD"), ("SEPARATOR", ";")]),
        ("$ORIGINAL $x=$CWD/y", [("VARIABLE", "ORIGINAL"), ("VARIABLE", "x"), ("ASSIGN", "="), ("PATH", "$CWD/y")]),
        ("<0x10, 0x1F>", [("RANGE", range(0x10, 0x20))]),
        ("<0x10 0x10>", [("RANGE", range(0x10, 0x20))]),
        ("< 16,31 >", [("RANGE", range(0x10, 0x20))]),
        ("[1, 'a']", [("OPEN", "["), ("INTEGER", 1), ("COMMA", ","), ("STRING", "a"), ("CLOSE", "]")]),
        ("a # b ; c", [("LITERAL", "a")]),
        (":name: a board", []),
        ("a :comment", [("LITERAL", "a")]),
        ("a:b c", [("LITERAL", "a:b"), ("LITERAL", "c")]),
        ("1:30 0:00:01.5", [("TIME", 90_000_000_000), ("TIME", 1_500_000_000)]),
        ('"a#b;c"', [("STRING", "a#b;c")]),
        (r'"a\nb" "c\"d" "e\'f"', [("STRING", r"a\nb"), ("STRING", 'c"d'), ("STRING", r"e\'f")]),
        (r"'a\'b'", [("STRING", "a'b")]),
        ('""', [("STRING", "")]),
        ('"""a\n"b" # c\n"""', [("STRING", 'a\n"b" # c\n')]),
        ("`peripherals` x", [("EXECUTE", "peripherals"), ("LITERAL", "x")]),
        ("s.p-1 mach:0", [("LITERAL", "s.p-1"), ("LITERAL", "mach:0")]),
    ],
)
def test_tokens(text, expected):
    assert kinds(text) == expected


def test_columns():
    assert [token.column for token in tokenize('a  "b" c')] == [1, 4, 8]


@pytest.mark.parametrize("text", ['macro reset """', 'set x """ a\nb', 'set x """ "a" '])
def test_an_open_multiline_string_wants_more(text):
    with pytest.raises(UnfinishedError):
        tokenize(text)


@pytest.mark.parametrize(("text", "column"), [('a "b', 3), ("a 'b", 3), ("a `b", 3), ("a / b", 3), ("(a)", 1)])
def test_wrong_characters_are_named_with_their_column(text, column):
    with pytest.raises(MonitorError, match=f"^column {column}: "):
        tokenize(text)


def test_commands_are_cut_at_semicolons():
    commands = split_commands(tokenize('a 1; ; echo ";" ;b;'))
    assert [[token.text for token in command] for command in commands] == [["a", "1"], ["echo", '";"'], ["b"]]


def test_a_range_is_inclusive_in_one_form_only():
    assert tokenize("<1, 1>")[0].value == range(1, 2)
    assert tokenize("<1 1>")[0].value == range(1, 2)
    assert tokenize("<1, 3>")[0].value == range(1, 4)
    assert tokenize("<1 3>")[0].value == range(1, 4)
    assert tokenize("<2, 3>")[0].value != tokenize("<2 3>")[0].value
    assert tokenize("<1, 3>")[0].kind is Kind.RANGE
