"""CAAM: registers by name, job rings, random numbers, and refusals that nobody can overlook."""

from dataclasses import replace

import pytest
from plain_state import state_of
from test_against_svd import differences

from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.imxrt.caam import TABLE, Caam

INPUT, OUTPUT, JOB, DATA = 0x1000, 0x1100, 0x2000, 0x3000
GENERATE = (0xB0800009, 0xA0000002, 0, 0x12820004, 32, 0x82500000, 0x60700000, DATA, 32)
INSTANTIATE = (0xB0800006, 0xA0000002, 0, 0x12820004, 1000, 0x82500006)
KEYS = (0xB0800004, 0xA0000002, 0, 0x82501000)
AES = (0xB0800005, 0x02800010, 0, 0x8210010D, 0x22900000)


class Bench:
    def __init__(self, seed=1):
        self.host = FakeHost()
        self.caam = Caam(self.host, "caam", seed=seed)
        self.caam.reset()
        self.write("IRBAR_JR0", INPUT, 4)
        self.write("IRSR_JR0", 4)
        self.write("ORBAR_JR0", OUTPUT, 4)
        self.write("ORSR_JR0", 4)
        self.added = 0

    def offset(self, name):
        return next(offset for known, offset, *_ in TABLE.instances() if known == name)

    def read(self, name):
        return self.caam.read(self.offset(name), 4)

    def write(self, name, value, distance=0):
        self.caam.write(self.offset(name) + distance, 4, value)

    def put(self, address, words):
        self.host.memory[address : address + 4 * len(words)] = b"".join(word.to_bytes(4, "little") for word in words)

    def word(self, address):
        return int.from_bytes(self.host.memory[address : address + 4], "little")

    def run(self, job, address=JOB):
        """Put a job into ring 0 and return what its result says."""
        self.put(address, job)
        self.put(INPUT + 4 * (self.added % 4), [address])
        place = OUTPUT + 8 * (self.added % 4)
        self.added += 1
        self.write("IRJAR_JR0", 1)
        assert self.word(place) == address
        return self.word(place + 4)


@pytest.fixture
def bench():
    return Bench()


def test_the_table_agrees_with_the_svd():
    assert [text for text in differences(replace(TABLE, svd="CAAM")) if not text.endswith(" is missing")] == []


def test_names_and_reset_values():
    assert CATALOGUE["Wattbench.Caam"] is Caam
    caam = Caam(FakeHost(), "caam")
    caam.reset()
    for name, offset, register, number in TABLE.instances():
        if name != "RTMCTL":
            assert caam.read(offset, 4) == register.reset_of(number) & 0xFFFF_FFFF, name
    assert caam.host.unmodelled_accesses == {}


def test_other_registers_have_their_names(bench):
    assert bench.caam.read(0xFFC - 4, 4) == 0x0A16_0402
    bench.caam.write(0x604, 4, 0x10033)
    assert bench.caam.read(0x604, 4) == 0x10033
    accesses = [access for _, access in bench.host.unmodelled_accesses]
    assert accesses[0] == "read CAAMVID_MS"
    assert accesses[1].startswith("write RTSCMISC")


def test_the_start_of_a_driver_as_it_goes(bench):
    """Resets, noise source, state handle 0, secure keys, random numbers: as NXP's SDK does."""
    bench.write("RTMCTL", 0x11041)
    bench.write("RTMCTL", 0x1000 | 1)
    assert bench.read("RDSTA") & 3 == 0
    assert bench.run(INSTANTIATE) == 0
    assert bench.read("RDSTA") & 0x33 == 0x11
    assert bench.read("JDKEKR0") == 0
    assert bench.run(KEYS) == 0
    assert bench.read("JDKEKR0") != 0
    assert bench.read("RDSTA") >> 30 == 1
    assert bench.run(GENERATE) == 0
    assert bytes(bench.host.memory[DATA : DATA + 32]) != bytes(32)
    assert bytes(bench.host.memory[DATA + 32 : DATA + 40]) == bytes(8)
    assert bench.host.unmodelled_accesses == {}


def test_equal_seeds_give_equal_numbers():
    numbers = []
    for seed in (1, 1, 2):
        bench = Bench(seed)
        bench.run(INSTANTIATE)
        bench.run(GENERATE)
        numbers.append(bytes(bench.host.memory[DATA : DATA + 32]))
    assert numbers[0] == numbers[1] != numbers[2]


def test_no_numbers_without_a_state_handle(bench):
    assert bench.run(GENERATE) >> 28 == 2
    assert bytes(bench.host.memory[DATA : DATA + 32]) == bytes(32)
    bench.run(INSTANTIATE)
    assert bench.run(INSTANTIATE) >> 28 == 2
    assert bench.run((0xB0800002, 0x8250000C)) == 0
    assert bench.read("RDSTA") & 0x33 == 0


def test_a_short_store_has_its_size_in_the_command(bench):
    bench.run(INSTANTIATE)
    assert bench.run((0xB0800004, 0x82500000, 0x60340008, DATA)) == 0
    assert bytes(bench.host.memory[DATA : DATA + 8]) != bytes(8)
    assert bytes(bench.host.memory[DATA + 8 : DATA + 16]) == bytes(8)


