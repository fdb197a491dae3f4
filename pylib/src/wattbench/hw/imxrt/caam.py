"""CAAM, the cryptographic accelerator of the i.MX RT1170 (IMXRT1170SRM "CAAM"): job rings and random numbers only.

A job for the random number generator is done at once, with numbers that follow from a seed. Every other job comes back
with an error status, is counted as not modelled and told to the log. Registers that `caam.toml` does not list have
their name and keep what is written, each access counted.
"""

from __future__ import annotations

import logging
from typing import Any

from wattbench.core.host import BusError, Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.caam_jobs import (
    DESCRIPTOR_ERROR,
    GENERATE,
    INSTANTIATE,
    UNINSTANTIATE,
    Plan,
    RefusedJob,
    read_job,
)
from wattbench.hw.imxrt.entropy import SeededEntropy
from wattbench.hw.imxrt.svd_block import SvdBlock

TABLE = load_table("wattbench.hw.imxrt", "caam")
RTMCTL, RDSTA, JRINTR = TABLE["RTMCTL"], TABLE["RDSTA"], TABLE["JRINTR_JR{n}"]
RINGS = range(4)
ENTRY_BYTES, RESULT_BYTES, STATUS_OFFSET = 4, 8, 4
ENTROPY_WORDS = 16
SECURE_KEYS = ("JDKEKR", "TDKEKR", "TDSKR")
BUS_FAULT, NOT_INSTANTIATED = 0x0C, 0x2000_0000 | 1 << 4
"""Details of a status: an error of the bus, and one of the random number generator."""
HALTED, MAX_JOBS = 2, 0x3FF


