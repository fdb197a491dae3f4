"""True random number generator of the i.MX RT1060 family (IMXRT1064RM "TRNG").

Its noise comes from a generator with a seed, so equal seeds give equal runs. A generation takes SAMP_SIZE times
ENT_DLY clocks; the statistical counts are those of its samples, of which the first 512 become the entropy.
"""

from __future__ import annotations

import logging
from itertools import groupby

from wattbench.core.clock import ClockInput, ClockSource, TickClock
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.entropy import SeededEntropy

TABLE = load_table("wattbench.hw.imxrt", "trng")
MCTL, SCMISC, SDCTL, SCML, STATUS = (TABLE[name] for name in ("MCTL", "SCMISC", "SDCTL", "SCML", "STATUS"))
PROGRAM, ENTROPY_VALID, ERROR, STOP_OK = (MCTL[name].mask for name in ("PRGM", "ENT_VAL", "ERR", "TSTOP_OK"))
OSCILLATOR = MCTL["FCT_FAIL"].mask
ENTROPY_WORDS = 16
RUNS = ("SCR1L", "SCR2L", "SCR3L", "SCR4L", "SCR5L", "SCR6PL")
SETTINGS = ("SCMISC", "PKRRNG", "PKRMAX", "SDCTL", "SBLIM", "FRQMIN", "FRQMAX", "SCML", *RUNS)
HW_ERROR, ENTROPY_READY, WRONG_OSCILLATOR = 1 << 0, 1 << 1, 1 << 2
OSCILLATOR_CLOCKS = 2
"""Periods of the ring oscillator in one clock."""


