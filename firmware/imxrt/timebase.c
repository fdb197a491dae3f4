#include "timebase.h"

#include "board.h"
#include "pulse_output.h"
#include "registers/gpt.h"
#include "system.h"

static volatile uint32_t rollovers;
static void (*volatile alarm_expired)(void);
static volatile bool slept;

void gpt1_handler(void);

void timebase_init(void)
{
    GPT1->CR = GPT_CR_SWR;
    while (GPT1->CR & GPT_CR_SWR)
        continue;
    GPT1->PR = 0;
    GPT1->CR = GPT_CR_CLKSRC_PERIPHERAL | GPT_CR_FRR | GPT_CR_WAITEN | GPT_CR_ENMOD;
    GPT1->CR |= GPT_CR_EN;
    GPT1->IR = GPT_ROLLOVER;
    system_enable_irq(IRQ_GPT1, PRIORITY_GPT1);
}

uint32_t timebase_now(void)
{
    return GPT1->CNT;
}

uint64_t timebase_now64(void)
{
    uint32_t masked = interrupts_mask();
    uint32_t high = rollovers, low = GPT1->CNT;
    if (GPT1->SR & GPT_ROLLOVER) {
        high++;
        low = GPT1->CNT;
    }
    interrupts_restore(masked);
    return (uint64_t)high << 32 | low;
}

bool timebase_arm(uint32_t channel, uint32_t tick)
{
    GPT1->OCR[channel] = tick;
    GPT1->SR = GPT_COMPARE(channel);
    if ((int32_t)(tick - GPT1->CNT) <= 0) {
        timebase_disarm(channel);
        return false;
    }
    GPT1->IR |= GPT_COMPARE(channel);
    return true;
}

void timebase_disarm(uint32_t channel)
{
    GPT1->IR &= ~GPT_COMPARE(channel);
}

void timebase_alarm(uint32_t ticks, void (*expired)(void))
{
    uint32_t masked = interrupts_mask();
    alarm_expired = expired;
    bool armed = timebase_arm(COMPARE_ALARM, GPT1->CNT + ticks);
    interrupts_restore(masked);
    if (!armed)
        expired();
}

static void wake(void)
{
    slept = true;
}

void timebase_sleep_ms(uint32_t ms)
{
    slept = false;
    timebase_alarm(ms * TICKS_PER_MS, wake);
    uint32_t masked = interrupts_mask();
    while (!slept) {
        system_sleep();
        interrupts_restore(masked);
        masked = interrupts_mask();
    }
    interrupts_restore(masked);
}

void gpt1_handler(void)
{
    uint32_t pending = GPT1->SR & GPT1->IR;
    GPT1->SR = pending;
    if (pending & GPT_ROLLOVER)
        rollovers++;
    for (uint32_t channel = 0; channel < PULSE_CHANNELS; channel++)
        if (pending & GPT_COMPARE(channel))
            pulse_output_service(channel);
    if (pending & GPT_COMPARE(COMPARE_ALARM)) {
        timebase_disarm(COMPARE_ALARM);
        alarm_expired();
    }
    memory_barrier();
}
