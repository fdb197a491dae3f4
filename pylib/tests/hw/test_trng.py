"""TRNG: equal seeds, generation time, statistics of the samples, failed tests, interrupts."""

import pytest
from pairs import Clock
from plain_state import state_of

from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.imxrt.entropy import SeededEntropy
from wattbench.hw.imxrt.trng import TABLE, Trng

PRGM, RST_DEF, ERR, ENT_VAL, TSTOP_OK, FCT_VAL = 1 << 16, 1 << 6, 1 << 12, 1 << 10, 1 << 13, 1 << 9
CLOCK_HZ = 100_000_000
GENERATION_NS = 2500 * 3200 * 10


class Bench:
    def __init__(self, seed=1, clocks=None):
        self.host = FakeHost()
        self.trng = Trng(self.host, "trng", seed=seed, frequency=CLOCK_HZ, clocks=clocks)
        self.trng.reset()

    def offset(self, name):
        return next(offset for known, offset, *_ in TABLE.instances() if known == name)

    def read(self, name):
        return self.trng.read(self.offset(name), 4)

    def write(self, name, value):
        self.trng.write(self.offset(name), 4, value)

    def start(self):
        self.write("MCTL", self.read("MCTL") & ~PRGM)

    def words(self):
        return [self.read(f"ENT{number}") for number in range(16)]


@pytest.fixture
def bench():
    return Bench()


def test_names_and_reset_values(bench):
    assert CATALOGUE["Wattbench.Trng"] is Trng
    for name, offset, register, number in TABLE.instances():
        assert bench.trng.read(offset, 4) == register.reset_of(number), name


def test_entropy_comes_after_its_time_and_anew_after_the_last_word(bench):
    bench.start()
    assert not bench.read("MCTL") & (ENT_VAL | TSTOP_OK)
    bench.host.run_for(GENERATION_NS - 1)
    assert not bench.read("MCTL") & ENT_VAL
    assert bench.read("ENT0") == 0
    bench.host.run_for(1)
    assert bench.read("MCTL") & (ENT_VAL | TSTOP_OK | FCT_VAL) == ENT_VAL | TSTOP_OK | FCT_VAL
    first = bench.words()
    assert len(set(first)) == 16
    assert not bench.read("MCTL") & ENT_VAL
    bench.host.run_for(GENERATION_NS)
    assert not set(first) & set(bench.words())


def test_equal_seeds_give_equal_numbers():
    runs = []
    for seed in (1, 1, 2):
        bench = Bench(seed)
        bench.start()
        bench.host.run_for(GENERATION_NS)
        runs.append(bench.words())
    assert runs[0] == runs[1] != runs[2]


def test_the_seed_may_be_set_later(bench):
    bench.trng.seed = 2
    bench.start()
    bench.host.run_for(GENERATION_NS)
    other = Bench(2)
    other.start()
    other.host.run_for(GENERATION_NS)
    assert bench.words() == other.words()


def test_the_statistics_are_those_of_the_samples(bench):
    bench.start()
    bench.host.run_for(GENERATION_NS)
    data = SeededEntropy(1).take(313)
    bits = "".join(f"{byte:08b}" for byte in data)[:2500]
    assert bench.read("SCML") == bits.count("1")
    assert bench.read("SBLIM") == 2500
    ones = [len(run) for run in bits.split("0") if run]
    zeros = [len(run) for run in bits.split("1") if run]
    for length, name in enumerate(("SCR1L", "SCR2L", "SCR3L", "SCR4L", "SCR5L"), 1):
        assert bench.read(name) == ones.count(length) << 16 | zeros.count(length), name
    assert bench.read("SCR6PL") >> 16 == sum(length >= 6 for length in ones)
    nibbles = [int(bits[at : at + 4], 2) for at in range(0, 2500, 4)]
    assert bench.read("PKRCNT32") == nibbles.count(3) << 16 | nibbles.count(2)
    assert bench.read("PKRCNTFE") == nibbles.count(15) << 16 | nibbles.count(14)
    assert bench.read("STATUS") & 0xFFFF == 0


def test_limits_are_read_and_set_in_program_mode(bench):
    bench.write("SCML", 0x1234_5678)
    assert bench.read("SCML") == 0x1234_5678
    bench.write("MCTL", PRGM | RST_DEF)
    assert bench.read("SCML") == TABLE["SCML"].reset
    bench.start()
    bench.write("SDCTL", 0)
    assert bench.trng["SDCTL"] == TABLE["SDCTL"].reset
    assert "program mode" in bench.host.messages[0][2]


