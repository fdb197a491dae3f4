from fractions import Fraction
from random import Random

import pytest

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.anadig import Anadig
from wattbench.hw.imxrt.ccm import GATES, ROOT_NUMBERS, ROOTS, Ccm


@pytest.fixture
def clocks():
    host = FakeHost()
    anadig = Anadig(host, "anadig")
    ccm = Ccm(host, "ccm", anadig=anadig)
    for block in (anadig, ccm):
        block.reset()
    return ccm


def test_root_numbers_are_those_of_the_chip():
    assert len(ROOTS) == 79
    numbers = {
        "M7": 0,
        "BUS": 2,
        "GPT1": 14,
        "FLEXSPI1": 20,
        "LPUART1": 25,
        "LPI2C1": 37,
        "LPSPI1": 43,
        "SAI1": 64,
        "CKO2": 78,
    }
    assert {name: ROOT_NUMBERS[name] for name in numbers} == numbers


def test_every_source_of_every_root_has_a_frequency(clocks):
    for sources in ROOTS.values():
        assert len(sources) == 8
        for source in sources:
            assert clocks.anadig.source_hz(source) >= 0


def test_roots_start_at_24_mhz(clocks):
    assert {clocks.rate_hz(root) for root in ROOTS} == {24_000_000}


def test_mux_divider_and_off(clocks):
    at = 0x80 * ROOT_NUMBERS["LPUART1"]
    clocks.write(at, 4, 4 << 8 | 2)
    assert clocks.rate_hz("LPUART1") == 80_000_000
    assert clocks.read(at + 0x20, 4) == 4 << 8 | 2
    clocks.write(at, 4, 3 << 8 | 6)
    assert clocks.rate_hz("LPUART1") == Fraction(16_000_000, 7)
    clocks.write(at + 4, 4, 1 << 24)
    assert clocks.rate_hz("LPUART1") == 0
    assert clocks.rate_hz("LPUART2") == 24_000_000


def test_set_clear_toggle_aliases(clocks):
    at = 0x80 * ROOT_NUMBERS["GPT2"]
    clocks.write(at + 4, 4, 1 << 8 | 3)
    assert clocks.read(at, 4) == 1 << 8 | 3
    clocks.write(at + 8, 4, 1)
    assert clocks.read(at + 4, 4) == 1 << 8 | 2
    clocks.write(at + 12, 1, 3)
    assert clocks.read(at, 4) == 1 << 8 | 1
    clocks.write(0x4800 + 4, 4, 0xA5)
    assert clocks.read(0x4800, 4) == 0xA5


def test_rate_changes_are_announced(clocks):
    calls = []
    clocks.on_rate_change(lambda: calls.append(clocks.rate_hz("M7")))
    clocks.write(0, 4, 1 << 8 | 1)
    assert calls == [12_000_000]
    clocks.write(0, 4, 1 << 8 | 1)
    assert calls == [12_000_000]
    clocks.anadig.write(0x20, 4, 1 << 7)
    assert calls[-1] == 0


@pytest.mark.parametrize("seed", range(8))
def test_listeners_are_told_of_each_change_and_of_nothing_else(clocks, seed):
    rng = Random(seed)
    roots = rng.sample(tuple(ROOTS), 12)
    known = {root: clocks.rate_hz(root) for root in roots}
    told = []

    def tell():
        told.append(None)
        known.update((root, clocks.rate_hz(root)) for root in known)

    clocks.on_rate_change(tell)
    clocks.write(0x80 * ROOT_NUMBERS[roots[0]], 4, 2)
    analogue = {"OSC_24M_CTRL": 0x10, "OSC_48M_CTRL": 1 << 1 | 1 << 24, "SYS_PLL2_CTRL": 1 << 13 | 1 << 21 | 1 << 23,
                "SYS_PLL3_CTRL": 1 << 3 | 1 << 13 | 1 << 21 | 1 << 30, "OSC_400M_CTRL2": 1}  # fmt: skip
    offsets = {name: offset for name, offset, *_ in clocks.anadig.table.instances()}
    saved = clocks.anadig.save(), clocks.save()
    unknown = False
    """Whether the clock controller has roots whose rates it has not told yet: it may tell in vain once."""
    for step in range(400):
        before = {root: (clocks.root_hz(root), clocks.rate_hz(root)) for root in known}
        told.clear()
        match rng.choice(("root", "root", "gate", "source", "analogue", "analogue", "ask", "restore")):
            case "root":
                control = rng.choice((0, 0, 0, 1 << 24)) | rng.randrange(8) << 8 | rng.choice((0, 1, 2, 255))
                clocks.write(0x80 * ROOT_NUMBERS[rng.choice((*known, *ROOTS))], 4, control)
            case "gate":
                clocks.write(0x6000 + 0x20 * rng.choice((*GATES.values(), 49)), 4, rng.randrange(2))
            case "source":
                clocks.write(0x5000 + 0x20 * rng.randrange(30), 4, rng.randrange(2))
            case "analogue":
                name, bits = rng.choice(tuple(analogue.items()))
                clocks.anadig.write(offsets[name], 4, clocks.anadig[name] ^ bits & rng.getrandbits(32))
            case "ask":
                root = rng.choice(tuple(ROOTS))
                unknown |= root not in known
                known[root] = clocks.rate_hz(root)
                continue
            case "restore":
                if rng.random() < 0.1:
                    clocks.anadig.restore(saved[0])
                    clocks.restore(saved[1])
                    known.update((root, clocks.rate_hz(root)) for root in known)
                    unknown = True
                continue
        after = {root: (clocks.root_hz(root), clocks.rate_hz(root)) for root in known}
        assert known == {root: hz for root, (_, hz) in after.items()}, step
        assert not told or before != after or unknown, step
        unknown &= not told