def test_other_jobs_are_refused_visibly(bench):
    assert bench.run(AES) == 0x4000_0104
    assert bench.read("JRSTAR_JR0") == 0x4000_0104
    ((source, access),) = bench.host.unmodelled_accesses
    assert (source, access) == ("caam", "job in ring 0: a job with this command (word 1 of its descriptor, 0x02800010)")
    assert "ends with an error" in bench.host.messages[0][2]
    assert bench.run((0x12345678,)) == 0x4000_0004
    assert bench.run((0xB0800001,)) == 0x4000_0004


def test_jobs_that_are_not_in_memory(bench):
    bench.put(INPUT, [0x9000_0000])
    bench.write("IRJAR_JR0", 1)
    assert bench.word(OUTPUT + 4) == 0x4000_000C
    assert "bus error at 0x90000000" in bench.host.messages[0][2]


def test_rings_wrap_and_count(bench):
    bench.run(INSTANTIATE)
    for _ in range(5):
        assert bench.run(GENERATE) == 0
    assert bench.read("ORSFR_JR0") == 6
    bench.write("ORJRR_JR0", 4)
    assert bench.read("ORSFR_JR0") == 2
    assert bench.read("IRSAR_JR0") == 4


def test_a_ring_without_size_does_nothing(bench):
    bench.write("IRJAR_JR1", 1)
    assert bench.read("ORSFR_JR1") == 0


def test_interrupts(bench):
    line = bench.caam.outputs["IRQ0"]
    bench.run(INSTANTIATE)
    assert line.level
    bench.write("JRINTR_JR0", 1)
    assert not line.level
    bench.write("JRCFGR_JR0_LS", 1)
    bench.run(GENERATE)
    assert not line.level
    bench.write("JRCFGR_JR0_LS", 0)
    assert line.level


def test_a_ring_is_reset_in_two_steps(bench):
    bench.run(INSTANTIATE)
    bench.write("JRCR_JR0", 1)
    assert bench.read("JRINTR_JR0") >> 2 & 3 == 2
    bench.write("JRCR_JR0", 1)
    assert (bench.read("ORSFR_JR0"), bench.read("JRINTR_JR0"), bench.read("IRRIR_JR0")) == (0, 0, 0)


def test_a_reset_of_the_block_keeps_secrets(bench):
    bench.run(INSTANTIATE)
    bench.run(KEYS)
    key = bench.read("TDSKR3")
    bench.write("MCFGR", 1 << 31)
    assert bench.read("MCFGR") == TABLE["MCFGR"].reset
    assert bench.read("IRSR_JR0") == 0
    assert bench.read("TDSKR3") == key != 0
    assert bench.read("RDSTA") & 1


def test_entropy_shows_in_access_mode(bench):
    assert bench.read("RTENT0") == 0
    bench.write("RTMCTL", 1 << 5)
    assert bench.read("RTMCTL") & (1 << 10 | 1 << 13) == 1 << 10 | 1 << 13
    first = [bench.read(f"RTENT{number}") for number in range(16)]
    second = [bench.read(f"RTENT{number}") for number in range(16)]
    assert len({*first, *second}) == 32
    bench.write("RTMCTL", 1 << 5 | 1 << 16)
    assert bench.read("RTENT0") == 0


def test_saved_and_restored_it_goes_on_the_same(bench):
    bench.run(INSTANTIATE)
    bench.caam.write(0x604, 4, 0x10033)
    saved, before = bench.caam.save(), state_of(bench.caam)
    bench.run(GENERATE)
    numbers = bytes(bench.host.memory[DATA : DATA + 32])
    other = Bench(9)
    other.added = 1
    other.caam.restore(saved)
    assert state_of(other.caam) == before
    other.run(GENERATE)
    assert bytes(other.host.memory[DATA : DATA + 32]) == numbers
    assert other.caam.read(0x604, 4) == 0x10033


def test_a_write_to_the_bus_settings_is_no_reset(bench):
    bench.write("MCFGR", 0x82300)
    assert bench.read("IRSR_JR0") == 4


def test_entropy_stays_until_its_last_word_was_read(bench):
    bench.write("RTMCTL", 1 << 5)
    first = bench.read("RTENT0")
    assert bench.read("RTENT0") == first
    bench.read("RTENT15")
    assert bench.read("RTENT0") != first


def test_a_chip_reset_takes_the_interrupts_away(bench):
    bench.run(INSTANTIATE)
    bench.caam.reset()
    assert not bench.caam.outputs["IRQ0"].level


def test_state_handles_are_apart(bench):
    second = (*INSTANTIATE[:5], INSTANTIATE[5] | 1 << 4)
    assert bench.run(second) == 0
    assert bench.read("RDSTA") & 0x33 == 0x22
    assert bench.run(INSTANTIATE) == 0
    assert bench.read("RDSTA") & 0x33 == 0x33


def test_a_job_without_prediction_resistance(bench):
    assert bench.run((0xB0800002, 0x82500004)) == 0
    assert bench.read("RDSTA") & 0x33 == 1


def test_a_command_of_nothing_does_not_stop_a_ring(bench):
    bench.write("JRCR_JR0", 0)
    assert bench.read("JRINTR_JR0") == 0


def test_an_output_ring_outside_of_memory_is_told(bench):
    bench.write("ORBAR_JR0", 0x9000_0000, 4)
    bench.put(JOB, INSTANTIATE)
    bench.put(INPUT, [JOB])
    bench.write("IRJAR_JR0", 1)
    assert "bus error at 0x90000000 in output ring 0" in bench.host.messages[-1][2]