def test_impossible_limits_end_in_an_error_after_the_retries(bench):
    bench.write("SCML", 1 << 16 | 10)
    bench.write("INT_MASK", 1)
    bench.start()
    bench.host.run_for(GENERATION_NS)
    assert bench.read("STATUS") == 1 << 16 | 1 << 15
    assert not bench.read("MCTL") & ERR
    bench.host.run_for(GENERATION_NS)
    assert bench.read("MCTL") & (ERR | ENT_VAL) == ERR
    assert bench.trng.irq.level
    assert bench.read("INT_STATUS") == 1
    bench.write("INT_CTRL", 6)
    assert not bench.trng.irq.level
    bench.write("MCTL", 1 | ERR)
    assert not bench.read("MCTL") & (ERR | TSTOP_OK)


def test_a_run_may_be_too_long(bench):
    bench.write("SCMISC", 2)
    bench.start()
    bench.host.run_for(GENERATION_NS)
    assert bench.read("STATUS") & 1 << 13


def test_runs_outside_of_their_range(bench):
    bench.write("SCR2L", 0)
    bench.start()
    bench.host.run_for(GENERATION_NS)
    assert bench.read("STATUS") & 0xFFFF == 0b1100


def test_a_wrong_oscillator(bench):
    bench.write("FRQMAX", 100)
    bench.start()
    bench.host.run_for(GENERATION_NS)
    assert bench.read("MCTL") & (ERR | 1 << 8) == ERR | 1 << 8
    assert bench.read("INT_STATUS") == 0b101


def test_entropy_interrupts(bench):
    bench.write("INT_MASK", 2)
    bench.start()
    bench.host.run_for(GENERATION_NS)
    assert bench.trng.irq.level
    bench.read("ENT15")
    assert not bench.trng.irq.level


def test_program_mode_stops_it_and_can_be_locked(bench):
    bench.start()
    bench.write("MCTL", PRGM | 1)
    bench.host.run_for(2 * GENERATION_NS)
    assert bench.read("MCTL") & (ENT_VAL | TSTOP_OK) == TSTOP_OK
    bench.write("SEC_CFG", 2)
    bench.start()
    bench.write("MCTL", PRGM | 1)
    assert not bench.read("MCTL") & PRGM


def test_without_clock_nothing_is_generated():
    clocks = Clock(0)
    bench = Bench(clocks=clocks)
    bench.start()
    bench.host.run_for(GENERATION_NS)
    assert not bench.read("MCTL") & ENT_VAL
    clocks.set(CLOCK_HZ)
    bench.host.run_for(GENERATION_NS)
    assert bench.read("MCTL") & ENT_VAL


def test_the_driver_of_an_operating_system_as_it_goes(bench):
    """Program mode, defaults, run mode, a read of the last word; then words as they are valid: as Phoenix-RTOS does."""
    bench.write("MCTL", bench.read("MCTL") | PRGM)
    bench.write("MCTL", bench.read("MCTL") | RST_DEF)
    bench.write("MCTL", bench.read("MCTL") & ~PRGM)
    bench.read("ENT15")
    read = []
    for index in range(4):
        while not bench.read("MCTL") & (ENT_VAL | ERR):
            bench.host.run_for(1_000_000)
        read.append(bench.read(f"ENT{index}"))
    bench.read("ENT15")
    assert len(set(read)) == 4
    assert not bench.read("MCTL") & ERR


def test_saved_during_a_generation_it_goes_on_the_same(bench):
    bench.start()
    bench.host.run_for(GENERATION_NS)
    bench.read("ENT15")
    bench.host.run_for(GENERATION_NS // 2)
    saved, at_ns, before = bench.trng.save(), bench.host.time_ns, state_of(bench.trng)
    bench.host.run_for(GENERATION_NS)
    words = bench.words()
    other = Bench(7)
    other.host.time_ns = at_ns
    other.trng.restore(saved)
    assert state_of(other.trng) == before
    other.host.run_for(GENERATION_NS)
    assert other.words() == words


def test_writes_in_run_mode_leave_good_entropy_alone(bench):
    bench.start()
    bench.host.run_for(GENERATION_NS)
    bench.write("MCTL", 1 | ERR)
    assert bench.read("MCTL") & ENT_VAL
    bench.trng.reset()
    assert not bench.read("MCTL") & (ENT_VAL | FCT_VAL)


def test_a_mask_opened_late_lets_the_interrupt_through(bench):
    bench.start()
    bench.host.run_for(GENERATION_NS)
    assert not bench.trng.irq.level
    bench.write("INT_MASK", 2)
    assert bench.trng.irq.level
