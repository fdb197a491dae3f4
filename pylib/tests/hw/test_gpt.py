import pytest
from plain_state import state_of

from wattbench.core.clock import FixedClock, TickClock
from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.imxrt.gpt import CR, SR, TABLE, Gpt

OFFSETS = {name: offset for name, offset, _, _ in TABLE.instances()}
EN, ENMOD, FRR, EN_24M = (CR[name].mask for name in ("EN", "ENMOD", "FRR", "EN_24M"))
PERIPHERAL, CRYSTAL_32K, CRYSTAL = (number << CR["CLKSRC"].low for number in (1, 4, 5))
OF1, OF2, OF3, IF1, IF2, ROV = (SR[name].mask for name in ("OF1", "OF2", "OF3", "IF1", "IF2", "ROV"))
US = 1000


class Timer(Gpt):
    """A GPT with registers by name and a fake host."""

    def put(self, name, value):
        self.write(OFFSETS[name], 4, value)

    def get(self, name):
        return self.read(OFFSETS[name], 4)

    def wait(self, duration_ns):
        self.host.run_for(duration_ns)

    @property
    def irq(self):
        return self.outputs["IRQ"].level


@pytest.fixture
def gpt():
    block = Timer(FakeHost(), "gpt1")
    block.reset()
    return block


@pytest.fixture
def microseconds(gpt):
    """Set up as the kernel of Phoenix-RTOS does: free-running at 1 MHz from the crystal, 24 MHz / 8 / 3."""
    gpt.put("PR", 0x7002)
    gpt.put("CR", 0x77A)
    gpt.put("CR", 0x77B)
    return gpt


def test_names_and_reset_values(gpt):
    assert CATALOGUE["Wattbench.Gpt"] is CATALOGUE["Timers.IMX_GPTimer"] is Gpt
    expected = {name: 0xFFFF_FFFF if name.startswith("OCR") else 0 for name in OFFSETS}
    assert {name: gpt.get(name) for name in OFFSETS} == expected
    gpt.put("CNT", 5)
    gpt.put("ICR1", 5)
    assert gpt.get("CNT") == gpt.get("ICR1") == 0


def test_counts_exactly_with_both_prescalers(microseconds):
    assert microseconds.get("CNT") == 0
    microseconds.wait(999)
    assert microseconds.get("CNT") == 0
    microseconds.wait(1)
    assert microseconds.get("CNT") == 1
    microseconds.wait(3600 * 10**9 - 1000)
    assert microseconds.get("CNT") == 3_600_000_000


def test_a_clock_that_is_no_whole_number_of_ns_does_not_drift(gpt):
    gpt.put("CR", EN | FRR | CRYSTAL_32K)
    gpt.wait(10**9)
    assert gpt.get("CNT") == 32_768
    gpt.wait(3599 * 10**9)
    assert gpt.get("CNT") == 32_768 * 3600


@pytest.mark.parametrize("control", [EN | FRR, EN | FRR | CRYSTAL, FRR | PERIPHERAL])
def test_stands_without_clock_or_enable(gpt, control):
    gpt.put("CR", control)
    gpt.wait(10**6)
    assert gpt.get("CNT") == 0


def test_a_clock_from_a_pin_is_reported(gpt):
    gpt.put("CR", EN | FRR | 3 << CR["CLKSRC"].low)
    assert any("CLKSRC 3" in access for _, access in gpt.host.unmodelled_accesses)


def test_restart_mode_has_periods_of_one_more_than_the_compare_value(gpt):
    edges = []
    gpt.outputs["IRQ"].connect(lambda level: edges.append(gpt.host.now_ns()) if level else None)
    gpt.put("OCR1", 23_999)
    gpt.put("IR", OF1)
    gpt.put("CR", EN | ENMOD | PERIPHERAL)
    clock = TickClock(24_000_000)
    for period in range(1, 4):
        gpt.wait(clock.time_of(24_000 * period) - gpt.host.now_ns())
        assert gpt.get("SR") == OF1
        assert gpt.get("CNT") == 0
        gpt.put("SR", OF1)
        assert not gpt.irq
    assert edges == [clock.time_of(24_000 * period - 1) for period in (1, 2, 3)]


