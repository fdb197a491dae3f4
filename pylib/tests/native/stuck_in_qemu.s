@ The end of a program under QEMU: registers and log go out through semihosting, then the machine ends.
  .include "vectors.inc"
  ldr r12, =0x2003F000
  stmia r12, {r0-r11}
  str sp, [r12, #48]
  str lr, [r12, #52]
  cpsid if
  movs r0, #0
  ldr r1, =0xE000ED94
  str r0, [r1]
  dsb
  isb
  mov sp, r12
  movs r0, #1
  ldr r1, =opening
  bkpt 0xAB
  ldr r1, =registers
  str r0, [r1]
  ldr r2, =log
  str r0, [r2]
  movs r0, #5
  bkpt 0xAB
  movs r0, #5
  mov r1, r2
  bkpt 0xAB
  movs r0, #0x18
  ldr r1, =0x20026
  bkpt 0xAB
  b .
  .ltorg
console: .asciz ":tt"
  .balign 4
opening: .word console, 5, 3
registers: .word 0, 0x2003F000, 56
log: .word 0, 0x20030000, 0xC000