def test_a_root_that_nobody_had_asked_for_is_followed_to_its_source(clocks):
    clocks.rate_hz("LPUART1")
    clocks.write(0x80 * ROOT_NUMBERS["LPUART1"], 4, 4 << 8 | 2)
    calls = []
    clocks.on_rate_change(lambda: calls.append(clocks.rate_hz("LPUART1")))
    clocks.write(0x80 * ROOT_NUMBERS["LPUART2"], 4, 3 << 8)
    assert calls == []
    assert clocks.rate_hz("LPUART2") == 16_000_000
    offsets = {name: offset for name, offset, *_ in clocks.anadig.table.instances()}
    clocks.anadig.write(offsets["OSC_16M_CTRL"], 4, clocks.anadig["OSC_16M_CTRL"] & ~2)
    assert calls == [80_000_000]
    assert clocks.rate_hz("LPUART2") == 0


def test_source_and_gate_status(clocks):
    assert clocks.read(0x5000 + 0x20 * 2 + 0x10, 4) == 1 << 28 | 0x31
    assert clocks.read(0x5000 + 0x20 * 7 + 0x10, 4) == 0x31
    assert clocks.gate_open(49)
    clocks.write(0x6000 + 0x20 * 49, 4, 0)
    assert not clocks.gate_open(49)
    assert clocks.read(0x6000 + 0x20 * 49 + 0x10, 4) == 0


def test_a_closed_gate_stops_its_block_and_no_other(clocks):
    calls = []
    clocks.on_rate_change(lambda: calls.append(clocks.rate_hz("LPSPI1")))
    clocks.write(0x6000 + 0x20 * 104, 4, 0)
    assert clocks.rate_hz("LPSPI1") == 0
    assert clocks.root_hz("LPSPI1") == 24_000_000
    assert clocks.rate_hz("LPSPI2") == 24_000_000
    clocks.write(0x6000 + 0x20 * 104, 4, 0)
    clocks.write(0x6000 + 0x20 * 104, 4, 1)
    assert calls == [0, 24_000_000]


def test_each_gate_belongs_to_a_root():
    assert set(GATES) <= set(ROOTS)
    assert len(set(GATES.values())) == len(GATES)
    assert {GATES[name] for name in ("GPT1", "LPUART12", "LPI2C6", "LPSPI6", "SAI4")} == {64, 97, 103, 109, 126}


def test_a_source_that_is_switched_off_stops_what_selects_it(clocks):
    at = 0x80 * ROOT_NUMBERS["LPUART1"]
    clocks.write(at, 4, 4 << 8 | 2)
    calls = []
    clocks.on_rate_change(lambda: calls.append(clocks.rate_hz("LPUART1")))
    clocks.write(0x5000 + 0x20 * 16, 4, 0)
    assert calls == [0]
    assert clocks.read(0x5000 + 0x20 * 16 + 0x10, 4) == 0
    assert clocks.rate_hz("LPUART2") == 24_000_000
    assert clocks.source_hz(16) == 0
    clocks.write(0x5000 + 0x20 * 16, 4, 1)
    assert calls == [0, 80_000_000]
    assert clocks.source_hz(4) == 0


def test_set_points_are_counted_as_not_modelled(clocks):
    clocks.write(0x40, 4, 1)
    assert clocks.host.unmodelled_accesses["ccm", "write CLOCK_ROOT0_SETPOINT0 value 0x1"] == 1


def test_group_and_gate_status_follow_their_control(clocks):
    clocks.write(0x4000, 4, 1 << 24 | 0x12 << 16 | 3)
    assert clocks.read(0x4020, 4) == 1 << 24 | 0x12 << 16 | 3
    assert clocks.read(0x6000 + 0x20 * 3 + 0x10, 4) == 1


def test_reset_announces_the_old_rates(clocks):
    clocks.write(0x80 * ROOT_NUMBERS["GPT1"], 4, 1 << 24)
    calls = []
    clocks.on_rate_change(lambda: calls.append(clocks.rate_hz("GPT1")))
    clocks.reset()
    assert calls == [24_000_000]


def test_unknown_root_is_named(clocks):
    with pytest.raises(UsageError, match="no clock root 'LPUART13'"):
        clocks.rate_hz("LPUART13")


def test_round_trip(clocks):
    clocks.write(0x80 * 43, 4, 5 << 8 | 1)
    saved = clocks.save()
    clocks.write(0x80 * 43, 4, 0)
    clocks.restore(saved)
    assert clocks.read(0x80 * 43, 4) == 5 << 8 | 1
