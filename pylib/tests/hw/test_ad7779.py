"""AD7779: SPI, resets, rates, codes against the closed form of its filter, frames and their headers."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from wattbench.core.errors import StimulusError
from wattbench.core.host import FakeHost
from wattbench.core.wires import AudioFrame
from wattbench.hw.parts.ad7779 import Ad7779
from wattbench.hw.parts.ad7779_frames import crc8

MS = 1_000_000
READY_NS = 225_000
CODES = 1 << 23


class Sine:
    """Eight sines of one frequency, each with an amplitude and phase of its own."""

    def __init__(self, hz: float = 50.0, scale: float = 1.0, dc: float = 0.0) -> None:
        self.hz, self.scale, self.dc = hz, scale, dc
        self.asked: dict[str, int] = {}

    def amplitude(self, channel: int) -> float:
        return self.scale * 0.25 * (channel + 1)

    def volts(self, input_name: str, times_s: np.ndarray) -> np.ndarray:
        channel = int(input_name[2:])
        self.asked[input_name] = self.asked.get(input_name, 0) + times_s.size
        return self.dc + self.amplitude(channel) * np.sin(2 * np.pi * self.hz * times_s + channel)

    def code(self, channel: int, time_s: float, period_s: float, gain: int = 1) -> float:
        """The closed form: sinc3 response and a delay of one and a half periods."""
        x = math.pi * self.hz * period_s
        response = (math.sin(x) / x) ** 3
        angle = 2 * math.pi * self.hz * (time_s - 1.5 * period_s) + channel
        volts = self.dc + self.amplitude(channel) * response * math.sin(angle)
        return volts * gain / 2.5 * CODES * (0x555555 * 0.75 / 0x400000)


class Bench:
    def __init__(self, **attributes) -> None:
        self.host = FakeHost()
        self.part = Ad7779(self.host, "afe", **attributes)
        self.frames: list[AudioFrame] = []
        self.part.wire.port.begin = self.frames.append
        self.part.reset()

    def access(self, *data: int) -> list[int]:
        self.part.chip_select(True)
        assert self.part.selected
        word = int.from_bytes(bytes(data), "big")
        answer = self.part.exchange(word, 8 * len(data))
        self.part.chip_select(False)
        return list(answer.to_bytes(len(data), "big"))

    def read(self, address: int) -> int:
        first, value = self.access(0x80 | address, 0)
        assert first == 0x20
        return value

    def write(self, address: int, value: int) -> None:
        assert self.access(address, value)[0] == 0x20

    def run(self, ns: int) -> None:
        self.host.run_for(ns)

    def rate(self, whole: int, part: int = 0) -> None:
        self.write(0x64, self.read(0x64) & 0xFE)
        for address, value in ((0x60, whole >> 8), (0x61, whole & 0xFF), (0x62, part >> 8), (0x63, part & 0xFF)):
            self.write(address, value)
        self.write(0x64, self.read(0x64) | 1)

    def sync(self) -> None:
        self.write(0x12, self.read(0x12) & 0xFE)
        self.write(0x12, self.read(0x12) | 1)


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.run(READY_NS)
    bench.read(0x5B)
    return bench


def fast(bench: Bench) -> None:
    """High resolution: 16 kS/s."""
    bench.write(0x11, bench.read(0x11) | 0x40)


def codes(frame: AudioFrame) -> list[int]:
    return [((word & 0xFFFFFF) ^ 0x800000) - 0x800000 for line in frame.lines for word in line]


# ---- SPI


def test_reset_values(bench):
    expected = {
        0x08: 0, 0x11: 0x24, 0x12: 0x09, 0x13: 0x80, 0x14: 0x20, 0x19: 0x38, 0x1A: 0xC0, 0x1C: 0, 0x1F: 0x55,
        0x4B: 0x55, 0x58: 0xFE, 0x5A: 0x3E, 0x5C: 0x3C, 0x60: 0, 0x61: 0x80, 0x64: 0,
    }  # fmt: skip
    assert {address: bench.read(address) for address in expected} == expected


def test_registers_keep_what_is_written_in_the_bits_that_there_are(bench):
    for address, value, kept in ((0x00, 0xC0, 0xC0), (0x15, 0x08, 0x08), (0x15, 0xFF, 0xFC), (0x60, 0xFF, 0x0F)):
        bench.write(address, value)
        assert bench.read(address) == kept
    bench.write(0x3D, 0x12)
    assert bench.read(0x3D) == 0x12
    bench.write(0x5F, 0xFF)
    assert bench.read(0x5F) & 0x1F == 0x10


def test_several_accesses_may_follow_in_one_selection(bench):
    assert bench.access(0x1C, 0x01, 0x9C, 0x00) == [0x20, 0, 0x20, 0x01]


def test_unknown_and_read_only_addresses_are_errors_of_the_spi(bench):
    bench.read(0x70)
    assert bench.read(0x5E) & 0x28 == 0x28
    assert bench.read(0x59) == 0x04
    assert bench.read(0x59) == 0
    bench.write(0x5D, 1)
    assert bench.read(0x59) == 0x02
    bench.write(0x5A, 0x38)
    bench.write(0x5D, 1)
    bench.read(0x70)
    assert bench.read(0x59) == 0


def test_a_broken_access_is_an_error_and_changes_nothing(bench):
    bench.part.chip_select(True)
    bench.part.exchange(0x08, 8)
    bench.part.exchange(0x3, 4)
    bench.part.chip_select(False)
    assert bench.read(0x08) == 0
    assert bench.read(0x59) == 0x08


def test_with_a_crc(bench):
    bench.write(0x5A, 0x3F)
    assert bench.access(0x08, 0x55, crc8(b"\x08\x55")) == [0x20, 0, crc8(b"\x08\x55")]
    assert bench.access(0x88, 0, crc8(b"\x88\x00")) == [0x20, 0x55, crc8(b"\x88\x55")]
    bench.access(0x08, 0xAA, crc8(b"\x08\xaa") ^ 1)
    assert bench.access(0x88, 0, crc8(b"\x88\x00"))[1] == 0x55
    assert bench.access(0xD9, 0, crc8(b"\xd9\x00"))[1] == 0x01


def test_crc_of_a_known_text():
    assert crc8(b"123456789") == 0xF4


def test_what_is_not_modelled_is_counted(bench):
    bench.write(0x00, 0x10)
    bench.write(0x13, 0x90)
    assert set(bench.host.unmodelled_accesses) == {
        ("afe", "write CH0_CONFIG value 0x10"), ("afe", "write GENERAL_USER_CONFIG_3 value 0x90"),
    }  # fmt: skip


# ---- resets


def test_it_is_ready_some_time_after_power_on():
    bench = Bench()
    bench.run(READY_NS - 1)
    assert bench.access(0x80 | 0x5F, 0) == [0xFF, 0xFF]
    bench.run(1)
    assert bench.read(0x5F) & 0x10
    assert bench.read(0x5B) == 0x20
    assert bench.read(0x5B) == 0


@pytest.mark.parametrize("how", ["ones", "soft", "pin", "supply"])
def test_resets(bench, how):
    bench.write(0x08, 0x0F)
    if how == "ones":
        bench.access(*[0xFF] * 7, 0xFE)
        assert bench.read(0x08) == 0x0F
        bench.access(*[0xFF] * 8)
    elif how == "soft":
        bench.write(0x11, 0x26)
        assert bench.read(0x08) == 0x0F
        bench.write(0x11, 0x27)
        bench.write(0x11, 0x26)
    else:
        number, level = {"pin": (0, False), "supply": (2, True)}[how]
        bench.part.on_input(number, level)
        bench.part.chip_select(True)
        assert not bench.part.selected
        bench.part.chip_select(False)
        bench.run(MS)
        bench.part.on_input(number, not level)
    bench.frames.clear()
    bench.run(READY_NS - 1)
    assert bench.access(0x88, 0) == [0xFF, 0xFF]
    bench.run(1)
    assert bench.read(0x08) == 0
    assert bench.read(0x5B) == 0x20
    assert not bench.frames


def test_nothing_converts_without_power(bench):
    bench.sync()
    bench.run(10 * MS)
    before = len(bench.frames)
    assert before > 0
    bench.part.power_off()
    bench.run(MS)
    bench.part.on_input(1, False)
    bench.part.on_input(1, True)
    bench.run(10_000 * MS)
    assert len(bench.frames) == before
    bench.part.reset()
    bench.run(10 * MS)
    assert len(bench.frames) > before


def test_no_such_input(bench):
    with pytest.raises(TypeError, match="no input 3"):
        bench.part.on_input(3, True)


# ---- rates


@pytest.mark.parametrize(
    ("high", "whole", "part", "hz"),
    [(0, 128, 0, 8000), (1, 128, 0, 16000), (1, 256, 0, 8000), (1, 320, 0, 6400), (1, 163, 54992, None)],
)
def test_rates_are_exact_and_do_not_drift(bench, high, whole, part, hz):
    if high:
        fast(bench)
    bench.rate(whole, part)
    bench.sync()
    bench.frames.clear()
    start = bench.host.now_ns()
    bench.run(200 * MS)
    exact = Fraction(8_192_000, 4 if high else 8) / (whole + Fraction(part, 65536))
    assert hz is None or exact == hz
    assert [frame.start_ns for frame in bench.frames] == [
        start - -k * 1_000_000_000 * exact.denominator // exact.numerator for k in range(1, len(bench.frames) + 1)
    ]
    assert len(bench.frames) == 200 * exact // 1000


def test_a_new_rate_counts_from_the_newest_sample_and_only_when_loaded(bench):
    fast(bench)
    bench.run(10 * MS + 1000)
    bench.write(0x61, 0)
    bench.write(0x60, 1)
    bench.run(10 * MS)
    last = bench.part.last_sample_ns
    bench.write(0x64, 1)
    bench.frames.clear()
    bench.run(5 * MS)
    times = [frame.start_ns for frame in bench.frames]
    assert times[0] == last + 125_000
    assert {b - a for a, b in pairwise(times)} == {125_000}


def test_start_and_sync_hold_the_conversions_and_begin_them_anew(bench):
    fast(bench)
    bench.run(MS + 10_000)
    for hold, release in (
        (lambda: bench.part.on_input(1, False), lambda: bench.part.on_input(1, True)),
        (lambda: bench.write(0x12, 0x08), lambda: bench.write(0x12, 0x09)),
    ):
        bench.run(12_345)
        hold()
        count = len(bench.frames)
        bench.run(MS)
        assert len(bench.frames) == count
        release()
        begun = bench.host.now_ns()
        bench.run(62_500)
        assert [frame.start_ns for frame in bench.frames[count:]] == [begun + 62_500]


def test_with_every_channel_off_the_clocks_stop_unless_they_are_kept(bench):
    bench.write(0x08, 0xFF)
    bench.frames.clear()
    bench.run(MS)
    assert not bench.frames
    bench.write(0x11, 0xA4)
    bench.run(MS)
    assert len(bench.frames) == 8
    assert set(codes(bench.frames[0])) == {0}


def test_a_crystal_error_is_exact():
    bench = Bench(crystal_error_ppm="12.5")
    bench.run(READY_NS)
    start = bench.host.now_ns()
    bench.run(1_000_000_000)
    assert bench.part.samples_taken == 8000
    assert bench.part.last_sample_ns == start - -8000 * 10**9 // (8000 * (1 + Fraction(125, 10_000_000)))


# ---- codes


@pytest.mark.parametrize("hz", [50.0, 1250.0, 2500.0, 7000.0])
def test_codes_follow_the_closed_form_of_the_filter(bench, hz):
    source = Sine(hz)
    bench.part.analog.connect(source)
    fast(bench)
    bench.sync()
    bench.run(20 * MS)
    bench.frames.clear()
    bench.run(100 * MS)
    for frame in bench.frames:
        expected = [source.code(channel, frame.start_ns / 1e9, 1 / 16000) for channel in range(8)]
        assert codes(frame) == pytest.approx(expected, abs=3 if hz < 4000 else CODES * 1e-4)


def test_gain_offset_and_gain_correction(bench):
    bench.part.analog.connect(Sine(scale=0.0, dc=0.125))
    for channel, gain in enumerate((0, 1, 2, 3)):
        bench.write(channel, gain << 6)
    bench.write(0x1C + 6 * 4 + 2, 100)
    bench.write(0x1C + 6 * 5, 0xFF)
    bench.write(0x1C + 6 * 5 + 1, 0xFF)
    bench.write(0x1C + 6 * 5 + 2, 0x9C)
    bench.write(0x1F + 6 * 6, 0x40)
    bench.write(0x1F + 6 * 6 + 1, 0)
    bench.write(0x1F + 6 * 6 + 2, 0)
    bench.write(0x08, 0x80)
    bench.frames.clear()
    bench.run(MS)
    plain = 0.125 / 2.5 * CODES * 0x555555 * 0.75 / 0x400000
    assert codes(bench.frames[0]) == pytest.approx(
        [plain, 2 * plain, 4 * plain, 8 * plain, plain - 133, plain + 133, round(0.75 * 0.05 * CODES), 0], abs=1
    )


def test_errors_of_the_channels_themselves(bench):
    bench.part.front.gain_error["ch2"] = 0.01
    bench.part.front.offset_v["ch3"] = 0.001
    bench.part.analog.connect(Sine(scale=0.0, dc=1.0))
    bench.run(MS)
    value = codes(bench.frames[-1])
    assert value[2] == pytest.approx(1.01 * value[0], abs=1)
    assert value[3] - value[0] == pytest.approx(0.001 / 2.5 * CODES, abs=1)


@pytest.mark.parametrize(("whole", "scale"), [(128, 1), (256, 2), (600, 4)])
def test_phase_of_a_channel(bench, whole, scale):
    source = Sine(50.0)
    bench.part.analog.connect(source)
    fast(bench)
    bench.rate(whole)
    bench.write(0x09 + 3, 200)
    bench.sync()
    bench.run(20 * MS)
    frame, period = bench.frames[-1], whole / 2_048_000
    late = frame.start_ns / 1e9 - 200 * scale / 2_048_000
    assert codes(frame)[3] == pytest.approx(source.code(3, late, period), abs=3)
    assert codes(frame)[2] == pytest.approx(source.code(2, frame.start_ns / 1e9, period), abs=3)


def test_a_channel_that_is_off_is_not_asked_for(bench):
    source = Sine()
    bench.part.analog.connect(source)
    bench.write(0x08, 0b1000_0001)
    source.asked.clear()
    bench.run(2 * MS)
    assert set(source.asked) == {f"ch{n}" for n in range(1, 7)}
    assert codes(bench.frames[-1])[0] == codes(bench.frames[-1])[7] == 0


def test_a_source_that_changes_its_future_is_asked_again(bench):
    bench.part.analog.connect(Sine(scale=0.0, dc=1.0))
    bench.run(10 * MS)
    change = bench.host.now_ns() + 5 * MS
    bench.part.analog.connect(Sine(scale=0.0, dc=-1.0), change)
    bench.frames.clear()
    bench.run(10 * MS)
    signs = [(frame.start_ns >= change, codes(frame)[0] > 0) for frame in bench.frames]
    assert {first for first, positive in signs if positive} == {False}
    assert {first for first, positive in signs if not positive} == {True}


# ---- clipping


def test_a_clipped_sample_is_an_error_with_its_time(bench):
    bench.write(0x02, 0x40)
    bench.part.analog.connect(Sine(hz=50.0, scale=2.0))
    with pytest.raises(StimulusError, match=r"'ch2' is at .* outside its linear range of 1\.25 V"):
        bench.run(20 * MS)


def test_saturation_is_flagged_where_it_is_and_cleared_by_a_read(bench):
    bench.part.clip_is_error = False
    bench.part.analog.connect(Sine(scale=0.0, dc=1.0))
    bench.write(0x14, 0x00)
    bench.run(5 * MS)
    assert bench.read(0x5F) == 0x10
    assert all(word >> 24 == n << 4 for n, word in enumerate(w for line in bench.frames[-1].lines for w in line))
    bench.write(0x03, 0xC0)
    bench.run(MS)
    words = [word for line in bench.frames[-1].lines for word in line]
    assert [word >> 24 for word in words] == [0x80, 0x90, 0xA0, 0xB4, 0xC0, 0xD0, 0xE0, 0xF0]
    assert words[3] & 0xFFFFFF == 0x7FFFFF
    assert bench.read(0x5F) == 0x32
    assert bench.read(0x5D) == 0x20
    bench.write(0x03, 0)
    assert bench.read(0x55) & 0x20
    assert bench.read(0x5F) == 0x10
    bench.run(MS)
    assert bench.frames[-1].lines[1][1] >> 24 == 0x30
    assert bench.part.clipped_samples == 8
    bench.write(0x58, 0)
    bench.write(0x03, 0xC0)
    bench.run(MS)
    assert bench.read(0x55) == 0


# ---- frames


def test_lines_and_bit_clock_of_a_frame(bench):
    bench.part.analog.connect(Sine())
    fast(bench)
    for value, lines, words, divider in ((0x20, 4, 2, 1), (0x62, 2, 4, 2), (0xA4, 1, 8, 4), (0xE0, 1, 8, 1)):
        bench.write(0x14, value)
        bench.run(MS)
        frame = bench.frames[-1]
        assert [len(line) for line in frame.lines] == [words] * lines
        assert frame.widths == (32,) * words
        assert frame.bit_hz == Fraction(8_192_000, divider)
        assert [word >> 28 & 7 for line in frame.lines for word in line] == [*range(8)]


def test_crc_of_a_pair_of_channels(bench):
    bench.part.analog.connect(Sine())
    bench.run(10 * MS)
    for frame in bench.frames:
        for even, odd in frame.lines:
            bits = (even >> 28) << 52 | (even & 0xFFFFFF) << 28 | (odd >> 28) << 24 | odd & 0xFFFFFF
            crc = crc8(bits.to_bytes(7, "big"))
            assert (even >> 24 & 15, odd >> 24 & 15) == (crc >> 4, crc & 15)


def test_an_alert_lasts_until_the_error_is_read():
    bench = Bench()
    bench.run(READY_NS + MS)
    assert {word >> 31 for line in bench.frames[-1].lines for word in line} == {1}
    bench.read(0x5B)
    bench.run(MS)
    assert {word >> 31 for line in bench.frames[-1].lines for word in line} == {0}


def test_data_ready_pulses_at_each_sample(bench):
    pulses = []
    bench.part.outputs["DRDY"].connect(lambda level: pulses.append((bench.host.now_ns(), level)), announce=False)
    bench.frames.clear()
    bench.run(MS)
    assert pulses == [(frame.start_ns, level) for frame in bench.frames for level in (True, False)]
    assert len(pulses) == 16


# ---- state


def test_save_and_restore_repeat_the_run(bench):
    source = Sine(scale=1.2)
    bench.part.clip_is_error = False
    bench.part.analog.connect(source)
    bench.write(0x04, 0x40)
    bench.rate(131, 777)
    bench.run(3 * MS + 17)
    bench.part.chip_select(True)
    bench.part.exchange(0x85 << 2, 10)
    saved, now = bench.part.save(), bench.host.now_ns()
    outcomes = []
    for _ in range(2):
        bench.frames.clear()
        answer = bench.part.exchange(0, 6)
        bench.part.chip_select(False)
        bench.run(10 * MS)
        outcomes.append(
            (list(bench.frames), answer, bench.read(0x56), bench.part.samples_taken, bench.part.clipped_samples)
        )
        bench.host.time_ns = now
        bench.part.restore(saved)
    assert outcomes[0] == outcomes[1]


def test_machine_reset_is_a_power_on(bench):
    bench.write(0x08, 1)
    bench.run(MS)
    bench.part.reset()
    assert bench.part.samples_taken == 0
    bench.run(READY_NS)
    assert bench.read(0x08) == 0


def test_one_saturated_sample_alerts_until_it_is_read(bench):
    class Spike:
        def volts(self, input_name: str, times_s: np.ndarray) -> np.ndarray:
            return np.where((times_s > spike_s) & (times_s < spike_s + 125e-6), 3.0, 0.0)

    spike_s = (bench.host.now_ns() + 5 * MS) / 1e9
    bench.part.clip_is_error = False
    bench.part.analog.connect(Spike())
    bench.frames.clear()
    bench.run(10 * MS)
    alerts = [(frame.start_ns > spike_s * 1e9 + 125_000, frame.lines[0][0] >> 31) for frame in bench.frames]
    assert {alert for late, alert in alerts if late} == {1}
    assert alerts[0] == (False, 0)
    bench.read(0x54)
    for address in (0x55, 0x56, 0x57):
        bench.read(address)
    bench.run(MS)
    assert bench.frames[-1].lines[0][0] >> 31 == 0
