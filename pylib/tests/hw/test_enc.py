"""Quadrature decoders: counting, revolutions, modulus, compare, index and home, filter, watchdog, test signal."""

import pytest
from pairs import Clock

from wattbench.core.clock import FixedClock
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.enc import CTRL, CTRL2, HOME, INDEX, PHASE_A, PHASE_B, QUARTERS, TABLE, TRIGGER, TST, Enc
from wattbench.hw.imxrt106x.variants import Enc106x

OFFSETS = {name: offset for name, offset, _, _ in TABLE.instances()}
US = 1000


def bits(register, *names):
    return sum(register[name].mask for name in names)


class Decoder(Enc):
    """A decoder at 1 MHz with registers by name and an encoder at its inputs."""

    def __init__(self, clocks=None):
        super().__init__(FakeHost(), "enc1", clocks=clocks or FixedClock(1_000_000))
        self.reset()
        self.quarter = 0
        self.matches = []
        self.outputs["POSMATCH"].connect(self.matches.append, announce=False)

    def get(self, name):
        return self.read(OFFSETS[name], 2)

    def put(self, name, value):
        self.write(OFFSETS[name], 2, value)

    def pair(self, name, value):
        self.put(f"U{name}", value >> 16)
        self.put(f"L{name}", value & 0xFFFF)

    def turn(self, counts):
        """Turn the encoder by so many quarter periods, a microsecond each."""
        for _ in range(abs(counts)):
            self.host.run_for(US)
            before, self.quarter = self.quarter, (self.quarter + (1 if counts > 0 else -1)) % 4
            for number in (PHASE_A, PHASE_B):
                if QUARTERS[before][number] != QUARTERS[self.quarter][number]:
                    self.on_input(number, QUARTERS[self.quarter][number])

    def edge(self, number, *levels):
        for level in levels:
            self.on_input(number, level)


@pytest.fixture
def enc():
    return Decoder()


@pytest.mark.parametrize("kind", [Enc, Enc106x])
def test_reset_values(kind):
    block = kind(FakeHost(), "enc1")
    block.reset()
    for _, offset, register, number in block.table.instances():
        if register.modelled:
            assert block.read(offset, 2) == register.reset_of(number)
    assert not block.host.unmodelled_accesses


def test_the_smaller_decoder_has_no_measurement_of_times():
    block = Enc106x(FakeHost(), "enc1")
    block.reset()
    block.write(0x02, 2, 0xFFFF)
    assert block.read(0x02, 2) == 0x07FF
    block.read(0x28, 2)
    assert block.host.unmodelled_accesses == {("enc1", "read +0x28"): 1}


def test_every_edge_counts_in_its_direction(enc):
    enc.turn(10)
    assert (enc.position, bool(enc.get("CTRL2") & bits(CTRL2, "DIR"))) == (10, True)
    enc.turn(-13)
    assert (enc.position, bool(enc.get("CTRL2") & bits(CTRL2, "DIR"))) == (0xFFFF_FFFD, False)
    assert enc.get("CTRL2") & bits(CTRL2, "RUIRQ", "ROIRQ") == bits(CTRL2, "RUIRQ")


def test_the_other_direction(enc):
    enc.put("CTRL", bits(CTRL, "REV"))
    enc.turn(5)
    assert enc.position == 0xFFFF_FFFB


def test_one_phase_counts_and_the_other_gives_the_direction(enc):
    enc.put("CTRL", bits(CTRL, "PH1"))
    enc.edge(PHASE_A, True, False, True, False, True)
    assert enc.position == 3
    enc.edge(PHASE_B, True)
    enc.edge(PHASE_A, False, True, False)
    assert enc.position == 2


def test_reading_a_counter_holds_all_and_begins_a_new_difference(enc):
    enc.pair("POS", 0x0001_FFFE)
    enc.put("REV", 7)
    enc.turn(4)
    assert enc.get("UPOS") == 2
    enc.turn(3)
    assert [enc.get(name) for name in ("UPOSH", "LPOSH", "REVH", "POSDH")] == [2, 2, 7, 4]
    assert enc.get("POSD") == 3
    assert (enc.get("POSDH"), enc.get("LPOSH"), enc.get("POSD")) == (3, 5, 0)
    enc.turn(-2)
    assert enc.get("POSD") == 0xFFFE


