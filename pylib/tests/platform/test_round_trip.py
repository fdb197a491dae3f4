"""Any tree, written down in either layout, is read back as it was."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.core.errors import SourceError
from wattbench.platform.parser import KEYWORDS, parse_tree
from wattbench.platform.syntax import (
    Assignment,
    Boolean,
    Destination,
    DictValue,
    EmptyValue,
    Entry,
    EnumValue,
    ListValue,
    NewObject,
    NoneValue,
    Number,
    Reference,
    Registration,
    Script,
    Span,
    Statement,
    Text,
    Tree,
    Using,
    Wiring,
)

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,6}", fullmatch=True).filter(lambda name: name not in KEYWORDS)
types = st.lists(names, min_size=1, max_size=3).map(".".join)
strings = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=12)
small = st.integers(0, 200)

numbers = st.one_of(
    st.integers(-(1 << 40), 1 << 40),
    st.tuples(st.integers(-(10**6), 10**6), st.integers(1, 4)).map(lambda pair: Decimal(pair[0]).scaleb(-pair[1])),
).map(Number)
leaves = st.one_of(
    numbers,
    strings.map(Text),
    st.booleans().map(Boolean),
    st.tuples(small, small).map(lambda pair: Span(min(pair), max(pair))),
    st.builds(EnumValue, types | st.just(""), names),
    names.map(Reference),
    st.just(EmptyValue()),
    st.just(NoneValue()),
)
destinations = st.builds(Destination, names, st.none() | small, st.lists(small, min_size=1, max_size=3).map(tuple))
wirings = st.builds(
    Wiring, st.lists(names | small, max_size=3).map(tuple), st.lists(destinations, max_size=2).map(tuple)
)
statements = st.from_regex(r"[A-Z][a-z]{1,4}( [a-z0-9]{1,3}){0,2}", fullmatch=True).map(Statement)
scripts = st.builds(
    Script, st.sampled_from(["init", "reset", "preinit"]), st.booleans(), st.lists(statements, max_size=3).map(tuple)
)


def attributes(values):
    return st.lists(st.builds(Assignment, names, values) | wirings | scripts, max_size=3).map(tuple)


def nested(values):
    return st.one_of(
        st.lists(values, max_size=3).map(tuple).map(ListValue),
        st.lists(st.tuples(leaves, values), max_size=2).map(tuple).map(DictValue),
        st.builds(NewObject, types, attributes(values)),
    )


values = st.recursive(leaves, nested, max_leaves=6)
registrations = st.none() | st.lists(
    st.builds(Registration, names, st.none() | values.filter(lambda value: not isinstance(value, DictValue))),
    max_size=2,
).map(tuple)
entries = st.builds(
    Entry, names, st.none() | types, registrations, st.none() | strings, attributes(values), st.booleans()
)
trees = st.builds(
    Tree,
    st.lists(st.builds(Using, strings, strings), max_size=2).map(tuple),
    st.lists(entries, max_size=3).map(tuple),
)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write_value(value):
    match value:
        case Number():
            return format(value.value, "f") if isinstance(value.value, Decimal) else str(value.value)
        case Text():
            return quoted(value.value)
        case Boolean():
            return str(value.value).lower()
        case Span():
            return f"<0x{value.start:X}, {value.end}>"
        case EnumValue():
            return f"{value.type}.{value.value}"
        case Reference():
            return value.name
        case ListValue():
            return "[" + ", ".join(map(write_value, value.items)) + "]"
        case DictValue():
            return "{" + "; ".join(f"{write_value(key)}: {write_value(item)}" for key, item in value.items) + "}"
        case NewObject():
            return f"new {value.type} {{" + "; ".join(map(write_attribute, value.attributes)) + "}"
    return "empty" if isinstance(value, EmptyValue) else "none"


def write_pins(pins):
    return f"[{', '.join(map(str, pins))}]" if len(pins) > 1 else str(pins[0])


def write_attribute(attribute):
    match attribute:
        case Assignment():
            return f"{attribute.name}: {write_value(attribute.value)}"
        case Script():
            body = "; ".join(item.text for item in attribute.statements)
            return f"{attribute.kind}{' add' if attribute.add else ''}: {{{body}}}"
    ends = " | ".join(
        f"{item.name}{'' if item.local is None else f'#{item.local}'}@{write_pins(item.pins)}"
        for item in attribute.destinations
    )
    return f"{write_pins(attribute.sources) + ' ' if attribute.sources else ''}-> {ends or 'none'}"


def write_registration(item):
    return item.parent if item.value is None else f"{item.parent} {write_value(item.value)}"


def write_entry(item, *, indented):
    text = f"{'local ' if item.local else ''}{item.name}:"
    text += f" {item.type}" if item.type else ""
    if item.registrations is not None:
        text += " @ " + (
            "{" + "; ".join(map(write_registration, item.registrations)) + "}" if item.registrations else "none"
        )
    text += f" as {quoted(item.alias)}" if item.alias is not None else ""
    lines = [write_attribute(attribute) for attribute in item.attributes]
    if indented and lines:
        return "\n    ".join([text, *lines])
    return f"{text} {{ {'; '.join(lines)} }}"


def write(tree, *, indented):
    usings = [f"using {quoted(item.path)} prefixed {quoted(item.prefix)}" for item in tree.usings]
    return "\n".join([*usings, *(write_entry(item, indented=indented) for item in tree.entries)])


@settings(max_examples=150, deadline=None)
@given(trees, st.booleans())
def test_written_trees_are_read_back(tree, indented):
    assert parse_tree(write(tree, indented=indented)) == tree


@settings(max_examples=150, deadline=None)
@given(trees, st.data())
def test_damaged_text_ends_in_a_tree_or_in_a_source_error_with_a_place(tree, data):
    text = write(tree, indented=True)
    at = data.draw(st.integers(0, len(text)))
    damaged = text[:at] + data.draw(st.sampled_from(["", "{", "}", '"', "\n", "'''", "->", "%"])) + text[at + 1 :]
    fault = None
    try:
        parse_tree(damaged, "damaged.repl")
    except SourceError as error:
        fault = error
    assert fault is None or (fault.code in (0, 32) and 1 <= fault.line <= damaged.count("\n") + 1)
