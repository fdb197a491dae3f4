"""Every peripheral of the vendor's SVD in the shipped platforms: a model's or named, where the SVD has it."""

from __future__ import annotations

import pytest

from fidelity.chips import CHIPS, SOC, Chip, answers, faults

SHIPPED = [chip for chip in CHIPS if chip.exists]


@pytest.mark.parametrize("chip", SHIPPED, ids=lambda chip: chip.svd)
def test_every_peripheral_is_a_models_or_a_named_blocks(chip):
    assert faults(chip) == []


def test_the_platform_of_the_rt1175_is_there():
    assert "MIMXRT1176_cm7" in [chip.svd for chip in SHIPPED]


LISTED_ELSEWHERE = {
    "MIMXRT1176_cm7": {"anadig": {83, 84, 85}, "gpc_cpu_mode_ctrl_0": {117}},
    "MIMXRT1064": {"xbara1": {116, 117}},
}
"""Interrupts that the SVD gives to a peripheral without address (TMPSNS) or to none (GPC, XBAR), by our block."""


@pytest.mark.parametrize("chip", SHIPPED, ids=lambda chip: chip.svd)
def test_interrupts_are_those_of_the_svd(chip):
    """The SVD lists under some blocks numbers of other blocks or of the other core, so a model may have fewer."""
    wrong, known = [], {}
    for answer in answers(chip):
        listed = {*answer.peripheral.interrupts, *LISTED_ELSEWHERE.get(chip.svd, {}).get(answer.element.name, ())}
        known.setdefault(answer.element.name, (answer.element, set()))[1].update(listed)
    for name, (element, numbers) in known.items():
        wired = {pin.number for item in element.interrupts for pin in item.targets if pin.receiver == "nvic"}
        if not wired <= numbers:
            wrong.append(f"{name} drives {sorted(wired - numbers)}, the SVD has {sorted(numbers)}")
    assert wrong == []


def broken(folder, old, new):
    """The faults of a copy of the platform with one text replaced."""
    replaced = 0
    for path in SOC.glob("imxrt1175*.repl"):
        content = path.read_text(encoding="utf-8")
        replaced += content.count(old)
        (folder / path.name).write_text(content.replace(old, new), encoding="utf-8")
    assert replaced == 1, f"{old!r} stands {replaced} times in the platform"
    return faults(Chip("broken", "MIMXRT1176_cm7", folder / "imxrt1175.repl", "cortex-m7"))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            'spdif: Wattbench.SvdBlock @ sysbus <0x40400000, +0x4000> { block: "SPDIF" }',
            "",
            "SPDIF at 0x40400000: nothing answers; add it to the named blocks of imxrt1175.repl",
        ),
        (
            'block: "SPDIF" }',
            'block: "SPDIF" }\n\nspdif2: Wattbench.SvdBlock @ sysbus <0x41174000, +0x4000> { block: "SPDIF" }',
            "SPDIF at 0x40400000: `spdif` and `spdif2` both answer",
        ),
        ("<0x40400000, +0x4000>", "<0x41174000, +0x4000>", "`spdif` begins at 0x41174000, SPDIF at 0x40400000"),
        (
            "<0x40400000, +0x4000>",
            "<0x40400000, +0x10>",
            "`spdif` has 0x10 bytes from 0x40400000 on, registers of SPDIF from 0x40400000 to 0x40400054",
        ),
        ("; offset: 0xC00 }\n\nflexspi2", " }\n\nflexspi2", "`otfad1` begins at 0x400CCC00, OTFAD1 at 0x400CC000"),
        (
            'block: "SPDIF" }',
            'block: "SPDIF" }\n\nuart: Wattbench.SvdBlock @ sysbus <0x41174000, +0x4000> { block: "LPUART1" }',
            "LPUART1 at 0x4007C000: `lpuart1` is a model, so its named block must go",
        ),
    ],
    ids=["nobody", "two", "wrong place", "too small", "wrong part", "model and name"],
)
def test_a_wrong_platform_is_seen(tmp_path, old, new, fault):
    assert fault in broken(tmp_path, old, new)