def test_modulo_counting_with_revolutions(enc):
    enc.pair("INIT", 10)
    enc.pair("MOD", 13)
    enc.put("CTRL2", bits(CTRL2, "MOD", "REVMOD", "ROIE", "RUIE"))
    enc.put("CTRL", bits(CTRL, "SWIP"))
    assert (enc.position, enc.get("CTRL")) == (10, 0)
    enc.turn(3)
    assert (enc.position, enc.get("REV"), enc.outputs["IRQ"].level) == (13, 0, False)
    enc.turn(1)
    assert (enc.position, enc.get("REV"), enc.outputs["IRQ"].level) == (10, 1, True)
    enc.put("CTRL2", enc.get("CTRL2"))
    assert not enc.outputs["IRQ"].level
    enc.turn(-1)
    assert (enc.position, enc.get("REV"), enc.outputs["IRQ"].level) == (13, 0, True)
    enc.turn(-3)
    assert (enc.position, enc.get("CTRL2") & bits(CTRL2, "ROIRQ")) == (10, 0)


def test_the_compare_value(enc):
    enc.pair("COMP", 3)
    enc.put("CTRL", bits(CTRL, "CMPIE"))
    enc.turn(2)
    assert (enc.matches, enc.outputs["IRQ"].level) == ([], False)
    enc.turn(1)
    assert (enc.matches, enc.outputs["IRQ"].level) == ([True, False], True)
    enc.put("CTRL", bits(CTRL, "CMPIE", "CMPIRQ"))
    assert not enc.outputs["IRQ"].level
    enc.turn(1)
    assert enc.get("CTRL") & bits(CTRL, "CMPIRQ") == 0
    enc.turn(-1)
    assert len(enc.matches) == 4


def test_the_match_output_may_tell_of_reads(enc):
    enc.pair("COMP", 1)
    enc.put("CTRL2", bits(CTRL2, "OUTCTL"))
    enc.turn(1)
    assert enc.matches == []
    enc.get("REV")
    enc.get("UPOSH")
    assert enc.matches == [True, False]


def test_the_index_counts_revolutions_and_sets_the_position(enc):
    enc.pair("INIT", 100)
    enc.put("CTRL", bits(CTRL, "XIE"))
    enc.turn(2)
    enc.edge(INDEX, True, False)
    assert (enc.get("REV"), enc.position, enc.outputs["IRQ"].level) == (1, 2, True)
    enc.put("CTRL", bits(CTRL, "XIE", "XIRQ", "XNE", "XIP"))
    assert not enc.outputs["IRQ"].level
    enc.edge(INDEX, True)
    assert enc.position == 2
    enc.turn(-1)
    enc.edge(INDEX, False)
    assert (enc.get("REV"), enc.position, enc.outputs["IRQ"].level) == (0, 100, True)
    enc.put("CTRL2", bits(CTRL2, "REVMOD"))
    enc.edge(INDEX, True, False)
    assert enc.get("REV") == 0


def test_home_sets_the_position(enc):
    enc.pair("INIT", 0x12345)
    enc.put("CTRL", bits(CTRL, "HIE", "HIP"))
    enc.edge(HOME, True)
    assert (enc.position, enc.outputs["IRQ"].level) == (0x12345, True)
    enc.put("CTRL", bits(CTRL, "HIRQ", "HNE"))
    enc.turn(1)
    enc.edge(HOME, False)
    assert (enc.position, enc.get("CTRL") & bits(CTRL, "HIRQ")) == (0x12346, bits(CTRL, "HIRQ"))


def test_the_trigger_holds_or_clears(enc):
    enc.turn(5)
    enc.put("CTRL2", bits(CTRL2, "UPDHLD"))
    enc.edge(TRIGGER, True, False)
    assert (enc.get("LPOSH"), enc.get("POSDH"), enc.position) == (5, 5, 5)
    enc.turn(1)
    assert enc.get("LPOSH") == 5
    enc.put("CTRL2", bits(CTRL2, "UPDPOS"))
    enc.edge(TRIGGER, True)
    assert (enc.position, enc.get("POSD")) == (0, 0)


