import pytest
from plain_state import state_of

from wattbench.core.clock import FixedClock, TickClock
from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.imxrt.pit import CHN, MDIS, TABLE, TEN, TIE, Pit

OFFSETS = {name: offset for name, offset, _, _ in TABLE.instances()}
US = 1000


class Timer(Pit):
    """A PIT with registers by name and a fake host; 1 MHz unless told otherwise."""

    def __init__(self, frequency=1_000_000, **attributes):
        super().__init__(FakeHost(), "pit1", frequency=frequency, **attributes)
        self.reset()

    def put(self, name, value):
        self.write(OFFSETS[name], 4, value)

    def get(self, name):
        return self.read(OFFSETS[name], 4)

    def wait(self, duration_ns):
        self.host.run_for(duration_ns)

    @property
    def irq(self):
        return self.outputs["IRQ"].level

    def triggers(self, channel):
        times = []
        self.outputs[channel].connect(lambda level: times.append(self.host.now_ns()) if level else None)
        return times


@pytest.fixture
def pit():
    block = Timer()
    block.put("MCR", 0)
    return block


def test_names_and_reset_values():
    assert CATALOGUE["Wattbench.Pit"] is CATALOGUE["Timers.S32K3XX_PeriodicInterruptTimer"] is Pit
    pit = Timer()
    assert {name: pit.get(name) for name in OFFSETS} == {name: MDIS if name == "MCR" else 0 for name in OFFSETS}
    pit.put("CVAL1", 5)
    pit.put("LTMR64L", 5)
    assert pit.get("CVAL1") == pit.get("LTMR64L") == 0


@pytest.mark.parametrize("channel", range(4))
def test_a_period_is_one_clock_longer_than_the_start_value(pit, channel):
    times = pit.triggers(channel)
    pit.put(f"LDVAL{channel}", 99)
    pit.put(f"TCTRL{channel}", TEN | TIE)
    pit.wait(100 * US - 1)
    assert (pit.get(f"CVAL{channel}"), pit.get(f"TFLG{channel}"), pit.irq) == (0, 0, False)
    pit.wait(1)
    assert (pit.get(f"CVAL{channel}"), pit.get(f"TFLG{channel}"), pit.irq) == (99, 1, True)
    pit.put(f"TFLG{channel}", 1)
    assert not pit.irq
    pit.wait(200 * US)
    assert times == [100 * US, 200 * US, 300 * US]
    assert pit.irq


def test_periods_of_no_whole_number_of_ns_do_not_drift():
    pit = Timer(frequency=66_000_000)
    pit.put("MCR", 0)
    times = pit.triggers(0)
    pit.put("LDVAL0", 8249)
    pit.put("TCTRL0", TEN)
    pit.wait(10**9)
    clock = TickClock(66_000_000)
    assert times == [clock.time_of(8250 * number) for number in range(1, 8001)]


def test_a_new_start_value_counts_from_the_next_period(pit):
    times = pit.triggers(0)
    pit.put("LDVAL0", 9)
    pit.put("TCTRL0", TEN)
    pit.wait(5 * US)
    pit.put("LDVAL0", 19)
    assert pit.get("CVAL0") == 4
    pit.wait(50 * US)
    assert times == [10 * US, 30 * US, 50 * US]


def test_stopping_keeps_the_count_and_starting_loads(pit):
    pit.put("LDVAL0", 99)
    pit.put("TCTRL0", TEN)
    pit.wait(30 * US)
    pit.put("TCTRL0", 0)
    pit.wait(500 * US)
    assert (pit.get("CVAL0"), pit.get("TFLG0")) == (69, 0)
    pit.put("TCTRL0", TEN)
    assert pit.get("CVAL0") == 99


def test_the_interrupt_enable_alone_changes_no_count(pit):
    times = pit.triggers(0)
    pit.put("LDVAL0", 99)
    pit.put("TCTRL0", TEN)
    pit.wait(50 * US + 500)
    pit.put("TCTRL0", TEN | TIE)
    pit.wait(100 * US)
    assert times == [100 * US]


def test_chained_channels_count_expiries(pit):
    times = pit.triggers(1)
    pit.put("LDVAL1", 2)
    pit.put("TCTRL1", TEN | CHN | TIE)
    pit.put("LDVAL0", 9)
    pit.put("TCTRL0", TEN)
    pit.wait(15 * US)
    assert (pit.get("CVAL1"), pit.irq) == (1, False)
    pit.wait(45 * US)
    assert times == [30 * US, 60 * US]
    assert pit.get("CVAL1") == 2
    assert pit.irq


def test_lifetime_timer_keeps_the_lower_word(pit):
    for channel, control in ((1, TEN | CHN), (0, TEN)):
        pit.put(f"LDVAL{channel}", 0xFFFF_FFFF)
        pit.put(f"TCTRL{channel}", control)
    pit.wait(((1 << 32) + 5) * US)
    assert pit.get("LTMR64H") == 0xFFFF_FFFE
    pit.wait(100 * US)
    assert pit.get("LTMR64L") == 0xFFFF_FFFA


def test_module_disable_freezes_all_channels(pit):
    times = pit.triggers(2)
    pit.put("LDVAL2", 99)
    pit.put("TCTRL2", TEN)
    pit.wait(40 * US)
    pit.put("MCR", MDIS)
    pit.wait(1000 * US)
    assert (pit.get("CVAL2"), times) == (59, [])
    pit.put("MCR", 0)
    pit.wait(60 * US)
    assert times == [1100 * US]


class Rates(FixedClock):
    def on_rate_change(self, callback):
        self.callback = callback

    def rate_hz(self, root):
        assert root == "BUS"
        return self.hz


def test_follows_the_bus_clock():
    rates = Rates(1_000_000)
    pit = Timer(clocks=rates)
    pit.put("MCR", 0)
    times = pit.triggers(0)
    pit.put("LDVAL0", 99)
    pit.put("TCTRL0", TEN)
    pit.wait(50 * US)
    rates.hz = 0
    rates.callback()
    pit.wait(50 * US)
    rates.hz = 10_000_000
    rates.callback()
    pit.wait(20 * US)
    assert times == [105 * US, 115 * US]


def test_saved_while_running_it_goes_on_the_same(pit):
    def run(timer):
        return [timer.wait(7_777) or [timer.get(name) for name in OFFSETS] + [timer.irq] for _ in range(20)]

    pit.put("LDVAL1", 2)
    pit.put("TCTRL1", TEN | CHN | TIE)
    pit.put("LDVAL0", 9)
    pit.put("TCTRL0", TEN)
    pit.wait(25_250)
    saved, before = pit.save(), state_of(pit)
    other = Timer()
    other.host.time_ns = 25_250
    other.restore(saved)
    assert state_of(other) == before
    first = run(pit)
    assert run(other) == first
    assert first[-1][-1] is True
