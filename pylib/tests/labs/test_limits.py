import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

import wattbench.labs.metrology
from wattbench.core.errors import SourceError, UsageError
from wattbench.labs.metrology.factors import Factor
from wattbench.labs.metrology.rating import current_parts
from wattbench.labs.metrology.standards import read_standard, standards

FOLDER = Path(wattbench.labs.metrology.__file__).parent / "limits"
FILES = sorted(FOLDER.glob("*.toml"))
BY_NAME = {standard.name: standard for standard in standards()}


def value(standard, row, name, band=0):
    found = BY_NAME[standard]
    return found.limit(next(item for item in found.rows if item.id == row), name, band)


def test_every_file_is_a_standard_of_its_own():
    assert len(FILES) == len(BY_NAME) >= 6


@pytest.mark.parametrize("standard", BY_NAME.values(), ids=lambda item: item.name)
def test_every_value_has_its_clause_and_certainty(standard):
    for row in standard.rows:
        for limit in standard.limits(row) if row.values else ():
            assert limit.clause
            assert limit.certainty in ({"own"} if standard.own else {"verified", "memory"})
            assert limit.source == f"{standard.name}:{standard.edition}, {row.clause}"


@pytest.mark.parametrize("standard", BY_NAME.values(), ids=lambda item: item.name)
def test_a_better_class_is_never_wider(standard):
    for row in standard.rows:
        if row.section in ("accuracy", "influence", "constant", "repeatability"):
            values = [row.values[name] for name in standard.classes]
            for better, worse in pairwise(values):
                assert all(a <= b for a, b in zip(better, worse, strict=True)), row.id


@pytest.mark.parametrize(
    ("place", "percent", "certainty"),
    [
        (("MID MI-003", "mpe", "C", 0), 0.7, "verified"),
        (("MID MI-003", "mpe", "C", 3), 1.5, "verified"),
        (("OIML R46", "unity", "D", 0), 0.2, "memory"),
        (("IEC 62053-21", "temperature-lagging", "2", 0), 0.15, "verified"),
        (("IEC 62053-21", "dc-and-even-harmonics", "1", 0), 3.0, "verified"),
        (("IEC 62053-21", "sub-harmonics", "1", 0), 3.0, "memory"),
        (("MID MI-003", "mpe-low", "B", 1), 2.5, "verified"),
        (("MID MI-003", "mpe-single-phase-load", "A", 0), 4.0, "memory"),
        (("EN 50470-3", "low-unity", "C", 0), 1.0, "memory"),
        (("IEC 62053-21", "unity", "1", 0), 1.0, "verified"),
        (("IEC 62053-21", "unity", "2", 0), 2.0, "memory"),
        (("IEC 62053-22", "lagging-and-leading", "0.2S", 0), 0.3, "memory"),
        (("IEC 62053-23", "quarter", "3", 0), 4.0, "memory"),
        (("IEC 62053-24", "quarter", "1S", 0), 2.0, "memory"),
    ],
)
def test_known_values(place, percent, certainty):
    limit = value(*place)
    assert (limit.value, limit.certainty) == (percent, certainty)


def broken(tmp_path, old, new, name="iec_62053_24.toml"):
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "broken.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"0.5S" = 1.0, "1S" = 1.5', '"0.5S" = 1.0', "a value for each class"),
        ('"0.5S" = 1.0', '"0.5S" = -1.0', "above 0"),
        ('"0.5S" = 1.0', '"0.5S" = true', "above 0"),
        ('from = "0.01 In"', 'from = "0.01 Ix"', "no current"),
        ('"sin 1 inductive"', '"sin 1"', "no power factor"),
        ('id = "unity"', 'id = "low-unity"', "two rows"),
        ('certainty = "memory"', 'certainty = "sure"', "certainty"),
        ('clause = "8.2, table 4"\n', "", "needs `clause`"),
        ('load = "balanced"', 'laod = "balanced"', "did you mean"),
        ("[[accuracy]]", "[[acuracy]]", "did you mean"),
        ('quantity = "reactive"', 'quantity = "apparent"', "quantity"),
        ('standard = "IEC', "standard = IEC", "no TOML"),
    ],
)
def test_a_fault_in_a_file_is_named_with_its_place(tmp_path, old, new, message):
    path = broken(tmp_path, old, new)
    with pytest.raises(SourceError, match=message) as caught:
        read_standard(path)
    assert str(path) in str(caught.value)


CORRECTION = """\
[[correction]]
standard = "EN 50470-3"
row = "unity"
class = "C"
percent = 0.4
source = "EN 50470-3:2022, table 7"
"""


def corrections(tmp_path, text):
    path = tmp_path / "limits.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_user_corrects_one_value_in_one_place(tmp_path):
    found = {item.name: item for item in standards(corrections(tmp_path, CORRECTION))}["EN 50470-3"]
    row = next(item for item in found.rows if item.id == "unity")
    limit = found.limit(row, "C")
    assert (limit.value, limit.certainty) == (0.4, "corrected")
    assert "EN 50470-3:2022, table 7" in limit.note
    assert found.limit(row, "B") == value("EN 50470-3", "unity", "B").__class__(
        **{**vars(value("EN 50470-3", "unity", "B")), "note": limit.note}
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("EN 50470-3", "EN 50470-9", "`standard` is one of"),
        ('"unity"', '"unit"', "`row` is one of"),
        ('"C"', '"D"', "`class` is one of"),
        ("0.4", "0", "percentages above 0"),
        ("0.4", "[0.4, 0.5]", "needs 1 percentages"),
        ("percent", "per_cent", "no key"),
        ('source = "EN 50470-3:2022, table 7"\n', "", "needs `source`"),
        ("[[correction]]", "[[corection]]", "tables"),
    ],
)
def test_a_correction_that_fits_nowhere_is_refused(tmp_path, old, new, message):
    with pytest.raises(SourceError, match=message):
        standards(corrections(tmp_path, CORRECTION.replace(old, new, 1)))


def test_files_have_no_key_that_nobody_reads():
    for path in FILES:
        tomllib.loads(path.read_text(encoding="utf-8"))
        read_standard(path)


@pytest.mark.parametrize(
    ("text", "cosine", "sine", "shown"),
    [
        ("1", 1.0, 0.0, "PF 1"),
        ("0.5 inductive", 0.5, 0.75**0.5, "PF 0.5 inductive"),
        ("0.8 capacitive", 0.8, 0.6, "PF 0.8 capacitive"),
        ("sin 1 inductive", 0.0, 1.0, "sin 1 inductive"),
        ("sin 0.25 capacitive", 0.9375**0.5, 0.25, "sin 0.25 capacitive"),
    ],
)
def test_factors(text, cosine, sine, shown):
    factor = Factor.of(text)
    assert (factor.cosine, factor.sine) == pytest.approx((cosine, sine), abs=1e-15)
    assert str(factor) == shown


@pytest.mark.parametrize("text", ["", "0.5", "1 inductive", "0 inductive", "1.1 inductive", "0.5 inductive now", "x"])
def test_no_factors(text):
    with pytest.raises(UsageError, match="no power factor"):
        Factor.of(text)


@pytest.mark.parametrize(("text", "parts"), [("Imax", (1.0, "Imax")), ("0.05 Ib", (0.05, "Ib"))])
def test_currents(text, parts):
    assert current_parts(text) == parts


@pytest.mark.parametrize("text", ["", "I", "x Ib", "-1 Ib", "0 Ib", "1 2 Ib", "nan Ib"])
def test_no_currents(text):
    with pytest.raises(UsageError, match="no current"):
        current_parts(text)
