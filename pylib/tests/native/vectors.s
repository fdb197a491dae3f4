  .syntax unified
  .thumb
  .cpu cortex-m7
  .section .vectors, "a"
  .word 0x20008000, start, nmi, hard, mem, bus, usage, 0, 0, 0, 0, svc, monitor, 0, pendsv, tick
  .word irq0, irq1, irq2, irq3, irq4, irq5, irq6, irq7
  .text
  .macro weak names:vararg
  .irp name, \names
  .weak \name
  .thumb_func
\name:
  .endr
  .endm
  weak nmi, hard, mem, bus, usage, svc, monitor, pendsv, tick, irq0, irq1, irq2, irq3, irq4, irq5, irq6, irq7
  .global stuck
  .thumb_func
stuck:
  b stuck