def test_levels_and_filter(enc):
    enc.put("FILT", 2 << 13 | 1 << 8 | 5)  # four samples, 20 us from one to the next
    enc.edge(PHASE_A, True)
    assert enc.get("IMR") == 1 << 3
    enc.host.run_for(80 * US - 1)
    assert enc.position == 0
    enc.host.run_for(1)
    assert (enc.position, enc.get("IMR")) == (1, 1 << 3 | 1 << 7)
    enc.edge(PHASE_B, True)
    enc.host.run_for(79 * US)
    enc.edge(PHASE_B, False)
    enc.host.run_for(500 * US)
    assert (enc.position, enc.get("IMR")) == (1, 1 << 3 | 1 << 7)
    enc.edge(PHASE_B, True)
    enc.put("FILT", 0)
    assert enc.position == 2


def test_the_watchdog_waits_for_counts(enc):
    enc.put("WTR", 100)
    enc.put("CTRL", bits(CTRL, "WDE", "DIE"))
    for _ in range(3):
        enc.host.run_for(98 * US)
        enc.turn(1)
        assert not enc.outputs["IRQ"].level
    enc.host.run_for(99 * US)
    assert not enc.outputs["IRQ"].level
    enc.host.run_for(US)
    assert enc.outputs["IRQ"].level
    enc.put("CTRL", bits(CTRL, "WDE", "DIE", "DIRQ"))
    enc.host.run_for(100 * US)
    assert enc.outputs["IRQ"].level
    enc.put("CTRL", bits(CTRL, "DIE", "DIRQ"))
    enc.host.run_for(1000 * US)
    assert not enc.outputs["IRQ"].level


def test_phases_that_change_together(enc):
    enc.put("CTRL2", bits(CTRL2, "SABIE"))
    enc.turn(3)
    assert not enc.outputs["IRQ"].level
    enc.host.run_for(US)
    enc.edge(PHASE_A, True)
    enc.edge(PHASE_B, False)
    assert enc.outputs["IRQ"].level


@pytest.mark.parametrize(("back", "end"), [(0, 6), (TST["QDN"].mask, 0xFFFF_FFFA)])
def test_the_test_signal(enc, back, end):
    enc.put("TST", bits(TST, "TEN", "TCE") | 10 << 8 | 6 | back)
    enc.host.run_for(59 * US)
    assert enc.position != end
    enc.turn(3)
    enc.host.run_for(100 * US)
    assert enc.position == end


def test_nothing_counts_without_a_clock():
    clock = Clock(0)
    enc = Decoder(clock)
    enc.turn(1)
    assert enc.position == 0
    clock.set(1_000_000)
    assert enc.position == 1
    enc.turn(3)
    assert enc.position == 4


def test_save_and_restore_in_the_middle(enc):
    enc.put("FILT", 3)
    enc.put("TST", bits(TST, "TEN", "TCE") | 10 << 8 | 6)
    enc.edge(INDEX, True)
    enc.host.run_for(5 * US)
    saved = enc.save()
    other = Decoder()
    other.host.run_for(5 * US)
    other.restore(saved)
    for one in (enc, other):
        one.host.run_for(100 * US)
    assert (other.position, other.get("CTRL"), other.get("REV"), other.get("IMR")) == (
        enc.position, enc.get("CTRL"), enc.get("REV"), enc.get("IMR"),
    )  # fmt: skip
    assert enc.position == 6


def test_a_reset_keeps_the_levels_outside(enc):
    enc.edge(HOME, True)
    enc.turn(2)
    enc.reset()
    assert (enc.position, enc.get("IMR")) == (0, 0xFF & ~(1 << 1 | 1 << 5))
    with pytest.raises(TypeError, match="input 5"):
        enc.on_input(5, True)


def test_what_is_not_modelled_is_counted(enc):
    enc.put("CTRL3", 1)
    assert len(enc.host.unmodelled_accesses) == 1