@model("Wattbench.Caam")
class Caam(RegisterBlock):
    """The CAAM; `seed` decides its random numbers. Outputs `IRQ0` to `IRQ3` are the interrupts of the job rings."""

    size = 0x100000
    table = TABLE
    default_output = "IRQ0"
    state_names = ("_position", "_words", "_parked")
    missing = (
        "every job but those of the random number generator: ciphers, hashes, keys, blobs, public keys",
        "the time that jobs take, their queueing and interrupt coalescing",
        "secure memory, run-time integrity checks, the statistics of the noise source",
        "noise: the numbers follow from the seed",
    )

    def __init__(self, host: Host, name: str, *, seed: int = 0) -> None:
        super().__init__(host, name)
        self._entropy = SeededEntropy(seed)
        self._irqs = [self.output(f"IRQ{ring}") for ring in RINGS]
        self._others = SvdBlock(host, name, block="CAAM")
        self._words: list[int] = []
        self._parked = [False] * len(RINGS)

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
        self._others.reset()
        self._words, self._parked = [], [False] * len(RINGS)
        self._drive()

    def save(self) -> dict[str, Any]:
        """See `Model.save`."""
        return {**super().save(), "others": self._others.save()}

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        self._others.restore(saved["others"])

    def read(self, offset: int, size: int) -> int:
        """See `RegisterBlock.read`."""
        return super().read(offset, size) if offset in self._slots else self._others.read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        """See `RegisterBlock.write`."""
        if offset in self._slots:
            super().write(offset, size, value)
        else:
            self._others.write(offset, size, value)

    @on_write("MCFGR")
    def _write_master(self, raw: int, old: int) -> None:
        if self["MCFGR"] >> 31:
            kept = {name: self[name] for name in ("RDSTA", *self._secure_keys())}
            self.reset()
            for name, value in kept.items():
                self[name] = value

    @staticmethod
    def _secure_keys() -> list[str]:
        return [f"{name}{word}" for name in SECURE_KEYS for word in range(8)]

    # Noise source

    @property
    def _entropy_shows(self) -> bool:
        mode = self["RTMCTL"]
        return bool(mode & RTMCTL["TRNG_ACC"].mask and not mode & RTMCTL["PRGM"].mask)

    @on_read("RTMCTL")
    def _read_noise(self) -> int:
        value = self["RTMCTL"] & ~RTMCTL["RST_DEF"].mask | RTMCTL["TSTOP_OK"].mask | RTMCTL["FCT_VAL"].mask
        return value | (RTMCTL["ENT_VAL"].mask if self._entropy_shows else 0)

    @on_read("RTENT{n}")
    def _read_entropy(self, number: int) -> int:
        if not self._entropy_shows:
            return 0
        self._words = self._words or self._entropy.words(ENTROPY_WORDS)
        word = self._words[number]
        if number == ENTROPY_WORDS - 1:
            self._words = []
        return word

    # Job rings

    @on_read("IRSAR_JR{n}")
    def _room(self, ring: int) -> int:
        return self[f"IRSR_JR{ring}"]

    @on_write("IRJAR_JR{n}")
    def _jobs_added(self, ring: int, raw: int, old: int) -> None:
        for _ in range(raw & MAX_JOBS if self[f"IRSR_JR{ring}"] and self[f"ORSR_JR{ring}"] else 0):
            self._work(ring)
        self._drive()

    @on_write("ORJRR_JR{n}")
    def _jobs_taken(self, ring: int, raw: int, old: int) -> None:
        self[f"ORSFR_JR{ring}"] = max(self[f"ORSFR_JR{ring}"] - (raw & MAX_JOBS), 0)

    @on_write("IRBAR_JR{n}", "IRSR_JR{n}")
    def _input_moved(self, ring: int, raw: int, old: int) -> None:
        self[f"IRRIR_JR{ring}"] = 0

    @on_write("ORBAR_JR{n}", "ORSR_JR{n}")
    def _output_moved(self, ring: int, raw: int, old: int) -> None:
        self[f"ORWIR_JR{ring}"] = 0

    @on_write("JRCR_JR{n}")
    def _command(self, ring: int, raw: int, old: int) -> None:
        halt = JRINTR["HALT"]
        if raw & 1 and self._parked[ring]:
            for name in ("IRRIR", "ORWIR", "ORSFR", "JRSTAR", "JRINTR"):
                self[f"{name}_JR{ring}"] = 0
            self._parked[ring] = False
        elif raw & 3:
            self._parked[ring] = bool(raw & 1)
            self[f"JRINTR_JR{ring}"] = halt.put(self[f"JRINTR_JR{ring}"], HALTED)
        self._drive()

    @on_write("JRINTR_JR{n}", "JRCFGR_JR{n}_LS")
    def _interrupts_written(self, ring: int, raw: int, old: int) -> None:
        self._drive()

    def _drive(self) -> None:
        for ring, line in enumerate(self._irqs):
            line.set(bool(self[f"JRINTR_JR{ring}"] & 1 and not self[f"JRCFGR_JR{ring}_LS"] & 1))

    def _next(self, ring: int, index: str, size: str, step: int) -> int:
        """Place of the next entry of a ring in bytes; moves the index on."""
        number = self[f"{index}_JR{ring}"] // step
        self[f"{index}_JR{ring}"] = (number + 1) % self[f"{size}_JR{ring}"] * step
        return number

    def _work(self, ring: int) -> None:
        """Do the next job of a ring and report it."""
        place = self._next(ring, "IRRIR", "IRSR", ENTRY_BYTES) * ENTRY_BYTES
        job = 0
        try:
            job = int.from_bytes(self.host.bus_read((self[f"IRBAR_JR{ring}"] >> 32) + place, ENTRY_BYTES), "little")
            status = self._do(read_job(self.host, job))
        except RefusedJob as refused:
            self.host.unmodelled(self.name, f"job in ring {ring}: {refused}")
            self.host.log(logging.WARNING, self.name, f"ring {ring} asks for {refused}; it ends with an error")
            status = refused.status
        except BusError as error:
            self.host.log(logging.ERROR, self.name, f"bus error at 0x{error.address:08X} in a job of ring {ring}")
            status = DESCRIPTOR_ERROR | BUS_FAULT
        self[f"JRSTAR_JR{ring}"] = status
        result = (self[f"ORBAR_JR{ring}"] >> 32) + self._next(ring, "ORWIR", "ORSR", RESULT_BYTES) * RESULT_BYTES
        try:
            self.host.bus_write(result, job.to_bytes(4, "little"))
            self.host.bus_write(result + STATUS_OFFSET, status.to_bytes(4, "little"))
        except BusError as error:
            self.host.log(logging.ERROR, self.name, f"bus error at 0x{error.address:08X} in output ring {ring}")
        self[f"ORSFR_JR{ring}"] = min(self[f"ORSFR_JR{ring}"] + 1, MAX_JOBS)
        self[f"JRINTR_JR{ring}"] |= 1

    def _do(self, plan: Plan) -> int:
        """A job of the random number generator; returns its status."""
        used = RDSTA["IF0"].mask << plan.handle
        resists = RDSTA["PR0"].mask << plan.handle
        if plan.action == INSTANTIATE:
            if self["RDSTA"] & used:
                return NOT_INSTANTIATED
            self["RDSTA"] |= used | (resists if plan.prediction_resistance else 0)
        elif not self["RDSTA"] & used:
            return NOT_INSTANTIATED
        elif plan.action == UNINSTANTIATE:
            self["RDSTA"] &= ~(used | resists)
        if plan.secure_keys and plan.action == GENERATE:
            keys = self._secure_keys()
            for name, word in zip(keys, self._entropy.words(len(keys)), strict=True):
                self[name] = word
            self["RDSTA"] |= RDSTA["SKVN"].mask
        for address, size in plan.outputs:
            self.host.bus_write(address, self._entropy.take(size))
        return 0
