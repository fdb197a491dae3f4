"""COMTRADE in and out: round trips in all formats, an independent reader, and damaged files that are named."""

import math
import re
from dataclasses import replace

import comtrade as independent
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wattbench.core.errors import SourceError, UsageError
from wattbench.labs.grid.files.comtrade import Comtrade, comtrade_of, read_comtrade, write_comtrade
from wattbench.labs.grid.files.comtrade_config import Analog, ComtradeConfig, Digital, Rate, format_config, parse_config
from wattbench.labs.grid.files.comtrade_data import ComtradeData, decode, encode

NAMES = st.text(st.characters(codec="ascii", categories=("L", "N"), include_characters=" _-."), min_size=1, max_size=8)
FORMATS = ("ASCII", "BINARY", "BINARY32", "FLOAT32")
FINITE = st.floats(-1e6, 1e6)


@st.composite
def recordings(draw) -> Comtrade:
    form, revision = draw(st.sampled_from(FORMATS)), draw(st.sampled_from((1991, 1999, 2013)))
    names = draw(st.lists(NAMES.map(str.strip).filter(bool), min_size=1, max_size=20, unique=True))
    cut = draw(st.integers(1, len(names)))
    analogs = tuple(
        Analog(
            name,
            draw(st.sampled_from(["V", "kV", "A", "kA", "mA", ""])),
            draw(st.floats(1e-6, 1e3)),
            draw(FINITE),
            draw(st.floats(0, 100)),
            -math.inf if form == "FLOAT32" else -32767.0,
            math.inf if form == "FLOAT32" else 32767.0,
            *((1.0, 1.0, "P") if revision == 1991 else (draw(st.floats(1, 1e4)), draw(st.floats(1, 100)), "S")),
            phase=draw(st.sampled_from(["", "A", "N"])),
        )
        for name in names[:cut]
    )
    digitals = tuple(Digital(name, draw(st.integers(0, 1))) for name in names[cut:])
    count = draw(st.integers(1, 12))
    rates = (Rate(draw(st.floats(100, 1e5)), count),) if draw(st.booleans()) else (Rate(0.0, count),)
    config = ComtradeConfig(
        "station", "device", revision, analogs, digitals, 50.0, rates, format=form,
        time_factor=1.0 if revision == 1991 else draw(st.floats(0.5, 100)),
        tail=("0,0", "B,3") if revision == 2013 else (),
    )  # fmt: skip
    value = st.floats(-1e6, 1e6, width=32) if form == "FLOAT32" else st.integers(-32767, 32767).map(float)
    data = ComtradeData(
        np.cumsum(draw(st.lists(st.integers(1, 1000), min_size=count, max_size=count))),
        np.array([[draw(value) for _ in analogs] for _ in range(count)]).reshape(count, len(analogs)),
        np.array([[draw(st.integers(0, 1)) for _ in digitals] for _ in range(count)], dtype=np.int8).reshape(
            count, len(digitals)
        ),
    )
    return Comtrade(config, data)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(recordings())
def test_what_is_written_is_read(tmp_path, recording):
    assert parse_config(format_config(recording.config), "x.cfg") == recording.config
    again = decode(encode(recording.data, recording.config), recording.config, "x.dat")
    for column in ("stamps", "analogs", "digitals"):
        assert np.array_equal(getattr(again, column), getattr(recording.data, column))
    endings = ("cfg", "cff") if recording.config.revision == 2013 else ("cfg",)
    for ending in endings:
        path = tmp_path / f"r.{ending}"
        write_comtrade(recording, path)
        found = read_comtrade(path)
        assert found.config == recording.config
        assert np.array_equal(found.data.analogs, recording.data.analogs)
        assert np.array_equal(found.data.digitals, recording.data.digitals)


def sine(count: int = 400, **options) -> Comtrade:
    t = np.arange(count) / 4000
    channels = {
        "VA": (230 * math.sqrt(2) * np.sin(2 * np.pi * 50 * t), "V"),
        "IA": (5 * math.sqrt(2) * np.sin(2 * np.pi * 50 * t - 1) + 2, "A"),
    }
    trip = (t > 0.05).astype(np.int8)
    return comtrade_of(channels, 4000.0, digitals={"TRIP": trip, "ALARM": 1 - trip}, **options)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("ending", ["cfg", "cff"])
def test_an_independent_reader_finds_the_same(tmp_path, form, ending):
    recording = sine(format=form)
    path = tmp_path / f"r.{ending}"
    write_comtrade(recording, path)
    other = independent.Comtrade(ignore_warnings=True)
    other.load(str(path), **({} if ending == "cff" else {"dat_file": str(path.with_suffix(".dat"))}))
    assert other.analog_channel_ids == ["VA", "IA"]
    assert other.cfg.sample_rates == [[4000.0, 400]]
    for number, name in enumerate(("VA", "IA")):
        # It keeps values in single precision.
        assert np.allclose(other.analog[number], recording.values(name), rtol=3e-7, atol=3e-5)
    assert list(other.status[0]) == recording.status("TRIP").tolist()
    assert list(other.status[1]) == recording.status("ALARM").tolist()


