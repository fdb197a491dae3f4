#include "faults.h"

#include <stdint.h>

#include "lpuart.h"
#include "outputs.h"
#include "registers/chip.h"
#include "registers/scs.h"
#include "system.h"

static void put_text(const char *text)
{
    while (*text)
        lpuart_put_now(*text++);
}

static void put_register(const char *name, uint32_t value)
{
    put_text(name);
    put_text(" 0x");
    for (int shift = 28; shift >= 0; shift -= 4)
        lpuart_put_now("0123456789ABCDEF"[value >> shift & 15u]);
    put_text("\r\n");
}

/* Words of the exception frame that the core pushed. */
enum { FRAME_LR = 5, FRAME_PC = 6, FRAME_XPSR = 7 };

__attribute__((used, noreturn)) static void fault_report(const uint32_t *frame)
{
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    outputs_safe();
    put_text("\r\nfault\r\n");
    put_register("exception", exception);
    put_register("cfsr", SCB_CFSR);
    put_register("hfsr", SCB_HFSR);
    put_register("mmfar", SCB_MMFAR);
    put_register("bfar", SCB_BFAR);
    /* A frame outside RAM cannot be read: the stack itself was the fault. */
    if ((uint32_t)frame >= DTCM_BASE && (uint32_t)frame < DTCM_BASE + DTCM_SIZE - 32u) {
        put_register("pc", frame[FRAME_PC]);
        put_register("lr", frame[FRAME_LR]);
        put_register("xpsr", frame[FRAME_XPSR]);
    }
    put_text("stopped\r\n");
    interrupts_mask();
    for (;;)
        system_sleep();
}

/* The report runs on a fresh stack, because an overflown one cannot carry it. */
__attribute__((naked)) void fault_entry(void)
{
    __asm volatile("cpsid i\n\t"
                   "mrs r0, msp\n\t"
                   "ldr r1, =linker_fault_stack_top\n\t"
                   "mov sp, r1\n\t"
                   "b fault_report\n\t"
                   ".ltorg");
}
