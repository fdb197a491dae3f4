"""Firmware for both cores of the i.MX RT1175: the first one brings a program for the second one and starts it."""

from __future__ import annotations

from pathlib import Path

from assembly import assemble
from elftools.elf.elffile import ELFFile

from wattbench.engines.embedded import EmbeddedEngine

SOC = Path(__file__).parents[3] / "platforms" / "soc" / "imxrt1175.repl"
SHARED = 0x20240000
"""OCRAM1, where both cores leave what a test looks at."""
M4_CODE, M4_BACKDOOR = 0x1FFE0000, 0x20200000

COPY_AND_RELEASE = """
 ldr r0, =m4_image
 ldr r1, =0x20200000
 ldr r2, =m4_end
1: ldr r3, [r0], #4
 str r3, [r1], #4
 cmp r0, r2
 blo 1b
 ldr r0, =0x40C0C000
 movs r1, #0
 str r1, [r0]
 ldr r1, =0x2020
 str r1, [r0, #4]
 dsb
 ldr r0, =0x40C04000
 ldr r1, [r0]
 orr r1, #1
 str r1, [r0]
"""

M7 = """
vectors:
 .word 0x20008000, start
 .rept 14
 .word fault
 .endr
 .rept 218
 .word irq
 .endr
.thumb_func
fault: b fault
.thumb_func
irq: {irq}
.thumb_func
start:
{body}
halt: wfi
 b halt
.ltorg
.balign 4
m4_image:
 .incbin "{image}"
 .balign 4
m4_end:
"""

M4 = """
vectors:
 .word 0x20010000, start
 .rept 14
 .word fault
 .endr
 .rept 218
 .word irq
 .endr
.thumb_func
fault:
 ldr r0, =0x20240000
 ldr r1, =0xE000ED28
 ldr r1, [r1]
 str r1, [r0, #0x1C]
2: wfi
 b 2b
.thumb_func
irq: {irq}
.thumb_func
start:
{body}
halt: wfi
 b halt
.ltorg
"""


def firmware(folder: Path, m7: str, m4: str, *, m7_irq: str = "b fault", m4_irq: str = "b fault") -> Path:
    """An ELF file for the ITCM: the first core's program with the second one's, which runs in its own code TCM."""
    with assemble(M4.format(body=m4, irq=m4_irq), M4_CODE, folder).open("rb") as stream:
        elf = ELFFile(stream)
        image = folder / "m4.bin"
        image.write_bytes(elf.get_section_by_name(".text").data())
        text = image.read_bytes()
    unique = folder / f"m4_{abs(hash(text)):x}.bin"
    unique.write_bytes(text)
    return assemble(M7.format(body=m7, irq=m7_irq, image=unique), 0, folder)


def started(image: Path, *, native_twins: bool = True) -> EmbeddedEngine:
    """The chip alone, with firmware in the ITCM, about to run."""
    engine = EmbeddedEngine(native_twins=native_twins)
    engine.execute('mach create "chip"')
    engine.execute(f"machine LoadPlatformDescription @{SOC}")
    engine.execute(f"sysbus LoadELF @{image}")
    return engine


def words(engine: EmbeddedEngine, count: int, address: int = SHARED) -> list[int]:
    """Words of memory."""
    data = engine.read_memory(address, 4 * count)
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, 4 * count, 4)]


def halted(engine: EmbeddedEngine) -> list[bool]:
    """Whether each core sleeps."""
    return [core.is_asleep for core in engine.board.cores]
