"""Files, updates, scopes and the checks on entries."""

from textwrap import dedent

import pytest

from wattbench.core.errors import SourceError, UsageError
from wattbench.platform import load_platform, parse_platform
from wattbench.platform.syntax import Number, Reference


def files(folder, **texts):
    for name, text in texts.items():
        path = folder / (name.replace("__", "/") + ".repl")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return folder / "main.repl"


def targets(element):
    return {item.source: [(pin.receiver, pin.local, pin.number) for pin in item.targets] for item in element.interrupts}


def test_updates_override_by_name_source_and_whole_registration():
    board = parse_platform(
        dedent("""\
        x: T @ sysbus 0x10
            a: 1
            b: 2
            IRQ -> n@1
            0 -> n@2
            -> n@3
            init: { one }
            reset: { r1 }
        n: N
        x: @ sysbus 0x20
            a: 7
            b: none
            IRQ -> n@9 | n@8
            0 -> none
            init add: { two }
            reset: { r2 }
        """)
    )
    x = board["x"]
    assert {name: item.value for name, item in x.attributes.items()} == {"a": Number(7)}
    assert [item.value for item in x.registrations] == [Number(0x20)]
    assert targets(x) == {"IRQ": [("n", None, 9), ("n", None, 8)], None: [("n", None, 3)]}
    assert [item.text for item in x.init] == ["one", "two"]
    assert [item.text for item in x.reset] == ["r2"]
    assert [item.variable for item in board.elements] == ["x", "n"]


def test_arities_are_expanded():
    x = parse_platform("x: T { [0-1, Tx] -> n@[8, 4-3] }; n: N")["x"]
    assert targets(x) == {0: [("n", None, 8)], 1: [("n", None, 4)], "Tx": [("n", None, 3)]}


def test_builtin_objects_can_be_updated():
    assert [item.text for item in parse_platform('sysbus:\n    init:\n        Tag <0x0, 0x4> "a"')["sysbus"].init] == [
        'Tag <0x0, 0x4> "a"'
    ]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("x:\n    A: 1", 1, 1),
        ("x: T\nx: T", 2, 2),
        ("sysbus: T", 2, 1),
        ("x: T\nx:", 3, 2),
        ("x: T\n    0-3 -> n@0-2", 8, 2),
        ("x: T\n    a: 1\n    a: 2", 9, 3),
        ("x: T\n    0-3 -> n@0-3\n    2 -> n@7", 16, 3),
        ("x: T\n    -> n@1\n    -> n@2", 16, 3),
        ("x: T\n    [1, 1] -> n@[1, 2]", 16, 2),
        ("x: T\n    init: { a }\n    init: { b }", 19, 3),
        ('x: T as "y"', 33, 1),
        ('x: T @ none as "y"', 34, 1),
        ("sysbus:\n    a: 1", 35, 2),
        ("x: T\n    a: [new U { b: 1; b: 2 }]", 9, 2),
        ("x: T\n    a: new U { reset: { b } }", 0, 2),
        ('using "nowhere.repl"', 36, 1),
    ],
)
def test_faults(text, code, line):
    with pytest.raises(SourceError) as caught:
        parse_platform(text)
    assert (caught.value.code, caught.value.line) == (code, line)


def test_an_undeclared_name_gets_a_suggestion():
    with pytest.raises(SourceError, match="did you mean `lpuart1`"):
        parse_platform("lpuart1: T\nlpurt1:\n    A: 1")


def test_usings_are_read_first_and_found_relative_or_by_search(tmp_path, monkeypatch):
    main = files(
        tmp_path,
        main='using "./near.repl"\nusing "lib/far.repl"\nx:\n    b: 3\n',
        near="x: T\n    a: 1\n",
        search__lib__far='using "../up.repl"\nfar: F\n',
        search__up="up: U\n",
    )
    monkeypatch.chdir(tmp_path)
    board = load_platform(main, search=[tmp_path / "search"])
    assert [item.variable for item in board.elements] == ["x", "up", "far"]
    assert {name: item.value for name, item in board["x"].attributes.items()} == {"a": Number(1), "b": Number(3)}
    assert board["up"].position.source.file == str(tmp_path / "search/up.repl")


@pytest.mark.parametrize(
    ("main", "other", "code"),
    [
        ('using "./other.repl"\n', 'using "./main.repl"\n', 30),
        ('using "./main.repl"\n', "", 30),
        ('using "./other.repl"\nusing "./other.repl"\n', "", 17),
        ('using "./third.repl"\n', "", 36),
        ('using "./other.repl"\nx: T\n', "x: T\n", 2),
        ('using "./other.repl"\nx:\n    A: 1\n', "local x: T\n", 1),
    ],
)
def test_faults_between_files(tmp_path, main, other, code):
    with pytest.raises(SourceError) as caught:
        load_platform(files(tmp_path, main=main, other=other))
    assert caught.value.code == code


def test_a_file_used_on_two_ways_counts_once(tmp_path):
    main = files(
        tmp_path,
        main='using "./a.repl"\nusing "./b.repl"\n',
        a='using "./c.repl"\n',
        b='using "./c.repl"\n',
        c="c: C\n",
    )
    assert [item.variable for item in load_platform(main).elements] == ["c"]


def test_local_names_stay_in_their_file(tmp_path):
    main = files(
        tmp_path,
        main='using "./other.repl"\nlocal clock: B\nmine: T\n    c: clock\n',
        other="local clock: A\nyours: T\n    c: clock\n",
    )
    board = load_platform(main)
    types = {item.variable: item.type for item in board.elements}
    for user, expected in (("mine", "B"), ("yours", "A")):
        reference = board[user].attributes["c"].value
        assert isinstance(reference, Reference)
        assert types[reference.name] == expected
        assert board[reference.name].name == "clock"


def test_prefixes_of_the_older_language(tmp_path):
    main = files(
        tmp_path,
        main='using "./other.repl" prefixed "b_"\nb_x:\n    A: 1\n',
        other='using "./inner.repl" prefixed "c_"\nx: T @ sysbus 0x10\n    -> c_y@1\n',
        inner="y: Y\nz: Z\n    y: y\n",
    )
    board = load_platform(main)
    assert [item.variable for item in board.elements] == ["b_c_y", "b_c_z", "b_x"]
    assert targets(board["b_x"]) == {None: [("b_c_y", None, 1)]}
    assert board["b_c_z"].attributes["y"].value == Reference("b_c_y")
    assert board["b_x"].registrations[0].parent == "sysbus"


def test_alias_names_the_object():
    element = parse_platform('x: T @ sysbus 0x10 as "y"')["x"]
    assert (element.variable, element.name) == ("x", "y")


def test_unreadable_file(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load_platform(tmp_path / "none.repl")
