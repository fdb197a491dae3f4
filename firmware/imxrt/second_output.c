#include "second_output.h"

#include "board.h"
#include "outputs.h"
#include "registers/gpt.h"
#include "steering.h"
#include "system.h"
#include "timekeeping.h"

#define HALF_NS (NS_PER_S / 2)
#define COMPARE 0u
/* An edge is at least so far ahead that the compare cannot miss it. */
#define LEAST_TICKS 240

static int64_t next_half;

void gpt2_handler(void);

static void plan(void)
{
    int32_t ticks = timekeeping_ticks_until(next_half * HALF_NS);
    if (ticks < LEAST_TICKS)
        ticks = LEAST_TICKS;
    GPT2->OCR[COMPARE] = GPT2->CNT + (uint32_t)ticks;
    GPT2->SR = GPT_COMPARE(COMPARE);
    GPT2->IR = GPT_COMPARE(COMPARE);
}

void second_output_restart(void)
{
    uint32_t masked = interrupts_mask();
    next_half = timekeeping_now_ns() / HALF_NS + 1;
    plan();
    interrupts_restore(masked);
}

void second_output_start(void)
{
    GPT2->CR = GPT_CR_SWR;
    while (GPT2->CR & GPT_CR_SWR)
        continue;
    GPT2->PR = 0;
    GPT2->CR = GPT_CR_CLKSRC_PERIPHERAL | GPT_CR_FRR | GPT_CR_WAITEN | GPT_CR_ENMOD;
    GPT2->CR |= GPT_CR_EN;
    second_output_restart();
    system_enable_irq(IRQ_GPT2, PRIORITY_GPT2);
}

void gpt2_handler(void)
{
    GPT2->SR = GPT_COMPARE(COMPARE);
    output_set(PIN_LED_CLOCK, !(next_half & 1));
    next_half++;
    plan();
    memory_barrier();
}
