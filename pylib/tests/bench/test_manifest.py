"""Manifests: read, checked, and wrong in ways that are named."""

from __future__ import annotations

import pytest

from wattbench.bench.flash_image import FlashPart
from wattbench.bench.manifest import read_manifest
from wattbench.bench.products import find_manifest, products
from wattbench.core.errors import SourceError, UsageError

GOOD = """
[firmware]
name = "meter"
elf = "meter.elf"
platform = "../platforms/meter.resc"
[console]
uart = "lpuart1"
prompt = "> "
ready = "up"
[pulses]
active = { led = "led1", constant_imp_per_kwh = 1000.0 }
[metrology]
nominal_voltage_v = 230
nominal_current_a = 5.0
maximum_current_a = 100.0
starting_current_a = 0.02
nominal_frequency_hz = 50.0
sample_rate_hz = 8000.0
window_ms = 200.0
settle_ms = 600.0
[front_end.l1]
afe = "ade_l1"
current_input = "i"
voltage_input = "v1"
shunt_ohm = 200e-6
divider_ratio = 0.001
[registers.energy]
symbol = "meter_energy"
type = "i64"
count = 4
unit = "Wh"
scale = 1e-9
[limits]
awake_ms = 50
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "meter.toml"
        path.write_text(text)
        return path

    return write


def test_a_good_manifest(write, tmp_path):
    manifest = read_manifest(write(GOOD))
    assert manifest.file == tmp_path / "meter.elf"
    assert manifest.platform == (tmp_path / "../platforms/meter.resc").resolve()
    assert manifest.pulses["active"].per_kilo_hour == 1000.0
    assert manifest.front_ends["L1"].shunt_ohm == 200e-6
    assert (manifest.register("energy").format, manifest.register("energy").size) == ("<4q", 8)
    assert manifest.awake_ms == 50.0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('[console]\nuart = "lpuart1"', "[console]", r"\[console\] needs `uart`"),
        ("shunt_ohm", "shunt_ohms", r"no key `shunt_ohms` \(did you mean `shunt_ohm`"),
        ('"i64"', '"i63"', r"\[registers.energy\] has the type `i63`; known are"),
        ("window_ms = 200.0", 'window_ms = "long"', r"`window_ms` must be a number, not 'long'"),
        ('elf = "meter.elf"', 'elf = ""', r"\[firmware\] needs `elf`"),
        ('elf = "meter.elf"', 'image = "meter.bin"\nelf = "meter.elf"', r"given by elf and by image; one of them"),
        ('elf = "meter.elf"', 'elff = "meter.elf"', r"\[firmware\] has no key `elff` \(did you mean `elf`\?\)"),
        ("[limits]", "[[flash]]\noffset = 4\n[limits]", r"given by elf and by \[\[flash\]\]"),
        ('elf = "meter.elf"', "[[flash]]\noffset = 4\n[firmware2]", r"there is no table \[firmware2\]"),
        ("[limits]", "[wait]\nfunctions = [4]\n[limits]", r"\[wait\] `functions` must be a list of texts"),
        ("[metrology]", "[metrology_]", r"no table \[metrology_\] \(did you mean `metrology`\?\)"),
        ("[limits]", "[limits", "this is no TOML"),
    ],
)
def test_what_is_wrong_is_named(write, old, new, message):
    with pytest.raises(SourceError, match=message):
        read_manifest(write(GOOD.replace(old, new)))


WOUND = "transformer = { turns = 2500.0, burden_ohm = 20.0, lead_deg = 0.5 }"


def test_a_current_transformer_instead_of_a_shunt(write):
    wiring = read_manifest(write(GOOD.replace("shunt_ohm = 200e-6", WOUND))).front_ends["L1"]
    assert wiring.sensor_ohm == 8e-3
    assert (wiring.transformer.lead_deg, wiring.transformer.nominal_hz) == (0.5, 50.0)


def test_a_front_end_without_a_voltage(write):
    text = GOOD.replace('voltage_input = "v1"\n', "").replace("divider_ratio = 0.001\n", "")
    wiring = read_manifest(write(text)).front_ends["L1"]
    assert (wiring.voltage_input, wiring.sensor_ohm) == ("", 200e-6)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("shunt_ohm = 200e-6\n", "", r"\[front_end.l1\] needs `shunt_ohm` or `transformer` for its current, one of"),
        ("shunt_ohm = 200e-6", f"shunt_ohm = 200e-6\n{WOUND}", r"needs `shunt_ohm` or `transformer`"),
        ("shunt_ohm = 200e-6", WOUND.replace("turns", "turn"), r"\[front_end.l1.transformer\] has no key `turn` \(did"),
        ("shunt_ohm = 200e-6", WOUND.replace("2500.0", "0"), r"transformer\] `turns` must be above 0, not 0"),
        ("shunt_ohm = 200e-6", "transformer = 2500", r"the table \[front_end.l1.transformer\] is missing"),
        ("shunt_ohm = 200e-6", WOUND.replace("20.0", '"20 Ohm"'), r"`burden_ohm` must be a number, not '20 Ohm'"),
        ("divider_ratio = 0.001\n", "", r"\[front_end.l1\] needs `divider_ratio` for its voltage, or neither"),
        ('voltage_input = "v1"\n', "", r"\[front_end.l1\] needs `voltage_input` for its voltage, or neither"),
    ],
)
def test_a_front_end_that_does_not_fit_together_is_named(write, old, new, message):
    with pytest.raises(SourceError, match=message):
        read_manifest(write(GOOD.replace(old, new)))


def test_an_unknown_register_is_answered_with_the_closest(write):
    with pytest.raises(UsageError, match="did you mean `energy`"):
        read_manifest(write(GOOD)).register("energie")


def test_products_are_the_manifests_of_the_checkout():
    assert "edge-meter-3p" in products()
    assert find_manifest("edge_meter_3p") == products()["edge-meter-3p"]
    with pytest.raises(UsageError, match="did you mean `edge-meter-3p`"):
        find_manifest("edge-meter-3")
    with pytest.raises(UsageError, match="does not exist"):
        find_manifest("somewhere/else.toml")


def test_every_shipped_manifest_is_good():
    for path in products().values():
        assert read_manifest(path).file.is_file()


def test_a_firmware_that_is_no_meter_says_so_when_asked(write):
    manifest = read_manifest(
        write(GOOD.replace("[metrology]", "[limits]\nawake_ms = 1\n[console2]").split("[limits]")[0])
    )
    with pytest.raises(UsageError, match="measures nothing"):
        _ = manifest.metrology


def test_an_image_in_parts_with_symbols_and_waits(write, tmp_path):
    text = GOOD.replace('elf = "meter.elf"', 'flash_base = 0x70000000\nsymbols = ["kernel.elf"]')
    text += '[wait]\nfunctions = ["idle+0x4", "0x40c0"]\n'
    text += '[[flash]]\nfile = "a.img"\noffset = 0x1000\n[[flash]]\nfile = "b.elf"\n'
    manifest = read_manifest(write(text))
    assert manifest.file is None
    assert manifest.parts == (FlashPart(tmp_path / "a.img", 0x1000), FlashPart(tmp_path / "b.elf"))
    assert (manifest.flash_base, manifest.symbols) == (0x70000000, (tmp_path / "kernel.elf",))
    assert manifest.waits == ("idle+0x4", "0x40c0")
    assert manifest.firmware_name == "a.img, b.elf"


TIMING = """
[timing]
data_ready = "adc.DREADY"
buffer_count = 4
timebase_hz = 24e6
functions = ["one", "two"]
[timing.interrupts]
buffer = 6
[timing.partitions]
metering = ["metrology.c", "0x1000-0x2000"]
"""


def test_timing_points(write):
    points = read_manifest(write(GOOD + TIMING)).timing
    assert (points.data_ready, points.buffer_count, points.functions) == ("adc.DREADY", 4, ("one", "two"))
    assert points.interrupts == {"buffer": 6}
    assert points.partitions == {"metering": ("metrology.c", "0x1000-0x2000")}
    assert points.chip_select == ""


def test_without_timing_points_it_says_where_they_go(write):
    manifest = read_manifest(write(GOOD))
    with pytest.raises(UsageError, match=r"no timing points: say them in a table \[timing\] of"):
        assert manifest.timing


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"adc.DREADY"', "5", "`data_ready` must be text"),
        ("= 4", '= "four"', "`buffer_count` must be a whole number"),
        ("data_ready", "data_redy", "no key `data_redy` .did you mean `data_ready`"),
        ("buffer = 6", 'buffer = "6"', "`buffer` must be an interrupt's number"),
        ('["metrology.c", "0x1000-0x2000"]', '"metrology.c"', "`metering` must be a list"),
        ("[timing]", '[timing]\ndata_ready_edge = "up"', "must be `falling` or `rising`"),
    ],
)
def test_wrong_timing_points_are_named(write, old, new, message):
    with pytest.raises(SourceError, match=message):
        read_manifest(write(GOOD + TIMING.replace(old, new, 1)))


def test_a_manifest_extends_another_one(write, tmp_path):
    base = write(GOOD)
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "faulty.toml"
    other.write_text(
        'extends = "../meter.toml"\n[firmware]\nname = "faulty"\nimage = "faulty.bin"\n'
        "[metrology]\nnominal_current_a = 10.0\n[front_end.l2]\n"
        'afe = "ade_l2"\ncurrent_input = "i"\nvoltage_input = "v1"\nshunt_ohm = 1e-3\ndivider_ratio = 0.001\n'
    )
    manifest, old = read_manifest(other), read_manifest(base)
    assert (manifest.name, manifest.file) == ("faulty", tmp_path / "other" / "faulty.bin")
    assert manifest.platform == old.platform
    assert (manifest.metrology.nominal_current_a, manifest.metrology.maximum_current_a) == (10.0, 100.0)
    assert list(manifest.front_ends) == ["L1", "L2"]
    assert (manifest.registers, manifest.pulses, manifest.console) == (old.registers, old.pulses, old.console)
    assert old.metrology.nominal_current_a == 5.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('extends = "none.toml"', r"`extends` names .*none.toml, which does not exist"),
        ('extends = "second.toml"', "`extends` leads back to second.toml"),
        ("extends = 3", "path of another manifest, not 3"),
        ('extends = "meter.toml"\n[metrology]\nnominal_current = 3', "no key `nominal_current`"),
        ('extends = "meter.toml"\n[[flash]]\noffset = 4', r"a \[\[flash\]\] part needs `file`"),
    ],
)
def test_a_manifest_that_extends_wrongly_is_named(write, tmp_path, text, message):
    write(GOOD)
    second = tmp_path / "second.toml"
    second.write_text(text + "\n")
    with pytest.raises(SourceError, match=message):
        read_manifest(second)