def test_writing_the_first_compare_register_restarts_only_in_restart_mode(gpt):
    gpt.put("CR", EN | PERIPHERAL)
    gpt.wait(100 * US)
    assert gpt.get("CNT") == 2400
    gpt.put("OCR1", 1000)
    assert gpt.get("CNT") == 0
    gpt.put("CR", EN | PERIPHERAL | FRR)
    gpt.wait(100 * US)
    gpt.put("OCR1", 5000)
    assert gpt.get("CNT") == 2400


def test_leaving_free_run_above_the_compare_value_runs_on_to_the_end(microseconds):
    microseconds.wait(500 * US)
    microseconds.put("OCR1", 99)
    microseconds.put("SR", 0x3F)
    microseconds.put("CR", 0x77B & ~FRR)
    microseconds.wait(100 * US)
    assert microseconds.get("CNT") == 600
    microseconds.wait(((1 << 32) - 600 + 250) * US)
    assert microseconds.get("CNT") == 50
    assert microseconds.get("SR") == OF1 | OF2 | OF3 | ROV


def test_a_match_is_flagged_at_its_instant(microseconds):
    edges = []
    microseconds.outputs["IRQ"].connect(lambda level: edges.append((microseconds.host.now_ns(), level)), announce=False)
    microseconds.put("IR", OF2)
    microseconds.put("OCR2", 250)
    microseconds.wait(300 * US)
    microseconds.put("SR", OF2)
    assert edges == [(250 * US, True), (300 * US, False)]
    assert microseconds.get("SR") == 0


def test_the_flag_cannot_be_cleared_while_the_counter_equals_the_compare_register(microseconds):
    microseconds.put("IR", OF2)
    microseconds.wait(10 * US + 900)
    microseconds.put("OCR2", microseconds.get("CNT") + 1)
    microseconds.wait(200)  # the match lies between the two stores
    microseconds.put("SR", OF2)
    assert microseconds.get("SR") == OF2
    assert microseconds.irq
    microseconds.wait(1 * US)
    microseconds.put("SR", OF2)
    assert microseconds.get("SR") == 0
    assert not microseconds.irq


def test_a_compare_register_written_with_the_present_count_matches_at_once(microseconds):
    microseconds.wait(42 * US)
    microseconds.put("OCR3", 42)
    assert microseconds.get("SR") == OF3


def test_roll_over(microseconds):
    microseconds.put("IR", ROV)
    microseconds.put("OCR1", 5)
    microseconds.wait((1 << 32) * US - 1)
    assert microseconds.get("CNT") == 0xFFFF_FFFF
    assert microseconds.get("SR") & ROV == 0
    microseconds.wait(1)
    assert microseconds.get("CNT") == 0
    assert microseconds.get("SR") & ROV
    assert microseconds.irq
    microseconds.put("SR", 0x3F)
    microseconds.wait((1 << 32) * US)
    assert microseconds.get("SR") == OF1 | OF2 | OF3 | ROV


def test_enable_mode_decides_where_the_count_goes_on(microseconds):
    microseconds.wait(100 * US)
    microseconds.put("CR", 0x77A & ~ENMOD)
    microseconds.wait(50 * US)
    assert microseconds.get("CNT") == 100
    microseconds.put("CR", 0x77B & ~ENMOD)
    microseconds.wait(10 * US)
    assert microseconds.get("CNT") == 110
    microseconds.put("CR", 0x77A)
    microseconds.put("CR", 0x77B)
    assert microseconds.get("CNT") == 0


def test_other_settings_do_not_disturb_the_prescaler(microseconds):
    for step in range(10):
        microseconds.wait(900)
        microseconds.put("CR", 0x77B | (step & 1) << CR["IM1"].low)
    assert microseconds.get("CNT") == 9


