"""The grammar, one construct at a time, and the places and codes of what is wrong."""

from decimal import Decimal
from textwrap import dedent

import pytest

from wattbench.core.errors import SourceError
from wattbench.platform import syntax
from wattbench.platform.parser import parse_tree
from wattbench.platform.syntax import Assignment, Boolean, EnumValue, Number, Reference, Span, Text


def entry(text):
    return parse_tree(dedent(text)).entries[0]


def value(text):
    return entry(f"x: T {{ a: {text} }}").attributes[0].value


def fault(text):
    with pytest.raises(SourceError) as caught:
        parse_tree(text, "board.repl")
    return caught.value.code, caught.value.line, caught.value.column


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", Number(12)),
        ("-12", Number(-12)),
        ("0x1F_00", Number(0x1F00)),
        ("1_000_000", Number(1_000_000)),
        ("-2.50", Number(Decimal("-2.50"))),
        ("true", Boolean(True)),
        ("False", Boolean(False)),
        (r'"a \"b\" \\ {;} // no comment"', Text('a "b" \\ {;} // no comment')),
        ("'''one\n  two \\''' end'''", Text("one\n  two ''' end")),
        ("<0x10, 0x20>", Span(0x10, 0x20)),
        ("<0x10, +0x20>", Span(0x10, 0x30)),
        ("Parity.Even", EnumValue("Parity", "Even")),
        ("A.B.Even", EnumValue("A.B", "Even")),
        (".Even", EnumValue("", "Even")),
        ("other", Reference("other")),
        ("empty", syntax.EmptyValue()),
        ("none", syntax.NoneValue()),
        ("[1, [2, a], ]", syntax.ListValue((Number(1), syntax.ListValue((Number(2), Reference("a")))))),
        ("[]", syntax.ListValue(())),
        ('{1: "a"; b: 2;}', syntax.DictValue(((Number(1), Text("a")), (Reference("b"), Number(2))))),
        ("new A.B", syntax.NewObject("A.B")),
        ("new B { c: 1 }", syntax.NewObject("B", (Assignment("c", Number(1)),))),
    ],
)
def test_values(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x: T", None),
        ("x: T @ none", ()),
        ("x: T @ sysbus", (syntax.Registration("sysbus"),)),
        ("x: T @ sysbus 0x40", (syntax.Registration("sysbus", Number(0x40)),)),
        ("x: @ spi 2", (syntax.Registration("spi", Number(2)),)),
        ("x: T @ { sysbus 1; spi }", (syntax.Registration("sysbus", Number(1)), syntax.Registration("spi"))),
        ("x: T @ sysbus <1, +1> { a: 1 }", (syntax.Registration("sysbus", Span(1, 2)),)),
    ],
)
def test_registrations(text, expected):
    assert entry(text).registrations == expected


def test_explicit_registration_followed_by_indented_attributes():
    parsed = entry("""\
        x: T @ sysbus new Bus.BusPointRegistration { address: 0x10; cpu: cpu0 }
            a: 1
        """)
    assert parsed.registrations[0].value.attributes[1] == Assignment("cpu", Reference("cpu0"))
    assert parsed.attributes == (Assignment("a", Number(1)),)


def test_alias_local_and_using():
    tree = parse_tree('using "a.repl"\nusing "b.repl" prefixed "b_"\nlocal x: T @ sysbus as "y"\nprefixed: T\n')
    assert [(item.path, item.prefix) for item in tree.usings] == [("a.repl", ""), ("b.repl", "b_")]
    assert (tree.entries[0].local, tree.entries[0].alias, tree.entries[1].name) == (True, "y", "prefixed")


def pins(name, *numbers, local=None):
    return syntax.Destination(name, local, numbers)