@pytest.mark.parametrize(("form", "ppm"), [("BINARY", 16), ("ASCII", 16), ("BINARY32", 3e-4), ("FLOAT32", 0.06)])
def test_the_format_decides_the_resolution(tmp_path, form, ppm):
    recording = sine(format=form)
    write_comtrade(recording, tmp_path / "r.cfg")
    found = read_comtrade(tmp_path / "r.cfg").recordings()["VA"]
    exact = 230 * math.sqrt(2) * np.sin(2 * np.pi * 50 * np.arange(400) / 4000)
    assert np.abs(found.samples - exact).max() <= 326 * ppm * 1e-6
    assert found.rate_hz == 4000


def test_primary_and_secondary_and_units():
    analog = Analog("VA", "kV", 0.01, 0.0, primary=110.0, secondary=0.1, side="S")
    config = ComtradeConfig("s", "d", 1999, (analog,), (), rates=(Rate(1000, 2),))
    data = ComtradeData(np.array([0, 1000]), np.array([[10.0], [-20.0]]), np.zeros((2, 0), dtype=np.int8))
    recording = Comtrade(config, data)
    assert recording.values("VA").tolist() == [100, -200]
    assert recording.values("VA", "primary").tolist() == pytest.approx([110_000, -220_000])
    assert recording.values("VA", "secondary").tolist() == [100, -200]
    primary = Comtrade(replace(config, analogs=(replace(analog, side="P"),)), data)
    assert primary.values("VA", "secondary").tolist() == pytest.approx([100 / 1100, -200 / 1100])
    assert [Analog("x", unit).si_factor for unit in ("V", "kA", "mV", "MV", "uA", "Hz", "")] == [
        1,
        1e3,
        1e-3,
        1e6,
        1e-6,
        1,
        1,
    ]


def test_a_rate_from_time_stamps():
    recording = sine()
    stamped = replace(recording.config, rates=(Rate(0.0, 400),))
    assert Comtrade(stamped, recording.data).sample_rate_hz == pytest.approx(4000)
    nano = replace(stamped, start="01/01/2000,00:00:00.000000000")
    assert Comtrade(nano, recording.data).sample_rate_hz == pytest.approx(4_000_000)
    uneven = recording.data.stamps.copy()
    uneven[7] += 20
    with pytest.raises(SourceError, match="not evenly spaced"):
        _ = Comtrade(stamped, replace(recording.data, stamps=uneven)).sample_rate_hz
    without = replace(recording.data, stamps=np.full(400, -1))
    with pytest.raises(SourceError, match="neither a sample rate nor a time stamp"):
        _ = Comtrade(stamped, without).sample_rate_hz
    two = replace(recording.config, rates=(Rate(4000, 100), Rate(1000, 400)))
    with pytest.raises(SourceError, match="several sample rates"):
        _ = Comtrade(two, recording.data).sample_rate_hz


def edited(text: str, line: int, pattern: str, new: str) -> str:
    lines = text.split("\r\n")
    assert re.search(pattern, lines[line - 1])
    lines[line - 1] = re.sub(pattern, new, lines[line - 1], count=1)
    return "\r\n".join(lines)


@pytest.mark.parametrize(
    ("line", "pattern", "new", "message"),
    [
        (1, "2013", "2007", r"r.cfg:1: the revision 2007"),
        (2, "^4", "5", r":2: 5 channels are not 2 analog and 2 digital"),
        (2, "2A", "2", r":2: .* ends with A"),
        (2, "2A", "xA", r":2: .* whole number, not 'x'"),
        (3, "^1", "2", r":3: analog channel 1 says that it is number 2"),
        (3, r"V,[^,]*", "V,0", r":3: the multiplier of 'VA' is 0"),
        (3, r"V,[^,]*", "V,abc", r":3: the multiplier is a number, not 'abc'"),
        (3, r"V,[^,]*", "V,nan", r":3: the multiplier is a number, not 'nan'"),
        (3, ",P$", ",X", r":3: .* primary \(P\) or secondary"),
        (3, ",P$", "", r":3: analog channel 1 has 13 fields, not 12"),
        (4, "IA", "VA", r"two channels have the name 'VA'"),
        (5, "^1", "9", r":5: digital channel 1 says that it is number 9"),
        (8, "1", "x", r":8: the number of sample rates is a whole number"),
        (9, "4000.0", "-1", r":9: -1 Hz up to sample 400 cannot"),
        (9, "400$", "0", r":9: 4000 Hz up to sample 0 cannot"),
        (12, "BINARY32", "TEXT", r":12: the data are in .* not in 'TEXT'"),
        (13, "1.0", "0", r":13: the time factor is above 0"),
    ],
)
def test_a_damaged_configuration_is_named(tmp_path, line, pattern, new, message):
    write_comtrade(sine(), tmp_path / "r.cfg")
    text = (tmp_path / "r.cfg").read_bytes().decode()
    (tmp_path / "r.cfg").write_bytes(edited(text, line, pattern, new).encode())
    with pytest.raises(SourceError, match=message):
        read_comtrade(tmp_path / "r.cfg")