@model("Wattbench.Trng")
class Trng(RegisterBlock):
    """A TRNG; `seed` decides all its numbers. Output `IRQ`."""

    size = 0x4000
    table = TABLE
    default_output = "IRQ"
    state_names = ("_position", "_words", "_counts", "_attempts_left", "_generating")
    missing = (
        "the poker and sparse-bit tests",
        "noise: the numbers follow from the seed, so a test of their randomness says nothing",
        "the way samples are made uniform",
    )

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        seed: int = 0,
        clocks: ClockSource | None = None,
        clock_root: str = "IPG",
        frequency: int = 132_000_000,
    ) -> None:
        """`clocks` with `clock_root` or `frequency` [Hz] is the clock that ENT_DLY counts."""
        super().__init__(host, name)
        self._clock = ClockInput(clocks, clock_root, frequency)
        self._clock.on_change(self._reclock)
        self._entropy = SeededEntropy(seed)
        self.irq = self.output("IRQ")
        self._done = self.timer("generation", self._generated)
        self._clear()

    def _clear(self) -> None:
        self._words: list[int] = []
        self._counts: dict[str, int] = {}
        self._attempts_left = 0
        self._generating = False

    @property
    def seed(self) -> int:
        """What decides the numbers; setting it begins their sequence anew."""
        return self._entropy.seed

    @seed.setter
    def seed(self, seed: int) -> None:
        self._entropy = SeededEntropy(seed)

    @property
    def _position(self) -> tuple[int, int]:
        return self._entropy.seed, self._entropy.position

    @_position.setter
    def _position(self, saved: tuple[int, int]) -> None:
        self._entropy = SeededEntropy(saved[0])
        self._entropy.position = saved[1]

    def reset(self) -> None:
        """See `Model.reset`; the numbers go on, as noise does."""
        super().reset()
        self._clear()
        self._drive()

    # Control

    def write(self, offset: int, size: int, value: int) -> None:
        """See `RegisterBlock.write`; limits are set in program mode only."""
        name = self.register_name(offset & ~3)
        if name in SETTINGS and not self["MCTL"] & PROGRAM:
            self.host.log(logging.WARNING, self.name, f"{name} is set in program mode only; the write was ignored")
            return
        super().write(offset, size, value)

    @on_write("MCTL")
    def _write_control(self, raw: int, old: int) -> None:
        if self["SEC_CFG"] & 1 << 1:
            self["MCTL"] &= ~PROGRAM
        if raw & MCTL["RST_DEF"].mask and self["MCTL"] & PROGRAM:
            for name in SETTINGS:
                self[name] = TABLE[name].reset
            self["MCTL"] = TABLE["MCTL"].reset & ~PROGRAM | self["MCTL"] & PROGRAM
        if self["MCTL"] & PROGRAM:
            self._done.cancel()
            self._clear()
        elif old & PROGRAM or (raw & ERROR and old & ERROR):
            self._begin()
        self._drive()

    def _begin(self) -> None:
        """Start a generation with all its attempts."""
        self._words = []
        self._attempts_left = SCMISC["RTY_CT"].get(self["SCMISC"])
        self._attempt()

    def _attempt(self) -> None:
        self._generating = True
        self._reclock()

    def _reclock(self) -> None:
        hz = self._clock.hz
        if self._generating and hz and self._done.deadline_ns is None:
            ticks = SDCTL["SAMP_SIZE"].get(self["SDCTL"]) * SDCTL["ENT_DLY"].get(self["SDCTL"])
            self._done.arm(TickClock(hz, self.host.now_ns()).time_of(ticks))

    # Generation

    def _generated(self) -> None:
        self._generating = False
        samples = max(SDCTL["SAMP_SIZE"].get(self["SDCTL"]), 32 * ENTROPY_WORDS)
        data = self._entropy.take(-(-samples // 8))
        bits = "".join(f"{byte:08b}" for byte in data)[:samples]
        self._count(bits)
        if self["FRQMIN"] > self._counts["FRQMAX"] or self._counts["FRQMAX"] > self["FRQMAX"]:
            self._fail(HW_ERROR | WRONG_OSCILLATOR)
        elif not self._judge(bits):
            self._words = [int.from_bytes(data[at : at + 4], "little") for at in range(0, 4 * ENTROPY_WORDS, 4)]
            self["INT_STATUS"] |= ENTROPY_READY
        elif self._attempts_left:
            self._attempts_left -= 1
            self._attempt()
        else:
            self._fail(HW_ERROR)
        self._drive()

    def _fail(self, interrupts: int) -> None:
        self["MCTL"] |= ERROR | (OSCILLATOR if interrupts & WRONG_OSCILLATOR else 0)
        self["INT_STATUS"] |= interrupts
        self.host.log(logging.WARNING, self.name, f"no good entropy: STATUS 0x{self['STATUS']:05X}")

    def _count(self, bits: str) -> None:
        """The statistics of the samples, by the register that shows them."""
        counts = dict.fromkeys(RUNS, 0) | {"SCML": bits.count("1"), "SBLIM": len(bits), "PKRMAX": 0}
        counts["FRQMAX"] = SDCTL["ENT_DLY"].get(self["SDCTL"]) * OSCILLATOR_CLOCKS
        longest = 0
        for bit, group in groupby(bits):
            length = len(list(group))
            longest = max(longest, length)
            counts[RUNS[min(length, len(RUNS)) - 1]] += 1 << 16 * (bit == "1")
        for at in range(0, len(bits) - 3, 4):
            nibble = int(bits[at : at + 4], 2)
            name = f"PKRCNT{nibble | 1:X}{nibble & ~1:X}"
            counts[name] = counts.get(name, 0) + (1 << 16 * (nibble & 1))
        self._counts = counts | {"longest": longest}

    def _judge(self, bits: str) -> int:
        """The failed tests as bits of STATUS."""
        failed = 0
        ones = self._counts["SCML"]
        most, width = SCML["MONO_MAX"].get(self["SCML"]), SCML["MONO_RNG"].get(self["SCML"])
        failed |= 0 if most - width <= ones <= most else STATUS["TFMB"].mask
        for place, name in enumerate(RUNS):
            most, width = self[name] & 0xFFFF, self[name] >> 16
            for value in (0, 1):
                runs = self._counts[name] >> 16 * value & 0xFFFF
                failed |= 0 if most - width <= runs <= most else 1 << 2 * place + value
        if self._counts["longest"] > SCMISC["LRUN_MAX"].get(self["SCMISC"]):
            failed |= STATUS["TFLR"].mask
        self["STATUS"] = STATUS["RETRY_CT"].put(failed, self._attempts_left)
        return failed

    # Reading

    @on_read("MCTL")
    def _read_control(self) -> int:
        value = self["MCTL"] & ~(STOP_OK | MCTL["RST_DEF"].mask)
        value |= ENTROPY_VALID if self._words else 0
        value |= MCTL["FCT_VAL"].mask if self._counts else 0
        return value | (0 if self._generating else STOP_OK)

    @on_read("ENT{n}")
    def _read_entropy(self, number: int) -> int:
        word = self._words[number] if self._words and not self["MCTL"] & PROGRAM else 0
        if number == ENTROPY_WORDS - 1 and not self["MCTL"] & PROGRAM and not self._generating:
            self["INT_STATUS"] &= ~ENTROPY_READY
            self._drive()
            self._begin()
        return word

    def read(self, offset: int, size: int) -> int:
        """See `RegisterBlock.read`; in run mode limits give way to results."""
        name = self.register_name(offset)
        if size == 4 and not self["MCTL"] & PROGRAM and name in ("PKRMAX", "SBLIM", "FRQMAX", "SCML", *RUNS):
            return self._counts.get(name, 0)
        if size == 4 and name.startswith("PKRCNT"):
            return self._counts.get(name, 0)
        return super().read(offset, size)

    # Interrupt

    @on_write("INT_CTRL")
    def _clear_interrupts(self, raw: int, old: int) -> None:
        self["INT_STATUS"] &= self["INT_CTRL"]
        self._drive()

    @on_write("INT_MASK")
    def _write_mask(self, raw: int, old: int) -> None:
        self._drive()

    def _drive(self) -> None:
        self.irq.set(bool(self["INT_STATUS"] & self["INT_MASK"]))
