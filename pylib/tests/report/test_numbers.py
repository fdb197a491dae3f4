import pytest

from wattbench.report import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9.58333333, "9.58333"), (0.0, "0"),
        (-12.5, "\N{MINUS SIGN}12.5000"), (123456.789, "123\u202f457"), (0.00012, "0.00012"),
        (1.5e-7, "1.5e\N{MINUS SIGN}07"),
        (3450.0, "3\u202f450.00"),
    ],
)  # fmt: skip
def test_plain(value, text):
    assert numbers.plain(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.01, "+0.0100"), (-0.66, "\N{MINUS SIGN}0.6600"), (12.3456, "+12.35"), (-1e-7, "+0.0000")]
)
def test_signed(value, text):
    assert numbers.signed(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5\u202fs"), (63.25, "63.2\u202fs"), (3600, "60\u202fmin 0\u202fs")]
)
def test_seconds(value, text):
    assert numbers.seconds(value) == text


@pytest.mark.parametrize(("value", "unit", "text"), [(-0.5, "%", "\N{MINUS SIGN}0.5000 %"), (2.5, "Wh", "2.50000 Wh")])
def test_amount(value, unit, text):
    assert numbers.amount(value, unit) == text


@pytest.mark.parametrize(("value", "text"), [(0, "none"), (1e-8, "< 0.0001 %"), (0.00484, "±0.0048 %")])
def test_doubt(value, text):
    assert numbers.doubt(value, "%") == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4, "ns", "4.000\u202fns"),
        (250_326, "ns", "250.3\u202f\N{MICRO SIGN}s"),
        (-761_236, "ns", "\N{MINUS SIGN}761.2\u202f\N{MICRO SIGN}s"),
        (11_232_164, "ns", "11.23\u202fms"),
        (2e9, "ns", "2.000\u202fs"),
        (0.33838, "%", "0.3384\u202f%"),
    ],
)
def test_measure(value, unit, text):
    assert numbers.measure(value, unit) == text
