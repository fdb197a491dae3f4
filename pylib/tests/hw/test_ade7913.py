"""The ADE7913's registers, sampling and evidence, on the Python model and on its native twin."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from afe_rig import LSB_V, Mains, crc
from pairs import Side
from test_twins import raw_access

from wattbench.core.errors import StimulusError
from wattbench.engines.embedded.twins import NativeAde7913
from wattbench.hw.parts.ade7913 import Ade7913

CONFIG, STATUS0, LOCK, SYNC_SNAP, COUNTER0, COUNTER1, EMI, STATUS1, SNAPSHOT = 8, 9, 0xA, 0xB, 0xC, 0xD, 0xE, 0xF, 7
HOUR_NS = 3_600_000_000_000
PERIOD_NS = 125_000


class Step:
    """0 V, and `volts` at "i" from a time on."""

    def __init__(self, volts: float, from_ns: int) -> None:
        self.level, self.from_ns = volts, from_ns

    def volts(self, input_name: str, times_s: np.ndarray) -> np.ndarray:
        return np.where((times_s >= self.from_ns / 1e9) & (input_name == "i"), self.level, 0.0)


class Ade:
    """One side with SPI shorthands."""

    def __init__(self, *, native: bool, **attributes: object) -> None:
        self.side = Side(native=native)
        self.part = (NativeAde7913 if native else Ade7913)(self.side.host, "ade", **attributes)
        self.side.add("ade", self.part)
        self.exchange, self.select, self.selected = raw_access(self.side, self.part)
        self.part.reset()

    def transfer(self, data: bytes) -> bytes:
        self.select(True)
        answer = bytes(self.exchange(byte, 8) for byte in data)
        self.select(False)
        return answer

    def write(self, address: int, value: int) -> None:
        self.transfer(bytes([address << 3, value]))

    def read(self, address: int, size: int = 1) -> int:
        return int.from_bytes(self.transfer(bytes([address << 3 | 4]) + b"\xff" * size)[1:], "big")

    def burst(self) -> bytes:
        return self.transfer(b"\x04" + b"\xff" * 15)[1:]

    def current(self) -> int:
        return int.from_bytes(self.burst()[:3], "big", signed=True)

    def run(self, ns: int) -> None:
        self.side.do(("run", ns))


@pytest.fixture(params=[False, True], ids=["python", "native"])
def native(request) -> bool:
    return request.param


@pytest.fixture
def ade(native) -> Ade:
    return Ade(native=native)


def test_burst_holds_the_newest_sample_with_crc_status_and_snapshot(ade):
    ade.part.analog.connect(Mains(0))
    ade.run(10 * PERIOD_NS)
    data = ade.burst()
    codes = tuple(int.from_bytes(data[n : n + 3], "big", signed=True) for n in (0, 3, 6))
    assert codes == Mains(0).codes(10)
    assert int.from_bytes(data[9:11], "big") == crc(data[:9])
    assert data[11:] == bytes(4)


def test_single_reads_of_the_channels(ade):
    ade.part.analog.connect(Mains(2))
    ade.run(7 * PERIOD_NS)
    _, v1, v2 = Mains(2).codes(7)
    assert (ade.read(1, 3), ade.read(2, 3)) == (v1 & 0xFFFFFF, v2 & 0xFFFFFF)


def test_an_hour_has_28_800_000_samples(native):
    """Without DREADY in use and without reads only blocks are computed; time is moved on in one go."""
    ade = Ade(native=True) if native else None
    if ade is not None:
        ade.run(HOUR_NS)
        assert ade.part.samples_taken == 28_800_000
        assert ade.part.last_sample_ns == HOUR_NS
        return
    ade = Ade(native=False)
    ade.side.host.time_ns = HOUR_NS - 1
    assert ade.part.samples_taken == 28_799_999
    ade.side.host.time_ns = HOUR_NS
    assert ade.part.samples_taken == 28_800_000
    assert ade.part.last_sample_ns == HOUR_NS


def test_crystal_error_is_exact(native):
    ade = Ade(native=native, crystal_error_ppm="12.5")
    ade.run(1_000_000_000)
    rate = Fraction(8000) * (1 + Fraction("12.5") / 1_000_000)
    assert ade.part.samples_taken == rate.__floor__()
    assert ade.part.last_sample_ns == -(-8000 * 1_000_000_000 // rate)


@pytest.mark.parametrize(("code", "rate"), [(0, 8000), (1, 4000), (2, 2000), (3, 1000)])
def test_rates(ade, code, rate):
    ade.write(CONFIG, code << 4)
    before = ade.part.samples_taken
    ade.run(100_000_000)
    assert ade.part.samples_taken - before == rate // 10


def test_dready_goes_low_at_each_sample_for_eight_crystal_cycles(ade):
    ade.side.watch("ade", "DREADY")
    ade.run(3 * PERIOD_NS + 10_000)
    low = -(-8 * 1_000_000_000 // 4_096_000)
    assert [(event[0], event[3]) for event in ade.side.record] == [
        (k * PERIOD_NS + offset, level) for k in (1, 2, 3) for offset, level in ((0, False), (low, True))
    ]


def test_with_the_clock_on_its_pin_there_is_no_dready(ade):
    ade.side.watch("ade", "DREADY")
    ade.run(PERIOD_NS + 1000)
    ade.write(CONFIG, 1)
    ade.run(4 * PERIOD_NS)
    assert [event[3] for event in ade.side.record] == [False, True]
    assert ade.side.record[1][0] == PERIOD_NS + 1000
    ade.side.record.clear()
    ade.write(CONFIG, 0)
    ade.run(PERIOD_NS)
    assert [(event[0], event[3]) for event in ade.side.record][:1] == [(6 * PERIOD_NS, False)]
    assert ade.part.samples_taken == 6
    assert not ade.side.unmodelled()


def test_sync_restarts_the_conversions_from_the_preset(ade):
    ade.run(100_000)
    ade.write(COUNTER1, 1)
    ade.write(SYNC_SNAP, 1)
    ade.side.watch("ade", "DREADY")
    ade.run(100_000)
    assert ade.side.record[0][0] == 100_000 + PERIOD_NS // 2
    assert ade.read(SYNC_SNAP) == 0


def test_snap_copies_the_counter_also_while_locked(ade):
    ade.write(LOCK, 0xCA)
    ade.run(10 * PERIOD_NS + 50_000)
    ade.write(SYNC_SNAP, 2)
    assert ade.read(SNAPSHOT, 2) == 50_000 * 4096 // 1_000_000


def test_lock_protects_the_configuration(ade):
    assert ade.read(STATUS0) == 0
    ade.write(LOCK, 0xCA)
    assert ade.read(STATUS0) == 4
    ade.write(EMI, 0x55)
    ade.write(CONFIG, 0x30)
    assert (ade.read(EMI), ade.read(CONFIG)) == (0, 0)
    ade.write(LOCK, 0x9C)
    ade.write(EMI, 0x55)
    ade.write(CONFIG, 0x38)
    assert (ade.read(STATUS0), ade.read(EMI), ade.read(CONFIG)) == (0, 0x55, 0x38)


def test_resets_clear_the_configuration_and_soft_reset_reads_back_as_zero(ade):
    for how in (lambda: ade.write(CONFIG, 0x40), lambda: ade.transfer(bytes(8))):
        ade.write(CONFIG, 0x30)
        ade.write(EMI, 0xAA)
        how()
        assert (ade.read(CONFIG), ade.read(EMI)) == (0, 0)


def test_reset_takes_its_time(native):
    ade = Ade(native=native, reset_duration_us=500)
    ade.write(EMI, 1)
    assert ade.read(STATUS0) == 1
    ade.run(500_000)
    assert (ade.read(STATUS0), ade.read(EMI), ade.part.samples_taken) == (0, 0, 0)
    ade.run(PERIOD_NS)
    assert ade.part.samples_taken == 1


def test_power_down_holds_the_last_sample(ade):
    ade.part.analog.connect(Step(0.01, 0))
    ade.run(PERIOD_NS)
    ade.write(CONFIG, 4)
    ade.run(10 * PERIOD_NS)
    assert ade.part.samples_taken == 1
    assert ade.current() == round(0.01 / LSB_V["i"])


def test_a_sample_that_nobody_read_sets_adc_na_until_it_is_seen(ade):
    assert ade.read(STATUS1) == 3
    ade.run(PERIOD_NS)
    ade.burst()
    ade.run(PERIOD_NS)
    assert ade.read(STATUS1) == 3
    ade.run(PERIOD_NS)
    assert ade.read(STATUS1) == 3 | 8
    assert ade.read(STATUS1) == 3


def test_overruns_count_samples_between_reads(ade):
    ade.run(10 * PERIOD_NS)
    for skipped in (0, 3, 0, 1):
        ade.burst()
        ade.run((skipped + 1) * PERIOD_NS)
    ade.burst()
    assert ade.part.overruns == 4


def test_a_changed_source_counts_from_its_time_on(ade):
    ade.part.analog.connect(Step(0.001, 0))
    ade.run(5 * PERIOD_NS)
    ade.part.analog.connect(Step(0.002, 0), from_ns=8 * PERIOD_NS)
    seen = []
    for _ in range(5):
        seen.append(round(ade.current() * LSB_V["i"], 6))
        ade.run(PERIOD_NS)
    assert seen == [0.001] * 3 + [0.002] * 2


def test_errors_of_the_part_and_its_temperature(ade):
    ade.part.front.gain_error["i"] = 0.01
    ade.part.front.offset_v["v1"] = 0.001
    ade.part.front.temperature_c, ade.part.front.tempos = 40.0, -5
    ade.part.analog.connect(Step(0.02, 0))
    ade.write(CONFIG, 8)
    ade.run(PERIOD_NS)
    assert ade.current() == round(0.0202 / LSB_V["i"])
    assert ade.read(1, 3) == round(0.001 / LSB_V["v1"])
    temperature = 8.72101e-5 * (ade.read(2, 3) - (ade.read(2, 3) >> 23 << 24)) + 8.72101e-5 * -5 * 2048 - 306.47
    assert temperature == pytest.approx(40.0, abs=1e-4)
    assert ade.read(0x18) == 0xFB


def test_clipping_is_an_error_at_its_time(ade):
    ade.part.analog.connect(Step(0.04, 1_000_001))
    with pytest.raises(StimulusError, match=r"'i' is at 0\.04 V.*0\.03125 V.*0\.001125000 s"):
        ade.run(10_000_000)


def test_clipping_can_be_evidence_only(ade):
    ade.part.clip_is_error = False
    ade.part.analog.connect(Step(-0.04, 1_000_001))
    ade.run(2_000_000)
    assert (ade.part.clipped_samples, ade.part.first_clip_ns) == (8, 1_125_000)
    assert ade.current() == -round(0.03125 / LSB_V["i"])


def test_gpio_selects_the_part_while_the_pad_is_one(ade):
    ade.part.on_input(1, True)
    assert ade.selected()
    ade.part.on_input(0, True)
    assert not ade.selected()
    ade.select(True)
    assert not ade.selected()
    ade.part.on_input(1, False)
    assert ade.selected()


def test_reads_of_what_is_not_known_are_reported(ade):
    ade.read(5, 2)
    ade.read(0x1E)
    ade.write(CONFIG, 0x81)
    assert ade.side.unmodelled() == {
        ("ade", "read CTRL_CRC"): 1,
        ("ade", "read +0x1E"): 1,
        ("ade", "write CONFIG value 0x81"): 1,
    }