@pytest.mark.parametrize(
    ("text", "sources", "destinations"),
    [
        ("-> nvic@5", (), (pins("nvic", 5),)),
        ("IRQ -> nvic@5 | gic#1@0x6", ("IRQ",), (pins("nvic", 5), pins("gic", 6, local=1))),
        ("IRQ -> a@5 b@6", ("IRQ",), (pins("a", 5), pins("b", 6))),
        ("0-3 -> nvic@7-4", (0, 1, 2, 3), (pins("nvic", 7, 6, 5, 4),)),
        ("[0-2, 5] -> nvic@[4-6, 9]", (0, 1, 2, 5), (pins("nvic", 4, 5, 6, 9),)),
        ("[Tx, Rx] -> comb@[0-1]", ("Tx", "Rx"), (pins("comb", 0, 1),)),
        ("3 -> none", (3,), ()),
    ],
)
def test_interrupts(text, sources, destinations):
    assert entry(f"x: T {{ {text} }}").attributes == (syntax.Wiring(sources, destinations),)


def test_scripts_are_raw_and_add_is_no_keyword():
    parsed = entry("""\
        x: T
            init:
                Tag <0x0, 0x10> "a;{b}" // says nothing
                ApplySVD @file.svd
            reset add: { One 1; Two }
            add: 3
        """)
    first, second, third = parsed.attributes
    assert [item.text for item in first.statements] == ['Tag <0x0, 0x10> "a;{b}"', "ApplySVD @file.svd"]
    assert (second.kind, second.add, [item.text for item in second.statements]) == ("reset", True, ["One 1", "Two"])
    assert third == Assignment("add", Number(3))


def test_multiline_string_in_a_script_becomes_a_quoted_one():
    parsed = entry("x: T\n    init:\n        Run '''say \"hi\"\nnow'''\n        Next\n")
    assert [item.text for item in parsed.attributes[0].statements] == ['Run "say \\"hi\\"\nnow"', "Next"]


def test_braces_and_indentation_say_the_same():
    braces = parse_tree("x: T { a: 1; b: new U { c: 2; -> n@1 }; init: { go } }; y: V")
    indented = parse_tree(
        dedent("""\
        // a board
        x: T   // with a part
            a: 1
        /* nothing
              here */

            b: new U
                c: 2
                -> n@1
            init:
                go
        y: V
        """)
    )
    assert braces == indented


def test_newlines_inside_braces_need_semicolons_only():
    assert entry("x: T {\n  a: 1;\n\tb: 2\n}\n").attributes == (Assignment("a", Number(1)), Assignment("b", Number(2)))


def test_positions_are_those_of_the_source():
    tree = parse_tree("/* c */ using_: T\r\n    a: 1\r\n    b: new U { -> n@3 }\r\n".replace("/* c */ ", ""))
    new = tree.entries[0].attributes[1].value
    assert (new.position.line, new.position.column) == (3, 8)
    assert (new.attributes[0].position.line, new.attributes[0].position.column) == (3, 16)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("x: T\n  a: 1", 32, 2, 3),
        ("x: T\n\ta: 1", 32, 2, 1),
        ("    x: T", 32, 1, 5),
        ("x: T\n        a: 1", 32, 2, 9),
        ("x: T {\n    a: 1", 0, 1, 6),
        ("x: T }", 0, 1, 6),
        ('x: T\n    a: "b', 0, 2, 8),
        ("x: T\n    a: '''b", 0, 2, 8),
        ("x: T\n    a: 1 /* b", 0, 2, 10),
        ("/* a\n*/ x: T", 0, 2, 4),
        ("x: T\n    a: '''b\n    c'''; d: '''e'''", 0, 3, 14),
        ("x T", 0, 1, 3),
        ("x: T\n    a:", 0, 2, 7),
        ("x: T\n    a: %", 0, 2, 8),
        ("x: T { a: 1 b: 2 }", 0, 1, 13),
        ("x: T\n    -> nvic", 0, 2, 12),
        ("x: T { a: <2, 1> }", 0, 1, 11),
        ("x: T { a: <-2, 1> }", 0, 1, 12),
        ("init: T", 0, 1, 1),
        ('x: T\nusing "b"', 0, 2, 1),
        ("x: T { init: { a { b } } }", 0, 1, 18),
    ],
)
def test_faults_have_code_and_place(text, code, line, column):
    assert fault(text) == (code, line, column)


def test_an_error_shows_file_line_and_caret():
    with pytest.raises(SourceError, match=r"^board\.repl:2:8: Error E00: expected a value, found `\*`\n") as caught:
        parse_tree("x: T\n    a: *1\n", "board.repl")
    assert str(caught.value).splitlines()[1:] == ["        a: *1", "           ^"]