def test_software_reset_clears_itself_and_keeps_the_mode(microseconds):
    microseconds.put("IR", OF2)
    microseconds.put("OCR2", 7)
    microseconds.wait(100 * US)
    microseconds.put("CR", 0x8000 | 0x77B)
    assert microseconds.get("CR") == 0x17B
    assert (microseconds.get("OCR2"), microseconds.get("SR"), microseconds.get("CNT")) == (0xFFFF_FFFF, 0, 0)
    assert not microseconds.irq


@pytest.mark.parametrize(("mode", "edges"), [(1, [True]), (2, [False]), (3, [True, False])])
@pytest.mark.parametrize("number", [1, 2])
def test_capture(microseconds, number, mode, edges):
    microseconds.put("CR", 0x77B | mode << CR[f"IM{number}"].low)
    microseconds.put("IR", IF1 if number == 1 else IF2)
    captured = []
    for level in (True, True, False):
        microseconds.wait(10 * US)
        microseconds.on_input(number, level)
        if microseconds.irq:
            captured.append((microseconds.get(f"ICR{number}"), level))
            microseconds.put("SR", 0x3F)
    assert captured == [(10 if level else 30, level) for level in edges]


def test_there_are_two_capture_inputs(gpt):
    with pytest.raises(TypeError, match="1 and 2"):
        gpt.on_input(3, True)


def test_compare_outputs_toggle_set_clear_and_pulse(gpt):
    modes = 1 << CR["OM1"].low | 3 << CR["OM2"].low | 4 << CR["OM3"].low
    edges = {channel: [] for channel in (1, 2, 3)}
    gpt.put("CR", modes | PERIPHERAL)
    for channel, seen in edges.items():
        gpt.outputs[channel].connect(lambda level, seen=seen: seen.append((gpt.host.now_ns(), level)), announce=False)
    gpt.put("PR", 23)
    for name, value in (("OCR1", 9), ("OCR2", 4), ("OCR3", 6)):
        gpt.put(name, value)
    gpt.put("CR", modes | PERIPHERAL | EN | ENMOD)
    gpt.wait(20 * US)
    assert edges == {
        1: [(9 * US, True), (19 * US, False)],
        2: [(4 * US, True)],
        3: [(6 * US, False), (6 * US + 42, True), (16 * US, False), (16 * US + 42, True)],
    }


def test_forced_compare_acts_on_the_pin_without_a_flag(gpt):
    mode = 1 << CR["OM1"].low
    gpt.put("CR", mode | CR["FO1"].mask)
    assert gpt.outputs[1].level
    assert gpt.get("SR") == 0
    assert gpt.get("CR") == mode


class Rates(FixedClock):
    def on_rate_change(self, callback):
        self.callback = callback

    def rate_hz(self, root):
        assert root == "GPT2"
        return self.hz


def test_follows_its_clock_root():
    rates = Rates(1_000_000)
    gpt = Timer(FakeHost(), "sysbus.gpt2", clocks=rates)
    gpt.reset()
    gpt.put("CR", EN | FRR | PERIPHERAL)
    gpt.put("OCR1", 300)
    gpt.put("IR", OF1)
    for hz, count in ((1_000_000, 100), (0, 100), (2_000_000, 300)):
        rates.hz = hz
        rates.callback()
        gpt.wait(100 * US)
        assert gpt.get("CNT") == count
    assert gpt.irq


def test_saved_while_running_it_goes_on_the_same(microseconds):
    def run(timer):
        return [timer.wait(333_333) or (timer.get("CNT"), timer.get("SR"), timer.irq) for _ in range(10)]

    microseconds.wait(100 * US)
    microseconds.put("CR", 0x77A & ~ENMOD)
    microseconds.wait(100 * US)
    microseconds.put("CR", 0x77B & ~ENMOD)
    microseconds.put("OCR2", 2000)
    microseconds.put("IR", OF2)
    microseconds.on_input(2, True)
    microseconds.wait(577_777)
    saved, before = microseconds.save(), state_of(microseconds)
    other = Timer(FakeHost(), "gpt1")
    other.host.time_ns = 777_777
    other.restore(saved)
    assert state_of(other) == before
    first = run(microseconds)
    assert run(other) == first
    assert first[-1][1:] == (OF2, True)
