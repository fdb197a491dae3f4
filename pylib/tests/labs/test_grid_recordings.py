"""Recorded waveforms: reconstruction, exact truth, files of all kinds, and what is wrong with them."""

import math
import pickle
import wave

import numpy as np
import pytest
from grid_bench import FakeBench
from hypothesis import given, settings
from hypothesis import strategies as st
from quadrature_check import S, moments

from wattbench.core.errors import SourceError, StimulusError, UsageError
from wattbench.labs.grid import Grid
from wattbench.labs.grid.channels import Channel
from wattbench.labs.grid.files.comtrade import comtrade_of, write_comtrade
from wattbench.labs.grid.files.open import open_recordings
from wattbench.labs.grid.waveforms.recording import PASS_BAND, Recording

U1, I1 = Channel("L1", "voltage"), Channel("L1", "current")


@settings(max_examples=40, deadline=None)
@given(st.floats(0.001, PASS_BAND), st.floats(0, 1), st.floats(3000, 50000))
def test_a_tone_comes_back_within_1_ppm_up_to_the_pass_band(part, turns, rate_hz):
    sample = np.arange(400)
    recording = Recording(np.sin(2 * np.pi * (part * sample + turns)), rate_hz)
    place = np.random.default_rng(1).uniform(33, 366, 3000)
    exact = np.sin(2 * np.pi * (part * place + turns))
    assert np.abs(recording.value(place / rate_hz) - exact).max() < 1e-6
    assert recording.peak >= np.abs(recording.value(np.linspace(0, 399, 20000) / rate_hz)).max()


def test_samples_are_met_and_nothing_lies_outside():
    samples = np.random.default_rng(2).normal(size=100)
    recording = Recording(samples, 1000)
    assert recording.value(np.arange(100) / 1000) == pytest.approx(samples, abs=1e-12)
    assert recording.value(np.array([-1e-9, 0.0990001])).tolist() == [0, 0]
    again = pickle.loads(pickle.dumps(recording))
    assert again == recording
    assert np.array_equal(again.fine, recording.fine)
    assert recording != Recording(samples, 1001)


def recorded(rate_hz: float = 6400.0, hz: float = 50.0, seconds: float = 1.0):
    t = np.arange(round(seconds * rate_hz) + 1) / rate_hz
    turns = 2 * np.pi * hz * t
    volts = 230 * math.sqrt(2) * (np.sin(turns + 0.4) + 0.05 * np.sin(5 * turns))
    amperes = 5 * math.sqrt(2) * (np.sin(turns + 0.4 - 1.0) + 0.3 * np.sin(5 * turns - 0.2)) + 1.5
    return Recording(volts, rate_hz, "volts"), Recording(amperes, rate_hz, "amperes")


