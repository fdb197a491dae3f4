/* The processor: interrupts, sleep, reset. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdint.h>

/* Caches on, memory protection on, faults enabled. */
void system_init(void);
/* Enable interrupt `irq` at `priority` (0 highest to 15). */
void system_enable_irq(uint32_t irq, uint32_t priority);
/* Have `PendSV_Handler` run as soon as no interrupt does. */
void system_pend_work(void);
_Noreturn void system_reset(void);

static inline uint32_t interrupts_mask(void)
{
    uint32_t before;
    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(before)::"memory");
    return before;
}

static inline void interrupts_restore(uint32_t before)
{
    __asm volatile("msr primask, %0" ::"r"(before) : "memory");
}

/* Sleep until an interrupt is pending; also wakes while interrupts are masked. */
static inline void system_sleep(void)
{
    __asm volatile("dsb\n\twfi" ::: "memory");
}

static inline void memory_barrier(void)
{
    __asm volatile("dsb\n\tisb" ::: "memory");
}

#endif