@pytest.mark.parametrize("lines", range(12))
def test_a_configuration_that_ends_early_is_named(tmp_path, lines):
    write_comtrade(sine(), tmp_path / "r.cfg")
    text = (tmp_path / "r.cfg").read_bytes().decode().split("\r\n")
    (tmp_path / "r.cfg").write_text("\r\n".join(text[:lines]))
    with pytest.raises(SourceError, match=r"ends where|has .* fields"):
        read_comtrade(tmp_path / "r.cfg")


@pytest.mark.parametrize("form", ["BINARY", "BINARY32", "FLOAT32"])
def test_binary_data_that_do_not_fit_are_named(tmp_path, form):
    write_comtrade(sine(format=form), tmp_path / "r.cfg")
    data = tmp_path / "r.dat"
    whole = data.read_bytes()
    for damaged, message in (
        (whole[:-1], "cut off or belong to another"),
        (whole + b"\0", "cut off or belong to another"),
        (b"\7" + whole[1:], "sample 1 says that it is number 7"),
        (whole[:4] + b"\xff\xff\0\0" + whole[8:], "time stamp of sample 2 is not later"),
    ):
        data.write_bytes(damaged)
        with pytest.raises(SourceError, match=message):
            read_comtrade(tmp_path / "r.cfg")
    data.unlink()
    with pytest.raises(SourceError, match=r"r.dat, are not beside it"):
        read_comtrade(tmp_path / "r.cfg")


def test_values_that_are_missing_or_out_of_range_are_named(tmp_path):
    recording = sine(format="BINARY")
    gone = recording.data.analogs.copy()
    gone[5, 1] = -0x8000
    wide = replace(recording.config, analogs=tuple(replace(a, lowest=-4e4) for a in recording.config.analogs))
    write_comtrade(Comtrade(wide, replace(recording.data, analogs=gone)), tmp_path / "r.cfg")
    with pytest.raises(SourceError, match="'IA' has no value in sample 6"):
        read_comtrade(tmp_path / "r.cfg")
    narrow = replace(recording.config, analogs=tuple(replace(a, highest=100.0) for a in recording.config.analogs))
    write_comtrade(Comtrade(narrow, recording.data), tmp_path / "r.cfg")
    with pytest.raises(SourceError, match=r"'VA' is .* in sample .*, outside its range from -32767 to 100"):
        read_comtrade(tmp_path / "r.cfg")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-2] + lines[-1:], "400 samples, but there are 399"),
        (lambda lines: [lines[0] + ",1", *lines[1:]], r"r.dat:1: a sample has 6 fields, not 7"),
        (lambda lines: [lines[0].replace(",", ",x", 1), *lines[1:]], "a sample consists of numbers"),
        (lambda lines: ["2" + lines[0][1:], *lines[1:]], r"r.dat:1: sample 1 says that it is number 2"),
        (lambda lines: [lines[0][:-1] + "2", *lines[1:]], "a digital value is 0 or 1"),
        (lambda lines: [re.sub(r",[^,]*,(\d,\d)$", r",,\1", lines[0]), *lines[1:]], "'IA' has no value in sample 1"),
    ],
)
def test_text_data_that_do_not_fit_are_named(tmp_path, change, message):
    write_comtrade(sine(format="ASCII"), tmp_path / "r.cfg")
    data = tmp_path / "r.dat"
    data.write_bytes("\r\n".join(change(data.read_bytes().decode().split("\r\n"))).encode())
    with pytest.raises(SourceError, match=message):
        read_comtrade(tmp_path / "r.cfg")


def test_a_damaged_combined_file_is_named(tmp_path):
    path = tmp_path / "r.cff"
    write_comtrade(sine(), path)
    whole = path.read_bytes()
    for damaged, message in (
        (whole[:-9], r"should have \d+ bytes, but the file ends after"),
        (whole.replace(b"type: DAT", b"type: DOT"), "no section `--- file type: DAT"),
        (whole.replace(b"type: HDR", b"type: INF"), "two sections INF"),
        (b"nothing", "no section `--- file type: CFG"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(SourceError, match=message):
            read_comtrade(path)


def test_wrong_use_is_said(tmp_path):
    with pytest.raises(UsageError, match=r"give its .cfg or .cff"):
        read_comtrade(tmp_path / "r.dat")
    with pytest.raises(SourceError, match="cannot be read"):
        read_comtrade(tmp_path / "none.cfg")
    with pytest.raises(UsageError, match="needs the revision 2013"):
        write_comtrade(sine(revision=1999), tmp_path / "r.cff")
    with pytest.raises(UsageError, match="no analog channel 'VB'; it has VA, IA"):
        sine().values("VB")
    with pytest.raises(UsageError, match="no digital channel 'X'; it has TRIP, ALARM"):
        sine().status("X")
    with pytest.raises(UsageError, match="needs an analog channel"):
        comtrade_of({}, 1000.0)
    with pytest.raises(UsageError, match="channel B needs 2 finite values"):
        comtrade_of({"A": (np.zeros(2), "V"), "B": (np.array([0, np.nan]), "V")}, 1000.0)