def test_a_recording_replaces_what_is_set_and_its_truth_is_that_of_the_waves(bench, grid):
    grid.set_phase("L1", 100, 1)
    volts, amperes = recorded()
    grid.play({U1: volts, I1: amperes}, gains={I1: 2.0}, at="0.1")
    bench.run_for(1.5)
    # From 0.2 s on, away from the recording's begin: 40 cycles.
    phase = grid.injected(S // 5, S).phases["L1"]
    fundamental, fifth = 2300, 230 * 0.05 * 3
    assert phase.active_power_w == pytest.approx(fundamental * math.cos(1) + fifth * math.cos(0.2), rel=1e-6)
    assert phase.reactive_power_var == pytest.approx(fundamental * math.sin(1), rel=1e-6)
    assert phase.reactive_budeanu_var == pytest.approx(fundamental * math.sin(1) + fifth * math.sin(0.2), rel=1e-6)
    assert phase.current_dc_a == pytest.approx(3, rel=1e-6)
    assert phase.current_rms_a == pytest.approx(math.sqrt(100 * 1.09 + 9), rel=1e-6)
    assert phase.voltage_thd_percent == pytest.approx(5, rel=1e-5)
    assert grid.injected(12 * S // 10, 14 * S // 10).phases["L1"].voltage_rms_v == pytest.approx(100)
    taken = bench.taken("L1", "current")[1600:8000]
    assert np.mean(taken) == pytest.approx(3, rel=1e-6)
    assert np.mean(taken**2) == pytest.approx(phase.current_rms_a**2, rel=1e-6)


@settings(max_examples=12, deadline=None)
@given(st.floats(900, 20000), st.integers(0, S // 10), st.integers(10**6, S // 10), st.booleans())
def test_the_truth_of_a_recording_agrees_with_quadrature(rate_hz, from_ns, length_ns, is_ramping):
    bench = FakeBench(("L1",))
    grid = Grid(bench)
    noise = np.random.default_rng(3).normal(size=(2, round(0.15 * rate_hz) + 40))
    grid.set_phase("L1", 200, 10)
    grid.play({U1: Recording(100 * noise[0], rate_hz), I1: Recording(20 * noise[1], rate_hz * 0.9)}, at="0.02")
    if is_ramping:
        grid.ramp_frequency(55, duration_s=1)
    bench.run_for(0.2)
    fine = [0.02 + k / (8 * rate * scale) for rate, scale in ((rate_hz, 1), (rate_hz, 0.9)) for k in range(9 * 3100)]
    seen = moments(grid._schedule, "L1", from_ns, from_ns + length_ns, cuts_s=[x for x in fine if x < 0.2])
    phase = grid.injected(from_ns, from_ns + length_ns).phases["L1"]
    scale = math.sqrt(seen["u2"] * seen["i2"]) * length_ns / S
    assert phase.active_wh * 3600 == pytest.approx(seen["joules"], abs=1e-9 * scale)
    assert phase.voltage_rms_v**2 == pytest.approx(seen["u2"], rel=1e-9, abs=1e-12)
    assert phase.current_dc_a == pytest.approx(seen["i"], abs=1e-9 * math.sqrt(seen["i2"]))


def test_a_recording_that_would_clip_is_refused(bench, grid):
    volts, amperes = recorded()
    with pytest.raises(StimulusError, match=r"current of L1 set from 0 s peaks at"):
        grid.play({U1: volts, I1: amperes}, gains={I1: 20.0})
    bench.run_for(0.1)
    assert not bench.taken("L1", "voltage").any()


def test_a_recording_nobody_samples_has_no_truth():
    bench = FakeBench(samples=False)
    grid = Grid(bench)
    grid.play({U1: recorded()[0]})
    bench.run_for(0.5)
    with pytest.raises(StimulusError, match="voltage of L1 set from 0 s on was never sampled"):
        grid.injected(0, S // 2)


def test_skew_moves_a_channel(bench, grid):
    volts, amperes = recorded()
    late = Recording(amperes.samples, amperes.rate_hz, "late", skew_s=20e-6)
    grid.play({U1: volts, I1: late})
    bench.run_for(1)
    phase = grid.injected(S // 10, 9 * S // 10).phases["L1"]
    angle = 1.0 + 2 * math.pi * 50 * 20e-6
    assert phase.reactive_power_var == pytest.approx(1150 * math.sin(angle), rel=1e-6)


def write_files(folder, volts: np.ndarray, amperes: np.ndarray, rate_hz: float) -> list[tuple[str, str, str, float]]:
    """One file of each kind: path, names of both channels, and the gain that undoes the file's scale."""
    t = np.arange(volts.size) / rate_hz
    recording = comtrade_of({"UA": (volts, "V"), "IA": (amperes, "A")}, rate_hz)
    write_comtrade(recording, folder / "a.cfg")
    write_comtrade(recording, folder / "b.cff")
    table = np.stack([t, volts, amperes], axis=1)
    rows = "\n".join(f"{x:.6f},{u!r},{i!r}" for x, u, i in table.tolist())
    (folder / "c.csv").write_text(f"t_s,u,i\n{rows}\n")
    german = rows.replace(",", ";").replace(".", ",")
    (folder / "d.csv").write_text(f"t;u;i\n{german}\n")
    np.save(folder / "e.npy", table)
    np.savez(folder / "f.npz", rate_hz=rate_hz, u=volts, i=amperes)
    result = [(name, "UA", "IA", 1.0) for name in ("a.cfg", "b.cff")]
    result += [(name, "u", "i", 1.0) for name in ("c.csv", "d.csv", "f.npz")] + [("e.npy", "1", "2", 1.0)]
    for width in (2, 3, 4):
        with wave.open(str(folder / f"w{width}.wav"), "wb") as file:
            file.setparams((2, width, int(rate_hz), 0, "NONE", ""))
            scaled = np.rint(np.stack([volts, amperes], axis=1) / 400 * 2 ** (8 * width - 1)).astype("<i8")
            file.writeframes(scaled.view(np.uint8).reshape(-1, 8)[:, :width].tobytes())
        result.append((f"w{width}.wav", "1", "2", 400.0))
    return result


def test_every_kind_of_file_plays_the_same(tmp_path):
    volts, amperes = recorded(seconds=0.5)
    for name, u_name, i_name, gain in write_files(tmp_path, volts.samples, amperes.samples, 6400.0):
        bench = FakeBench(("L1",))
        grid = Grid(bench)
        gains = {U1: gain, I1: gain}
        seconds = grid.play_file(tmp_path / name, {U1: u_name, I1: i_name}, gains=gains, frequency_hz=50)
        assert seconds == pytest.approx(0.5)
        bench.run_for(0.5)
        phase = grid.injected(S // 10, 4 * S // 10).phases["L1"]
        tolerance = 2e-3 if name == "w2.wav" else 1e-5
        expected = 1150 * math.cos(1) + 230 * 0.05 * 1.5 * math.cos(0.2)
        assert phase.active_power_w == pytest.approx(expected, rel=tolerance), name


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=8, max_size=40), st.sampled_from([1000, 8000, 44100]))
def test_tables_come_back_bit_by_bit(tmp_path_factory, values, rate_hz):
    folder = tmp_path_factory.mktemp("tables")
    np.savez(folder / "x.npz", rate_hz=rate_hz, a=np.array(values))
    lines = [f"{k / rate_hz!r},{value!r}" for k, value in enumerate(values)]
    (folder / "x.csv").write_text("\n".join(["t,a", *lines]))
    for name in ("x.npz", "x.csv"):
        found = open_recordings(folder / name)["a"]
        assert found.samples.tolist() == values
        assert found.rate_hz == rate_hz


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.wav", b"RIFF", "no WAV file"),
        ("x.csv", b"t,u\n0,1\n1,1\n", "at least 8 samples"),
        ("x.csv", b"t,u\n", "needs a head line"),
        ("x.csv", b"t,u\n0,1\n1\n", r"x.csv:3: a line has 2 fields, not 1"),
        ("x.csv", b"t,u\n0,1\n1,x\n", r"x.csv:3: a line consists of numbers"),
        ("x.csv", b"t,u\n" + b"".join(b"%d,1\n" % (k * k) for k in range(9)), "off an even spacing"),
        ("x.csv", b"t,u\n" + b"0,1\n" * 9, "do not rise"),
        ("x.csv", b"t,u\n" + b"".join(b"%d,nan\n" % k for k in range(9)), "sample 1 is no number"),
        ("x.csv", b"t,u,u\n" + b"".join(b"%d,1,1\n" % k for k in range(9)), "two channels have the name 'u'"),
        ("x.csv", b"\xff\xfe\x00", "no table in text"),
        ("x.npy", b"junk", "no file of NumPy arrays"),
        ("x.npz", b"junk", "no file of NumPy arrays"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises((SourceError, StimulusError), match=message):
        open_recordings(tmp_path / name)


def test_a_wav_that_is_cut_off_and_arrays_that_make_no_sense(tmp_path):
    volts, amperes = recorded(seconds=0.1)
    write_files(tmp_path, volts.samples, amperes.samples, 6400.0)
    whole = (tmp_path / "w3.wav").read_bytes()
    (tmp_path / "w3.wav").write_bytes(whole[:-100])
    with pytest.raises(SourceError, match=r"641 samples, but the file ends after 624"):
        open_recordings(tmp_path / "w3.wav")
    np.savez(tmp_path / "x.npz", u=np.zeros(9))
    with pytest.raises(SourceError, match="one number `rate_hz`"):
        open_recordings(tmp_path / "x.npz")
    np.save(tmp_path / "x.npy", np.zeros(9))
    with pytest.raises(SourceError, match="a column of times"):
        open_recordings(tmp_path / "x.npy")
    with pytest.raises(UsageError, match="none of the kinds"):
        open_recordings(tmp_path / "x.mp3")
    with pytest.raises(SourceError, match="no such file"):
        open_recordings(tmp_path / "gone.csv")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda grid: grid.play({}), "no recording to play"),
        (lambda grid: grid.play({U1: recorded()[0]}, gains={U1: math.nan}), "finite"),
        (lambda grid: grid.play({U1: recorded()[0]}, frequency_hz=0), "above 0 Hz"),
        (lambda grid: grid.play({Channel("L9", "voltage"): recorded()[0]}), "not wired"),
        (lambda grid: Recording([1.0] * 8, 0), "sample rate above 0"),
        (lambda grid: Recording([1.0] * 7 + [math.inf], 5), "sample 8 is no number"),
    ],
)
def test_what_makes_no_sense_is_said(grid, call, message):
    with pytest.raises(StimulusError, match=message):
        call(grid)


def test_a_channel_that_the_file_does_not_have(tmp_path, grid):
    np.savez(tmp_path / "x.npz", rate_hz=1000, u=np.zeros(9))
    with pytest.raises(StimulusError, match="no channel 'v'; it has u"):
        grid.play_file(tmp_path / "x.npz", {U1: "v"})
