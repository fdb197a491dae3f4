"""Register tables of the two Ethernet MACs: ENET lacks the rings 1 and 2 of ENET_1G and what 1 Gbit/s needs."""

from __future__ import annotations

from dataclasses import replace

from wattbench.core.registers import RegisterTable, load_table

GIGABIT = load_table("wattbench.hw.imxrt", "enet")
GIGABIT_REGISTERS = {
    "RDSR1", "TDSR1", "MRBR1", "RDSR2", "TDSR2", "MRBR2", "RCMR{n}", "DMACFG{n}", "RDAR1", "TDAR1", "RDAR2", "TDAR2",
    "QOS",
}  # fmt: skip
_RING_EVENTS = {
    "RXB1", "RXF1", "TXB1", "TXF1", "RXB2", "RXF2", "TXB2", "TXF2", "RXFLUSH_0", "RXFLUSH_1", "RXFLUSH_2",
}  # fmt: skip
GIGABIT_FIELDS = {
    "EIR": _RING_EVENTS,
    "EIMR": _RING_EVENTS,
    "ECR": {"SPEED", "SVLANEN", "VLANUSE2ND", "SVLANDBL", "TXC_DLY"},
    "RCR": {"RGMII_EN"},
}


def _megabit() -> RegisterTable:
    registers = {}
    for name, register in GIGABIT.registers.items():
        if name not in GIGABIT_REGISTERS:
            lacking = GIGABIT_FIELDS.get(name, set())
            fields = {key: field for key, field in register.fields.items() if key not in lacking}
            registers[name] = replace(register, fields=fields)
    return replace(GIGABIT, registers=registers)


MEGABIT = _megabit()
EIR, ECR, RCR, TCR, MMFR, MSCR, TACC, RACC, ATCR, ATINC = (
    GIGABIT[name] for name in ("EIR", "ECR", "RCR", "TCR", "MMFR", "MSCR", "TACC", "RACC", "ATCR", "ATINC")
)
SIZES = ((64, "P64"), (127, "P65TO127"), (255, "P128TO255"), (511, "P256TO511"), (1023, "P512TO1023"),
         (2047, "P1024TO2047"))  # fmt: skip


def size_counter(length: int) -> str:
    """Name of the RMON counter of frames of that length, from 64 bytes on."""
    return next((name for limit, name in SIZES if length <= limit), "P_GTE2048")
